package aec

import "math"

const (
	kept   = 1 << 14 // samples of the far side that are kept: 1.02 s
	reach  = 8       // samples on each side that the interpolation looks at
	phases = 64      // between two samples; positions between two phases are interpolated linearly
)

// sinc is the interpolation filter, one row a phase, under a raised cosine.
var sinc = func() (rows [phases + 1][2 * reach]float32) {
	for p := range rows {
		for i := range rows[p] {
			x := float64(i-reach+1) - float64(p)/phases
			switch {
			case x == 0:
				rows[p][i] = 1
			case math.Abs(x) < reach+0.5:
				rows[p][i] = float32(math.Sin(math.Pi*x) / (math.Pi * x) * (0.5 + 0.5*math.Cos(math.Pi*x/(reach+0.5))))
			}
		}
	}
	return rows
}()

// reference is what the loudspeaker was given, read with a lag and at the pace of the microphone's clock.
type reference struct {
	buf [kept]float32
	n   int     // samples written
	pos float64 // of the next sample to be read
	ppm float64 // by which the loudspeaker's clock is read faster
}

func (r *reference) write(x []float32) {
	for _, v := range x {
		r.buf[r.n%kept] = v
		r.n++
	}
}

// lag is by how much reading stands behind writing, in samples.
func (r *reference) lag() float64 { return float64(r.n) - r.pos }

func (r *reference) pace() float64 { return 1 + r.ppm*1e-6 }

// read gives the next samples.
func (r *reference) read(x []float32) {
	r.at(x, r.pos)
	r.pos += float64(len(x)) * r.pace()
}

// at gives the samples from a position on.
func (r *reference) at(x []float32, pos float64) {
	pace := r.pace()
	for i := range x {
		p := pos + float64(i)*pace
		whole := math.Floor(p)
		phase := (p - whole) * phases
		row := int(phase)
		w := float32(phase - float64(row))
		a, b := &sinc[row], &sinc[row+1]
		first := int(whole) - reach + 1
		var s float32
		for j, v := range a {
			s += (v + w*(b[j]-v)) * r.buf[(first+j)&(kept-1)]
		}
		x[i] = s
	}
}
