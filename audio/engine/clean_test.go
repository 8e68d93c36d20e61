package engine

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/quality"
)

// halver is a Cleaner that can be told from silence and from none, and remembers what it was told of the speaker.
type halver struct {
	path   Path
	played *audio.Frame
}

func (h *halver) Room() quality.Room { return quality.Room{ERLE: 6} }

func (h *halver) Process(mic, spk *audio.Frame) {
	mic.Scale(0.5)
	*h.played = *spk
}

// run lets a phone without a card live for d.
func run(t *testing.T, e *Engine, during func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- e.Run(ctx) }()
	during()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestVoiceIsCleanedWhileSomebodyHearsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mic echo // hears itself: says what it plays
		mic.rate = audio.Rate
		card := &paced{echo: &mic}
		e := New(Default(), func() (Device, error) { return card, nil }, nil, quiet)
		made := map[Path]int{}
		var played audio.Frame
		e.SetCleaner(func(p Path) Cleaner { made[p]++; return &halver{p, &played} })
		run(t, e, func() {
			card.busy.Lock() // while the test looks, the card waits
			defer card.busy.Unlock()
			settle := func() {
				card.busy.Unlock()
				time.Sleep(100 * time.Millisecond)
				synctest.Wait()
				card.busy.Lock()
			}
			settle()
			if len(made) != 0 {
				t.Errorf("nobody hears us, and %v cleaners were made", made)
			}
			p := &voice{says: 0.2}
			e.SetParties([]Party{p})
			settle()
			if made[Handset] != 1 || !near(p.heard[479], 0.1) || !near(played[479], 0.2) {
				t.Errorf("a call: %v made, heard %v while the speaker said %v", made, p.heard[479], played[479])
			}
			if erle := e.Stats().Room.ERLE; erle != 6 {
				t.Errorf("the cleaner's figures are not told: %v", erle)
			}
			e.SetParties([]Party{p})
			e.SetPath(Handset)
			settle()
			if made[Handset] != 1 {
				t.Errorf("nothing new: %v made", made)
			}
			e.SetPath(Speaker)
			settle()
			if made[Speaker] != 1 || !near(p.heard[479], 0.1) {
				t.Errorf("another path: %v made, heard %v", made, p.heard[479])
			}
			e.SetCleaner(nil)
			settle()
			if !near(p.heard[479], 0.2) {
				t.Errorf("as it is: heard %v", p.heard[479])
			}
		})
	})
}

// paced is an echo at the pace of the clock.
type paced struct {
	*echo
	busy sync.Mutex
}

func (p *paced) Exchange(mic, spk []int16) error {
	time.Sleep(10 * time.Millisecond)
	p.busy.Lock()
	defer p.busy.Unlock()
	return p.echo.Exchange(mic, spk)
}
