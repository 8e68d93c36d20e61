package device

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"testing"
	"time"

	"opendeskphone/firmware/credentials"
	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/hal"
	"opendeskphone/usbhid/pairing"
	"opendeskphone/usbhid/pairing/cable"
)

// computer is a PC with its program, at the phone's cable.
type computer struct {
	b    *bench
	self pairing.Self
}

func newComputer(b *bench, name string) *computer {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	c := &computer{b: b, self: pairing.Self{Key: ed25519.NewKeyFromSeed(seed), Name: name, User: "anna"}}
	copy(c.self.Device[:], name)
	return c
}

// plug opens the cable, for as long as it is plugged in.
func (c *computer) plug() *cable.Cable {
	c.b.t.Helper()
	c.b.USB.Plug()
	deadline := time.After(20 * time.Second)
	for {
		dev, err := c.b.USB.Host(hal.USBPairing)
		if err == nil {
			out := cable.New(dev, c.self)
			go func() { _ = out.Run(context.Background()) }()
			return out
		}
		select {
		case <-deadline:
			c.b.t.Fatal(err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// pair pairs, with a person at the phone who answers yes as often as he is asked, and one at the PC who says same.
func (c *computer) pair(line *cable.Cable, yes int, same bool) (pairing.Record, error) {
	ctx, cancel := context.WithTimeout(c.b.t.Context(), 20*time.Second)
	defer cancel()
	go func() {
		last := phone.NotPairing
		for seq := phone.Seq(0); ; {
			u, err := c.b.Control().Watch(ctx, seq)
			if err != nil {
				return
			}
			seq = u.State.Seq
			if s := u.State.PC.Stage; s != last && (s == phone.PairingAsked || s == phone.PairingCompare) {
				_ = c.b.Control().Do(ctx, "ui", phone.AnswerPairing{Stage: s, Yes: yes > 0})
				yes--
			}
			last = u.State.PC.Stage
		}
	}()
	return line.Pair(ctx, pairing.AllRights, func(_ context.Context, digits string) bool {
		if shown := c.b.Control().State().PC.Digits; shown != "" && shown != digits {
			c.b.t.Errorf("the phone shows %s, the PC %s", shown, digits)
		}
		return same
	}, func(pairing.Showed) {})
}

// dial opens a control leg through the cable.
func (c *computer) dial(at *cable.Attachment) *tpcp.Client {
	c.b.t.Helper()
	raw, err := at.Dial(c.b.t.Context())
	if err != nil {
		c.b.t.Fatal(err)
	}
	cert, err := tpcp.Certificate(c.self.Key)
	if err != nil {
		c.b.t.Fatal(err)
	}
	var conn *tls.Conn
	if conn, err = tpcp.Secure(c.b.t.Context(), raw, tpcp.Identity{Certificate: cert, Phone: tpcp.PinOf(at.Record.Key)}); err != nil {
		c.b.t.Fatal(err)
	}
	client, err := tpcp.Connect(c.b.t.Context(), conn)
	if err != nil {
		c.b.t.Fatal(err)
	}
	go func() { _ = client.Run(context.Background()) }()
	go func() {
		for range client.Notifications() {
		}
	}()
	c.b.t.Cleanup(func() { client.Close() })
	return client
}

func TestComputerIsPairedAttachedAndControlsThePhoneThroughTheCable(t *testing.T) {
	dir := t.TempDir()
	b := start(t, dir, pcLine, nil)
	pc := newComputer(b, "laptop")
	line := pc.plug()
	record, err := pc.pair(line, 2, true)
	if err != nil {
		t.Fatal(err)
	}
	b.until("paired", func(s *phone.State) bool { return s.PC.Stage == phone.PairingDone })
	b.press(phone.AnswerPairing{Stage: phone.PairingDone})
	for plug := range 3 {
		b.USB.Unplug()
		b.until("gone", func(s *phone.State) bool { return !s.PC.Attached })
		began := time.Now()
		line = pc.plug()
		at, err := line.Attach(t.Context(), record)
		if err != nil {
			t.Fatalf("plug %d: %v", plug, err)
		}
		b.until("attached", func(s *phone.State) bool { return s.PC.Attached && s.PC.Name == "laptop" && s.PC.User == "anna" })
		t.Logf("attached %v after enumeration", time.Since(began).Round(time.Millisecond))
		if plug < 2 {
			continue
		}
		client := pc.dial(at)
		opened, err := client.Open(t.Context(), tpcp.OpenParams{ControllerID: "test", App: "test"}, at.Secret[:])
		if err != nil || !opened.Attached || opened.Rights != tpcp.AllRights {
			t.Fatalf("%+v, %v", opened, err)
		}
		if _, err := client.Make(t.Context(), tpcp.MakeParams{To: "200"}); err != nil {
			t.Fatal(err)
		}
		if len(b.Control().State().Calls) != 1 {
			t.Error("no call was made")
		}
	}
	b.stop()
	b = start(t, dir, "", nil) // the phone remembers over a restart
	pc.b = b
	at, err := pc.plug().Attach(t.Context(), record)
	if err != nil {
		t.Fatal(err)
	}
	b.until("attached", func(s *phone.State) bool { return s.PC.Attached })
	shown := shownComputers{b.Device}.Computers()
	if len(shown) != 1 || shown[0].Name != "laptop" || !shown[0].Attached {
		t.Fatalf("the phone knows %+v", shown)
	}
	shownComputers{b.Device}.Remove(shown[0].ID)
	select {
	case <-at.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("a computer that was removed stays attached")
	}
	b.USB.Unplug()
	if _, err := pc.plug().Attach(t.Context(), record); err == nil {
		t.Error("a computer that was removed attaches")
	}
}

func TestNothingIsStoredWithoutBothPersons(t *testing.T) {
	for name, c := range map[string]struct {
		yes  int
		same bool
	}{"declined at the phone": {0, true}, "different at the phone": {1, true}, "different at the PC": {2, false}} {
		t.Run(name, func(t *testing.T) {
			b := start(t, t.TempDir(), pcLine, nil)
			pc := newComputer(b, "laptop")
			if _, err := pc.pair(pc.plug(), c.yes, c.same); err == nil {
				t.Error("paired")
			}
			b.until("failed", func(s *phone.State) bool { return s.PC.Stage == phone.PairingFailed })
			if n := b.pairs.Count(); n != 0 {
				t.Errorf("%d pairings", n)
			}
		})
	}
}

func TestLockedPhonePairsWithNobody(t *testing.T) {
	b := start(t, t.TempDir(), pcLine, nil)
	if err := b.keeper.SetPIN("2580"); err != nil {
		t.Fatal(err)
	}
	b.keeper.Lock()
	pc := newComputer(b, "laptop")
	_, err := pc.pair(pc.plug(), 2, true)
	if cable.ReasonOf(err) != pairing.Policy {
		t.Error(err)
	}
}

// After three attempts in a minute the phone rests, also when it was restarted meanwhile.
func TestTooManyAttemptsAreLockedOut(t *testing.T) {
	dir := t.TempDir()
	b := start(t, dir, pcLine, nil)
	pc := newComputer(b, "laptop")
	line := pc.plug()
	for range 3 {
		if _, err := pc.pair(line, 0, true); cable.ReasonOf(err) != pairing.Declined {
			t.Fatal(err)
		}
	}
	if _, err := pc.pair(line, 2, true); cable.ReasonOf(err) != pairing.RateLimited {
		t.Errorf("the fourth: %v", err)
	}
	b.stop()
	b = start(t, dir, "", nil)
	pc.b = b
	if _, err := pc.pair(pc.plug(), 2, true); cable.ReasonOf(err) != pairing.RateLimited {
		t.Errorf("after a restart: %v", err)
	}
}

// Two computers take turns at the cable; one forgets the phone, and the other is still known.
func TestSecondComputerAndOneThatForgets(t *testing.T) {
	b := start(t, t.TempDir(), pcLine+"wipe_on_unpair = true\n", nil)
	first, second := newComputer(b, "laptop"), newComputer(b, "desktop")
	records := map[*computer]pairing.Record{}
	for _, pc := range []*computer{first, second} {
		r, err := pc.pair(pc.plug(), 2, true)
		if err != nil {
			t.Fatal(err)
		}
		records[pc] = r
		b.until("paired", func(s *phone.State) bool { return s.PC.Stage == phone.PairingDone })
		b.press(phone.AnswerPairing{Stage: phone.PairingDone})
		b.USB.Unplug()
	}
	const aor = "sip:100@192.0.2.9"
	if err := b.opts.Vault.Put(credentials.Entry{AOR: aor, Pairing: records[first].ID.String()}); err != nil {
		t.Fatal(err)
	}
	at, err := first.plug().Attach(t.Context(), records[first])
	if err != nil {
		t.Fatal(err)
	}
	b.until("attached", func(s *phone.State) bool { return s.PC.Attached })
	if err := at.Leave(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	b.until("gone", func(s *phone.State) bool { return !s.PC.Attached })
	b.USB.Unplug()
	if _, err := first.plug().Attach(t.Context(), records[first]); cable.ReasonOf(err) != pairing.Unpaired {
		t.Errorf("the one that forgot: %v", err)
	}
	if _, ok := b.opts.Vault.For(aor); ok {
		t.Error("what the unpaired computer handed over is still there")
	}
	b.USB.Unplug()
	if _, err := second.plug().Attach(t.Context(), records[second]); err != nil {
		t.Errorf("the other: %v", err)
	}
	if known := (shownComputers{b.Device}).Computers(); len(known) != 1 || known[0].Name != "desktop" {
		t.Errorf("the phone knows %+v", known)
	}
}
