package usbsound

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"opendeskphone/audio"
)

// meeting lets two clocks meet: the engine ticks every 10 ms, the PC's card every 10 ms of a clock that is ppm
// faster, each piece up to 3 ms late. What the PC plays and what the phone says are tones.
type meeting struct {
	p       *Party
	ppm     float64
	rate    int
	hz      float64
	ear, pc []float64 // what came out, after the first seconds
}

func (m *meeting) run(length time.Duration) {
	m.p.begin(m.rate)
	random := rand.New(rand.NewPCG(7, 7))
	n := m.rate / 100
	played, heard := make([]int16, n), make([]int16, n)
	var f audio.Frame
	phase := func(k int, rate int) float64 { return 0.5 * math.Sin(2*math.Pi*m.hz*float64(k)/float64(rate)) }
	const settled = 5 * time.Second
	ticks, cards := 0, 0
	end := length.Seconds()
	late := func() float64 { return random.Float64() * 0.003 }
	nextTick, nextCard := late(), late()
	for {
		if nextTick <= nextCard {
			if nextTick > end {
				return
			}
			m.p.Pull(&f)
			if nextTick > settled.Seconds() {
				for _, v := range f {
					m.ear = append(m.ear, float64(v))
				}
			}
			for i := range f {
				f[i] = float32(phase(ticks*audio.FrameLen+i, audio.Rate))
			}
			m.p.Push(&f)
			ticks++
			nextTick = float64(ticks)*0.01 + late()
			continue
		}
		for i := range played {
			played[i] = int16(32767 * phase(cards*n+i, m.rate))
		}
		m.p.exchange(played, heard)
		if nextCard > settled.Seconds() {
			for _, v := range heard {
				m.pc = append(m.pc, float64(v)/32768)
			}
		}
		cards++
		nextCard = float64(cards)*0.01/(1+m.ppm*1e-6) + late()
	}
}

// level is the root mean square of samples, relative to that of the tone, in dB.
func level(s []float64) float64 {
	sum := 0.0
	for _, v := range s {
		sum += v * v
	}
	return 10 * math.Log10(sum/float64(len(s))/(0.5*0.5/2))
}

// roughest is the largest jump of the second difference, relative to what a clean tone has: a click stands out.
func roughest(s []float64, hz float64, rate int) float64 {
	w := 2 * math.Pi * hz / float64(rate)
	clean, worst := 0.5*w*w, 0.0
	for i := 2; i < len(s); i++ {
		worst = max(worst, math.Abs(s[i]-2*s[i-1]+s[i-2]))
	}
	return worst / clean
}

// Ten minutes with clocks 300 ppm apart: nothing is lost, nothing clicks, and the delay stays.
func TestTenMinutesWithTwoClocks(t *testing.T) {
	length := 10 * time.Minute
	if testing.Short() { // the race detector and ARM look for other faults
		length = 20 * time.Second
	}
	gaps, drift := uint64(0), 0.0
	for _, ppm := range []float64{-300, 20, 300} {
		p := NewParty()
		m := &meeting{p: p, ppm: ppm, rate: audio.Rate, hz: 440}
		m.run(length)
		s := p.Stats()
		t.Logf("%+.0f ppm: %d+%d gaps, %d cuts, clock measured as %+.0f ppm, %.1f ms in the ring", ppm, s.GapsToEar, s.GapsToPC, s.Cuts, s.DriftPPM, s.DelayMs)
		if s.GapsToEar+s.GapsToPC+s.Cuts != 0 {
			t.Errorf("%+.0f ppm: sound was lost", ppm)
		}
		gaps += s.GapsToEar + s.GapsToPC + s.Cuts
		drift = max(drift, math.Abs(p.toEar.servo.smooth-target), math.Abs(p.toPC.servo.smooth-target))
		if !testing.Short() && math.Abs(s.DriftPPM-ppm) > 60 {
			t.Errorf("%+.0f ppm is taken for %+.0f", ppm, s.DriftPPM)
		}
		if s.DelayMs < 8 || s.DelayMs > 45 {
			t.Errorf("%+.0f ppm: the delay has become %.1f ms", ppm, s.DelayMs)
		}
		for name, out := range map[string][]float64{"ear": m.ear, "PC": m.pc} {
			if r, l := roughest(out, m.hz, audio.Rate), level(out); r > 1.5 || math.Abs(l) > 0.2 {
				t.Errorf("%+.0f ppm, %s: level %+.2f dB, roughness %.2f", ppm, name, l, r)
			}
		}
	}
	t.Logf("worst of all: %d gaps, drift %.2f ms", gaps, drift*1000/audio.Rate)
}

func TestFullBandPasses(t *testing.T) {
	sounds := []struct {
		rate int
		hz   float64
	}{{16000, 6000}, {audio.Rate, 14000}, {audio.Rate, 50}}
	if testing.Short() {
		sounds = sounds[:1]
	}
	for _, c := range sounds {
		m := &meeting{p: NewParty(), ppm: 50, rate: c.rate, hz: c.hz}
		m.run(20 * time.Second)
		for name, out := range map[string][]float64{"ear": m.ear, "PC": m.pc} {
			if l := level(out); math.Abs(l) > 1 {
				t.Errorf("%.0f Hz at %d Hz, %s: %+.2f dB", c.hz, c.rate, name, l)
			}
		}
	}
}

// A PC that stands still for a moment costs that moment, and no delay afterwards.
func TestStallIsNotDelayForEver(t *testing.T) {
	p := NewParty()
	m := &meeting{p: p, rate: audio.Rate, hz: 440}
	m.run(10 * time.Second)
	var f audio.Frame
	for range 30 {
		p.Pull(&f) // the engine goes on alone
	}
	played, heard := make([]int16, audio.FrameLen), make([]int16, audio.FrameLen)
	for range 30 {
		p.exchange(played, heard) // the PC catches up at once
	}
	p.Pull(&f)
	if d := p.Stats().DelayMs; d > 1000*tooFull/audio.Rate {
		t.Errorf("%.1f ms stay in the ring", d)
	}
	if p.Stats().GapsToEar == 0 {
		t.Error("a stall is not counted")
	}
}

// While the phone is in a call of its own nobody hears the PC, which plays on. Afterwards it is heard as before: what
// could not be measured meanwhile has not been learned.
func TestPhonesCallDoesNotSpoilThePCsSound(t *testing.T) {
	if testing.Short() {
		t.Skip("long sound: the race detector and emulated processors look for other faults")
	}
	p := NewParty()
	m := &meeting{p: p, rate: audio.Rate, hz: 440}
	m.run(6 * time.Second)
	played, heard := make([]int16, audio.FrameLen), make([]int16, audio.FrameLen)
	for range 100 * 30 {
		p.exchange(played, heard)
	}
	var f audio.Frame
	for range 100 { // its voice is back: the first second may have what was cut off
		p.exchange(played, heard)
		p.Pull(&f)
		p.Push(&f)
	}
	before := p.Stats()
	for range 100 * 20 {
		p.exchange(played, heard)
		p.Pull(&f)
		p.Push(&f)
	}
	s := p.Stats()
	if s.GapsToEar != before.GapsToEar || s.GapsToPC != before.GapsToPC || s.Cuts != before.Cuts {
		t.Errorf("sound was lost after the call: %+v, then %+v", before, s)
	}
	if l := p.toEar.servo.learned; math.Abs(l) > 60 || s.DelayMs < 8 || s.DelayMs > 45 {
		t.Errorf("clocks alike are taken for %+.0f ppm apart, %.1f ms in the ring", l, s.DelayMs)
	}
}

func TestSilentWhileNothingStreamsOrMuted(t *testing.T) {
	p := NewParty()
	f := audio.Frame{0.5}
	if p.Pull(&f); f.Level() > audio.Silence {
		t.Error("sound without a stream")
	}
	p.begin(audio.Rate)
	p.mute(true, true)
	loud := make([]int16, audio.FrameLen)
	for i := range loud {
		loud[i] = 10000
	}
	heard := make([]int16, audio.FrameLen)
	said := audio.Frame{}
	for i := range said {
		said[i] = 0.5
	}
	for range 20 {
		in := said
		p.Push(&in)
		p.exchange(loud, heard)
		p.Pull(&f)
		for i, v := range heard {
			if v != 0 || f[i] != 0 {
				t.Fatal("what is muted is heard")
			}
		}
	}
	p.end()
	if p.Pull(&f); f.Level() > audio.Silence {
		t.Error("sound after the stream ended")
	}
}

func TestNothingIsAllocatedOnTheWay(t *testing.T) {
	p := NewParty()
	p.begin(16000)
	var f audio.Frame
	played, heard := make([]int16, 160), make([]int16, 160)
	if n := testing.AllocsPerRun(500, func() { p.Pull(&f); p.Push(&f); p.exchange(played, heard) }); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}
