package sim

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"opendeskphone/hal"
)

// The virtual card's format: 48 kHz mono, s16le where it is bytes.
const (
	rate  = 48000
	cap1s = rate // samples of microphone sound that may wait
)

// Card is a virtual sound card. It takes and gives 10 ms every 10 ms of time.
type Card struct {
	mu        sync.Mutex
	mic       []int16
	listeners map[chan []byte]bool
	loop      func(mic, spk []int16)
	sleep     func(time.Duration)
	unplugged error
	opened    chan struct{} // closed by Unplug: whoever exchanges gets the error
}

func newCard() *Card { return &Card{listeners: map[chan []byte]bool{}, opened: make(chan struct{})} }

// ErrUnplugged is what a phone hears of a card that was pulled.
var ErrUnplugged = errors.New("sim: the sound card is unplugged")

// Unplug pulls the card: exchanges fail until Plug.
func (c *Card) Unplug() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unplugged == nil {
		c.unplugged = ErrUnplugged
		close(c.opened)
	}
}

// Plug puts the card back.
func (c *Card) Plug() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unplugged != nil {
		c.unplugged, c.opened = nil, make(chan struct{})
	}
}

// SetLoop wires something between speaker and microphone: f gets what the speaker plays and fills
// what the microphone hears, 10 ms of 48 kHz at a time, on the phone's audio goroutine.
func (c *Card) SetLoop(f func(mic, spk []int16)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loop = f
}

// SetSleep gives the card a way to wait that keeps time better than the runtime's timers, which are
// good to a millisecond. Without it the card runs on those, and so on a test's virtual time.
func (c *Card) SetSleep(f func(time.Duration)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sleep = f
}

// Speak puts sound (48 kHz mono s16le) before the microphone. More than a second ahead is dropped.
func (c *Card) Speak(pcm []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := 0; i+1 < len(pcm) && len(c.mic) < cap1s; i += 2 {
		c.mic = append(c.mic, int16(binary.LittleEndian.Uint16(pcm[i:])))
	}
}

// Listen delivers what the speaker plays, 10 ms of 48 kHz mono s16le a piece, until ctx ends; then
// the channel closes. A listener that is more than half a second behind loses pieces.
func (c *Card) Listen(ctx context.Context) <-chan []byte {
	out := make(chan []byte, 50)
	c.mu.Lock()
	c.listeners[out] = true
	c.mu.Unlock()
	context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.listeners, out)
		close(out)
	})
	return out
}

func (c *Card) open() (hal.Sound, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unplugged != nil {
		return nil, c.unplugged
	}
	return &session{card: c, gone: c.opened, sleep: c.sleep, next: time.Now()}, nil
}

// session is the card as opened once.
type session struct {
	card  *Card
	gone  chan struct{}
	sleep func(time.Duration)
	next  time.Time
}

// Rate implements hal.Sound.
func (s *session) Rate() int { return rate }

// Close implements hal.Sound.
func (s *session) Close() error { return nil }

// Exchange implements hal.Sound.
func (s *session) Exchange(mic, spk []int16) error {
	s.next = s.next.Add(10 * time.Millisecond)
	if late := time.Since(s.next); late > 100*time.Millisecond { // the machine slept: do not run after lost time
		s.next = time.Now()
	}
	if !s.wait() {
		return ErrUnplugged
	}
	c := s.card
	c.mu.Lock()
	defer c.mu.Unlock()
	n := copy(mic, c.mic)
	clear(mic[n:])
	c.mic = append(c.mic[:0], c.mic[n:]...)
	if c.loop != nil {
		c.loop(mic, spk)
	}
	if len(c.listeners) > 0 {
		c.deliver(spk)
	}
	return nil
}

// wait waits for the next piece's time; false: the card was pulled.
func (s *session) wait() bool {
	if s.sleep != nil {
		s.sleep(time.Until(s.next))
		select {
		case <-s.gone:
			return false
		default:
			return true
		}
	}
	select {
	case <-s.gone:
		return false
	case <-time.After(time.Until(s.next)):
		return true
	}
}

func (c *Card) deliver(spk []int16) {
	pcm := make([]byte, 2*len(spk))
	for i, v := range spk {
		binary.LittleEndian.PutUint16(pcm[2*i:], uint16(v))
	}
	for l := range c.listeners {
		select {
		case l <- pcm:
		default:
		}
	}
}
