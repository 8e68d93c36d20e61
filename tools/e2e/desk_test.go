package e2e

import (
	"context"
	"encoding/binary"
	"image"
	"strings"
	"testing"
	"time"

	"opendeskphone/hal"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/laptop"
	"opendeskphone/tools/laptop/wire"
)

// pin is the phone's in these tests.
var pin = []hal.Key{hal.Digit2, hal.Digit5, hal.Digit8, hal.Digit0}

// conforms: the phone keeps every rule of its published protocol, as the laptop sees it over the network.
func (d *desktop) conforms(t *testing.T) {
	d.enter(t, cast{make: "baresip", user: "202", host: 61, codecs: []string{"PCMA"}, answers: true})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	out, err := d.pc.Run(ctx, laptop.User, "odp", "conformance", "--call", "202")
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%d lines", strings.Count(out, "\n"))
	says(t, out, "all rules kept")
}

// signedIn: a phone without a line gets its account from the laptop, once somebody at the phone agrees, and registers.
func (d *desktop) signedIn(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p, err := d.pc.Start(ctx, wire.Command{User: laptop.User, Argv: []string{"odp", "signin", "sip:" + phoneUser + "@" + domain,
		"--name", "Anna Berg", "--password-stdin"}})
	must(t, err)
	secret := lab.PasswordOf(phoneUser)
	must(t, p.Input([]byte(secret+"\n")))
	must(t, p.EndInput())
	must(t, lab.Poll(ctx, "the phone to be asked", func() (bool, error) { return strings.Contains(p.Log.Since(0), "Look at the phone"), nil }))
	d.shows(t, "signin-asked", masks.time, masks.remains)
	settle(t, guard)
	d.press(t, hal.Soft1)
	if err := p.Wait(ctx); err != nil {
		t.Fatalf("%v\n%s\n%s", err, p.Log.Since(0), d.agentLog(t))
	}
	says(t, p.Log.Since(0), "is signed in")
	d.atRegistrar(t, phoneUser, 1, 10*time.Second)
	d.shows(t, "home-attached", masks.clock, masks.day, masks.redial)
	for who, log := range map[string]string{"the phone": d.phone.Log().Since(0), "the agent": d.agentLog(t), "odp": p.Log.Since(0)} {
		if strings.Contains(log, secret) {
			t.Errorf("%s tells the password", who)
		}
	}
}

// lock: the laptop's own login manager locks the phone and unlocks it; a laptop that is gone unlocks nothing, and the
// PIN opens the phone whatever the laptop says.
func (d *desktop) lock(t *testing.T) {
	d.press(t, hal.Soft5, hal.Down, hal.Down, hal.OK, hal.Down, hal.Down, hal.Down, hal.Down, hal.Down, hal.OK) // Settings, Screen, PIN
	d.press(t, pin...)
	d.press(t, hal.Soft1) // Save
	d.shows(t, "pin-set", masks.time)
	d.press(t, hal.Back, hal.Back)
	d.loginctl(t, "lock-sessions", true)
	d.shows(t, "locked-by-pc", lockMasks...)
	d.loginctl(t, "unlock-sessions", false)
	d.shows(t, "home-attached", masks.clock, masks.day, masks.redial)
	d.loginctl(t, "lock-sessions", true)

	p := d.enter(t, cast{make: "baresip", user: "112", host: 62, codecs: []string{"PCMA"}})
	mark := p.Mark()
	d.press(t, hal.Soft5, hal.Digit1, hal.Digit1, hal.Digit2, hal.Soft1) // Emergency: whatever else the lock forbids
	must(t, p.WaitRinging(soon(t), mark))
	d.press(t, hal.Soft5)
	must(t, p.WaitEnded(soon(t), mark))

	d.pc.Kill()
	d.shows(t, "locked-without-pc", lockMasks...)
	d.press(t, pin...)
	d.press(t, hal.OK)
	d.shows(t, "home", masks.time, masks.clock, masks.day, masks.redial) // until it knows that the laptop is gone, with its mark
}

// comesBack: the laptop is switched on again, its user logs in, and the phone is there without anybody doing anything.
func (d *desktop) comesBack(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	must(t, d.pc.Boot(ctx))
	must(t, d.pc.Session(ctx))
	d.plugIn(t)
	must(t, lab.Poll(ctx, "the agent to attach", func() (bool, error) {
		out, err := d.pc.Run(ctx, laptop.User, "odp", "status")
		return err == nil && strings.Contains(out, "connected"), nil
	}))
}

// unbroken wants every packet of the voice that the phone has sent, in order.
func (d *desktop) unbroken(t *testing.T, packets []lab.Packet) {
	t.Helper()
	n, last := 0, uint16(0)
	for _, p := range packets {
		if !p.RTP() || p.Src.Addr() != d.phone.Addr() {
			continue
		}
		seq := binary.BigEndian.Uint16(p.Data[2:])
		if n > 0 && seq != last+1 {
			t.Errorf("after packet %d comes %d", last, seq)
		}
		n, last = n+1, seq
	}
	t.Logf("%d packets without a gap", n)
	if n < 50 {
		t.Errorf("the phone sent %d packets", n)
	}
}

// lockMasks are the notice, the time and the date of the locked screen.
var lockMasks = []image.Rectangle{image.Rect(0, 0, 800, 245)}

// loginctl gives the laptop's login manager an order and waits until the phone follows.
func (d *desktop) loginctl(t *testing.T, order string, locked bool) {
	t.Helper()
	d.run(t, "loginctl", order)
	must(t, lab.Poll(soon(t), "the phone to follow "+order, func() (bool, error) {
		v := d.view(t)
		return len(v.Phones) == 1 && v.Phones[0].Lock != nil && v.Phones[0].Lock.Locked == locked, nil
	}))
}
