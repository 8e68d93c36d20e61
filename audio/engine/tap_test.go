package engine

import (
	"math"
	"testing"

	"opendeskphone/audio"
	"opendeskphone/audio/tone"
)

// ear remembers what a tap overheard.
type ear struct {
	own, far audio.Frame
	n        int
}

func (e *ear) Hear(own, far *audio.Frame) { e.own, e.far = *own, *far; e.n++ }

func TestATapHearsBothSides(t *testing.T) {
	e, tap := newEngine(), &ear{}
	e.SetVolume(Handset, 0) // what is recorded does not depend on it
	e.SetTap(tap, false)
	mic, spk := frame(0.08), audio.Frame{}
	e.tick(&mic, &spk)
	if tap.n != 0 {
		t.Error("the room is overheard though nobody is spoken to")
	}
	e.SetParties([]Party{&voice{says: 0.01}, &voice{says: 0.02}})
	e.tick(&mic, &spk)
	if !near(tap.own[0], 0.08) || !near(tap.far[0], 0.03) {
		t.Errorf("heard us %v and them %v", tap.own[0], tap.far[0])
	}
	e.SetMuted(true)
	e.tick(&mic, &spk)
	e.tick(&mic, &spk)
	if tap.own != (audio.Frame{}) || !near(tap.far[0], 0.03) {
		t.Errorf("muted: heard us %v and them %v", tap.own[0], tap.far[0])
	}
	e.SetTap(nil, false)
	n := tap.n
	e.tick(&mic, &spk)
	if tap.n != n {
		t.Error("a tap taken away still hears")
	}
}

// everybody but the one who records hears the tone: half a second at once and every 15 s, muted or not.
func TestARecordedCallIsAnnounced(t *testing.T) {
	e, tap, far := newEngine(), &ear{}, &voice{}
	e.SetParties([]Party{far})
	e.SetMuted(true)
	e.SetTap(tap, true)
	var mic, spk audio.Frame
	var beeps []int // ticks at which one begins
	sounding, on := false, 0
	for tick := range 3100 {
		e.tick(&mic, &spk)
		loud := far.heard.Level() > -40
		if loud {
			on++
			if tap.own.Level() < -40 {
				t.Fatal("the tone is not in the recording")
			}
		}
		if loud && !sounding {
			beeps = append(beeps, tick)
		}
		if sounding = loud; spk.Level() > -90 {
			t.Fatal("we hear the tone ourselves")
		}
	}
	if len(beeps) != 3 || beeps[0] > 1 || beeps[1]-beeps[0] != 1500 || beeps[2]-beeps[1] != 1500 || on < 145 || on > 155 {
		t.Errorf("beeps at ticks %v, %d ticks long in all", beeps, on)
	}
	if level := toneLevel(t, e, far); math.Abs(level+23) > 1 {
		t.Errorf("the tone has %.1f dBFS", level)
	}
	e.SetTap(nil, false)
	e.tick(&mic, &spk)
	for range 1600 {
		if e.tick(&mic, &spk); far.heard.Level() > -90 {
			t.Fatal("the tone goes on after the recording")
		}
	}
}

// toneLevel is the level of a beep in its middle.
func toneLevel(t *testing.T, e *Engine, far *voice) float64 {
	t.Helper()
	e.SetTap(&ear{}, true)
	var mic, spk audio.Frame
	for range 20 {
		e.tick(&mic, &spk)
	}
	return far.heard.Level()
}

// everybody hears that somebody has joined, once, also from one who is muted.
func TestAChimeIsHeardByAll(t *testing.T) {
	e, one, two := newEngine(), &voice{}, &voice{}
	e.SetParties([]Party{one, two})
	e.SetMuted(true)
	e.Chime(tone.Joined())
	var mic, spk audio.Frame
	var heard [3]int // ticks at which we and they hear it
	for range 100 {
		e.tick(&mic, &spk)
		for i, f := range []*audio.Frame{&spk, &one.heard, &two.heard} {
			if f.Level() > -40 {
				heard[i]++
			}
		}
	}
	for i, n := range heard {
		if n < 28 || n > 36 {
			t.Errorf("%d hears it for %d ticks", i, n)
		}
	}
}
