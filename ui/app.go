// Package ui shows the phone on its display and takes its keys and touches. All it decides stands in ui/screen; App gives
// that package the time, the changes of the phone and the keys, and brings what it draws to the display.
package ui

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/font"
	"opendeskphone/ui/screen"
	"opendeskphone/ui/theme"
)

// Origin is the name under which the screens give commands.
const Origin phone.Origin = "ui"

// App is the phone's face. New starts nothing; Run does.
type App struct {
	display  hal.Display
	control  phone.Control
	settings screen.Settings
	screens  *screen.Screens
	canvas   *draw.Canvas
	log      *slog.Logger

	keys    chan hal.KeyEvent
	touches chan hal.Touch
	poke    chan struct{}

	st    *phone.State // what is shown; it moves with the changes that led to it
	shown atomic.Uint64
	held  held
}

// held is a key that is being held down.
type held struct {
	key  hal.Key
	next time.Time // when it repeats or counts as long; zero: it does neither
}

// inbox is how many keys may wait for the screens; a hand is slower.
const inbox = 64

// New gives an App for a display, a phone and what else the screens show. A display of a size the design does not know
// is an error.
func New(d hal.Display, c phone.Control, src screen.Sources, log *slog.Logger) (*App, error) {
	th, err := theme.New(d.Size(), theme.Dark)
	if err != nil {
		return nil, fmt.Errorf("ui: %w", err)
	}
	fonts, err := font.NewSet()
	if err != nil {
		return nil, fmt.Errorf("ui: %w", err)
	}
	return &App{
		display: d, control: c, settings: src.Settings, screens: screen.New(src, th), canvas: draw.NewCanvas(d.Size(), fonts), log: log,
		keys: make(chan hal.KeyEvent, inbox), touches: make(chan hal.Touch, inbox), poke: make(chan struct{}, 1),
	}, nil
}

// Key takes a key; it never blocks. A key that finds no room is lost, and said to be.
func (a *App) Key(ev hal.KeyEvent) {
	select {
	case a.keys <- ev:
	default:
		a.log.Warn("key lost", "key", ev.Key)
	}
}

// Touch takes a touch of the display; it never blocks.
func (a *App) Touch(t hal.Touch) {
	select {
	case a.touches <- t:
	default:
		a.log.Warn("touch lost", "at", t.At)
	}
}

// Refresh says that something other than the phone's state changed: contacts, log, settings, the sound of a call. It never
// blocks.
func (a *App) Refresh() {
	select {
	case a.poke <- struct{}{}:
	default:
	}
}

// Run shows the phone until ctx ends, which is no error, or the display fails.
func (a *App) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	a.st = a.control.State() // what changed before is no news
	updates, watcher := make(chan phone.Update), make(chan error, 1)
	go func(seq phone.Seq) { watcher <- a.watch(ctx, seq, updates) }(a.st.Seq)
	err := a.loop(ctx, updates, watcher)
	cancel()
	if err == nil {
		err = <-watcher
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, phone.Stopped) { // the phone ends, and with it its screen
		return nil
	}
	return err
}

// watch hands over what changes after seq.
func (a *App) watch(ctx context.Context, seq phone.Seq, updates chan<- phone.Update) error {
	for {
		u, err := a.control.Watch(ctx, seq)
		if err != nil {
			return err
		}
		seq = u.State.Seq
		select {
		case updates <- u:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (a *App) loop(ctx context.Context, updates <-chan phone.Update, watcher chan error) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-watcher:
			watcher <- err // for Run
			return nil
		case u := <-updates:
			a.changed(u, time.Now())
		case ev := <-a.keys:
			a.key(ev, time.Now())
		case t := <-a.touches:
			a.touch(t, time.Now())
		case <-a.poke:
		case <-timer.C:
			a.tick(time.Now())
		}
		a.carryOut(ctx)
		if err := a.catchUp(ctx, updates, watcher); err != nil {
			return err
		}
		if len(a.keys) > 0 { // the next key was pressed already: it does not wait for a picture nobody can have seen
			continue
		}
		now := time.Now()
		if err := a.redraw(now); err != nil {
			return err
		}
		timer.Reset(a.wake(now).Sub(now))
	}
}

func (a *App) changed(u phone.Update, now time.Time) {
	if u.State.Seq < a.st.Seq {
		return
	}
	a.screens.Changed(u, a.st, now)
	a.st = u.State
}

// catchUp takes the changes our own commands led to, so that the next key meets the screen it was pressed on.
func (a *App) catchUp(ctx context.Context, updates <-chan phone.Update, watcher chan error) error {
	for want := a.control.State().Seq; a.st.Seq < want; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-watcher:
			watcher <- err
			return nil
		case u := <-updates:
			a.changed(u, time.Now())
		}
	}
	return nil
}

// wake is the moment at which something happens by itself.
func (a *App) wake(now time.Time) time.Time {
	next := a.screens.Next(a.st, now)
	if !a.held.next.IsZero() && a.held.next.Before(next) {
		next = a.held.next
	}
	return next
}

func (a *App) tick(now time.Time) {
	a.screens.Tick(a.st, now)
	if a.held.next.IsZero() || now.Before(a.held.next) {
		return
	}
	switch k := a.held.key; {
	case repeats(k):
		a.screens.Press(k, a.st, now)
		a.held.next = now.Add(theme.RepeatEvery)
	default:
		a.screens.Long(k, a.st, now)
		a.held.next = time.Time{}
	}
}

// repeats tells which keys go on while they are held.
func repeats(k hal.Key) bool {
	switch k {
	case hal.Up, hal.Down, hal.Left, hal.Right, hal.VolumeUp, hal.VolumeDown:
		return true
	}
	return false
}

func (a *App) key(ev hal.KeyEvent, now time.Time) {
	if !ev.Pressed {
		if ev.Key == a.held.key {
			a.held = held{}
		}
		return
	}
	a.screens.Press(ev.Key, a.st, now)
	a.held = held{key: ev.Key, next: now.Add(theme.LongPress)}
	if repeats(ev.Key) {
		a.held.next = now.Add(theme.RepeatAfter)
	}
}

func (a *App) touch(t hal.Touch, now time.Time) {
	if !t.Pressed {
		return
	}
	if what, ok := a.canvas.Shown().Touched(t.At); ok {
		a.screens.Touch(what, a.st, now)
	}
}

// carryOut gives the phone what the keys asked for. After a refusal the rest of what one key asked for is dropped.
func (a *App) carryOut(ctx context.Context) {
	for _, c := range a.screens.Commands() {
		if err := a.control.Do(ctx, Origin, c); err != nil {
			if ctx.Err() == nil {
				a.screens.Refused(err, time.Now())
			}
			return
		}
	}
}

// Shown is the phone's last change that the display shows: what came after it, nobody can have seen yet.
func (a *App) Shown() phone.Seq { return phone.Seq(a.shown.Load()) }

// redraw brings to the display what differs from what it shows.
func (a *App) redraw(now time.Time) error {
	a.screens.Apply(a.settings.Options(), a.st, now)
	a.screens.Draw(a.canvas.Next(), a.st, now)
	for _, r := range a.canvas.Show() {
		if err := a.display.Flush(a.canvas.Picture(), r); err != nil {
			return fmt.Errorf("ui: flush %v: %w", r, err)
		}
	}
	a.shown.Store(uint64(a.st.Seq))
	return nil
}
