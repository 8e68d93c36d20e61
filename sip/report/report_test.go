package report

import (
	"encoding/xml"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"opendeskphone/sip/report/vqtest"
)

func full() *Call {
	began := time.Date(2026, 3, 4, 10, 20, 30, 400e6, time.FixedZone("", 3600))
	return &Call{
		CallID: "1890463548@alice.example.org", LocalTag: "8472761", RemoteTag: "9123dh311", Caller: true,
		Local: Party{`Anna "Berg" Ö`, "sip:100@pbx.example"}, Remote: Party{"", "sip:+49305550142@pbx.example;user=phone"},
		LocalSide: Side{netip.MustParseAddrPort("192.0.2.7:5004"), 0x1a3b5c7d}, RemoteSide: Side{netip.MustParseAddrPort("[2001:db8::9]:6000"), 0x2468abcd},
		Began: began, Ended: began.Add(80 * time.Second), Encrypted: true, SentPackets: 4000, HeardPacket: 3900, UserAgent: "OpenDeskPhone/1", Host: "desk",
		LocalMetrics: Metrics{
			PayloadType: 8, Codec: "PCMA", Clock: 8000, PacketMS: 20, Heard: true, Loss: 0.025, Discard: 0.005, Bursts: &Bursts{0.6, 0.01, 90 * time.Millisecond, 5 * time.Second, 16},
			Jitter: 7 * time.Millisecond, JitterNominal: 40 * time.Millisecond, JitterMax: 200 * time.Millisecond, RoundTrip: 80 * time.Millisecond, EndSystem: 60 * time.Millisecond,
			Signal: -20.4, Noise: -61, EchoLoss: 55, RLQ: 84, RCQ: 80, LQ: 4.14, CQ: 4.02,
		},
		RemoteMetrics: &Metrics{PayloadType: 8, Codec: "PCMA", Clock: 8000, PacketMS: 20, Heard: true, Loss: 0.01, Discard: -1, Jitter: 3 * time.Millisecond, EndSystem: 50 * time.Millisecond},
	}
}

func TestASessionIsReported(t *testing.T) {
	want := strings.ReplaceAll(`VQSessionReport: CallTerm
CallID: 1890463548@alice.example.org
LocalID: "Anna  Berg  Ö" <sip:100@pbx.example>
RemoteID: <sip:+49305550142@pbx.example;user=phone>
OrigID: "Anna  Berg  Ö" <sip:100@pbx.example>
LocalGroup: pbx.example
RemoteGroup: pbx.example
LocalAddr: IP=192.0.2.7 PORT=5004 SSRC=0x1a3b5c7d
RemoteAddr: IP=2001:db8::9 PORT=6000 SSRC=0x2468abcd
LocalMetrics:
Timestamps: START=2026-03-04T09:20:30Z STOP=2026-03-04T09:21:50Z
SessionDesc: PT=8 PD=PCMA SR=8000 PPS=50 FD=20 FO=160 FPP=1
JitterBuffer: JBA=3 JBN=40 JBM=200 JBX=200
PacketLoss: NLR=2.50 JDR=0.50
BurstGapLoss: BLD=60.00 BD=90 GLD=1.00 GD=5000 GMIN=16
Delay: RTD=80 ESD=60 SOWD=95 IAJ=7
Signal: SL=-20 NL=-61 RERL=55
QualityEst: RLQ=84 RCQ=80 MOSLQ=4.1 MOSCQ=4.0 QoEEstAlg=G.107
RemoteMetrics:
Timestamps: START=2026-03-04T09:20:30Z STOP=2026-03-04T09:21:50Z
SessionDesc: PT=8 PD=PCMA SR=8000 PPS=50 FD=20 FO=160 FPP=1
PacketLoss: NLR=1.00
Delay: ESD=50 SOWD=95 IAJ=3
DialogID: 1890463548@alice.example.org;to-tag=9123dh311;from-tag=8472761
`, "\n", "\r\n")
	got := WriteText(full())
	if string(got) != want {
		t.Errorf("%s", got)
	}
	if err := vqtest.Valid(got); err != nil {
		t.Error(err)
	}
}

func TestIntervalsAlertsAndFailures(t *testing.T) {
	for _, c := range []struct {
		change      func(*Call)
		first, more string
	}{
		{func(c *Call) { c.Kind = Interval }, "VQIntervalReport\r\n", "NLR=2.50"},
		{func(c *Call) { c.Kind, c.Alert = Alert, Warning{Metric: "MOSLQ", Critical: true} }, "VQAlertReport: Type=MOSLQ Severity=Critical Dir=local\r\n", "MOSLQ=4.1"},
		{func(c *Call) { c.Kind, c.Alert = Alert, Warning{Metric: "NLR", Remote: true} }, "VQAlertReport: Type=NLR Severity=Warning Dir=remote\r\n", ""},
		{func(c *Call) {
			*c = Call{CallID: c.CallID, LocalTag: "a", Caller: true, Local: c.Local, Remote: c.Remote, Began: c.Began, Ended: c.Ended,
				Failure: &Failure{488, "Not Acceptable Here", `Q.850;cause=88;text="Incompatible"`, `10000;reason="Gateway, of all"`}}
		}, "VQSessionReport: CallTerm\r\n", "LocalAddr: IP=0.0.0.0 PORT=0 SSRC=0x00000000\r\nRemoteAddr: IP=0.0.0.0 PORT=0 SSRC=0x00000000\r\nLocalMetrics:\r\n" +
			"Timestamps: START=2026-03-04T09:20:30Z STOP=2026-03-04T09:21:50Z\r\nSetupFailure: SIP=488 Text=Not Acceptable Here\r\nSetupReason: Q.850 cause=88 text=Incompatible\r\n" +
			"SetupDiagnostics: 10000 reason=Gateway of all\r\nDialogID: 1890463548@alice.example.org;from-tag=a\r\n"},
	} {
		in := full()
		c.change(in)
		got := string(WriteText(in))
		if !strings.HasPrefix(got, c.first) || !strings.Contains(got, c.more) {
			t.Errorf("%s", got)
		}
		if err := vqtest.Valid([]byte(got)); err != nil {
			t.Error(err)
		}
	}
}

func TestWhatCannotBeTrueIsBounded(t *testing.T) {
	c := full()
	m := &c.LocalMetrics
	m.Loss, m.Discard, m.LQ, m.RCQ, m.RoundTrip, m.Signal, m.Clock, m.PacketMS = math.NaN(), 7, 99, 1e9, time.Hour*9000, -1e6, 1<<30, -5
	c.Began = time.Date(-44, 3, 15, 0, 0, 0, 0, time.UTC)
	if err := vqtest.Valid(WriteText(c)); err != nil {
		t.Error(err)
	}
	if _, err := WriteXML(c); err != nil {
		t.Error(err)
	}
}

func TestXMLSaysTheSame(t *testing.T) {
	out, err := WriteXML(full())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<VQReportEvent xmlns="ms-rtcp-metrics" Version="2.0"><VQSessionReport SessionId="1890463548@alice.example.org;from-tag=8472761;to-tag=9123dh311">`,
		`<Endpoint Name="desk">`, `<FromURI>sip:100@pbx.example</FromURI>`, `<Caller>true</Caller>`, `<MediaLine Label="main-audio">`, `<Security>SRTP</Security>`,
		`<LocalAddr><IPAddr>192.0.2.7</IPAddr><Port>5004</Port></LocalAddr>`, `<InboundStream Id="610839501">`, `<InterArrival>7</InterArrival>`, `<LossRate>0.025</LossRate>`,
		`<BurstDuration>90</BurstDuration>`, `<RoundTrip>80</RoundTrip>`, `<Packets>3900</Packets>`, `<PayloadDescription>PCMA</PayloadDescription>`, `<OverallAvg>4.1</OverallAvg>`,
		`<OutboundStream Id="440097917">`, `<LocalConversationalMOS>4</LocalConversationalMOS>`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	c := full()
	c.Kind = Interval
	if out, err = WriteXML(c); err != nil || !strings.Contains(string(out), "<VQSessionIntervalReport ") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestErrorReport(t *testing.T) {
	c := full()
	c.Failure = &Failure{Code: 408, Text: "Request Timeout", Diagnostics: `10000;reason="Gateway returned a failure"`}
	out, err := WriteError(c)
	for _, want := range []string{`<reportError xmlns="http://schemas.microsoft.com/2006/09/sip/error-reporting"><error toUri="sip:+49305550142@pbx.example;user=phone" callId="1890463548@alice.example.org"`,
		`fromTag="8472761" toTag="9123dh311"`, `responseCode="408" requestType="INVITE"`, `<diagHeader>10000;reason=&#34;Gateway returned a failure&#34;</diagHeader>`} {
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("no %s in\n%s (%v)", want, out, err)
		}
	}
	c.Failure.Diagnostics, c.Caller = "", false
	if out, err = WriteError(c); err != nil || !strings.Contains(string(out), `toUri="sip:100@pbx.example"`) || !strings.Contains(string(out), "52000;reason=") {
		t.Errorf("%s (%v)", out, err)
	}
	if out, err = WriteError(full()); out != nil || err != nil {
		t.Error("a call that came about is an error")
	}
}

// Whatever far sides call themselves, a report keeps to its grammar, and the XML can be read.
func FuzzReport(f *testing.F) {
	f.Add("a@b", "tag", "Bob", "sip:bob@example.com", "Busy", `1;reason="x"`, 0.1, -20.0, int64(7))
	f.Add("\r\nFoo: bar", "t\r\nx", "\"\\\x00<ä", "<sip:>\r\n", "\r\n\r\n", ";;;,,,", math.Inf(1), math.NaN(), int64(-1<<62))
	f.Fuzz(func(t *testing.T, id, tag, display, uri, text, diagnostics string, x, y float64, n int64) {
		c := full()
		c.CallID, c.LocalTag, c.RemoteTag, c.Remote, c.Kind = id, tag, tag, Party{display, uri}, Kind(uint64(n)%3)
		c.Alert.Metric, c.Failure = text, &Failure{Code: int(n), Text: text, Reason: tag, Diagnostics: diagnostics}
		m := &c.LocalMetrics
		m.Codec, m.Loss, m.Signal, m.LQ, m.RCQ, m.Jitter, m.RoundTrip, m.PacketMS, m.PayloadType = text, x, y, x, y, time.Duration(n), time.Duration(n), int(n), int(n)
		out := WriteText(c)
		if utf8.ValidString(display) {
			if err := vqtest.Valid(out); err != nil {
				t.Fatal(err)
			}
		}
		for _, write := range []func(*Call) ([]byte, error){WriteXML, WriteError} {
			out, err := write(c)
			var any struct{}
			if err != nil || xml.Unmarshal(out, &any) != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
	})
}
