package link

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"opendeskphone/usbhid"
)

// What the link itself says on the control channel; the rest belongs to package pairing.
const (
	TypeCredit Type = 0x22
	TypeError  Type = 0x7f
	TagReason  Tag  = 0x10 // one byte
	TagCredit  Tag  = 0x15 // one byte: so many more segments of the stream
)

// ReasonDesync is the reason of an error: segments were missing, both ends begin anew.
const ReasonDesync = 9

const (
	firstCredit = 16              // segments of the stream the phone may send unasked
	grantEvery  = 8               // after so many the PC grants as many more
	openTime    = 2 * time.Second // the phone takes so long at most to open the stream
	stallTime   = 5 * time.Second // after which a stream that nobody reads is given up
)

// Errors of the stream.
var (
	ErrStream = errors.New("link: the phone does not open the stream")
	ErrOver   = errors.New("link: the link is over")
)

// Received is a message, or why there was none: ErrDesync, ErrMessage or ErrVersion.
type Received struct {
	Message Message
	Err     error
}

// Link is one end of the cable. Its methods may be called from any goroutine while Run runs.
type Link struct {
	dev      io.ReadWriter
	host     bool
	messages chan Received
	streams  chan net.Conn
	over     chan struct{}
	work     sync.WaitGroup

	write sync.Mutex // one report at a time, in order of their numbers
	seq   uint8      // of the control channel

	in assembler // of the control channel, of Run

	mu     sync.Mutex
	stream *stream // nil: none is open
	dead   bool    // Run has ended
}

// New makes a link over a device whose Read gives and whose Write takes one report. host is the PC's end.
func New(dev io.ReadWriter, host bool) *Link {
	return &Link{dev: dev, host: host, messages: make(chan Received, 16), streams: make(chan net.Conn, 1), over: make(chan struct{})}
}

// Messages delivers what comes on the control channel; it closes when Run ends. Whoever reads it must not wait for the
// stream.
func (l *Link) Messages() <-chan Received { return l.messages }

// Streams delivers, on the phone, the streams that the PC opens; it closes when Run ends.
func (l *Link) Streams() <-chan net.Conn { return l.streams }

// Run carries until the device fails or is closed, and gives that error.
func (l *Link) Run() error {
	defer l.work.Wait()
	defer close(l.streams)
	defer close(l.messages)
	defer l.die()
	defer close(l.over)
	report := make([]byte, usbhid.PairingSize)
	for {
		n, err := l.dev.Read(report)
		if err != nil {
			return err
		}
		s, err := ParseSegment(report[:n])
		switch {
		case err != nil:
			l.messages <- Received{Err: err}
		case s.Channel == Control:
			l.control(s)
		case s.Channel == Stream:
			l.streamed(s)
		} // other channels are of a later version
	}
}

// EndStream ends the stream, if there is one: who was at its other end is gone, or is no longer who it was.
func (l *Link) EndStream() {
	l.mu.Lock()
	s := l.stream
	l.mu.Unlock()
	if s != nil {
		s.end()
	}
}

func (l *Link) die() {
	l.mu.Lock()
	l.dead = true
	l.mu.Unlock()
	l.EndStream()
}

func (l *Link) control(s Segment) {
	whole, err := l.in.put(s)
	if err == nil && whole == nil {
		return
	}
	var m Message
	if err == nil {
		m, err = ParseMessage(append([]byte(nil), whole...)) // it is kept while the next comes
	}
	switch {
	case errors.Is(err, ErrDesync):
		_ = l.Send(Message{Type: TypeError, TLVs: []TLV{{TagReason, []byte{ReasonDesync}}}})
	case err == nil && m.Type == TypeCredit:
		l.credit(m)
		return
	}
	l.messages <- Received{m, err}
}

// Send sends a message.
func (l *Link) Send(m Message) error {
	b := m.Bytes()
	if len(b) > MaxMessage {
		return fmt.Errorf("%w: %d bytes", ErrMessage, len(b))
	}
	l.write.Lock()
	defer l.write.Unlock()
	for _, s := range split(Control, &l.seq, b, true) {
		if err := l.put(s); err != nil {
			return err
		}
	}
	return nil
}

// put sends a segment; the caller holds write.
func (l *Link) put(s Segment) error {
	r := s.Report()
	_, err := l.dev.Write(r[:])
	return err
}
