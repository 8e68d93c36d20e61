// Package soundcard is the one way to a sound card, on the phone, in the simulator and on the PC:
// an engine.Device on malgo (miniaudio). Speaker and microphone may be different cards.
//
//	Exchange(spk) ─► out ring ─► playback callback ─► card      the callbacks run on the library's
//	Exchange(mic) ◄─ in ring ◄── capture callback ◄── card      threads and only move samples
//
// The playback card is the clock: Exchange returns when it has taken 10 ms. The capture card may
// run on another clock; its samples are stretched or squeezed by at most 1 % to keep
// step, so neither ring ever runs full or dry for good. Where both have one clock they stay as they are.
package soundcard

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/gen2brain/malgo"

	"opendeskphone/audio/engine"
)

var (
	// ErrLost: the card stopped moving samples; it was unplugged or its driver died.
	ErrLost = errors.New("sound card lost")
	// ErrLength: the buffers given to Exchange are not 10 ms long.
	ErrLength = errors.New("not ten milliseconds")
)

// None as a card's name leaves that direction out.
const None = "none"

// Config says which cards to open and how.
type Config struct {
	Playback string // ALSA PCM name as "hw:CARD=Device,DEV=0", or the name List gives; "" is the default card, None is no speaker
	Capture  string // the same for the microphone
	Period   time.Duration
	Periods  int           // periods the card's own buffer holds
	Reserve  time.Duration // of the microphone's sound, kept back for callbacks that come late; 0 to 100 ms
}

// Default is right for real hardware: 5 ms periods, two of them. An emulated card wants 20 ms.
func Default() Config { return Config{Period: 5 * time.Millisecond, Periods: 2} }

// Validate checks the ranges: Period 1 to 100 ms, Periods 2 to 16, Reserve to 100 ms, at least one direction.
func (c Config) Validate() error {
	switch {
	case c.Period < time.Millisecond || c.Period > 100*time.Millisecond:
		return fmt.Errorf("soundcard: period %v is not 1ms to 100ms", c.Period)
	case c.Periods < 2 || c.Periods > 16:
		return fmt.Errorf("soundcard: %d periods is not 2 to 16", c.Periods)
	case c.Reserve < 0 || c.Reserve > 100*time.Millisecond:
		return fmt.Errorf("soundcard: reserve %v is not 0 to 100ms", c.Reserve)
	case c.Playback == None && c.Capture == None:
		return errors.New("soundcard: neither speaker nor microphone")
	}
	return nil
}

const (
	stall        = time.Second            // longest silence of the pacing card's callback before it counts as lost
	deaf         = 3 * time.Second        // the same of the microphone's, while the speaker still plays
	captureDepth = 200 * time.Millisecond // of sound that the microphone's card may hold: room for a late thread, never delay in itself
	ringCapacity = 200                    // ms a ring holds: room for a late thread, never delay in itself
)

// Stats counts what went wrong since the card was opened.
type Stats struct {
	Underruns uint64 // times the speaker found no samples
	Overruns  uint64 // times the microphone's samples found no room
	Starved   uint64 // times Exchange found less than 10 ms from the microphone
	Skipped   uint64 // samples thrown away because the microphone ran ahead
	Adjusted  int64  // samples added (or, below 0, taken away) to keep the two clocks in step
}

// Device is an open sound card. Exchange is for one goroutine; Close may come from any.
type Device struct {
	sys        *System
	play, capt *malgo.Device
	rate       int
	out, in    *ring
	servo      *servo
	lead       int           // samples in the out ring at which Exchange returns
	prime      int           // callbacks until the card's own buffer is full; the playback thread's
	slack      time.Duration // how long the playback callback may wait for samples
	moved      chan struct{} // capacity 1: a callback has moved samples
	fed        chan struct{} // capacity 1: Exchange has
	patience   *time.Timer   // Exchange's
	grace      *time.Timer   // the playback callback's
	given      atomic.Uint64 // capture callbacks
	gone       chan struct{} // closed when the card stops
	ending     sync.Once     // closes gone
	closing    sync.Once
	underruns  atomic.Uint64
	overruns   atomic.Uint64
	starved    atomic.Uint64
	born       time.Time
	beat       beat         // of the capture callback's thread
	heardAt    atomic.Int64 // when the last capture callback was due, since born
	late       atomic.Int64 // how late the latest of them came since the last Exchange
	lastGiven  uint64
	quietFor   int             // Exchanges since the microphone last gave
	threads    [2]atomic.Int64 // the urgent ones that call back; 0: none yet
	called     atomic.Uint64   // callbacks of both
}

// Open opens and starts the cards of cfg at the playback card's own rate, mono.
func (s *System) Open(cfg Config) (*Device, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	named := cfg.named()
	if err := missing(named); err != nil { // the library would complain on the standard error, each time
		return nil, cfg.failed(err)
	}
	d := newDevice(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := d.start(cfg); err != nil {
		d.uninit()
		return nil, cfg.failed(err)
	}
	if pulled := removable(named); len(pulled) > 0 {
		go d.watch(pulled)
	}
	return d, nil
}

func (c Config) failed(err error) error {
	return fmt.Errorf("soundcard: open %q and %q: %w", c.Playback, c.Capture, err)
}

func newDevice(s *System) *Device {
	return &Device{
		sys: s, born: time.Now(), patience: time.NewTimer(stall), grace: time.NewTimer(stall),
		moved: make(chan struct{}, 1), fed: make(chan struct{}, 1), gone: make(chan struct{}),
	}
}

func (d *Device) start(cfg Config) error {
	var err error
	if cfg.Playback != None {
		if d.play, err = d.sys.device(malgo.Playback, cfg, 0, malgo.DeviceCallbacks{Data: d.onPlay, Stop: d.onStop}); err != nil {
			return fmt.Errorf("speaker: %w", err)
		}
		d.rate = int(d.play.SampleRate())
	}
	if cfg.Capture != None {
		if d.capt, err = d.sys.device(malgo.Capture, cfg, d.rate, malgo.DeviceCallbacks{Data: d.onCapture, Stop: d.onStop}); err != nil {
			return fmt.Errorf("microphone: %w", err)
		}
		d.rate = int(d.capt.SampleRate())
	}
	d.size(cfg)
	for _, dev := range []*malgo.Device{d.capt, d.play} {
		if dev == nil {
			continue
		}
		if err := dev.Start(); err != nil {
			return fmt.Errorf("start: %w", err)
		}
	}
	return nil
}

// size makes the rings and decides how far ahead of the card we run: a callback must find its whole
// period, and nothing more. When it comes, the card still has its buffer to play, so for most of
// that time it may wait for a late Exchange; that, and not a fuller ring, is our reserve.
func (d *Device) size(cfg Config) {
	frame := d.rate / 100
	period := int(cfg.Period * time.Duration(d.rate) / time.Second)
	d.out, d.in = newRing(ringCapacity*frame/10), newRing(ringCapacity*frame/10)
	d.lead = max(0, period-frame)
	d.prime, d.slack = cfg.Periods, cfg.Period*time.Duration(cfg.Periods)*3/4
	d.servo = newServo(frame, period, int(cfg.Reserve*time.Duration(d.rate)/time.Second))
}

// Rate is the rate of both directions in Hz.
func (d *Device) Rate() int { return d.rate }

// Exchange gives the card 10 ms for the speaker and takes 10 ms from the microphone, each Rate/100
// samples; it blocks until the card has room, and that paces the caller. It errs with ErrLength,
// or with ErrLost when the card is gone: then Close it.
func (d *Device) Exchange(mic, spk []int16) error {
	n := d.rate / 100
	if len(mic) != n || len(spk) != n {
		return fmt.Errorf("soundcard: %w: %d and %d samples at %d Hz", ErrLength, len(mic), len(spk), d.rate)
	}
	if d.play != nil {
		d.out.put(spk)
		signal(d.fed)
	}
	if err := d.wait(n); err != nil {
		return err
	}
	if d.capt == nil {
		clear(mic)
		return nil
	}
	d.servo.late(d.count(time.Duration(d.late.Swap(0))))
	if got := d.servo.take(d.in, mic, d.pending()); got < n {
		d.starved.Add(1)
	}
	return d.checkMicrophone()
}

// wait blocks until the pacing card wants the next 10 ms. The frame just given is already in the
// ring, so the caller makes the next one from the freshest sound there is.
func (d *Device) wait(n int) error {
	d.patience.Reset(stall)
	for !d.ready(n) {
		select {
		case <-d.moved:
		case <-d.gone:
			return fmt.Errorf("soundcard: %w: stopped", ErrLost)
		case <-d.patience.C:
			return fmt.Errorf("soundcard: %w: no callback for %v", ErrLost, stall)
		}
	}
	return nil
}

func (d *Device) ready(n int) bool {
	if d.play == nil {
		return d.in.fill() >= n
	}
	return d.out.fill() <= d.lead
}

// checkMicrophone finds out that the microphone's card has gone while the speaker's still runs.
func (d *Device) checkMicrophone() error {
	if given := d.given.Load(); given != d.lastGiven {
		d.lastGiven, d.quietFor = given, 0
		return nil
	}
	if d.quietFor++; d.quietFor > int(deaf/(10*time.Millisecond)) {
		return fmt.Errorf("soundcard: %w: microphone gave nothing for %v", ErrLost, deaf)
	}
	return nil
}

// pending is how many samples the microphone's card should have gathered since its last callback was
// due, as far as it has room for them.
func (d *Device) pending() int {
	return d.count(min(time.Since(d.born)-time.Duration(d.heardAt.Load()), captureDepth))
}

// count is how many samples sound for a time.
func (d *Device) count(t time.Duration) int { return int(t * time.Duration(d.rate) / time.Second) }

// Stats gives the counters; it may be called from any goroutine.
func (d *Device) Stats() Stats {
	return Stats{
		Underruns: d.underruns.Load(), Overruns: d.overruns.Load(), Starved: d.starved.Load(),
		Skipped: d.servo.skipped.Load(), Adjusted: d.servo.adjusted.Load(),
	}
}

// Stumbles counts the times at which sound was missing: the speaker had none, or the microphone gave none.
func (d *Device) Stumbles() uint64 { return d.underruns.Load() + d.starved.Load() }

// Close stops the card. It waits for the callbacks to end; an Exchange in another goroutine gives
// ErrLost. Closing twice is harmless.
func (d *Device) Close() error {
	d.closing.Do(func() {
		d.onStop()
		d.sys.mu.Lock()
		defer d.sys.mu.Unlock()
		d.uninit()
	})
	return nil
}

func (d *Device) uninit() {
	for _, dev := range []*malgo.Device{d.capt, d.play} {
		if dev != nil {
			_ = dev.Stop() // wakes the library's thread, which Uninit alone waits for without, and for ever when the card was pulled
			dev.Uninit()
		}
	}
}

func (d *Device) onStop() {
	d.ending.Do(func() { close(d.gone) })
}

// signal wakes who waits on c, or will.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (d *Device) onPlay(spk, _ []byte, frames uint32) {
	d.hurry(0)
	if d.prime > 0 { // the library has silenced spk: let the card begin with its buffer full of that
		d.prime--
		return
	}
	buf := samples(spk, frames)
	n := d.out.get(buf)
	if n < len(buf) {
		n += d.await(buf[n:])
	}
	if n < len(buf) {
		d.underruns.Add(1)
	}
	d.wake()
}

// wake tells Exchange when there is reason to: to wake a thread for nothing costs as much as a callback.
func (d *Device) wake() {
	if d.ready(d.rate / 100) {
		signal(d.moved)
	}
}

// await fills the rest of a period as Exchange brings it, as long as the card can do without.
func (d *Device) await(rest []int16) (n int) {
	d.grace.Reset(d.slack)
	defer d.grace.Stop()
	for n < len(rest) {
		signal(d.moved)
		select {
		case <-d.fed:
			n += d.out.get(rest[n:])
		case <-d.grace.C:
			return n
		case <-d.gone:
			return n
		}
	}
	return n
}

func (d *Device) onCapture(_, mic []byte, frames uint32) {
	d.hurry(1)
	if d.in.put(samples(mic, frames)) < int(frames) {
		d.overruns.Add(1)
	}
	sound := time.Duration(frames) * time.Second / time.Duration(d.rate)
	d.beat.heard(time.Since(d.born), sound)
	d.heardAt.Store(int64(d.beat.due))
	d.late.Store(max(d.late.Load(), int64(d.beat.late))) // one that Exchange takes meanwhile counts twice, which does no harm
	d.given.Add(1)
	d.wake()
}

// hurry makes the callback's thread urgent when it comes by as an ordinary one; without the right to do so the
// thread stays as it is.
func (d *Device) hurry(thread int) {
	d.called.Add(1)
	if d.threads[thread].Load() == 0 {
		d.threads[thread].Store(int64(engine.Thread()))
		_ = engine.Urgent()
	}
}

// samples sees the library's octets as what they are: 16-bit samples of this machine's order.
func samples(b []byte, frames uint32) []int16 {
	if len(b) == 0 {
		return nil
	}
	return unsafe.Slice((*int16)(unsafe.Pointer(&b[0])), min(int(frames), len(b)/2))
}
