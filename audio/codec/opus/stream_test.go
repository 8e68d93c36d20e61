package opus

import (
	"math/rand/v2"
	"testing"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
	"opendeskphone/audio/jitter"
)

// A stream with 10 % loss through the jitter buffer: half of the frames lost, at least, come back by FEC.
func TestLossyStreamThroughTheJitterBuffer(t *testing.T) {
	e, d := open(t)
	e.(codec.Tuner).Loss(10)
	b := jitter.New(jitter.Config{Clock: 48000}, d)
	x := vowel(2000)
	r := rand.New(rand.NewPCG(1, 1))
	var f audio.Frame
	var quiet int
	for n := range len(x) / 2 {
		p := e.Encode(nil, x[2*n:2*n+2])
		if r.IntN(10) != 0 {
			b.Put(jitter.Packet{Seq: uint16(n), TS: uint32(n * 960), Payload: p, Arrival: time.UnixMilli(int64(n) * 20)})
		}
		for range 2 {
			b.Get(&f)
			if n > 10 && f.Level() < -60 {
				quiet++
			}
		}
	}
	s := b.Stats()
	if s.Recovered < s.Concealed || s.Lost == 0 || s.Delay > 70*time.Millisecond || quiet > 10 {
		t.Errorf("%d silent frames, %+v", quiet, s)
	}
	t.Logf("%d frames recovered, %d made up, delay %v", s.Recovered, s.Concealed, s.Delay)
}
