package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"opendeskphone/boards"
	"opendeskphone/hal"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/laptop"
	"opendeskphone/tools/laptop/wire"
	"opendeskphone/tools/odp/pc"
)

var odpPackage = flag.String("odp", "", "Debian package of odp that `make deb` made; empty: no tests with odp")

// odp runs the PC's program as the laptop's user, wants an exit code, and gives what it printed.
func (d *desktop) odp(t *testing.T, code int, args ...string) string {
	t.Helper()
	out, err := d.pc.Run(soon(t), laptop.User, append([]string{"odp"}, args...)...)
	got := 0
	var exited laptop.Exited
	switch {
	case errors.As(err, &exited):
		got = exited.Code
	case err != nil:
		t.Fatal(err)
	}
	if got != code {
		t.Fatalf("odp %q: exit %d, want %d\n%s\n%s", args, got, code, out, d.agentLog(t))
	}
	return out
}

func (d *desktop) agentLog(t *testing.T) string {
	log, err := d.pc.Run(soon(t), laptop.User, "sh", "-c", "cat ~/.local/state/odp/agent.log; journalctl --user -u odp-agent --no-pager | tail -n 30")
	if err != nil {
		return err.Error()
	}
	return log
}

func (d *desktop) view(t *testing.T) pc.View {
	t.Helper()
	var v pc.View
	must(t, json.Unmarshal([]byte(d.odp(t, 0, "status", "--json")), &v))
	return v
}

func says(t *testing.T, got string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(got, w) {
			t.Errorf("it does not say %q:\n%s", w, got)
		}
	}
}

// TestOdp has a laptop's user install the program, plug the phone in and use it.
func TestOdp(t *testing.T) {
	if *odpPackage == "" {
		t.Skip("no -odp: nothing to install")
	}
	d := newDesktop(t, noLine)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	must(t, d.pc.Session(ctx))
	t.Run("without-the-package", d.withoutPackage)
	t.Run("installed", d.installed)
	t.Run("paired", d.paired)
	t.Run("signed-in", d.signedIn)
	t.Run("calls", d.callsFromThePC)
	t.Run("moved", d.moved)
	t.Run("cable-alone", d.cableAlone)
	t.Run("lock", d.lock)
	t.Run("comes-back", d.comesBack)
	t.Run("conforms", d.conforms)
	t.Run("unpaired", d.unpaired)
}

// withoutPackage: the bare program finds the phone and says what is missing.
func (d *desktop) withoutPackage(t *testing.T) {
	root := t.TempDir()
	must(t, exec.Command("dpkg-deb", "-x", *odpPackage, root).Run())
	bin, err := os.ReadFile(filepath.Join(root, "usr/bin/odp"))
	must(t, err)
	must(t, d.pc.Put(soon(t), "/usr/local/bin/odp", bin, 0o755))
	says(t, d.odp(t, 3, "status"), "No phone found", "cable that carries data")
	d.plugIn(t)
	must(t, lab.Poll(soon(t), "odp to see the phone", func() (bool, error) {
		out, err := d.pc.Run(soon(t), laptop.User, "odp", "status")
		var exited laptop.Exited
		return errors.As(err, &exited) && exited.Code == 4 && strings.Contains(out, "70-odp.rules") && strings.Contains(out, "udevadm"), nil
	}))
	d.run(t, "rm", "/usr/local/bin/odp")
}

// installed: with the package the phone may be opened at once, without pulling the cable.
func (d *desktop) installed(t *testing.T) {
	must(t, d.pc.Install(soon(t), *odpPackage))
	began := time.Now()
	must(t, lab.Poll(soon(t), "odp to open the phone", func() (bool, error) {
		_, err := d.pc.Run(soon(t), laptop.User, "odp", "status")
		var exited laptop.Exited
		return err == nil || errors.As(err, &exited) && exited.Code == 5, nil
	}))
	t.Logf("opened %v after the package was installed", time.Since(began).Round(time.Millisecond))
	says(t, d.odp(t, 5, "status"), "not paired", "odp pair")
	says(t, d.odp(t, 0, "audio", "list"), boards.QEMUArm.USB.Name)
}

// paired: the user pairs, comparing the digits, and presses the keys at the phone.
func (d *desktop) paired(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	p, err := d.pc.Start(ctx, wire.Command{User: laptop.User, Argv: []string{"odp", "pair"}})
	must(t, err)
	must(t, p.Input([]byte("y\n")))
	must(t, p.EndInput())
	must(t, lab.Poll(ctx, "the phone to be asked", func() (bool, error) { return strings.Contains(p.Log.Since(0), "Asking the phone"), nil }))
	settle(t, time.Second)
	d.press(t, hal.Soft1)
	must(t, lab.Poll(ctx, "digits", func() (bool, error) { return digits.MatchString(p.Log.Since(0)), nil }))
	settle(t, time.Second)
	d.press(t, hal.Soft1)
	if err := p.Wait(ctx); err != nil {
		t.Fatalf("%v\n%s\n%s", err, p.Log.Since(0), d.agentLog(t))
	}
	settle(t, time.Second)
	d.press(t, hal.Soft5) // Done
	says(t, d.odp(t, 0, "status"), "connected")
}

// digits are the six that both show.
var digits = regexp.MustCompile(`\d{3} \d{3}`)

// callsFromThePC: a real peer is called, held, taken back and hung up, all from the laptop; then it calls, and is
// answered there. The agent is killed in between, and the call does not mind.
func (d *desktop) callsFromThePC(t *testing.T) {
	p := d.enter(t, cast{make: "baresip", user: "201", host: 60, codecs: []string{"opus"}})
	mark := p.Mark()
	d.odp(t, 0, "call", "201")
	must(t, p.WaitRinging(soon(t), mark))
	must(t, p.Answer(soon(t)))
	must(t, p.WaitTalking(soon(t), mark))
	d.callIs(t, "connected", false)
	d.odp(t, 0, "hold")
	d.callIs(t, "connected", true)
	d.odp(t, 0, "resume")
	d.callIs(t, "connected", false)
	id := d.view(t).Phones[0].Calls[0].CallID
	wire := d.wire.Mark()
	d.run(t, "sh", "-c", "kill -9 $(pidof odp)")
	if again := d.view(t).Phones[0].Calls; len(again) != 1 || again[0].CallID != id {
		t.Errorf("after the agent was killed the calls are %+v, not %s", again, id)
	}
	d.unbroken(t, d.wire.Since(wire))
	d.odp(t, 0, "hangup")
	must(t, p.WaitEnded(soon(t), mark))

	mark = p.Mark()
	must(t, p.Dial(soon(t), "sip:"+phoneUser+"@"+domain))
	d.callIs(t, "ringing", false)
	d.odp(t, 0, "answer")
	must(t, p.WaitTalking(soon(t), mark))
	d.odp(t, 0, "mute", "on")
	d.odp(t, 0, "dtmf", "42")
	d.odp(t, 0, "hangup")
	must(t, p.WaitEnded(soon(t), mark))
	says(t, d.odp(t, 0, "log"), "201")
}

// callIs waits until the phone's one call is in a state, held by us or not.
func (d *desktop) callIs(t *testing.T, state string, held bool) {
	t.Helper()
	last := ""
	err := lab.Poll(soon(t), "call "+state, func() (bool, error) {
		v := d.view(t)
		if len(v.Phones) == 0 || len(v.Phones[0].Calls) != 1 {
			last = "no call"
			return false, nil
		}
		c := v.Phones[0].Calls[0]
		last = c.State
		return c.State == state && c.Hold.Local == held, nil
	})
	if err != nil {
		t.Fatalf("%v; it is %s", err, last)
	}
}

// cableAlone: without an IP path between the two, the control leg goes through the cable.
func (d *desktop) cableAlone(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	must(t, d.pc.OnlyCable(ctx, d.phone.USBAt(), true))
	d.run(t, "sh", "-c", "kill -9 $(pidof odp)")
	must(t, lab.Poll(ctx, "the leg through the cable", func() (bool, error) {
		out, err := d.pc.Run(soon(t), laptop.User, "odp", "status")
		return err == nil && strings.Contains(out, "through the cable"), nil
	}))
	d.odp(t, 0, "volume", "5")
	must(t, d.pc.OnlyCable(ctx, d.phone.USBAt(), false))
}

// unpaired: the laptop forgets the phone.
func (d *desktop) unpaired(t *testing.T) {
	d.odp(t, 0, "unpair")
	says(t, d.odp(t, 5, "status"), "not paired")
}
