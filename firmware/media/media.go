// Package media carries the sound of calls: one Session per call, from the frames of the audio
// engine to the packets of the network and back. A Session is an engine.Party.
//
//	Push ─► slots (80 ms) ─► encode ─► RTP ─► SRTP ─► socket ─► latched address      sender goroutine
//	Pull ◄─ jitter buffer ◄─ decode ◄─ RTP ◄─ SRTP ◄─ latch ◄─ socket                receiver goroutine
//	                      digits, reports, BYE ─► RTCP socket ◄─ reports             sender, reporter
//
// Packets leave when the audio engine has filled them, so the sound card paces the network and
// nothing else does. The audio goroutine only moves a frame into a slot; encoding, encryption and
// the socket belong to the sender.
//
// All that comes from the network is hostile until it came from the right address, opened with the
// right key, and has a format that was agreed.
package media

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/netip"
	"sync"
	"time"

	"opendeskphone/audio/codec"
	"opendeskphone/sip/dtls"
	"opendeskphone/sip/ice"
)

// Config is the settings of all calls' media.
type Config struct {
	Bind         netip.Addr // address the sockets listen on; unset is all
	PortMin      int        // RTP ports, even; RTCP is on the next one
	PortMax      int
	DSCP         int           // quality mark of RTP and RTCP, 0..63; 46 is expedited forwarding (RFC 3246)
	Codecs       []string      // names of those that calls offer, in order of preference; empty: all
	Ptime        int           // packet time we ask for, in ms: 10, 20, 40 or 60
	ComfortNoise bool          // offer RFC 3389 and then send nothing during silence
	RTCPMux      bool          // offer RTP and RTCP on one port (RFC 5761)
	LostAfter    time.Duration // time without a packet after which Lost is told
}

// Default is right for most networks.
func Default() Config {
	return Config{PortMin: 16384, PortMax: 16583, DSCP: 46, Ptime: 20, LostAfter: 10 * time.Second}
}

// Validate checks the ranges; the error names the key.
func (c Config) Validate() error {
	switch {
	case c.PortMin < 1024 || c.PortMin > 65534:
		return fmt.Errorf("media: port_min %d is not 1024 to 65534", c.PortMin)
	case c.PortMax < c.PortMin+1 || c.PortMax > 65535:
		return fmt.Errorf("media: port_max %d is not above port_min %d and at most 65535", c.PortMax, c.PortMin)
	case c.DSCP < 0 || c.DSCP > 63:
		return fmt.Errorf("media: dscp %d is not 0 to 63", c.DSCP)
	case c.Ptime != 10 && c.Ptime != 20 && c.Ptime != 40 && c.Ptime != 60:
		return fmt.Errorf("media: ptime %d is not 10, 20, 40 or 60", c.Ptime)
	case c.LostAfter < time.Second || c.LostAfter > 10*time.Minute:
		return fmt.Errorf("media: lost_after %v is not 1s to 10m", c.LostAfter)
	}
	return nil
}

// Packets is a datagram socket. After Close, ReadFrom gives an error that is net.ErrClosed.
type Packets interface {
	ReadFrom(b []byte) (int, netip.AddrPort, error)
	WriteTo(b []byte, to netip.AddrPort) (int, error)
	Close() error
}

// Kind says what happened to a call's media.
type Kind uint8

// The kinds of Event.
const (
	Lost     Kind = iota // no packet came for Config.LostAfter, though we take media
	Back                 // packets come again after Lost
	Digit                // the far side pressed a key (RFC 4733)
	Heard                // the far side's packets come, for the first time or from another address than before
	Sent                 // the first packet has gone to the far side
	Expected             // a packet came from an address of Expect
	Keyed                // a handshake on the path of the voice has brought keys: it is encrypted from now on
	Unkeyed              // it has not: nothing can be said or heard
)

// Event is a fact about a call's media.
type Event struct {
	Call  string
	Kind  Kind
	Digit rune           // 0-9 * # A-D, of Digit
	From  netip.AddrPort // of Heard and Expected
	Why   string         // of Unkeyed, for logs
}

// Factory opens sessions.
type Factory struct {
	cfg      Config
	codecs   []codec.Codec
	identity func() *dtls.Identity // our end of handshakes on the path of the voice, made once
	listen   func(netip.AddrPort) (Packets, error)
	notify   func(Event)
	log      *slog.Logger
}

// ErrPorts: no pair of ports is free.
var ErrPorts = errors.New("no free pair of ports")

// New makes a factory. codecs are what the phone can speak. notify gets the events of all sessions,
// from their goroutines: it must not block and not call the session. listen makes sockets; nil
// makes UDP ones with cfg's quality mark.
func New(cfg Config, codecs []codec.Codec, listen func(netip.AddrPort) (Packets, error), notify func(Event), log *slog.Logger) *Factory {
	f := &Factory{cfg: cfg, codecs: codecs, identity: sync.OnceValue(newIdentity), listen: listen, notify: notify, log: log}
	if f.listen == nil {
		f.listen = func(at netip.AddrPort) (Packets, error) { return ListenUDP(at, cfg.DSCP) }
	}
	return f
}

func newIdentity() *dtls.Identity {
	i, err := dtls.NewIdentity()
	if err != nil { // never since go 1.24
		panic(err)
	}
	return i
}

// Prepare makes what the first session would have to wait for.
func (f *Factory) Prepare() { f.identity() }

// choose finds codecs by their names, or if there is none of them, those of Config, or else all.
func (f *Factory) choose(names []string) []codec.Codec {
	for _, names := range [][]string{names, f.cfg.Codecs} {
		var out []codec.Codec
		for _, n := range names {
			for _, c := range f.codecs {
				if c.Name == n {
					out = append(out, c)
				}
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return f.codecs
}

// Open binds the ports of one call, to be reached as the line has it, and nothing more: the session must be Run. The
// first port is drawn at random, so that nobody can guess where the next call will listen.
func (f *Factory) Open(call string, reach ice.Config) (*Session, error) {
	low, high := f.cfg.PortMin+f.cfg.PortMin%2, f.cfg.PortMax
	pairs := (high - low + 1) / 2
	if pairs < 1 {
		return nil, fmt.Errorf("media: open %s: %w", call, ErrPorts)
	}
	bind := f.cfg.Bind
	if !bind.IsValid() {
		bind = netip.IPv6Unspecified()
	}
	var last error
	first := random(pairs)
	for i := range pairs {
		port := uint16(low + 2*((first+i)%pairs))
		at, next := netip.AddrPortFrom(bind, port), netip.AddrPortFrom(bind, port+1)
		rtp, err := f.listen(at)
		if err != nil {
			last = err
			continue
		}
		rtcp, err := f.listen(next)
		if err != nil {
			last = errors.Join(err, rtp.Close())
			continue
		}
		s := newSession(f, call, port, rtp, rtcp)
		if reach.Mode != ice.Off {
			reach.DSCP = f.cfg.DSCP
			s.path = ice.New(rtp, rtcp, at, next, reach, s.log)
			s.rtp, s.rtcp = s.path.RTP(), s.path.RTCP()
		}
		return s, nil
	}
	return nil, fmt.Errorf("media: open %s: %w: %w", call, ErrPorts, last)
}

// random is a number below n nobody can foresee.
func random(n int) int {
	v, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil { // never since go 1.24
		panic(err)
	}
	return int(v.Int64())
}

func random32() uint32 {
	var b [4]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint32(b[:])
}
