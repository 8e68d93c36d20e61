package tpcp

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
)

// matrix says what each method answers in each state of a phone with one call: "ok", or the name of the
// error. The columns are states, in their order.
//
//	none dialing proceeding alerting early ringing answering connected held ending
var matrix = []struct{ name, method, params, want string }{
	{"make", "call.make", `{"to":"202"}`, "ok ok ok ok ok ok ok ok ok ok"},
	{"make nowhere", "call.make", `{"to":"2 0@"}`, "dest dest dest dest dest dest dest dest dest dest"},
	{"make to nobody", "call.make", `{}`, "dest dest dest dest dest dest dest dest dest dest"},
	{"make on no line", "call.make", `{"to":"202","lineId":"l-9"}`, "line line line line line line line line line line"},
	{"make on a line that is down", "call.make", `{"to":"202","lineId":"l-2"}`, "down down down down down down down down down down"},
	{"make withheld", "call.make", `{"to":"202","withhold":true}`, "unserved unserved unserved unserved unserved unserved unserved unserved unserved unserved"},
	{"make on the usb terminal", "call.make", `{"to":"202","legA":{"terminal":"usb"}}`, "unserved unserved unserved unserved unserved unserved unserved unserved unserved unserved"},
	{"answer", "call.answer", `{"callId":"c-1"}`, "none state state state state ok ok ok ok state"},
	{"answer with the handset down", "call.answer", `{"callId":"c-1","legA":{"terminal":"handset"}}`, "none state state state state state state state state state"},
	{"reject", "call.reject", `{"callId":"c-1"}`, "none state state state state ok state state state state"},
	{"silence", "call.reject", `{"callId":"c-1","how":"silent"}`, "none state state state state ok state state state state"},
	{"reject otherwise", "call.reject", `{"callId":"c-1","how":"loudly"}`, "none params params params params params params params params params"},
	{"reject to voicemail", "call.reject", `{"callId":"c-1","how":"voicemail"}`, "none unserved unserved unserved unserved unserved unserved unserved unserved unserved"},
	{"hangup", "call.hangup", `{"callId":"c-1"}`, "none ok ok ok ok ok ok ok ok ok"},
	{"hold", "call.hold", `{"callId":"c-1"}`, "none state state state state state state ok state state"},
	{"resume", "call.resume", `{"callId":"c-1"}`, "none state state state state state state state ok state"},
	{"swap with itself", "call.swap", `{"heldCallId":"c-1","activeCallId":"c-1"}`, "none state state state state state state state state state"},
	{"dtmf", "call.dtmf", `{"callId":"c-1","digits":"1#"}`, "none state state state ok state state ok state state"},
	{"dtmf of letters", "call.dtmf", `{"callId":"c-1","digits":"hello"}`, "none params params params params params params params params params"},
	{"dtmf of nothing", "call.dtmf", `{"callId":"c-1","digits":""}`, "none params params params params params params params params params"},
	{"dtmf too short", "call.dtmf", `{"callId":"c-1","digits":"1","durMs":5}`, "none params params params params params params params params params"},
	{"mute", "call.mute", `{"on":true}`, "state ok ok ok ok ok ok ok ok ok"},
	{"mute the call", "call.mute", `{"callId":"c-1","on":true}`, "none ok ok ok ok state ok ok state ok"},
	{"headset", "call.legA", `{"callId":"c-1","terminal":"headset"}`, "none ok ok ok ok state ok ok state ok"},
	{"handset in its cradle", "call.legA", `{"callId":"c-1","terminal":"handset"}`, "none state state state state state state state state state"},
	{"no terminal", "call.legA", `{"callId":"c-1"}`, "none params params params params params params params params params"},
	{"note", "call.note", `{"callId":"c-1","text":"call back"}`, "none ok ok ok ok ok ok ok ok ok"},
	{"empty note", "call.note", `{"callId":"c-1"}`, "none params params params params params params params params params"},
	{"call of another form", "call.hold", `{"callId":"1"}`, "none none none none none none none none none none"},
	{"call of another type", "call.hold", `{"callId":1}`, "params params params params params params params params params params"},
}

// always are methods whose answer does not depend on calls.
var always = []struct{ name, method, params, want string }{
	{"list calls", "call.list", `{}`, "ok"},
	{"list lines", "line.list", `{}`, "ok"},
	{"device", "device.get", `{}`, "ok"},
	{"volume", "device.volume.set", `{"terminal":"headset","level":3}`, "ok"},
	{"volume of nothing", "device.volume.set", `{"level":3}`, "params"},
	{"too loud", "device.volume.set", `{"terminal":"headset","level":16}`, "params"},
	{"volume as text", "device.volume.set", `{"terminal":"headset","level":"3"}`, "params"},
	{"ringer", "device.ringer.set", `{"level":0}`, "ok"},
	{"ringer too loud", "device.ringer.set", `{"level":99}`, "params"},
	{"speaker on", "device.speaker", `{"on":true}`, "ok"},
	{"speaker off with nowhere to go", "device.speaker", `{"on":false}`, "state"},
	{"backlight", "device.backlight", `{"percent":50}`, "ok"},
	{"dark", "device.backlight", `{"percent":0}`, "params"},
	{"log", "log.list", `{}`, "ok"},
	{"log of nothing", "log.list", `{"limit":101}`, "params"},
	{"log backwards", "log.list", `{"skip":-1}`, "params"},
	{"log since nonsense", "log.list", `{"since":"yesterday"}`, "params"},
	{"contacts", "contacts.list", `{"limit":5}`, "ok"},
	{"put contact", "contacts.put", `{"contact":{"name":"Anna","numbers":[{"kind":"work","value":"201"}]}}`, "ok"},
	{"put nothing", "contacts.put", `{}`, "params"},
	{"delete contact", "contacts.delete", `{"contactId":"1"}`, "ok"},
	{"delete nobody", "contacts.delete", `{"contactId":"9"}`, "params"},
	{"stats", "diag.stats", `{}`, "ok"},
	{"stats of no call", "diag.stats", `{"callId":"c-77"}`, "none"},
	{"credentials", "cred.capabilities", `{}`, "ok"},
	{"credential status", "cred.status", `{"lineId":"l-1"}`, "ok"},
	{"credential status of no line", "cred.status", `{"lineId":"l-7"}`, "line"},
	{"install", "cred.install", `{"lineId":"l-1","user":"100","kind":"sipHa1","sealed":"AAAA"}`, "ok"},
	{"install nothing", "cred.install", `{"lineId":"l-1"}`, "params"},
	{"install on no line", "cred.install", `{"lineId":"l-7","user":"100","kind":"sipHa1","sealed":"AAAA"}`, "line"},
	{"install what is refused", "cred.install", `{"lineId":"l-1","user":"mallory","kind":"sipHa1","sealed":"AAAA"}`, "declined"},
	{"clear", "cred.clear", `{"lineId":"l-1"}`, "ok"},
	{"bootstrap", "line.bootstrap", `{"aor":"sip:300@pbx.example"}`, "ok"},
	{"host locked", "lock.hostState", `{"state":"locked","user":"anna","ctr":1}`, "ok"},
	{"host undecided", "lock.hostState", `{"state":"ajar"}`, "params"},
	{"ping", "ping", `{}`, "ok"},
	{"ping with what is unknown", "ping", `{"colour":"red"}`, "ok"},
	{"no method", "call.fly", `{}`, "method"},
	{"close", "session.close", `{}`, "ok"},
}

var words = map[string]Code{
	"none": CodeNoSuchCall, "state": CodeBadState, "params": CodeBadParams, "dest": CodeInvalidDestination, "line": CodeNoSuchLine,
	"down": CodeLineNotRegistered, "unserved": CodeNotSupported, "ok": 0, "method": CodeUnknownMethod, "declined": CodeUserDeclined,
}

// unservedMethods are part of the protocol; this phone refuses them in every state.
func unservedMethods() []string {
	var out []string
	for name, m := range methods {
		if m.do == nil {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func TestEveryMethodInEveryState(t *testing.T) {
	for _, row := range matrix {
		for i, want := range strings.Fields(row.want) {
			bubble(t, row.name+"/"+states[i], func(t *testing.T) {
				b := start(t, services())
				c, _ := b.controller("pc", hostSeed, true)
				b.reach(states[i])
				_, err := raw(b.ctx, c, row.method, row.params)
				b.wantCode(err, words[want])
			})
		}
	}
	for _, row := range always {
		for _, state := range states {
			bubble(t, row.name+"/"+state, func(t *testing.T) {
				b := start(t, services())
				c, _ := b.controller("pc", hostSeed, true)
				b.reach(state)
				_, err := raw(b.ctx, c, row.method, row.params)
				b.wantCode(err, words[row.want])
			})
		}
	}
	for _, method := range unservedMethods() {
		for _, state := range states {
			bubble(t, method+"/"+state, func(t *testing.T) {
				b := start(t, services())
				c, _ := b.controller("pc", hostSeed, true)
				b.reach(state)
				_, err := raw(b.ctx, c, method, `{"callId":"c-1"}`)
				b.wantCode(err, CodeNotSupported)
			})
		}
	}
}

func TestEveryMethodIsInTheTables(t *testing.T) {
	tested := map[string]bool{"session.open": true}
	for _, row := range append(slices.Clone(matrix), always...) {
		tested[row.method] = true
	}
	for name, m := range methods {
		if m.do != nil && !tested[name] {
			t.Errorf("%s is not tested in every state", name)
		}
		if (m.do == nil || m.needs != nil) && m.why == "" {
			t.Errorf("%s does not say why it is not served", name)
		}
	}
}

// doing are the params that carry out an action.
var doing = map[string]string{"legA": `{"callId":"c-1","terminal":"headset"}`, "mute": `{"callId":"c-1","on":true}`,
	"dtmf": `{"callId":"c-1","digits":"1"}`, "note": `{"callId":"c-1","text":"x"}`, "swap": `{"heldCallId":"c-1","activeCallId":"c-2"}`}

func TestActionsAreWhatIsLegal(t *testing.T) {
	actions := slices.Sorted(maps.Keys(map[string]bool{"answer": true, "reject": true, "hangup": true, "hold": true, "resume": true,
		"dtmf": true, "mute": true, "legA": true, "note": true, "swap": true}))
	for _, state := range states[1:] {
		for _, action := range actions {
			bubble(t, state+"/"+action, func(t *testing.T) {
				b := start(t, services())
				c, _ := b.controller("pc", hostSeed, true)
				b.reach(state)
				calls, err := c.Calls(b.ctx)
				if err != nil || len(calls) != 1 {
					t.Fatal(calls, err)
				}
				params := doing[action]
				if params == "" {
					params = `{"callId":"c-1"}`
				}
				_, err = raw(b.ctx, c, "call."+action, params)
				idle := action == "answer" && !slices.Contains([]string{"ringing"}, state) // answering what is answered does nothing
				if listed := slices.Contains(calls[0].Actions, action); !idle && listed != (err == nil) {
					t.Errorf("listed %v (%v), and then: %v", listed, calls[0].Actions, err)
				}
			})
		}
	}
}

func TestSwapIsLegalWithTwoCalls(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc", hostSeed, true)
		b.reach("connected")
		if _, err := c.Make(b.ctx, MakeParams{To: "202"}); err != nil {
			t.Fatal(err)
		}
		b.post(phone.Accepted{Call: 2})
		calls, _ := c.Calls(b.ctx)
		for _, v := range calls {
			if !slices.Contains(v.Actions, "swap") {
				t.Errorf("%s: %v", v.CallID, v.Actions)
			}
		}
		call, err := c.Swap(b.ctx, SwapParams{HeldCallID: "c-1", ActiveCallID: "c-2"})
		if err != nil || call.CallID != "c-1" || call.Hold.Local || call.State != StateConnected {
			t.Errorf("%+v, %v", call, err)
		}
		if calls, _ = c.Calls(b.ctx); !calls[1].Hold.Local {
			t.Errorf("both talk: %+v", calls)
		}
	})
}

func TestRightsOfEachMethod(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		b := start(t, services())
		for name, m := range methods {
			if m.right == 0 {
				continue
			}
			b.pair(hostSeed, AllRights&^m.right)
			c, _ := b.controller("pc", hostSeed, true)
			_, err := raw(b.ctx, c, name, `{}`)
			if CodeOf(err) != CodeRightMissing {
				t.Errorf("%s without %v: %v", name, m.right, err)
			}
			c.Close()
		}
	})
}

func TestPartsThatThePhoneLacksAreNotServed(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc", hostSeed, true)
		have := c.Hello().Features
		for name, m := range methods {
			if served := m.do != nil && m.needs == nil; served != slices.Contains(have, name) {
				t.Errorf("hello lists %s: %v", name, !served)
			}
			if m.needs == nil {
				continue
			}
			_, err := raw(b.ctx, c, name, `{}`)
			b.wantCode(err, CodeNotSupported)
			b.pass(100 * time.Millisecond)
		}
	})
}

func TestLockedPhoneKeepsItsBooksShut(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		s := services()
		s.Lock = &lockTwin{LockState{Locked: true, Why: "host"}}
		b := start(t, s)
		c, o := b.controller("pc", hostSeed, true)
		if !o.Snapshot.Lock.Locked || o.Snapshot.Lock.Why != "host" {
			t.Errorf("%+v", o.Snapshot.Lock)
		}
		for name, m := range methods {
			if m.flags&private != 0 {
				_, err := raw(b.ctx, c, name, `{}`)
				b.wantCode(err, CodeLocked)
			}
		}
		if _, err := c.HostState(b.ctx, HostState{State: "unlocked"}); err != nil {
			t.Fatal(err)
		}
		if list := told(c); names(list) != "lock.changed" || list[0].By != "controller:pc" {
			t.Errorf("told %s", names(list))
		}
	})
}
