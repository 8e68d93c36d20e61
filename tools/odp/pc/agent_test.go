package pc_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc"
	"opendeskphone/tools/odp/pc/contacts"
	"opendeskphone/tools/odp/pc/desk"
	"opendeskphone/tools/odp/pc/keep"
)

// bare is a USB with what the test plugs in.
type bare struct {
	mu      sync.Mutex
	phones  []pc.Plugged
	open    func(string) (io.ReadWriteCloser, error)
	changed chan struct{}
}

func newBare() *bare { return &bare{changed: make(chan struct{}, 1)} }

func (b *bare) set(p ...pc.Plugged) {
	b.mu.Lock()
	b.phones = p
	b.mu.Unlock()
	b.changed <- struct{}{}
}

func (b *bare) Watch(ctx context.Context, changed func()) {
	for {
		changed()
		select {
		case <-ctx.Done():
			return
		case <-b.changed:
		}
	}
}

func (b *bare) Phones() ([]pc.Plugged, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.phones, nil
}

func (b *bare) Open(node string) (io.ReadWriteCloser, error) { return b.open(node) }

func (b *bare) Seen() []string { return []string{"001.002 046d:c52b (full speed)"} }

// pcOf is one PC: its folders, and the agent that runs on it now.
type pcOf struct {
	t     *testing.T
	usb   pc.Finder
	state keep.Folder
	data  keep.Folder
	*pc.Agent
	book *contacts.Book
	stop func()
}

func newPC(t *testing.T) *pcOf { return newPCAt(t, newBare()) }

func newPCAt(t *testing.T, usb pc.Finder) *pcOf {
	p := &pcOf{t: t, usb: usb, state: keep.Folder(t.TempDir()), data: keep.Folder(t.TempDir())}
	p.start()
	return p
}

// start runs a new agent, as after the old one was killed.
func (p *pcOf) start() {
	p.t.Helper()
	book, err := contacts.Open(p.data)
	if err != nil {
		p.t.Fatal(err)
	}
	a, err := pc.New(pc.Config{Finder: p.usb, State: p.state, Data: p.data, Contacts: book, Version: "test", Host: "pc", User: "u", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { defer close(over); _ = a.Run(ctx) }()
	p.Agent, p.book, p.stop = a, book, func() { cancel(); <-over }
	p.t.Cleanup(p.stop)
}

// knows makes the PC and the phone of a desk know each other, as pairing does.
func (p *pcOf) knows(d *desk.Desk) {
	p.t.Helper()
	p.stop()
	d.Introduce(p.state)
	p.start()
}

// until waits for a view as wanted.
func (p *pcOf) until(what string, ok func(pc.View) bool) pc.View {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), desk.Patience)
	defer cancel()
	settled := errors.New("settled")
	var last pc.View
	err := p.Follow(ctx, func(e pc.Event) error {
		if e.View != nil {
			if last = *e.View; ok(last) {
				return settled
			}
		}
		return nil
	})
	if !errors.Is(err, settled) {
		text, _ := json.MarshalIndent(last, "", " ")
		p.t.Fatalf("not in time: %s\n%s", what, text)
	}
	return last
}

func online(v pc.View) bool { q := v.Phone(""); return q != nil && q.Link == pc.Online }

func call(v pc.View) *tpcp.Call {
	q := v.Phone("")
	if q == nil || len(q.Calls) == 0 {
		return nil
	}
	return &q.Calls[0]
}

func in(state string) func(pc.View) bool {
	return func(v pc.View) bool { c := call(v); return online(v) && c != nil && c.State == state }
}

func (p *pcOf) request(method string, params map[string]any) {
	p.t.Helper()
	if _, err := p.Request(p.t.Context(), "", method, params); err != nil {
		p.t.Fatalf("%s: %v", method, err)
	}
}

func TestCallsOverTheNetwork(t *testing.T) {
	d, p := desk.New(t), newPC(t)
	p.knows(d)
	p.until("online", online)
	if _, err := p.book.Put(contacts.Contact{Name: "Mira", Numbers: []contacts.Number{{Kind: "work", Value: "101"}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Call(t.Context(), "", "mira"); err != nil {
		t.Fatal(err)
	}
	desk.Until(t, d.Other.Control(), "rings", desk.In(phone.Ringing))
	v := p.until("rings there", in(tpcp.StateAlerting))
	if n, _ := v.Party(*call(v)); n != "Mira" {
		t.Errorf("the call is with %q", n)
	}
	desk.Do(t, d.Other.Control(), phone.Answer{Call: d.Other.Control().State().Calls[0].ID})
	v = p.until("connected", in(tpcp.StateConnected))
	id := call(v).CallID
	p.request("call.hold", map[string]any{"callId": id})
	p.until("held", func(v pc.View) bool { return call(v).Hold.Local })
	p.request("call.resume", map[string]any{"callId": id})
	p.until("resumed", func(v pc.View) bool { return !call(v).Hold.Local })
	p.request("call.mute", map[string]any{"on": true})
	p.until("muted", func(v pc.View) bool { return v.Phone("").Device.Mute && call(v).LegA.Muted })
	p.request("call.hangup", map[string]any{"callId": id})
	p.until("over", func(v pc.View) bool { return call(v) == nil })
	desk.Until(t, d.Other.Control(), "over there", desk.Idle)
}

// TestKilledAgentFindsTheSameCall: the phone alone owns the call.
func TestKilledAgentFindsTheSameCall(t *testing.T) {
	d, p := desk.New(t), newPC(t)
	p.knows(d)
	p.until("online", online)
	desk.Do(t, d.Other.Control(), phone.Dial{Number: "100"})
	v := p.until("rings", in(tpcp.StateRinging))
	id := call(v).CallID
	p.request("call.answer", map[string]any{"callId": id})
	p.until("connected", in(tpcp.StateConnected))
	p.stop()
	desk.Until(t, d.Phone.Control(), "call goes on", desk.In(phone.Talking))
	p.start()
	v = p.until("the same call", in(tpcp.StateConnected))
	if call(v).CallID != id {
		t.Errorf("call %s became %s", id, call(v).CallID)
	}
}

func TestTwoControllersSeeOneCall(t *testing.T) {
	d, p, q := desk.New(t), newPC(t), newPC(t)
	for _, c := range []*pcOf{p, q} {
		c.knows(d)
		c.until("online", online)
	}
	desk.Do(t, d.Other.Control(), phone.Dial{Number: "100"})
	id := call(p.until("rings", in(tpcp.StateRinging))).CallID
	if other := call(q.until("rings", in(tpcp.StateRinging))).CallID; other != id {
		t.Errorf("one sees %s, the other %s", id, other)
	}
	p.request("call.answer", map[string]any{"callId": id})
	q.until("connected", in(tpcp.StateConnected))
	q.request("call.hangup", map[string]any{"callId": id})
	p.until("over", func(v pc.View) bool { return online(v) && call(v) == nil })
}

func TestMissedCallIsRemembered(t *testing.T) {
	d, p := desk.New(t), newPC(t)
	p.knows(d)
	p.until("online", online)
	desk.Do(t, d.Other.Control(), phone.Dial{Number: "100"})
	p.until("rings", in(tpcp.StateRinging))
	desk.Do(t, d.Other.Control(), phone.Hangup{Call: d.Other.Control().State().Calls[0].ID})
	v := p.until("missed", func(v pc.View) bool { return len(v.Missed) == 1 })
	if n, _ := v.Party(v.Missed[0].Call); n != "Mira Patel" {
		t.Errorf("missed %q", n)
	}
}

func TestRefusalsAreSaidInWords(t *testing.T) {
	d, p := desk.New(t), newPC(t)
	p.until("looked", func(v pc.View) bool { return v.Looked })
	_, err := p.Request(t.Context(), "", "call.make", map[string]any{"to": "1"})
	refuses(t, err, pc.NoPhone, "No phone found")
	if r := new(pc.Refusal); !errors.As(err, &r) || !strings.Contains(r.Hint, "046d:c52b") {
		t.Errorf("it does not say what is plugged in: %+v", err)
	}
	p.knows(d)
	p.until("online", online)
	_, err = p.Request(t.Context(), "", "call.hold", map[string]any{"callId": "c-99"})
	refuses(t, err, pc.ByPhone, "no such call")
	_, err = p.Call(t.Context(), "", "nobody of that name")
	refuses(t, err, pc.Usage, "nobody of that name")
	_, err = p.Request(t.Context(), "other", "device.get", nil)
	refuses(t, err, pc.Usage, "0 phones")
}

// A script that asks faster than the phone answers is slowed down, and not refused.
func TestManyRequestsWaitTheirTurn(t *testing.T) {
	d, p := desk.New(t), newPC(t)
	p.knows(d)
	p.until("online", online)
	for range 60 { // the phone answers 40 at once, and 20 a second
		p.request("device.get", nil)
	}
}

func refuses(t *testing.T, err error, kind pc.Kind, words string) {
	t.Helper()
	var r *pc.Refusal
	if !errors.As(err, &r) || r.Kind != kind || !strings.Contains(r.Words, words) {
		t.Errorf("%v; want %s: %q", err, kind, words)
	}
}

func TestNoPermissionNamesTheRule(t *testing.T) {
	usb := newBare()
	usb.open = func(string) (io.ReadWriteCloser, error) { return nil, fs.ErrPermission }
	p := newPCAt(t, usb)
	usb.set(pc.Plugged{Node: "/dev/hidraw3", Serial: "ab", Name: "Desk"})
	v := p.until("denied", func(v pc.View) bool { q := v.Phone(""); return q != nil && q.Link == pc.Denied })
	if q := v.Phone(""); !strings.Contains(q.Problem, pc.RuleFile) || !strings.Contains(q.Problem, "/dev/hidraw3") || !strings.Contains(q.Hint, "udevadm") {
		t.Errorf("%+v", q)
	}
	refuses(t, p.Pair(""), pc.NoPermission, pc.RuleFile)
	usb.set()
	p.until("gone", func(v pc.View) bool { return len(v.Phones) == 0 })
}

func TestLinksAreAskedFor(t *testing.T) {
	d, p := desk.New(t), newPC(t)
	p.knows(d)
	p.until("online", online)
	for range 3 {
		if asked, err := p.Link(t.Context(), "tel:101"); !asked || err != nil {
			t.Fatalf("asked %v, %v", asked, err)
		}
	}
	_, err := p.Link(t.Context(), "tel:101")
	refuses(t, err, pc.Usage, "wait for your word")
	_, err = p.Link(t.Context(), "tel:*21*1#")
	refuses(t, err, pc.Usage, "service codes")
	v := p.until("asks", func(v pc.View) bool { return len(v.Asks) == 3 })
	if err := p.Decide(t.Context(), v.Asks[0].ID, false); err != nil {
		t.Fatal(err)
	}
	if n := len(d.Phone.Control().State().Calls); n != 0 {
		t.Fatalf("%d calls before the user's word", n)
	}
	if err := p.Decide(t.Context(), v.Asks[1].ID, true); err != nil {
		t.Fatal(err)
	}
	desk.Until(t, d.Other.Control(), "rings", desk.In(phone.Ringing))
	refuses(t, p.Decide(t.Context(), v.Asks[1].ID, true), pc.Usage, "no longer")
	v = p.until("the call", func(v pc.View) bool { return call(v) != nil })
	p.request("call.hangup", map[string]any{"callId": call(v).CallID})
	desk.Until(t, d.Other.Control(), "over", desk.Idle)
	if err := p.SetPrefs(func(q *pc.Prefs) { q.LinksDial = true }); err != nil {
		t.Fatal(err)
	}
	if asked, err := p.Link(t.Context(), "tel:101"); asked || err != nil {
		t.Fatalf("asked %v, %v", asked, err)
	}
	desk.Until(t, d.Other.Control(), "rings", desk.In(phone.Ringing))
}

// TestSlowListenerDelaysNobody and gets the newest view in the end.
func TestSlowListenerDelaysNobody(t *testing.T) {
	p := newPC(t)
	ctx, cancel := context.WithTimeout(t.Context(), desk.Patience)
	defer cancel()
	hold, first := make(chan struct{}), make(chan struct{})
	var views int
	var last *pc.View
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = p.Follow(ctx, func(e pc.Event) error {
			if e.View == nil {
				return nil
			}
			if views++; views == 1 {
				close(first)
				<-hold
			}
			if last = e.View; last.Prefs.Phone == "p999" {
				return context.Canceled
			}
			return nil
		})
	}()
	<-first
	began := time.Now()
	for _, n := range []string{"p1", "p2", "p999"} {
		if err := p.SetPrefs(func(q *pc.Prefs) { q.Phone = n }); err != nil {
			t.Fatal(err)
		}
	}
	if time.Since(began) > 5*time.Second {
		t.Error("the agent waited")
	}
	close(hold)
	<-done
	if last == nil || last.Prefs.Phone != "p999" || views > 3 {
		t.Errorf("%d views, the last %+v", views, last)
	}
}
