package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/browser"
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
	b := browser.New(t)
	b.Open("http://" + p.host + "/")
	b.Shows("odp open")
	b.Open(p.URL())
	b.Shows("No phone found")
	b.Click("#setup summary")
	b.Shows("046d:c52b")
	if href := b.Eval("return location.href").(string); strings.Contains(href, p.token) {
		t.Error("the token stays in the address")
	}
	b.Picture("nophone")
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
	b := browser.New(t)
	b.Open(p.URL())
	b.Until("online", "return !!document.querySelector('.dot.ready')")
	b.Picture("idle")

	// Somebody calls: the pop-up, and Answer by the key it has the focus on.
	desk.Do(t, d.Other.Control(), phone.Dial{Number: "100"})
	b.Shows("Incoming call")
	b.Shows("Mira Patel")
	b.Until("title", "return document.title.includes('Mira Patel')")
	b.Picture("ringing")
	b.Keys("\ue007")
	desk.Until(t, d.Other.Control(), "talking", desk.In(phone.Talking))
	b.Until("card", "return document.querySelector('.call')?.dataset.state === 'connected'")
	b.Until("timer", "return /^0:0[1-9]/.test(document.querySelector('.timer').textContent)")

	// Mid-call: hold, resume, mute, keypad, note.
	b.Click("[data-key=hold]")
	desk.Until(t, d.Other.Control(), "held there", func(s *phone.State) bool { return s.Calls[0].RemoteHeld })
	b.Shows("On hold")
	b.Click("[data-key=resume]")
	desk.Until(t, d.Other.Control(), "resumed there", func(s *phone.State) bool { return !s.Calls[0].RemoteHeld })
	b.Click("[data-key=mute]")
	desk.Until(t, d.Phone.Control(), "muted", func(s *phone.State) bool { return s.Muted })
	b.Shows("Muted")
	b.Click("[data-key=mute]")
	desk.Until(t, d.Phone.Control(), "not muted", func(s *phone.State) bool { return !s.Muted })
	b.Click("[data-key=keypad]")
	b.Keys("42#")
	b.Until("keys sent", "return document.querySelector('.sent').textContent === '42#'")
	b.Picture("keypad")
	b.Click("[data-key=note]")
	b.Keys("Call back on Friday")
	b.Picture("note")
	b.Click("[data-key=transfer]")
	b.Keys("jon")
	b.Until("whom to transfer to", "return document.querySelector('.targets')?.innerText.includes('Jonas Keller')")
	b.Picture("transfer")
	b.Dark(true)
	b.Picture("dark")
	b.Dark(false)

	b.Click("[data-key=hangup]")
	desk.Until(t, d.Other.Control(), "over", desk.Idle)
	b.Until("card gone", "return !document.querySelector('.call')")

	// Click to call by name and keyboard alone: / focuses the field, Enter calls.
	b.Eval("document.activeElement.blur()")
	b.Keys("/mira")
	b.Until("found", "return document.querySelectorAll('#contacts .entry').length === 1")
	b.Picture("search")
	b.Keys("\ue007")
	desk.Until(t, d.Other.Control(), "rings", desk.In(phone.Ringing))
	b.Shows("Ringing there")
	desk.Do(t, d.Other.Control(), phone.Reject{Call: d.Other.Control().State().Calls[0].ID})
	b.Until("over", "return !document.querySelector('.call')")

	// A consultation, then both are connected without us.
	desk.Do(t, d.Other.Control(), phone.Dial{Number: "100"})
	b.Click(".popup .go")
	b.Click("[data-key=transfer]")
	b.Keys("600")
	b.Click(".targets .quiet")
	b.Until("two calls", "return document.querySelectorAll('.call').length === 2 && document.querySelectorAll('.call[data-held=true]').length === 1")
	desk.Until(t, d.Phone.Control(), "the echo answers", func(s *phone.State) bool { return s.First(phone.Talking) != nil && s.First(phone.Held) != nil })
	b.Picture("consult")
	b.Click("[data-key=complete]:not([hidden])")
	b.Until("handed over", "return !document.querySelector('.call')")
	s := desk.Until(t, d.Other.Control(), "talks to the echo", desk.In(phone.Talking))
	desk.Do(t, d.Other.Control(), phone.Hangup{Call: s.First(phone.Talking).ID})
	desk.Until(t, d.Other.Control(), "over", desk.Idle)

	// Reject from the page.
	desk.Do(t, d.Other.Control(), phone.Dial{Number: "100"})
	b.Click(".popup .stop")
	desk.Until(t, d.Other.Control(), "refused", func(s *phone.State) bool { return s.First(phone.Failed) != nil || len(s.Calls) == 0 })

	// A link is asked for, then called.
	if asked, err := p.agent.Link(t.Context(), "tel:101"); err != nil || !asked {
		t.Fatal(asked, err)
	}
	desk.Until(t, d.Other.Control(), "idle", desk.Idle)
	b.Shows("Call from a link?")
	b.Picture("ask")
	b.Click("#askyes")
	desk.Until(t, d.Other.Control(), "rings", desk.In(phone.Ringing))
	b.Click("[data-key=hangup]")
	desk.Until(t, d.Other.Control(), "over", desk.Idle)

	// A contact is made and found.
	b.Click("#newcontact")
	b.Keys("Anna\ue004\ue004\ue004+4930")
	b.Picture("editor")
	b.Keys("\ue007")
	b.Until("new contact", "return document.querySelector('#contacts').innerText.includes('Anna')")

	b.Size(420, 860)
	b.Picture("narrow")
	if c := b.Console(); c != "" {
		t.Errorf("the page complains:\n%s", c)
	}
}
