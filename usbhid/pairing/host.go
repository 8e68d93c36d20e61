package pairing

import (
	"crypto/hmac"
	"encoding/binary"
	"slices"
	"time"

	"opendeskphone/usbhid/link"
)

const (
	greetEvery = time.Second // a HELLO without answer is sent again
	greetTries = 5
)

// Host is the PC's end as a value; NewHost makes it and Step moves it.
type Host struct {
	self Self

	state     hostState
	until     time.Time
	tries     int
	known     []Record
	hello     link.Message
	helloHash []byte
	peer      Peer
	talk      talk
	record    Record // proven, or being proven
	nonces    [2][]byte
	secret    Secret
	counter   uint64
}

type hostState uint8

const (
	hostIdle hostState = iota
	hostGreeting
	hostGreeted
	hostBegun  // committed; the person at the phone is asked
	hostBound  // the phone is committed; its reveal is due
	hostShown  // both compare digits
	hostWaits  // for the challenge of a phone that is known
	hostProves // the phone's answer to the proof is due
	hostAttached
)

// HostInput is what Step takes.
type HostInput interface{ hostInput() }

// The inputs of the PC's end, besides Received and Elapsed.
type (
	// Greet begins. A phone of one of Known that knows us too is attached to; else Begin may follow.
	Greet struct{ Known []Record }
	// Begin begins to pair with the phone that was met.
	Begin struct {
		Rights Rights
		Fresh  Fresh
	}
	// Compared is the word of the person at the PC on the digits.
	Compared struct{ Same bool }
	// LockIs tells the phone whether the PC is locked.
	LockIs struct{ On bool }
	// Leave ends what goes on; with Unpaired, of an attachment, the phone forgets the pairing too.
	Leave struct{ Reason Reason }
)

func (Received) hostInput() {}
func (Elapsed) hostInput()  {}
func (Greet) hostInput()    {}
func (Begin) hostInput()    {}
func (Compared) hostInput() {}
func (LockIs) hostInput()   {}
func (Leave) hostInput()    {}

// The outputs of the PC's end, besides Send, Keep, Showed and Attached.
type (
	// Met tells which phone answered, and whether it will be attached to.
	Met struct {
		Phone  Peer
		Paired bool
	}
	// Located tells where the phone listens.
	Located struct{ Places Places }
	// Ended tells that what went on is over, and why; Remote: the phone said so.
	Ended struct {
		Reason Reason
		Remote bool
	}
)

func (Met) output()     {}
func (Located) output() {}
func (Ended) output()   {}

// NewHost makes the PC's end.
func NewHost(self Self) Host { return Host{self: self, hello: self.hello()} }

// Next is when Elapsed is to be given; zero: not at all.
func (h *Host) Next() time.Time { return h.until }

type hostStep struct {
	Host
	now time.Time
	out []Output
}

// Step takes an input and gives the next state of the PC's end and what is to be done.
func (h Host) Step(now time.Time, in HostInput) (Host, []Output) {
	t := &hostStep{Host: h, now: now}
	switch in := in.(type) {
	case Received:
		t.received(in)
	case Elapsed:
		t.elapsed()
	case Greet:
		t.known, t.tries = slices.Clone(in.Known), 0
		t.greet()
	case Begin:
		t.begin(in)
	case Compared:
		t.compared(in.Same)
	case LockIs:
		if t.state == hostAttached {
			t.counter++
			t.send(LockMessage(t.secret, in.On, t.counter))
		}
	case Leave:
		t.left(in.Reason)
	}
	return t.Host, t.out
}

func (t *hostStep) do(o Output)         { t.out = append(t.out, o) }
func (t *hostStep) send(m link.Message) { t.do(Send{m}) }

func (t *hostStep) enter(s hostState, within time.Duration) {
	t.state, t.until = s, time.Time{}
	if within > 0 {
		t.until = t.now.Add(within)
	}
}

func (t *hostStep) greet() {
	t.tries++
	t.enter(hostGreeting, greetEvery)
	t.send(t.hello)
}

func (s hostState) pairs() bool    { return s >= hostBegun && s <= hostShown }
func (s hostState) attaches() bool { return s >= hostWaits }

// end ends what goes on. said, if any, is told to the phone.
func (t *hostStep) end(said, why Reason, remote bool) {
	switch {
	case said == NoReason:
	case t.state.pairs():
		t.send(refusal(TypeAbort, said))
	case t.state.attaches():
		t.send(refusal(TypeDetach, said))
	}
	next := hostGreeted
	if t.state <= hostGreeting {
		next = hostIdle
	}
	t.talk, t.secret, t.nonces = talk{}, Secret{}, [2][]byte{}
	t.enter(next, 0)
	t.do(Ended{why, remote})
}

func (t *hostStep) fail(r Reason) { t.end(r, r, false) }

func (t *hostStep) elapsed() {
	switch {
	case t.until.IsZero() || t.now.Before(t.until):
	case t.state == hostGreeting && t.tries < greetTries:
		t.greet()
	default:
		t.fail(TimedOut)
	}
}

func (t *hostStep) received(in Received) {
	m := in.Message
	switch {
	case in.Err != nil:
		if t.state.pairs() {
			t.fail(Desync)
		}
	case m.Type == TypePing:
		t.send(link.Message{Type: TypePong})
	case m.Type == TypeHelloAck && t.state == hostGreeting:
		t.met(m)
	case m.Type == link.TypeError:
		t.told(m)
	case m.Type == TypeAbort && t.state.pairs(), m.Type == TypeDetach && t.state.attaches():
		t.end(NoReason, reasonIn(m), true)
	case t.state.pairs():
		t.pairing(m)
	case t.state.attaches():
		t.attaching(m, in.Fresh)
	} // the rest is late or senseless
}

// told: the phone lost reports or did not like the greeting. An attachment goes on, a greeting is sent again in time.
func (t *hostStep) told(m link.Message) {
	r := reasonIn(m)
	if t.state.pairs() || t.state == hostGreeting && r != Desync {
		t.end(NoReason, r, true)
	}
}

// met takes the phone's greeting.
func (t *hostStep) met(m link.Message) {
	peer, err := parsePeer(m)
	if err != nil || peer.Key.Equal(t.self.public()) {
		t.fail(Policy)
		return
	}
	t.peer, t.helloHash = peer, hashed("", t.hello.Bytes(), m.Bytes())
	i := slices.IndexFunc(t.known, func(r Record) bool { return r.Device == peer.Device })
	switch {
	case i < 0:
		t.enter(hostGreeted, 0)
	case !t.known[i].Key.Equal(peer.Key):
		t.enter(hostGreeted, 0)
		t.fail(BadSignature) // it says to be a phone that it is not
		return
	case peer.Pairing == nil || *peer.Pairing != t.known[i].ID:
		t.enter(hostGreeted, 0)
		t.end(NoReason, Unpaired, true)
		return
	default:
		t.record = t.known[i]
		t.enter(hostWaits, stepTime)
	}
	t.do(Met{Phone: peer, Paired: i >= 0})
}

// attaching takes a message of a phone that is known.
func (t *hostStep) attaching(m link.Message, f Fresh) {
	switch {
	case m.Type == TypeChallenge && (t.state == hostWaits || t.state == hostProves):
		t.prove(m, f)
	case m.Type == TypeAttached && t.state == hostProves:
		t.attached(m)
	case m.Type == TypeAddresses && t.state == hostAttached:
		if p, err := parsePlaces(m); err == nil {
			t.do(Located{p})
		}
	}
}

func (t *hostStep) prove(m link.Message, f Fresh) {
	np := m.Get(TagNonce)
	if len(np) != 32 || !slices.Equal(m.Get(TagPairing), t.record.ID[:]) {
		t.fail(Unpaired)
		return
	}
	if t.state == hostProves && slices.Equal(np, t.nonces[0]) {
		return // the same challenge again: the greeting went twice
	}
	t.nonces = [2][]byte{np, f.nonce()}
	t.send(link.Message{Type: TypeProof, TLVs: []link.TLV{
		tlv(TagNonce, t.nonces[1]), tlv(TagMAC, attachMAC(hostRole, t.record.LinkKey, np, t.nonces[1]))}})
	t.enter(hostProves, stepTime)
}

func (t *hostStep) attached(m link.Message) {
	epoch := m.Get(TagEpoch)
	if len(epoch) != 4 || !hmac.Equal(m.Get(TagMAC), attachMAC(phoneRole, t.record.LinkKey, t.nonces[0], t.nonces[1])) {
		t.fail(BadSignature)
		return
	}
	t.secret, t.counter = attachSecret(t.record.LinkKey, t.nonces[0], t.nonces[1]), 0
	t.nonces = [2][]byte{}
	t.enter(hostAttached, 0)
	t.record.LastAttach, t.record.Name = t.now, t.peer.Name
	t.do(Keep{Record: t.record})
	t.do(Attached{t.record.ID, t.secret, binary.LittleEndian.Uint32(epoch)})
	t.do(Located{t.peer.Places})
}

// begin binds the PC by its commitment; the phone asks its person.
func (t *hostStep) begin(in Begin) {
	if t.state != hostGreeted {
		t.do(Ended{Busy, false})
		return
	}
	t.talk = newTalk(hostRole, phoneRole, &t.self, &t.peer, in.Fresh)
	t.send(link.Message{Type: TypeBegin, TLVs: []link.TLV{tlv(TagRights, binary.LittleEndian.AppendUint16(nil, uint16(in.Rights)))}})
	t.send(t.talk.commitMessage())
	t.enter(hostBegun, userTime+stepTime)
	t.do(Showed{Stage: Asked, Name: t.peer.Name})
}

// pairing takes a message of a pairing under way; one out of turn ends it.
func (t *hostStep) pairing(m link.Message) {
	bad := NoReason
	switch {
	case m.Type == TypeCommit && t.state == hostBegun:
		bad = t.talk.takeCommit(m)
		t.enter(hostBound, stepTime)
	case m.Type == TypeReveal && t.state == hostBound:
		if bad = t.talk.takeReveal(m, t.helloHash); bad == NoReason {
			t.send(t.talk.revealMessage())
			t.enter(hostShown, userTime+stepTime)
			t.do(Showed{Stage: Comparing, Name: t.peer.Name, Digits: digits(t.talk.transcript)})
		}
	case m.Type == TypeConfirm && t.state == hostShown:
		bad = t.talk.takeConfirm(m)
	case m.Type == TypeDone && t.state == hostShown && t.talk.confirmed && t.talk.agreed:
		bad = t.done(m)
	case m.Type >= TypeCommit && m.Type <= TypeDone:
		bad = Desync
	}
	if bad != NoReason {
		t.fail(bad)
	}
}

func (t *hostStep) compared(same bool) {
	switch {
	case t.state != hostShown || t.talk.agreed:
	case !same:
		t.fail(Different)
	default:
		t.talk.agreed = true
		t.send(t.talk.confirmMessage(&t.self))
		t.do(Showed{Stage: Waiting, Name: t.peer.Name, Digits: digits(t.talk.transcript)})
	}
}

// done: the phone has kept the pairing.
func (t *hostStep) done(m link.Message) Reason {
	r := Record{Device: t.peer.Device, Key: t.peer.Key, Name: t.peer.Name, LinkKey: t.talk.linkKey, Created: t.now}
	rights := m.Get(TagRights)
	if !fill(r.ID[:], m.Get(TagPairing)) || len(rights) != 2 {
		return Desync
	}
	r.Rights = Rights(binary.LittleEndian.Uint16(rights))
	t.talk = talk{}
	t.enter(hostGreeted, 0)
	t.do(Keep{Record: r, New: true})
	t.do(Showed{Stage: Paired, Name: t.peer.Name})
	return NoReason
}

func (t *hostStep) left(r Reason) {
	switch {
	case t.state == hostIdle || t.state == hostGreeted:
	case t.state.pairs() && r == NoReason:
		t.end(Declined, Declined, false)
	case t.state.attaches() && r == NoReason:
		t.send(link.Message{Type: TypeDetach})
		t.end(NoReason, NoReason, false)
	default:
		t.end(r, r, false)
	}
}
