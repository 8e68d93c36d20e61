package main

import (
	"encoding/binary"
	"io"
	"sync"
)

const (
	// periodFrames is how many samples go to the card at once: 10 ms.
	periodFrames = 480
	// fullQueue is where the queue stops taking more, in samples: 160 ms. The port then holds the
	// writer back, so that a file can be poured in as fast as it will go.
	fullQueue = 16 * periodFrames
	// startQueue is what must have come together before a pause ends, in samples: 80 ms, against the
	// uneven steps of an emulated machine.
	startQueue = 8 * periodFrames
)

// queue holds samples between the port, which is fast and uneven, and the card, which is the clock.
type queue struct {
	mu      sync.Mutex
	room    sync.Cond // room in the queue, or closed
	samples []int16
	playing bool
	shut    bool
}

// take fills out with the next samples, and with silence where none are there.
func (q *queue) take(out []int16) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.playing = q.playing && len(q.samples) > 0 || len(q.samples) >= startQueue
	n := 0
	if q.playing {
		n = copy(out, q.samples)
		q.samples = append(q.samples[:0], q.samples[n:]...)
	}
	clear(out[n:])
	q.signal()
}

func (q *queue) signal() {
	if q.room.L != nil {
		q.room.Broadcast()
	}
}

// fill takes all of r into the queue, waiting for room, until r or the queue ends.
func (q *queue) fill(r io.Reader) error {
	buf := make([]byte, 2*periodFrames)
	have := 0
	for {
		n, err := r.Read(buf[have:])
		have += n
		if !q.put(buf[:have&^1]) {
			return io.EOF
		}
		have = copy(buf, buf[have&^1:have]) // half a sample waits for its other half
		if err != nil {
			return err
		}
	}
}

// put adds samples, waiting for room; it is false when the queue has been closed.
func (q *queue) put(b []byte) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.room.L == nil {
		q.room.L = &q.mu
	}
	for len(q.samples) >= fullQueue && !q.shut {
		q.room.Wait()
	}
	for ; len(b) >= 2; b = b[2:] {
		q.samples = append(q.samples, int16(binary.LittleEndian.Uint16(b)))
	}
	return !q.shut
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.shut = true
	q.signal()
}

func (q *queue) closed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.shut
}
