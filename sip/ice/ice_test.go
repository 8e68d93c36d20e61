package ice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"

	"opendeskphone/sip/offer"
)

var quiet = slog.New(slog.DiscardHandler)

// wires carries datagrams between sockets in memory.
type wires struct {
	mu      sync.Mutex
	sockets map[netip.AddrPort]*socket
	cut     bool
}

type parcel struct {
	b    []byte
	from netip.AddrPort
}

type socket struct {
	w      *wires
	at     netip.AddrPort
	in     chan parcel
	closed chan struct{}
}

func (w *wires) socket(at string) *socket {
	s := &socket{w, netip.MustParseAddrPort(at), make(chan parcel, 100), make(chan struct{})}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sockets[s.at] = s
	return s
}

func (w *wires) sever(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
}

func (s *socket) ReadFrom(b []byte) (int, netip.AddrPort, error) {
	select {
	case p := <-s.in:
		return copy(b, p.b), p.from, nil
	case <-s.closed:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

func (s *socket) WriteTo(b []byte, to netip.AddrPort) (int, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if far := s.w.sockets[to]; far != nil && !s.w.cut {
		select {
		case far.in <- parcel{append([]byte(nil), b...), s.at}:
		default:
		}
	}
	return len(b), nil
}

func (s *socket) Close() error { close(s.closed); return nil }

func newWires() *wires { return &wires{sockets: map[netip.AddrPort]*socket{}} }

// side is one end of a call.
type side struct {
	*Path
	at  netip.Addr
	sdp *offer.Session
}

func (w *wires) side(t *testing.T, host string, c Config) *side {
	at := func(port int) string { return fmt.Sprintf("%s:%d", host, port) }
	p := New(w.socket(at(4000)), w.socket(at(4001)), netip.MustParseAddrPort(at(4000)), netip.MustParseAddrPort(at(4001)), c, quiet)
	t.Cleanup(func() { p.Close() })
	return &side{Path: p, at: netip.MustParseAddr(host)}
}

// gather finds out how the side can be reached, and tells its session.
func (s *side) gather(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := s.Gather(ctx); err != nil {
		t.Fatal(err)
	}
	l := offer.Local{Addr: s.at, Port: 4000, RTCPMux: true, Codecs: []offer.Codec{{Name: "PCMA", PT: 8, Clock: 8000}}}
	s.Describe(&l)
	if s.sdp == nil {
		s.sdp = offer.New(l)
	} else {
		s.sdp.Reach(l)
	}
}

// agree makes an offer and an answer, and both put them to work.
func agree(t *testing.T, a, b *side) {
	t.Helper()
	body, err := a.sdp.Offer(offer.SendRecv)
	if err != nil {
		t.Fatal(err)
	}
	if b.sdp != nil && b.sdp.Restarts(body) {
		b.gather(t)
	}
	answer, mb, err := b.sdp.Answer(body, offer.SendRecv)
	if err != nil {
		t.Fatal(err)
	}
	ma, err := a.sdp.Accept(answer)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(b.Start(mb), a.Start(ma)); err != nil {
		t.Fatal(err)
	}
}

// talk sends a packet of RTP from a to b; it tells whether it arrived.
func talk(a, b *side) bool {
	packet := []byte{0x80, 8, 0, 1, 2, 3}
	if _, err := a.RTP().WriteTo(packet, netip.AddrPortFrom(b.at, 4000)); err != nil {
		return false
	}
	synctest.Wait()
	select {
	case p := <-b.RTP().inbox:
		return string(p.b[:p.n]) == string(packet) && p.from == netip.AddrPortFrom(a.at, 4000)
	default:
		return false
	}
}

func TestICEInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWires()
		a, b := w.side(t, "192.0.2.1", Config{Mode: Full}), w.side(t, "192.0.2.2", Config{Mode: Full})
		a.gather(t)
		b.gather(t)
		agree(t, a, b)
		time.Sleep(2 * time.Second)
		if !talk(a, b) || !talk(b, a) {
			t.Fatal("no way was found")
		}
		// A stranger's packet is nobody's.
		stranger := w.socket("192.0.2.66:1")
		_, _ = stranger.WriteTo([]byte{0x80, 8, 0, 9}, netip.MustParseAddrPort("192.0.2.2:4000"))
		synctest.Wait()
		select {
		case p := <-b.RTP().inbox:
			t.Errorf("%x of %v came through", p.b[:p.n], p.from)
		default:
		}
		// Without an answer for 30 s nothing more is sent (RFC 7675), and with one again it is.
		w.sever(true)
		time.Sleep(25 * time.Second)
		if _, err := a.RTP().WriteTo([]byte{0x80, 8}, netip.AddrPort{}); err != nil {
			t.Errorf("after 25 s: %v", err)
		}
		time.Sleep(12 * time.Second)
		if _, err := a.RTP().WriteTo([]byte{0x80, 8}, netip.AddrPort{}); !errors.Is(err, ErrConsent) {
			t.Errorf("after 37 s: %v", err)
		}
		w.sever(false)
		time.Sleep(10 * time.Second)
		if !talk(a, b) {
			t.Error("consent came back, but nothing is sent")
		}
		// A restart: other credentials on both sides, and the voice goes on.
		a.gather(t)
		if !talk(a, b) {
			t.Error("gathering anew disturbs the call")
		}
		agree(t, a, b)
		time.Sleep(2 * time.Second)
		if !talk(a, b) || !talk(b, a) {
			t.Error("no way after the restart")
		}
		// Another phone of those that ring has answered: the same of us, checked with him.
		c := w.side(t, "192.0.2.3", Config{Mode: Full})
		c.gather(t)
		body, _ := a.sdp.Offer(offer.SendRecv)
		answer, mc, err := c.sdp.Answer(body, offer.SendRecv)
		if err != nil {
			t.Fatal(err)
		}
		ma, err := a.sdp.Accept(answer)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(c.Start(mc), a.Start(ma)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if !talk(a, c) || !talk(c, a) {
			t.Error("no way to the other that answered")
		}
		// And one who knows no ICE gets packets the plain way.
		ma.ICE = nil
		if err := a.Start(ma); err != nil {
			t.Fatal(err)
		}
		if _, err := a.RTP().WriteTo([]byte{0x80, 8, 7}, stranger.at); err != nil || len(stranger.in) != 1 {
			t.Errorf("%d packets, %v", len(stranger.in), err)
		}
	})
}

func TestSTUNTellsOurAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWires()
		server := w.socket("192.0.2.53:3478")
		a := w.side(t, "10.0.0.1", Config{Mode: STUN, STUN: "192.0.2.53"})
		go func() {
			for n := 0; ; n++ {
				var b [1500]byte
				k, from, err := server.ReadFrom(b[:])
				if err != nil {
					return
				}
				m := &stun.Message{Raw: b[:k]}
				if m.Decode() != nil || n < 2 { // the first questions are lost
					continue
				}
				x := &stun.XORMappedAddress{IP: net.IPv4(198, 51, 100, 7), Port: int(from.Port()) + 1000}
				answer := stun.MustBuild(m, stun.BindingSuccess, x)
				_, _ = server.WriteTo(answer.Raw, from)
			}
		}()
		a.gather(t)
		var l offer.Local
		a.Describe(&l)
		if l.Public.String() != "198.51.100.7:5000" || l.PublicRTCP.String() != "198.51.100.7:5001" || l.ICE != nil {
			t.Errorf("%+v", l)
		}
		a.Keep()
		_ = server.Close()
	})
}

func TestSTUNServerThatIsSilentCostsBoundedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newWires().side(t, "10.0.0.1", Config{Mode: STUN, STUN: "192.0.2.53:3478"})
		began := time.Now()
		a.gather(t)
		if d := time.Since(began); d > 1200*time.Millisecond {
			t.Errorf("it took %v", d)
		}
	})
}

// TestTrickle: a STUN server that is slow holds up no call; what it says is told later.
func TestTrickle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWires()
		server := w.socket("192.0.2.53:3478")
		go func() {
			var b [1500]byte
			for {
				k, from, err := server.ReadFrom(b[:])
				if err != nil {
					return
				}
				m := &stun.Message{Raw: b[:k]}
				if m.Decode() != nil {
					continue
				}
				answer := stun.MustBuild(m, stun.BindingSuccess, &stun.XORMappedAddress{IP: net.IPv4(198, 51, 100, 7), Port: int(from.Port())})
				time.AfterFunc(1500*time.Millisecond, func() { _, _ = server.WriteTo(answer.Raw, from) })
			}
		}()
		a, b := w.side(t, "192.0.2.1", Config{Mode: Full, STUN: "192.0.2.53"}), w.side(t, "192.0.2.2", Config{Mode: Full})
		a.gather(t)
		b.gather(t)
		agree(t, a, b)
		var fragments []string
		a.Trickle(func(f []byte) {
			fragments = append(fragments, string(f))
			b.Trickled(f)
		})
		time.Sleep(5 * time.Second)
		synctest.Wait()
		all := strings.Join(fragments, "")
		if strings.Count(all, "typ srflx") != 2 || !strings.Contains(all, "end-of-candidates") || strings.Contains(all, "typ host") {
			t.Errorf("told later: %s", all)
		}
		known, err := b.RTP().agent.Load().GetRemoteCandidates()
		if err != nil || len(known) != 2 {
			t.Errorf("the far side knows %v, %v", known, err)
		}
		b.Trickle(func(f []byte) { t.Errorf("told though all was known: %s", f) })
		_ = server.Close()
	})
}

func TestServers(t *testing.T) {
	for in, ok := range map[Config]bool{
		{}:                           true,
		{STUN: "stun.example"}:       true,
		{STUN: "192.0.2.1:3479"}:     true,
		{STUN: "[2001:db8::1]:99"}:   true,
		{STUN: "x:0"}:                false,
		{STUN: "a b"}:                false,
		{TURN: "turn:relay.example"}: true,
		{TURN: "turns:relay.example:443?transport=tcp", User: "u", Password: "p"}: true,
		{TURN: "turns:[2001:db8::1]"}:               true,
		{TURN: "turn:192.0.2.1:3479?transport=udp"}: true,
		{TURN: "stun:relay.example"}:                false,
		{TURN: "relay.example"}:                     false,
		{TURN: "turn:"}:                             false,
		{TURN: "turns:relay.example:0"}:             false,
		{TURN: "turns:relay.example:70000"}:         false,
	} {
		if _, err := in.servers(); (err == nil) != ok {
			t.Errorf("%+v: %v", in, err)
		}
	}
	c := Config{TURN: "turn:relay.example", Password: "hush"}
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("line", "reach", c, "password", c.Password)
	if s := fmt.Sprintf("%v %+v %#v %s", c, c, c, c.Password) + logged.String(); strings.Contains(s, "hush") {
		t.Error(s)
	}
	if _, err := (Config{TURN: "no", Password: "hush"}).servers(); err == nil || strings.Contains(err.Error(), "hush") {
		t.Error(err)
	}
}

// FuzzArrival lets anything come in at the socket of a call whose checks are under way, and anything be said of the far
// side's ways: STUN is never media, nothing is that comes from elsewhere than the far side said, and nothing breaks.
func FuzzArrival(f *testing.F) {
	f.Add(stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername("a:b"), stun.Fingerprint).Raw, "1 1 udp 2130706431 192.0.2.2 4000 typ host")
	f.Add([]byte{0x80, 8, 0, 1}, "1 1 tcp 1 192.0.2.2 9 typ host tcptype active")
	f.Add([]byte{0x80, 8, 0, 1}, "1 1 udp 2130706431 192.0.2.2 4000 typ host")
	f.Add([]byte{0, 1, 0, 0x10, 0x21, 0x12, 0xa4, 0x89}, "1 1 udp 2130706431 192.0.2.2 4000 typ host") // its cookie is damaged
	f.Add([]byte{1, 1, 0, 0}, "x 2 udp 0 ::1 0 typ srflx raddr :: rport 0")
	f.Fuzz(func(t *testing.T, b []byte, candidate string) {
		if len(b) == 0 || len(b) > mtu {
			return
		}
		from := netip.MustParseAddrPort("192.0.2.2:4000")
		synctest.Test(t, func(t *testing.T) {
			w := newWires()
			a := w.side(t, "192.0.2.1", Config{Mode: Full})
			a.gather(t)
			theirs := &offer.ICE{Ufrag: "abcd", Pwd: "0123456789abcdefghijklmn", Candidates: []string{candidate}}
			if err := a.Start(offer.Media{ICE: theirs, Controlling: true, RTCPMux: true, Remote: netip.MustParseAddrPort("192.0.2.2:4000")}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(200 * time.Millisecond) // till checks are sent there, if it was named
			_, _ = w.socket(from.String()).WriteTo(b, netip.MustParseAddrPort("192.0.2.1:4000"))
			time.Sleep(200 * time.Millisecond)
			if len(a.RTP().inbox) != 0 && (b[0] <= 3 || !named(candidate, from)) {
				t.Fatalf("%x became media", b)
			}
		})
	})
}

// named tells whether a candidate is of that address.
func named(candidate string, at netip.AddrPort) bool {
	c, err := ice.UnmarshalCandidate(candidate)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(c.Address())
	return err == nil && a.Unmap() == at.Addr() && c.Port() == int(at.Port())
}
