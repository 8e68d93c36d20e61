package tpcp

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
)

// FuzzRequests asks a phone with a call for anything at all: it must answer, never by a fault of its own, and what
// it has told of its calls must be what they are.
func FuzzRequests(f *testing.F) {
	all := []string{}
	for name := range methods {
		if name != "session.open" && methods[name].flags&long == 0 {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	for i := range all {
		f.Add(uint8(i), uint8(i), `{"callId":"c-1","to":"201","on":true,"terminal":"speaker","level":3}`)
		f.Add(uint8(i), uint8(0), `{"callIds":["c-1","c-2"],"heldCallId":"c-1","activeCallId":"c-2","idem":"x","ifRev":7}`)
	}
	f.Fuzz(func(t *testing.T, first, second uint8, params string) {
		if !json.Valid([]byte(params)) || params[0] != '{' {
			return
		}
		b := start(t, services())
		b.post(phone.Invited{Ref: 7, Remote: anna})
		l := b.seat().leg
		for _, i := range []uint8{first, second, first} {
			if l.session == nil {
				break
			}
			ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
			r := &request{ctx: ctx, server: b.Server, leg: l, method: all[int(i)%len(all)], params: json.RawMessage(params), now: time.Now()}
			_, refusal := r.answer()
			cancel()
			if refusal != nil && (refusal.Code == CodeInternal || refusal.Code == CodeTimeout) {
				t.Fatalf("%s %s: %v", r.method, params, refusal)
			}
		}
		b.Server.mu.Lock()
		defer b.Server.mu.Unlock()
		b.Server.catchUp()
		for i := range b.state.Calls {
			if c := &b.state.Calls[i]; !c.Shadow && b.calls[c.ID].told.State != stateName(c) {
				t.Fatalf("call %d is %v, told was %s", c.ID, c.State, b.calls[c.ID].told.State)
			}
		}
	})
}
