package aec

import "math"

const (
	kept   = 1 << 14 // samples of the far side that are kept: 1.02 s
	reach  = 8       // samples on each side that the interpolation looks at
	phases = 64      // between two samples; positions between two phases are interpolated linearly
)

// sinc is the interpolation filter under a raised cosine, one row a phase, and what is added to it until the next.
var sinc = func() (rows [phases][2][2 * reach]float32) {
	at := func(x float64) float64 {
		switch {
		case x == 0:
			return 1
		case math.Abs(x) < reach+0.5:
			return math.Sin(math.Pi*x) / (math.Pi * x) * (0.5 + 0.5*math.Cos(math.Pi*x/(reach+0.5)))
		}
		return 0
	}
	for p := range rows {
		for i := range rows[p][0] {
			x := float64(i - reach + 1)
			v, next := at(x-float64(p)/phases), at(x-float64(p+1)/phases)
			rows[p][0][i], rows[p][1][i] = float32(v), float32(next-v)
		}
	}
	return rows
}()

// reference is what the loudspeaker was given, read with a lag and at the pace of the microphone's clock.
type reference struct {
	buf [kept + 2*reach]float32 // a ring, whose first samples stand behind its end once more
	n   int                     // samples written
	pos float64                 // of the next sample to be read
	ppm float64                 // by which the loudspeaker's clock is read faster
}

func (r *reference) write(x []float32) {
	for _, v := range x {
		i := r.n & (kept - 1)
		if r.buf[i] = v; i < 2*reach {
			r.buf[kept+i] = v
		}
		r.n++
	}
}

// lag is by how much reading stands behind writing, in samples.
func (r *reference) lag() float64 { return float64(r.n) - r.pos }

func (r *reference) pace() float64 { return 1 + r.ppm*1e-6 }

// read gives the next samples.
func (r *reference) read(x []float32) {
	r.at(x, r.pos)
	r.skip(len(x))
}

// skip passes over samples.
func (r *reference) skip(n int) { r.pos += float64(n) * r.pace() }

// at gives the samples from a position on.
func (r *reference) at(x []float32, pos float64) {
	whole := int(math.Floor(pos))
	phase, pace := (pos-float64(whole))*phases, r.pace()*phases
	for i := range x {
		for phase >= phases {
			whole++
			phase -= phases
		}
		row := &sinc[int(phase)&(phases-1)]
		x[i] = interpolate(row, (*[2 * reach]float32)(r.buf[(whole-reach+1)&(kept-1):]), float32(phase-float64(int(phase))))
		phase += pace
	}
}

// interpolate filters with what lies by w of the way behind a row.
func interpolate(row *[2][2 * reach]float32, x *[2 * reach]float32, w float32) float32 {
	a, b := &row[0], &row[1]
	var s, t float32
	for j := 0; j < 2*reach; j += 4 {
		a, b, x := (*[4]float32)(a[j:]), (*[4]float32)(b[j:]), (*[4]float32)(x[j:])
		s += a[0] * x[0]
		t += b[0] * x[0]
		s += a[1] * x[1]
		t += b[1] * x[1]
		s += a[2] * x[2]
		t += b[2] * x[2]
		s += a[3] * x[3]
		t += b[3] * x[3]
	}
	return s + w*t
}
