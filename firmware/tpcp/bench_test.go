package tpcp

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/firmware/phone"
)

// desk is the twin of what a phone keeps of computers: pairings in memory.
type desk struct {
	mu    sync.Mutex
	known map[Pin]Pairing
}

func (d *desk) Find(p Pin) (Pairing, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out, ok := d.known[p]
	return out, ok
}

func (d *desk) Count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.known)
}

func (d *desk) change(p Pin, f func(*Pairing)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	x := d.known[p]
	f(&x)
	d.known[p] = x
}

func (d *desk) revoke(p Pin) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.known, p)
}

// bench is a phone's core with the server before it. The line is the test: it posts what the network does.
type bench struct {
	t    testing.TB
	loop *phone.Loop
	*Server
	desk     *desk
	phonePin Pin
	ctx      context.Context

	mu      sync.Mutex
	effects []phone.Effect
}

func key(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(slices.Repeat([]byte{seed}, ed25519.SeedSize))
}

var certs sync.Map // of seeds, made once

func cert(t testing.TB, seed byte) tls.Certificate {
	t.Helper()
	if c, ok := certs.Load(seed); ok {
		return c.(tls.Certificate)
	}
	c, err := Certificate(key(seed))
	if err != nil {
		t.Fatal(err)
	}
	certs.Store(seed, c)
	return c
}

func pinOfSeed(seed byte) Pin { return PinOf(key(seed).Public().(ed25519.PublicKey)) }

type noRecorder struct{}

func (noRecorder) Record(*phone.State, time.Time, phone.Origin, phone.Input) {}

const (
	phoneSeed = 0x11
	hostSeed  = 0x22
)

// start makes a phone with two lines, of which the first is registered, and one paired computer whose
// cable is plugged in.
func start(t testing.TB, services Services) *bench {
	t.Helper()
	b := &bench{t: t, desk: &desk{known: map[Pin]Pairing{}}, phonePin: pinOfSeed(phoneSeed)}
	b.pair(hostSeed, AllRights)
	c := phone.DefaultConfig()
	c.Lines = []phone.LineConfig{{AOR: "sip:100@pbx.example", Label: "100", Mailbox: "*97"}, {AOR: "sip:200@pbx.example", Appearances: 2}}
	c.Watch = []phone.WatchConfig{{Number: "203", Name: "Ben"}, {Number: "701", Place: true}}
	log := slog.New(slog.DiscardHandler)
	b.loop = phone.NewLoop(c, b.exec, noRecorder{}, log)
	if l, ok := services.Lock.(*lockTwin); ok {
		l.control = b.loop
	}
	b.Server = NewServer(Config{Certificate: cert(t, phoneSeed), DeviceID: "d-1", Model: "Twin", Firmware: "1"}, b.loop, b.desk, services, log)
	ctx, cancel := context.WithCancel(context.Background())
	b.ctx = ctx
	var wg sync.WaitGroup
	wg.Go(func() { _ = b.loop.Run(ctx) })
	wg.Go(func() { _ = b.Server.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	b.post(phone.LineChanged{Line: 0, State: phone.LineRegistered})
	return b
}

func (b *bench) pair(seed byte, r Rights) {
	b.desk.change(pinOfSeed(seed), func(p *Pairing) {
		*p = Pairing{ID: pinOfSeed(seed).String()[:32], Name: "desk", Rights: r, Secret: slices.Repeat([]byte{seed, 1}, 16)}
	})
}

func (b *bench) exec(e phone.Effect) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.effects = append(b.effects, e)
}

// post gives events of the network, and waits until they were taken.
func (b *bench) post(events ...phone.Event) {
	b.t.Helper()
	for _, e := range events {
		by := phone.Origin("lines")
		if _, ok := e.(phone.HookMoved); ok {
			by = "panel"
		}
		b.loop.Post(by, e)
	}
	if err := b.loop.Ping(b.ctx); err != nil {
		b.t.Fatal(err)
	}
}

// key does what a person at the phone does.
func (b *bench) key(c phone.Command) {
	b.t.Helper()
	if err := b.loop.Do(b.ctx, "ui", c); err != nil {
		b.t.Fatalf("%T: %v", c, err)
	}
}

var anna = phone.Peer{Name: "Anna", Number: "0305550142", URI: "sip:anna@pbx.example"}

// reach brings the first call into a state, as it happens in life.
func (b *bench) reach(state string) phone.CallID {
	b.t.Helper()
	const id = 1
	invited := phone.Invited{Ref: 7, Remote: anna, Conversation: "conv-1"}
	switch state {
	case "none":
		return id
	case "dialing":
		b.key(phone.Dial{})
	case "proceeding", "alerting", "early", "ending":
		b.key(phone.Dial{Number: "201"})
	default:
		b.post(invited)
	}
	switch state {
	case "alerting", "early":
		b.post(phone.Progressed{Call: id, Early: state == "early"})
	case "ending":
		b.post(phone.CallFailed{Call: id, Cause: phone.UserBusy, Reason: "Busy Here"})
	case "answering", "connected", "held":
		b.key(phone.Answer{Call: id})
	}
	if state == "connected" || state == "held" {
		b.post(phone.Confirmed{Call: id})
	}
	if state == "held" {
		b.key(phone.Hold{Call: id})
	}
	time.Sleep(2 * keyTime) // what the person did is long ago
	return id
}

var states = strings.Fields("none dialing proceeding alerting early ringing answering connected held ending")

// pass lets time pass, in a bubble.
func (b *bench) pass(d time.Duration) { time.Sleep(d) }

// dial makes a leg without a session.
func (b *bench) dial(seed byte) (*Client, error) {
	ours, theirs := net.Pipe()
	go func() { _ = b.Server.ServeConn(b.ctx, theirs) }()
	return Over(b.ctx, ours, Identity{cert(b.t, seed), b.phonePin})
}

// leg makes a leg that runs.
func (b *bench) leg(seed byte) *Client {
	b.t.Helper()
	c, err := b.dial(seed)
	if err != nil {
		b.t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() { over <- c.Run(b.ctx) }()
	b.t.Cleanup(func() { c.Close(); <-over })
	return c
}

// controller makes a leg with a session, with or without the cable's proof.
func (b *bench) controller(id string, seed byte, attached bool) (*Client, Opened) {
	b.t.Helper()
	c := b.leg(seed)
	var secret []byte
	if attached {
		p, _ := b.desk.Find(pinOfSeed(seed))
		secret = p.Secret
	}
	o, err := c.Open(b.ctx, OpenParams{ControllerID: id}, secret)
	if err != nil {
		b.t.Fatal(err)
	}
	return c, o
}

// seat is a controller with every right that asks without a connection: what a connection does is tested elsewhere.
type seat struct {
	b *bench
	*leg
}

func (b *bench) seat() seat {
	l := newLeg(b.Server, nil, Pairing{ID: "1", Rights: AllRights}, "seat")
	l.life = b.ctx
	l.session = &session{id: "s", controllerID: "pc", origin: originPrefix + "pc", rights: AllRights, attached: true}
	return seat{b, l}
}

func (s seat) ask(method, params string) (json.RawMessage, error) {
	r := &request{ctx: s.b.ctx, server: s.server, leg: s.leg, method: method, params: json.RawMessage(params), now: time.Now()}
	out, refusal := r.answer()
	if refusal != nil {
		return nil, refusal
	}
	return out, nil
}

func (s seat) calls() []Call {
	s.b.t.Helper()
	var list CallsResult
	out, err := s.ask("call.list", `{}`)
	if err == nil {
		err = json.Unmarshal(out, &list)
	}
	if err != nil {
		s.b.t.Fatal(err)
	}
	return list.Calls
}

// told gives the notifications that have come up to now, by name.
func told(c *Client) []Notification {
	synctest.Wait()
	var out []Notification
	for {
		select {
		case n, ok := <-c.Notifications():
			if !ok {
				return out
			}
			out = append(out, n)
		default:
			return out
		}
	}
}

func names(list []Notification) string {
	var out []string
	for _, n := range list {
		out = append(out, n.Name)
	}
	return strings.Join(out, " ")
}

func (b *bench) wantCode(err error, code Code) {
	b.t.Helper()
	if CodeOf(err) != code || code == 0 && err != nil {
		b.t.Errorf("%v, want %v", err, code)
	}
}

// raw asks with params as they are.
func raw(ctx context.Context, c *Client, method, params string) (json.RawMessage, error) {
	var out json.RawMessage
	err := c.Call(ctx, method, json.RawMessage(params), &out)
	return out, err
}

// bubble runs a test on a clock of its own.
func bubble(t *testing.T, name string, f func(*testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

// over tells why a leg ended; it fails if it has not.
func (b *bench) goodbye(c *Client, reason string) {
	b.t.Helper()
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	bye := new(ByeError)
	if !errors.As(c.err, &bye) || bye.Reason != reason {
		b.t.Errorf("the leg ended with %v, want goodbye: %s", c.err, reason)
	}
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }
