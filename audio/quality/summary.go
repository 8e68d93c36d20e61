package quality

import (
	"encoding/base64"
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

// Squeeze gives at most n bars for a longer time: as many seconds to each, of which it shows the worst
// quality and the loudest voices.
func Squeeze(seconds []Bar, n int) (bars []Bar, each int) {
	if each = (len(seconds) + n - 1) / max(n, 1); each <= 1 {
		return seconds, 1
	}
	for i, s := range seconds {
		if i%each == 0 {
			bars = append(bars, s)
			continue
		}
		b := &bars[len(bars)-1]
		b.Heard, b.Sent, b.Muted = max(b.Heard, s.Heard), max(b.Sent, s.Sent), b.Muted && s.Muted
		b.Lost, b.FarLost = max(b.Lost, s.Lost), max(b.FarLost, s.FarLost)
		if s.MOS > 0 && (b.MOS == 0 || s.MOS < b.MOS) {
			b.MOS = s.MOS
		}
	}
	return bars, each
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
	Seconds       int // measured
	LQ, CQ, Least float32
	Fault         Fault
	From, Lasting int     // seconds: when the worst of it began, and how long it lasted
	SpellLost     float32 // share lost then, 0..1
	Lost, FarLost float32 // share of what they said, and of what we said, in the whole call; FarLost -1: not reported
	Codec         string
	PacketMS      int
	Delay, Jitter time.Duration // at the end
	Each          int           // seconds a bar
	Timeline      Timeline
}

// Summary sums the account up.
func (a *Account) Summary() Summary {
	s := Summary{Seconds: a.measured, Fault: a.Whole(), Least: float32(a.least), FarLost: -1}
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

// Sane tells whether a Summary from outside can be one: everything within its bounds.
func (s *Summary) Sane() bool {
	within := func(x, low, high float32) bool { return x >= low && x <= high }
	return s.Fault < FaultCount && within(s.LQ, 0, 4.5) && within(s.CQ, 0, 4.5) && within(s.Least, 0, 4.5) && within(s.Lost, 0, 1) &&
		within(s.FarLost, -1, 1) && within(s.SpellLost, 0, 1) && len(s.Codec) <= 32 && len(s.Timeline) <= maxTimeline &&
		min(s.Seconds, s.From, s.Lasting, s.Each, s.PacketMS) >= 0
}
