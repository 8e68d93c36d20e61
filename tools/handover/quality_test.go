package handover

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pion/rtcp"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/report/vqtest"
	"opendeskphone/tools/lab"
)

// metrics waits for a compound report from one to another that has VoIP metrics as wanted.
func (s *Stage) metrics(t *testing.T, mark int, from, to netip.Addr, want func(*rtcp.VoIPMetricsReportBlock) bool) (got rtcp.VoIPMetricsReportBlock) {
	t.Helper()
	_, err := s.Wire.Wait(soon(t), mark, "VoIP metrics from "+from.String(), func(p lab.Packet) bool {
		for _, v := range s.metricsIn(t, p, from, to) {
			if want(v) {
				got = *v
				return true
			}
		}
		return false
	})
	must(t, err)
	return got
}

// metricsIn gives the metrics that a packet carries from one to the other.
func (s *Stage) metricsIn(t *testing.T, p lab.Packet, from, to netip.Addr) (all []*rtcp.VoIPMetricsReportBlock) {
	t.Helper()
	if p.TCP || p.Src.Addr() != from || p.Dst.Addr() != to || len(p.Data) < 8 || p.Data[1] < 200 || p.Data[1] > 207 {
		return nil
	}
	packets, err := rtcp.Unmarshal(p.Data)
	if err != nil {
		t.Fatalf("a report from %v: %v", from, err)
	}
	if from == s.Phone.Addr() {
		must(t, rtcp.CompoundPacket(packets).Validate())
	}
	for _, x := range packets {
		x, ok := x.(*rtcp.ExtendedReport)
		if !ok {
			continue
		}
		for _, b := range x.Reports {
			if v, ok := b.(*rtcp.VoIPMetricsReportBlock); ok {
				all = append(all, v)
			}
		}
	}
	return all
}

// TestSoundIsMeasuredOnBothSides: another make agrees to extended reports, both send them, and a break of the network
// is told in its terms. Both tell a collector of the call, and they say the same of it, in the same way.
func TestSoundIsMeasuredOnBothSides(t *testing.T) {
	const collector = "sip:collector@" + Domain
	s := newStageBy(t, withLine("outbound_proxy = \"phone.test\"\nreport_to = \""+collector+"\"\n", ""))
	peer := Cast{Make: "linphonec", User: "202", Host: 12, Tells: collector}
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
	s.do(t, phone.Hangup{Call: s.first(t)})
	told := s.published(t, mark, s.Phone.Addr())
	must(t, vqtest.Valid([]byte(told)))
	// How they hear us they told last by RTCP XR; by the end it may be something else again.
	var last uint8
	for _, p := range s.Wire.Since(0) {
		if p.Src.Addr() == s.Phone.Addr() && strings.HasPrefix(string(p.Data), "BYE ") {
			break
		}
		for _, v := range s.metricsIn(t, p, peer.Addr(), s.Phone.Addr()) {
			last = v.MOSLQ
		}
	}
	if is := vqtest.Number(vqtest.Values([]byte(told)), "remote MOSLQ"); math.Abs(is-float64(last)/10) > 0.05 {
		t.Errorf("they hear %v, as we say, and told us %d tenths", is, last)
	}
	agree(t, told, s.published(t, mark, peer.Addr()))
}

// published waits for the report on the end of a call that somebody sends, and gives its text.
func (s *Stage) published(t *testing.T, mark int, from netip.Addr) (text string) {
	t.Helper()
	_, err := s.Wire.Wait(soon(t), mark, "a report of "+from.String(), func(p lab.Packet) bool {
		head, body, _ := strings.Cut(string(p.Data), "\r\n\r\n")
		if p.Src.Addr() != from || !strings.HasPrefix(head, "PUBLISH ") || !strings.HasPrefix(body, "VQSessionReport: CallTerm") {
			return false
		}
		if !strings.Contains(head, "\r\nEvent: vq-rtcpxr\r\n") || !strings.Contains(head, "\r\nContent-Type: application/vq-rtcpxr") {
			t.Errorf("published as\n%s", head)
		}
		text = body
		return true
	})
	must(t, err)
	return text
}

// agree holds two reports on one call against each other: the same lines in the same order, and each side is the other's
// far side, also in what the one has told the other by RTCP XR.
func agree(t *testing.T, ours, theirs string) {
	t.Helper()
	a, b := vqtest.Values([]byte(ours)), vqtest.Values([]byte(theirs))
	bare := strings.NewReplacer("<", "", ">", "")
	for mine, other := range map[string]string{"CallID": "CallID", "OrigID": "OrigID", "LocalID": "RemoteID", "RemoteID": "LocalID", "local PD": "local PD", "local SR": "local SR", "local JBM": "remote JBM"} {
		if bare.Replace(a[mine]) != bare.Replace(b[other]) || a[mine] == "" {
			t.Errorf("our %s is %q, their %s is %q", mine, a[mine], other, b[other])
		}
	}
	for mine, other := range map[string]string{"LocalAddr": "RemoteAddr", "RemoteAddr": "LocalAddr"} {
		if place(t, a[mine]) != place(t, b[other]) {
			t.Errorf("our %s is %s, their %s is %s", mine, a[mine], other, b[other])
		}
	}
	order := lineNames(ours)
	for _, name := range lineNames(theirs) {
		at := slices.Index(order, name)
		switch {
		case name == "LinphoneExt":
		case at < 0:
			t.Errorf("%s is not where linphonec has it:\n%s\ntheirs:\n%s", name, ours, theirs)
		default:
			order = order[at+1:]
		}
	}
}

// place is an address of a report with its source, whose number is written in either way.
func place(t *testing.T, value string) string {
	t.Helper()
	at, ssrc, _ := strings.Cut(value, " SSRC=")
	n, err := strconv.ParseUint(ssrc, 0, 32)
	must(t, err)
	return fmt.Sprint(at, " ", n)
}

func lineNames(report string) (names []string) {
	for line := range strings.SplitSeq(report, "\r\n") {
		name, _, _ := strings.Cut(line, ":")
		names = append(names, name)
	}
	return names
}
