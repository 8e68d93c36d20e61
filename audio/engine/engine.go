// Package engine is the audio goroutine: every 10 ms one tick takes a frame from the microphone
// and makes one for the speaker. What happens to a frame is a fixed function, not a graph that is
// put together at run time:
//
//	       level                   ┌───────────────────────┐
//	mic ── → ┴─ clean ── mute ─ → ─┤                       ├─── → ── Push ─ party 1
//	"recorded" tone, chime ─── + ──┤  everybody hears all  ├─── → ── Push ─ party 2 …
//	party 1 ─ Pull ── → ── even ───┤  others and not       │
//	party 2 ─ Pull ── → ── even ───┤  himself (mix.Minus)  ├─── → ── ear ──┬──── (and our voice) Tap
//	                               └───────────────────────┘               │
//	tones (dial tone, DTMF, …), chime ──────────────────────────────── + ──┤
//	                                                                volume of the path
//	ringer ── swell ── ring volume ─────────────────────────────────── + ──┤
//	mic ── sidetone ────────────────────────────────────┐                  │
//	                                        hush ── limiter ── + ── level ─┴─ → ── speaker
//
// A Party is one far side: a call, the PC. A conference is several of them and no new code. A Tap is a
// recorder. The sound card is the clock; while there is none, the system's clock stands in, so that
// calls go on, RTP is sent, and the phone still works for everything but the ear.
package engine

import (
	"log/slog"
	"sync/atomic"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/mix"
	"opendeskphone/audio/tone"
)

// MaxParties is how many far sides can be mixed at a time; we are one more.
const MaxParties = mix.MaxParties - 1

// Party is one far side. Both calls come from the audio goroutine once a tick, Pull first: they
// must not block, allocate or log. Frames belong to the engine and are valid during the call.
type Party interface {
	Pull(f *audio.Frame) // fill f with the next 10 ms heard from the party
	Push(f *audio.Frame) // take the next 10 ms said to the party
}

// Device is a sound card. Exchange gives it 10 ms for the speaker and takes 10 ms from the
// microphone, each of Rate()/100 samples; it blocks until the card has room for more, and so paces
// the engine. Rate is a multiple of 100 Hz. After an error the card is gone.
type Device interface {
	Rate() int
	Exchange(mic, spk []int16) error
	Close() error
}

// Path is where our own voice comes from and the far side's goes to.
type Path uint8

// The paths.
const (
	Handset Path = iota
	Headset
	Speaker
	paths
)

// Engine mixes. Its methods may be called from any goroutine; they take effect at the next tick.
type Engine struct {
	open   func() (Device, error)
	notify func(error)
	log    *slog.Logger
	sleep  func(time.Duration) // on the audio goroutine's own thread

	parties atomic.Pointer[[]seat]
	muted   atomic.Bool
	hushed  atomic.Bool
	path    atomic.Uint32
	volume  [paths]atomic.Int32 // steps
	ring    atomic.Int32        // step
	rings   atomic.Uint64       // times StartRing was called: the swell begins anew

	tones  tone.Player // into the ear
	ringer tone.Player // to the speaker, whatever the path

	cleaning  cleaning
	tap       atomic.Pointer[Tap]
	announcer tone.Player // says so to the parties
	chime     tone.Player // into the ear and to the parties

	meters meters
	ticks  atomic.Uint64
	faults atomic.Uint64
	cards  atomic.Uint64
	onCard atomic.Bool
	peak   atomic.Int64 // longest tick in ns

	// What follows belongs to the audio goroutine.
	frames  [2][MaxParties + 1]audio.Frame
	in, out [MaxParties + 1]*audio.Frame // of frames: what each says, what each hears; 0 is we
	bell    audio.Frame
	chimes  audio.Frame
	played  audio.Frame // what came out of the speaker last but our own voice, in which no cleaner shall look for an echo
	micGain fader
	earGain fader
	outGain fader
	swell   swell
	side    sidetone
	limiter mix.Limiter
}

// New makes an engine that opens its sound card by open. notify, if not nil, is told nil when a
// card works and the reason when there is none; it may block as long as it likes.
func New(cfg Config, open func() (Device, error), notify func(error), log *slog.Logger) *Engine {
	e := &Engine{open: open, notify: notify, log: log, sleep: Sleep}
	for i := range e.in {
		e.in[i], e.out[i] = &e.frames[0][i], &e.frames[1][i]
	}
	e.parties.Store(&[]seat{})
	e.cleaning.news = make(chan struct{}, 1)
	e.Configure(cfg)
	e.micGain.last, e.outGain.last, e.earGain.last = 1, 1, gain(cfg.Handset)
	return e
}

// Configure takes over the volumes of cfg.
func (e *Engine) Configure(cfg Config) {
	e.SetVolume(Handset, cfg.Handset)
	e.SetVolume(Headset, cfg.Headset)
	e.SetVolume(Speaker, cfg.Speaker)
	e.SetRingVolume(cfg.Ring)
}

// SetParties says who is heard and spoken to, in place of whoever was. Only the first MaxParties
// are taken.
func (e *Engine) SetParties(p []Party) {
	set := seats(p[:min(len(p), MaxParties)], *e.parties.Load())
	e.parties.Store(&set)
	e.cleaning.change(func(c *cleaning) bool {
		was := c.heard
		c.heard = len(set) > 0
		return c.heard != was
	})
}

// SetMuted silences our microphone, or not.
func (e *Engine) SetMuted(muted bool) { e.muted.Store(muted) }

// Hush silences all that comes out of the speaker, or lets it be heard again: for the time in which the card is switched to
// another path. Both take one frame.
func (e *Engine) Hush(on bool) { e.hushed.Store(on) }

// SetPath chooses whose volume counts.
func (e *Engine) SetPath(p Path) {
	p = min(p, paths-1)
	e.path.Store(uint32(p))
	e.cleaning.change(func(c *cleaning) bool {
		was := c.path
		c.path = p
		return p != was
	})
}

// SetVolume sets the volume of a path, in steps 0 to MaxStep (see Config).
func (e *Engine) SetVolume(p Path, step int) { e.volume[min(p, paths-1)].Store(int32(held(step))) }

// SetRingVolume sets the ringer's volume, in steps 0 (silent) to MaxStep.
func (e *Engine) SetRingVolume(step int) { e.ring.Store(int32(held(step))) }

// StartTone plays t into the ear, in place of what played there, until StopTone or its own end.
func (e *Engine) StartTone(t tone.Tone) { e.tones.Start(t) }

// Chime plays a tone that everybody hears: we, and each party, also while we are muted.
func (e *Engine) Chime(t tone.Tone) { e.chime.Start(t) }

// StopTone ends the tone in the ear.
func (e *Engine) StopTone() { e.tones.Stop() }

// StartRing rings with t; it swells from soft to its full volume within a few seconds.
func (e *Engine) StartRing(t tone.Tone) {
	e.rings.Add(1)
	e.ringer.Start(t)
}

// StopRing ends ringing.
func (e *Engine) StopRing() { e.ringer.Stop() }

// Levels gives the loudness of the microphone before muting and of the speaker, in dBFS, of the
// last fifteenth of a second.
func (e *Engine) Levels() (mic, spk float64) { return e.meters.mic.level(), e.meters.spk.level() }

// Ticks counts ticks; a watchdog feeds its dog only while it moves.
func (e *Engine) Ticks() uint64 { return e.ticks.Load() }

// tick is the life of 10 ms of sound: mic is what the microphone heard, spk becomes what the speaker shall say next. It neither allocates nor waits.
func (e *Engine) tick(mic, spk *audio.Frame) {
	parties := *e.parties.Load()
	e.meters.mic.add(mic)

	own := e.in[0]
	*own = *mic
	e.cleaning.clean(own, &e.played)
	e.micGain.apply(own, openUnless(e.muted.Load()))
	e.announcer.Process(own)
	e.chimes.Clear()
	e.chime.Process(&e.chimes)
	own.Add(&e.chimes)

	for i, p := range parties {
		p.Pull(e.in[i+1])
		p.even(e.in[i+1])
	}
	n := len(parties) + 1
	mix.Minus(e.out[:n], e.in[:n])
	e.overhear(own, e.out[0], len(parties))
	for i, p := range parties {
		p.Push(e.out[i+1])
	}

	*spk = *e.out[0]
	spk.Add(&e.chimes)
	e.tones.Process(spk)
	open := openUnless(e.hushed.Load()) // before the path is looked at: whoever ends the hush has changed it before
	e.earGain.apply(spk, e.loudness())
	e.addRing(spk)
	e.outGain.apply(spk, open)
	e.limiter.Process(spk)
	e.played = *spk
	e.side.add(spk, mic, e.hearsItself(len(parties)))
	e.meters.spk.add(spk)
	e.ticks.Add(1)
}

// loudness is the gain of the path. While all is hushed it need not be reached gently, and must be before that ends.
func (e *Engine) loudness() float32 {
	g := gain(int(e.volume[e.path.Load()].Load()))
	if e.outGain.last == 0 {
		e.earGain.last = g
	}
	return g
}

// addRing mixes the ringer in, past the path's volume: who does not hear the phone cannot turn it up.
func (e *Engine) addRing(spk *audio.Frame) {
	loudness := e.swell.next(e.rings.Load())
	if !e.ringer.Playing() {
		return
	}
	e.bell.Clear()
	e.ringer.Process(&e.bell)
	e.bell.Scale(ringGain(int(e.ring.Load())) * loudness)
	spk.Add(&e.bell)
}

func openUnless(muted bool) float32 {
	if muted {
		return 0
	}
	return 1
}
