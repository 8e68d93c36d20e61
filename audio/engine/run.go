package engine

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/quality"
)

// A headset plugged in during a call is to be heard within 500 ms. To look for a card that is not there costs less than a
// tick, so it is done often enough for that, for as long as it takes.
const (
	firstWait = 50 * time.Millisecond // before a card that failed is opened again; doubles
	lastWait  = 100 * time.Millisecond
	healthy   = 5 * time.Second // a card that lived this long starts again with firstWait
)

// ErrNoDevice: the phone was built without any way to a sound card.
var ErrNoDevice = errors.New("engine: no sound device")

// Stats is what the engine knows of itself.
type Stats struct {
	Ticks    uint64
	Parties  int
	OnCard   bool          // a card paces us, not the system's clock
	Cards    uint64        // times a card was opened
	Faults   uint64        // times a card died
	LongTick time.Duration // longest time between frame in and frame out
	Room     quality.Room  // echo and noise at the microphone, as far as known
}

// Stats gives the counters.
func (e *Engine) Stats() Stats {
	return Stats{
		Ticks: e.ticks.Load(), Parties: len(*e.parties.Load()), OnCard: e.onCard.Load(),
		Cards: e.cards.Load(), Faults: e.faults.Load(), LongTick: time.Duration(e.peak.Load()), Room: e.cleaning.room(),
	}
}

// Run is the audio goroutine, and beside it the one that opens and closes cards and the one that makes cleaners, which
// may take their time. It returns when ctx ends and the card is closed; the error is nil.
func (e *Engine) Run(ctx context.Context) error {
	fresh := make(chan *card)      // opened cards on their way to the audio goroutine
	failed := make(chan error, 1)  // the reason why the present card is no longer used
	stopped := make(chan struct{}) // the audio goroutine uses no card any more
	var all sync.WaitGroup
	all.Go(func() {
		defer close(stopped)
		e.loop(ctx, fresh, failed)
	})
	all.Go(func() { e.keep(ctx, fresh, failed, stopped) })
	all.Go(func() { e.cleaning.prepare(ctx) })
	all.Wait()
	return nil
}

// loop exchanges frames with the card, or with the clock while there is none, and ticks.
func (e *Engine) loop(ctx context.Context, fresh <-chan *card, failed chan<- error) {
	runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
	_ = Urgent()           // without the right to it the phone works, less evenly
	idle, _ := newCard(&pacer{sleep: e.sleep})
	now := idle
	var mic, spk audio.Frame
	for ctx.Err() == nil {
		if now == idle {
			select {
			case now = <-fresh:
				e.onCard.Store(true)
			default:
			}
		}
		if err := now.exchange(&mic, &spk); err != nil {
			e.onCard.Store(false)
			failed <- err // has room: one card, one reason
			now = idle
			continue
		}
		began := time.Now()
		e.tick(&mic, &spk)
		if d := int64(time.Since(began)); d > e.peak.Load() {
			e.peak.Store(d)
		}
	}
}

// keep opens a card, hands it over, waits for it to fail, and begins again.
func (e *Engine) keep(ctx context.Context, fresh chan<- *card, failed <-chan error, stopped <-chan struct{}) {
	wait := firstWait
	var told string
	for ctx.Err() == nil {
		c, err := e.openCard()
		if err == nil {
			e.tell(nil, &told)
			began := time.Now()
			err = e.lend(ctx, c, fresh, failed, stopped)
			if time.Since(began) >= healthy {
				wait = firstWait
			}
		}
		if ctx.Err() != nil {
			return
		}
		e.tell(err, &told)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, lastWait)
	}
}

func (e *Engine) openCard() (*card, error) {
	if e.open == nil {
		return nil, ErrNoDevice
	}
	d, err := e.open()
	if err != nil {
		return nil, err
	}
	c, err := newCard(d)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	e.cards.Add(1)
	return c, nil
}

// lend gives the card to the audio goroutine and closes it when that is done with it. It says why.
func (e *Engine) lend(ctx context.Context, c *card, fresh chan<- *card, failed <-chan error, stopped <-chan struct{}) error {
	var why error
	select {
	case fresh <- c:
		select {
		case why = <-failed:
			e.faults.Add(1)
		case <-stopped:
		}
	case <-ctx.Done():
	}
	if err := c.Close(); err != nil {
		why = errors.Join(why, err)
	}
	return why
}

// tell passes on that the card works (nil) or why not; the same news only once.
func (e *Engine) tell(err error, told *string) {
	news := "works"
	if err != nil {
		news = err.Error()
	}
	if news == *told {
		return
	}
	*told = news
	if err != nil {
		e.log.Warn("no sound card, calls run on the system clock", "err", err)
	} else {
		e.log.Info("sound card works")
	}
	if e.notify != nil {
		e.notify(err)
	}
}
