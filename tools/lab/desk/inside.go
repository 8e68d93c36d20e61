package desk

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"net"
	"net/rpc"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/hal"
	"opendeskphone/hal/linux"
	"opendeskphone/hal/sim"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/sim/simphone"
)

// pictureTime is how long the screen may be behind the phone.
const pictureTime = 10 * time.Second

// twinRate is the sample rate of the simulated sound card.
const twinRate = 48000

// TwinMain makes the calling process a twin if it was started as one, and then does not return.
// Programs that start twins call it first.
func TwinMain() {
	text := os.Getenv(twinEnv)
	if text == "" {
		return
	}
	var cfg twinConfig
	err := json.Unmarshal([]byte(text), &cfg)
	if err == nil {
		err = runTwin(cfg)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "twin:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runTwin is the life of a twin's process.
func runTwin(cfg twinConfig) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	debug.SetGCPercent(30) // as in the daemon, and so are the processors
	runtime.GOMAXPROCS(max(4, runtime.NumCPU()))
	changes, err := linux.WatchNetwork(ctx)
	if err != nil {
		return err
	}
	whole, err := simphone.New(simphone.Config{Folder: cfg.Data, Changes: changes, Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		return err
	}
	in := &inside{hardware: whole.Twin, control: whole.Control(), shown: whole.Shown, traces: whole.Traces(), history: whole.History(), spoken: make(chan []byte, 100)}
	if cfg.NoSound {
		in.hardware.Card.Unplug()
	}
	if cfg.Room {
		in.room = newRoom()
	}
	in.hardware.Card.SetLoop(in.exchange)
	wav, err := os.Create(cfg.Speaker)
	if err != nil {
		return err
	}
	defer wav.Close()
	if _, err := wav.Write(streamHeader()); err != nil {
		return err
	}
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() { in.record(ctx, wav) })
	srv := rpc.NewServer()
	if err := srv.RegisterName("Twin", &Service{in}); err != nil {
		return err
	}
	ln, err := net.Listen("unix", socketIn(cfg.Dir))
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { ln.Close() })
	all.Go(func() { srv.Accept(ln) })
	return whole.Run(ctx)
}

// inside is the twin's hardware with its microphone and speaker at hand.
type inside struct {
	hardware *sim.Twin
	control  phone.Control
	shown    func() phone.Seq // by the screen
	traces   tpcp.Traces
	history  tpcp.Log
	spoken   chan []byte // what the speaker played, on its way to the file
	room     *room       // nil: the microphone does not hear the speaker

	mu      sync.Mutex
	say     []byte           // what the microphone has yet to hear
	started chan<- time.Time // told when the first of say goes to the card
}

// exchange is the sound card's other side; it runs on the phone's audio goroutine.
func (in *inside) exchange(mic, spk []int16) {
	in.mu.Lock()
	if in.started != nil {
		in.started <- time.Now()
		in.started = nil
	}
	for i := range mic {
		mic[i] = 0
		if len(in.say) >= 2 {
			mic[i] = int16(binary.LittleEndian.Uint16(in.say))
			in.say = in.say[2:]
		}
	}
	in.mu.Unlock()
	if in.room != nil {
		in.room.echo(mic, spk)
	}
	pcm := make([]byte, 0, 2*len(spk))
	for _, s := range spk {
		pcm = binary.LittleEndian.AppendUint16(pcm, uint16(s))
	}
	select {
	case in.spoken <- pcm:
	default: // a second behind: the disk stands still, and the recording shows the loss
	}
}

// record writes the speaker's sound until ctx ends.
func (in *inside) record(ctx context.Context, wav *os.File) {
	for {
		select {
		case pcm := <-in.spoken:
			if _, err := wav.Write(pcm); err != nil {
				fmt.Fprintln(os.Stderr, "twin: record:", err)
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// streamHeader is the head of a mono WAV file whose length is not known yet.
func streamHeader() []byte {
	le := binary.LittleEndian
	h := append([]byte("RIFF"), 0, 0, 0, 0)
	h = append(h, "WAVEfmt "...)
	h = le.AppendUint32(h, 16)
	h = le.AppendUint16(h, 1)
	h = le.AppendUint16(h, 1)
	h = le.AppendUint32(h, twinRate)
	h = le.AppendUint32(h, twinRate*2)
	h = le.AppendUint16(h, 2)
	h = le.AppendUint16(h, 16)
	return append(h, "data\x00\x00\x00\x00"...)
}

// Service is what a twin's process offers to the process that started it, by net/rpc.
type Service struct{ in *inside }

// caughtUp waits until the screen shows the phone as it is now. A person presses what he sees: a key pressed before that may
// meet the screen of a moment ago.
func (in *inside) caughtUp() error {
	ctx, cancel := context.WithTimeout(context.Background(), pictureTime)
	defer cancel()
	want := in.control.State().Seq
	return lab.PollEvery(ctx, time.Millisecond, "the screen of now", func() (bool, error) { return in.shown() >= want, nil })
}

// Press taps keys.
func (s *Service) Press(keys []hal.Key, _ *bool) error {
	if err := s.in.caughtUp(); err != nil {
		return err
	}
	for _, k := range keys {
		s.in.hardware.Tap(k)
	}
	return nil
}

// Hook lifts the handset or lays it down.
func (s *Service) Hook(lifted bool, _ *bool) error {
	s.in.hardware.Press(hal.Hook, lifted)
	return nil
}

// Lamps gives the lamps that are lit.
func (s *Service) Lamps(_ bool, lit *map[hal.Lamp]bool) error {
	*lit = map[hal.Lamp]bool{}
	for name, on := range s.in.hardware.Lamps() {
		if l, ok := hal.LampByName(name); ok && on {
			(*lit)[l] = true
		}
	}
	return nil
}

// PressAndWatch taps keys and waits for the screen to change; it gives the times of both.
func (s *Service) PressAndWatch(keys []hal.Key, times *[2]time.Time) error {
	if err := s.in.caughtUp(); err != nil {
		return err
	}
	changed := s.in.hardware.Changed()
	times[0] = time.Now()
	for _, k := range keys {
		s.in.hardware.Press(k, true)
	}
	select {
	case <-changed:
		times[1] = time.Now()
	case <-time.After(2 * time.Second):
		return errors.New("the screen does not change")
	}
	for _, k := range keys {
		s.in.hardware.Press(k, false)
	}
	return nil
}

// Picture gives the screen.
func (s *Service) Picture(_ bool, pic *image.RGBA) error {
	if err := s.in.caughtUp(); err != nil {
		return err
	}
	shot, err := s.in.hardware.Picture()
	if err == nil {
		*pic = *shot
	}
	return err
}

// Say plays samples before the microphone and tells when the first of them is heard.
func (s *Service) Say(pcm []byte, at *time.Time) error {
	started := make(chan time.Time, 1)
	s.in.mu.Lock()
	s.in.say, s.in.started = pcm, started
	s.in.mu.Unlock()
	select {
	case *at = <-started:
		return nil
	case <-time.After(2 * time.Second):
		return errors.New("nobody listens to the microphone")
	}
}

// Sound pulls or plugs the sound card.
func (s *Service) Sound(plugged bool, _ *bool) error {
	if plugged {
		s.in.hardware.Card.Plug()
	} else {
		s.in.hardware.Card.Unplug()
	}
	return nil
}
