package tone

import (
	"math"
	"strings"
)

const ringSwell = 6 // s from half amplitude to full: whoever sits close is not startled

// An instrument is the partials of a struck thing: multiples of the note, levels, and how fast they die away.
type instrument []partial

var (
	// A marimba bar is tuned so that its second partial lies two octaves up (Rossing, Science of Percussion Instruments §5).
	marimba = instrument{{1, 0, 0.16}, {4, -14, 0.05}, {9.2, -28, 0.02}}
	// A glass sings almost purely, with slowly beating neighbours.
	glass = instrument{{1, 0, 0.30}, {1.003, -6, 0.35}, {2.32, -16, 0.15}, {4.25, -26, 0.07}}
	// A bell's partials by their old names: hum, prime, tierce, quint, nominal.
	bell = instrument{{0.5, -8, 0.5}, {1, -3, 0.3}, {1.2, -6, 0.25}, {1.5, -12, 0.2}, {2, 0, 0.18}, {3, -12, 0.08}}
	// A plucked string has all harmonics; the higher die first.
	harp = instrument{{1, 0, 0.28}, {2, -7, 0.18}, {3, -14, 0.12}, {4, -19, 0.09}, {5, -25, 0.06}}
)

// strike is a note of an instrument; key counts semitones from A4 = 440 Hz.
func (in instrument) strike(at float64, key int, level float64) note {
	hz := 440 * math.Exp2(float64(key)/12)
	n := note{at: at, length: 2.5, attack: edge}
	for _, p := range in {
		n.partials = append(n.partials, partial{hz: p.hz * hz, level: p.level + level, half: p.half})
	}
	return n
}

// tune strikes keys at even distances of beat seconds; silent for a key of rest.
func (in instrument) tune(name string, beat, period, level float64, keys ...int) Tone {
	t := Tone{Name: name, period: period, swell: ringSwell}
	for i, k := range keys {
		if k != rest {
			t.notes = append(t.notes, in.strike(float64(i)*beat, k, level))
		}
	}
	return t
}

const rest = math.MinInt

// Ring tones lie between 400 Hz and 3 kHz: a small loudspeaker gives nothing below, old ears hear little above.
var rings = []Tone{
	marimba.tune("Marimba", 0.16, 3.2, -10, 3, 10, 12, 15, rest, 12, 15, 19),
	glass.tune("Glass", 0.28, 4, -14, 15, 22, 19, 27),
	harp.tune("Harp", 0.11, 3.6, -14, -5, 3, 7, 10, 15, 19, 22, rest, 19, 15),
	bell.tune("Chime", 0.45, 4, -13, 7, 3, 5, -2),
	mechanical(),
	trill(),
	pulse(),
}

// mechanical is the bell of an old telephone: two gongs a third apart, struck in turn 20 times a second.
func mechanical() Tone {
	t := Tone{Name: "Bell", period: 4, swell: ringSwell}
	for i := range 32 {
		key := 19
		if i%2 == 1 {
			key = 23
		}
		n := bell.strike(float64(i)*0.05, key, -19)
		n.length = 0.6
		t.notes = append(t.notes, n)
	}
	return t
}

// trill is the warble of an electronic desk phone, rounded off.
func trill() Tone {
	t := Tone{Name: "Trill", period: 4, swell: ringSwell}
	for i := range 24 {
		hz := 784.0
		if i%2 == 1 {
			hz = 988
		}
		n := steady(float64(i)*0.06, 0.066, -14, hz)
		n.partials = append(n.partials, partial{hz: 2 * hz, level: -26})
		t.notes = append(t.notes, n)
	}
	return t
}

// pulse is two soft beats, for quiet rooms.
func pulse() Tone {
	t := Tone{Name: "Pulse", period: 3, swell: ringSwell}
	for _, at := range []float64{0, 0.35} {
		n := steady(at, 0.22, -14, 523.25)
		n.attack = 0.04
		n.partials = append(n.partials, partial{hz: 1046.5, level: -24, half: 0.08})
		t.notes = append(t.notes, n)
	}
	return t
}

// Rings lists the ring tones, the default first.
func Rings() []Tone { return append([]Tone(nil), rings...) }

// Ring finds a ring tone by name in any case, the default one if there is none of that name.
func Ring(name string) Tone {
	for _, t := range rings {
		if strings.EqualFold(t.Name, name) {
			return t
		}
	}
	return rings[0]
}

var (
	// Key is the short feedback of a key.
	Key = Tone{Name: "key", notes: []note{{length: 0.06, attack: edge, partials: []partial{{1200, -24, 0.006}, {2700, -34, 0.004}}}}}
	// Refused says that the phone cannot do it.
	Refused = Tone{Name: "refused", notes: []note{steady(0, 0.09, -20, 392, 784*1.002), steady(0.12, 0.16, -20, 294, 588*1.002)}}
	// Done says that something is finished, e.g. a setting stored.
	Done = Tone{Name: "done", notes: []note{marimba.strike(0, 15, -16), marimba.strike(0.09, 22, -16)}}
)
