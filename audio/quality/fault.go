package quality

import (
	"math"
	"time"
)

// Fault is where the sound of a call suffers, and from what.
type Fault uint8

// The faults. Downlink and Uplink are as seen from the phone.
const (
	NotMeasured Fault = iota
	NoFault
	NothingArrives // no packet comes, though some should
	LostBoth       // packets are lost both ways: what both ways share is at fault
	LostDown       // packets to us are lost
	LostUp         // packets from us are lost, as the far side reports
	Uneven         // packets to us come, and too late: something else fills the line
	LongDelay      // both hear each other late
	FarEcho        // the far side sends our voice back, as it reports
	OwnEcho        // we send their voice back
	MicSoft        // our voice is too soft
	MicLoud        // it is cut off at full scale
	MicNoise       // noise around us drowns it
	SoundCard      // the phone itself does not keep up
	FaultCount
)

// Place is a part of the way that sound takes.
type Place uint8

// The places.
const (
	Nowhere Place = iota
	ThisPhone
	Network
	FarSide
)

// Place tells where the fault lies.
func (f Fault) Place() Place {
	switch f {
	case OwnEcho, MicSoft, MicLoud, MicNoise, SoundCard:
		return ThisPhone
	case NothingArrives, LostBoth, LostDown, LostUp, Uneven, LongDelay:
		return Network
	case FarEcho:
		return FarSide
	}
	return Nowhere
}

// Name is the fault in one word, for programs.
func (f Fault) Name() string {
	return [...]string{"", "none", "nothingArrives", "lostBoth", "lostDown", "lostUp", "uneven", "longDelay", "farEcho", "ownEcho", "micSoft", "micLoud",
		"micNoise", "soundCard"}[min(f, FaultCount-1)]
}

// Room is what the cleaning of the microphone knows of the room. What is not known is 0.
type Room struct {
	ERLE   float64 // dB of echo that the canceller takes away (ITU-T G.168)
	RERL   float64 // dB of echo lost in all, acoustically and by the canceller (RFC 3611 §4.7.4)
	Speech float64 // at the microphone, dBm0
	Noise  float64 // at the microphone, dBm0
}

// Far is what the far side reports of the stream we send. What it does not report is 0.
type Far struct {
	Known  bool          // a report has come
	Loss   float64       // share of packets lost, 0..1
	Jitter time.Duration // RFC 3550 §6.4.1
	LQ, CQ float64       // its MOS, 1..5
	RERL   float64       // dB of echo lost there
	Signal float64       // our voice there, dBm0
	Noise  float64       // between our words there, dBm0
}

// Moment is what is known of one second of a call.
type Moment struct {
	LQ, CQ  float64 // MOS of what is heard here; 0: not known
	Loss    float64 // share not heard in time, 0..1
	Late    float64 // part of Loss that came after its time, 0..1
	Delay   time.Duration
	Far     Far
	Said    Levels // as sent
	Room    Room
	Codec   string // we send with
	Muted   bool
	Silent  bool // nothing arrives, for seconds
	Stumble bool // the sound card failed, found no samples, or had to drop some
}

// Thresholds of faults that are no losses.
const (
	good    = 4.0  // MOS from which on losses are no fault: G.109's "satisfied"
	soft    = -36. // dBm0: 16 dB below the least a voice should have
	noisy   = -42. // dBm0, and then only if the voice is less than...
	drowned = 15.  // ...dB above it
	cutOff  = 0.002
	echoes  = 26. // dB of RERL below which an echo is heard at usual delays (G.131 figure 1)
	far     = 60 * time.Millisecond
	late    = 3.6 // MOS-CQ below which delay is a fault, when nothing else is
)

// harm is what a second suffers from each fault, in MOS.
func (m *Moment) harm() (h [FaultCount]float64) {
	if m.Silent {
		h[NothingArrives] = 3
	}
	if m.Stumble {
		h[SoundCard] = 1
	}
	if m.LQ > 0 && m.LQ < good {
		h[LostDown] = best - m.LQ
		if m.Late > 0.5 {
			h[LostDown], h[Uneven] = 0, best-m.LQ
		}
	}
	if lq := MOS(Path{Codec: m.Codec, Loss: m.Far.Loss}.Listening()); m.Far.Known && lq < good {
		h[LostUp] = best - lq
	}
	if m.LQ >= good && MOS(Path{Codec: m.Codec, Delay: m.Delay}.R()) < late {
		h[LongDelay] = m.LQ - late
	}
	if r := m.Far.RERL; r > 0 && r < echoes && m.Delay > far {
		h[FarEcho] = 0.5
	}
	if r := m.Room.RERL; r > 0 && r < echoes {
		h[OwnEcho] = 0.5
	}
	m.microphone(&h)
	return h
}

var best = MOS(basic)

// microphone enters what ails our own voice.
func (m *Moment) microphone(h *[FaultCount]float64) {
	v := m.Said
	switch {
	case m.Muted || v.Speech == 0:
	case v.Clipped > cutOff:
		h[MicLoud] = 0.5
	case v.Noise != 0 && v.Noise > noisy && v.Speech-v.Noise < drowned:
		h[MicNoise] = 0.5
	case v.Speech < soft:
		h[MicSoft] = 0.4
	}
}

// Account is the account of a call, second by second. Its zero value is ready; it belongs to one
// goroutine.
type Account struct {
	mark          float64 // MOS-CQ of late
	seconds       int     // all
	measured      int     // with a MOS
	lq, cq        float64
	least         float64
	loss, farLoss float64
	farKnown      int
	harm          [FaultCount]float64 // in all
	now           [FaultCount]float64 // of late
	spells        [FaultCount]spell   // the worst of each
	open          [FaultCount]spell   // that goes on
}

// spell is a time in which a fault did not pause for long.
type spell struct {
	from, to int // seconds, to is beyond the last
	harm     float64
	loss     float64 // sum of the shares
}

const (
	fall   = 0.6  // weight of a worse second in the mark
	rise   = 0.2  // and of a better one
	pauses = 5    // seconds without a fault that end its spell
	fades  = 0.85 // weight of a second over that of the next: half of it counts after 4 s
	tells  = 1.0  // harm of late from which on a fault is told
	small  = 3.0  // harm in all, and...
	slight = 0.02 // ...for each second, from which on a call had a fault
)

// Add takes the next second.
func (a *Account) Add(m Moment) {
	if m.LQ > 0 {
		if a.measured++; a.measured == 1 || m.LQ < a.least {
			a.least = m.LQ
		}
		a.lq, a.cq = a.lq+m.LQ, a.cq+m.CQ
		a.follow(m.CQ)
		a.loss += m.Loss
	}
	if m.Far.Known {
		a.farKnown++
		a.farLoss += m.Far.Loss
	}
	for f, h := range m.harm() {
		a.now[f] = a.now[f]*fades + h*(1-fades)*4
		if h > 0 {
			a.harm[f] += h
			a.suffer(Fault(f), h, &m)
		}
	}
	a.seconds++
}

// follow lets the mark fall fast, for trouble shows at once, and rise slowly: one that flickers tells nothing.
func (a *Account) follow(cq float64) {
	switch {
	case a.mark == 0:
		a.mark = cq
	case cq < a.mark:
		a.mark += fall * (cq - a.mark)
	default:
		a.mark += rise * (cq - a.mark)
	}
}

// Mark is the quality to show now: a MOS-CQ that does not flicker, 0 if it is not known yet.
func (a *Account) Mark() float64 { return a.mark }

// suffer makes the spell of a fault longer, or begins one.
func (a *Account) suffer(f Fault, harm float64, m *Moment) {
	s := &a.open[f]
	if s.to == 0 || a.seconds-s.to >= pauses {
		*s = spell{from: a.seconds}
	}
	s.to = a.seconds + 1
	s.harm += harm
	switch f {
	case LostUp:
		s.loss += m.Far.Loss
	case LostDown, Uneven:
		s.loss += m.Loss
	}
	if s.harm > a.spells[f].harm {
		a.spells[f] = *s
	}
}

// Now is the fault that is heard at present.
func (a *Account) Now() Fault { return a.worst(&a.now, tells) }

// Whole is the fault of the call as a whole.
func (a *Account) Whole() Fault { return a.worst(&a.harm, max(small, slight*float64(a.seconds))) }

// worst picks the fault that harms most, if it does so enough.
func (a *Account) worst(harm *[FaultCount]float64, enough float64) Fault {
	if a.measured == 0 && harm[NothingArrives] < enough {
		return NotMeasured
	}
	h := *harm
	if up, down := h[LostUp], h[LostDown]; min(up, down)*3 >= max(up, down) {
		h[LostBoth], h[LostUp], h[LostDown] = up+down, 0, 0
	}
	found := NoFault
	for f, x := range h {
		if x >= enough {
			found, enough = Fault(f), math.Nextafter(x, math.Inf(1))
		}
	}
	return found
}

// Spell tells when the worst time of a fault began and how many seconds it lasted, counted from the
// first second of the account, and which share of the sound was lost in it.
func (a *Account) Spell(f Fault) (from, seconds int, lost float64) {
	s := a.spells[f]
	if f == LostBoth {
		if s = a.spells[LostDown]; a.spells[LostUp].harm > s.harm {
			s = a.spells[LostUp]
		}
	}
	return s.from, s.to - s.from, s.loss / max(1, float64(s.to-s.from))
}
