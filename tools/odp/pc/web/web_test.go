package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/odp/pc"
	"opendeskphone/tools/odp/pc/api"
	"opendeskphone/tools/odp/pc/contacts"
	"opendeskphone/tools/odp/pc/desk"
	"opendeskphone/tools/odp/pc/keep"
)

// noUSB is a computer without phones on its USB.
type noUSB struct{ pc.Finder }

func (noUSB) Watch(ctx context.Context, changed func()) { changed(); <-ctx.Done() }
func (noUSB) Phones() ([]pc.Plugged, error)             { return nil, nil }
func (noUSB) Seen() []string                            { return []string{"001.002 046d:c52b (full speed)"} }

// page is an agent with its page.
type page struct {
	*Server
	agent *pc.Agent
	book  *contacts.Book
}

func serve(t *testing.T, prepare func(state keep.Folder)) *page {
	t.Helper()
	state, data := keep.Folder(t.TempDir()), keep.Folder(t.TempDir())
	prepare(state)
	log := slog.New(slog.DiscardHandler)
	book, err := contacts.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	agent, err := pc.New(pc.Config{Finder: noUSB{}, State: state, Data: data, Contacts: book, Version: "test", Host: "pc", User: "u", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Listen()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan error, 2)
	go func() { over <- agent.Run(ctx) }()
	go func() { over <- s.Run(ctx, api.Handler(agent, book, log)) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-over, <-over); err != nil {
			t.Error(err)
		}
	})
	return &page{s, agent, book}
}

func TestStrangersAreTurnedAway(t *testing.T) {
	p := serve(t, func(keep.Folder) {})
	for _, c := range []struct {
		name, path, host, origin, token string
		want                            int
	}{
		{"the page", "/", "", "", "", 200},
		{"by another name", "/", "odp.example:80", "", "", 403},
		{"by localhost", "/", "localhost" + p.host[strings.Index(p.host, ":"):], "", "", 403},
		{"without token", "/api/view", "", "", "", 401},
		{"with a wrong token", "/api/view", "", "", "AAAA", 401},
		{"with the token", "/api/view", "", "", p.token, 200},
		{"from this page", "/api/view", "", "http://" + p.host, p.token, 200},
		{"from another page", "/api/view", "", "https://evil.example", p.token, 403},
		{"from nowhere", "/api/view", "", "null", p.token, 403},
		{"by another name with the token", "/api/view", "evil.example", "", p.token, 403},
	} {
		req, err := http.NewRequest("GET", "http://"+p.host+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = c.host
		if c.origin != "" {
			req.Header.Set("Origin", c.origin)
		}
		if c.token != "" {
			req.Header.Set("Authorization", "Bearer "+c.token)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != c.want {
			t.Errorf("%s: %s, want %d", c.name, res.Status, c.want)
		}
		if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("%s: policy %q", c.name, csp)
		}
	}
}

func TestWithoutThePhone(t *testing.T) {
	p := serve(t, func(keep.Folder) {})
	b := newBrowser(t)
	b.open("http://" + p.host + "/")
	b.shows("odp open")
	b.open(p.URL())
	b.shows("No phone found")
	b.click("#setup summary")
	b.shows("046d:c52b")
	if href := b.eval("return location.href").(string); strings.Contains(href, p.token) {
		t.Error("the token stays in the address")
	}
	b.picture("nophone")
}

// TestCalls works the page as its user does, against two phones.
func TestCalls(t *testing.T) {
	d := desk.New(t)
	p := serve(t, d.Introduce)
	if _, err := p.book.Put(
		contacts.Contact{Name: "Mira Patel", Company: "Patel & Sons", Numbers: []contacts.Number{{Kind: "work", Value: "101"}, {Kind: "mobile", Value: "+49 170 5550 199"}}},
		contacts.Contact{Name: "Jonas Keller", Numbers: []contacts.Number{{Kind: "mobile", Value: "+49 30 5550 142"}}},
		contacts.Contact{Name: "Zoë Ångström", Company: "Fjäll AB", Numbers: []contacts.Number{{Kind: "work", Value: "zoe@example.com"}}},
	); err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t)
	b.open(p.URL())
	b.until("online", "return !!document.querySelector('.dot.ready')")
	b.picture("idle")

	// Somebody calls: the pop-up, and Answer by the key it has the focus on.
	desk.Do(t, d.Other.Control(), phone.Dial{Number: "100"})
	b.shows("Incoming call")
	b.shows("Mira Patel")
	b.until("title", "return document.title.includes('Mira Patel')")
	b.picture("ringing")
	b.keys("\ue007")
	desk.Until(t, d.Other.Control(), "talking", desk.In(phone.Talking))
	b.until("card", "return document.querySelector('.call')?.dataset.state === 'connected'")
	b.until("timer", "return /^0:0[1-9]/.test(document.querySelector('.timer').textContent)")

	// Mid-call: hold, resume, mute, keypad, note.
	b.click("[data-key=hold]")
	desk.Until(t, d.Other.Control(), "held there", func(s *phone.State) bool { return s.Calls[0].RemoteHeld })
	b.shows("On hold")
	b.click("[data-key=resume]")
	desk.Until(t, d.Other.Control(), "resumed there", func(s *phone.State) bool { return !s.Calls[0].RemoteHeld })
	b.click("[data-key=mute]")
	desk.Until(t, d.Phone.Control(), "muted", func(s *phone.State) bool { return s.Muted })
	b.shows("Muted")
	b.click("[data-key=mute]")
	desk.Until(t, d.Phone.Control(), "not muted", func(s *phone.State) bool { return !s.Muted })
	b.click("[data-key=keypad]")
	b.keys("42#")
	b.until("keys sent", "return document.querySelector('.sent').textContent === '42#'")
	b.picture("keypad")
	b.click("[data-key=note]")
	b.keys("Call back on Friday")
	b.picture("note")
	b.click("[data-key=transfer]")
	b.keys("jon")
	b.until("whom to transfer to", "return document.querySelector('.targets')?.innerText.includes('Jonas Keller')")
	b.picture("transfer")
	b.dark(true)
	b.picture("dark")
	b.dark(false)

	b.click("[data-key=hangup]")
	desk.Until(t, d.Other.Control(), "over", desk.Idle)
	b.until("card gone", "return !document.querySelector('.call')")

	// Click to call by name and keyboard alone: / focuses the field, Enter calls.
	b.eval("document.activeElement.blur()")
	b.keys("/mira")
	b.until("found", "return document.querySelectorAll('#contacts .entry').length === 1")
	b.picture("search")
	b.keys("\ue007")
	desk.Until(t, d.Other.Control(), "rings", desk.In(phone.Ringing))
	b.shows("Ringing there")
	desk.Do(t, d.Other.Control(), phone.Reject{Call: d.Other.Control().State().Calls[0].ID})
	b.until("over", "return !document.querySelector('.call')")

	// A consultation, then both are connected without us.
	desk.Do(t, d.Other.Control(), phone.Dial{Number: "100"})
	b.click(".popup .go")
	b.click("[data-key=transfer]")
	b.keys("600")
	b.click(".targets .quiet")
	b.until("two calls", "return document.querySelectorAll('.call').length === 2 && document.querySelectorAll('.call[data-held=true]').length === 1")
	desk.Until(t, d.Phone.Control(), "the echo answers", func(s *phone.State) bool { return s.First(phone.Talking) != nil && s.First(phone.Held) != nil })
	b.picture("consult")
	b.click("[data-key=complete]:not([hidden])")
	b.until("handed over", "return !document.querySelector('.call')")
	s := desk.Until(t, d.Other.Control(), "talks to the echo", desk.In(phone.Talking))
	desk.Do(t, d.Other.Control(), phone.Hangup{Call: s.First(phone.Talking).ID})
	desk.Until(t, d.Other.Control(), "over", desk.Idle)

	// Reject from the page.
	desk.Do(t, d.Other.Control(), phone.Dial{Number: "100"})
	b.click(".popup .stop")
	desk.Until(t, d.Other.Control(), "refused", func(s *phone.State) bool { return s.First(phone.Failed) != nil || len(s.Calls) == 0 })

	// A link is asked for, then called.
	if asked, err := p.agent.Link(t.Context(), "tel:101"); err != nil || !asked {
		t.Fatal(asked, err)
	}
	desk.Until(t, d.Other.Control(), "idle", desk.Idle)
	b.shows("Call from a link?")
	b.picture("ask")
	b.click("#askyes")
	desk.Until(t, d.Other.Control(), "rings", desk.In(phone.Ringing))
	b.click("[data-key=hangup]")
	desk.Until(t, d.Other.Control(), "over", desk.Idle)

	// A contact is made and found.
	b.click("#newcontact")
	b.keys("Anna\ue004\ue004\ue004+4930")
	b.picture("editor")
	b.keys("\ue007")
	b.until("new contact", "return document.querySelector('#contacts').innerText.includes('Anna')")

	b.size(420, 860)
	b.picture("narrow")
	if c := b.console(); c != "" {
		t.Errorf("the page complains:\n%s", c)
	}
}
