//go:build cgo && arm.7

package kernel

// #cgo CFLAGS: -O3 -mfpu=neon
// #cgo noescape odp_forward
// #cgo nocallback odp_forward
// #cgo noescape odp_inverse
// #cgo nocallback odp_inverse
// #cgo noescape odp_cut
// #cgo nocallback odp_cut
// #cgo noescape odp_expect
// #cgo nocallback odp_expect
// #cgo noescape odp_learn
// #cgo nocallback odp_learn
// #cgo noescape odp_fir
// #cgo nocallback odp_fir
// #cgo noescape odp_layer
// #cgo nocallback odp_layer
// #include "neon_arm.h"
import "C"

import (
	"time"
	"unsafe"
)

// vector is the set of the vector unit, nil if there is none.
var vector = func() *set {
	if C.odp_has_neon() == 0 {
		return nil
	}
	return &neon
}()

var neon = set{
	forward: func(t *Transform, re, im, x []float32) {
		C.odp_forward(C.int(t.half), row(t.twiddle), row(t.cos), row(t.sin), row(t.scratch), row(re), row(im), row(x))
	},
	inverse: func(t *Transform, x, re, im []float32) {
		C.odp_inverse(C.int(t.half), row(t.twiddle), row(t.cos), row(t.sin), row(t.scratch), row(x), row(re), row(im))
	},
	cut: func(t *Transform, re, im, x []float32, n int) {
		C.odp_cut(C.int(t.half), row(t.twiddle), row(t.cos), row(t.sin), row(t.scratch), row(re), row(im), row(x), C.int(n))
	},
	expect: func(yr, yi, doubt, x, w []float32, at []int32) {
		C.odp_expect(C.int(len(yr)), row(yr), row(yi), row(doubt), row(x), row(w), places(at), C.int(len(at)))
	},
	learn: func(w, x []float32, at []int32, er, ei, step []float32, share, fade float32) {
		C.odp_learn(C.int(len(step)), row(w), row(x), places(at), C.int(len(at)), row(er), row(ei), row(step), C.float(share), C.float(fade))
	},
	fir: func(y, x, h []float32) {
		C.odp_fir(C.int(len(y)), row(y), row(x), row(h), C.int(len(h)))
	},
	layer: func(y, w, bias, x []float32) {
		C.odp_layer(C.int(len(y)), row(y), row(w), row(bias), row(x), C.int(len(x)))
	},
}

func row(x []float32) *C.float { return (*C.float)(unsafe.SliceData(x)) }

func places(at []int32) *C.int { return (*C.int)(unsafe.SliceData(at)) }

// fastest lets both sets transform some blocks. The best of several times counts: something else may run meanwhile.
func fastest() *set {
	const heats, blocks = 8, 8
	t := NewTransform(512)
	x, re, im := make([]float32, 512), make([]float32, 257), make([]float32, 257)
	for i := range x {
		x[i] = float32(i%7) - 3
	}
	best := func(s *set) time.Duration {
		least := time.Hour
		for range heats {
			began := time.Now()
			for range blocks {
				s.forward(t, re, im, x)
			}
			least = min(least, time.Since(began))
		}
		return least
	}
	if vector != nil && best(vector) < best(&scalar) {
		return vector
	}
	return &scalar
}
