package send

import (
	"math"
	"sync/atomic"

	"opendeskphone/audio"
	"opendeskphone/audio/quality"
)

const (
	slowly  = 0.02 // of a frame in the averages: half a second
	sound   = 1e-5 // power, -50 dBov, from which on the loudspeaker says enough to judge the echo by
	dBm0    = 6.15 // dB between dBov and dBm0 (ITU-T G.100.1)
	enough  = 50   // frames before an average is told
	unheard = 1e-9 // power, -90 dBov: converters hear no less
)

// average is a power over the frames that it is of.
type average struct {
	power float32
	n     int
	told  atomic.Uint32 // bits of the power in the end, 0: not known
}

func (a *average) add(power float32) {
	a.n++
	a.power += max(slowly, 1/float32(a.n)) * (power - a.power)
	if a.n >= enough {
		a.told.Store(math.Float32bits(max(a.power, unheard)))
	}
}

// level is in dBov; known is false before enough was heard.
func (a *average) level() (dBov float64, known bool) {
	power := math.Float32frombits(a.told.Load())
	return 10 * math.Log10(float64(power)), power > 0
}

// witness measures what the cleaning sees of the room. It belongs to the audio goroutine but for room.
type witness struct {
	speech, noise          average
	played, echo, residual average // while the far side alone talks
}

// see takes a frame: what was heard, what was played, what is left, and the probabilities that somebody talks here, and
// that the far side alone does.
func (w *witness) see(heard, played, left, talks, alone float32) {
	switch {
	case alone > 0.5 && played > sound:
		w.played.add(played)
		w.echo.add(heard)
		w.residual.add(left)
	case talks > 0.5:
		w.speech.add(left)
	case talks < 0.1 && played < sound:
		w.noise.add(heard)
	}
}

// room tells what is known; any goroutine may ask.
func (w *witness) room() (r quality.Room) {
	if left, known := w.residual.level(); known {
		played, _ := w.played.level()
		echo, _ := w.echo.level()
		r.RERL, r.ERLE = max(played-left, 0), max(echo-left, 0)
	}
	if l, known := w.speech.level(); known {
		r.Speech = l + dBm0
	}
	if l, known := w.noise.level(); known {
		r.Noise = l + dBm0
	}
	return r
}

func power(f *audio.Frame) float32 { return energy(f[:]) / audio.FrameLen }
