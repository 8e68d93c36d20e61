package mediation

import (
	"log/slog"
	"net/netip"
	"testing"

	"opendeskphone/firmware/media"
	"opendeskphone/firmware/phone"
)

// FuzzFacts has anything happen to calls in any order: each half knows its other, none is left over, and no voice goes on
// between halves that are gone.
func FuzzFacts(f *testing.F) {
	f.Add([]byte{0, 0, 0x12, 0x14, 0x13})
	f.Add([]byte{0, 0x10, 0x22, 0x42, 0x11, 0x23})
	f.Fuzz(func(t *testing.T, script []byte) {
		m := New(Config{Local: netip.MustParseAddrPort("192.0.2.1:5060"), Server: netip.MustParseAddrPort("192.0.2.2:5060"),
			AOR: "sip:204@phone.test", Network: "sip:705@192.0.2.3", Entry: "9100", Phone: "sip:101@phone.test"}, slog.New(slog.DiscardHandler))
		for _, op := range script[:min(len(script), 64)] {
			call := phone.CallID(op >> 4)
			switch op & 15 % 6 {
			case 0:
				m.told(phone.Invited{Ref: phone.Ref(len(m.calls) + 1), Line: phone.LineID(op >> 4 & 1)})
			case 1:
				m.told(phone.CallFailed{Call: call, Cause: phone.UserBusy})
			case 2:
				m.told(phone.Accepted{Call: call})
			case 3:
				m.told(phone.Byed{Call: call})
			case 4:
				m.told(phone.RemoteHeld{Call: call, On: op&8 != 0})
			case 5:
				m.heard(call, media.Event{Kind: media.Digit, Digit: '7'})
			}
			m.voices.carry()
			for a, b := range m.calls {
				if m.calls[b] != a {
					t.Fatalf("%d is joined with %d, which is joined with %d", a, b, m.calls[b])
				}
			}
			for p := range m.voices.pairs {
				if m.calls[p[0]] != p[1] {
					t.Fatalf("%v hear each other, and are no call", p)
				}
			}
		}
		for call := range m.calls {
			m.told(phone.Byed{Call: call})
		}
		if len(m.calls)+len(m.voices.pairs) != 0 {
			t.Fatalf("left over: %v, %v", m.calls, m.voices.pairs)
		}
	})
}
