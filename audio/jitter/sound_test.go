package jitter

import (
	"math"
	"slices"
	"testing"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
)

// wire is a packet of 20 ms as it arrives: the n-th of the talk, before the Get of a tick of 10 ms.
type wire struct {
	n, tick int
	seq     uint16
	ts      uint32
	marker  bool
	kind    Kind
	reset   bool // the packet is the first of another source
}

const talked = 240 // packets of a trouble

// trouble is what a sender or a network may do to a stream.
type trouble struct {
	name string
	do   func(w *wire)         // to each packet of a steady stream...
	more func(w []wire) []wire // ...and to all of it
	lost []int                 // packets that cannot be heard
	made int                   // frames that may be made up at most
}

func (x trouble) wires() []wire {
	var out []wire
	for n := range talked {
		w := wire{n: n, tick: 2 * n, seq: uint16(n), ts: uint32(160 * n)}
		if x.do != nil {
			x.do(&w)
		}
		out = append(out, w)
	}
	if x.more != nil {
		out = x.more(out)
	}
	slices.SortStableFunc(out, func(a, b wire) int { return a.tick - b.tick })
	return out
}

// hear plays it, and gives every sample.
func (x trouble) hear(b *Buffer, anew func() codec.Decoder, payload func(n int) []byte) (heard []float32) {
	var f audio.Frame
	coming := x.wires()
	for tick := range coming[len(coming)-1].tick + 20 {
		for ; len(coming) > 0 && coming[0].tick <= tick; coming = coming[1:] {
			w := coming[0]
			if w.reset {
				b.Reset(8000, anew())
			}
			p := Packet{Seq: w.seq, TS: w.ts, Marker: w.marker, Kind: w.kind, Payload: payload(w.n)}
			if w.kind == Noise {
				p.Payload = []byte{60}
			}
			b.Put(p)
		}
		b.Get(&f)
		heard = append(heard, f[:]...)
	}
	return heard
}

func at(n int, do func(w *wire)) func(w *wire) {
	return func(w *wire) {
		if w.n >= n {
			do(w)
		}
	}
}

func without(lost ...int) func(w []wire) []wire {
	return func(w []wire) []wire {
		return slices.DeleteFunc(w, func(w wire) bool { return slices.Contains(lost, w.n) })
	}
}

var troubles = []trouble{
	{name: "none"},
	{name: "late", do: func(w *wire) {
		if w.n%60 >= 30 && w.n%60 < 33 {
			w.tick = 2 * (w.n/60*60 + 33)
		}
	}, made: 20},
	{name: "later than those behind", do: func(w *wire) {
		if w.n%60 == 30 {
			w.tick += 6
		}
	}, lost: []int{30, 90, 150, 210}, made: 8},
	{name: "every packet twice", more: func(w []wire) []wire { return append(w, w...) }},
	{name: "pairs in the wrong order", do: func(w *wire) {
		if w.n > 50 {
			w.tick += 4 * (1 - w.n%2)
		}
	}, lost: []int{52, 54, 56, 58, 60, 62, 64}, made: 12},
	{name: "lost", more: without(40, 41, 100, 160), lost: []int{40, 41, 100, 160}, made: 9},
	{name: "another source", do: at(120, func(w *wire) { w.seq, w.ts, w.reset = w.seq+9999, w.ts+777777, w.n == 120 }), made: 2},
	{name: "timestamp jumps ahead", do: at(120, func(w *wire) { w.ts += 1 << 30 })},
	{name: "timestamp jumps back", do: at(120, func(w *wire) { w.ts -= 1 << 29 })},
	{name: "timestamp jumps by half a second", do: at(120, func(w *wire) { w.ts += 4000 })},
	{name: "timestamp jumps back by half a second", do: at(120, func(w *wire) { w.ts -= 4000 })},
	{name: "number jumps by fifty", do: at(120, func(w *wire) { w.seq += 50 })},
	{name: "number jumps far", do: at(120, func(w *wire) { w.seq += 20000 }), lost: []int{120}, made: 4},
	{name: "both jump", do: at(120, func(w *wire) { w.seq, w.ts = w.seq+20000, w.ts+1<<30 }), lost: []int{120}, made: 4},
	{name: "silence, resumed", do: at(120, func(w *wire) { w.tick, w.ts, w.marker = w.tick+100, w.ts+8000, w.n == 120 })},
	{name: "silence, resumed by a sender that sets no marker", do: at(120, func(w *wire) { w.tick, w.ts = w.tick+100, w.ts+8000 })},
	{name: "silence, resumed by a sender whose clock stood still", do: at(120, func(w *wire) { w.tick, w.marker = w.tick+100, w.n == 120 })},
	{name: "silence, resumed by one that sets no marker either", do: at(120, func(w *wire) { w.tick += 100 }), lost: []int{120}},
	{name: "comfort noise, resumed", do: at(120, func(w *wire) {
		if w.seq++; w.n > 120 {
			w.tick, w.ts, w.marker = w.tick+100, w.ts+8000, w.n == 121
		}
	}), more: func(w []wire) []wire {
		w[120].kind, w[120].seq = Noise, 120
		for i := range w[121:] {
			w[121+i].seq--
		}
		return w
	}, lost: []int{120}},
	{name: "nothing for half a second, then all at once", do: func(w *wire) {
		if w.n >= 120 && w.n < 145 {
			w.tick = 290
		}
	}, lost: []int{120, 121, 122, 123, 124, 125, 126, 127}, made: 50},
}

// The voice is heard whole and once, whatever comes: but for packets that did not come in time, each
// is heard, in order, and no time is made up but theirs.
func TestEachPacketIsHeardOnceInEveryTrouble(t *testing.T) {
	for _, x := range troubles {
		b := New(Config{}, counter(960))
		heard := x.hear(b, func() codec.Decoder { return counter(960) }, func(n int) []byte { return []byte{byte(n)} })
		var got []int
		for i := 24; i < len(heard); i++ { // a cross-fade passes over other numbers
			n := int(heard[i])
			if n >= 0 && heard[i] == float32(n) && heard[i-24] == heard[i] && (len(got) == 0 || got[len(got)-1] != n) {
				got = append(got, n)
			}
		}
		var want []int
		for n := range talked {
			if !slices.Contains(x.lost, n) {
				want = append(want, n)
			}
		}
		s := b.Stats()
		if !slices.Equal(got, want) {
			t.Errorf("%s: heard %v, %+v", x.name, got, s)
		}
		if int(s.Concealed) > x.made {
			t.Errorf("%s: %d frames made up, %+v", x.name, s.Concealed, s)
		}
	}
}

// ownStep is the largest step between two samples of the voice as it was sent.
func ownStep(say func(n int) []byte, packets int) (own float32) {
	_, d, _ := codec.PCMU.New()
	var heard []float32
	var f [2]audio.Frame
	for n := range packets {
		d.Decode(audio.Samples(f[:]), say(n))
		heard = append(append(heard, f[0][:]...), f[1][:]...)
	}
	return largestStep(heard)
}

func largestStep(x []float32) (worst float32) {
	for i := range x[1:] {
		worst = max(worst, float32(math.Abs(float64(x[i+1]-x[i]))))
	}
	return worst
}

// The sound has no step that the voice has not.
func TestNoTroubleClicks(t *testing.T) {
	say := voice(t)
	anew := func() codec.Decoder {
		_, d, _ := codec.PCMU.New()
		return d
	}
	own := ownStep(say, talked)
	for _, x := range troubles {
		if s := largestStep(x.hear(New(Config{}, anew()), anew, say)); s > 1.1*own {
			t.Errorf("%s: a step of %.3f, the voice's own are up to %.3f", x.name, s, own)
		}
	}
}

// Clocks 300 ppm apart, either way, for two minutes: nothing is made up but where a frame more has come
// to be needed, the delay stays, and no step is heard.
func TestSkewIsNotHeard(t *testing.T) {
	if testing.Short() {
		t.Skip("long under the race detector, and alone with its buffer")
	}
	say := voice(t)
	own := ownStep(say, 800)
	for _, ppm := range []float64{-300, 300} {
		_, d, _ := codec.PCMU.New()
		b := New(Config{}, d)
		a, fastest := path{"skew", 5, 0.2, 0, 0, 1, 0, 1, ppm, true}.arrivals(6000, 1)
		var heard []float32
		var most time.Duration
		run(b, a, fastest, 0, say, func(f *audio.Frame) {
			if heard = append(heard, f[:]...); len(heard) > 2*audio.Rate {
				most = max(most, b.Stats().Delay)
			}
		})
		s := b.Stats()
		t.Logf("%+.0f ppm: step %.3f of %.3f, delay at most %v, %+v", ppm, largestStep(heard), own, most, s)
		if largestStep(heard) > 1.1*own || most > 25*time.Millisecond || s.Concealed > 24 || s.Late+s.Resyncs > 0 {
			t.Errorf("%+.0f ppm: step %.3f, delay %v, %+v", ppm, largestStep(heard), most, s)
		}
	}
}

// After a second in which nothing came, and then all of it at once, the delay is soon what it was.
func TestAnOutageIsSoonForgotten(t *testing.T) {
	b := New(Config{}, tape{})
	var f audio.Frame
	var after []time.Duration
	for n := range 1500 {
		if n < 300 || n >= 350 {
			b.Put(Packet{Seq: uint16(n), TS: uint32(n * 160), Payload: number(n)})
		}
		for late := 300; n == 349 && late < 350; late++ {
			b.Put(Packet{Seq: uint16(late), TS: uint32(late * 160), Payload: number(late)})
		}
		b.Get(&f)
		b.Get(&f)
		after = append(after, b.Stats().Delay)
	}
	for _, x := range []struct {
		packet int
		most   time.Duration
	}{{299, 10 * time.Millisecond}, {450, 120 * time.Millisecond}, {1400, 20 * time.Millisecond}} {
		t.Logf("packet %d: %v", x.packet, after[x.packet])
		if after[x.packet] > x.most {
			t.Errorf("at packet %d the delay is %v, at most %v is due", x.packet, after[x.packet], x.most)
		}
	}
	t.Logf("%+v", b.Stats())
}
