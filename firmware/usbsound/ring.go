package usbsound

import "sync/atomic"

// ring is a queue of samples for one writer and one reader, neither of which may wait for the other. Positions
// count samples for ever; position modulo length is the place.
type ring struct {
	buf         [ringLen]float32
	read, wrote atomic.Uint64
}

const ringLen = 1 << 13 // 170 ms

func (r *ring) fill() int { return int(r.wrote.Load() - r.read.Load()) }

// put writes as much of s as there is room for and says how much that was.
func (r *ring) put(s []float32) int {
	w := r.wrote.Load()
	n := min(len(s), ringLen-int(w-r.read.Load()))
	at := int(w % ringLen)
	m := copy(r.buf[at:], s[:n])
	copy(r.buf[:], s[m:n])
	r.wrote.Store(w + uint64(n))
	return n
}

// get reads as much into s as there is and says how much that was.
func (r *ring) get(s []float32) int {
	p := r.read.Load()
	n := min(len(s), int(r.wrote.Load()-p))
	at := int(p % ringLen)
	m := copy(s[:n], r.buf[at:])
	copy(s[m:n], r.buf[:])
	r.read.Store(p + uint64(n))
	return n
}

// skip forgets the oldest n samples, or all if there are fewer. It is for the reader.
func (r *ring) skip(n int) { r.read.Store(r.read.Load() + uint64(min(n, r.fill()))) }
