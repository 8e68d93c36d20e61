package quality

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"time"
)

// Bar is the sound of one second, or the worst of several.
type Bar struct {
	Heard, Sent   int8    // speech level in dBFS; -128 is silence
	Muted         bool    // our microphone was closed
	MOS           float32 // listening quality of what was heard, 1 to 4.5; 0 is not known yet
	Lost, FarLost float32 // share of what they said, and of what we said, that did not arrive, 0 to 1
}

// MaxBars is how many bars a Timeline has at most.
const MaxBars = 96

// Squeeze gives at most n bars for a longer time. Each shows the worst quality and the loudest voices of its share.
func Squeeze(seconds []Bar, n int) []Bar {
	if len(seconds) <= n {
		return seconds
	}
	bars := make([]Bar, max(n, 0))
	for i := range bars {
		from, to := i*len(seconds)/n, (i+1)*len(seconds)/n
		bars[i] = seconds[from]
		for _, s := range seconds[from+1 : to] {
			bars[i].worsen(s)
		}
	}
	return bars
}

// worsen takes in another second.
func (b *Bar) worsen(s Bar) {
	b.Heard, b.Sent, b.Muted = max(b.Heard, s.Heard), max(b.Sent, s.Sent), b.Muted && s.Muted
	b.Lost, b.FarLost = max(b.Lost, s.Lost), max(b.FarLost, s.FarLost)
	if s.MOS > 0 && (b.MOS == 0 || s.MOS < b.MOS) {
		b.MOS = s.MOS
	}
}

// Timeline is bars as text of a log: five bytes each, in base64.
type Timeline string

const barSize = 5 // Heard, Sent (1 for muted), MOS in fiftieths, Lost and FarLost in 250ths

// Pack writes at most MaxBars bars.
func Pack(bars []Bar) Timeline {
	out := make([]byte, 0, barSize*len(bars))
	for _, b := range bars[:min(len(bars), MaxBars)] {
		sent := byte(min(b.Sent, 0))
		if b.Muted {
			sent = 1
		}
		part := func(x float32, unit float64) byte { return byte(min(max(math.Round(float64(x)*unit), 0), 250)) }
		out = append(out, byte(b.Heard), sent, part(b.MOS, 50), part(b.Lost, 250), part(b.FarLost, 250))
	}
	return Timeline(base64.RawStdEncoding.EncodeToString(out))
}

// Bars reads what Pack wrote; of anything else it gives what can be read, within the bounds of Bar.
func (t Timeline) Bars() []Bar {
	in, _ := base64.RawStdEncoding.DecodeString(string(t[:min(len(t), maxTimeline)]))
	var out []Bar
	for ; len(in) >= barSize; in = in[barSize:] {
		part := func(i int, unit, most float32) float32 { return min(float32(in[i])/unit, most) }
		b := Bar{Heard: int8(in[0]), Sent: int8(in[1]), MOS: part(2, 50, 4.5), Lost: part(3, 250, 1), FarLost: part(4, 250, 1)}
		if b.Muted = in[1] == 1; b.Muted {
			b.Sent = -128
		}
		out = append(out, b)
	}
	return out
}

const maxTimeline = (barSize*MaxBars*4 + 2) / 3

// Summary is how a call sounded, as the call log keeps it; all of it 0 if that was not measured.
type Summary struct {
	Began         time.Time // the first second
	Seconds       int       // measured
	LQ, CQ, Least float32
	Fault         Fault   // of the whole, or of the moment it was made
	From, Lasting int     // seconds: when the worst of it began, and how long it lasted
	SpellLost     float32 // share lost then, 0..1
	Lost, FarLost float32 // share of what they said, and of what we said, in the whole call; FarLost -1: not reported
	Codec         string
	PacketMS      int
	Delay, Jitter time.Duration // at the end
	Span          int           // seconds of Timeline
	Timeline      Timeline
}

// Summary sums the account up, with the worst time of a fault.
func (a *Account) Summary(f Fault) Summary {
	s := Summary{Seconds: a.measured, Fault: f, Least: float32(a.least), FarLost: -1}
	if n := float64(a.measured); n > 0 {
		s.LQ, s.CQ, s.Lost = float32(a.lq/n), float32(a.cq/n), float32(a.loss/n)
	}
	if a.farKnown > 0 {
		s.FarLost = float32(a.farLoss / float64(a.farKnown))
	}
	from, lasting, lost := a.Spell(s.Fault)
	s.From, s.Lasting, s.SpellLost = from, lasting, float32(lost)
	return s
}

// String is the summary as a text of at most MaxSummary bytes, which ParseSummary reads.
func (s Summary) String() string {
	b, err := json.Marshal(s)
	if err != nil || len(b) > MaxSummary { // nothing of it can be so long
		return ""
	}
	return string(b)
}

// MaxSummary is the most bytes of a Summary's text.
const MaxSummary = 1536

// ParseSummary reads a Summary; ok is false if the text is none, or something in it is out of its bounds.
func ParseSummary(text string) (s Summary, ok bool) {
	if len(text) > MaxSummary || json.Unmarshal([]byte(text), &s) != nil || !s.sane() {
		return Summary{}, false
	}
	return s, true
}

func (s *Summary) sane() bool {
	within := func(x, low, high float32) bool { return x >= low && x <= high }
	return s.Fault < FaultCount && within(s.LQ, 0, 4.5) && within(s.CQ, 0, 4.5) && within(s.Least, 0, 4.5) && within(s.Lost, 0, 1) &&
		within(s.FarLost, -1, 1) && within(s.SpellLost, 0, 1) && len(s.Codec) <= 32 && len(s.Timeline) <= maxTimeline &&
		min(s.Seconds, s.From, s.Lasting, s.Span, s.PacketMS) >= 0 && max(s.Seconds, s.From, s.Lasting, s.Span, s.PacketMS) < 1<<24
}
