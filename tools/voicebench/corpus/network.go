package corpus

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Loss says for n packets which are lost, a share of all: each by itself with a run of 1, else in bursts that are run packets long on
// average (E. N. Gilbert's two states, Capacity of a burst-noise channel, BSTJ 39, 1960).
func Loss(seed, n int, share, run float64) []bool {
	r := draw("loss", seed)
	out := make([]bool, n)
	if run <= 1 {
		for i := range out {
			out[i] = r.Float64() < share
		}
		return out
	}
	lost := false
	for i := range out {
		if lost {
			lost = r.Float64() >= 1/run
		} else {
			lost = r.Float64() < share/run/(1-share)
		}
		out[i] = lost
	}
	return out
}

// Network is a kind of network after the classes of ITU-T G.1050, with numbers of our own: a queue that fills at chance and drains.
type Network struct {
	Name      string
	base      float64 // least delay, ms
	spread    float64 // deviation of each packet's delay, ms
	crowded   float64 // chance that the queue fills, a packet
	queue     float64 // by how much on average, ms
	drain     float64 // packets in which it falls to 1/e
	lost, run float64 // share of the packets, and of how many in a row
	ppm       float64 // by which the sender's clock is slow
	unordered bool    // packets may overtake
}

// Networks from good to bad.
var Networks = []Network{
	{Name: "lan", base: 1, spread: .2, crowded: .001, queue: 5, drain: 2},
	{Name: "wellman", base: 20, spread: 1, crowded: .01, queue: 15, drain: 4, lost: .001, run: 1, ppm: 20, unordered: true},
	{Name: "wifi", base: 8, spread: 3, crowded: .03, queue: 60, drain: 3, lost: .01, run: 3, ppm: 20, unordered: true},
	{Name: "partman", base: 50, spread: 4, crowded: .03, queue: 50, drain: 8, lost: .01, run: 2, ppm: 30, unordered: true},
	{Name: "unman", base: 90, spread: 8, crowded: .05, queue: 120, drain: 10, lost: .04, run: 3, ppm: 50, unordered: true},
	{Name: "spike", base: 30, spread: 1, crowded: .004, queue: 250, drain: 6, lost: .002, run: 2, unordered: true},
	{Name: "drift", base: 20, spread: 1, ppm: 200, unordered: true},
}

// NetworkNamed gives the network of a name that is known to be there.
func NetworkNamed(name string) Network {
	return Networks[slices.IndexFunc(Networks, func(w Network) bool { return w.Name == name })]
}

// Trace gives n packets of 20 ms as lines of number, time sent and time of arrival in ms, by commas; a lost one has no arrival.
func (w Network) Trace(seed, n int) string {
	const every = 20
	r := draw("network "+w.Name, seed)
	lost := make([]bool, n)
	if w.lost > 0 {
		lost = Loss(seed, n, w.lost, w.run)
	}
	var b strings.Builder
	queue, last := 0.0, 0.0
	for i := range n {
		queue *= math.Exp(-1 / max(w.drain, 1))
		if r.Float64() < w.crowded {
			queue += w.queue * r.ExpFloat64()
		}
		arrive := float64(i)*every*(1+w.ppm*1e-6) + w.base + math.Abs(r.NormFloat64()*w.spread) + queue
		if !w.unordered {
			arrive = max(arrive, last)
		}
		last = arrive
		if lost[i] {
			fmt.Fprintf(&b, "%d,%d,\n", i, i*every)
		} else {
			fmt.Fprintf(&b, "%d,%d,%.3f\n", i, i*every, arrive)
		}
	}
	return b.String()
}
