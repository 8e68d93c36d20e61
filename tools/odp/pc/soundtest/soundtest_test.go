package soundtest

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// room is a card whose loudspeaker its own microphone hears.
type room struct {
	delay  time.Duration
	gain   float64 // of the way, as a factor
	noise  float64
	broken error
	played []int16
	heard  int
}

func (c *room) Rate() int { return rate }

func (c *room) Exchange(mic, spk []int16) error {
	c.played = append(c.played, spk...)
	for i := range mic {
		v := (rand.Float64()*2 - 1) * c.noise * math.MaxInt16
		if at := c.heard - samples(c.delay); at >= 0 {
			v += c.gain * float64(c.played[at])
		}
		mic[i] = int16(max(-32768, min(32767, v)))
		c.heard++
	}
	return c.broken
}

func measure(t *testing.T, c *room) Result {
	t.Helper()
	r, err := Run(t.Context(), c, func(float64) {})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestDelayAndLevelAreMeasured(t *testing.T) {
	for _, delay := range []time.Duration{20 * time.Millisecond, 137 * time.Millisecond, 600 * time.Millisecond} {
		r := measure(t, &room{delay: delay, gain: 0.1, noise: 0.002})
		if r.Heard != sweeps || (r.RoundTrip-delay).Abs() > time.Millisecond || r.Spread > time.Millisecond {
			t.Errorf("%v: %+v", delay, r)
		}
		if want := decibel(0.1 * level * 0.66); math.Abs(r.Level-want) > 2 {
			t.Errorf("level %.1f dB, want about %.1f", r.Level, want)
		}
	}
}

func TestASweepIsFoundInNoiseOfItsOwnStrength(t *testing.T) {
	r := measure(t, &room{delay: 80 * time.Millisecond, gain: 0.1, noise: 0.04})
	if r.Heard != sweeps || (r.RoundTrip-80*time.Millisecond).Abs() > time.Millisecond {
		t.Errorf("%+v", r)
	}
}

func TestNothingIsFoundWhereNothingIs(t *testing.T) {
	for _, c := range []struct {
		room room
		word string
	}{{room{}, "digital silence"}, {room{noise: 0.01}, "hears nothing"}} {
		r := measure(t, &c.room)
		if words := strings.Join(r.Words(), " "); r.Heard != 0 || !strings.Contains(words, c.word) {
			t.Errorf("%+v: %s", r, words)
		}
	}
	if r := measure(t, &room{delay: time.Millisecond, gain: 4}); !strings.Contains(strings.Join(r.Words(), " "), "cut off") {
		t.Errorf("too loud: %+v", r)
	}
}

func TestRunEnds(t *testing.T) {
	broken := errors.New("unplugged")
	if _, err := Run(t.Context(), &room{broken: broken}, func(float64) {}); !errors.Is(err, broken) {
		t.Errorf("a broken card: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, &room{}, func(float64) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}
