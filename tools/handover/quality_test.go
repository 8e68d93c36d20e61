package handover

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/pion/rtcp"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
)

// metrics waits for a compound report from one to another that has VoIP metrics as wanted.
func (s *Stage) metrics(t *testing.T, mark int, from, to netip.Addr, want func(*rtcp.VoIPMetricsReportBlock) bool) (got rtcp.VoIPMetricsReportBlock) {
	t.Helper()
	_, err := s.Wire.Wait(soon(t), mark, "VoIP metrics from "+from.String(), func(p lab.Packet) bool {
		if p.TCP || p.Src.Addr() != from || p.Dst.Addr() != to || len(p.Data) < 8 || p.Data[1] < 200 || p.Data[1] > 207 {
			return false
		}
		packets, err := rtcp.Unmarshal(p.Data)
		if err != nil {
			t.Fatalf("a report from %v: %v", from, err)
		}
		if from == s.Phone.Addr() {
			must(t, rtcp.CompoundPacket(packets).Validate())
		}
		for _, x := range packets {
			if x, ok := x.(*rtcp.ExtendedReport); ok {
				for _, b := range x.Reports {
					if v, ok := b.(*rtcp.VoIPMetricsReportBlock); ok && want(v) {
						got = *v
						return true
					}
				}
			}
		}
		return false
	})
	must(t, err)
	return got
}

// TestSoundIsMeasuredOnBothSides: another make agrees to extended reports, both send them, and a break of the network
// is told in its terms.
func TestSoundIsMeasuredOnBothSides(t *testing.T) {
	s := newStage(t)
	peer := Cast{Make: "linphonec", User: "202", Host: 12}
	s.enter(t, peer)
	mark := s.Wire.Mark()
	s.do(t, phone.Dial{Number: peer.User})
	s.waitCalls(t, "Talking")
	for _, p := range s.Wire.Since(mark) {
		if text := string(p.Data); p.Src.Addr() == peer.Addr() && p.Response(200, "INVITE") && !strings.Contains(text, "a=rtcp-xr:") {
			t.Errorf("the peer does not agree:\n%s", text)
		}
	}
	all := func(*rtcp.VoIPMetricsReportBlock) bool { return true }
	ours := s.metrics(t, mark, s.Phone.Addr(), peer.Addr(), func(v *rtcp.VoIPMetricsReportBlock) bool { return v.MOSLQ != 127 })
	if ours.LossRate != 0 || ours.MOSLQ < 10 || ours.MOSLQ > 45 || ours.MOSCQ > ours.MOSLQ || ours.RFactor > 94 || ours.Gmin != 16 {
		t.Errorf("the phone reports %+v of a network without loss", ours)
	}
	theirs := s.metrics(t, mark, peer.Addr(), s.Phone.Addr(), all)
	t.Logf("the peer reports %+v", theirs)

	mark = s.Wire.Mark()
	must(t, s.Phone.Cable(soon(t), false))
	must(t, lab.Poll(soon(t), "a second and a half of voice that does not arrive", func() (bool, error) { return s.Flow(mark, peer.Addr(), s.Phone.Addr()) >= 75, nil }))
	must(t, s.Phone.Cable(soon(t), true))
	broken := s.metrics(t, mark, s.Phone.Addr(), peer.Addr(), func(v *rtcp.VoIPMetricsReportBlock) bool { return v.LossRate > 0 })
	if broken.BurstDensity < 200 || broken.BurstDuration < 300 || broken.LossRate < 10 || broken.MOSLQ > ours.MOSLQ {
		t.Errorf("a break of 1.5 s is reported as %+v", broken)
	}
}
