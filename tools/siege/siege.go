// Package siege puts a phone into a call on a network of its own and lays siege to it: floods of SIP from strangers,
// blasts of broken RTP, RTCP, SRTP, STUN and DTLS at its media, and calls without end. Its tests prove that the phone
// stands; the bench measures how well, with baresip in the phone's place as the anchor.
package siege

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"sync/atomic"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

// Who stands where on the network.
const (
	registrarHost = 1 // the core: a server the phone trusts
	friendHost    = 11
	secureHost    = 12
	sippHost      = 13
	strangerHost  = 31
	victimHost    = 100
)

func at(n int) netip.Addr { return lab.LANAddr(n).Addr() }

// The tone that the friend says all the time, and the one that strangers inject, in Hz.
const friendTone, strangerTone = 440, 1000

// Siege is a phone on a network with friends and strangers.
type Siege struct {
	Phone    *desk.Twin   // nil where baresip is in its place
	Other    *lab.Baresip // nil where the phone is
	lan      *lab.LAN
	stranger *lab.Namespace
	sipp     *lab.Namespace
	friends  map[int]*friend
	stops    []func() error
}

// friend is somebody the phone talks with.
type friend struct {
	*lab.Baresip
	host int
	wire *lab.Capture // of its own cable: the flood does not pass there
}

// New sets up the network and a phone that trusts its friends and the registrar. Close it.
func New(ctx context.Context, dir string, anchor bool) (*Siege, error) {
	s := &Siege{friends: map[int]*friend{}}
	if err := s.open(ctx, dir, anchor); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Siege) open(ctx context.Context, dir string, anchor bool) (err error) {
	if err := lab.Require("ip", "baresip", "sipp"); err != nil {
		return err
	}
	if s.lan, err = lab.NewLAN(dir); err != nil {
		return err
	}
	s.stops = append(s.stops, s.lan.Close)
	if s.stranger, err = s.lan.Host("stranger", strangerHost); err != nil {
		return err
	}
	if s.sipp, err = s.lan.Host("sipp", sippHost); err != nil {
		return err
	}
	if err := s.befriend(ctx, friendHost, false); err != nil {
		return err
	}
	if anchor {
		s.Other, err = s.baresip(ctx, victimHost, lab.BaresipConfig{User: "100"})
		return err
	}
	if err := s.befriend(ctx, secureHost, true); err != nil {
		return err
	}
	s.Phone, err = desk.StartTwin(ctx, desk.Setup{Name: "phone", LAN: s.lan, Host: victimHost, Settings: settings()})
	if err != nil {
		return err
	}
	s.stops = append(s.stops, s.Phone.Close)
	return s.Phone.AnswerAll()
}

// settings are a phone without registration whose server, and whose friends, are known by their addresses.
func settings() string {
	return fmt.Sprintf("[[line]]\naor = \"sip:100@%[1]s\"\nregister = false\noutbound_proxy = \"%[1]s\"\npeers = [\"%[1]s\", \"%[2]s\", \"%[3]s\", \"%[4]s\"]\n"+
		"codecs = [\"PCMA\", \"PCMU\"]\nsrtp = \"optional\"\n", at(registrarHost), at(friendHost), at(secureHost), at(sippHost))
}

// befriend brings a friend on.
func (s *Siege) befriend(ctx context.Context, n int, secure bool) error {
	b, err := s.baresip(ctx, n, lab.BaresipConfig{User: fmt.Sprint(n), SRTP: secure})
	if err != nil {
		return err
	}
	f := &friend{Baresip: b, host: n}
	if f.wire, err = lab.NewCapture(b.Namespace(), "eth0"); err != nil {
		return err
	}
	s.stops = append(s.stops, f.wire.Close)
	s.friends[n] = f
	return nil
}

func (s *Siege) baresip(ctx context.Context, n int, c lab.BaresipConfig) (*lab.Baresip, error) {
	host, err := s.lan.Host(c.User, n)
	if err != nil {
		return nil, err
	}
	c.Addr, c.Codecs = at(n), []string{"PCMA"}
	c.Speech = tone(friendTone, 5*time.Minute) // baresip hangs up at the end
	return lab.StartBaresip(ctx, host, c)
}

// tone is a pure tone at a third of full scale.
func tone(hz float64, d time.Duration) lab.Clip {
	const rate = 8000
	c := lab.Clip{Rate: rate, Samples: make([]float32, int(d.Seconds()*rate))}
	for i := range c.Samples {
		c.Samples[i] = float32(math.Sin(2*math.Pi*hz*float64(i)/rate) / 3)
	}
	return c
}

// Close ends everything, the last begun first.
func (s *Siege) Close() error {
	var errs []error
	for i := len(s.stops) - 1; i >= 0; i-- {
		errs = append(errs, s.stops[i]())
	}
	return errors.Join(errs...)
}

func (s *Siege) pid() int {
	if s.Other != nil {
		return s.Other.Process().PID()
	}
	return s.Phone.PID()
}

// Call has a friend call the phone, which answers, and waits until voice goes both ways.
func (s *Siege) Call(ctx context.Context, secure bool) (*Call, error) {
	f := s.friends[friendHost]
	if secure {
		f = s.friends[secureHost]
	}
	c := &Call{siege: s, friend: f, mark: f.Mark()}
	wire := f.wire.Mark()
	if err := f.Dial(ctx, "sip:100@"+at(victimHost).String()); err != nil {
		return nil, err
	}
	if s.Other != nil {
		if err := errors.Join(s.Other.WaitRinging(ctx, 0), s.Other.Answer(ctx)); err != nil {
			return nil, err
		}
	}
	if err := f.WaitTalking(ctx, c.mark); err != nil {
		return nil, err
	}
	err := lab.Poll(ctx, "voice both ways", func() (bool, error) {
		packets := f.wire.Since(wire)
		return lab.Flow(packets, at(victimHost), at(f.host)) > 25 && lab.Flow(packets, at(f.host), at(victimHost)) > 25, nil
	})
	if err != nil {
		return nil, err
	}
	for _, p := range f.wire.Since(wire) {
		if p.RTP() && p.Src.Addr() == at(f.host) {
			c.theirs, c.ours, c.ssrc = p.Src, p.Dst, binary.BigEndian.Uint32(p.Data[8:])
		}
	}
	return c, nil
}

// Call is a call between the phone and a friend.
type Call struct {
	siege        *Siege
	friend       *friend
	mark         int
	theirs, ours netip.AddrPort // of RTP
	ssrc         uint32         // of the friend's voice
}

// End hangs up.
func (c *Call) End(ctx context.Context) error {
	if err := c.friend.Hangup(ctx); err != nil {
		return err
	}
	if err := c.friend.WaitEnded(ctx, c.mark); err != nil {
		return err
	}
	if c.siege.Phone == nil {
		return nil
	}
	_, err := c.siege.Phone.WaitState(ctx, "no call", func(st *phone.State) bool { return len(st.Calls) == 0 })
	return err
}

// Outcome is how a phone stood an attack that came during a call.
type Outcome struct {
	Sent            int           // by the attackers
	PPS             float64       // packets of voice a second
	Missing         int           // numbers of packets of voice that were not sent
	Gap             time.Duration // the longest between two of them
	Asked, Answered int           // OPTIONS by the registrar
	Grown           int64         // bytes: the most resident memory, above what it was before
	Friend, Foe     float64       // levels of their tones in the phone's speaker, full scale is 1; the phone alone
}

// String gives the outcome in one line.
func (o Outcome) String() string {
	return fmt.Sprintf("%d sent; voice %.2f packets/s, %d missing, longest gap %.1f ms; %d of %d OPTIONS answered; memory +%.1f MB; friend heard at %.3f, foe at %.4f",
		o.Sent, o.PPS, o.Missing, float64(o.Gap.Microseconds())/1000, o.Answered, o.Asked, float64(o.Grown)/1e6, o.Friend, o.Foe)
}

// Attack sends until ctx ends and counts what it sent.
type Attack func(ctx context.Context) (int, error)

// Under holds the call for a time under an attack.
func (c *Call) Under(ctx context.Context, d time.Duration, a Attack) (o Outcome, err error) {
	s := c.siege
	before, err := desk.RSS(s.pid())
	if err != nil {
		return o, err
	}
	var tape *lab.Tape
	var from time.Duration
	if s.Phone != nil {
		if tape, err = lab.OpenTape(ctx, func() (string, error) { return s.Phone.Speaker(), nil }); err != nil {
			return o, err
		}
		defer tape.Close()
		from = tape.Length()
	}
	wire := c.friend.wire.Mark()
	within, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var most atomic.Int64
	asked := make(chan error, 2)
	go func() { asked <- s.ask(within, &o.Asked, &o.Answered) }()
	go func() { asked <- s.watchMemory(within, &most) }()
	o.Sent, err = a(within)
	<-within.Done()
	if err := errors.Join(err, <-asked, <-asked); err != nil {
		return o, err
	}
	c.listen(&o, d, c.friend.wire.Since(wire))
	o.Grown = most.Load() - before
	if tape == nil {
		return o, nil
	}
	clip, err := tape.Cut(from, tape.Length())
	o.Friend, o.Foe = level(clip, friendTone), level(clip, strangerTone)
	return o, err
}

// listen judges the voice that left the phone within d.
func (c *Call) listen(o *Outcome, d time.Duration, packets []lab.Packet) {
	var first, last lab.Packet
	n := 0
	for _, p := range packets {
		if !p.RTP() || p.Src.Addr() != at(victimHost) {
			continue
		}
		if n++; n == 1 {
			first, last = p, p
			continue
		}
		o.Gap = max(o.Gap, p.At.Sub(last.At))
		o.Missing += int(binary.BigEndian.Uint16(p.Data[2:]) - binary.BigEndian.Uint16(last.Data[2:]) - 1)
		last = p
	}
	if n > 1 {
		o.PPS = float64(n-1) / last.At.Sub(first.At).Seconds()
	} else {
		o.Gap = d
	}
}

// level is the amplitude of a tone in a clip, the mean over pieces so short that a jump between them does not count.
func level(c lab.Clip, hz float64) (sum float64) {
	piece := c.Rate / 20
	n := len(c.Samples) / piece
	for k := range n {
		var re, im float64
		for i, v := range c.Samples[k*piece : (k+1)*piece] {
			sin, cos := math.Sincos(2 * math.Pi * hz * float64(i) / float64(c.Rate))
			re, im = re+float64(v)*cos, im+float64(v)*sin
		}
		sum += 2 * math.Hypot(re, im) / float64(piece)
	}
	return sum / float64(max(n, 1))
}

// watchMemory notes the most resident memory.
func (s *Siege) watchMemory(ctx context.Context, most *atomic.Int64) error {
	for ; ctx.Err() == nil; pause(ctx, 50*time.Millisecond) {
		rss, err := desk.RSS(s.pid())
		if err != nil {
			return err
		}
		most.Store(max(most.Load(), rss))
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// Rest ends all calls and gives what the phone holds when that no longer changes.
func (s *Siege) Rest(ctx context.Context) (c desk.Census, err error) {
	_, err = s.Phone.WaitState(ctx, "no call", func(st *phone.State) bool {
		for _, call := range st.Calls {
			_ = s.Phone.Do(ctx, phone.Hangup{Call: call.ID}) // it may have ended meanwhile
		}
		return len(st.Calls) == 0
	})
	if err != nil {
		return c, err
	}
	err = lab.PollEvery(ctx, 300*time.Millisecond, "the phone to come to rest", func() (bool, error) {
		last := c
		c, err = s.Phone.Census()
		return c.Goroutines == last.Goroutines && c.Descriptors == last.Descriptors, err
	})
	return c, err
}
