package pairing

import (
	"encoding/binary"
	"slices"

	"opendeskphone/usbhid/link"
)

// begin takes the wish to pair.
func (t *phoneStep) begin(m link.Message, f Fresh) {
	if t.state != phoneGreeted && t.state != phoneChallenging {
		t.send(refusal(TypeAbort, Busy))
		return
	}
	if t.shut {
		t.send(refusal(TypeAbort, Policy))
		return
	}
	resting := !t.limits.until.IsZero()
	limits, ok := t.limits.begin(t.now)
	t.count(limits)
	switch {
	case resting: // the person has seen it already
		t.send(refusal(TypeAbort, RateLimited))
	case !ok:
		t.send(refusal(TypeAbort, RateLimited))
		t.show(Failed, RateLimited)
	case t.full():
		t.send(refusal(TypeAbort, Storage))
		t.show(Failed, Storage)
	default:
		t.nonce, t.talk = nil, newTalk(phoneRole, hostRole, &t.self, &t.peer, f)
		t.talk.rights = AllRights
		if r := m.Get(TagRights); len(r) == 2 {
			t.talk.rights &= Rights(binary.LittleEndian.Uint16(r))
		}
		t.enter(phoneAsking, userTime)
		t.show(Asked, NoReason)
	}
}

// full tells that there is no room for the PC.
func (t *phoneStep) full() bool {
	others := slices.DeleteFunc(slices.Clone(t.known), func(r Record) bool { return same(r, Record{Device: t.peer.Device, Key: t.peer.Key}) })
	return len(others) >= MaxPairings
}

// pairing takes a message of a pairing under way; one out of turn ends it.
func (t *phoneStep) pairing(m link.Message) {
	bad := NoReason
	switch {
	case m.Type == TypeAbort:
		t.aborted(m)
	case m.Type == link.TypeError:
		t.leave(Desync, Desync)
	case m.Type == TypeCommit && t.state == phoneAsking:
		if bad = t.talk.takeCommit(m); bad == NoReason {
			t.goOn()
		}
	case m.Type == TypeReveal && t.state == phoneRevealing:
		if bad = t.talk.takeReveal(m, t.helloHash); bad == NoReason {
			t.enter(phoneComparing, userTime)
			t.show(Comparing, NoReason)
		}
	case m.Type == TypeConfirm && t.state == phoneComparing:
		if bad = t.talk.takeConfirm(m); bad == NoReason {
			t.finish()
		}
	case m.Type == TypeBegin || m.Type == TypeCommit || m.Type == TypeReveal || m.Type == TypeConfirm:
		bad = Desync
	}
	if bad != NoReason {
		t.leave(bad, bad)
	}
}

// aborted: the PC gives the pairing up, and says why.
func (t *phoneStep) aborted(m link.Message) {
	r := reasonIn(m)
	if r == NoReason {
		r = Declined
	}
	t.leave(NoReason, r)
}

// answered takes a key of the person at the phone. One for a stage that is over counts for nothing.
func (t *phoneStep) answered(in Answered) {
	asked := t.state == phoneAsking && in.Stage == Asked && !t.talk.agreed
	compared := t.state == phoneComparing && in.Stage == Comparing && !t.talk.agreed
	switch {
	case t.state == phoneComparing && in.Stage == Waiting && !in.Yes: // he will not wait any longer
		t.leave(Declined, Declined)
	case asked && !in.Yes:
		t.leave(Declined, Declined)
	case compared && !in.Yes:
		t.leave(Different, Different)
	case asked:
		t.talk.agreed = true
		t.enter(phoneAsking, stepTime)
		t.goOn()
	case compared:
		t.talk.agreed = true
		t.send(t.talk.confirmMessage(&t.self))
		t.show(Waiting, NoReason)
		t.finish()
	}
}

// goOn reveals the phone's half once the person wants to pair and the PC is bound by its commitment.
func (t *phoneStep) goOn() {
	if !t.talk.agreed || t.talk.other.commit == nil {
		return
	}
	t.talk.agreed = false // the digits are another question
	t.send(t.talk.commitMessage())
	t.send(t.talk.revealMessage())
	t.enter(phoneRevealing, stepTime)
}

// finish keeps the pairing once both ends have agreed.
func (t *phoneStep) finish() {
	if !t.talk.agreed || !t.talk.confirmed {
		return
	}
	id := hashed("odp-pair/1 pairing\x00", t.talk.transcript)
	t.pending = Record{ID: ID(id[:16]), Device: t.peer.Device, Key: t.peer.Key, Name: t.peer.Name, User: t.peer.User, Rights: t.talk.rights,
		LinkKey: t.talk.linkKey, Created: t.now}
	t.enter(phoneKeeping, stepTime)
	t.do(Keep{Record: t.pending, New: true})
}

// kept tells both sides of the pairing that it is safe.
func (t *phoneStep) kept(ok bool) {
	if t.state != phoneKeeping {
		return
	}
	if !ok {
		t.leave(Storage, Storage)
		return
	}
	r := t.pending
	t.keep(r)
	t.send(link.Message{Type: TypeDone, TLVs: []link.TLV{tlv(TagPairing, r.ID[:]), tlv(TagRights, binary.LittleEndian.AppendUint16(nil, uint16(r.Rights)))}})
	t.show(Paired, NoReason)
	t.talk, t.pending = talk{}, Record{}
	t.enter(phoneGreeted, 0)
}
