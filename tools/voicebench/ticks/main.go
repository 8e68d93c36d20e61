//go:build linux

// Command ticks does the phone's audio work, 10 ms after 10 ms, and marks each spell of it for a counter of instructions (tools/voicebench/anchors/count.c).
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/agc"
	"opendeskphone/audio/codec"
	"opendeskphone/audio/codec/opus"
	"opendeskphone/audio/engine"
	"opendeskphone/audio/jitter"
	"opendeskphone/audio/kernel"
	"opendeskphone/audio/send"
)

const (
	warm   = 50  // ticks before the first that counts
	ticks  = 500 // that are done
	begins = 1   // the marks of count.c
	ends   = 2
)

func main() {
	kernel.UseVector()     // as on the phone; the emulation is faster without
	debug.SetGCPercent(-1) // nothing here makes garbage, but for what is made first
	works := map[string]func() error{"clean": clean, "bridge-pcma": bridge(codec.PCMA), "bridge-g722": bridge(codec.G722), "call": call}
	work := works[append(os.Args, "")[1]]
	if work == nil {
		fmt.Fprintln(os.Stderr, "usage: ticks clean | bridge-pcma | bridge-g722 | call")
		os.Exit(2)
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, "ticks:", err)
		os.Exit(1)
	}
}

func mark(what uintptr, tick int) {
	if tick >= warm {
		syscall.RawSyscall(syscall.SYS_GETPPID, what, 0, 0)
	}
}

// voice is so many frames of a voice: vowels at a pitch that moves, and pauses.
func voice(pitch float64, frames int) []audio.Frame {
	f := make([]audio.Frame, frames)
	phase := 0.0
	for i := range frames * audio.FrameLen {
		at := float64(i) / audio.Rate
		phase += 2 * math.Pi * pitch * (1 + .25*math.Sin(2*math.Pi*.7*at)) / audio.Rate
		if math.Mod(at, 1.6) > 1.2 {
			continue
		}
		v := 0.0
		for k := 1.0; k < 12; k++ {
			v += math.Sin(k*phase+k*at) / k
		}
		f[i/audio.FrameLen][i%audio.FrameLen] = float32(.1 * v * (1.2 + math.Sin(2*math.Pi*3*at)))
	}
	return f
}

// microphone hears the far side 20 ms late and softer, and its own voice from the second second on.
func microphone(far []audio.Frame) []audio.Frame {
	own := voice(190, len(far))
	out := make([]audio.Frame, len(far))
	for i := 2; i < len(out); i++ {
		for j := range out[i] {
			out[i][j] = .3*far[i-2][j] + .2*far[i-1][max(0, j-100)]
			if i > 200 {
				out[i][j] += own[i][j]
			}
		}
	}
	return out
}

// clean takes echo and noise out of what the microphone hears.
func clean() error {
	runtime.LockOSThread()
	far := voice(120, ticks)
	mic := microphone(far)
	c := send.NewCleaner(true)
	for i := range mic {
		mark(begins, i)
		c.Process(&mic[i], &far[i])
		mark(ends, i)
	}
	return nil
}

// bridge plays packets of 20 ms of which every seventh is missing.
func bridge(c codec.Codec) func() error {
	return func() error {
		runtime.LockOSThread()
		e, d, err := c.New()
		if err != nil {
			return err
		}
		b := jitter.New(jitter.Config{Clock: c.Clock, Min: 40 * time.Millisecond}, d)
		said := voice(120, ticks)
		var f audio.Frame
		for i := range ticks {
			if p := i / 2; i%2 == 0 {
				payload := e.Encode(nil, said[i:i+2])
				if p%7 != 6 {
					b.Put(jitter.Packet{Seq: uint16(p), TS: uint32(p * c.Clock / 50), Payload: payload})
				}
			}
			mark(begins, i)
			b.Get(&f)
			mark(ends, i)
		}
		if b.Stats().Concealed == 0 {
			return fmt.Errorf("%s: nothing was made up", c.Name)
		}
		return nil
	}
}

// party is a far side that speaks and is sent Opus, in packets of 20 ms.
type party struct {
	card    *card
	packets [][]byte
	buffer  *jitter.Buffer
	enc     codec.Encoder
	tick    int
	said    [2]audio.Frame
	out     []byte
}

func (p *party) Pull(f *audio.Frame) {
	if !p.card.clean {
		f.Clear()
		return
	}
	if n := p.tick / 2; p.tick%2 == 0 && n < len(p.packets) {
		p.buffer.Put(jitter.Packet{Seq: uint16(n), TS: uint32(n * 960), Payload: p.packets[n]})
	}
	p.buffer.Get(f)
}

func (p *party) Push(f *audio.Frame) {
	if !p.card.clean {
		return
	}
	p.said[p.tick%2] = *f
	if p.tick++; p.tick%2 == 0 {
		p.out = p.enc.Encode(p.out[:0], p.said[:])
	}
}

// card gives what the microphone hears, once there is somebody to clean it.
type card struct {
	mic   []audio.Frame
	tick  int
	clean bool
	done  func()
}

// cleaner tells the card that it is at work.
type cleaner struct {
	engine.Cleaner
	card *card
}

func (c cleaner) Process(mic, spk *audio.Frame) {
	c.card.clean = true
	c.Cleaner.Process(mic, spk)
}

func (c *card) Rate() int    { return audio.Rate }
func (c *card) Close() error { return nil }

// Exchange ends one tick and begins the next.
func (c *card) Exchange(mic, _ []int16) error {
	if !c.clean {
		clear(mic)
		return nil
	}
	mark(ends, c.tick)
	if c.tick++; c.tick == len(c.mic) {
		c.done()
		return io.EOF
	}
	for i, v := range c.mic[c.tick] {
		mic[i] = int16(min(max(v, -1), 1) * 32767)
	}
	mark(begins, c.tick)
	return nil
}

// call is a hands-free call in Opus: the engine's tick and the far side's packets both ways.
func call() error {
	e, d, err := opus.Codec.New()
	if err != nil {
		return err
	}
	p := &party{buffer: jitter.New(jitter.Config{Clock: opus.Codec.Clock, Min: 20 * time.Millisecond}, d), enc: e, out: make([]byte, 0, 1500)}
	far := voice(120, ticks)
	from, _, err := opus.Codec.New()
	if err != nil {
		return err
	}
	for i := 0; i < ticks; i += 2 {
		p.packets = append(p.packets, from.Encode(nil, far[i:i+2]))
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	c := &card{mic: microphone(far), done: stop}
	p.card = c
	en := engine.New(engine.Default(), func() (engine.Device, error) { return c, nil }, nil, slog.New(slog.DiscardHandler))
	en.SetPath(engine.Speaker)
	en.SetCleaner(func(engine.Path) engine.Cleaner {
		return cleaner{send.NewVoice(send.Profile{Noise: true, Level: true, Lift: agc.Range}), c}
	})
	en.SetParties([]engine.Party{p})
	return en.Run(ctx)
}
