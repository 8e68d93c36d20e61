package lines

import (
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/ua"
)

var (
	early1 = netip.MustParseAddrPort("192.0.2.2:4000")
	early2 = netip.MustParseAddrPort("192.0.2.3:4000")
)

// rendered is where the voice takes its sound from, and in which direction.
func (w *world) rendered(from netip.AddrPort, d offer.Direction) {
	w.t.Helper()
	if m := w.got[len(w.got)-1]; m.Remote != from || m.Direction != d {
		w.t.Errorf("the voice takes %v, %v; want %v, %v", m.Remote, m.Direction, from, d)
	}
}

// hear tells the adapter of sound.
func (w *world) hear(call phone.CallID, from netip.AddrPort) {
	w.Heard(call, from)
	synctest.Wait()
}

// dials makes call 1 and forgets what was said of it.
func (w *world) dials() {
	w.ask(phone.SendInvite{Call: 1, Target: "300", Conversation: "c"})
	w.said, w.done = nil, nil
}

func TestEarlySoundOfOneFarSide(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.dials()
		w.ask(ua.Progress{Call: 101, Dialog: 1, Code: 181})
		w.wantDone()
		w.ask(ua.Progress{Call: 101, Dialog: 1, Code: 183, SDP: newSide("192.0.2.2").answer(w, "call")})
		w.wantDone(phone.Progressed{Call: 1, Early: true})
		w.rendered(early1, offer.SendRecv)
		w.hear(1, early1)
		w.ask(ua.Progress{Call: 101, Dialog: 1, Code: 180}) // the sound described before may go on
		w.wantDone(phone.EarlyHeard{Call: 1}, phone.Progressed{Call: 1, Early: true})
		if !slices.Equal(w.waits, []netip.AddrPort{early1}) {
			t.Errorf("sound is expected from %v", w.waits)
		}
	})
}

func TestNewestOfSeveralThatSendsIsRenderedAndNoneHearsUs(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.dials()
		one, two := newSide("192.0.2.2").answer(w, "call"), newSide("192.0.2.3").answer(w, "call")
		w.ask(ua.Progress{Call: 101, Dialog: 1, Code: 183, SDP: one})
		w.hear(1, early1)
		w.done = nil
		w.ask(ua.Progress{Call: 101, Dialog: 2, Code: 180})
		w.wantDone(phone.Progressed{Call: 1, Early: true, OneWay: true})
		w.rendered(early1, offer.RecvOnly)
		w.ask(ua.Progress{Call: 101, Dialog: 2, Code: 183, SDP: two})
		w.rendered(early1, offer.RecvOnly) // the second has only promised
		w.hear(1, early2)
		w.ask(ua.Progress{Call: 101, Dialog: 3, Code: 180})
		w.rendered(early2, offer.RecvOnly)
		w.hear(1, early1) // the older one goes on, and is not heard
		w.ask(ua.Progress{Call: 101, Dialog: 1, Code: 180})
		w.rendered(early2, offer.RecvOnly)
		w.ask(ua.Accepted{Call: 101, Dialog: 1, SDP: one})
		w.rendered(early1, offer.SendRecv)
		if w.waits != nil {
			t.Errorf("after the answer sound is expected from %v", w.waits)
		}
	})
}

// TestNetworkGatesEarlySound holds what is heard and said before the answer to RFC 5009.
func TestNetworkGatesEarlySound(t *testing.T) {
	for _, c := range []struct {
		gate ua.Gate
		want phone.Progressed
		dir  offer.Direction
	}{
		{ua.GateUnsaid, phone.Progressed{Call: 1, Early: true}, offer.SendRecv},
		{ua.GateOpen, phone.Progressed{Call: 1, Early: true}, offer.SendRecv},
		{ua.GateBackward, phone.Progressed{Call: 1, Early: true, OneWay: true}, offer.RecvOnly},
		{ua.GateForward, phone.Progressed{Call: 1}, offer.SendOnly},
		{ua.GateShut, phone.Progressed{Call: 1}, offer.Inactive},
	} {
		inWorld(t, offer.Off, func(w *world) {
			w.dials()
			w.ask(ua.Progress{Call: 101, Dialog: 1, Code: 183, Gate: c.gate, SDP: newSide("192.0.2.2").answer(w, "call")})
			w.wantDone(c.want)
			w.rendered(early1, c.dir)
			w.ask(ua.Progress{Call: 101, Dialog: 1, Code: 183, Gate: ua.GateOpen})
			w.rendered(early1, offer.SendRecv)
		})
	}
}
