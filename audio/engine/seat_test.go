package engine

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"opendeskphone/audio"
)

// talker speaks syllables at a level of its own while it has its turn, over a little noise.
type talker struct {
	level  float64 // dBFS while a syllable sounds
	pitch  float64 // Hz
	turn   bool
	tick   int
	random *rand.Rand
	heard  audio.Frame
}

func (p *talker) Pull(f *audio.Frame) {
	amp := 0.0
	if p.turn && p.tick%20 < 15 {
		amp = math.Pow(10, p.level/20) * math.Sqrt2 / math.Sqrt(1+1.0/4+1.0/9+1.0/16)
	}
	for i := range f {
		at := float64(p.tick*audio.FrameLen+i) / audio.Rate
		v := 0.0
		for k := 1.0; k <= 4; k++ {
			v += math.Sin(2*math.Pi*p.pitch*k*at) / k
		}
		f[i] = float32(amp*v + 2e-4*p.random.NormFloat64())
	}
	p.tick++
}
func (p *talker) Push(f *audio.Frame) { p.heard = *f }

// conference is six talkers, of whom each speaks three seconds in turn; hear is told of each tick of a syllable.
func conference(e *Engine, levels []float64, rounds int, hear func(round, speaker int, all []*talker, spk *audio.Frame)) {
	var all []*talker
	var parties []Party
	for i, level := range levels {
		p := &talker{level: level, pitch: 110 + 23*float64(i), random: rand.New(rand.NewPCG(1, uint64(i)))}
		all, parties = append(all, p), append(parties, p)
	}
	e.SetParties(parties)
	var mic, spk audio.Frame
	for round := range rounds {
		for speaker, p := range all {
			p.turn = true
			for tick := range 300 {
				e.tick(&mic, &spk)
				if at := (p.tick - 1) % 20; tick > 200 && at > 1 && at < 14 {
					hear(round, speaker, all, &spk)
				}
			}
			p.turn = false
		}
	}
}

type power struct{ sum, n float64 }

func (p *power) add(f *audio.Frame) { p.sum += math.Pow(10, f.Level()/10); p.n++ }
func (p *power) level() float64     { return 10 * math.Log10(p.sum/p.n) }

// five far sides, the loudest 18 dB over the softest: after the first round each is heard by all others, and by us, within
// 3 dB of every other, and nobody hears himself.
func TestAConferenceOfFiveIsHeardEvenly(t *testing.T) {
	if testing.Short() {
		t.Skip("long sound: the race detector and emulated processors look for other faults")
	}
	heard := map[string]*power{}
	add := func(who string, f *audio.Frame) {
		if heard[who] == nil {
			heard[who] = &power{}
		}
		heard[who].add(f)
	}
	conference(newEngine(), []float64{-16, -34, -22, -28, -19}, 3, func(round, speaker int, all []*talker, spk *audio.Frame) {
		if round == 0 {
			return
		}
		add(fmt.Sprintf("%d by us", speaker), spk)
		for i, p := range all {
			add(fmt.Sprintf("%d by %d", speaker, i), &p.heard)
		}
	})
	least, most := 0.0, -100.0
	for speaker := range 5 {
		for _, by := range []string{"us", "0", "1", "2", "3", "4"} {
			l := heard[fmt.Sprintf("%d by %s", speaker, by)].level()
			if by == fmt.Sprint(speaker) {
				if l > -55 {
					t.Errorf("%d hears himself with %.1f dBFS", speaker, l)
				}
				continue
			}
			least, most = min(least, l), max(most, l)
		}
	}
	t.Logf("levels from %.1f to %.1f dBFS", least, most)
	if most-least > 3 {
		t.Errorf("levels from %.1f to %.1f dBFS", least, most)
	}
}

// a party by itself is heard as it comes; one that stays behind keeps its level, and nothing clicks at either change.
func TestAPartyByItselfIsNotLevelled(t *testing.T) {
	e := newEngine()
	var alone power
	conference(e, []float64{-34}, 3, func(_, _ int, _ []*talker, spk *audio.Frame) { alone.add(spk) })
	if l := alone.level(); math.Abs(l+34) > 1 {
		t.Errorf("a soft party by itself is heard with %.1f dBFS", l)
	}
	a, b := &hummer{amp: 0.02}, &hummer{}
	e = newEngine()
	var mic, spk audio.Frame
	last, largest := float32(0), float64(0)
	listen := func(ticks int) float64 {
		var p power
		for range ticks {
			e.tick(&mic, &spk)
			p.add(&spk)
			for _, v := range spk {
				largest = max(largest, math.Abs(float64(v-last)))
				last = v
			}
		}
		return p.level()
	}
	e.SetParties([]Party{a})
	before := listen(200)
	e.SetParties([]Party{a, b})
	listen(813) // in the middle of a syllable
	during := listen(200)
	e.SetParties([]Party{a})
	after := listen(200)
	if during < before+3 || math.Abs(after-during) > 0.5 {
		t.Errorf("alone %.1f, in a conference %.1f, left behind %.1f dBFS", before, during, after)
	}
	if steepest := 2 * math.Pi * 440 / audio.Rate * 0.02 * float64(audio.Gain(15)); largest > 1.1*steepest {
		t.Errorf("a step of %.4f: a click", largest)
	}
}

// hummer hums at 440 Hz, in syllables that swell and fade: five in a second, and a second of silence.
type hummer struct {
	amp float64
	at  int
}

func (h *hummer) Pull(f *audio.Frame) {
	for i := range f {
		x := float64(h.at) / audio.Rate
		if swell := math.Sin(2 * math.Pi * 2.5 * x); math.Mod(x, 2) < 1 {
			f[i] = float32(h.amp * swell * swell * math.Sin(2*math.Pi*440*x))
		} else {
			f[i] = 0
		}
		h.at++
	}
}
func (h *hummer) Push(*audio.Frame) {}

func BenchmarkConference(b *testing.B) {
	e := newEngine()
	e.SetTap(&ear{}, true)
	e.SetSidetone(18)
	e.SetParties([]Party{&voice{says: 0.1}, &voice{says: 0.2}, &voice{says: 0.3}, &voice{says: 0.1}, &voice{says: 0.2}})
	mic, spk := frame(0.1), audio.Frame{}
	b.ReportAllocs()
	for b.Loop() {
		e.tick(&mic, &spk)
	}
}
