package jitter

import (
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
)

// counter is a decoder whose packets of so many samples say a number, which all their samples have. Concealed
// samples are -1, recovered ones the number plus a half.
type counter int

func (c counter) Decode(dst []float32, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, errors.New("empty")
	}
	fill(dst[:c], float32(p[0]))
	return int(c), nil
}

func (counter) Conceal(dst []float32) { fill(dst, -1) }

func (counter) Recover(dst []float32, next []byte) int {
	if len(next) < 2 {
		return 0
	}
	fill(dst, float32(next[0])-0.5)
	return len(dst)
}

func fill(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}

// line is a stream of numbered packets into a buffer, and what comes out of it.
type bench struct {
	*Buffer
	heard []float32 // first sample of each frame
}

func newBench() *bench { return &bench{Buffer: New(Config{Clock: 8000}, counter(960))} }

func (b *bench) send(n int) { b.put(n, uint16(n), uint32(n*160), byte(n)) }

func (b *bench) put(n int, seq uint16, ts uint32, payload ...byte) {
	b.Put(Packet{Seq: seq, TS: ts, Payload: payload, Arrival: time.UnixMilli(int64(n) * 20)})
}

func (b *bench) tick(n int) {
	for range n {
		var f audio.Frame
		b.Get(&f)
		b.heard = append(b.heard, f[0])
	}
}

// steady sends packets from..to-1, one each 20 ms.
func (b *bench) steady(from, to int) {
	for n := from; n < to; n++ {
		b.send(n)
		b.tick(2)
	}
}

// spoken gives the numbers heard, each once in the order in which they came.
func (b *bench) spoken() (s []float32) {
	for _, v := range b.heard {
		if v != float32(int(v)) {
			continue // in a cross-fade
		}
		if v >= 0 && (len(s) == 0 || s[len(s)-1] != v) {
			s = append(s, v)
		}
	}
	return s
}

func (b *bench) wantSpoken(t *testing.T, from, to int, but ...float32) {
	t.Helper()
	i := 0
	got := b.spoken()
next:
	for n := float32(from); n < float32(to); n++ {
		for _, v := range but {
			if v == n {
				continue next
			}
		}
		if i >= len(got) || got[i] != n {
			t.Fatalf("heard %v, want %d..%d without %v", got, from, to-1, but)
		}
		i++
	}
}

func TestSteadyStreamComesOutInOrder(t *testing.T) {
	b := newBench()
	b.steady(0, 100)
	s := b.Stats()
	b.tick(6)
	b.wantSpoken(t, 0, 100)
	if s.Received != 100 || s.Lost+s.Late+s.Duplicate+s.Rejected+s.Concealed+s.Resyncs != 0 {
		t.Errorf("%+v", s)
	}
	if s.Delay > 45*time.Millisecond || s.Jitter > time.Millisecond {
		t.Errorf("delay %v, jitter %v", s.Delay, s.Jitter)
	}
}

func TestSequenceAndTimestampWrap(t *testing.T) {
	b := newBench()
	for n := range 200 {
		b.put(n, uint16(n-100), uint32(n*160-16000), byte(n))
		b.tick(2)
	}
	b.tick(6)
	b.wantSpoken(t, 0, 200)
	if s := b.Stats(); s.Received != 200 || s.Lost+s.Resyncs+s.Concealed != 0 {
		t.Errorf("%+v", s)
	}
}

func TestSwappedPacketsAreSorted(t *testing.T) {
	b := newBench()
	b.steady(0, 10)
	for n := 10; n < 90; n += 2 { // pairs come in the wrong order
		b.send(n + 1)
		b.tick(2)
		b.send(n)
		b.tick(2)
	}
	b.tick(8)
	got := b.spoken()
	for i := 1; i < len(got); i++ {
		if got[i] < got[i-1] {
			t.Fatalf("heard %v", got)
		}
	}
	if s := b.Stats(); s.Late > 3 || s.Lost != 0 {
		t.Errorf("%+v", s)
	}
}

func TestDuplicatesAreHeardOnce(t *testing.T) {
	b := newBench()
	for n := range 50 {
		b.send(n)
		b.send(n)
		b.tick(2)
		b.send(n)
	}
	b.tick(6)
	b.wantSpoken(t, 0, 50)
	if s := b.Stats(); s.Duplicate != 100 || s.Received != 50 || s.Lost != 0 {
		t.Errorf("%+v", s)
	}
}

func TestLostPacketsAreConcealedAndCounted(t *testing.T) {
	b := newBench()
	for n := range 100 {
		if n != 30 && n != 60 && n != 61 {
			b.send(n)
		}
		b.tick(2)
	}
	b.tick(6)
	b.wantSpoken(t, 0, 100, 30, 60, 61)
	if s := b.Stats(); s.Lost != 3 || s.Concealed < 6 || s.Concealed > 8 || s.Gaps != 2 || s.Received != 97 {
		t.Errorf("%+v", s)
	}
}

func TestRedundancyTakesThePlaceOfConcealment(t *testing.T) {
	b := newBench()
	for n := range 100 {
		if n != 30 && n != 60 && n != 61 {
			b.put(n, uint16(n), uint32(n*160), byte(n), 1)
		}
		b.tick(2)
	}
	b.tick(6)
	s := b.Stats()
	if s.Recovered < 3 || s.Recovered+s.Concealed > 8 { // of two in a row, the second can be had
		t.Errorf("%+v", s)
	}
	found := 0
	for _, v := range b.heard {
		if v > 30 && v < 31 || v == 61.5 {
			found++
		}
	}
	if found < 3 {
		t.Errorf("%d frames recovered in %v", found, b.heard)
	}
}

func TestSenderPausesAreNoLoss(t *testing.T) {
	b := newBench()
	b.steady(0, 50)
	b.tick(100) // a second of silence, nothing sent
	for n := 50; n < 100; n++ {
		b.put(n+50, uint16(n), uint32((n+50)*160), byte(n))
		b.tick(2)
	}
	b.tick(6)
	b.wantSpoken(t, 0, 100)
	if s := b.Stats(); s.Concealed != 0 || s.Lost != 0 || s.Resyncs != 0 || s.Late != 0 {
		t.Errorf("%+v", s)
	}
}

func TestSenderWhoseClockStandsStillInPauses(t *testing.T) {
	b := newBench()
	b.steady(0, 50)
	b.tick(100)
	b.steady(50, 100)
	b.tick(6)
	got := b.spoken()
	if n := len(got); n < 85 || got[n-1] != 99 {
		t.Errorf("heard %v", got)
	}
	if s := b.Stats(); s.Resyncs > 1 || s.Delay > 60*time.Millisecond {
		t.Errorf("%+v", s)
	}
}

func TestTimestampJumpIsFollowedWithinTwoPackets(t *testing.T) {
	for _, jump := range []uint32{1 << 20, 1 << 31, 0xF0000000, 80000} {
		b := newBench()
		b.steady(0, 50)
		for n := 50; n < 100; n++ {
			b.put(n, uint16(n), uint32(n*160)+jump, byte(n))
			b.tick(2)
		}
		b.tick(8)
		if got := b.spoken(); len(got) < 97 || got[len(got)-1] != 99 {
			t.Errorf("jump of %d: heard %v, %+v", jump, got, b.Stats())
		}
	}
}

func TestStrayPacketsDoNoHarm(t *testing.T) {
	b := newBench()
	for n := range 100 {
		b.send(n)
		if n%3 == 0 {
			b.put(n, uint16(n+20000+7*n), uint32(n*160+99999), 250)
			b.put(n, uint16(n), uint32(n*160)+1<<30, 250)
		}
		b.tick(2)
	}
	b.tick(6)
	b.wantSpoken(t, 0, 100)
	if s := b.Stats(); s.Resyncs != 0 || s.Rejected < 60 {
		t.Errorf("%+v", s)
	}
}

func TestResetTakesUpANewSource(t *testing.T) {
	b := newBench()
	b.steady(0, 50)
	b.Reset(48000, counter(960))
	for n := 50; n < 100; n++ {
		b.put(n, uint16(n+30000), uint32(n*960+12345678), byte(n))
		b.tick(2)
	}
	b.tick(8)
	b.wantSpoken(t, 0, 100)
	if s := b.Stats(); s.Lost+s.Late+s.Rejected != 0 || s.Received != 100 {
		t.Errorf("%+v", s)
	}
}

func TestEventsTakeNumbersButNoTime(t *testing.T) {
	b := newBench()
	b.steady(0, 50)
	for n := 50; n < 60; n++ { // RFC 4733: one timestamp for all packets of the event
		b.Put(Packet{Seq: uint16(n), TS: 50 * 160, Kind: Other, Payload: []byte{5, 10, 0, 0}})
		b.tick(2)
	}
	b.steady(60, 100)
	b.tick(6)
	s := b.Stats()
	if s.Lost+s.Late+s.Concealed+s.Resyncs != 0 {
		t.Errorf("%+v", s)
	}
	if got := b.spoken(); len(got) != 90 {
		t.Errorf("heard %v", got)
	}
}

func TestComfortNoiseFillsAPause(t *testing.T) {
	_, d, _ := codec.PCMU.New()
	b := New(Config{}, d)
	say := voice(t)
	var f audio.Frame
	for n := range 40 {
		b.Put(Packet{Seq: uint16(n), TS: uint32(n * 160), Payload: say(n)})
		b.Get(&f)
		b.Get(&f)
	}
	b.Put(Packet{Seq: 40, TS: 40 * 160, Kind: Noise, Payload: []byte{40}})
	var level float64
	for n := range 100 {
		b.Get(&f)
		if n >= 50 {
			level += f.Level() / 50
		}
	}
	if math.Abs(level+40) > 2.5 {
		t.Errorf("noise of -40 dB heard at %.1f", level)
	}
	if s := b.Stats(); s.Concealed != 0 {
		t.Errorf("%+v", s)
	}
}

func TestDelayShrinksWhenTheNetworkCalms(t *testing.T) {
	b := New(Config{}, tape{})
	wild := path{"wild", 5, 20, 0.05, 60, 3, 0, 1, 0, false}
	calm := path{"calm", 5, 0.2, 0, 0, 1, 0, 1, 0, false}
	a, fastest := wild.arrivals(1000, 1)
	high, _, _ := run(b, a, fastest, 0, number, nil)
	c, _ := calm.arrivals(2500, 1)
	for i := range c {
		c[i].seq += 1000
		c[i].ms += 20000
	}
	run(b, c, fastest, 0, number, nil)
	if s := b.Stats(); s.Delay > 30*time.Millisecond || high < 40 || s.Shrunk == 0 {
		t.Errorf("delay %v after %.1f ms, %+v", s.Delay, high, s)
	}
}

func TestHungUpReaderRecovers(t *testing.T) {
	b := newBench()
	b.steady(0, 50)
	for n := 50; n < 200; n++ { // the card stands still for three seconds
		b.send(n)
	}
	for n := 200; n < 250; n++ {
		b.put(n, uint16(n), uint32(n*160), byte(n))
		b.tick(2)
	}
	s := b.Stats()
	b.tick(50)
	if got := b.spoken(); got[len(got)-1] != 249 {
		t.Errorf("heard %v", got)
	}
	if s.Delay > 150*time.Millisecond {
		t.Errorf("delay %v", s.Delay)
	}
}

func TestNothingSentIsSilence(t *testing.T) {
	_, d, _ := codec.PCMA.New()
	b := New(Config{}, d)
	var f audio.Frame
	for range 500 {
		b.Get(&f)
		if f.Level() != audio.Silence {
			t.Fatal("sound out of nothing")
		}
	}
}

func TestBadPayloadsAreConcealed(t *testing.T) {
	b := newBench()
	for n := range 60 {
		if n%10 == 5 {
			b.put(n, uint16(n), uint32(n*160))
		} else {
			b.send(n)
		}
		b.tick(2)
	}
	b.put(60, 60, 60*160, make([]byte, maxPayload+1)...)
	if s := b.Stats(); s.Rejected != 7 || s.Resyncs != 0 {
		t.Errorf("%+v", s)
	}
}

func TestPutAndGetFromTwoGoroutines(t *testing.T) {
	_, d, _ := codec.G722.New()
	b := New(Config{}, d)
	say := voice(t)
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := range 1000 {
			b.Put(Packet{Seq: uint16(n), TS: uint32(n * 160), Payload: say(n), Arrival: time.UnixMilli(int64(n))})
			if n%200 == 199 {
				_, d, _ := codec.PCMA.New()
				b.Reset(8000, d)
			}
			b.Stats()
		}
	})
	var f audio.Frame
	for range 2000 {
		b.Get(&f)
	}
	wg.Wait()
}

func TestNothingAllocates(t *testing.T) {
	_, d, _ := codec.PCMU.New()
	b := New(Config{}, d)
	say := voice(t)
	var f audio.Frame
	n := 0
	step := func() {
		if n%7 != 3 {
			b.Put(Packet{Seq: uint16(n), TS: uint32(n * 160), Payload: say(n), Arrival: time.UnixMilli(int64(n) * 20)})
		}
		if n%50 != 0 {
			b.Get(&f)
		}
		b.Get(&f)
		n++
	}
	for range 2 * slots {
		step() // room for payloads is made once
	}
	if got := testing.AllocsPerRun(1000, step); got != 0 {
		t.Error(got, "allocations")
	}
}

// FuzzBuffer drives a buffer by a script: each four bytes are a packet or some ticks.
func FuzzBuffer(f *testing.F) {
	f.Add([]byte{0, 1, 1, 0, 9, 2, 0, 0, 0, 1, 1, 0, 9, 2, 0, 0})
	f.Add([]byte{1, 255, 255, 40, 9, 200, 0, 0, 2, 9, 9, 9, 3, 1, 1, 1, 4, 0, 0, 0, 9, 20, 0, 0})
	f.Add([]byte{4, 5, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 9, 3, 0, 0, 2, 255, 0, 0, 0, 0, 0, 0, 6, 9, 0, 0})
	f.Fuzz(func(t *testing.T, script []byte) {
		_, d, _ := codec.PCMU.New()
		b := New(Config{Clock: 8000}, d)
		p := Packet{Payload: make([]byte, 160)}
		var fr audio.Frame
		for len(script) >= 4 {
			op := script[:4]
			script = script[4:]
			switch op[0] % 8 {
			case 0: // in order
				p.Seq, p.TS = p.Seq+1, p.TS+160
			case 1: // anywhere
				p.Seq = uint16(op[1])<<8 | uint16(op[2])
				p.TS = uint32(op[2])<<24 | uint32(op[3])<<12
			case 2: // near
				p.Seq += uint16(int8(op[1]))
				p.TS += uint32(int32(int8(op[2])) * 160)
			case 3:
				p.Kind, p.Marker = Kind(op[1]%4), op[2]%2 == 1
			case 4:
				p.Payload = make([]byte, int(op[1])*4) // 20 and its multiples can be decoded
			case 5:
				b.Reset(int(op[1])*500, nil)
			default:
				for range op[1] {
					b.Get(&fr)
					if l := fr.Level(); !(l < 10) {
						t.Fatalf("level %v", l)
					}
				}
				continue
			}
			b.Put(p)
			if s := b.Stats(); s.Delay < 0 || s.Delay > time.Minute || s.Target < 0 || s.Target > time.Second {
				t.Fatalf("%+v", s)
			}
			if left := b.player.left(); left < 0 || left > line {
				t.Fatal("line of", left)
			}
		}
	})
}

// What a frame costs without its decoder, on a quiet network and on one that keeps the buffer busy: 13 000 ARMv7
// instructions on lan, Put included, and 36 000 on wifi.
func BenchmarkGet(b *testing.B) {
	for _, p := range paths[:3] {
		b.Run(p.name, func(b *testing.B) {
			var f audio.Frame
			var j *Buffer
			a, _ := p.arrivals(6000, 1)
			i := len(a)
			var now float64
			for b.Loop() {
				if i == len(a) {
					i, now, j = 0, a[0].ms, New(Config{}, tape{})
				}
				for ; i < len(a) && a[i].ms <= now; i++ {
					j.Put(Packet{Seq: uint16(a[i].seq), TS: uint32(a[i].seq * 160), Payload: number(a[i].seq)})
				}
				j.Get(&f)
				now += 10
			}
		})
	}
}
