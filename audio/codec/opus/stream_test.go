package opus

import (
	"math/rand/v2"
	"testing"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
	"opendeskphone/audio/jitter"
)

// A stream with 10 % loss through the jitter buffer: more frames come back by FEC than are made up.
func TestLossyStreamThroughTheJitterBuffer(t *testing.T) {
	e, d := open(t)
	e.(codec.Tuner).Loss(10, true)
	b := jitter.New(jitter.Config{Clock: 48000}, d)
	x := vowel(2000)
	r := rand.New(rand.NewPCG(1, 1))
	var f audio.Frame
	for n := range len(x) / 2 {
		p := e.Encode(nil, x[2*n:2*n+2])
		if r.IntN(10) != 0 {
			b.Put(jitter.Packet{Seq: uint16(n), TS: uint32(n * 960), Payload: p, Arrival: time.UnixMilli(int64(n) * 20)})
		}
		for range 2 {
			b.Get(&f)
		}
	}
	s := b.Stats()
	if s.Recovered < s.Concealed || s.Lost == 0 || s.Delay > 70*time.Millisecond {
		t.Errorf("%+v", s)
	}
	t.Logf("%d frames recovered, %d made up, delay %v", s.Recovered, s.Concealed, s.Delay)
}
