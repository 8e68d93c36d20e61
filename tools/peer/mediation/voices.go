package mediation

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"opendeskphone/audio"
	"opendeskphone/firmware/lines"
	"opendeskphone/firmware/media"
	"opendeskphone/firmware/phone"
	"opendeskphone/sip/ice"
)

const (
	frameTime = 10 * time.Millisecond // audio.Frame
	digitTime = 160 * time.Millisecond
)

// voices are the media of all calls, joined in pairs: what one half hears the other says.
type voices struct {
	factory *media.Factory
	heard   func(phone.CallID, media.Event)

	mu     sync.Mutex
	opened int
	named  map[string]*voice // as media knows them
	calls  map[phone.CallID]*voice
	pairs  map[[2]phone.CallID]bool
}

type voice struct {
	*media.Session
	name string
	call phone.CallID
}

func newVoices(heard func(phone.CallID, media.Event)) *voices {
	return &voices{heard: heard, named: map[string]*voice{}, calls: map[phone.CallID]*voice{}, pairs: map[[2]phone.CallID]bool{}}
}

// SendDTMF implements lines.Voice; what is pressed too fast is lost.
func (v *voice) SendDTMF(digit rune) { _ = v.Session.SendDTMF(digit, digitTime) }

// Open implements lines.Voices.
func (v *voices) Open(reach ice.Config) (lines.Voice, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.opened++
	name := strconv.Itoa(v.opened)
	s, err := v.factory.Open(name, reach)
	if err != nil {
		return nil, err
	}
	v.named[name] = &voice{Session: s, name: name}
	return v.named[name], nil
}

// Listen implements lines.Voices.
func (*voices) Listen(netip.AddrPort) (lines.Voice, error) {
	return nil, errors.New("mediation: no pages here")
}

// Bind implements lines.Voices.
func (v *voices) Bind(call phone.CallID, of lines.Voice) {
	v.mu.Lock()
	defer v.mu.Unlock()
	of.(*voice).call = call
	v.calls[call] = of.(*voice)
}

// Release implements lines.Voices.
func (v *voices) Release(call phone.CallID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.calls, call)
}

// Close implements lines.Voices.
func (v *voices) Close(of lines.Voice) {
	v.mu.Lock()
	defer v.mu.Unlock()
	o := of.(*voice)
	delete(v.named, o.name)
	delete(v.calls, o.call)
}

// happened takes what media tells of a session.
func (v *voices) happened(e media.Event) {
	v.mu.Lock()
	of, call := v.named[e.Call], phone.CallID(0)
	if of != nil {
		call = of.call
	}
	v.mu.Unlock()
	if of != nil {
		v.heard(call, e)
	}
}

// join has two halves hear each other.
func (v *voices) join(a, b phone.CallID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.pairs[[2]phone.CallID{a, b}] = true
}

// part has them hear each other no more.
func (v *voices) part(a, b phone.CallID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.pairs, [2]phone.CallID{a, b})
	delete(v.pairs, [2]phone.CallID{b, a})
}

// run carries frames until ctx ends.
func (v *voices) run(ctx context.Context) {
	for due := time.Now(); ; due = due.Add(frameTime) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(due)):
			v.carry()
		}
	}
}

func (v *voices) carry() {
	v.mu.Lock()
	defer v.mu.Unlock()
	var f audio.Frame
	for p := range v.pairs {
		a, b := v.calls[p[0]], v.calls[p[1]]
		if a == nil || b == nil {
			continue
		}
		a.Pull(&f)
		b.Push(&f)
		b.Pull(&f)
		a.Push(&f)
	}
}
