package media

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
	"opendeskphone/audio/quality"
	"opendeskphone/sip/ice"
	"opendeskphone/sip/offer"
)

var (
	// ErrNoDTMF: the far side did not agree to telephone events.
	ErrNoDTMF = errors.New("digits cannot be sent in this call")
	// ErrDigit: not one of 0-9 * # A-D.
	ErrDigit = errors.New("no such digit")
	// ErrTooFast: more digits wait than a session holds.
	ErrTooFast = errors.New("too many digits at once")
	// ErrHeld: nothing is sent at the moment.
	ErrHeld = errors.New("the call is held")
)

const (
	slots     = 8  // frames between the audio goroutine and the sender: 80 ms
	maxDigits = 64 // waiting to be sent
	mtu       = 1500
)

// slot is a frame on its way to the sender.
type slot struct {
	frame audio.Frame
	at    uint64 // its number among all frames pushed
}

// detour is the address packets of the far side come from, which is where ours go (symmetric RTP,
// RFC 4961), as long as the negotiated address is the one it stands in for.
type detour struct{ negotiated, from netip.AddrPort }

// via gives the address to send to.
func via(d *detour, negotiated netip.AddrPort) netip.AddrPort {
	if d != nil && d.negotiated == negotiated {
		return d.from
	}
	return negotiated
}

// Session is the media of one call. Pull and Push belong to the audio goroutine; everything else
// may be called from any.
type Session struct {
	f         *Factory
	born      time.Time // origin of all times kept, so that setting the clock disturbs none
	call      string
	port      uint16
	rtp, rtcp Packets
	path      *ice.Path // whose links rtp and rtcp are; nil: they are sockets
	log       *slog.Logger

	apply   sync.Mutex // one Apply at a time
	over    bool       // of apply: Run has ended
	hands   atomic.Pointer[handshakes]
	early   atomic.Pointer[early]
	plan    atomic.Pointer[plan]
	changed chan struct{} // capacity 1: the plan is another
	closing sync.Once
	closed  chan struct{}
	ran     atomic.Bool
	ended   chan struct{} // Run has returned

	free, full chan *slot
	pushed     uint64
	digits     chan press
	said       quality.Voice
	heard      quality.Voice
	room       atomic.Pointer[quality.Room]

	source  source
	hearing atomic.Pointer[codec.Codec] // what the far side speaks
	expects atomic.Pointer[[]netip.AddrPort]
	target  atomic.Pointer[detour] // where RTP goes, once we know better than SDP
	back    atomic.Pointer[detour] // and RTCP
	far     far
	tally   tally
	stats   atomic.Pointer[Stats]
}

func newSession(f *Factory, call string, port uint16, rtp, rtcp Packets) *Session {
	s := &Session{
		f: f, born: time.Now(), call: call, port: port, rtp: rtp, rtcp: rtcp, log: f.log.With("call", call),
		changed: make(chan struct{}, 1), closed: make(chan struct{}), ended: make(chan struct{}),
		free: make(chan *slot, slots), full: make(chan *slot, slots), digits: make(chan press, maxDigits),
	}
	for range slots {
		s.free <- new(slot)
	}
	s.stats.Store(&Stats{})
	return s
}

// Local is our end for the offer or answer, with the codecs named in order of preference, or if the phone has none of
// them, those of Config. Its Addr is Config.Bind, unset if that is: the caller fills in the address the far side can
// reach, and the line's SRTP policy.
func (s *Session) Local(codecs []string) offer.Local {
	cfg := s.f.cfg
	l := offer.Local{Fingerprint: s.f.identity().Fingerprint(), Addr: cfg.Bind, Port: s.port, DTMF: true, ComfortNoise: cfg.ComfortNoise, Ptime: cfg.Ptime, RTCPMux: cfg.RTCPMux}
	for _, c := range s.f.choose(codecs) {
		l.Codecs = append(l.Codecs, offer.Codec{Name: c.Name, PT: c.PT, Clock: c.Clock, Channels: c.Channels, Fmtp: c.Fmtp})
		if c.Repeats {
			l.Copied = c.Name
		}
	}
	if s.path != nil {
		s.path.Describe(&l)
	}
	return l
}

// Gather finds out how the far side can reach us, for Local to tell, until all is known or ctx ends. Called again it
// begins anew: the network is another, or the far side has begun anew (ICE restart, RFC 8445 §9).
func (s *Session) Gather(ctx context.Context) error {
	if s.path == nil {
		return nil
	}
	return s.path.Gather(ctx)
}

// Trickle has tell called with what is found out later than Local told it, for the far side (RFC 8838). Candidates of the
// far side that come later go to Trickled.
func (s *Session) Trickle(tell func(fragment []byte)) {
	if s.path != nil {
		s.path.Trickle(tell)
	}
}

// Trickled takes a fragment of the far side's.
func (s *Session) Trickled(fragment []byte) {
	if s.path != nil {
		s.path.Trickled(fragment)
	}
}

// Apply puts an agreement to work, at once and whole; the first starts the media, later ones hold,
// resume, move or change it. What did not change goes on unheard. It errs if the agreement cannot
// be kept, and then the former one stays in force.
func (s *Session) Apply(m offer.Media) error {
	s.apply.Lock()
	defer s.apply.Unlock()
	last := s.plan.Load()
	p, err := newPlan(m, s.f.codecs, last)
	if err != nil {
		return fmt.Errorf("media: apply to %s: %w", s.call, err)
	}
	if s.path != nil {
		if err := s.path.Start(m); err != nil {
			return fmt.Errorf("media: apply to %s: %w", s.call, err)
		}
	}
	s.publish(p)
	s.shakeHands(m)
	s.log.Info("media", "codec", m.Send.Name, "direction", m.Direction.String(), "remote", m.Remote.String(), "secure", p.secret())
	return nil
}

// publish puts a plan in force. The lock of Apply is held.
func (s *Session) publish(p *plan) {
	s.plan.Store(p)
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// maxExpected bounds the addresses of Expect.
const maxExpected = 32

// Expect asks to be told of the next packet from each of these addresses, at most 32, by Expected. They replace those
// asked for before.
func (s *Session) Expect(from []netip.AddrPort) {
	from = slices.Clone(from[:min(len(from), maxExpected)])
	s.expects.Store(&from)
}

// Run carries the media until ctx ends or Close; then it says BYE and closes the sockets. It is
// called once.
func (s *Session) Run(ctx context.Context) error {
	if !s.ran.CompareAndSwap(false, true) {
		return nil // closed before it ran
	}
	defer close(s.ended)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var readers, sending sync.WaitGroup
	sending.Go(func() { s.send(ctx) })
	readers.Go(s.receive)
	readers.Go(s.receiveReports)
	select {
	case <-ctx.Done():
	case <-s.closed:
		cancel()
	}
	sending.Wait() // BYE goes out before the sockets close
	s.part()
	err := s.shut()
	readers.Wait()
	if err != nil {
		return fmt.Errorf("media: close sockets of %s: %w", s.call, err)
	}
	return nil
}

// Close ends the media and waits until Run, if it was called, has returned.
func (s *Session) Close() error {
	s.closing.Do(func() { close(s.closed) })
	if s.ran.CompareAndSwap(false, true) {
		s.part()
		close(s.ended)
		return s.shut()
	}
	<-s.ended
	return nil
}

func (s *Session) shut() error {
	if s.path != nil {
		return s.path.Close()
	}
	return errors.Join(s.rtp.Close(), s.rtcp.Close())
}

// part ends the handshakes, for good.
func (s *Session) part() {
	s.apply.Lock()
	defer s.apply.Unlock()
	s.over = true
	s.hands.Swap(nil).close()
}

// Pull gives the next 10 ms of the far side; silence while nothing is received.
func (s *Session) Pull(f *audio.Frame) {
	if p := s.plan.Load(); p.receives() {
		p.buffer.Get(f)
	} else {
		f.Clear()
	}
	s.heard.Add(f)
}

// Push takes 10 ms for the far side. If the sender has fallen 80 ms behind, the oldest frame is
// dropped: late speech is worse than a gap.
func (s *Session) Push(f *audio.Frame) {
	s.said.Add(f)
	s.pushed++
	var b *slot
	select {
	case b = <-s.free:
	default:
		select {
		case b = <-s.full:
			s.tally.dropped.Add(1)
		default: // the sender has just taken the last one
			s.tally.dropped.Add(1)
			return
		}
	}
	b.frame, b.at = *f, s.pushed
	s.full <- b // has room: there are no more slots than it holds
}

// SendDTMF sends a digit for so long, at least 40 ms and at most 1.2 s, after those that wait.
func (s *Session) SendDTMF(digit rune, long time.Duration) error {
	p := s.plan.Load()
	key, ok := pressOf(digit, long)
	switch {
	case !ok:
		return fmt.Errorf("media: send digit %q: %w", digit, ErrDigit)
	case p == nil || !p.digits:
		return fmt.Errorf("media: send digit to %s: %w", s.call, ErrNoDTMF)
	case !p.sends():
		return fmt.Errorf("media: send digit to %s: %w", s.call, ErrHeld)
	}
	select {
	case s.digits <- key:
		return nil
	default:
		return fmt.Errorf("media: send digit to %s: %w", s.call, ErrTooFast)
	}
}

// Room tells what is known of echo and noise where our voice is taken up; the far side is told of the echo.
func (s *Session) Room(r quality.Room) { s.room.Store(&r) }

// Stats is the state of the last whole second.
func (s *Session) Stats() Stats { return *s.stats.Load() }

func (s *Session) tell(e Event) {
	e.Call = s.call
	if s.f.notify != nil {
		s.f.notify(e)
	}
}
