package jitter

import (
	"math"
	"slices"

	"opendeskphone/audio"
)

const (
	bins     = 256                     // of 10 ms
	firstBin = 64                      // where the first packet's delay is put
	headroom = 2                       // bins kept above the first packet while little is known...
	little   = 50                      // ...that is, before so many packets
	memory   = 500.0                   // packets remembered: 10 s of 20 ms; shorter ones than a frame count for their share of it
	heavy    = 1e6                     // a packet's weight at which all are made lighter
	recent   = 4                       // arrivals whose delay is not undercut
	watched  = 16                      // arrivals of which...
	several  = 4                       // ...so many that are late are not a burst, but the path as it is now
	outage   = audio.Rate * 300 / 1000 // what is late by more is so by a fault that no delay is to cover

	fastShare = 0.02                           // share of packets that may be faster than what is called the fastest
	lateShare = 0.20                           // share of packets that may be later than what is called usual
	price     = 12.0 * audio.Rate / 1000 * 100 // delay worth as much as to make up all of the time: 12 ms for a hundredth of it
	dear      = 4                              // times the price, where the far end of the delays is asked for
	most      = 0.027                          // share of the time that is left to be made up at most
	reach     = 1.8                            // how far the sound in hand reaches when it is played slowly
)

// delay learns how late packets are and what that costs, by histograms that forget (Moon, Kurose and
// Towsley, Packet audio playout delay adjustment, 1998). A packet's lateness is the time of the first
// Get that could play it less its media time: only differences of it mean anything.
//
// The delay aimed at is not that which so many packets keep within. Packets come late in bursts, and
// to the second of a burst the first has already given its delay. So what counts is the time that a
// delay would have left to be made up: from where it ends, or the delay of the packets just before if
// that is more, to where the packet came. Time made up has a price in delay, and the delay aimed at is
// the cheapest: long where much is spared by it, and short where little is. The price and the most that
// may be made up are such that on no network of tools/voicebench more is made up than by speex_jitter.
type delay struct {
	base   int64          // lateness of the upper edge of bin 0
	weight [bins]float64  // packets by lateness
	made   [bins]float64  // samples that a delay below the bin would have left to be made up in it
	unit   float64        // weight of the next packet: it grows, so that those before count for less and less
	total  float64        // weight of all
	known  float64        // packets counted, until little are
	guess  int64          // least calm while little is known
	last   [watched]int64 // greatest lateness of the packets that came together
	turn   int            // the newest of last
	at     int64          // when that was

	least int64 // lateness of the fastest packets
	usual int64 // lateness that all but lateShare of the packets keep within
	calm  int64 // the cheapest lateness to aim at
	far   int64 // what that would be if it were dear to make sound up
	peak  int64 // greatest lateness of the recent packets
	often int64 // lateness that several of those watched have
}

// start forgets all and puts the first packet into the middle.
func (d *delay) start(late int64) {
	*d = delay{base: late - firstBin*audio.FrameLen, unit: 1, at: -1, guess: late + headroom*audio.FrameLen,
		least: late, usual: late, calm: late, far: late, peak: late}
	for i := range d.last {
		d.last[i] = late
	}
}

// bin is the one whose upper edge is the least that is not below late, or the nearest there is.
func (d *delay) bin(late int64) int64 {
	v := late - d.base
	if v > 0 {
		v += audio.FrameLen - 1 // division rounds towards zero
	}
	return min(max(v/audio.FrameLen, 0), bins-1)
}

func (d *delay) edge(bin int64) int64 { return d.base + bin*audio.FrameLen }

// take counts a packet of span samples that came before the Get of the time now. One that did not come
// in order was not waited for longer than it is itself.
func (d *delay) take(now, late, span int64, inOrder, again bool) {
	if b := (late - d.base) / audio.FrameLen; b < firstBin/2 || b >= bins {
		d.slide(b)
	}
	share := min(1, float64(span)/audio.FrameLen)
	d.weight[d.bin(late)] += d.unit * share
	d.total += d.unit * share
	if late > d.peak || !inOrder {
		d.charge(late, span, inOrder, again)
	}
	if now != d.at { // those that come together were held up by one fault
		d.turn, d.at = (d.turn+1)%watched, now
		d.last[d.turn] = late
	}
	d.last[d.turn] = max(d.last[d.turn], late)
	d.known = min(d.known+share, little)
	if d.total >= memory*d.unit {
		d.unit *= 1 + share/(memory-1)
	}
	if d.unit > heavy {
		d.lighten()
	}
	d.learn(max(span, audio.FrameLen))
}

// charge enters what a packet that is later than those just before it would have cost. All copies are equally late, and
// nothing is played slowly to wait for them.
func (d *delay) charge(late, span int64, inOrder, again bool) {
	late = min(late, d.peak+outage)
	if again {
		d.made[d.bin(late)] += d.unit * reach * float64(span)
		return
	}
	to := d.bin(d.needed(late))
	if !inOrder {
		d.made[to] += d.unit * reach * float64(span)
		return
	}
	for i := d.bin(d.needed(d.peak)) + 1; i <= to; i++ {
		d.made[i] += d.unit * reach * audio.FrameLen
	}
}

// needed is the delay at which a packet is in time: when it is later than usual, what is in hand is
// played slowly, and so reaches further.
func (d *delay) needed(late int64) int64 {
	return late - int64(float64(max(0, late-d.usual))*(1-1/reach))
}

// lighten keeps the numbers small.
func (d *delay) lighten() {
	for i := range d.weight {
		d.weight[i] /= d.unit
		d.made[i] /= d.unit
	}
	d.total /= d.unit
	d.unit = 1
}

// slide moves the histograms so that the bins in use have room again: the two clocks drift apart for
// as long as the call lasts.
func (d *delay) slide(b int64) {
	lowest := int64(0)
	for lowest < bins-1 && d.weight[lowest] < 1e-6*d.total {
		lowest++
	}
	by := min(lowest, b) - firstBin
	d.weight, d.made = moved(&d.weight, by), moved(&d.made, by)
	d.base += by * audio.FrameLen
}

func moved(from *[bins]float64, by int64) (to [bins]float64) {
	for i, v := range from {
		to[min(max(int64(i)-by, 0), bins-1)] += v
	}
	return to
}

// learn reads the histograms of packets, each of which counts for so many samples.
func (d *delay) learn(span int64) {
	d.least = d.edge(d.upTo(fastShare))
	d.usual = d.edge(d.upTo(1 - lateShare))
	all := d.total * float64(span)
	d.far = d.cheapest(dear*price, all)
	d.peak, d.often = d.newest()
	d.calm = max(d.often, d.cheapest(price, all))
	if d.known < little {
		d.calm = max(d.calm, d.guess)
	}
}

// newest gives the greatest lateness of the recent arrivals, and that which several of those watched reach.
func (d *delay) newest() (peak, often int64) {
	peak = d.last[d.turn]
	for i := range recent {
		peak = max(peak, d.last[(d.turn-i+watched)%watched])
	}
	sorted := d.last
	slices.Sort(sorted[:])
	return peak, sorted[watched-several]
}

// cheapest is the lateness, not below the usual, whose delay and the price of what it leaves to be made up of all samples are
// least together, of those that leave no more than may be.
func (d *delay) cheapest(price, all float64) int64 {
	best, least, left := int64(bins-1), math.Inf(1), 0.0
	for i := best; i >= d.bin(d.usual) && left <= most*all; i-- {
		if cost := float64(i*audio.FrameLen) + price*left/all; cost <= least {
			best, least = i, cost
		}
		left += d.made[i]
	}
	return d.edge(best)
}

// upTo is the bin that together with those below it holds the share of the packets.
func (d *delay) upTo(share float64) int64 {
	left := share * d.total
	for i, v := range d.weight {
		if left -= v; left <= 0 {
			return int64(i)
		}
	}
	return bins - 1
}
