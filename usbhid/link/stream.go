package link

import (
	"context"
	"net"
	"sync"
	"time"
)

// stream is a connection through the cable. The program's end is one side of a net.Pipe, which brings deadlines; two
// goroutines carry between its other side and the segments.
//
//	program == app | far == carryIn <- queue <- Run
//	                     == carryOut -> segments
type stream struct {
	link  *Link
	app   net.Conn
	far   net.Conn
	queue chan []byte   // what has come and is not read yet
	ended chan struct{} // nothing more comes or goes
	open  chan struct{} // the other end has opened it too
	once  sync.Once
	seq   uint8 // of the next segment that goes; of carryOut

	mu     sync.Mutex
	credit int // segments that may go; the phone alone counts
	more   chan struct{}

	// Of Run alone.
	began  bool
	closed bool // of queue: the other end has said its last
	next   uint8
}

// queued is how many segments may wait for their reader: what the credits allow on the PC, a TLS record on the phone.
const queued = 300

func newStream(l *Link) *stream {
	s := &stream{link: l, queue: make(chan []byte, queued), ended: make(chan struct{}), open: make(chan struct{}),
		credit: firstCredit, more: make(chan struct{}, 1)}
	s.app, s.far = net.Pipe()
	return s
}

// replace makes s the link's stream, in place of any older one.
func (l *Link) replace(s *stream) {
	l.mu.Lock()
	if l.dead {
		l.mu.Unlock()
		s.end()
		return
	}
	old := l.stream
	l.stream = s
	l.work.Go(s.carryIn)
	l.work.Go(s.carryOut)
	l.mu.Unlock()
	if old != nil {
		old.end()
	}
}

// Dial opens, on the PC, the stream, in place of any older one.
func (l *Link) Dial(ctx context.Context) (net.Conn, error) {
	s := newStream(l)
	l.replace(s)
	late := time.NewTimer(openTime)
	defer late.Stop()
	err := ErrStream
	select {
	case <-s.open:
		return s.app, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-l.over:
	case <-late.C:
	case <-s.ended:
	}
	s.end()
	select {
	case <-l.over:
		err = ErrOver
	default:
	}
	return nil, err
}

// streamed takes a segment of the stream. It runs on the reading goroutine.
func (l *Link) streamed(g Segment) {
	l.mu.Lock()
	s := l.stream
	l.mu.Unlock()
	if g.First && !l.host {
		s = newStream(l)
		close(s.open)
		l.replace(s)
		select {
		case <-l.streams: // one that nobody has taken: its PC has given it up
		default:
		}
		l.streams <- s.app
	}
	if s == nil || !s.began && !g.First {
		return // the rest of an older one
	}
	if g.First {
		if l.host && !s.began {
			close(s.open)
		}
		s.began, s.next = true, 0
	}
	if g.Seq != s.next {
		_ = s.far.Close() // the other end is told by a last segment
		return
	}
	s.next++
	s.take(g)
}

// take hands data to the reader, and waits a little where he is slow. Nothing counts after the last segment.
func (s *stream) take(g Segment) {
	if s.closed {
		return
	}
	if len(g.Data) > 0 {
		late := time.NewTimer(stallTime)
		defer late.Stop()
		select {
		case s.queue <- append([]byte(nil), g.Data...):
		case <-s.ended:
			return
		case <-late.C:
			s.end()
			return
		}
	}
	if g.Last { // the reader still gets what is in the queue
		s.closed = true
		close(s.queue)
	}
}

// end cuts the stream at once.
func (s *stream) end() {
	s.once.Do(func() { close(s.ended) })
	_ = s.far.Close()
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	if s.link.stream == s {
		s.link.stream = nil
	}
}

// carryIn gives the program what comes. At its end carryOut notices and says goodbye.
func (s *stream) carryIn() {
	defer s.far.Close()
	for taken := 1; ; taken++ {
		select {
		case <-s.ended:
			return
		case b, ok := <-s.queue:
			if !ok {
				return
			}
			if _, err := s.far.Write(b); err != nil {
				return
			}
		}
		if s.link.host && taken%grantEvery == 0 {
			_ = s.link.Send(Message{Type: TypeCredit, TLVs: []TLV{{TagCredit, []byte{grantEvery}}}})
		}
	}
}

// carryOut sends what the program says. Its first segment, empty, opens the stream; its last closes it.
func (s *stream) carryOut() {
	defer s.end()
	if s.send(Segment{Channel: Stream, First: true}) != nil {
		return
	}
	buf := make([]byte, 4096)
	for {
		n, err := s.far.Read(buf)
		for data := buf[:n]; len(data) > 0; {
			piece := data[:min(len(data), SegmentData)]
			data = data[len(piece):]
			if !s.allowed() {
				return
			}
			if s.send(Segment{Channel: Stream, Data: piece}) != nil {
				_ = s.send(Segment{Channel: Stream, Last: true}) // its number tells that something is missing
				return
			}
		}
		if err != nil {
			select {
			case <-s.ended: // the other end knows, or is gone
			default:
				_ = s.send(Segment{Channel: Stream, Last: true})
			}
			return
		}
	}
}

// send sends a segment, unless another stream has taken the place of this one: its segments must not come among those.
func (s *stream) send(g Segment) error {
	s.link.write.Lock()
	defer s.link.write.Unlock()
	s.link.mu.Lock()
	current := s.link.stream == s
	s.link.mu.Unlock()
	if !current {
		return ErrOver
	}
	g.Seq = s.seq
	s.seq++
	return s.link.put(g)
}

// allowed waits, on the phone, until the PC takes another segment; false when the stream has ended.
func (s *stream) allowed() bool {
	if s.link.host {
		return true
	}
	for {
		s.mu.Lock()
		if s.credit > 0 {
			s.credit--
			s.mu.Unlock()
			return true
		}
		s.mu.Unlock()
		select {
		case <-s.more:
		case <-s.ended:
			return false
		}
	}
}

// credit takes a grant of the PC.
func (l *Link) credit(m Message) {
	l.mu.Lock()
	s := l.stream
	l.mu.Unlock()
	n := m.Get(TagCredit)
	if l.host || s == nil || len(n) != 1 {
		return
	}
	s.mu.Lock()
	s.credit = min(s.credit+int(n[0]), queued)
	s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
}
