package jitter

import "opendeskphone/audio"

const (
	bins      = 256   // of 10 ms
	firstBin  = 64    // where the first packet's delay is put
	headroom  = 2     // bins kept above the first packet while little is known...
	little    = 50    // ...that is, before so many packets
	lateShare = 0.013 // share of packets allowed to be late
	memory    = 500.0 // packets remembered: 10 s
	fastShare = 0.02  // share of packets that may be faster than what is called the fastest
)

// delay learns how late packets are, as a histogram that forgets. A packet's lateness is the time of
// the first Get that could play it less its media time: only differences of it mean anything.
type delay struct {
	base   int64 // lateness of the upper edge of bin 0
	weight [bins]float64
	known  float64 // packets counted, until memory is reached
	guess  int64   // least target while little is known
}

// start forgets all and puts the first packet into the middle.
func (d *delay) start(late int64) {
	*d = delay{base: late - firstBin*audio.FrameLen, guess: late + headroom*audio.FrameLen, known: 1}
	d.weight[firstBin] = 1
}

// bin is the one whose upper edge is the least that is not below late.
func (d *delay) bin(late int64) int64 {
	v := late - d.base
	if v > 0 {
		v += audio.FrameLen - 1 // division rounds towards zero
	}
	return v / audio.FrameLen
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
	want := d.base + int64(i)*audio.FrameLen
	if d.known < little {
		want = max(want, d.guess)
	}
	return want
}

// least is the lateness of the fastest packets.
func (d *delay) least() int64 {
	sum := 0.0
	for i, v := range d.weight {
		if sum += v; sum > fastShare {
			return d.base + int64(i)*audio.FrameLen
		}
	}
	return d.base
}
