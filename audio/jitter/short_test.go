package jitter

import (
	"cmp"
	"math"
	"slices"
	"testing"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
)

// sliced gives each packet of 20 ms as n shorter ones, which fare as it did.
func sliced(a []arrival, n int) (short []arrival) {
	for _, p := range a {
		for k := range n {
			short = append(short, arrival{p.seq*n + k, p.ms + float64(20*k)/float64(n)})
		}
	}
	slices.SortStableFunc(short, func(x, y arrival) int { return cmp.Compare(x.ms, y.ms) })
	return short
}

// Packets shorter than a frame cost no more than long ones on the same path: in delay, their own length among it, and in
// sound made up, at the price that the buffer puts on it.
func TestShortPacketsFareNoWorse(t *testing.T) {
	if testing.Short() {
		t.Skip("long under the race detector, and alone with its buffer")
	}
	const count = 3000
	say := voice(t)
	for _, p := range paths {
		var mean, made [9]float64
		for _, n := range []int{1, 2, 4, 8} {
			for seed := range uint64(3) {
				a, fastest := p.arrivals(count, seed+1)
				_, d, _ := codec.PCMU.New()
				part := func(seq int) []byte { return say(seq / n)[seq%n*160/n:][:160/n] }
				m, _, c := runPackets(New(Config{Max: time.Second}, d), sliced(a, n), 160/n, fastest, 0, part, nil)
				mean[n], made[n] = mean[n]+m/3, made[n]+c/3
			}
		}
		t.Logf("%-8s 20, 10, 5, 2.5 ms: delay %.1f %.1f %.1f %.1f ms, made up %.2f %.2f %.2f %.2f %%", p.name,
			mean[1], mean[2], mean[4], mean[8], made[1], made[2], made[4], made[8])
		cost := func(n int) float64 { return 20/float64(n) + mean[n] + price*1000/audio.Rate*made[n]/100 }
		for _, n := range []int{2, 4, 8} {
			if cost(n) > cost(1) || made[n] > made[1]+0.3 {
				t.Errorf("%s: packets of %d ms / %d: delay %.1f ms, made up %.2f %%", p.name, 20, n, mean[n], made[n])
			}
		}
	}
}

// A steady stream is heard to the sample, once it has settled.
func TestShortPacketsAreHeardOnceAndInOrder(t *testing.T) {
	for _, span := range []int{120, 240} {
		b := New(Config{}, counter(span))
		var heard []float32
		var f audio.Frame
		for frame := range 200 {
			each := audio.FrameLen / span
			for k := range each {
				if frame > 0 {
					k ^= 1 // every two come in the wrong order
				}
				n := frame*each + k
				b.Put(Packet{Seq: uint16(n), TS: uint32(n * span / 6), Payload: []byte{byte(n)}})
			}
			b.Get(&f)
			if frame >= 100 {
				heard = append(heard, f[:]...)
			}
		}
		for i := span; i < len(heard); i++ {
			if heard[i] != float32(byte(int(heard[i-span])+1)) {
				t.Fatalf("%d samples a packet: %v is followed by %v", span, heard[i-span], heard[i])
			}
		}
		if s := b.Stats(); s.Received != uint64(200*480/span) || s.Concealed+s.Late+s.Lost+s.Duplicate+s.Resyncs != 0 || s.Delay > 25*time.Millisecond {
			t.Errorf("%d samples a packet: %+v", span, s)
		}
	}
}

// What is lost is made up for as long as it was, and the rest comes in its time.
func TestLostShortPacketsAreMadeUpToTheSample(t *testing.T) {
	for _, span := range []int{120, 240} {
		b := New(Config{}, counter(span))
		var heard []float32
		var f audio.Frame
		each := audio.FrameLen / span
		for frame := range 200 {
			for k := range each {
				if n := frame*each + k; n%29 != 3 {
					b.Put(Packet{Seq: uint16(n), TS: uint32(n * span / 6), Payload: []byte{byte(n)}})
				}
			}
			b.Get(&f)
			if frame >= 100 {
				heard = append(heard, f[:]...)
			}
		}
		made := 0
		for i := span; i < len(heard); i++ {
			if heard[i] == -1 {
				made++
			}
		}
		if want := len(heard) / 29; made < want*9/10 || made > want*11/10 {
			t.Errorf("%d samples a packet: %d of %d samples made up, want about %d, %+v", span, made, len(heard), want, b.Stats())
		}
		if s := b.Stats(); s.Delay > 25*time.Millisecond || s.Late+s.Resyncs != 0 {
			t.Errorf("%d samples a packet: %+v", span, s)
		}
	}
}

func TestShortPacketsDoNotClick(t *testing.T) {
	if testing.Short() {
		t.Skip("long sound: the race detector and emulated processors look for other faults")
	}
	say := voice(t)
	const n = 8
	for _, p := range paths {
		_, d, _ := codec.PCMU.New()
		var last float32
		var worst, loud float64
		a, fastest := p.arrivals(1000, 9)
		part := func(seq int) []byte { return say(seq / n)[seq%n*160/n:][:160/n] }
		runPackets(New(Config{}, d), sliced(a, n), 160/n, fastest, 0, part, func(f *audio.Frame) {
			for _, v := range f {
				worst = max(worst, math.Abs(float64(v-last)))
				loud = max(loud, math.Abs(float64(v)))
				last = v
			}
		})
		if worst > 0.11 || loud > 0.75 { // as with long ones
			t.Errorf("%s: largest step %.3f, largest sample %.2f", p.name, worst, loud)
		}
	}
}
