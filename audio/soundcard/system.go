package soundcard

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"unsafe"

	"github.com/gen2brain/malgo"
)

// Backend names a way to the machine's cards.
type Backend string

// The backends. Null has no card behind it, but a card's pace: microphone silent, speaker unheard.
const (
	Auto  Backend = ""
	ALSA  Backend = "alsa"
	Pulse Backend = "pulse"
	Null  Backend = "null"
)

// The library's own numbers. malgo.BackendNull is 13, which the miniaudio inside reads as "custom"
// and refuses; null is 14 there.
var backends = map[Backend][]malgo.Backend{
	Auto:  {malgo.BackendWasapi, malgo.BackendCoreaudio, malgo.BackendPulseaudio, malgo.BackendAlsa},
	ALSA:  {malgo.BackendAlsa},
	Pulse: {malgo.BackendPulseaudio},
	Null:  {14},
}

// System is a connection to the machine's sound. It outlives the devices it opens.
type System struct {
	mu  sync.Mutex // the library's set-up and tear-down calls are not for two threads at once
	ctx *malgo.AllocatedContext
}

// New connects to the machine's sound. It errs when the backend's library is not there; cards need
// not be.
func New(b Backend) (*System, error) {
	list, ok := backends[b]
	if !ok {
		return nil, fmt.Errorf("soundcard: unknown backend %q", string(b))
	}
	ctx, err := malgo.InitContext(list, malgo.ContextConfig{Alsa: malgo.AlsaContextConfig{UseVerboseDeviceEnumeration: 1}}, nil)
	if err != nil {
		return nil, fmt.Errorf("soundcard: connect to %q: %w", string(b), err)
	}
	return &System{ctx: ctx}, nil
}

// Close ends the connection; every Device must be closed before.
func (s *System) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.ctx.Uninit()
	s.ctx.Free()
	if err != nil {
		return fmt.Errorf("soundcard: close: %w", err)
	}
	return nil
}

// Card is a card that can be opened, in one direction.
type Card struct {
	ID      string // what Config.Playback and Config.Capture take
	Name    string // for people
	Capture bool
	Default bool
}

// List lists the cards there are, speakers first.
func (s *System) List() ([]Card, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var cards []Card
	for _, kind := range []malgo.DeviceType{malgo.Playback, malgo.Capture} {
		infos, err := s.ctx.Devices(kind)
		if err != nil {
			return nil, fmt.Errorf("soundcard: list: %w", err)
		}
		for _, i := range infos {
			cards = append(cards, Card{ID: idText(i.ID), Name: i.Name(), Capture: kind == malgo.Capture, Default: i.IsDefault != 0})
		}
	}
	return cards, nil
}

// device initialises one direction. Rate 0 takes the card's own rate, so that the library's
// resampler stays out of the way.
func (s *System) device(kind malgo.DeviceType, cfg Config, rate int, on malgo.DeviceCallbacks) (*malgo.Device, error) {
	c := malgo.DefaultDeviceConfig(kind)
	c.SampleRate = uint32(rate)
	c.PeriodSizeInMilliseconds = uint32(cfg.Period.Milliseconds())
	c.Periods = uint32(cfg.Periods)
	c.NoFixedSizedCallback = 1 // no intermediate buffer
	sub, name := &c.Playback, cfg.Playback
	if kind == malgo.Capture {
		c.Periods = max(c.Periods, uint32(captureDepth/cfg.Period))
		sub, name = &c.Capture, cfg.Capture
	}
	sub.Format, sub.Channels = malgo.FormatS16, 1
	if name != "" {
		id, err := idOf(name)
		if err != nil {
			return nil, err
		}
		var pin runtime.Pinner // the library copies the identifier before InitDevice returns
		pin.Pin(&id)
		defer pin.Unpin()
		sub.DeviceID = unsafe.Pointer(&id)
	}
	return malgo.InitDevice(s.ctx.Context, c, on)
}

// idOf makes the library's identifier of a name: for ALSA the PCM's name, ended by zero.
func idOf(name string) (malgo.DeviceID, error) {
	var id malgo.DeviceID
	if len(name) >= len(id) {
		return id, fmt.Errorf("card name of %d octets", len(name))
	}
	copy(id[:], name)
	return id, nil
}

func idText(id malgo.DeviceID) string {
	text, _, _ := strings.Cut(string(id[:]), "\x00")
	return text
}
