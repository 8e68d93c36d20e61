package handover

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/browser"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
	"opendeskphone/tools/lab/pc"
	"opendeskphone/tools/odp/pc/desktop/session"
	"opendeskphone/tools/odp/pc/keep"
	"opendeskphone/tools/peer/focus"
)

// person is somebody with a phone and a computer, which knows the phone. The program for messages there is linphonec, under the
// number of the phone; what the desktop would give it to open, it finds in a pipe.
type person struct {
	host   *lab.Namespace
	env    []string
	phone  *desk.Twin
	screen *session.Screen
	chat   *lab.Linphonec
	opened string
	odp    string
}

// sit puts somebody at a computer of his own, with the agent of odp running.
func (s *Stage) sit(t *testing.T, odp string, p *desk.Twin, user string, number int, known *pc.Computer) *person {
	t.Helper()
	host, err := s.LAN.Host("pc"+user, number)
	must(t, err)
	home := filepath.Join(host.Dir(), "home")
	o := &person{host: host, phone: p, odp: odp, opened: filepath.Join(home, "opened")}
	o.introduce(t, keep.Folder(filepath.Join(home, "state/odp")), known)
	o.installChat(t, home)
	bus := session.Bus(t)
	o.screen = session.NewScreen(t, bus)
	// xdg-open looks for a desktop's program only where there is a display.
	o.env = []string{"HOME=" + home, "XDG_RUNTIME_DIR=" + home + "/run", "XDG_STATE_HOME=" + home + "/state", "XDG_DATA_HOME=" + home + "/data",
		"XDG_CONFIG_HOME=" + home + "/config", "DBUS_SESSION_BUS_ADDRESS=" + bus, "DISPLAY=:1"}
	agent, err := host.Start(lab.Command{Name: "agent", Argv: []string{odp, "agent"}, Env: o.env})
	must(t, err)
	t.Cleanup(agent.Stop)
	o.chat, err = lab.StartLinphonec(soon(t), host, lab.LinphonecConfig{User: user, Addr: lab.LANAddr(number).Addr(), Domain: Domain, Registrar: registrarAt,
		Codecs: []string{"PCMA"}, Speech: lab.Clip{Rate: 8000, Samples: make([]float32, 8000)}})
	must(t, err)
	t.Cleanup(o.chat.Stop)
	must(t, o.chat.WaitRegistered(soon(t)))
	must(t, agent.WaitUp(soon(t), "the agent of "+user, func(ctx context.Context) (bool, error) {
		said, err := o.run(ctx, "status")
		return err == nil && strings.Contains(said, "registered"), nil
	}))
	return o
}

// introduce writes what the agent keeps of the pairing.
func (o *person) introduce(t *testing.T, state keep.Folder, known *pc.Computer) {
	t.Helper()
	must(t, errors.Join(
		state.Save("identity.json", map[string]any{"id": hex.EncodeToString(known.Self.Device[:]), "seed": known.Self.Key.(ed25519.PrivateKey).Seed()}),
		state.Save("pairings.json", []map[string]any{{"phone": "1", "name": "Desk phone", "pairing": known.Record.ID[:], "key": known.Record.Key,
			"linkKey": known.Record.LinkKey[:], "rights": tpcp.AllRights, "addresses": []string{netip.AddrPortFrom(o.phone.Addr(), 5588).String()}}}),
	))
}

// installChat makes a program known to the desktop as that for messages.
func (o *person) installChat(t *testing.T, home string) {
	t.Helper()
	program := filepath.Join(home, "chat")
	for name, text := range map[string]string{
		"chat":                           "#!/bin/sh\nprintf '%s\\n' \"$@\" >" + o.opened + "\n",
		"data/applications/chat.desktop": "[Desktop Entry]\nType=Application\nName=Chat\nExec=" + program + " %u\nMimeType=x-scheme-handler/im;\n",
		"config/mimeapps.list":           "[Default Applications]\nx-scheme-handler/im=chat.desktop\n",
	} {
		path := filepath.Join(home, name)
		must(t, errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o755)))
	}
	must(t, errors.Join(os.Mkdir(home+"/run", 0o700), syscall.Mkfifo(o.opened, 0o600)))
}

// run has a command of odp run to its end, and gives what it said.
func (o *person) run(ctx context.Context, args ...string) (said string, err error) {
	p, err := o.host.Start(lab.Command{Name: lab.UniqueName("odp"), Argv: append([]string{o.odp}, args...), Env: o.env})
	if err != nil {
		return "", err
	}
	if err = p.Wait(ctx); err != nil {
		err = fmt.Errorf("odp %q: %w: %s", args, err, p.Log.Since(0))
	}
	return p.Log.Since(0), err
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
	odp := filepath.Join(t.TempDir(), "odp")
	if out, err := exec.CommandContext(soon(t), "go", "build", "-buildvcs=false", "-o", odp, "opendeskphone/tools/odp").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
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

	_, err = anna.run(soon(t), "contacts", "add", "Ben Okoro", "--work", "sip:203@"+Domain)
	must(t, err)

	// A call, and messages beside it.
	_, err = anna.run(soon(t), "call", "203")
	must(t, err)
	st, err := second.WaitState(soon(t), "ringing", func(st *phone.State) bool { return calls(st) == "Ringing" })
	must(t, err)
	must(t, second.Do(soon(t), phone.Answer{Call: st.Calls[0].ID}))
	s.waitCalls(t, "Talking")
	mark := ben.chat.Mark()
	anna.writes(t, "sip:203@"+Domain, "The drawings are in the folder.")
	ben.reads(t, mark, "The drawings are in the folder")

	// The call becomes a conference, and each is told where.
	_, err = anna.run(soon(t), "conference", "--server")
	must(t, err)
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
	said, err := anna.run(soon(t), "--json", "conference", "show")
	must(t, err)
	must(t, json.Unmarshal([]byte(said), &shown))
	user, _, _ := strings.Cut(strings.TrimPrefix(shown.Conf.URI, "sip:"), "@")
	room := user + "@" + Domain
	if user == "" || shown.ConversationID == "" {
		t.Fatalf("a program is told %s", said)
	}

	// She opens the chat at the page, he at the desktop.
	page, err := anna.run(soon(t), "open", "--print")
	must(t, err)
	page = strings.TrimSpace(page)
	origin := page[:strings.LastIndex(page, "/")]
	b := browser.On(t, browser.Computer{Host: anna.host, Env: anna.env, Opens: map[string]string{origin: "im"}})
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
	_, err = anna.run(soon(t), "conference", "add", third.User)
	must(t, err)
	for _, p := range []*desk.Twin{s.Phone, second} {
		_, err := p.WaitState(soon(t), "in a conference of three", func(st *phone.State) bool { return present(st) == "100, 201, 203" })
		must(t, err)
	}
	wire := s.Wire.Mark()
	for _, at := range []netip.Addr{s.Phone.Addr(), second.Addr(), third.Addr()} {
		must(t, s.WaitFlow(soon(t), wire, at, focusAt.Addr()))
	}
}
