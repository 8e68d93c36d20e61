package media

import (
	"math"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/audio/codec"
)

// A report tells of both directions, of the whole call and of a part of it.
func TestReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMA}})
		if r := k.a.Report(&Period{}); !r.Agreed || r.Theirs != nil || r.Ours.Codec != "PCMA" {
			t.Errorf("at the start: %+v", r)
		}
		every := 0 // of so many packets of b one is lost
		n := 0
		k.lan.lose = func(from, to netip.AddrPort, b []byte) bool {
			if every == 0 || from.Addr() != k.b.host || isRTCP(b) {
				return false
			}
			n++
			return n%every == 0
		}
		var part Period
		k.a.sine, k.b.sine = 440, 440
		k.talk(20 * time.Second)
		first := k.a.Report(&part)
		every = 10
		k.talk(20 * time.Second)
		second, whole := k.a.Report(&part), k.a.Report(&Period{})
		near := func(what string, got, want, slack float64) {
			t.Helper()
			if math.Abs(got-want) > slack {
				t.Errorf("%s is %v, want %v", what, got, want)
			}
		}
		near("loss of the first half", first.Ours.Loss, 0, 0)
		near("loss of the second", second.Ours.Loss, 0.1, 0.01)
		near("loss of all", whole.Ours.Loss, 0.05, 0.005)
		near("gap density", second.Ours.Bursts.BurstDensity, 0.1, 0.03) // ten packets apart is a burst (RFC 3611 §4.7.2)
		if a, b := first.Ours.LQ, second.Ours.LQ; a < 4.3 || b > a-0.5 || whole.Ours.LQ < b || whole.Ours.LQ > a {
			t.Errorf("MOS %.2f, %.2f, in all %.2f", a, b, whole.Ours.LQ)
		}
		if first.Sent == 0 || second.Received > first.Received || whole.Sent != first.Sent+second.Sent {
			t.Errorf("packets %d %d %d", first.Sent, second.Sent, whole.Sent)
		}
		near("what b reports", whole.Theirs.Loss, 0, 0.002)
		near("what a reports, as b has it", k.b.Report(&Period{}).Theirs.Loss, 0.045, 0.015)
		r := k.b.Report(&Period{})
		if r.Theirs.Bursts == nil || r.Theirs.LQ == 0 || r.Theirs.EndSystem == 0 || r.Local.SSRC != whole.Remote.SSRC || r.Local.Addr != whole.Remote.Addr || whole.Ours.PacketMS != 20 || whole.Ours.PayloadType != 8 {
			t.Errorf("%+v, %+v", r, whole)
		}
	})
}
