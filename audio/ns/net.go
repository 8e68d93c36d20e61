package ns

import (
	_ "embed"
	"encoding/binary"
	"math"
)

// weights is the trained network: for each layer, row by row, a scale and a bias (float32, little endian) and the
// weights (int8). tools/nstrain makes it.
//
//go:embed weights.bin
var weights []byte

const (
	dense = 48 // cells of the first layer
	units = 72 // cells that remember
	side  = 4  // rows...
	deep  = 8  // ...and columns of a layer that are computed at a time
)

// net is a small recurrent network: a layer that sees the features, gated recurrent units (Cho et al., Learning Phrase
// Representations using RNN Encoder-Decoder, EMNLP 2014) and one that gives gains.
type net struct {
	first, gates, fresh, kept, last layer

	x    [inputs]float32
	seen [dense + units]float32 // what the first layer says, and what is remembered
	gate [2 * units]float32     // how much of each memory stays; how much of it enters the candidate
	new  [units]float32
	old  [units]float32
	y    [outputs]float32
}

// newNet reads the weights; that they are whole is a matter of the build.
func newNet() *net {
	n, data := new(net), weights
	for _, l := range []struct {
		*layer
		in, out int
	}{{&n.first, inputs, dense}, {&n.gates, dense + units, 2 * units}, {&n.fresh, dense, units},
		{&n.kept, units, units}, {&n.last, dense + units, outputs}} {
		data = l.read(data, l.in, l.out)
	}
	return n
}

// step takes the features in x and leaves the outputs, 0 to 1, in y.
func (n *net) step() {
	memory := n.seen[dense:]
	n.first.apply(n.seen[:dense], n.x[:])
	for i, v := range n.seen[:dense] {
		n.seen[i] = tanh(v)
	}
	n.gates.apply(n.gate[:], n.seen[:])
	n.fresh.apply(n.new[:], n.seen[:dense])
	n.kept.apply(n.old[:], memory)
	for i, h := range memory {
		stay, enter := sigmoid(n.gate[i]), sigmoid(n.gate[units+i])
		c := tanh(n.new[i] + enter*n.old[i])
		memory[i] = c + stay*(h-c)
	}
	n.last.apply(n.y[:], n.seen[:])
	for i, v := range n.y {
		n.y[i] = sigmoid(v)
	}
}

// layer is a matrix and a bias; what sends it through a curve is the net.
type layer struct {
	in   int
	w    [][deep * side]float32 // blocks of deep columns of side rows; those of the same rows follow each other
	bias []float32
}

// read takes the layer's part of data and gives the rest.
func (l *layer) read(data []byte, in, out int) []byte {
	l.in, l.w, l.bias = in, make([][deep * side]float32, in/deep*out/side), make([]float32, out)
	for o := range out {
		scale := math.Float32frombits(binary.LittleEndian.Uint32(data))
		l.bias[o] = math.Float32frombits(binary.LittleEndian.Uint32(data[4:]))
		for i, v := range data[8 : 8+in] {
			l.w[o/side*in/deep+i/deep][i%deep*side+o%side] = scale * float32(int8(v))
		}
		data = data[8+in:]
	}
	return data
}

// apply writes the products of the rows with x, and the bias, to y. Sums and what they share stay in registers.
func (l *layer) apply(y, x []float32) {
	n := l.in / deep
	for o := 0; o < len(l.bias); o += side {
		b := (*[side]float32)(l.bias[o:])
		s0, s1, s2, s3 := b[0], b[1], b[2], b[3]
		blocks := l.w[o/side*n:][:n]
		for i := range blocks {
			w, v := &blocks[i], (*[deep]float32)(x[deep*i:])
			v0, v1, v2, v3, v4, v5, v6, v7 := v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]
			s0 += w[0]*v0 + w[4]*v1 + w[8]*v2 + w[12]*v3 + w[16]*v4 + w[20]*v5 + w[24]*v6 + w[28]*v7
			s1 += w[1]*v0 + w[5]*v1 + w[9]*v2 + w[13]*v3 + w[17]*v4 + w[21]*v5 + w[25]*v6 + w[29]*v7
			s2 += w[2]*v0 + w[6]*v1 + w[10]*v2 + w[14]*v3 + w[18]*v4 + w[22]*v5 + w[26]*v6 + w[30]*v7
			s3 += w[3]*v0 + w[7]*v1 + w[11]*v2 + w[15]*v3 + w[19]*v4 + w[23]*v5 + w[27]*v6 + w[31]*v7
		}
		*(*[side]float32)(y[o:]) = [side]float32{s0, s1, s2, s3}
	}
}

// The hyperbolic tangent is read from a table of size steps, fine to 1, about 0.
const (
	size = 512
	fine = 32
)

// curve is the tangent at each step and its difference to the next.
var curve = func() (c [size][2]float32) {
	at := func(i int) float64 { return math.Tanh(float64(i-size/2) / fine) }
	for i := range c {
		c[i] = [2]float32{float32(at(i)), float32(at(i+1) - at(i))}
	}
	return c
}()

func tanh(x float32) float32 {
	x = x*fine + size/2
	if x <= 0 {
		return -1
	}
	if x >= size {
		return 1
	}
	i := int(x)
	c := &curve[uint(i)%size]
	return c[0] + (x-float32(i))*c[1]
}

func sigmoid(x float32) float32 { return 0.5 + 0.5*tanh(0.5*x) }
