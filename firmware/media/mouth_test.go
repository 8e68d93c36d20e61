//go:build cgo

package media

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/agc"
	"opendeskphone/audio/codec"
	"opendeskphone/audio/codec/opus"
	"opendeskphone/audio/engine"
	"opendeskphone/audio/send"
	"opendeskphone/audio/talker"
)

// room is a sound card of 48 kHz that gives 10 ms and takes 10 ms.
type room struct {
	wait  time.Duration // before the first exchange
	start time.Time     // of what is heard first
	next  time.Time
	says  []audio.Frame
	heard []float32
}

func (*room) Rate() int    { return audio.Rate }
func (*room) Close() error { return nil }

func (r *room) Exchange(mic, spk []int16) error {
	if r.next.IsZero() {
		r.start = time.Now().Add(r.wait)
		r.next = r.start
	}
	r.next = r.next.Add(10 * time.Millisecond)
	time.Sleep(time.Until(r.next))
	clear(mic)
	if len(r.says) > 0 {
		for i, v := range r.says[0] {
			mic[i] = int16(32767 * v)
		}
		r.says = r.says[1:]
	}
	for _, v := range spk {
		r.heard = append(r.heard, float32(v)/32768)
	}
	return nil
}

// The voice is a talker's, but for a mark of noise: speech is like itself a pitch period later.
const (
	mark   = 1275 // frame at which it begins, in a pause
	marked = 20   // frames of it
)

// lag finds by how many samples the mark was heard later than said.
func lag(said []audio.Frame, heard []float32) int {
	best, most := 0, 0.0
	for d := range audio.Rate / 5 {
		var sum float64
		for i := mark; i < mark+marked; i++ {
			for j, v := range said[i] {
				sum += float64(v) * float64(heard[i*audio.FrameLen+j+d])
			}
		}
		if sum > most {
			best, most = d, sum
		}
	}
	return best
}

// TestMouthToEar is the whole way of a voice, from its place in what one phone's sound card gives to its place in what
// the other's takes: cleaning, packets, a network of 1 ms, jitter buffer, two engines whose ticks fall anywhere between
// one another. The cards' own buffers come on top, 10 ms at the least.
func TestMouthToEar(t *testing.T) {
	for _, c := range []struct {
		name  string
		codec codec.Codec
		ptime int
		want  time.Duration
	}{
		{"Opus 10 ms", opus.Codec, 10, 35 * time.Millisecond},
		{"PCMA 20 ms", codec.PCMA, 20, 45 * time.Millisecond},
	} {
		var sum time.Duration
		phases := []time.Duration{1 * time.Millisecond, 5 * time.Millisecond, 9 * time.Millisecond}
		if testing.Short() { // the race detector takes a minute for all
			phases = phases[1:2]
		}
		for _, phase := range phases {
			synctest.Test(t, func(t *testing.T) {
				one := mouthToEar(t, c.codec, c.ptime, phase)
				t.Logf("%s, ticks %v apart: %v", c.name, phase, one)
				sum += one
			})
		}
		mean := sum / time.Duration(len(phases))
		t.Logf("mouth to ear, %s: %.1f ms", c.name, float64(mean)/float64(time.Millisecond))
		if mean > c.want {
			t.Errorf("%s: %v, want %v", c.name, mean, c.want)
		}
	}
}

func mouthToEar(t *testing.T, with codec.Codec, ptime int, phase time.Duration) time.Duration {
	k := newCall(t, choice{codecs: []codec.Codec{with}, cfg: func(c *Config) { c.Ptime = ptime }})
	k.lan.late = time.Millisecond
	says := talker.Say(1400)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range says {
		says[i].Scale(0.2)
		for j := range says[i] {
			if i >= mark && i < mark+marked {
				says[i][j] = float32(r.NormFloat64()) * 0.05
			}
		}
	}
	mouth, ear := &room{says: says}, &room{wait: phase}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	for _, end := range []struct {
		*room
		*phone
	}{{mouth, k.a}, {ear, k.b}} {
		e := engine.New(engine.Default(), func() (engine.Device, error) { return end.room, nil }, nil, quiet)
		e.SetCleaner(func(engine.Path) engine.Cleaner { return send.NewVoice(send.Profile{Level: true, Lift: agc.Range}) })
		e.SetParties([]engine.Party{end.Session})
		go func() { ended <- e.Run(ctx) }()
	}
	time.Sleep(15 * time.Second)
	cancel()
	<-ended
	<-ended
	return time.Duration(lag(says, ear.heard))*time.Second/audio.Rate + ear.start.Sub(mouth.start)
}
