package jitter

import "opendeskphone/audio"

const (
	bins     = 256 // of 10 ms
	firstBin = 64  // where the first packet's delay is put
	headroom = 2   // bins kept above the first packet while nothing is known
)

var (
	lateShare = 0.015 // share of packets allowed to be late
	memory    = 400.0 // packets remembered
)

// delay learns how late packets are, as a histogram that forgets. A packet's lateness is the time of
// the first Get that could play it less its media time: only differences of it mean anything.
type delay struct {
	base   int64 // lateness of the upper edge of bin 0
	weight [bins]float64
	known  float64 // packets counted, until memory is reached
}

// start forgets all and puts the first packet into the middle.
func (d *delay) start(late int64) {
	*d = delay{base: late - firstBin*audio.FrameLen}
	d.weight[firstBin+headroom] = lateShare * 1.1
	d.weight[firstBin] = 1 - d.weight[firstBin+headroom]
	d.known = 10
}

// bin is the one whose upper edge is the least that is not below late.
func (d *delay) bin(late int64) int64 {
	return -((d.base - late) / audio.FrameLen) + carry(late-d.base)
}

// carry is 1 for positive numbers with a remainder: division then rounds up.
func carry(v int64) int64 {
	if v > 0 && v%audio.FrameLen != 0 {
		return 1
	}
	return 0
}

// take counts one packet.
func (d *delay) take(late int64) {
	b := d.bin(late)
	if b < firstBin/2 || b >= bins {
		d.slide(b)
		b = d.bin(late)
	}
	b = min(max(b, 0), bins-1)
	d.known = min(d.known+1, memory)
	keep := 1 - 1/d.known
	for i := range d.weight {
		d.weight[i] *= keep
	}
	d.weight[b] += 1 - keep
}

// slide moves the histogram so that the bins in use have room again: the two clocks drift apart for
// as long as the call lasts.
func (d *delay) slide(b int64) {
	lowest := int64(0)
	for lowest < bins-1 && d.weight[lowest] < 1e-6 {
		lowest++
	}
	by := min(lowest, b) - firstBin
	var w [bins]float64
	for i, v := range d.weight {
		w[min(max(int64(i)-by, 0), bins-1)] += v
	}
	d.weight = w
	d.base += by * audio.FrameLen
}

// target is the lateness that all but lateShare of the packets keep within.
func (d *delay) target() int64 {
	sum, i := 0.0, bins-1
	for ; i > 0; i-- {
		if sum += d.weight[i]; sum > lateShare {
			break
		}
	}
	return d.base + int64(i)*audio.FrameLen
}

// least is the lateness of the fastest packets.
func (d *delay) least() int64 {
	sum := 0.0
	for i, v := range d.weight {
		if sum += v; sum > 0.02 {
			return d.base + int64(i)*audio.FrameLen
		}
	}
	return d.base
}
