package engine

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/audio"
)

// socket is where a card is plugged in and pulled. To open one takes 30 ms, as a USB card does.
type socket struct {
	mu      sync.Mutex
	plugged int       // counts; odd: a card is in
	heard   time.Time // when a card of this plugging first moved samples
}

func (s *socket) now() int { s.mu.Lock(); defer s.mu.Unlock(); return s.plugged }

func (s *socket) change() { s.mu.Lock(); defer s.mu.Unlock(); s.plugged++; s.heard = time.Time{} }

func (s *socket) open() (Device, error) {
	is := s.now()
	if is%2 == 0 {
		return nil, errors.New("no such card")
	}
	time.Sleep(30 * time.Millisecond)
	if s.now() != is {
		return nil, errUnplugged
	}
	return &plugged{pacer: pacer{sleep: time.Sleep}, in: s, is: is}, nil
}

type plugged struct {
	pacer
	in *socket
	is int
}

func (p *plugged) Exchange(mic, spk []int16) error {
	p.in.mu.Lock()
	gone := p.in.plugged != p.is
	if !gone && p.in.heard.IsZero() {
		p.in.heard = time.Now()
	}
	p.in.mu.Unlock()
	if gone {
		return errUnplugged
	}
	return p.pacer.Exchange(mic, spk)
}

// punctual is a party that notes the longest time between two frames said to it.
type punctual struct {
	last    time.Time
	longest time.Duration
	n       int
}

func (*punctual) Pull(*audio.Frame) {}
func (p *punctual) Push(*audio.Frame) {
	if now := time.Now(); !p.last.IsZero() {
		p.longest, p.last = max(p.longest, now.Sub(p.last)), now
	} else {
		p.last = now
	}
	p.n++
}

// however long a headset was away, and how wildly it was plugged in and out, it is heard again within 500 ms, and the far
// side gets its frames all the time.
func TestAHeadsetPluggedInDuringACallIsHeardWithin500ms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far := &socket{plugged: 1}, &punctual{}
		e := New(Default(), s.open, nil, quiet)
		e.sleep = time.Sleep
		e.SetParties([]Party{far})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		began := time.Now()
		go func() { done <- e.Run(ctx) }()
		time.Sleep(time.Second)
		worst := time.Duration(0)
		times := []time.Duration{7, 130, 333, 501, 777, 1_999, 10_007, 61_003, 600_011}
		if testing.Short() { // an engine that ticks for minutes takes a while on an emulated processor
			times = times[:6]
		}
		for _, away := range times {
			s.change()
			time.Sleep(away * time.Millisecond)
			s.change()
			at := time.Now()
			time.Sleep(700 * time.Millisecond)
			s.mu.Lock()
			if s.heard.IsZero() || s.heard.Sub(at) > 500*time.Millisecond {
				t.Errorf("after %d ms: heard %v after it was plugged in", away, s.heard.Sub(at))
			}
			worst = max(worst, s.heard.Sub(at))
			s.mu.Unlock()
		}
		for storm := range 41 { // a plug that has bad contact
			s.change()
			time.Sleep(time.Duration(20+37*storm%200) * time.Millisecond)
		}
		s.change()
		at := time.Now()
		time.Sleep(700 * time.Millisecond)
		if s.heard.IsZero() || s.heard.Sub(at) > 500*time.Millisecond {
			t.Errorf("after a storm: heard %v after it was plugged in", s.heard.Sub(at))
		}
		cancel()
		<-done
		if want := int(time.Since(began) / (10 * time.Millisecond)); far.longest > 30*time.Millisecond || far.n < want-60 {
			t.Errorf("the far side waited up to %v for a frame and got %d of %d", far.longest, far.n, want)
		}
		t.Logf("heard again after %v at most; the far side waited up to %v", worst, far.longest)
	})
}
