package tone

import (
	"math"
	"strings"

	"opendeskphone/audio"
)

// Keys are those of DTMF, row by row (ITU-T Q.23).
const Keys = "123A456B789C*0#D"

var (
	rows    = [4]float64{697, 770, 852, 941}
	columns = [4]float64{1209, 1336, 1477, 1633}
)

// Levels in dBFS: the high group 2 dB stronger (ETSI ES 201 235-2 §4.2.2), because lines weaken it more.
const (
	rowLevel    = -15.0
	columnLevel = -13.0
)

// DTMF gives the tone of 0-9 * # A-D, small letters included; silence for anything else. It sounds
// until stopped; ITU-T Q.24 wants at least 40 ms and a pause of as long.
func DTMF(key rune) Tone {
	i := indexOf(key)
	if i < 0 {
		return Tone{}
	}
	n := steady(0, forever, rowLevel, rows[i/4])
	n.partials = append(n.partials, partial{hz: columns[i%4], level: columnLevel})
	return Tone{Name: "DTMF " + string(Keys[i]), notes: []note{n}}
}

func indexOf(key rune) int { return strings.IndexRune(Keys, upper(key)) }

func upper(key rune) rune {
	if key >= 'a' && key <= 'd' {
		return key - 'a' + 'A'
	}
	return key
}

// Goertzel measures a sine of hz in x: its level in dBFS, where a full-scale sine is 0. It tells
// apart frequencies 48000/len(x) Hz from each other.
func Goertzel(x []float32, hz float64) float64 {
	w := 2 * math.Pi * hz / audio.Rate
	c := 2 * math.Cos(w)
	var a, b float64
	for _, v := range x {
		a, b = float64(v)+c*a-b, a
	}
	p := (a*a + b*b - c*a*b) * 4 / float64(len(x)) / float64(len(x))
	return 10 * math.Log10(p+1e-15)
}

const (
	weakest  = -45.0 // dBFS; a weaker row or column tone is no key
	twist    = 8.0   // dB by which one group may be stronger than the other
	standOut = 6.0   // dB by which a tone must stand out of its group
	purity   = 3.0   // dB by which all sound together may exceed the two tones
)

// Detector finds DTMF keys in sound. Its zero value is ready; it belongs to one goroutine.
type Detector struct {
	x     [2 * audio.FrameLen]float32 // 20 ms, the least that tells the tones apart
	last  rune                        // what the frame before seemed to be
	key   rune                        // the key being pressed
	quiet int                         // frames since it was heard
}

// Process takes in a frame and gives the key that begins with it, 0 for none.
func (d *Detector) Process(f *audio.Frame) rune {
	copy(d.x[:], d.x[audio.FrameLen:])
	copy(d.x[audio.FrameLen:], f[:])
	now := d.look()
	same := now == d.last
	d.last = now
	if now == d.key && now != 0 {
		d.quiet = 0
		return 0
	}
	if d.quiet++; d.quiet >= 2 {
		d.key = 0
	}
	if now != 0 && same {
		d.key, d.quiet = now, 0
		return now
	}
	return 0
}

// look judges the last 20 ms.
func (d *Detector) look() rune {
	row, r, second := strongest(d.x[:], rows)
	if r < weakest || r-second < standOut {
		return 0
	}
	column, c, second := strongest(d.x[:], columns)
	if c < weakest || c-second < standOut || math.Abs(r-c) > twist {
		return 0
	}
	var all float64
	for _, v := range d.x {
		all += 2 * float64(v) * float64(v) / float64(len(d.x))
	}
	if 10*math.Log10(all) > 10*math.Log10(math.Pow(10, r/10)+math.Pow(10, c/10))+purity {
		return 0
	}
	return rune(Keys[4*row+column])
}

func strongest(x []float32, group [4]float64) (at int, level, second float64) {
	level, second = math.Inf(-1), math.Inf(-1)
	for i, hz := range group {
		l := Goertzel(x, hz)
		if l > level {
			at, level, second = i, l, level
		} else {
			second = max(second, l)
		}
	}
	return at, level, second
}
