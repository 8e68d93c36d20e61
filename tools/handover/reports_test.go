package handover

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/report"
	"opendeskphone/sip/report/vqtest"
	"opendeskphone/tools/lab"
)

const collectorHost = 60

var collectorAt = lab.LANAddr(collectorHost).Addr()

// collector is sipp as a collector that answers so many reports in one way.
type collector struct {
	done chan error
	stop context.CancelFunc
	file string // of all its messages
}

func (s *Stage) collects(t *testing.T, host *lab.Namespace, name string, calls int, answer string) *collector {
	t.Helper()
	scenario := filepath.Join(s.Dir, name+".xml")
	must(t, os.WriteFile(scenario, []byte(`<?xml version="1.0" encoding="ISO-8859-1" ?><scenario name="collector">
<recv request="PUBLISH" optional="true" next="1"/><recv request="SERVICE"/><label id="1"/>
<send><![CDATA[
SIP/2.0 `+answer+`
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send></scenario>`), 0o644))
	ctx, stop := context.WithCancel(t.Context())
	c := &collector{make(chan error, 1), stop, filepath.Join(s.Dir, name+".messages")}
	go func() {
		c.done <- lab.RunSIPp(ctx, host, lab.SIPp{Name: name, Scenario: scenario, Local: collectorAt, Remote: registrarAt, Calls: calls, Messages: c.file})
	}()
	return c
}

// end ends one that would take more.
func (c *collector) end() {
	c.stop()
	<-c.done
}

// got gives the bodies of the reports that came, one for each Call-ID.
func (c *collector) got(t *testing.T) (bodies [][]byte) {
	t.Helper()
	all, err := lab.SIPpReceived(c.file)
	must(t, err)
	seen := map[string]bool{}
	for _, m := range all {
		head, body, _ := bytes.Cut(m, []byte("\r\n\r\n"))
		_, id, _ := strings.Cut(string(head), "\r\nCall-ID: ")
		if id, _, _ = strings.Cut(id, "\r\n"); !seen[id] {
			seen[id] = true
			bodies = append(bodies, body)
		}
	}
	return bodies
}

// wait waits for a report that bears a text.
func (c *collector) wait(t *testing.T, text string) (bodies [][]byte) {
	t.Helper()
	must(t, lab.Poll(soon(t), "a report with "+text, func() (bool, error) {
		bodies = c.got(t)
		return slices.ContainsFunc(bodies, func(b []byte) bool { return bytes.Contains(b, []byte(text)) }), nil
	}))
	return bodies
}

const (
	lostThere = 0.10 // of what the peer says, behind its network card
	lostBack  = 0.05 // of what the phone says
	talks     = 11 * time.Second
)

// TestReports: a phone reports on a bad call with a baresip, and on one that fails, through an exchange that asks for its
// password, to a sipp that first wants patience. Every report is by the grammar; what they say of loss and jitter is what
// tshark says, and baresip's own reports.
func TestReports(t *testing.T) {
	must(t, lab.Require("sipp", "tshark", "iptables"))
	const ocs = "[[line]]\naor = \"sip:101@phone.test\"\npassword = \"secret-101\"\ndialect = \"ocs\"\ngruu = false\n"
	collector := fmt.Sprintf("report_to = \"sip:collector@%v\"\n", collectorAt)
	s := newStageBy(t, withLine("outbound_proxy = \"phone.test\"\n"+collector, "[report]\ninterval = 10\n"+ocs+collector))
	_, err := s.Kam.WaitBindings(soon(t), "101", 1)
	must(t, err)
	mark := s.Wire.Mark()
	host, err := s.LAN.Host("collector", collectorHost)
	must(t, err)
	busy := s.collects(t, host, "busy", 1, "500 Server Internal Error\nRetry-After: 2") // of a 503 a proxy makes a 500 of its own
	s.do(t, phone.Dial{Number: "999"})                                                  // nobody has it
	s.waitCalls(t, "Failed")
	s.do(t, phone.Hangup{Call: s.first(t)})

	peer := Cast{User: "201", Host: 11}
	baresip, bad := s.badPeer(t, peer)
	shark, err := lab.StartShark(soon(t), s.LAN.Core, lab.LANDevice, "udp", filepath.Join(s.Dir, "call.pcapng"))
	must(t, err)
	s.do(t, phone.Dial{Number: peer.User})
	s.waitCalls(t, "Talking")
	must(t, bad())
	must(t, <-busy.done)
	ready := s.collects(t, host, "ready", 100, "200 OK")
	must(t, lab.Poll(soon(t), "voice of the call", func() (bool, error) {
		return s.Flow(mark, s.Phone.Addr(), peer.Addr()) >= int(talks/(20*time.Millisecond)), nil
	}))
	s.do(t, phone.Hangup{Call: s.first(t)})
	s.waitCalls(t, "")
	must(t, shark.Close(soon(t)))

	s.judge(t, busy.got(t), ready.wait(t, "CallTerm\r\nCallID: "+s.callOf(t, mark)), shark.File, peer)
	ready.end()

	busy = s.collects(t, host, "busy-direct", 1, "503 Service Unavailable\nRetry-After: 1")
	mark = s.Wire.Mark()
	s.do(t, phone.Dial{Line: 1, Number: peer.User})
	s.waitCalls(t, "Talking")
	must(t, s.WaitFlow(soon(t), mark, peer.Addr(), s.Phone.Addr()))
	must(t, baresip.Hangup(soon(t)))
	s.waitCalls(t, "")
	must(t, <-busy.done) // straight from the phone
	more := s.collects(t, host, "more", 1, "200 OK")
	must(t, <-more.done)
	body := more.got(t)[0]
	var event struct {
		XMLName xml.Name
		Session struct {
			ID string `xml:"SessionId,attr"`
		} `xml:"VQSessionReport"`
	}
	must(t, xml.Unmarshal(body, &event))
	if event.XMLName.Local != "VQReportEvent" || event.XMLName.Space != "ms-rtcp-metrics" || !strings.Contains(event.Session.ID, ";from-tag=") {
		t.Errorf("%s", body)
	}
}

// callOf is the Call-ID of the phone's call that was answered since a mark.
func (s *Stage) callOf(t *testing.T, mark int) string {
	t.Helper()
	id, _, _, err := s.DialogOf(mark, s.Phone.Addr())
	must(t, err)
	return id
}

// withLine opens a stage with more settings of its line, and of the rest.
func withLine(line, more string) func(context.Context, string) (*Stage, error) {
	return func(ctx context.Context, dir string) (*Stage, error) {
		return raise(ctx, &Stage{Dir: dir, line: line, more: more})
	}
}

// first is the phone's one call.
func (s *Stage) first(t *testing.T) phone.CallID {
	t.Helper()
	st, err := s.Phone.State()
	must(t, err)
	if len(st.Calls) != 1 {
		t.Fatalf("%d calls", len(st.Calls))
	}
	return st.Calls[0].ID
}

// badPeer is a baresip whose network loses packets both ways once it is told to.
func (s *Stage) badPeer(t *testing.T, c Cast) (*lab.Baresip, func() error) {
	t.Helper()
	host, err := s.LAN.Host("bad", c.Host)
	must(t, err)
	b, err := lab.StartBaresip(soon(t), host, lab.BaresipConfig{User: c.User, Addr: c.Addr(), Domain: Domain, Registrar: registrarAt, Codecs: []string{"PCMA"}, Automatic: true, Speech: says(t, c.User)})
	must(t, err)
	t.Cleanup(b.Stop)
	must(t, b.WaitRegistered(soon(t)))
	return b, func() error {
		if err := host.Lose(lostThere, 16384, 16483); err != nil {
			return err
		}
		return host.LoseFrom(lostBack, 16384, 16483)
	}
}

// judge holds what was reported against what others have seen.
func (s *Stage) judge(t *testing.T, first, bodies [][]byte, capture string, peer Cast) {
	t.Helper()
	if len(first) != 1 || !bytes.Equal(first[0], bodies[0]) {
		t.Errorf("what was to wait is not what came:\n%s\n%s", first, bodies[0])
	}
	kinds := map[string][]map[string]string{}
	for i, b := range bodies {
		if err := vqtest.Valid(b); err != nil {
			t.Error(err)
		}
		v := vqtest.Values(b)
		kind, _, _ := strings.Cut(strings.SplitN(string(b), "\r\n", 2)[0], ":")
		if _, failed := v["local SetupFailure"]; failed {
			kind = "failure"
		}
		kinds[kind] = append(kinds[kind], v)
		if (i == 0) != (kind == "failure") {
			t.Errorf("report %d is a %s: the order is not kept", i, kind)
		}
		if got := v["LocalID"]; !strings.Contains(got, "<sip:100@phone.test>") {
			t.Errorf("LocalID %q", got)
		}
	}
	for kind, least := range map[string]int{"failure": 1, "VQAlertReport": 1, "VQIntervalReport": 1, "VQSessionReport": 1} {
		if len(kinds[kind]) < least {
			t.Fatalf("%d reports of kind %s in %d", len(kinds[kind]), kind, len(bodies))
		}
	}
	if f := kinds["failure"][0]; f["local SIP"] != "404" || !strings.Contains(f["RemoteID"], "999@") {
		t.Errorf("the call that failed: %v", f)
	}
	published, err := lab.SharkFields(t.Context(), capture, `sip.Method == "PUBLISH" && ip.src == `+s.Phone.Addr().String(), "sip.Event", "sip.Content-Type", "sip.Expires")
	must(t, err)
	for _, p := range published {
		if !slices.Equal(p, []string{"vq-rtcpxr", report.Text, "3600"}) {
			t.Errorf("tshark sees a report published as %q", p)
		}
	}
	if len(published) < 2 { // with the interval's and a warning, while the call stands
		t.Errorf("tshark sees %d reports", len(published))
	}
	last := kinds["VQSessionReport"][0]
	streams, err := lab.SharkStreams(t.Context(), capture)
	must(t, err)
	s.agrees(t, last, streams, peer, s.missed(t, capture, peer))
}

// missed is how much of our voice is gone by the peer's last report, in per cent: what it has missed of what we had sent by
// then (RFC 3550 §6.4.1).
func (s *Stage) missed(t *testing.T, capture string, peer Cast) float64 {
	t.Helper()
	first, err := lab.SharkFields(t.Context(), capture, "rtp && ip.src == "+s.Phone.Addr().String(), "rtp.seq")
	must(t, err)
	reports, err := lab.SharkFields(t.Context(), capture, "rtcp.pt == 200 && ip.src == "+peer.Addr().String(), "rtcp.ssrc.cum_nr", "rtcp.ssrc.high_seq")
	must(t, err)
	if len(first) == 0 || len(reports) == 0 {
		t.Fatalf("%d packets of our voice, %d reports on it by baresip", len(first), len(reports))
	}
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		must(t, err)
		return n
	}
	last := reports[len(reports)-1]
	sent := uint16(number(last[1])-number(first[0][0])) + 1 // numbers wrap
	return 100 * float64(number(last[0])) / float64(sent)
}

// agrees compares the report on the call with tshark's analysis of both streams, and with how much of our voice, in per
// cent, baresip has missed.
func (s *Stage) agrees(t *testing.T, v map[string]string, streams []lab.RTPStream, peer Cast, missed float64) {
	t.Helper()
	var theirs, ours lab.RTPStream
	for _, r := range streams {
		switch r.Src.Addr() {
		case peer.Addr():
			theirs = r
		case s.Phone.Addr():
			ours = r
		}
	}
	if theirs.Packets == 0 || ours.Packets == 0 {
		t.Fatalf("tshark has seen %+v", streams)
	}
	if want := fmt.Sprintf("IP=%v PORT=%d SSRC=0x%08x", theirs.Src.Addr(), theirs.Src.Port(), theirs.SSRC); v["RemoteAddr"] != want {
		t.Errorf("RemoteAddr %q, on the wire %q", v["RemoteAddr"], want)
	}
	if want := fmt.Sprintf("IP=%v PORT=%d SSRC=0x%08x", ours.Src.Addr(), ours.Src.Port(), ours.SSRC); v["LocalAddr"] != want {
		t.Errorf("LocalAddr %q, on the wire %q", v["LocalAddr"], want)
	}
	lost := 100 * float64(theirs.Lost) / float64(theirs.Lost+theirs.Packets)
	t.Logf("lost towards us: reported %s %%, tshark %.2f %%, set %.0f %%; jitter reported %s ms, tshark %v (most %v)", v["local NLR"], lost, 100*lostThere, v["local IAJ"], theirs.Mean, theirs.Max)
	t.Logf("lost from us: reported %s %%, baresip %.2f %%, set %.0f %%; MOSLQ %s, MOSCQ %s", v["remote NLR"], missed, 100*lostBack, v["local MOSLQ"], v["local MOSCQ"])
	if got := vqtest.Number(v, "local NLR"); math.Abs(got-lost) > 0.5 {
		t.Errorf("NLR=%.2f, tshark has %.2f", got, lost)
	}
	if got := vqtest.Number(v, "local IAJ"); math.Abs(got-float64(theirs.Mean)/1e6) > 5 {
		t.Errorf("IAJ=%v, tshark has %v", got, theirs.Mean)
	}
	if got := vqtest.Number(v, "remote NLR"); missed == 0 || math.Abs(got-missed) > 0.5 {
		t.Errorf("of our voice %v %% was lost, baresip has missed %.2f %%", got, missed)
	}
	if got := vqtest.Number(v, "local MOSLQ"); got < 1.5 || got > 4 {
		t.Errorf("MOSLQ=%v with %.0f %% lost", got, lost)
	}
}
