package corpus

import (
	"math"
	"math/rand/v2"

	"opendeskphone/tools/voicebench/dsp"
)

const sound = 343.0 // m/s

// room draws the impulse response of an office, from a point above its desk to a microphone so many metres away: mirror images of the
// source for 60 ms (J. B. Allen and D. A. Berkley, Image method for efficiently simulating small-room acoustics, JASA 65(4), 1979), then
// noise that decays by 60 dB in rt60 seconds.
func room(r *rand.Rand, rt60, distance float64) []float64 {
	const early = Rate * 60 / 1000
	size := [3]float64{between(r, 2.8, 4.5), between(r, 2.4, 3.6), between(r, 2.4, 2.9)}
	from := [3]float64{size[0]/2 + between(r, -.4, .4), .45*size[1] + between(r, -.3, .3), .78}
	angle := between(r, 0, 2*math.Pi)
	to := [3]float64{from[0] + distance*math.Cos(angle), from[1] + distance*math.Sin(angle), from[2] + .05*distance}
	h := make([]float64, int(rt60*Rate)+64)
	mirrors(h[:min(early, len(h))], size, from, to, reflection(size, rt60))

	tail := make([]float64, len(h))
	for i := range tail {
		tail[i] = r.NormFloat64() * math.Pow(10, -3*float64(i)/Rate/rt60)
	}
	const begin = Rate * 40 / 1000 // the tail takes over from here to the end of the mirror images
	fit := math.Sqrt(dsp.Energy(h[begin:early]) / dsp.Energy(tail[begin:early]))
	for i := range h {
		share := min(max(float64(i-begin)/(early-begin), 0), 1)
		h[i] = h[i]*math.Sqrt(1-share) + tail[i]*fit*math.Sqrt(share)
	}
	return h
}

// reflection is the factor of a wall for a reverberation time (W. C. Sabine's and C. F. Eyring's formula).
func reflection(size [3]float64, rt60 float64) float64 {
	volume := size[0] * size[1] * size[2]
	walls := 2 * (size[0]*size[1] + size[1]*size[2] + size[0]*size[2])
	return math.Sqrt(1 - min(0.98, 1-math.Exp(-0.161*volume/(walls*rt60))))
}

// mirrors adds every mirror image of the source that is heard within h.
func mirrors(h []float64, size, from, to [3]float64, wall float64) {
	reach := float64(len(h)) / Rate * sound
	visit(size, from, to, 0, reach, 0, 0, func(square float64, hits int) {
		d := math.Sqrt(square)
		pulse(h, d/sound*Rate, math.Pow(wall, float64(hits))/max(d, 0.02))
	})
}

// visit goes through the mirror images in the axes from axis on.
func visit(size, from, to [3]float64, axis int, reach, square float64, hits int, found func(square float64, hits int)) {
	if axis == 3 {
		if square < reach*reach {
			found(square, hits)
		}
		return
	}
	n := int(math.Ceil(reach/2/size[axis])) + 1
	for k := -n; k <= n; k++ {
		for side := range 2 {
			at := from[axis] + 2*float64(k)*size[axis]
			if side == 1 {
				at = -from[axis] + 2*float64(k)*size[axis]
			}
			d := at - to[axis]
			bounces := abs(k) + abs(k-side)
			visit(size, from, to, axis+1, reach, square+d*d, hits+bounces, found)
		}
	}
}

func abs(v int) int { return max(v, -v) }

// pulse adds a band-limited pulse between two samples.
func pulse(h []float64, at, height float64) {
	const reach = 8
	base := int(math.Floor(at))
	for i := max(0, base-reach); i <= min(len(h)-1, base+reach); i++ {
		h[i] += height * kernel(float64(i)-at, reach+1)
	}
}

// kernel is a sinc under a Hann window of so many samples on each side.
func kernel(x, reach float64) float64 {
	if x > -1e-9 && x < 1e-9 {
		return 1
	}
	if x <= -reach || x >= reach {
		return 0
	}
	return math.Sin(math.Pi*x) / (math.Pi * x) * (0.5 + 0.5*math.Cos(math.Pi*x/reach))
}

// drifted is what a clock hears that runs slower by some parts in a million than the one that plays.
func drifted(x []float64, ppm float64) []float64 {
	if ppm == 0 {
		return x
	}
	const reach = 16
	out := make([]float64, len(x))
	for i := range out {
		at := float64(i) * (1 + ppm*1e-6)
		base := int(at)
		for j := max(0, base-reach+1); j <= min(len(x)-1, base+reach); j++ {
			out[i] += x[j] * kernel(float64(j)-at, reach+0.5)
		}
	}
	return out
}

// loudspeaker is a small one: second-order slopes at 220 Hz and 6.8 kHz, and with bend above 0 a membrane and an amplifier that give way,
// softly and not alike in both directions; bend is how far the loudest moment goes into the curve.
func loudspeaker(x []float64, bend float64) []float64 {
	y := biquad(biquad(x, 220, true), 6800, false)
	if bend == 0 {
		return y
	}
	most := 0.0
	for _, v := range y {
		most = max(most, math.Abs(v))
	}
	drive, mean := bend/(most+1e-9), 0.0
	for i, v := range y {
		v *= drive
		y[i] = math.Tanh(v+0.15*v*v) / drive
		mean += y[i] / float64(len(y))
	}
	for i := range y {
		y[i] -= mean
	}
	return y
}

// biquad is a Butterworth filter of second order, high-pass or low-pass, by the bilinear transform.
func biquad(x []float64, hz float64, high bool) []float64 {
	k := math.Tan(math.Pi * hz / Rate)
	n := 1 / (1 + math.Sqrt2*k + k*k)
	b0, b1 := k*k*n, 2*k*k*n
	if high {
		b0, b1 = n, -2*n
	}
	a1, a2 := 2*(k*k-1)*n, (1-math.Sqrt2*k+k*k)*n
	out := make([]float64, len(x))
	var x1, x2, y1, y2 float64
	for i, v := range x {
		y := b0*v + b1*x1 + b0*x2 - a1*y1 - a2*y2
		x1, x2, y1, y2 = v, x1, y, y1
		out[i] = y
	}
	return out
}
