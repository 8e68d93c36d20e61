package e2e

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"opendeskphone/boards"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/laptop"
	"opendeskphone/tools/laptop/wire"
)

// sipProgram is a linphonec on the laptop that answers by itself, with the phone as its sound card.
type sipProgram struct{ *laptop.Program }

const sipProgramURI = "sip:205@" + domain

// startSIPProgram starts it as the laptop's user and waits for its registration.
func (d *desktop) startSIPProgram(t *testing.T, ctx context.Context) sipProgram {
	t.Helper()
	text, err := lab.LinphonecConfig{User: "205", Addr: d.pc.Addr(), Domain: domain, Registrar: registrarAt, Codecs: []string{"PCMA"}}.Settings()
	must(t, err)
	must(t, d.pc.Put(ctx, "/tmp/linphonerc", text, 0o644))
	p, err := d.pc.Start(ctx, wire.Command{User: laptop.User, Env: []string{"TERM=dumb"}, Argv: []string{"sh", "-c",
		"mkdir -p ~/.local/share/linphone && cp /tmp/linphonerc ~/linphonerc && exec linphonec -a -c ~/linphonerc -d 5 -l ~/linphone.log"}})
	must(t, err)
	s := sipProgram{p}
	t.Cleanup(s.Stop)
	s.do(t, ctx, "soundcard list", boards.QEMUArm.USB.Name)
	card := regexp.MustCompile(`(?m)(\d+): .*` + regexp.QuoteMeta(boards.QEMUArm.USB.Name)).FindStringSubmatch(s.Log.Since(0))
	if card == nil {
		t.Fatalf("no card by the phone's name:\n%s", s.Log.Since(0))
	}
	s.do(t, ctx, "soundcard use "+card[1], "linphonec>")
	must(t, lab.PollEvery(ctx, 500*time.Millisecond, "registration of the program", func() (bool, error) {
		s.do(t, ctx, "status register", `registered(=|,)`)
		return strings.Contains(s.Log.Since(0), "registered, identity"), nil
	}))
	return s
}

// do types a line and waits for what it makes the program print.
func (s sipProgram) do(t *testing.T, ctx context.Context, line, want string) {
	t.Helper()
	mark := s.Log.Len()
	must(t, s.Input([]byte(line+"\n")))
	if err := s.Log.WaitFor(ctx, mark, regexp.MustCompile(want).MatchString); err != nil {
		t.Fatalf("%s: %v\n%s", line, err, s.Log.Since(mark))
	}
}

// pause is how long the far side may hear nothing while its call moves. The aim is 500 ms, which docs/FIGURES.md
// measures natively; here the program and the sound card that it opens are on an emulated machine.
const pause = 3 * time.Second

// moved: a call of the phone's goes on in a SIP program on the laptop, by REFER with Replaces, with the phone as the
// program's sound card; and the phone takes it back.
func (d *desktop) moved(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	d.startSIPProgram(t, ctx)
	far := d.enter(t, cast{make: "linphonec", user: "203", host: 63, codecs: []string{"PCMA"}})
	farAt, mark := lab.LANAddr(63).Addr(), far.Mark()
	d.odp(t, 0, "call", "203")
	must(t, far.WaitRinging(soon(t), mark))
	must(t, far.Answer(soon(t)))
	d.callIs(t, "connected", false)
	phone := d.phone.Addr()
	d.converse(t, ctx, d.wire.Mark(), farAt, phone)

	from := d.wire.Mark()
	d.odp(t, 0, "move", sipProgramURI)
	d.converse(t, ctx, from, farAt, d.pc.Addr())
	d.silence(t, "to the laptop", from, farAt)
	if v := d.view(t); len(v.Phones[0].Calls) != 0 {
		t.Errorf("the phone still has %+v", v.Phones[0].Calls)
	}
	d.referred(t, from, farAt)
	for _, way := range []string{"p", "c"} {
		if state := d.run(t, "sh", "-c", "cat /proc/asound/card*/pcm0"+way+"/sub0/status"); !strings.Contains(state, "RUNNING") {
			t.Errorf("the program does not sound through the phone: %s", state)
		}
	}

	dialog, err := lab.DialogOf(d.wire.Since(from), farAt)
	must(t, err)
	from = d.wire.Mark()
	d.odp(t, 0, "pull", far203, "--dialog="+dialog.CallID, "--to-tag="+dialog.LocalTag, "--from-tag="+dialog.RemoteTag) // tags may begin with a dash
	d.converse(t, ctx, from, farAt, phone)
	d.silence(t, "and back", from, farAt)
	d.callIs(t, "connected", false)
	ended := far.Mark()
	d.odp(t, 0, "hangup")
	must(t, far.WaitEnded(soon(t), ended))
}

// far203 is the far side of the call that moves.
const far203 = "sip:203@" + domain

// converse waits until a second's worth of voice has passed both ways between two addresses.
func (d *desktop) converse(t *testing.T, ctx context.Context, from int, a, b netip.Addr) {
	t.Helper()
	err := lab.Poll(ctx, fmt.Sprintf("voice between %v and %v", a, b), func() (bool, error) {
		seen := d.wire.Since(from)
		return lab.Flow(seen, a, b) > 45 && lab.Flow(seen, b, a) > 45, nil
	})
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, lab.Transcript(d.wire.Since(from)), d.agentLog(t))
	}
}

// silence checks how long the far side heard nothing since a mark.
func (d *desktop) silence(t *testing.T, what string, from int, far netip.Addr) {
	t.Helper()
	gap, err := lab.Silence(d.wire.Since(from), far)
	must(t, err)
	t.Logf("%s: the far side heard nothing for %v", what, gap.Round(time.Millisecond))
	if gap > pause {
		t.Errorf("%s: the far side heard nothing for %v", what, gap)
	}
}

// referred wants the far side to have been told whom to call, and to have called to replace the phone.
func (d *desktop) referred(t *testing.T, from int, far netip.Addr) {
	t.Helper()
	told, called := false, false
	for _, p := range d.wire.Since(from) {
		told = told || p.Dst.Addr() == far && p.Request("REFER")
		called = called || p.Src.Addr() == far && p.Request("INVITE") && strings.Contains(string(p.Data), "\r\nReplaces:")
	}
	if !told || !called {
		t.Errorf("REFER came %v, INVITE with Replaces went %v", told, called)
	}
}
