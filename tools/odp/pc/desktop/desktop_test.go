package desktop

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/godbus/dbus/v5"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc"
	"opendeskphone/tools/odp/pc/contacts"
	"opendeskphone/tools/odp/pc/desk"
	"opendeskphone/tools/odp/pc/desktop/session"
	"opendeskphone/tools/odp/pc/keep"
)

type noUSB struct{ pc.Finder }

func (noUSB) Watch(ctx context.Context, changed func()) { changed(); <-ctx.Done() }
func (noUSB) Phones() ([]pc.Plugged, error)             { return nil, nil }
func (noUSB) Seen() []string                            { return nil }

// run is an agent that tells the desktop.
func run(t *testing.T, bus string, d *desk.Desk) (*pc.Agent, *contacts.Book) {
	t.Helper()
	state, data := keep.Folder(t.TempDir()), keep.Folder(t.TempDir())
	d.Introduce(state)
	book, err := contacts.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	agent, err := pc.New(pc.Config{Finder: noUSB{}, State: state, Data: data, Contacts: book, Version: "test", Host: "pc", User: "u", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan error, 2)
	go func() { over <- agent.Run(ctx) }()
	go func() { over <- New(agent, bus, log).Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-over, <-over); err != nil {
			t.Error(err)
		}
	})
	settled := errors.New("settled")
	wait, cancel := context.WithTimeout(t.Context(), desk.Patience)
	defer cancel()
	err = agent.Follow(wait, func(e pc.Event) error {
		if e.View != nil && e.View.Desktop && e.View.Phone("") != nil && e.View.Phone("").Link == pc.Online {
			return settled
		}
		return nil
	})
	if !errors.Is(err, settled) {
		t.Fatal("the agent is not online, or sees no desktop")
	}
	return agent, book
}

func one(title string) func([]session.Note) bool {
	return func(n []session.Note) bool { return len(n) == 1 && n[0].Title == title }
}

func none(n []session.Note) bool { return len(n) == 0 }

func TestCallsAreShownAndAnswered(t *testing.T) {
	bus := session.Bus(t)
	s, d := session.NewScreen(t, bus), desk.New(t)
	agent, book := run(t, bus, d)
	if _, err := book.Put(contacts.Contact{Name: "<b>Mira</b>", Numbers: []contacts.Number{{Kind: "work", Value: "101"}}}); err != nil {
		t.Fatal(err)
	}

	desk.Do(t, d.Other.Control(), phone.Dial{Number: "100"})
	n := s.Until(t, "ringing", one("<b>Mira</b>"))[0]
	if strings.Join(n.Actions, " ") != "answer Answer reject Reject" || n.Body != "Incoming call, 101" {
		t.Errorf("shown %+v", n)
	}
	s.Press(t, n.ID, "answer")
	desk.Until(t, d.Other.Control(), "talking", desk.In(phone.Talking))
	s.Until(t, "taken back", none)
	desk.Do(t, d.Other.Control(), phone.Hangup{Call: d.Other.Control().State().Calls[0].ID})
	desk.Until(t, d.Phone.Control(), "idle", desk.Idle)

	desk.Do(t, d.Other.Control(), phone.Dial{Number: "100"})
	n = s.Until(t, "ringing again", one("<b>Mira</b>"))[0]
	s.Press(t, n.ID, "reject")
	s.Until(t, "taken back", none)
	desk.Until(t, d.Phone.Control(), "idle", desk.Idle)
	desk.Until(t, d.Other.Control(), "idle there", desk.Idle)

	desk.Do(t, d.Other.Control(), phone.Dial{Number: "100"})
	s.Until(t, "ringing once more", one("<b>Mira</b>"))
	desk.Do(t, d.Other.Control(), phone.Hangup{Call: d.Other.Control().State().Calls[0].ID})
	n = s.Until(t, "missed", one("Missed call from <b>Mira</b>"))[0]
	s.Press(t, n.ID, "back")
	desk.Until(t, d.Other.Control(), "called back", desk.In(phone.Ringing))

	if err := agent.SetPrefs(func(p *pc.Prefs) { p.Notify = false }); err != nil {
		t.Fatal(err)
	}
}

func TestLinksAreAskedForOnTheDesktop(t *testing.T) {
	bus := session.Bus(t)
	s, d := session.NewScreen(t, bus), desk.New(t)
	agent, _ := run(t, bus, d)
	if asked, err := agent.Link(t.Context(), "tel:101"); err != nil || !asked {
		t.Fatal(asked, err)
	}
	n := s.Until(t, "asked", one("Call 101?"))[0]
	s.Press(t, n.ID, "cancel")
	s.Until(t, "taken back", none)
	if _, err := agent.Link(t.Context(), "tel:101"); err != nil {
		t.Fatal(err)
	}
	n = s.Until(t, "asked again", one("Call 101?"))[0]
	s.Press(t, n.ID, "call")
	desk.Until(t, d.Other.Control(), "called", desk.In(phone.Ringing))
	s.Until(t, "taken back", none)
}

func TestStrangeSignalsDoNothing(t *testing.T) {
	b := &board{shown: map[string]shown{"x": {id: 7}}}
	for _, body := range [][]any{nil, {uint32(7)}, {"7", "answer"}, {uint32(7), 3}, {uint32(8), "answer"}, {uint32(7), "nothing"}} {
		b.heard(t.Context(), &dbus.Signal{Name: service + ".ActionInvoked", Body: body})
	}
	if len(b.shown) != 1 {
		t.Error("a note was lost")
	}
}

func TestMissedIsToldOnceAndOnlyIfWanted(t *testing.T) {
	var before, now pc.View
	now.Missed = []pc.Missed{{Phone: "p"}}
	if n := missed(before, now); len(n) != 0 {
		t.Error("told though the user does not want it")
	}
	now.Prefs.Notify = true
	if n := missed(before, now); len(n) != 1 {
		t.Errorf("told %d times", len(n))
	}
	if n := missed(now, now); len(n) != 0 {
		t.Error("told twice")
	}
}

// TestACallBecomesAConference: the desktop says so once, and opens the conference's chat with the program that is for it; where
// the address is of no use to one there is no button. A conference at the phone has none to tell of.
func TestACallBecomesAConference(t *testing.T) {
	bus := session.Bus(t)
	s := session.NewScreen(t, bus)
	tools := t.TempDir()
	opened := filepath.Join(tools, "opened")
	if err := errors.Join(syscall.Mkfifo(opened, 0o600),
		os.WriteFile(filepath.Join(tools, "xdg-open"), []byte("#!/bin/sh\nprintf '%s\\n' \"$@\" >"+opened+"\n"), 0o755)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", tools+":"+os.Getenv("PATH"))

	conn, err := dbus.Connect(bus)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.AddMatchSignal(dbus.WithMatchObjectPath(object), dbus.WithMatchInterface(service)); err != nil {
		t.Fatal(err)
	}
	signals := make(chan *dbus.Signal, 8)
	conn.Signal(signals)
	b := &board{n: &Notifier{log: slog.New(slog.DiscardHandler)}, server: conn.Object(service, object), can: []string{"actions"}, shown: map[string]shown{}}
	ctx, stop := context.WithCancel(t.Context())
	views, over := make(chan pc.View), make(chan error, 1)
	go func() { over <- b.run(ctx, views, signals) }()
	defer func() { stop(); <-over }()

	view := func(uri string) pc.View {
		c := tpcp.Call{CallID: "c-1", State: tpcp.StateConnected}
		if uri != "none" {
			c.Conf = &tpcp.Conf{ConfID: "f-1", URI: uri}
		}
		return pc.View{Prefs: pc.Prefs{Notify: true}, Phones: []pc.Phone{{ID: "p", Calls: []tpcp.Call{c}}}}
	}
	views <- view("none")
	views <- view("") // at the phone
	views <- view("sip:conf-1@pbx.example")
	n := s.Until(t, "a conference", one("The call is a conference now"))[0]
	if n.Body != "Held at conf-1@pbx.example" || strings.Join(n.Actions, " ") != "chat Open its chat" {
		t.Errorf("shown %+v", n)
	}
	s.Press(t, n.ID, "chat")
	if text, err := os.ReadFile(opened); err != nil || string(text) != "im:conf-1@pbx.example\n" { // it waits for who writes
		t.Errorf("opened %q, %v", text, err)
	}
	views <- view("sip:conf-1@pbx.example") // no news
	views <- view("sip:202@pbx.example;gr=urn:uuid:1;conf-id=7")
	all := s.Until(t, "another", func(all []session.Note) bool { return len(all) == 2 })
	for _, o := range all {
		if o.ID != n.ID && (len(o.Actions) != 0 || o.Body != "Held at 202") {
			t.Errorf("shown %+v", o)
		}
	}
	if notes := met(pc.View{}, pc.View{Phones: view("sip:conf-1@pbx.example").Phones}); len(notes) != 0 {
		t.Error("told though the user does not want it")
	}
}
