// Package panel joins the phone's front to its centre: the hook becomes a fact for the centre, keys
// and touch go to the screen, and the state goes to the lamps and the backlight.
//
//	hal.Keys -> panel -> phone.Loop      (hook)
//	                  -> Screen          (keys and touch)
//	phone.State -> panel -> hal.Lamps, backlight
package panel

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
)

// Screen takes keys and touch; what they mean depends on what is shown.
type Screen interface {
	Key(e hal.KeyEvent)
	Touch(t hal.Touch)
}

// Centre is what is used of phone.Loop: the state, and the way in for the one fact the panel knows.
type Centre interface {
	State() *phone.State
	Watch(ctx context.Context, after phone.Seq) (phone.Update, error)
	Post(by phone.Origin, e phone.Event)
}

// Config is the panel's part of the settings.
type Config struct {
	Brightness int           // percent while in use
	Dim        time.Duration // of no use, until the screen dims
	Off        time.Duration // of no use, until the backlight goes out
}

const dimmed = 15 // percent

// Panel is the front of one phone.
type Panel struct {
	cfg     chan Config
	centre  Centre
	devices hal.Devices
	screen  Screen
	log     *slog.Logger

	began    time.Time
	lamps    map[hal.Lamp]bool
	light    int
	lastUsed time.Time
}

// New makes a panel; a nil Keys, Lamps or Display in d is a part the board lacks.
func New(cfg Config, centre Centre, d hal.Devices, screen Screen, log *slog.Logger) *Panel {
	p := &Panel{cfg: make(chan Config, 1), centre: centre, devices: d, screen: screen, log: log, lamps: map[hal.Lamp]bool{}, light: -1}
	p.cfg <- cfg
	return p
}

// Configure takes new settings.
func (p *Panel) Configure(c Config) {
	select {
	case <-p.cfg:
	default:
	}
	p.cfg <- c
}

// Run serves until ctx ends or the keys are gone.
func (p *Panel) Run(ctx context.Context) error {
	p.began = time.Now()
	p.lastUsed = p.began
	cfg := <-p.cfg
	var watcher sync.WaitGroup
	defer watcher.Wait()
	states := make(chan *phone.State, 1)
	watcher.Go(func() { p.watch(ctx, states) })
	s := p.centre.State()
	var keys <-chan hal.KeyEvent
	var touches <-chan hal.Touch
	if p.devices.Keys != nil {
		keys, touches = p.devices.Keys.Keys(), p.devices.Keys.Touches()
	}
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, ok := <-keys:
			if !ok {
				keys = nil
				continue
			}
			p.lastUsed = time.Now()
			p.key(e)
		case t, ok := <-touches:
			if !ok {
				touches = nil
				continue
			}
			p.lastUsed = time.Now()
			p.screen.Touch(t)
		case s = <-states:
			if heard(s) {
				p.lastUsed = time.Now()
			}
		case cfg = <-p.cfg:
		case <-next.C:
		}
		next.Reset(min(p.show(s), p.shine(cfg, s)))
	}
}

// watch puts the newest state into out, which has room for one.
func (p *Panel) watch(ctx context.Context, out chan *phone.State) {
	for seq := phone.Seq(0); ; {
		u, err := p.centre.Watch(ctx, seq)
		if err != nil {
			return
		}
		seq = u.State.Seq
		select {
		case <-out:
		default:
		}
		out <- u.State
	}
}

func (p *Panel) key(e hal.KeyEvent) {
	switch e.Key {
	case hal.Hook:
		p.centre.Post("panel", phone.HookMoved{Off: e.Pressed})
	case hal.Jack:
		p.centre.Post("panel", phone.JackMoved{In: e.Pressed})
	default:
		p.screen.Key(e)
	}
}

// show sets the lamps that differ and tells when to look again.
func (p *Panel) show(s *phone.State) time.Duration {
	wait := time.Hour
	if p.devices.Lamps == nil {
		return wait
	}
	since := time.Since(p.began)
	for l, b := range rhythms(s) {
		on, stays := b.lit(since)
		if stays > 0 {
			wait = min(wait, stays)
		}
		if was, known := p.lamps[l]; known && was == on {
			continue
		}
		if err := p.devices.Lamps.Set(l, on); err != nil {
			p.log.Warn("lamp", "lamp", l, "err", err)
		}
		p.lamps[l] = on
	}
	return wait
}

// heard tells whether somebody speaks, in a call or from a recording, which a computer may have asked for.
func heard(s *phone.State) bool { return len(s.Calls) > 0 || s.Playing.ID != "" }

// shine sets the backlight and tells when to look again. The screen never goes out in a call, while something is played, or
// while something is wrong that its user must see.
func (p *Panel) shine(c Config, s *phone.State) time.Duration {
	if p.devices.Display == nil {
		return time.Hour
	}
	idle := time.Since(p.lastUsed)
	want, wait := c.Brightness, c.Dim-idle
	switch awake := heard(s) || noLineCanCall(s); {
	case awake:
		wait = time.Hour
	case idle >= c.Off:
		want, wait = 0, time.Hour
	case idle >= c.Dim:
		want, wait = min(dimmed, c.Brightness), c.Off-idle
	}
	if want != p.light {
		p.light = want
		if err := p.devices.Display.Backlight(want); err != nil {
			p.log.Warn("backlight", "err", err)
		}
	}
	return wait
}
