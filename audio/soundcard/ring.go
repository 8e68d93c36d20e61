package soundcard

import "sync/atomic"

// ring is a queue of samples for one writer and one reader, each of them a thread that must never
// wait for the other. Positions count samples for ever; position modulo length is the place.
type ring struct {
	buf         []int16 // length a power of two
	read, wrote atomic.Uint64
}

// newRing makes a ring that holds at least n samples.
func newRing(n int) *ring {
	size := 1
	for size < n {
		size *= 2
	}
	return &ring{buf: make([]int16, size)}
}

// fill is how many samples wait to be read.
func (r *ring) fill() int { return int(r.wrote.Load() - r.read.Load()) }

// put writes as much of s as there is room for and says how much that was.
func (r *ring) put(s []int16) int {
	w := r.wrote.Load()
	n := min(len(s), len(r.buf)-int(w-r.read.Load()))
	at := int(w) & (len(r.buf) - 1)
	m := copy(r.buf[at:], s[:n])
	copy(r.buf, s[m:n])
	r.wrote.Store(w + uint64(n))
	return n
}

// get reads as much into s as there is and says how much that was.
func (r *ring) get(s []int16) int {
	p := r.read.Load()
	n := min(len(s), int(r.wrote.Load()-p))
	at := int(p) & (len(r.buf) - 1)
	m := copy(s[:n], r.buf[at:])
	copy(s[m:n], r.buf)
	r.read.Store(p + uint64(n))
	return n
}

// skip forgets the oldest n samples, or all if there are fewer.
func (r *ring) skip(n int) {
	r.read.Store(r.read.Load() + uint64(min(n, r.fill())))
}
