package conformance

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/peer/exchange"
	"opendeskphone/tools/sim/simphone"
)

// computers is a phone's memory of one paired computer whose cable is plugged in.
type computers struct {
	pin     tpcp.Pin
	pairing tpcp.Pairing
}

func (c computers) Find(p tpcp.Pin) (tpcp.Pairing, bool) { return c.pairing, p == c.pin }
func (computers) Count() int                             { return 1 }

func key(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(slices.Repeat([]byte{seed}, ed25519.SeedSize))
}

func pinOf(k ed25519.PrivateKey) tpcp.Pin { return tpcp.PinOf(k.Public().(ed25519.PublicKey)) }

func certificate(t testing.TB, k ed25519.PrivateKey) tls.Certificate {
	t.Helper()
	c, err := tpcp.Certificate(k)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var (
	phoneKey = key(0x11)
	hostKey  = key(0x22)
	secret   = bytes.Repeat([]byte{7}, 32)
)

// startPhone runs a whole simulated phone on a small exchange, and gives where controllers reach it.
func startPhone(t *testing.T) string {
	t.Helper()
	_, address := startDesk(t)
	return address
}

func startDesk(t *testing.T) (*simphone.Phone, string) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := probe.Addr().(*net.TCPAddr).AddrPort()
	probe.Close()
	dir := t.TempDir()
	x, err := exchange.New(exchange.Config{Local: at, Folder: filepath.Join(dir, "exchange"), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "100")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := simphone.New(simphone.Config{
		Folder: folder, Settings: exchange.Settings("100", "Anna", at) + "\n[tpcp]\nport = 0\n", Log: log, Identity: phoneKey,
		Computers: computers{pinOf(hostKey), tpcp.Pairing{ID: "0f", Name: "test", Rights: tpcp.AllRights, Secret: secret}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = x.Run(ctx) })
	wg.Go(func() { _ = p.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	patience, done := context.WithTimeout(ctx, 20*time.Second)
	defer done()
	if err := x.Ready(patience); err != nil {
		t.Fatal(err)
	}
	for seq := phone.Seq(0); p.Control().State().Lines[0].State != phone.LineRegistered; {
		u, err := p.Control().Watch(patience, seq)
		if err != nil {
			t.Fatal(err)
		}
		seq = u.State.Seq
	}
	for p.Controllers().Addr() == nil {
		select {
		case <-patience.Done():
			t.Fatal("the port for controllers is not opened")
		case <-time.After(10 * time.Millisecond):
		}
	}
	_, port, err := net.SplitHostPort(p.Controllers().Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return p, net.JoinHostPort("127.0.0.1", port)
}

func dialer(address string) Dial {
	return func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "tcp", address) }
}

func options(t testing.TB) Options {
	return Options{Identity: tpcp.Identity{Certificate: certificate(t, hostKey), Phone: pinOf(phoneKey)}, Secret: func() []byte { return secret }, Call: "600"}
}

func TestOurPhoneIsRight(t *testing.T) {
	t.Parallel()
	var report strings.Builder
	passed, failed := Run(t.Context(), dialer(startPhone(t)), options(t), io.MultiWriter(&report))
	if failed > 0 || passed != len(checks()) {
		t.Errorf("%d passed, %d failed of %d\n%s", passed, failed, len(checks()), report.String())
	}
	t.Log(report.String())
}

func TestPhoneThatIsNotThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	var report strings.Builder
	if passed, failed := Run(t.Context(), dialer(l.Addr().String()), options(t), &report); passed != 0 || failed != 1 || !strings.Contains(report.String(), "cannot connect") {
		t.Errorf("%d passed, %d failed\n%s", passed, failed, report.String())
	}
}

func TestEveryCheckNamesASectionOfTheDocument(t *testing.T) {
	doc, err := os.ReadFile("../../docs/TPCP.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range checks() {
		if !strings.Contains(string(doc), "# "+c.section+" ") {
			t.Errorf("%q speaks of section %s, which is not there", c.name, c.section)
		}
		if seen[c.name] {
			t.Errorf("two checks are called %q", c.name)
		}
		seen[c.name] = true
	}
}
