package report

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// WriteText writes a report as RFC 6035 §4.6.1 has it. Whatever stands in c, the text keeps to the grammar: what may not
// stand in a place is replaced there.
func WriteText(c *Call) []byte {
	var w writer
	switch c.Kind {
	case Session:
		w.line("VQSessionReport: CallTerm")
	case Interval:
		w.line("VQIntervalReport")
	case Alert:
		w.line("VQAlertReport: Type=%s Severity=%s Dir=%s", word(c.Alert.Metric), either(c.Alert.Critical, "Critical", "Warning"), either(c.Alert.Remote, "remote", "local"))
	}
	w.line("CallID: %s", callID(c.CallID))
	w.line("LocalID: %s", c.Local.name())
	w.line("RemoteID: %s", c.Remote.name())
	from := c.Remote
	if c.Caller {
		from = c.Local
	}
	w.line("OrigID: %s", from.name())
	w.line("LocalGroup: %s", c.Local.group()) // where the RFC's examples and linphone have them, and flexisip wants them
	w.line("RemoteGroup: %s", c.Remote.group())
	w.line("LocalAddr: %s", c.LocalSide.text())
	w.line("RemoteAddr: %s", c.RemoteSide.text())
	w.line("LocalMetrics:")
	w.metrics(c, &c.LocalMetrics)
	w.failure(c.Failure)
	if c.RemoteMetrics != nil {
		w.line("RemoteMetrics:")
		w.metrics(c, c.RemoteMetrics)
	}
	w.line("DialogID: %s", c.dialogID())
	return []byte(w.String())
}

func either(which bool, yes, no string) string {
	if which {
		return yes
	}
	return no
}

// dialogID names the dialog, with the tags as in messages from the caller.
func (c *Call) dialogID() string {
	to, from := c.LocalTag, c.RemoteTag
	if c.Caller {
		to, from = from, to
	}
	id := callID(c.CallID)
	if to != "" {
		id += ";to-tag=" + token(to)
	}
	if from != "" {
		id += ";from-tag=" + token(from)
	}
	return id
}

type writer struct{ strings.Builder }

func (w *writer) line(format string, args ...any) { fmt.Fprintf(w, format+"\r\n", args...) }

// items writes a line of those items that are known, if there are any.
func (w *writer) items(name string, items ...string) {
	known := items[:0]
	for _, i := range items {
		if i != "" {
			known = append(known, i)
		}
	}
	if len(known) > 0 {
		w.line("%s: %s", name, strings.Join(known, " "))
	}
}

// metrics writes the lines of one side, in the order of the grammar.
func (w *writer) metrics(c *Call, m *Metrics) {
	w.line("Timestamps: START=%s STOP=%s", moment(c.Began), moment(c.Ended))
	if m.Codec != "" {
		w.items("SessionDesc", "PT="+whole(float64(m.PayloadType), 0, 127), "PD="+word(m.Codec), number("SR", float64(m.Clock), 999_999), number("PPS", perSecond(m.PacketMS), 99_999),
			number("FD", float64(m.PacketMS), 9999), number("FO", float64(m.octets()), 99_999), item(m.PacketMS > 0, "FPP=1"))
	}
	adaptive := m.JitterNominal > 0 || m.JitterMax > 0
	w.items("JitterBuffer", item(adaptive, "JBA=3"), delay("JBN", m.JitterNominal), delay("JBM", m.JitterMax), delay("JBX", m.JitterMax))
	if m.Heard {
		w.items("PacketLoss", "NLR="+percent(m.Loss), item(m.Discard >= 0, "JDR="+percent(m.Discard)))
	}
	if b := m.Bursts; b != nil {
		w.items("BurstGapLoss", "BLD="+percent(b.BurstDensity), "BD="+whole(millis(b.Burst), 0, 3_600_000), "GLD="+percent(b.GapDensity),
			"GD="+whole(millis(b.Gap), 0, 3_600_000), "GMIN="+whole(float64(b.Gmin), 1, 255))
	}
	w.items("Delay", delay("RTD", m.RoundTrip), delay("ESD", m.EndSystem), delay("SOWD", c.oneWay()), item(m.Heard, "IAJ="+whole(millis(m.Jitter), 0, 65_535)))
	w.items("Signal", level("SL", m.Signal), level("NL", m.Noise), number("RERL", m.EchoLoss, 126))
	rated := m.RLQ > 0 || m.RCQ > 0 || m.LQ > 0 || m.CQ > 0
	w.items("QualityEst", number("RLQ", m.RLQ, 120), number("RCQ", m.RCQ, 120), mos("MOSLQ", m.LQ), mos("MOSCQ", m.CQ), item(rated, "QoEEstAlg=G.107"))
}

// failure writes why a call has not come about, as an extension of the metrics: the RFC has no place of its own for that.
func (w *writer) failure(f *Failure) {
	if f == nil {
		return
	}
	w.line("SetupFailure: SIP=%s %s", whole(float64(f.Code), 0, 699), plus("Text="+f.Text))
	if f.Reason != "" {
		w.line("SetupReason: %s", plus(f.Reason))
	}
	if f.Diagnostics != "" {
		w.line("SetupDiagnostics: %s", plus(f.Diagnostics))
	}
}

// octets are those of a packet's voice, for codecs whose packets are all as long: 64 kbit/s.
func (m *Metrics) octets() int {
	switch strings.ToUpper(m.Codec) {
	case "PCMU", "PCMA", "G722":
		return 8 * m.PacketMS
	}
	return 0
}

func perSecond(packetMS int) float64 {
	if packetMS <= 0 {
		return 0
	}
	return 1000 / float64(packetMS)
}

// oneWay is half of the round trip and the delays within both ends (SymmOneWayDelay), 0 unless all are known.
func (c *Call) oneWay() time.Duration {
	l, r := &c.LocalMetrics, c.RemoteMetrics
	if r == nil || l.RoundTrip <= 0 || l.EndSystem <= 0 || r.EndSystem <= 0 {
		return 0
	}
	return (l.RoundTrip + l.EndSystem + r.EndSystem) / 2
}

func item(known bool, text string) string {
	if !known {
		return ""
	}
	return text
}

func number(name string, x, most float64) string {
	return item(x > 0, name+"="+whole(x, 0, most))
}

func delay(name string, d time.Duration) string {
	return item(d > 0, name+"="+whole(millis(d), 0, 65_535))
}

func level(name string, x float64) string { return item(x != 0, name+"="+whole(x, -99, 99)) }

func mos(name string, x float64) string {
	return item(x > 0, name+"="+strconv.FormatFloat(bounded(x, 0, 4.9), 'f', 1, 64))
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func bounded(x, low, high float64) float64 {
	if math.IsNaN(x) {
		return low
	}
	return min(max(x, low), high)
}

func whole(x, low, high float64) string {
	return strconv.Itoa(int(math.Round(bounded(x, low, high))))
}

func percent(share float64) string {
	return strconv.FormatFloat(100*bounded(share, 0, 1), 'f', 2, 64)
}

// moment is a time in UTC as RFC 3339 has it, in whole seconds; a clock out of its years counts as 1970.
func moment(t time.Time) string {
	if t = t.UTC(); t.Year() < 1970 || t.Year() > 9999 {
		t = time.Unix(0, 0).UTC()
	}
	return t.Format("2006-01-02T15:04:05Z")
}

func (s Side) text() string {
	addr := s.Addr.Addr().Unmap().WithZone("")
	if !addr.IsValid() {
		addr = netip.IPv4Unspecified()
	}
	return fmt.Sprintf("IP=%s PORT=%d SSRC=0x%08x", addr, s.Addr.Port(), s.SSRC)
}

// group is what a party is counted under where reports are put together: its domain; "tel" where it is but a number.
func (p Party) group() string {
	scheme, rest, _ := strings.Cut(p.URI, ":")
	if scheme == "tel" {
		return scheme
	}
	if _, host, at := strings.Cut(rest, "@"); at {
		rest = host
	}
	domain, _, _ := strings.Cut(rest, ";")
	return word(domain)
}

// name is a party as a name-addr (RFC 3261 §25.1).
func (p Party) name() string {
	uri := mapped(p.URI, '_', func(r rune) bool { return r > ' ' && r < 0x7f && !strings.ContainsRune(`<>"`, r) })
	if scheme, rest, _ := strings.Cut(uri, ":"); rest == "" || scheme != "sip" && scheme != "sips" && scheme != "tel" {
		uri = "sip:anonymous@anonymous.invalid" // RFC 3323 §4.1.1.3
	}
	if p.Display == "" {
		return "<" + uri + ">"
	}
	shown := mapped(p.Display, ' ', func(r rune) bool { return r >= ' ' && r != 0x7f && r != '\\' && r != '"' })
	return `"` + shown + `" <` + uri + ">"
}

// mapped replaces every character that may not stand in a place, and bounds how many there are.
func mapped(s string, by rune, may func(rune) bool) string {
	const most = 255
	n := 0
	return strings.Map(func(r rune) rune {
		if n++; n > most {
			return -1
		}
		if r == 0xfffd || !may(r) {
			return by
		}
		return r
	}, s)
}

const (
	alphanum  = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	tokenMark = "-.!%*_+`'~"
	wordMark  = tokenMark + "()<>:\\/[]?{}" // and the quotation mark, which ours never have
)

func only(s, marks string) string {
	if s == "" {
		return "_"
	}
	return mapped(s, '_', func(r rune) bool { return strings.ContainsRune(alphanum+marks, r) })
}

func token(s string) string { return only(s, tokenMark) }
func word(s string) string  { return only(s, wordMark) }

// plus is a text of an extension: words, "=" and spaces; the semicolons and commas of headers become spaces.
func plus(s string) string {
	s = strings.NewReplacer(";", " ", ",", " ", `"`, "").Replace(s)
	return strings.TrimSpace(only(strings.Join(strings.Fields(s), " "), wordMark+"= "))
}

// callID is a Call-ID: word [ "@" word ].
func callID(s string) string {
	name, host, at := strings.Cut(s, "@")
	if !at {
		return word(name)
	}
	return word(name) + "@" + word(host)
}
