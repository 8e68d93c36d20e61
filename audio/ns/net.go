package ns

import (
	_ "embed"
	"encoding/binary"
	"math"

	"opendeskphone/audio/kernel"
)

// weights is the trained network: for each layer, row by row, a scale and a bias (float32, little endian) and the
// weights (int8). tools/nstrain makes it.
//
//go:embed weights.bin
var weights []byte

const (
	dense = 48 // cells of the first layer
	units = 72 // cells that remember
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
	w, bias []float32
}

// read takes the layer's part of data and gives the rest.
func (l *layer) read(data []byte, in, out int) []byte {
	const side = kernel.Align
	l.w, l.bias = make([]float32, in*out), make([]float32, out)
	for o := range out {
		scale := math.Float32frombits(binary.LittleEndian.Uint32(data))
		l.bias[o] = math.Float32frombits(binary.LittleEndian.Uint32(data[4:]))
		for i, v := range data[8 : 8+in] {
			l.w[(o/side*in+i)*side+o%side] = scale * float32(int8(v))
		}
		data = data[8+in:]
	}
	return data
}

// apply writes the products of the rows with x, and the bias, to y.
func (l *layer) apply(y, x []float32) { kernel.Layer(y, l.w, l.bias, x) }

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
