package handover

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/browser"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
	"opendeskphone/tools/lab/pc"
	"opendeskphone/tools/odp/pc/desktop/session"
	"opendeskphone/tools/peer/focus"
)

// person is somebody with a phone and a computer, which knows the phone. The program for messages there is linphonec, under the
// number of the phone; what the desktop would give it to open, it finds in a pipe.
type person struct {
	*pc.Program
	host   *lab.Namespace
	screen *session.Screen
	chat   *lab.Linphonec
	opened string
}

// sit puts somebody at a computer of his own.
func (s *Stage) sit(t *testing.T, odp string, p *desk.Twin, user string, number int, computer *pc.Computer) *person {
	t.Helper()
	host, err := s.LAN.Host("pc"+user, number)
	must(t, err)
	bus := session.Bus(t)
	o := &person{host: host, screen: session.NewScreen(t, bus)}
	// xdg-open looks for a desktop's program only where there is a display.
	o.Program, err = computer.Install(soon(t), host, user, odp, p.Addr(), "DBUS_SESSION_BUS_ADDRESS="+bus, "DISPLAY=:1")
	must(t, err)
	t.Cleanup(o.Stop)
	o.installChat(t)
	o.chat, err = lab.StartLinphonec(soon(t), host, lab.LinphonecConfig{User: user, Addr: lab.LANAddr(number).Addr(), Domain: Domain, Registrar: registrarAt,
		Codecs: []string{"PCMA"}, Speech: lab.Clip{Rate: 8000, Samples: make([]float32, 8000)}})
	must(t, err)
	t.Cleanup(o.chat.Stop)
	must(t, o.chat.WaitRegistered(soon(t)))
	return o
}

// installChat makes a program known to the desktop as that for messages.
func (o *person) installChat(t *testing.T) {
	t.Helper()
	program := filepath.Join(o.Home, "chat")
	o.opened = filepath.Join(o.Home, "opened")
	for name, text := range map[string]string{
		"chat":                           "#!/bin/sh\nprintf '%s\\n' \"$@\" >" + o.opened + "\n",
		"data/applications/chat.desktop": "[Desktop Entry]\nType=Application\nName=Chat\nExec=" + program + " %u\nMimeType=x-scheme-handler/im;\n",
		"config/mimeapps.list":           "[Default Applications]\nx-scheme-handler/im=chat.desktop\n",
	} {
		path := filepath.Join(o.Home, name)
		must(t, errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o755)))
	}
	must(t, syscall.Mkfifo(o.opened, 0o600))
}

// does has a command of odp run, and gives what it said.
func (o *person) does(t *testing.T, args ...string) string {
	t.Helper()
	said, err := o.Run(soon(t), args...)
	must(t, err)
	return said
}

// toOpen is what the desktop gives the program for messages to open.
func (o *person) toOpen(t *testing.T) string {
	t.Helper()
	lines := make(chan string, 1)
	go func() { // a pipe is opened when both ends are
		f, err := os.Open(o.opened)
		if err != nil {
			return
		}
		defer f.Close()
		line, _ := bufio.NewReader(f).ReadString('\n')
		lines <- strings.TrimSpace(line)
	}()
	select {
	case l := <-lines:
		return l
	case <-soon(t).Done():
		t.Fatal("nothing was opened")
		return ""
	}
}

// writes sends a message.
func (o *person) writes(t *testing.T, to, text string) {
	t.Helper()
	must(t, o.chat.Do(soon(t), "chat "+to+" "+text, "linphonec>"))
}

// reads waits for a message.
func (o *person) reads(t *testing.T, mark int, text string) {
	t.Helper()
	must(t, o.chat.Wait(soon(t), mark, text))
}

// TestAllModesEscalateTogether: two people speak by phone and write to each other from their computers. The one makes a
// conference of the call at her computer, and the messages go where the voice goes: she follows by the page, he by the desktop,
// and both programs are in the room that the server has for the conference. A third comes in by the voice.
func TestAllModesEscalateTogether(t *testing.T) {
	odp, err := pc.Build(t.Context(), t.TempDir()) // where nothing of it is in the cache it takes minutes
	must(t, err)
	known, file, err := pc.Known(2)
	must(t, err)
	files := map[string][]byte{pc.PairingsFile: file}
	s := newStageBy(t, func(ctx context.Context, dir string) (*Stage, error) { return NewMeetingStage(ctx, dir, files) })
	second, err := desk.StartTwin(soon(t), desk.Setup{Name: "second", LAN: s.LAN, Host: 103, Settings: settings("203", 103, ""), Files: files})
	must(t, err)
	t.Cleanup(func() { _ = second.Close() })
	third := Cast{Make: "baresip", User: "201", Host: 11}
	s.enter(t, third)
	stop := s.OpenFocus(focus.Config{Published: true})
	t.Cleanup(func() { must(t, stop()) })
	anna, ben := s.sit(t, odp, s.Phone, PhoneUser, 21, known[0]), s.sit(t, odp, second, "203", 22, known[1])

	anna.does(t, "contacts", "add", "Ben Okoro", "--work", "sip:203@"+Domain)

	// A call, and messages beside it.
	anna.does(t, "call", "203")
	st, err := second.WaitState(soon(t), "ringing", func(st *phone.State) bool { return calls(st) == "Ringing" })
	must(t, err)
	must(t, second.Do(soon(t), phone.Answer{Call: st.Calls[0].ID}))
	s.waitCalls(t, "Talking")
	mark := ben.chat.Mark()
	anna.writes(t, "sip:203@"+Domain, "The drawings are in the folder.")
	ben.reads(t, mark, "The drawings are in the folder")

	// The call becomes a conference, and each is told where.
	anna.does(t, "conference", "--server")
	for _, p := range []*desk.Twin{s.Phone, second} {
		_, err := p.WaitState(soon(t), "in a conference of two", func(st *phone.State) bool {
			return len(st.Calls) == 1 && st.Calls[0].Focus != "" && present(st) == "100, 203" && !st.Busy(&st.Calls[0])
		})
		must(t, err)
	}
	var shown struct {
		Conf           struct{ URI string }
		ConversationID string
	}
	said := anna.does(t, "--json", "conference", "show")
	must(t, json.Unmarshal([]byte(said), &shown))
	user, _, _ := strings.Cut(strings.TrimPrefix(shown.Conf.URI, "sip:"), "@")
	room := user + "@" + Domain
	if user == "" || shown.ConversationID == "" {
		t.Fatalf("a program is told %s", said)
	}

	// She opens the chat at the page, he at the desktop.
	page := strings.TrimSpace(anna.does(t, "open", "--print"))
	origin := page[:strings.LastIndex(page, "/")]
	b := browser.On(t, browser.Computer{Host: anna.host, Env: anna.Env, Opens: map[string]string{origin: "im"}})
	b.Open(page)
	b.Shows("Ben Okoro · " + room)
	b.Click("[data-key=chat]")
	b.Picture("conference")
	if got := anna.toOpen(t); got != "im:"+room {
		t.Fatalf("the page opens %q, not the chat of %s", got, room)
	}
	n := ben.screen.Until(t, "a conference", func(all []session.Note) bool {
		return len(all) == 1 && all[0].Title == "The call is a conference now"
	})[0]
	ben.screen.Press(t, n.ID, "chat")
	if got := ben.toOpen(t); got != "im:"+room {
		t.Fatalf("the desktop opens %q, not the chat of %s", got, room)
	}

	// The messages go on there, and the voice with a third.
	for _, o := range []*person{anna, ben} {
		mark := o.chat.Mark()
		o.writes(t, "sip:"+room, "#join")
		o.reads(t, mark, "(?i)message received from.*"+user)
	}
	mark = ben.chat.Mark()
	anna.writes(t, "sip:"+room, "Page two is the one in question.")
	ben.reads(t, mark, user+".*Page two is the one in question")
	mark = anna.chat.Mark()
	ben.writes(t, "sip:"+room, "Got it open.")
	anna.reads(t, mark, user+".*Got it open")
	anna.does(t, "conference", "add", third.User)
	for _, p := range []*desk.Twin{s.Phone, second} {
		_, err := p.WaitState(soon(t), "in a conference of three", func(st *phone.State) bool { return present(st) == "100, 201, 203" })
		must(t, err)
	}
	wire := s.Wire.Mark()
	for _, at := range []netip.Addr{s.Phone.Addr(), second.Addr(), third.Addr()} {
		must(t, s.WaitFlow(soon(t), wire, at, focusAt.Addr()))
	}
}
