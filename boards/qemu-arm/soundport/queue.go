package main

import (
	"encoding/binary"
	"io"
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
	samples []int16
	playing bool
	bytes   [2 * fullQueue]byte // as they came
	half    int                 // 1 when half a sample waits in bytes for its other half
}

// take fills out with the next samples, and with silence where none are there.
func (q *queue) take(out []int16) {
	q.playing = q.playing && len(q.samples) > 0 || len(q.samples) >= startQueue
	n := 0
	if q.playing {
		n = copy(out, q.samples)
		q.samples = append(q.samples[:0], q.samples[n:]...)
	}
	clear(out[n:])
}

// fill takes what r has now, as far as there is room.
func (q *queue) fill(r io.Reader) error {
	room := 2 * (fullQueue - len(q.samples))
	if room <= q.half {
		return nil
	}
	n, err := r.Read(q.bytes[q.half:room])
	n += q.half
	for i := 0; i+1 < n; i += 2 {
		q.samples = append(q.samples, int16(binary.LittleEndian.Uint16(q.bytes[i:])))
	}
	q.half = n & 1
	if q.half == 1 {
		q.bytes[0] = q.bytes[n-1]
	}
	return err
}
