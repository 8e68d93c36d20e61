package aec

import (
	"math"

	"opendeskphone/audio/kernel"
)

const (
	jumpSize  = 512  // samples at 4 kHz: 128 ms, of which the newer half is looked at
	jumpMost  = 200  // samples at 4 kHz: 50 ms
	jumpEvery = 3    // hops between two looks
	jumpFine  = 1024 // samples at 16 kHz that decide
	jumpEdge  = 8    // samples at 16 kHz around what 4 kHz can tell
	jumpBlind = 16   // hops after a jump in which what was expected is not known
)

// jumper sees when the echo comes as it is expected, but at another time: a sound card lost or repeated samples. Then
// nothing need be learnt anew.
type jumper struct {
	fourier        *kernel.Transform
	dec            decimator
	y, d           [jumpSize]float32 // expected and heard at 4 kHz
	yh, dh         [2048]float32     // at 16 kHz
	ar, ai, br, bi [jumpSize/2 + 1]float32
	buf, c         [jumpSize]float32
	corr           [2*jumpMost + 1]float32 // by the lag of what is heard
	hops           int
}

func newJumper() *jumper { return &jumper{fourier: kernel.NewTransform(jumpSize)} }

// push takes a hop of what was expected and what was heard, the latter also at 4 kHz.
func (j *jumper) push(y, d, slow []float32) {
	push(j.yh[:], y)
	push(j.dh[:], d)
	copy(j.y[:], j.y[slowHop:])
	j.dec.process(j.y[jumpSize-slowHop:], y)
	push(j.d[:], slow)
	j.hops++
}

// push puts the newest samples at the end of a window.
func push(window, newest []float32) {
	copy(window, window[len(newest):])
	copy(window[len(window)-len(newest):], newest)
}

// look gives the jump in samples at 16 kHz, later being positive; 0 is none.
func (j *jumper) look() int {
	if j.hops < 0 || j.hops%jumpEvery != 0 {
		return 0
	}
	for i := range j.corr {
		j.corr[i] *= 0.6
	}
	j.cross(&j.d, &j.y, 1)
	j.cross(&j.y, &j.d, -1)
	best, at := float32(0), 0
	for i, v := range &j.corr {
		if v > best {
			best, at = v, i-jumpMost
		}
	}
	here := j.corr[jumpMost-2 : jumpMost+3]
	if at >= -2 && at <= 2 || at == -jumpMost || at == jumpMost || best < 1.6*max(here[0], here[1], here[2], here[3], here[4]) {
		return 0
	}
	return j.refine(quarter * at)
}

// cross adds the correlation of the newer half of a with b, for b being earlier by 0 to jumpMost. Half of the spectrum's
// colour is taken out: peaks are sharp then, and noise is not yet made loud.
func (j *jumper) cross(a, b *[jumpSize]float32, sign int) {
	clear(j.buf[:jumpSize/2])
	copy(j.buf[jumpSize/2:], a[jumpSize/2:])
	j.fourier.Forward(j.ar[:], j.ai[:], j.buf[:])
	j.fourier.Forward(j.br[:], j.bi[:], b[:])
	for k := range j.ar {
		ar, ai, br, bi := j.ar[k], j.ai[k], j.br[k], j.bi[k]
		w := 1 / root(root((ar*ar+ai*ai+1e-3)*(br*br+bi*bi+1e-3)))
		j.ar[k], j.ai[k] = (ar*br+ai*bi)*w, (ai*br-ar*bi)*w
	}
	j.fourier.Inverse(j.c[:], j.ar[:], j.ai[:])
	for lag := range jumpMost + 1 {
		if lag > 0 || sign > 0 {
			j.corr[jumpMost+sign*lag] += 0.4 * j.c[lag]
		}
	}
}

// refine finds the sample at which the error is least. It gives 0 unless the echo is not where it is expected (what is
// left is as loud as what is heard) and taking it from there leaves much less.
func (j *jumper) refine(about int) int {
	end := len(j.dh)
	if about < 0 {
		end += about - jumpEdge
	}
	d := j.dh[end-jumpFine : end]
	heard := energy(d)
	left, _ := j.left(d, end)
	best, loud, at := float32(math.Inf(1)), float32(0), 0
	for by := about - jumpEdge + 2; by <= about+jumpEdge-2; by++ {
		if e, y := j.left(d, end-by); e < best {
			best, loud, at = e, y, by
		}
	}
	if left < 0.9*heard || best > 0.7*left || best > 0.75*heard || loud < 0.2*heard {
		return 0
	}
	return at
}

// left is the energy of d without the expected echo that ends at a place, and the energy of that.
func (j *jumper) left(d []float32, end int) (e, y float32) {
	for i, v := range j.yh[end-len(d) : end] {
		y += v * v
		e += (d[i] - v) * (d[i] - v)
	}
	return e, y
}

func energy(x []float32) (sum float32) {
	for _, v := range x {
		sum += v * v
	}
	return sum
}

// forget begins anew: what had been expected was at the wrong time.
func (j *jumper) forget() {
	clear(j.corr[:])
	clear(j.y[:])
	clear(j.yh[:])
	j.hops = -jumpBlind
}
