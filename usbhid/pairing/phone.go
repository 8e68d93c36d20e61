package pairing

import (
	"crypto/hmac"
	"encoding/binary"
	"slices"
	"time"

	"opendeskphone/usbhid/link"
)

// Stage is how far a pairing has come at the phone, as its person sees it.
type Stage uint8

// The stages.
const (
	NoPairing Stage = iota
	Asked           // does the person want to pair?
	Comparing       // does the PC show the same digits?
	Waiting         // the person agreed; the PC's has not yet
	Paired
	Failed
)

// Phone is the phone's end as a value; NewPhone makes it and Step moves it.
type Phone struct {
	self   Self
	known  []Record
	limits limiter
	places Places
	shut   bool // the screen is locked: no pairing begins
	epoch  uint32

	state     phoneState
	until     time.Time // of a state that the other end or a person must end
	slept     time.Time // when the bus went to sleep; zero: awake
	overslept bool      // the attachment ended in its sleep, and the PC does not know
	peer      Peer
	greeting  []byte       // the HELLO
	ack       link.Message // and its answer
	helloHash []byte
	talk      talk
	nonce     []byte // of the challenge
	attached  ID
	secret    Secret
	counter   uint64 // of the last lock message
	pending   Record // being kept
}

type phoneState uint8

const (
	phoneIdle phoneState = iota
	phoneGreeted
	phoneAsking    // begun; the person is asked, the PC's commitment is due
	phoneRevealing // own half is revealed, the PC's is due
	phoneComparing
	phoneKeeping // the record is being written
	phoneChallenging
	phoneAttached
)

// PhoneInput is what Step takes.
type PhoneInput interface{ phoneInput() }

// The inputs of the phone's end. HostInput has some of them too.
type (
	// Received is a message, or that one was broken.
	Received struct {
		link.Received
		Fresh Fresh
	}
	// Answered is a key of the person: yes or no to what stage Stage asked.
	Answered struct {
		Stage Stage
		Yes   bool
	}
	// Kept tells whether the record of Keep is safe.
	Kept struct{ OK bool }
	// Revoked removes a pairing.
	Revoked struct{ ID ID }
	// Granted gives a PC more rights: the person at the phone has agreed to what needs them.
	Granted struct {
		ID     ID
		Rights Rights
	}
	// Moved tells where the phone listens now.
	Moved struct{ Places Places }
	// Shut tells whether the screen is locked. Then no pairing begins, and one under way ends.
	Shut struct{ On bool }
	// Unplugged: the cable was pulled, or the PC is gone.
	Unplugged struct{}
	// Slept tells whether the bus sleeps.
	Slept struct{ On bool }
	// Elapsed: the time of Next has come.
	Elapsed struct{}
)

func (Received) phoneInput()  {}
func (Answered) phoneInput()  {}
func (Kept) phoneInput()      {}
func (Revoked) phoneInput()   {}
func (Granted) phoneInput()   {}
func (Moved) phoneInput()     {}
func (Shut) phoneInput()      {}
func (Unplugged) phoneInput() {}
func (Slept) phoneInput()     {}
func (Elapsed) phoneInput()   {}

// Output is an order of Step, or news.
type Output interface{ output() }

// The outputs.
type (
	// Send sends a message.
	Send struct{ Message link.Message }
	// Keep keeps a record, in place of any other of its device. Kept is to answer if New.
	Keep struct {
		Record Record
		New    bool
	}
	// Forget drops a record.
	Forget struct{ ID ID }
	// KeepLimits keeps how often pairings were begun.
	KeepLimits struct{ Limits Limits }
	// Showed tells how far a pairing has come. Reason is set for Failed, Digits for Comparing and Waiting.
	Showed struct {
		Stage      Stage
		Reason     Reason
		Digits     string
		Name, User string
	}
	// Attached tells that a PC has proven itself for this plug-in, with a new secret.
	Attached struct {
		Pairing ID
		Secret  Secret
		Epoch   uint32
	}
	// Detached tells that the attachment is over.
	Detached struct{ Pairing ID }
	// HostLocked is the PC's word on whether it is locked.
	HostLocked struct {
		Pairing ID
		Locked  bool
	}
)

func (Send) output()       {}
func (Keep) output()       {}
func (Forget) output()     {}
func (KeepLimits) output() {}
func (Showed) output()     {}
func (Attached) output()   {}
func (Detached) output()   {}
func (HostLocked) output() {}

// NewPhone makes the phone's end with what was kept.
func NewPhone(self Self, known []Record, kept Limits, now time.Time) Phone {
	return Phone{self: self, known: slices.Clone(known[:min(len(known), MaxPairings)]), limits: restored(kept, now)}
}

// Records are the pairings there are.
func (p *Phone) Records() []Record { return slices.Clone(p.known) }

// Next is when Elapsed is to be given; zero: not at all.
func (p *Phone) Next() time.Time {
	next := p.until
	sooner := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	sooner(p.limits.next())
	if p.state == phoneAttached && !p.slept.IsZero() {
		sooner(p.slept.Add(sleepTime))
	}
	return next
}

// phoneStep is a Step in progress.
type phoneStep struct {
	Phone
	now time.Time
	out []Output
}

// Step takes an input and gives the next state of the phone's end and what is to be done.
func (p Phone) Step(now time.Time, in PhoneInput) (Phone, []Output) {
	t := &phoneStep{Phone: p, now: now}
	t.count(t.limits.at(now))
	switch in := in.(type) {
	case Received:
		t.received(in)
	case Answered:
		t.answered(in)
	case Kept:
		t.kept(in.OK)
	case Revoked:
		t.revoked(in.ID)
	case Granted:
		t.granted(in)
	case Moved:
		t.places = in.Places
		t.tellPlaces()
	case Shut:
		if t.shut = in.On; in.On && t.state.pairs() { // whoever presses the key now may be anybody
			t.leave(Policy, Policy)
		}
	case Unplugged:
		t.begone()
	case Slept:
		t.sleeps(in.On)
	case Elapsed:
		t.elapsed()
	}
	return t.Phone, t.out
}

func (t *phoneStep) do(o Output) { t.out = append(t.out, o) }

func (t *phoneStep) send(m link.Message) { t.do(Send{m}) }

func (t *phoneStep) show(s Stage, r Reason) {
	o := Showed{Stage: s, Reason: r, Name: t.peer.Name, User: t.peer.User}
	if s == Comparing || s == Waiting {
		o.Digits = digits(t.talk.transcript)
	}
	t.do(o)
}

// count takes a new state of the limits and keeps it if it differs.
func (t *phoneStep) count(l limiter) {
	if l.kept() != t.limits.kept() {
		t.do(KeepLimits{l.kept()})
	}
	t.limits = l
}

func (t *phoneStep) enter(s phoneState, within time.Duration) {
	t.state, t.until = s, time.Time{}
	if within > 0 {
		t.until = t.now.Add(within)
	}
}

func (s phoneState) pairs() bool { return s >= phoneAsking && s <= phoneKeeping }

// leave ends what goes on with the PC. said, if any, is told to it; shown is why a pairing failed.
func (t *phoneStep) leave(said, shown Reason) {
	tell := func(typ link.Type) {
		if said != NoReason {
			t.send(refusal(typ, said))
		}
	}
	switch {
	case t.state == phoneIdle:
		return
	case t.state.pairs():
		tell(TypeAbort)
		t.show(Failed, shown)
	case t.state == phoneAttached:
		tell(TypeDetach)
		t.do(Detached{t.attached})
	case t.state == phoneChallenging:
		tell(TypeDetach)
	}
	t.talk, t.pending, t.secret, t.nonce = talk{}, Record{}, Secret{}, nil
	t.enter(phoneGreeted, 0)
}

// begone ends what goes on and forgets the PC.
func (t *phoneStep) begone() {
	t.leave(NoReason, Gone)
	t.enter(phoneIdle, 0)
	t.greeting, t.slept, t.overslept = nil, time.Time{}, false
}

func (t *phoneStep) received(in Received) {
	m := in.Message
	switch {
	case in.Err != nil:
		t.broken()
	case m.Type == TypeHello:
		t.hello(m, in.Fresh)
	case m.Type == TypePing:
		t.send(link.Message{Type: TypePong})
	case m.Type == TypeDetach:
		t.detached(m)
	case t.state.pairs():
		t.pairing(m)
	case m.Type == TypeBegin && t.state != phoneIdle:
		t.begin(m, in.Fresh)
	case m.Type == TypeProof && t.state == phoneChallenging:
		t.prove(m)
	case m.Type == TypeHostLock && t.state == phoneAttached:
		t.hostLock(m)
	} // the rest is late or senseless
}

// broken: reports were lost. A pairing cannot go on, an attachment can.
func (t *phoneStep) broken() {
	if t.state.pairs() {
		t.leave(Desync, Desync)
	}
}

// hello takes a greeting. The same one again, while its answer may have been lost, is answered the same way.
func (t *phoneStep) hello(m link.Message, f Fresh) {
	b := m.Bytes()
	again := slices.Equal(b, t.greeting) && t.state == phoneChallenging
	if !again {
		t.begone()
		peer, err := parsePeer(m)
		if err != nil || peer.Key.Equal(t.self.public()) {
			t.send(refusal(link.TypeError, Policy))
			return
		}
		t.peer, t.greeting = peer, b
		t.ack = t.self.helloAck(t.places, t.pairingOf(peer))
		t.helloHash = hashed("", b, t.ack.Bytes())
	}
	t.send(t.ack)
	record := t.find(t.peer)
	switch {
	case record == nil:
		t.enter(phoneGreeted, 0)
		return
	case t.nonce == nil:
		t.nonce, t.attached = f.nonce(), record.ID
	}
	t.enter(phoneChallenging, stepTime)
	t.send(link.Message{Type: TypeChallenge, TLVs: []link.TLV{tlv(TagPairing, record.ID[:]), tlv(TagNonce, t.nonce)}})
}

// find gives the record of a PC.
func (p *Phone) find(peer Peer) *Record {
	i := slices.IndexFunc(p.known, func(r Record) bool { return r.Device == peer.Device && r.Key.Equal(peer.Key) })
	if i < 0 {
		return nil
	}
	return &p.known[i]
}

func (p *Phone) pairingOf(peer Peer) *ID {
	if r := p.find(peer); r != nil {
		return &r.ID
	}
	return nil
}

func (p *Phone) byID(id ID) int {
	return slices.IndexFunc(p.known, func(r Record) bool { return r.ID == id })
}

// prove takes the PC's proof and gives the phone's.
func (t *phoneStep) prove(m link.Message) {
	i := t.byID(t.attached)
	nonce := m.Get(TagNonce)
	if i < 0 || len(nonce) != 32 || !hmac.Equal(m.Get(TagMAC), attachMAC(hostRole, t.known[i].LinkKey, t.nonce, nonce)) {
		t.leave(BadSignature, BadSignature)
		return
	}
	r := t.known[i]
	r.LastAttach, r.Name, r.User = t.now, t.peer.Name, t.peer.User
	t.keep(r)
	t.do(Keep{Record: r})
	t.secret, t.counter = attachSecret(r.LinkKey, t.nonce, nonce), 0
	t.epoch++
	t.send(link.Message{Type: TypeAttached, TLVs: []link.TLV{
		tlv(TagMAC, attachMAC(phoneRole, r.LinkKey, t.nonce, nonce)), tlv(TagEpoch, binary.LittleEndian.AppendUint32(nil, t.epoch))}})
	t.nonce = nil
	t.enter(phoneAttached, 0)
	t.do(Attached{r.ID, t.secret, t.epoch})
	t.tellPlaces()
}

// keep puts a record into the memory, in place of any other of its device or key.
func (t *phoneStep) keep(r Record) {
	t.known = append(slices.DeleteFunc(slices.Clone(t.known), func(o Record) bool { return same(o, r) }), r)
}

func same(a, b Record) bool { return a.Device == b.Device || a.Key.Equal(b.Key) }

func (t *phoneStep) tellPlaces() {
	if t.state == phoneAttached {
		t.send(link.Message{Type: TypeAddresses, TLVs: t.places.tlvs()})
	}
}

// hostLock takes the PC's word on its lock, if it is proven and new.
func (t *phoneStep) hostLock(m link.Message) {
	state, ctr := m.Get(TagLock), m.Get(TagNonce)
	if len(state) != 1 || state[0] > 1 || len(ctr) != 8 || !hmac.Equal(m.Get(TagMAC), lockMAC(t.secret, state[0], ctr)) {
		return
	}
	if n := binary.BigEndian.Uint64(ctr); n > t.counter {
		t.counter = n
		t.do(HostLocked{t.attached, state[0] == 1})
	}
}

// detached: the PC goes. One that has proven itself may also end the pairing.
func (t *phoneStep) detached(m link.Message) {
	if t.state != phoneAttached && t.state != phoneChallenging {
		return
	}
	proven, id := t.state == phoneAttached, t.attached
	t.leave(NoReason, NoReason)
	if proven && reasonIn(m) == Unpaired {
		t.drop(id)
	}
}

func (t *phoneStep) drop(id ID) {
	if i := t.byID(id); i >= 0 {
		t.known = slices.Delete(slices.Clone(t.known), i, i+1)
		t.do(Forget{id})
	}
}

func (t *phoneStep) revoked(id ID) {
	if (t.state == phoneAttached || t.state == phoneChallenging) && t.attached == id {
		t.leave(Unpaired, Unpaired)
	}
	t.drop(id)
}

func (t *phoneStep) granted(in Granted) {
	i := t.byID(in.ID)
	if i < 0 || t.known[i].Rights|in.Rights == t.known[i].Rights {
		return
	}
	t.known = slices.Clone(t.known)
	t.known[i].Rights |= in.Rights & AllRights
	t.do(Keep{Record: t.known[i]})
}

func (t *phoneStep) sleeps(on bool) {
	switch {
	case on && t.slept.IsZero():
		t.slept = t.now
	case !on:
		if t.slept = (time.Time{}); t.overslept {
			t.send(refusal(TypeDetach, TimedOut))
		}
		t.overslept = false
	}
}

func (t *phoneStep) elapsed() {
	if !t.until.IsZero() && !t.now.Before(t.until) {
		t.leave(TimedOut, TimedOut)
	}
	if t.state == phoneAttached && !t.slept.IsZero() && !t.now.Before(t.slept.Add(sleepTime)) {
		t.leave(NoReason, NoReason)
		t.overslept = true
	}
}
