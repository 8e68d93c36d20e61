package report

import (
	"encoding/xml"
	"math"
	"strings"
	"time"
)

// vqReportEvent is the root of [MS-QoE] §2.2.1, in the form of the 2007 R2 schema (§6.2), which later servers read too.
type vqReportEvent struct {
	XMLName  xml.Name   `xml:"ms-rtcp-metrics VQReportEvent"`
	Version  string     `xml:"Version,attr"`
	Session  *vqSession `xml:"VQSessionReport"`
	Interval *vqSession `xml:"VQSessionIntervalReport"`
}

type vqSession struct {
	SessionID string `xml:"SessionId,attr"`
	Endpoint  struct {
		Name string `xml:"Name,attr"`
	} `xml:"Endpoint"`
	DialogInfo vqDialog `xml:"DialogInfo"`
	MediaLine  vqLine   `xml:"MediaLine"`
}

type vqDialog struct {
	CallID         string `xml:"CallId,attr"`
	FromTag        string `xml:"FromTag,attr"`
	ToTag          string `xml:"ToTag,attr"`
	Start          string `xml:"Start,attr"`
	End            string `xml:"End,attr"`
	FromURI        string `xml:"FromURI"`
	ToURI          string `xml:"ToURI"`
	Caller         bool   `xml:"Caller"`
	LocalUserAgent string `xml:"LocalUserAgent,omitempty"`
}

type vqLine struct {
	Label       string `xml:"Label,attr"`
	Description struct {
		Security   string `xml:"Security"`
		Offerer    bool   `xml:"Offerer"`
		Transport  string `xml:"Transport"`
		LocalAddr  vqAddr `xml:"LocalAddr"`
		RemoteAddr vqAddr `xml:"RemoteAddr"`
	} `xml:"Description"`
	Inbound  *vqStream `xml:"InboundStream"`
	Outbound *vqStream `xml:"OutboundStream"`
	CQ       float64   `xml:"LocalConversationalMOS,omitempty"`
}

type vqAddr struct {
	IP   string `xml:"IPAddr"`
	Port uint16 `xml:"Port"`
}

type vqStream struct {
	ID      uint32 `xml:"Id,attr"`
	Network struct {
		Jitter *struct {
			InterArrival int `xml:"InterArrival"`
		} `xml:"Jitter"`
		Loss *struct {
			Rate float64 `xml:"LossRate"`
		} `xml:"PacketLoss"`
		Bursts *vqBursts `xml:"BurstGapLoss"`
		Delay  *struct {
			RoundTrip int `xml:"RoundTrip"`
		} `xml:"Delay"`
		Packets uint64 `xml:"Utilization>Packets"`
	} `xml:"Network"`
	Payload struct {
		Type   int     `xml:"PayloadType"`
		Codec  string  `xml:"PayloadDescription"`
		Rate   int     `xml:"SampleRate"`
		Signal float64 `xml:"Signal>SignalLevel,omitempty"`
		Noise  float64 `xml:"Signal>NoiseLevel,omitempty"`
	} `xml:"Payload>Audio"`
	MOS float64 `xml:"QualityEstimates>Audio>NetworkMOS>OverallAvg,omitempty"`
}

type vqBursts struct {
	BurstDensity  float64 `xml:"BurstDensity"`
	BurstDuration int     `xml:"BurstDuration"`
	GapDensity    float64 `xml:"GapDensity"`
	GapDuration   int     `xml:"GapDuration"`
}

// WriteXML writes the report of a session or an interval as [MS-QoE] has it; alerts it has none.
func WriteXML(c *Call) ([]byte, error) {
	from, to := c.LocalTag, c.RemoteTag // as in messages of ours
	s := &vqSession{SessionID: c.CallID + ";from-tag=" + from + ";to-tag=" + to}
	s.Endpoint.Name = c.Host
	s.DialogInfo = vqDialog{CallID: c.CallID, FromTag: from, ToTag: to, Start: moment(c.Began), End: moment(c.Ended), FromURI: c.Local.URI, ToURI: c.Remote.URI, Caller: c.Caller,
		LocalUserAgent: c.UserAgent}
	l := &s.MediaLine
	l.Label, l.CQ = "main-audio", tenths(c.LocalMetrics.CQ)
	d := &l.Description
	d.Security, d.Offerer, d.Transport = either(c.Encrypted, "SRTP", "None"), c.Caller, "UDP"
	d.LocalAddr, d.RemoteAddr = c.LocalSide.xml(), c.RemoteSide.xml()
	l.Inbound = c.LocalMetrics.xml(c.RemoteSide.SSRC, c.HeardPacket)
	if c.RemoteMetrics != nil {
		l.Outbound = c.RemoteMetrics.xml(c.LocalSide.SSRC, c.SentPackets)
	}
	event := vqReportEvent{Version: "2.0"}
	if c.Kind == Interval {
		event.Interval = s
	} else {
		event.Session = s
	}
	return marshal(event)
}

func (s Side) xml() vqAddr {
	a := vqAddr{Port: s.Addr.Port()}
	if s.Addr.IsValid() {
		a.IP = s.Addr.Addr().Unmap().String()
	}
	return a
}

func (m *Metrics) xml(ssrc uint32, packets uint64) *vqStream {
	s := &vqStream{ID: ssrc}
	ms := func(d time.Duration) int { return int(bounded(math.Round(millis(d)), 0, math.MaxInt32)) }
	if m.Heard {
		s.Network.Jitter = &struct {
			InterArrival int `xml:"InterArrival"`
		}{ms(m.Jitter)}
		s.Network.Loss = &struct {
			Rate float64 `xml:"LossRate"`
		}{share(m.Loss)}
	}
	if b := m.Bursts; b != nil {
		s.Network.Bursts = &vqBursts{share(b.BurstDensity), ms(b.Burst), share(b.GapDensity), ms(b.Gap)}
	}
	if m.RoundTrip > 0 {
		s.Network.Delay = &struct {
			RoundTrip int `xml:"RoundTrip"`
		}{ms(m.RoundTrip)}
	}
	s.Network.Packets = packets
	p := &s.Payload
	p.Type, p.Codec, p.Rate, p.Signal, p.Noise = m.PayloadType, m.Codec, m.Clock, math.Round(bounded(m.Signal, -99, 99)), math.Round(bounded(m.Noise, -99, 99))
	s.MOS = tenths(m.LQ)
	return s
}

func share(x float64) float64  { return math.Round(10_000*bounded(x, 0, 1)) / 10_000 }
func tenths(x float64) float64 { return math.Round(10*bounded(x, 0, 5)) / 10 }

// reportError is the body of an error report ([MS-OCER] §3.1.4.1).
type reportError struct {
	XMLName xml.Name `xml:"http://schemas.microsoft.com/2006/09/sip/error-reporting reportError"`
	Error   struct {
		To          string `xml:"toUri,attr"`
		CallID      string `xml:"callId,attr"`
		FromTag     string `xml:"fromTag,attr"`
		ToTag       string `xml:"toTag,attr"`
		ContentType string `xml:"contentType,attr"`
		Code        int    `xml:"responseCode,attr"`
		Request     string `xml:"requestType,attr"`
		Diagnostics string `xml:"diagHeader"`
	} `xml:"error"`
}

// WriteError writes the report of a call that has not come about as [MS-OCER] has it.
func WriteError(c *Call) ([]byte, error) {
	if c.Failure == nil {
		return nil, nil
	}
	var r reportError
	e := &r.Error
	e.To, e.FromTag, e.ToTag = c.Remote.URI, c.LocalTag, c.RemoteTag
	if !c.Caller {
		e.To, e.FromTag, e.ToTag = c.Local.URI, c.RemoteTag, c.LocalTag
	}
	e.CallID, e.ContentType, e.Code, e.Request = c.CallID, "application/sdp;call-type=audio", c.Failure.Code, "INVITE"
	e.Diagnostics = c.Failure.Diagnostics
	if e.Diagnostics == "" { // [MS-OCER] §2.2.1: what the client found itself
		e.Diagnostics = `52000;reason="` + strings.Map(unquoted, c.Failure.Text) + `"`
	}
	return marshal(r)
}

func unquoted(r rune) rune {
	if r == '"' || r == '\\' || r < ' ' {
		return ' '
	}
	return r
}

func marshal(v any) ([]byte, error) {
	out, err := xml.Marshal(v)
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), out...), nil
}
