package dtls

import (
	"bytes"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	pion "github.com/pion/dtls/v3"

	"opendeskphone/sip/srtp"
)

func identity(t testing.TB) *Identity {
	t.Helper()
	i, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return i
}

type outcome struct {
	keys Keys
	err  error
}

// wire carries packets from one handshake to the other, but those that drop says, counted from 1.
type wire struct {
	to   atomic.Pointer[Handshake]
	n    atomic.Int32
	drop func(n int32, packet []byte) bool
}

func (w *wire) send(b []byte) {
	n := w.n.Add(1)
	if to := w.to.Load(); to != nil && (w.drop == nil || !w.drop(n, b)) {
		to.Feed(b)
	}
}

// handshake runs client and server against each other and gives what each has agreed on.
func handshake(client, server *Identity, clientWants, serverWants Fingerprint, drop func(int32, []byte) bool) (c, s outcome) {
	there, back := &wire{drop: drop}, &wire{drop: drop}
	cs, ss := make(chan outcome, 1), make(chan outcome, 1)
	b := server.Start(false, serverWants, back.send, func(k Keys, err error) { ss <- outcome{k, err} })
	there.to.Store(b)
	a := client.Start(true, clientWants, there.send, func(k Keys, err error) { cs <- outcome{k, err} })
	back.to.Store(a)
	c, s = <-cs, <-ss
	a.Close()
	b.Close()
	synctest.Wait()
	return c, s
}

// TestHandshake: both ends come to the same keys, though any packet of the first ten is lost.
func TestHandshake(t *testing.T) {
	for lost := range int32(11) {
		synctest.Test(t, func(t *testing.T) {
			a, b := identity(t), identity(t)
			c, s := handshake(a, b, b.Fingerprint(), a.Fingerprint(), func(n int32, _ []byte) bool { return n == lost })
			if c.err != nil || s.err != nil {
				t.Fatalf("packet %d lost: %v, %v", lost, c.err, s.err)
			}
			if c.keys.Suite != srtp.GCM128 || s.keys.Suite != srtp.GCM128 || !bytes.Equal(c.keys.Local, s.keys.Remote) ||
				!bytes.Equal(c.keys.Remote, s.keys.Local) || bytes.Equal(c.keys.Local, c.keys.Remote) || len(c.keys.Local) != 28 {
				t.Errorf("packet %d lost: keys differ or are not keys", lost)
			}
			x, err := srtp.New(c.keys.Suite, c.keys.Local, c.keys.Remote)
			if err != nil {
				t.Fatal(err)
			}
			y, err := srtp.New(s.keys.Suite, s.keys.Local, s.keys.Remote)
			if err != nil {
				t.Fatal(err)
			}
			sealed, err := x.Protect(nil, []byte("\x80\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x07voice"))
			if err != nil {
				t.Fatal(err)
			}
			if plain, err := y.Unprotect(nil, sealed); err != nil || !strings.HasSuffix(string(plain), "voice") {
				t.Errorf("unheard: %v", err)
			}
		})
	}
}

// TestStranger: who is not who the session description names gets no keys, at either end.
func TestStranger(t *testing.T) {
	for _, name := range []string{"server", "client"} {
		synctest.Test(t, func(t *testing.T) {
			a, b, other := identity(t), identity(t), identity(t)
			clientWants, serverWants := b.Fingerprint(), a.Fingerprint()
			if name == "server" {
				clientWants = other.Fingerprint()
			} else {
				serverWants = other.Fingerprint()
			}
			c, s := handshake(a, b, clientWants, serverWants, nil)
			betrayed := map[string]outcome{"server": c, "client": s}[name]
			if !errors.Is(betrayed.err, ErrFingerprint) || betrayed.keys.Local != nil {
				t.Errorf("a stranger as %s: %v", name, betrayed.err)
			}
		})
	}
}

// TestSilence: a far side that never answers costs 15 s, and no more.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		c, s := handshake(identity(t), identity(t), Fingerprint{}, Fingerprint{}, func(int32, []byte) bool { return true })
		if c.err == nil || s.err == nil || time.Since(begin) != 15*time.Second {
			t.Errorf("after %v: %v, %v", time.Since(begin), c.err, s.err)
		}
	})
}

// TestClose: a call that ends during the handshake leaves nothing behind.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := make(chan error, 1)
		h := identity(t).Start(true, Fingerprint{}, func([]byte) {}, func(_ Keys, err error) { done <- err })
		synctest.Wait()
		h.Close()
		if err := <-done; err == nil {
			t.Error("keys without a handshake")
		}
	})
}

// TestProfiles: each suite we know is agreed to with a peer that knows no other; none in common gives no keys.
func TestProfiles(t *testing.T) {
	for _, p := range profiles {
		synctest.Test(t, func(t *testing.T) {
			a, b := identity(t), identity(t)
			if c := withProfile(t, a, b, p.of); c.err != nil || c.keys.Suite != p.is || len(c.keys.Local) != p.is.KeyLen() {
				t.Errorf("%s: %v, got %s with %d octets", p.is, c.err, c.keys.Suite, len(c.keys.Local))
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		a, b := identity(t), identity(t)
		if c := withProfile(t, a, b, pion.SRTP_NULL_HMAC_SHA1_80); c.err == nil {
			t.Error("keys for no encryption")
		}
	})
}

// withProfile is our client against a server that knows one profile alone.
func withProfile(t *testing.T, a, b *Identity, profile pion.SRTPProtectionProfile) outcome {
	t.Helper()
	cfg := b.config(a.Fingerprint())
	cfg.SRTPProtectionProfiles = []pion.SRTPProtectionProfile{profile}
	there, back := &wire{}, &wire{}
	pipe := newPackets(back.send)
	there.to.Store(&Handshake{packets: pipe})
	agreed, served := make(chan struct{}), make(chan struct{})
	result := make(chan outcome, 1)
	h := a.Start(true, b.Fingerprint(), there.send, func(k Keys, err error) { result <- outcome{k, err} })
	back.to.Store(h)
	go func() {
		defer close(served)
		conn, err := pion.Server(pipe, place{}, cfg)
		if err == nil {
			_ = conn.HandshakeContext(t.Context())
			<-agreed // a close_notify that overtakes the client's last step would end its handshake
			conn.Close()
		}
	}()
	c := <-result
	close(agreed)
	h.Close()
	pipe.Close()
	<-served
	synctest.Wait()
	return c
}

func TestFingerprints(t *testing.T) {
	f := identity(t).Fingerprint()
	if again, err := ParseFingerprint(f.String()); err != nil || again != f || !strings.HasPrefix(f.String(), "sha-256 ") || len(f.String()) != 8+95 {
		t.Errorf("%v: %q", err, f)
	}
	if low, err := ParseFingerprint("SHA-256 " + strings.ToLower(strings.TrimPrefix(f.String(), "sha-256 "))); err != nil || low != f {
		t.Errorf("lower case: %v", err)
	}
	for _, bad := range []string{"", "sha-256", "sha-256 00", "md5 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF",
		"sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB", "sha-256 " + strings.Repeat("GG:", 31) + "GG"} {
		if f, err := ParseFingerprint(bad); err == nil {
			t.Errorf("%q gives %+v", bad, f)
		}
	}
}

// FuzzHandshake feeds packets of nobody into both ends of a handshake: it may fail, but gives no keys.
func FuzzHandshake(f *testing.F) {
	i := identity(f)
	hello := make(chan []byte, 1)
	h := i.Start(true, Fingerprint{}, func(b []byte) {
		select {
		case hello <- bytes.Clone(b):
		default:
		}
	}, func(Keys, error) {})
	f.Add(<-hello, true)
	h.Close()
	f.Add([]byte("\x16\xfe\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x0e\x00\x00"), false)
	f.Fuzz(func(t *testing.T, packet []byte, client bool) {
		synctest.Test(t, func(t *testing.T) {
			done := make(chan error, 1)
			h := i.Start(client, i.Fingerprint(), func([]byte) {}, func(_ Keys, err error) { done <- err })
			h.Feed(packet)
			h.Feed(packet)
			synctest.Wait()
			h.Close()
			if err := <-done; err == nil {
				t.Error("keys for a forged packet")
			}
			synctest.Wait()
		})
	})
}
