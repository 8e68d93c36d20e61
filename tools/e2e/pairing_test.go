package e2e

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/hal"
	"opendeskphone/tools/conformance"
	"opendeskphone/tools/lab"
	labpc "opendeskphone/tools/lab/pc"
	"opendeskphone/usbhid/pairing"
	"opendeskphone/usbhid/pairing/cable"
)

// TestPairing has the image paired, attached, controlled and attacked by this test, which is the PC at its cable. The
// phone knows seven computers from before, so that there is room for one more.
func TestPairing(t *testing.T) {
	k, olds := newSocket(t, pairing.MaxPairings-1)
	pc := newComputer("laptop")
	t.Run("hostile", func(t *testing.T) { k.hostile(t, olds[0]) })
	t.Run("paired", func(t *testing.T) { k.paired(t, pc) })
	t.Run("attached-at-each-plug", func(t *testing.T) { k.attachedAtEachPlug(t, pc, olds[1]) })
	t.Run("replayed", func(t *testing.T) { k.replayed(t, pc) })
	t.Run("ninth", k.ninth)
	t.Run("wrong-keys", func(t *testing.T) { k.wrongKeys(t, pc) })
	t.Run("stream-not-read", func(t *testing.T) { k.streamNotRead(t, pc) })
	t.Run("conformance-ip", func(t *testing.T) { k.conforms(t, pc, false) })
	t.Run("conformance-cable", func(t *testing.T) { k.conforms(t, pc, true) })
	t.Run("taken-over", func(t *testing.T) { k.takenOver(t, pc, olds[1]) })
	t.Run("revoked", func(t *testing.T) { k.revoked(t, pc, olds[1]) })
	t.Run("locked-out", k.lockedOut)
	k.whole(t)
}

// paired: both screens show the same digits, keys are pressed at the phone, and each end keeps the other.
func (k *socket) paired(t *testing.T, pc *computer) {
	p, tap := k.plugTapped(t, pc)
	r, err := k.pair(t, p, pc, agreed)
	must(t, err)
	k.words = tap.heard()
	if r.Device != k.device || !r.Key.Equal(labpc.PhoneKey.Public()) || r.Rights != pairing.AllRights {
		t.Errorf("%+v", r)
	}
	pc.Record = r
	k.answer(t, phone.PC{Stage: phone.PairingDone, With: pc.Self.Name, WithUser: pc.Self.User}, hal.Soft5)
	p.attach(t, pc)
	p.Pull()
}

// attachedAtEachPlug: two computers take turns at the cable, and nobody is asked.
func (k *socket) attachedAtEachPlug(t *testing.T, computers ...*computer) {
	var epoch uint32
	for n := range 6 {
		c := computers[n%len(computers)]
		p := k.plugIn(t, c)
		began := time.Now()
		at := p.attach(t, c)
		t.Logf("attached %v after the interface was opened", time.Since(began).Round(time.Millisecond))
		if at.Epoch <= epoch {
			t.Errorf("plug %d has epoch %d after %d", n, at.Epoch, epoch)
		}
		epoch = at.Epoch
		p.Pull()
	}
}

// ninth: there is no room for one computer more, and the phone says so.
func (k *socket) ninth(t *testing.T) {
	pc := newComputer("ninth")
	p := k.plugIn(t, pc)
	if _, err := k.pair(t, p, pc, persons{}); cable.ReasonOf(err) != pairing.Storage {
		t.Fatal(err)
	}
	k.fails(t, pc, phone.PairingFull)
	p.Pull()
}

// wrongKeys: neither a phone nor a computer is believed that has not the key it was paired with.
func (k *socket) wrongKeys(t *testing.T, pc *computer) {
	p := k.plugIn(t, pc)
	wrong := pc.Record
	wrong.LinkKey[0] ^= 1
	p.refusedAttach(t, wrong, pairing.BadSignature)
	wrong = pc.Record
	wrong.Key = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	p.refusedAttach(t, wrong, pairing.BadSignature)
	at := p.attach(t, pc)
	for path, dial := range map[string]conformance.Dial{"ip": k.byIP(at), "cable": at.Dial} {
		id := pc.identity(t)
		id.Phone[0] ^= 1
		raw, err := dial(soon(t))
		must(t, err)
		if _, err := tpcp.Over(soon(t), raw, id); err == nil {
			t.Errorf("%s: a phone with another key is believed", path)
		}
		raw, err = dial(soon(t))
		must(t, err)
		if _, err := tpcp.Over(soon(t), raw, newComputer("stranger").with(pc.Record).identity(t)); err == nil {
			t.Errorf("%s: an unknown computer is greeted", path)
		}
		c := pc.controller(t, dial)
		secret := at.Secret
		secret[0] ^= 1
		if _, err := c.Open(soon(t), tpcp.OpenParams{ControllerID: "e2e"}, secret[:]); tpcp.CodeOf(err) != tpcp.CodeAttachRequired {
			t.Errorf("%s: a false proof: %v", path, err)
		}
		opened, err := c.Open(soon(t), tpcp.OpenParams{ControllerID: "e2e"}, at.Secret[:])
		if err != nil || !opened.Attached || opened.Rights != tpcp.AllRights {
			t.Errorf("%s: the true one: %+v, %v", path, opened, err)
		}
		if lines, err := c.Lines(soon(t)); err != nil || len(lines) != 1 || lines[0].AOR != fmt.Sprintf("sip:%s@%s", phoneUser, domain) {
			t.Errorf("%s: lines %+v, %v", path, lines, err)
		}
		c.Close()
	}
}

// takenOver: a computer makes a call and dies in the middle of it. Another is plugged in, sees the call as its own, holds it,
// takes it back and ends it. The voice does not notice who controls it.
func (k *socket) takenOver(t *testing.T, first, second *computer) {
	defer k.backHome(t)
	far := k.enter(t, cast{make: "baresip", user: "201", host: 11, codecs: []string{"PCMA"}})
	mark := far.Mark()
	attached := func(c *computer) (*plugged, *tpcp.Client) {
		p := k.plugIn(t, c)
		at := p.attach(t, c)
		control := c.controller(t, k.byIP(at))
		_, err := control.Open(soon(t), tpcp.OpenParams{ControllerID: c.Self.Name}, at.Secret[:])
		must(t, err)
		return p, control
	}
	talks := func(c *tpcp.Client, held bool) (call tpcp.Call) {
		t.Helper()
		must(t, lab.Poll(soon(t), fmt.Sprintf("the call, held %v", held), func() (bool, error) {
			calls, err := c.Calls(soon(t))
			if len(calls) == 1 {
				call = calls[0]
			}
			return len(calls) == 1 && call.State == tpcp.StateConnected && call.Hold.Local == held, err
		}))
		return call
	}
	p, one := attached(first)
	const conversation = "ab30317f1a784dc48ff824d0d3715d86" // begun by a program on the computer
	asked := k.wire.Mark()
	made, err := one.Make(soon(t), tpcp.MakeParams{To: "201", ConversationID: conversation})
	must(t, err)
	must(t, far.WaitRinging(soon(t), mark))
	if _, err := k.wire.Wait(soon(t), asked, "the conversation in the INVITE to the far side", func(p lab.Packet) bool {
		return p.Request("INVITE") && strings.Contains(string(p.Data), conversation)
	}); err != nil {
		t.Error(err)
	}
	must(t, far.Answer(soon(t)))
	must(t, far.WaitTalking(soon(t), mark))
	talks(one, false)
	wire := k.wire.Mark()
	p.Pull() // without a word: that is how computers die
	one.Close()

	p, two := attached(second)
	call := talks(two, false)
	if call.CallID != made.CallID {
		t.Errorf("the second computer sees call %s, the first made %s", call.CallID, made.CallID)
	}
	if v := voiceOf(k.wire.Since(wire), k.phone.Addr()); v.missing > 0 || v.packets < 10 {
		t.Errorf("from one computer to the other the phone sent %d packets and lost %d", v.packets, v.missing)
	}
	id := tpcp.CallParams{CallID: call.CallID}
	_, err = two.Hold(soon(t), tpcp.HoldParams{CallParams: id})
	must(t, err)
	talks(two, true)
	_, err = two.Resume(soon(t), id)
	must(t, err)
	talks(two, false)
	_, err = two.Hangup(soon(t), id)
	must(t, err)
	must(t, far.WaitEnded(soon(t), mark))
	must(t, lab.Poll(soon(t), "the conversation in the phone's log", func() (bool, error) {
		l, err := two.Log(soon(t), tpcp.LogParams{Limit: 1})
		return len(l.Calls) == 1 && l.Calls[0].ConversationID == conversation, err
	}))
	two.Close()
	p.Pull()
}

// with gives the computer another's knowledge of the phone.
func (c *computer) with(r pairing.Record) *computer {
	c.Record = r
	return c
}

// conforms holds the image to docs/TPCP.md.
func (k *socket) conforms(t *testing.T, pc *computer, throughCable bool) {
	p := k.plugIn(t, pc)
	at := p.attach(t, pc)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	o := conformance.Options{Identity: pc.identity(t), Secret: func() []byte { return at.Secret[:] }, Patience: 10 * time.Second}
	var dial conformance.Dial = k.byIP(at)
	if throughCable {
		dial, o.OneLeg = at.Dial, true
	}
	var report bytes.Buffer
	began := time.Now()
	passed, failed := conformance.Run(ctx, dial, o, &report)
	t.Logf("%d rules kept in %v", passed, time.Since(began).Round(time.Second))
	if passed < 30 || failed > 0 {
		t.Errorf("%d failed\n%s", failed, report.String())
	}
}

// streamNotRead: the PC asks without end and reads nothing. That costs it that stream alone: the next is served.
func (k *socket) streamNotRead(t *testing.T, pc *computer) {
	p := k.plugIn(t, pc)
	at := p.attach(t, pc)
	for path, dial := range map[string]conformance.Dial{"ip": k.byIP(at), "cable": at.Dial} {
		raw, err := dial(soon(t))
		must(t, err)
		deaf := &deafConn{Conn: raw, deaf: make(chan struct{}), closed: make(chan struct{})}
		c := pc.controller(t, func(context.Context) (net.Conn, error) { return deaf, nil })
		_, err = c.Open(soon(t), tpcp.OpenParams{ControllerID: "deaf"}, at.Secret[:])
		must(t, err)
		close(deaf.deaf)
		for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
			asking, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
			_, err = c.Lines(asking)
			stop()
		}
		if err == nil {
			t.Errorf("%s: a deaf computer is answered", path)
		}
		good := pc.controller(t, dial)
		if _, err := good.Open(soon(t), tpcp.OpenParams{ControllerID: "good"}, at.Secret[:]); err != nil {
			t.Errorf("%s: beside a stream that nobody reads: %v", path, err)
		}
		if err := good.Ping(soon(t)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		good.Close()
		deaf.Close()
	}
	p.Pull()
}

// deafConn is a stream that is not read any more once it is deaf.
type deafConn struct {
	net.Conn
	deaf, closed chan struct{}
	once         sync.Once
}

// Read waits for Close where the other end must not know.
func (d *deafConn) Read(b []byte) (int, error) {
	select {
	case <-d.deaf:
		<-d.closed
		return 0, net.ErrClosed
	default:
		return d.Conn.Read(b)
	}
}

// Close implements net.Conn.
func (d *deafConn) Close() error {
	d.once.Do(func() { close(d.closed) })
	return d.Conn.Close()
}

// revoked: one pairing is ended at the phone, by keys, another at the PC; neither computer attaches again, and both
// are told why.
func (k *socket) revoked(t *testing.T, pc, other *computer) {
	p := k.plugIn(t, pc)
	at := p.attach(t, pc)
	settle(t, time.Second) // the row of who is connected comes first once the phone knows
	k.press(t, hal.Soft5, hal.Down, hal.Down, hal.Down, hal.Right, hal.OK)
	settle(t, guard)
	k.press(t, hal.Soft1)
	select {
	case <-at.Done():
	case <-soon(t).Done():
		t.Fatal("the phone still knows the computer")
	}
	if cable.ReasonOf(at.Err()) != pairing.Unpaired {
		t.Errorf("the attachment ended: %v", at.Err())
	}
	k.press(t, hal.Back, hal.Back, hal.Back)
	p.Pull()
	p = k.plugIn(t, pc)
	p.refusedAttach(t, pc.Record, pairing.Unpaired)
	p.Pull()

	p = k.plugIn(t, other)
	at = p.attach(t, other)
	must(t, at.Leave(soon(t), true))
	<-at.Done()
	settle(t, guard) // nobody pulls the cable in the very moment of his word
	p.Pull()
	p = k.plugIn(t, other)
	p.refusedAttach(t, other.Record, pairing.Unpaired)
	p.Pull()
}

// lockedOut: whichever person says no, nothing is kept; after three attempts the phone rests, whether the cable is
// pulled or the power.
func (k *socket) lockedOut(t *testing.T) {
	for _, b := range k.begun { // those before count for a minute
		settle(t, time.Until(b.Add(61*time.Second)))
	}
	pc := newComputer("unwelcome")
	p := k.plugIn(t, pc)
	for _, c := range []struct {
		persons
		reason pairing.Reason
		shown  phone.PairingFault
	}{
		{persons{asked: hal.Soft5}, pairing.Declined, phone.PairingDeclined},
		{persons{asked: hal.Soft1, compare: hal.Soft5}, pairing.Different, phone.PairingDifferent},
		{persons{asked: hal.Soft1, differ: true}, pairing.Different, phone.PairingDifferent},
	} {
		if _, err := k.pair(t, p, pc, c.persons); cable.ReasonOf(err) != c.reason {
			t.Errorf("%+v: %v", c.persons, err)
		}
		k.fails(t, pc, c.shown)
	}
	rests := func(when string) {
		if _, err := k.pair(t, p, pc, persons{}); cable.ReasonOf(err) != pairing.RateLimited {
			t.Errorf("%s: %v", when, err)
		}
	}
	rests("the fourth")
	k.fails(t, pc, phone.PairingTooOften)
	p.Pull()
	p = k.plugIn(t, pc)
	rests("after a replug")
	p.refusedAttach(t, pairing.Record{ID: pairing.ID{1}, Device: k.device, Key: labpc.PhoneKey.Public().(ed25519.PublicKey)}, pairing.Unpaired)
	p.Pull()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	mark := k.g.Log().Len()
	must(t, k.g.Reboot(ctx))
	must(t, lab.Poll(ctx, "the phone to be back", func() (bool, error) {
		return strings.Contains(k.g.Log().Since(mark), "registered"), nil
	}))
	p = k.plugIn(t, pc)
	rests("after a reboot")
}
