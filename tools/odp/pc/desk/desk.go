// Package desk is a desk to test the PC's program at: a small exchange, the phone 100 with its controllers'
// port, and a second phone 101 to call and to be called by. Both are whole phones on simulated hardware.
package desk

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc/keep"
	"opendeskphone/tools/peer/exchange"
	"opendeskphone/tools/sim/simphone"
)

// Patience is how long anything may take.
const Patience = 20 * time.Second

// Desk is the desk.
type Desk struct {
	Phone, Other *simphone.Phone // 100 and 101
	ID           string          // of the phone, in hex
	Key          ed25519.PublicKey
	Address      string // of its controllers' port

	t      testing.TB
	server *tpcp.Server
	mu     sync.Mutex
	pairs  map[tpcp.Pin]tpcp.Pairing
}

// New sets a desk up; it is cleared away at the end of the test.
func New(t testing.TB) *Desk {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	t.Cleanup(func() { stop(); parts.Wait() })
	log := slog.New(slog.DiscardHandler)
	at := freeAddr(t)
	x, err := exchange.New(exchange.Config{Local: at, Folder: t.TempDir(), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	parts.Go(func() { _ = x.Run(ctx) })
	d := &Desk{t: t, pairs: map[tpcp.Pin]tpcp.Pairing{}}
	d.Phone, d.Other = newPhone(t, "100", "Anna Weber", at), newPhone(t, "101", "Mira Patel", at)
	for _, p := range []*simphone.Phone{d.Phone, d.Other} {
		parts.Go(func() { _ = p.Run(ctx) })
	}
	for _, p := range []*simphone.Phone{d.Phone, d.Other} {
		Until(t, p.Control(), "registered", func(s *phone.State) bool { return len(s.Lines) > 0 && s.Lines[0].State == phone.LineRegistered })
	}
	d.serve(ctx, &parts, log)
	return d
}

func newPhone(t testing.TB, user, name string, at netip.AddrPort) *simphone.Phone {
	t.Helper()
	dir := filepath.Join(t.TempDir(), user)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := simphone.New(simphone.Config{Folder: dir, Settings: exchange.Settings(user, name, at), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// freeAddr finds a loopback port that is free for datagrams and streams.
func freeAddr(t testing.TB) netip.AddrPort {
	t.Helper()
	for range 50 {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		at := netip.MustParseAddrPort(l.Addr().String())
		u, err := net.ListenPacket("udp4", at.String())
		l.Close()
		if err == nil {
			u.Close()
			return at
		}
	}
	t.Fatal("no port is free")
	return netip.AddrPort{}
}

// serve opens the phone's port for controllers.
func (d *Desk) serve(ctx context.Context, parts *sync.WaitGroup, log *slog.Logger) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	id := sha256.Sum256([]byte("desk"))
	d.ID, d.Key = hex.EncodeToString(id[:16]), key.Public().(ed25519.PublicKey)
	s := tpcp.NewServer(tpcp.Config{Key: key, DeviceID: d.ID, Model: "Simulator", Firmware: "test"}, d.Phone.Control(), d, tpcp.Services{Traces: d.Phone.Traces(), Rules: d.Phone.Rules(), Log: d.Phone.History(), Voicemail: d.Phone.Voicemail()}, log)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		d.t.Fatal(err)
	}
	d.Address = l.Addr().String()
	d.server = s
	parts.Go(func() { _ = s.Run(ctx) })
	parts.Go(func() { _ = s.Serve(ctx, l) })
}

// trust lets a computer in.
func (d *Desk) trust(pin tpcp.Pin, p tpcp.Pairing) {
	d.mu.Lock()
	p.Secret = d.pairs[pin].Secret
	d.pairs[pin] = p
	d.mu.Unlock()
	d.server.Review()
}

// attached gives a pairing the secret of its cable, nil when it is pulled.
func (d *Desk) attached(id string, secret []byte) {
	d.mu.Lock()
	for pin, p := range d.pairs {
		if p.ID == id {
			p.Secret, p.LastAttach = secret, time.Now()
			d.pairs[pin] = p
		}
	}
	d.mu.Unlock()
	d.server.Review()
}

// forget takes a pairing back.
func (d *Desk) forget(id string) {
	d.mu.Lock()
	maps.DeleteFunc(d.pairs, func(_ tpcp.Pin, p tpcp.Pairing) bool { return p.ID == id })
	d.mu.Unlock()
	d.server.Review()
}

// Introduce makes the phone and a computer know each other as pairing does: it writes what the agent keeps of a
// pairing into the folder where it keeps it, for agents of whole processes, which see no simulated cable.
func (d *Desk) Introduce(state keep.Folder) {
	d.t.Helper()
	seed := sha256.Sum256([]byte(string(state)))
	key := ed25519.NewKeyFromSeed(seed[:])
	d.trust(tpcp.PinOf(key.Public().(ed25519.PublicKey)), tpcp.Pairing{ID: hex.EncodeToString(seed[:16]), Name: "test", Rights: tpcp.AllRights, LastAttach: time.Now()})
	err := state.Save("identity.json", map[string]any{"id": hex.EncodeToString(seed[:16]), "seed": seed[:]})
	if err == nil {
		err = state.Save("pairings.json", []map[string]any{{"phone": d.ID, "name": "Desk phone", "key": []byte(d.Key), "addresses": []string{d.Address}}})
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// Find implements tpcp.Pairings.
func (d *Desk) Find(pin tpcp.Pin) (tpcp.Pairing, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, ok := d.pairs[pin]
	return p, ok
}

// Count implements tpcp.Pairings.
func (d *Desk) Count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.pairs)
}

// Until waits until a phone's state is as wanted, and gives it.
func Until(t testing.TB, c phone.Control, what string, ok func(*phone.State) bool) *phone.State {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	for seq := phone.Seq(0); ; {
		u, err := c.Watch(ctx, seq)
		if err != nil {
			t.Fatalf("not in time: %s; the phone is %+v", what, c.State().Calls)
		}
		if seq = u.State.Seq; ok(u.State) {
			return u.State
		}
	}
}

// Do gives a phone a command.
func Do(t testing.TB, c phone.Control, cmd phone.Command) {
	t.Helper()
	if err := c.Do(context.Background(), "test", cmd); err != nil {
		t.Fatalf("%T: %v", cmd, err)
	}
}

// In gives the state of the first call as a condition.
func In(st phone.CallState) func(*phone.State) bool {
	return func(s *phone.State) bool { return s.First(st) != nil }
}

// Idle is the condition that there is no call.
func Idle(s *phone.State) bool { return len(s.Calls) == 0 }
