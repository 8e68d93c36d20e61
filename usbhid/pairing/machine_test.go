package pairing

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"opendeskphone/usbhid/link"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// duo is a phone and a PC on one cable, without the cable: what one sends the other gets, in order.
type duo struct {
	t           testing.TB
	now         time.Time
	phone       Phone
	host        Host
	toPhone     []link.Message
	toHost      []link.Message
	phoneOut    []Output // all but Send
	hostOut     []Output
	fresh       byte
	brokenStore bool
	// On the way: nil drops the message.
	toPhoneTap func(link.Message) *link.Message
	toHostTap  func(link.Message) *link.Message
}

func phoneSelf() Self {
	return Self{Device: ID{1}, Key: ed25519.NewKeyFromSeed(fill32(0x11)), Name: "Desk phone", Model: "qemu-virt", Version: "1.0", Boot: [8]byte{7}}
}

func pcSelf(n byte) Self {
	return Self{Device: ID{2, n}, Key: ed25519.NewKeyFromSeed(fill32(0x22 + n)), Name: fmt.Sprintf("ANNA-LAPTOP-%d", n), User: "anna.weber"}
}

func newDuo(t testing.TB) *duo {
	return &duo{t: t, now: noon, phone: NewPhone(phoneSelf(), nil, Limits{}, noon), host: NewHost(pcSelf(0))}
}

func (d *duo) draw() (f Fresh) {
	d.fresh++
	for i := range f {
		f[i] = d.fresh ^ byte(i*31)
	}
	return f
}

func (d *duo) phoneIn(in PhoneInput) {
	var out []Output
	d.phone, out = d.phone.Step(d.now, in)
	for _, o := range out {
		switch o := o.(type) {
		case Send:
			d.toHost = append(d.toHost, o.Message)
			continue
		case Keep:
			if o.New {
				defer d.phoneIn(Kept{!d.brokenStore})
			}
		}
		d.phoneOut = append(d.phoneOut, o)
	}
}

func (d *duo) hostIn(in HostInput) {
	var out []Output
	d.host, out = d.host.Step(d.now, in)
	for _, o := range out {
		if s, ok := o.(Send); ok {
			d.toPhone = append(d.toPhone, s.Message)
		} else {
			d.hostOut = append(d.hostOut, o)
		}
	}
}

// run carries messages until nobody says anything.
func (d *duo) run() {
	d.t.Helper()
	for range 1000 {
		switch {
		case len(d.toPhone) > 0:
			m := d.toPhone[0]
			d.toPhone = d.toPhone[1:]
			if d.toPhoneTap != nil {
				p := d.toPhoneTap(m)
				if p == nil {
					continue
				}
				m = *p
			}
			d.phoneIn(d.received(m))
		case len(d.toHost) > 0:
			m := d.toHost[0]
			d.toHost = d.toHost[1:]
			if d.toHostTap != nil {
				p := d.toHostTap(m)
				if p == nil {
					continue
				}
				m = *p
			}
			d.hostIn(d.received(m))
		default:
			return
		}
	}
	d.t.Fatal("they talk for ever")
}

func (d *duo) received(m link.Message) Received {
	got, err := link.ParseMessage(m.Bytes())
	return Received{link.Received{Message: got, Err: err}, d.draw()}
}

// wait lets time pass for both ends.
func (d *duo) wait(t time.Duration) {
	for end := d.now.Add(t); d.now.Before(end); {
		next := end
		for _, n := range []time.Time{d.phone.Next(), d.host.Next()} {
			if !n.IsZero() && n.Before(next) {
				next = n
			}
		}
		d.now = next
		d.phoneIn(Elapsed{})
		d.hostIn(Elapsed{})
		d.run()
	}
}

// last gives the last output of a kind.
func last[T Output](out []Output) (o T, ok bool) {
	for _, x := range slices.Backward(out) {
		if o, ok = x.(T); ok {
			return o, true
		}
	}
	return o, false
}

func (d *duo) stage() Showed        { o, _ := last[Showed](d.phoneOut); return o }
func (d *duo) hostStage() Showed    { o, _ := last[Showed](d.hostOut); return o }
func (d *duo) ended() (Ended, bool) { return last[Ended](d.hostOut) }

func (d *duo) begin() {
	d.hostIn(Greet{})
	d.run()
	d.hostIn(Begin{Rights: AllRights, Fresh: d.draw()})
	d.run()
}

// pair goes the whole way and gives the PC's record.
func (d *duo) pair() Record {
	d.t.Helper()
	d.begin()
	d.phoneIn(Answered{Asked, true})
	d.run()
	d.phoneIn(Answered{Comparing, true})
	d.run()
	d.hostIn(Compared{true})
	d.run()
	k, ok := last[Keep](d.hostOut)
	if !ok || !k.New {
		d.t.Fatalf("no pairing: phone %+v, PC %+v", d.phoneOut, d.hostOut)
	}
	return k.Record
}

// attach greets as a PC that knows the phone.
func (d *duo) attach(r ...Record) {
	d.phoneOut, d.hostOut = nil, nil
	d.hostIn(Greet{Known: r})
	d.run()
}

func TestPairAndAttach(t *testing.T) {
	for name, first := range map[string]func(d *duo){
		"phone first": func(d *duo) { d.phoneIn(Answered{Comparing, true}); d.run(); d.hostIn(Compared{true}) },
		"PC first":    func(d *duo) { d.hostIn(Compared{true}); d.run(); d.phoneIn(Answered{Comparing, true}) },
		"at once":     func(d *duo) { d.hostIn(Compared{true}); d.phoneIn(Answered{Comparing, true}) },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDuo(t)
			d.phoneIn(Moved{Places{Addresses: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.7:5588"), netip.MustParseAddrPort("[2001:db8::1]:5588")}, DNS: "desk.example"}})
			d.begin()
			if s := d.stage(); s.Stage != Asked || s.Name != "ANNA-LAPTOP-0" || s.User != "anna.weber" {
				t.Fatalf("%+v", s)
			}
			d.phoneIn(Answered{Asked, true})
			d.run()
			if p, h := d.stage(), d.hostStage(); p.Stage != Comparing || h.Stage != Comparing || p.Digits != h.Digits || len(p.Digits) != 6 {
				t.Fatalf("phone %+v, PC %+v", p, h)
			}
			first(d)
			d.run()
			keep, _ := last[Keep](d.phoneOut)
			kept, _ := last[Keep](d.hostOut)
			if d.stage().Stage != Paired || keep.Record.ID != kept.Record.ID || keep.Record.LinkKey != kept.Record.LinkKey || keep.Record.LinkKey == (Secret{}) {
				t.Fatal("no pairing, or not the same one")
			}
			if self := pcSelf(0); keep.Record.Rights != AllRights || kept.Record.Rights != AllRights || !keep.Record.Key.Equal(self.public()) {
				t.Errorf("%+v", keep)
			}
			d.attach(kept.Record)
			p, _ := last[Attached](d.phoneOut)
			h, ok := last[Attached](d.hostOut)
			if !ok || p != h || p.Secret == (Secret{}) || p.Epoch == 0 {
				t.Fatalf("phone %+v, PC %+v", p, h)
			}
			if l, _ := last[Located](d.hostOut); len(l.Places.Addresses) != 2 || l.Places.DNS != "desk.example" {
				t.Errorf("%+v", l)
			}
			d.phoneIn(Moved{Places{Addresses: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.8:5588")}}})
			d.run()
			if l, _ := last[Located](d.hostOut); len(l.Places.Addresses) != 1 || l.Places.Addresses[0].String() != "192.0.2.8:5588" {
				t.Errorf("%+v", l)
			}
		})
	}
}

func TestEachPlugInProvesAnew(t *testing.T) {
	d := newDuo(t)
	r := d.pair()
	seen, epoch := map[Secret]bool{}, uint32(0)
	for range 5 {
		d.phoneIn(Unplugged{})
		d.attach(r)
		a, ok := last[Attached](d.phoneOut)
		if !ok || seen[a.Secret] || a.Epoch <= epoch {
			t.Fatalf("%+v after epoch %d", a, epoch)
		}
		seen[a.Secret], epoch = true, a.Epoch
	}
	d.phoneIn(Unplugged{})
	if _, ok := last[Detached](d.phoneOut); !ok {
		t.Error("the cable was pulled and the attachment lives")
	}
}

// want checks how a pairing failed at both ends, and that nobody kept anything.
func (d *duo) want(phone, pc Reason) {
	d.t.Helper()
	if s := d.stage(); s.Stage != Failed || s.Reason != phone {
		d.t.Errorf("phone shows %+v, want %v", s, phone)
	}
	if e, ok := d.ended(); !ok || e.Reason != pc {
		d.t.Errorf("PC ended with %+v, want %v", e, pc)
	}
	if len(d.phone.Records()) != 0 {
		d.t.Error("the phone kept a pairing")
	}
	if k, ok := last[Keep](d.hostOut); ok {
		d.t.Errorf("the PC kept %+v", k)
	}
}

func TestPairingsThatDoNotComeAbout(t *testing.T) {
	yes := func(d *duo) { d.phoneIn(Answered{Asked, true}); d.run() }
	for _, c := range []struct {
		name      string
		do        func(d *duo)
		phone, pc Reason
	}{
		{"person declines", func(d *duo) { d.phoneIn(Answered{Asked, false}) }, Declined, Declined},
		{"digits differ, says the phone", func(d *duo) { yes(d); d.phoneIn(Answered{Comparing, false}) }, Different, Different},
		{"digits differ, says the PC", func(d *duo) { yes(d); d.hostIn(Compared{false}) }, Different, Different},
		{"PC changes its mind", func(d *duo) { yes(d); d.phoneIn(Answered{Comparing, true}); d.run(); d.hostIn(Compared{false}) }, Different, Different},
		{"phone is locked when asked", func(d *duo) { d.phoneIn(Shut{true}); d.phoneIn(Shut{false}) }, Policy, Policy},
		{"phone is locked when digits show", func(d *duo) {
			yes(d)
			d.phoneIn(Shut{true})
			d.phoneIn(Answered{Comparing, true})
			d.phoneIn(Shut{false})
		}, Policy, Policy},
		{"person cancels the wait for the PC", func(d *duo) {
			yes(d)
			d.phoneIn(Answered{Comparing, true})
			d.phoneIn(Answered{Waiting, false})
			d.hostIn(Compared{true})
		}, Declined, Declined},
		{"PC gives up", func(d *duo) { d.hostIn(Leave{}) }, Declined, Declined},
		{"nobody at the phone", func(d *duo) { d.wait(time.Minute) }, TimedOut, TimedOut},
		{"nobody compares", func(d *duo) { yes(d); d.wait(time.Minute) }, TimedOut, TimedOut},
		{"nobody at the PC", func(d *duo) { yes(d); d.phoneIn(Answered{Comparing, true}); d.run(); d.wait(time.Minute) }, TimedOut, TimedOut},
		{"reports are lost", func(d *duo) {
			yes(d)
			d.phoneIn(Received{Received: link.Received{Err: link.ErrDesync}})
		}, Desync, Desync},
		{"memory fails", func(d *duo) {
			d.brokenStore = true
			yes(d)
			d.phoneIn(Answered{Comparing, true})
			d.hostIn(Compared{true})
		}, Storage, Storage},
		{"a message out of turn", func(d *duo) { yes(d); d.phoneIn(d.received(refusalless(TypeCommit))) }, Desync, Desync},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDuo(t)
			d.t = t
			d.begin()
			c.do(d)
			d.run()
			d.want(c.phone, c.pc)
			if c.name == "memory fails" {
				return
			}
			d.phoneOut, d.hostOut = nil, nil
			d.pair() // and the next attempt goes well
		})
	}
}

func refusalless(t link.Type) link.Message { return link.Message{Type: t} }

func TestPulledCableEndsAPairing(t *testing.T) {
	d := newDuo(t)
	d.begin()
	d.phoneIn(Answered{Asked, true})
	d.phoneIn(Unplugged{})
	if s := d.stage(); s.Stage != Failed || s.Reason != Gone {
		t.Errorf("%+v", s)
	}
	d.toHost, d.toPhone = nil, nil
	d.host = NewHost(pcSelf(0))
	d.pair()
}

// A key pressed for the first question is no answer to the second.
func TestOneKeyAnswersOneQuestion(t *testing.T) {
	d := newDuo(t)
	d.begin()
	d.phoneIn(Answered{Comparing, true})
	d.phoneIn(Answered{Asked, true})
	d.run()
	d.phoneIn(Answered{Asked, true})
	d.hostIn(Compared{true})
	d.run()
	if d.stage().Stage != Comparing || len(d.phone.Records()) != 0 {
		t.Errorf("%+v", d.stage())
	}
}

// change gives a tap that changes one value of one kind of message.
func change(typ link.Type, tag link.Tag, f func([]byte) []byte) func(link.Message) *link.Message {
	return func(m link.Message) *link.Message {
		if m.Type != typ {
			return &m
		}
		m.TLVs = slices.Clone(m.TLVs)
		for i, v := range m.TLVs {
			if v.Tag == tag {
				m.TLVs[i].Value = f(slices.Clone(v.Value))
			}
		}
		return &m
	}
}

func flip(b []byte) []byte { b[0] ^= 1; return b }

func TestHostileMessages(t *testing.T) {
	zero := func(b []byte) []byte { return make([]byte, len(b)) }
	short := func(b []byte) []byte { return b[:len(b)-1] }
	for _, c := range []struct {
		name   string
		typ    link.Type
		tag    link.Tag
		f      func([]byte) []byte
		reason Reason
	}{
		{"wrong commitment", TypeCommit, TagCommit, flip, BadCommit},
		{"short commitment", TypeCommit, TagCommit, short, BadCommit},
		{"another ephemeral", TypeReveal, TagEphemeral, flip, BadCommit},
		{"no ephemeral", TypeReveal, TagEphemeral, zero, BadCommit},
		{"another nonce", TypeReveal, TagNonce, flip, BadCommit},
		{"short nonce", TypeReveal, TagNonce, short, BadCommit},
		{"wrong signature", TypeConfirm, TagSignature, flip, BadSignature},
		{"no signature", TypeConfirm, TagSignature, func([]byte) []byte { return nil }, BadSignature},
	} {
		for _, to := range []string{"phone", "PC"} {
			t.Run(c.name+" to the "+to, func(t *testing.T) {
				d := newDuo(t)
				if tap := change(c.typ, c.tag, c.f); to == "phone" {
					d.toPhoneTap = tap
				} else {
					d.toHostTap = tap
				}
				d.begin()
				d.phoneIn(Answered{Asked, true})
				d.run()
				if d.stage().Stage == Comparing && c.typ != TypeConfirm && to == "phone" {
					t.Fatal("digits of a lie were shown")
				}
				press, click := func() { d.phoneIn(Answered{Comparing, true}); d.run() }, func() { d.hostIn(Compared{true}); d.run() }
				if to == "phone" { // the liar speaks first
					press, click = click, press
				}
				press()
				click()
				d.want(c.reason, c.reason)
			})
		}
	}
}

// Points of low order do not get through even if they were committed to.
func TestCommittedPointOfLowOrder(t *testing.T) {
	d := newDuo(t)
	d.hostIn(Greet{})
	d.run()
	self := pcSelf(0)
	point, nonce := make([]byte, 32), fill32(5)
	d.phoneIn(d.received(link.Message{Type: TypeBegin}))
	d.phoneIn(d.received(link.Message{Type: TypeCommit, TLVs: []link.TLV{tlv(TagCommit, commitment(hostRole, self.public(), point, nonce))}}))
	d.phoneIn(Answered{Asked, true})
	d.phoneIn(d.received(link.Message{Type: TypeReveal, TLVs: []link.TLV{tlv(TagEphemeral, point), tlv(TagNonce, nonce)}}))
	if s := d.stage(); s.Stage != Failed || s.Reason != BadCommit {
		t.Errorf("%+v", s)
	}
}

// A machine in the middle pairs with both ends; the digits tell.
func TestManInTheMiddleShowsOtherDigits(t *testing.T) {
	for seed := range byte(20) {
		left, right := newDuo(t), newDuo(t) // phone - middle as PC; middle as phone - PC
		middle := pcSelf(77)
		middle.Device, middle.Name, middle.User = left.host.self.Device, left.host.self.Name, left.host.self.User
		left.host = NewHost(middle)
		fake := phoneSelf()
		fake.Key = middle.Key
		right.phone = NewPhone(fake, nil, Limits{}, noon)
		left.fresh, right.fresh = seed, seed+100
		left.begin()
		right.begin()
		left.phoneIn(Answered{Asked, true})
		right.phoneIn(Answered{Asked, true})
		left.run()
		right.run()
		phone, pc := left.stage(), right.hostStage()
		if phone.Stage != Comparing || pc.Stage != Comparing || phone.Digits == pc.Digits {
			t.Fatalf("the phone shows %+v, the PC %+v", phone, pc)
		}
	}
}

// A middle that hands on the messages but swaps an identity is caught by the transcript.
func TestSwappedGreetingShowsOtherDigits(t *testing.T) {
	d := newDuo(t)
	d.toHostTap = change(TypeHelloAck, TagModel, func([]byte) []byte { return []byte("another") })
	d.begin()
	d.phoneIn(Answered{Asked, true})
	d.run()
	if p, h := d.stage(), d.hostStage(); p.Stage != Comparing || h.Stage != Comparing || p.Digits == h.Digits {
		t.Errorf("phone %+v, PC %+v", p, h)
	}
}

func TestProofsThatAreNone(t *testing.T) {
	d := newDuo(t)
	r := d.pair()
	var proof link.Message
	d.toPhoneTap = func(m link.Message) *link.Message {
		if m.Type == TypeProof {
			proof = m
		}
		return &m
	}
	d.attach(r)
	good := proof
	d.phoneIn(Unplugged{})
	for name, tap := range map[string]func(link.Message) *link.Message{
		"replayed": func(m link.Message) *link.Message {
			if m.Type == TypeProof {
				return &good
			}
			return &m
		},
		"wrong":    change(TypeProof, TagMAC, flip),
		"no nonce": change(TypeProof, TagNonce, func([]byte) []byte { return nil }),
	} {
		d.toPhoneTap = tap
		d.attach(r)
		if a, ok := last[Attached](d.phoneOut); ok {
			t.Errorf("%s: %+v", name, a)
		}
		if e, ok := d.ended(); !ok || e.Reason != BadSignature {
			t.Errorf("%s: PC %+v", name, e)
		}
	}
	d.toPhoneTap, d.toHostTap = nil, change(TypeAttached, TagMAC, flip)
	d.attach(r)
	if a, ok := last[Attached](d.hostOut); ok {
		t.Errorf("a phone that proves nothing: %+v", a)
	}
	d.toHostTap = nil
	d.attach(r)
	if _, ok := last[Attached](d.hostOut); !ok {
		t.Error("and the true ones do not meet")
	}
}

func TestPhoneThatSaysToBeAnother(t *testing.T) {
	d := newDuo(t)
	r := d.pair()
	fake := phoneSelf()
	fake.Key = ed25519.NewKeyFromSeed(fill32(0x99))
	d.phone = NewPhone(fake, nil, Limits{}, d.now)
	d.attach(r)
	if e, ok := d.ended(); !ok || e.Reason != BadSignature {
		t.Errorf("%+v", e)
	}
	d.phone = NewPhone(phoneSelf(), nil, Limits{}, d.now) // the true one, that has lost its memory
	d.attach(r)
	if e, ok := d.ended(); !ok || e.Reason != Unpaired || !e.Remote {
		t.Errorf("%+v", e)
	}
}

func TestRevokedOnEitherSide(t *testing.T) {
	d := newDuo(t)
	r := d.pair()
	d.attach(r)
	d.phoneIn(Revoked{r.ID})
	d.run()
	if e, ok := d.ended(); !ok || e.Reason != Unpaired || !e.Remote || len(d.phone.Records()) != 0 {
		t.Errorf("revoked at the phone: PC %+v, %d records", e, len(d.phone.Records()))
	}
	r = d.pair()
	d.attach(r)
	d.hostIn(Leave{Unpaired})
	d.run()
	if f, ok := last[Forget](d.phoneOut); !ok || f.ID != r.ID || len(d.phone.Records()) != 0 {
		t.Errorf("revoked at the PC: %+v", d.phoneOut)
	}
	r = d.pair()
	d.attach()
	d.phoneIn(d.received(refusal(TypeDetach, Unpaired)))
	if len(d.phone.Records()) != 1 {
		t.Error("somebody without proof ended a pairing")
	}
	d.attach(r)
	d.phoneIn(Revoked{ID{9}})
	if len(d.phone.Records()) != 1 {
		t.Error("a pairing nobody meant is gone")
	}
}

func TestRightsAreGivenLater(t *testing.T) {
	d := newDuo(t)
	r := d.pair()
	d.phone.known[0].Rights = Observe
	d.attach(r)
	before := d.phone
	d.phoneIn(Granted{r.ID, Provision})
	if k, ok := last[Keep](d.phoneOut); !ok || k.Record.Rights != Observe|Provision || k.New {
		t.Errorf("%+v", d.phoneOut)
	}
	if before.known[0].Rights != Observe {
		t.Error("a state that was left has changed")
	}
	d.phoneOut = nil
	d.phoneIn(Granted{r.ID, Provision})
	d.phoneIn(Granted{ID{9}, Provision})
	if len(d.phoneOut) != 0 {
		t.Errorf("nothing new led to %+v", d.phoneOut)
	}
}

func TestTooManyAttempts(t *testing.T) {
	d := newDuo(t)
	attempt := func() Reason {
		d.hostOut, d.phoneOut = nil, nil
		d.begin()
		if d.stage().Stage == Asked {
			d.phoneIn(Answered{Asked, false})
			d.run()
		}
		e, _ := d.ended()
		return e.Reason
	}
	for i, want := range []Reason{Declined, Declined, Declined, RateLimited} {
		if r := attempt(); r != want {
			t.Fatalf("attempt %d: %v", i, r)
		}
	}
	if s := d.stage(); s.Stage != Failed || s.Reason != RateLimited {
		t.Errorf("the person is told %+v", s)
	}
	d.phoneIn(Unplugged{})
	if r := attempt(); r != RateLimited {
		t.Errorf("after unplugging: %v", r)
	}
	if len(d.phoneOut) != 0 {
		t.Errorf("the person is told again: %+v", d.phoneOut)
	}
	d.wait(9 * time.Minute)
	if r := attempt(); r != RateLimited {
		t.Errorf("after nine minutes: %v", r)
	}
	d.wait(61 * time.Second)
	for range 4 { // slowly, it goes on for ever
		d.wait(21 * time.Second)
		if r := attempt(); r != Declined {
			t.Errorf("later: %v", r)
		}
	}
}

func TestLockOutSurvivesARestart(t *testing.T) {
	d := newDuo(t)
	kept := func() Limits { k, _ := last[KeepLimits](d.phoneOut); return k.Limits }
	for range 2 {
		d.begin()
		d.phoneIn(Answered{Asked, false})
		d.run()
	}
	if kept().Begins != 2 {
		t.Fatalf("%+v", kept())
	}
	d.phone, d.now = NewPhone(phoneSelf(), nil, kept(), noon.AddDate(-50, 0, 0)), noon.AddDate(-50, 0, 0) // with a clock that lost its time
	d.host = NewHost(pcSelf(0))
	d.begin()
	d.begin()
	if !kept().Locked {
		t.Fatalf("%+v", kept())
	}
	d.phone, d.now = NewPhone(phoneSelf(), nil, kept(), noon), noon
	d.host = NewHost(pcSelf(0))
	d.begin()
	if e, _ := d.ended(); e.Reason != RateLimited {
		t.Errorf("%+v", e)
	}
	d.wait(lockOut)
	if kept() != (Limits{}) {
		t.Errorf("it lasts for ever: %+v", kept())
	}
	d.pair()
}

func TestLockedScreenAndFullPhone(t *testing.T) {
	d := newDuo(t)
	d.phoneIn(Shut{true})
	d.begin()
	if e, _ := d.ended(); e.Reason != Policy || len(d.phoneOut) != 0 {
		t.Errorf("locked: PC %+v, phone %+v", e, d.phoneOut)
	}
	d.phoneIn(Shut{false})
	var first Record
	for n := range byte(MaxPairings) {
		d.host = NewHost(pcSelf(n))
		d.wait(time.Minute)
		if r := d.pair(); n == 0 {
			first = r
		}
	}
	d.host, d.hostOut = NewHost(pcSelf(50)), nil
	d.wait(time.Minute)
	d.begin()
	if e, _ := d.ended(); e.Reason != Storage || d.stage().Reason != Storage || len(d.phone.Records()) != MaxPairings {
		t.Errorf("full: PC %+v, phone %+v", e, d.stage())
	}
	d.host = NewHost(pcSelf(0)) // one that is known may pair anew
	d.wait(time.Minute)
	if again := d.pair(); again.ID == first.ID || len(d.phone.Records()) != MaxPairings {
		t.Errorf("%d records", len(d.phone.Records()))
	}
}

func TestGreetingIsRepeated(t *testing.T) {
	d := newDuo(t)
	r := d.pair()
	n := 0
	d.toHostTap = func(m link.Message) *link.Message { // the first answers are lost
		if n++; n <= 4 {
			return nil
		}
		return &m
	}
	d.attach(r)
	d.wait(3 * time.Second)
	if _, ok := last[Attached](d.hostOut); !ok {
		t.Errorf("%+v", d.hostOut)
	}
	d.toHostTap = func(link.Message) *link.Message { return nil }
	began := d.now
	d.attach(r)
	d.wait(10 * time.Second)
	if e, ok := d.ended(); !ok || e.Reason != TimedOut {
		t.Errorf("a silent phone: %+v after %v", e, d.now.Sub(began))
	}
}

func TestGreetingsThatAreRefused(t *testing.T) {
	self := pcSelf(0)
	long := strings.Repeat("x", maxText+1)
	for name, c := range map[string]struct {
		tag   link.Tag
		value []byte
	}{
		"no device": {TagDevice, nil}, "short key": {TagKey, fill32(1)[:31]}, "another key's pin": {TagPin, fill32(0)}, "long name": {TagName, []byte(long)},
		"no UTF-8": {TagName, []byte{0xff}}, "no name": {TagName, nil}, "name of nothing": {TagName, []byte("\u202e\u200b ")}, "long user": {TagUser, []byte(long)},
		"addresses": {TagAddresses, []byte{5, 1, 2, 3, 4, 0, 80}}, "cut address": {TagAddresses, []byte{4, 1, 2, 3, 4, 0}},
	} {
		d := newDuo(t)
		m := self.hello()
		m.TLVs = append(slices.DeleteFunc(m.TLVs, func(v link.TLV) bool { return v.Tag == c.tag }), tlv(c.tag, c.value))
		d.phoneIn(d.received(m))
		if len(d.toHost) != 1 || d.toHost[0].Type != link.TypeError {
			t.Errorf("%s: %+v", name, d.toHost)
		}
	}
	d := newDuo(t)
	d.host.hello.TLVs[1] = tlv(TagName, []byte("Anna\u202e\n\x1b[2J"))
	d.begin()
	if s := d.stage(); s.Name != "Anna[2J" {
		t.Errorf("shown as %q", s.Name)
	}
}

func TestHostLockIsBelievedOnceAndWithProof(t *testing.T) {
	d := newDuo(t)
	d.attach(d.pair())
	var messages []link.Message
	d.toPhoneTap = func(m link.Message) *link.Message { messages = append(messages, m); return &m }
	locks := func() (n int, now bool) {
		for _, o := range d.phoneOut {
			if l, ok := o.(HostLocked); ok {
				n, now = n+1, l.Locked
			}
		}
		return n, now
	}
	for i, on := range []bool{true, false} {
		d.hostIn(LockIs{on})
		d.run()
		if n, now := locks(); n != i+1 || now != on {
			t.Errorf("%d reports, locked %v", n, now)
		}
	}
	for _, m := range messages {
		d.phoneIn(d.received(m)) // replayed
	}
	d.phoneIn(d.received(LockMessage(Secret{1}, false, 99)))
	forged := LockMessage(d.host.secret, true, 3)
	forged.TLVs[0].Value = []byte{0}
	d.phoneIn(d.received(forged))
	forged = LockMessage(d.host.secret, true, 3)
	forged.TLVs[1].Value = binary.BigEndian.AppendUint64(nil, 4)
	d.phoneIn(d.received(forged))
	if n, _ := locks(); n != 2 {
		t.Errorf("%d reports were believed", n)
	}
}

func TestLongSleepEndsTheAttachment(t *testing.T) {
	d := newDuo(t)
	r := d.pair()
	d.attach(r)
	d.phoneIn(Slept{true})
	d.wait(sleepTime - time.Second)
	d.phoneIn(Slept{false})
	d.phoneIn(Slept{true})
	d.wait(sleepTime - time.Second)
	if _, ok := last[Detached](d.phoneOut); ok {
		t.Fatal("short sleeps ended it")
	}
	d.wait(time.Second)
	if _, ok := last[Detached](d.phoneOut); !ok {
		t.Fatal("it sleeps on attached")
	}
	d.phoneIn(Slept{false})
	d.run()
	if e, ok := d.ended(); !ok || !e.Remote {
		t.Error("the PC is not told when it wakes")
	}
	d.attach(r)
	if _, ok := last[Attached](d.hostOut); !ok {
		t.Error("it does not come back")
	}
}

func TestPingIsAnswered(t *testing.T) {
	d := newDuo(t)
	d.phoneIn(d.received(refusalless(TypePing)))
	d.hostIn(d.received(refusalless(TypePing)))
	if len(d.toHost) != 1 || d.toHost[0].Type != TypePong || len(d.toPhone) != 1 || d.toPhone[0].Type != TypePong {
		t.Errorf("%+v %+v", d.toHost, d.toPhone)
	}
}
