package quality

import (
	"testing"
	"time"
)

// well is a second of a call in which nothing is wrong.
func well() Moment {
	return Moment{LQ: 4.4, CQ: 4.4, Delay: 80 * time.Millisecond, Codec: "PCMA", Far: Far{Known: true}, Said: Levels{Speech: -20, Noise: -60}}
}

// ailing are seconds with one thing wrong each.
var ailing = map[Fault]func(*Moment){
	NothingArrives: func(m *Moment) { m.LQ, m.CQ, m.Silent = 0, 0, true },
	LostBoth:       func(m *Moment) { m.LQ, m.Loss, m.Far.Loss = 3, 0.08, 0.1 },
	LostDown:       func(m *Moment) { m.LQ, m.Loss = 3, 0.08 },
	LostUp:         func(m *Moment) { m.Far.Loss = 0.1 },
	Uneven:         func(m *Moment) { m.LQ, m.Loss, m.Late = 3, 0.08, 0.9 },
	LongDelay:      func(m *Moment) { m.Delay = 400 * time.Millisecond },
	FarEcho:        func(m *Moment) { m.Far.RERL = 12 },
	OwnEcho:        func(m *Moment) { m.Room.RERL = 12 },
	MicSoft:        func(m *Moment) { m.Said.Speech = -42 },
	MicLoud:        func(m *Moment) { m.Said.Clipped = 0.05 },
	MicNoise:       func(m *Moment) { m.Said.Noise = -30 },
	SoundCard:      func(m *Moment) { m.Stumble = true },
	NoFault:        func(*Moment) {},
	NotMeasured:    func(m *Moment) { m.LQ, m.CQ = 0, 0 },
}

func TestEachFaultIsFound(t *testing.T) {
	for f := range FaultCount {
		ail := ailing[f]
		if ail == nil {
			t.Errorf("no second with fault %d", f)
			continue
		}
		var a Account
		for range 20 {
			m := well()
			ail(&m)
			a.Add(m)
		}
		if a.Now() != f || a.Whole() != f {
			t.Errorf("%s: now %q, in all %q", f.Name(), a.Now().Name(), a.Whole().Name())
		}
	}
}

func TestShortTroubleShowsAndIsForgotten(t *testing.T) {
	var a Account
	add := func(n int, f Fault) {
		for range n {
			m := well()
			ailing[f](&m)
			a.Add(m)
		}
	}
	add(100, NoFault)
	add(3, LostDown)
	if a.Now() != LostDown {
		t.Errorf("three seconds of loss: %q", a.Now().Name())
	}
	add(30, NoFault)
	if a.Now() != NoFault {
		t.Errorf("half a minute later: %q", a.Now().Name())
	}
	add(400, NoFault)
	if a.Whole() != NoFault {
		t.Errorf("three seconds in nine minutes make the whole call %q", a.Whole().Name())
	}
}

func TestTheWorstTimeIsTold(t *testing.T) {
	var a Account
	for i := range 200 {
		m := well()
		switch {
		case i >= 40 && i < 44, i >= 100 && i < 136 && i%4 != 3:
			ailing[LostUp](&m)
		}
		a.Add(m)
	}
	f := a.Whole()
	from, lasting, lost := a.Spell(f)
	if f != LostUp || from != 100 || lasting != 35 || lost < 0.07 || lost > 0.08 {
		t.Errorf("%q from %d for %d s, %.3f lost", f.Name(), from, lasting, lost)
	}
	s := a.Summary(f)
	if s.Fault != f || s.From != 100 || s.Lasting != 35 || s.Seconds != 200 || s.LQ < 4.3 || s.FarLost <= 0 || !s.sane() {
		t.Errorf("%+v", s)
	}
}

func TestTheMarkFallsFastAndRisesSlowly(t *testing.T) {
	var a Account
	if a.Mark() != 0 {
		t.Error("a mark out of nothing")
	}
	second := func(mos float64) {
		m := well()
		m.LQ, m.CQ = mos, mos
		a.Add(m)
	}
	if second(4.4); a.Mark() != 4.4 {
		t.Errorf("%.2f", a.Mark())
	}
	if second(1.5); a.Mark() > 3 {
		t.Error("trouble does not show")
	}
	n := 0
	for ; a.Mark() < 4; n++ {
		second(4.4)
	}
	if n < 3 || n > 12 {
		t.Errorf("good again after %d s", n)
	}
}

func TestMutedMicrophoneIsNoFault(t *testing.T) {
	var a Account
	for range 20 {
		m := well()
		ailing[MicSoft](&m)
		m.Muted = true
		a.Add(m)
	}
	if a.Now() != NoFault {
		t.Errorf("%q", a.Now().Name())
	}
}

func TestFaultsHavePlacesAndNames(t *testing.T) {
	names := map[string]bool{}
	for f := range FaultCount {
		if names[f.Name()] {
			t.Errorf("two faults are called %q", f.Name())
		}
		names[f.Name()] = true
		if (f.Place() == Nowhere) != (f <= NoFault) {
			t.Errorf("%q lies in place %d", f.Name(), f.Place())
		}
	}
}

// An account takes any numbers, and what it tells stays within its bounds.
func FuzzAccount(f *testing.F) {
	f.Add([]byte{1, 2, 3, 200, 255, 0, 0, 9})
	f.Fuzz(func(t *testing.T, in []byte) {
		var a Account
		for len(in) >= 4 {
			x := in[:4]
			in = in[4:]
			m := Moment{LQ: float64(x[0]) / 57, CQ: float64(x[0]) / 60, Loss: float64(x[1]) / 255, Late: float64(x[2]) / 255, Delay: time.Duration(x[2]) * 10 * time.Millisecond,
				Far: Far{Known: x[3]&1 == 1, Loss: float64(x[2]) / 255, RERL: float64(x[1])}, Said: Levels{Speech: -float64(x[3]), Noise: -float64(x[1])},
				Silent: x[3]&2 == 2, Stumble: x[3]&4 == 4}
			a.Add(m)
		}
		s := a.Summary(a.Whole())
		if !s.sane() || a.Now() >= FaultCount || s.From+s.Lasting > a.seconds {
			t.Fatalf("%+v", s)
		}
	})
}
