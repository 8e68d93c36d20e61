package lines

import (
	"net/netip"
	"strings"
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/ua"
)

// side is a far side that answers what the user agent was told to offer.
type side struct{ *offer.Session }

func newSide(addr string) side {
	return side{offer.New(offer.Local{Addr: netip.MustParseAddr(addr), Port: 4000, Codecs: []offer.Codec{pcma}})}
}

func (s side) answer(w *world, word string) []byte {
	w.t.Helper()
	body, _, err := s.Answer(w.sdp[word], offer.SendRecv)
	if err != nil {
		w.t.Fatal(err)
	}
	return body
}

// talking makes call id to a far side, as user agent call 100+id.
func (w *world) talking(id phone.CallID, s side) {
	w.t.Helper()
	w.ask(phone.SendInvite{Call: id, Target: "300", Conversation: "c"})
	w.ask(ua.Accepted{Call: ua.CallRef(100 + id), SDP: s.answer(w, "call"), Able: ua.Able{Refers: true}})
	w.said, w.done, w.got = nil, nil, nil
}

func TestReferWaitsForTheHold(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		b := newSide("192.0.2.2")
		w.talking(1, b)
		w.ask(phone.SendHold{Call: 1, On: true})
		w.ask(phone.SendRefer{Call: 1, Target: "400"})
		w.wantSaid("offer 101")
		w.ask(ua.OfferAnswered{Call: 101, SDP: b.answer(w, "offer")})
		w.wantSaid("refer 101 sip:400@example.com")
		w.ask(ua.Referral{Call: 101, Code: 100})
		w.ask(ua.Referral{Call: 101, Code: 200})
		w.wantDone(phone.MoveProgressed{Call: 1}, phone.Moved{Call: 1})
		w.ask(phone.SendRefer{Call: 1, Replaces: 9})
		w.wantDone(phone.MoveRefused{Call: 1, Cause: phone.NotFound})
	})
}

func TestHowAReferEnds(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.talking(1, newSide("192.0.2.2"))
		w.talking(2, newSide("192.0.2.3"))
		w.ask(phone.SendRefer{Call: 1, Replaces: 2})
		w.wantSaid("refer 101 to 102")
		w.ask(ua.Referral{Call: 101, Code: 486, Text: "Busy Here"})
		w.ask(ua.Referral{Call: 101, Code: 501, Own: true})
		w.ask(ua.Referral{Call: 101, Code: 603, Own: true})
		w.wantDone(phone.MoveRefused{Call: 1, Cause: phone.UserBusy, Reason: "Busy Here"},
			phone.MoveRefused{Call: 1, Cause: phone.ServerError, Unable: true}, phone.MoveRefused{Call: 1, Cause: phone.Rejected})
	})
}

func TestTheyReferUs(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.talking(1, newSide("192.0.2.2"))
		w.ask(ua.ReferAsked{Refer: 55, Call: 101, To: ua.Peer{User: "200", URI: "sip:200@example.com"}, By: ua.Peer{User: "201"}})
		w.wantDone(phone.Referred{Ref: 55, Call: 1, To: phone.Peer{Name: "Jonas Keller", Number: "200", URI: "sip:200@example.com"}, By: phone.Peer{Number: "201"}})
		w.ask(phone.SendInvite{Call: 2, Target: "sip:200@example.com", Conversation: "c", Refer: 55})
		if w.in.Refer != 55 || w.in.Conversation != "c" {
			t.Errorf("%+v", w.in)
		}
		w.ask(ua.Progress{Call: 102, Code: 180})
		w.ask(ua.Failed{Call: 102, Code: 486})
		w.wantSaid("call sip:200@example.com", "tell 55 180", "tell 55 486")
		w.ask(phone.SendInvite{Call: 3, Target: "sip:200@example.com", Conversation: "c", Refer: 56})
		w.ask(ua.Accepted{Call: 103, SDP: newSide("192.0.2.3").answer(w, "call")})
		w.wantSaid("call sip:200@example.com", "tell 56 200")
		w.ask(phone.SendInvite{Call: 4, Target: "sip:200@example.com", Conversation: "c", Refer: 57})
		w.ask(phone.SendCancel{Call: 4})
		w.ask(ua.Ended{Call: 104})
		w.wantSaid("call sip:200@example.com", "hangup 104", "tell 57 487")
		w.ask(phone.RefuseRefer{Ref: 58})
		w.wantSaid("refuse refer 58")
	})
}

func TestACallThatReplacesOrJoinsAnother(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.talking(1, newSide("192.0.2.2"))
		body, _ := w.far.Offer(offer.SendRecv)
		w.ask(ua.Incoming{Call: 7, SDP: body, Replaces: 101, ReferredBy: ua.Peer{User: "201"}, Able: ua.Able{Replaces: true}})
		w.wantDone(phone.Invited{Ref: 7, Replaces: 1, ReferredBy: phone.Peer{Number: "201"}, TakesOver: true})
		w.ask(ua.Incoming{Call: 8, SDP: body, Replaces: 777})
		w.wantSaid("reject 8 481")
		w.ask(ua.Incoming{Call: 9, SDP: body, Joins: 101})
		w.wantDone(phone.Invited{Ref: 9, Joins: 1})
		w.ask(ua.Incoming{Call: 10, SDP: body, Joins: 777})
		w.wantSaid("reject 10 481")
	})
}

func TestACallWithoutAConversationGetsOne(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.ask(phone.SendInvite{Call: 1, Target: "300", Replaces: phone.Dialog{CallID: "a", ToTag: "b", FromTag: "c"}})
		if len(w.in.Conversation) != 32 || w.in.Replaces != (ua.DialogID{CallID: "a", ToTag: "b", FromTag: "c"}) {
			t.Errorf("%+v", w.in)
		}
		w.wantDone(phone.Conversing{Call: 1, Conversation: w.in.Conversation})
		w.ask(phone.SendInvite{Call: 2, Target: "300", Join: phone.Dialog{CallID: "a", ToTag: "b", FromTag: "c"}})
		if w.in.Join != (ua.DialogID{CallID: "a", ToTag: "b", FromTag: "c"}) || w.in.Replaces != (ua.DialogID{}) {
			t.Errorf("%+v", w.in)
		}
	})
}

// describes tells whose voice a description is, and its version.
func describes(t *testing.T, body []byte) (addr, version string) {
	t.Helper()
	o, ok := originLine(body)
	if !ok {
		t.Fatalf("no origin in\n%s", body)
	}
	_, addr, _ = strings.Cut(string(body), "c=IN IP4 ")
	addr, _, _ = strings.Cut(addr, "\r\n")
	return addr, strings.Fields(o)[2]
}

func TestABridgeGivesEachTheOther(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		b, c := newSide("192.0.2.2"), newSide("192.0.2.3")
		w.talking(1, b)
		w.talking(2, c)
		first := w.sdp["call"]
		w.ask(phone.SendHold{Call: 2, On: true})
		w.ask(phone.SendBridge{Call: 1, With: 2})
		w.wantSaid("offer 102") // the hold comes first
		w.ask(ua.OfferAnswered{Call: 102, SDP: c.answer(w, "offer")})
		w.wantSaid("offer 101")
		if addr, _ := describes(t, w.sdp["offer"]); addr != "192.0.2.3" || strings.Contains(string(w.sdp["offer"]), "a=recvonly") {
			t.Errorf("call 1 is offered\n%s", w.sdp["offer"])
		}
		if w.got[len(w.got)-1].Direction != offer.Inactive {
			t.Error("our own voice goes on in call 1")
		}
		answer := b.answer(w, "offer")
		w.ask(ua.OfferAnswered{Call: 101, SDP: answer})
		w.wantSaid("offer 102")
		addr, version := describes(t, w.sdp["offer"])
		if _, was := describes(t, first); addr != "192.0.2.2" || version <= was {
			t.Errorf("call 2 is offered, after version %s\n%s", was, w.sdp["offer"])
		}
		w.ask(ua.OfferAnswered{Call: 102, SDP: c.answer(w, "offer")})
		w.wantSaid()

		hold, err := b.Offer(offer.SendOnly) // what one wants, the other hears
		if err != nil {
			t.Fatal(err)
		}
		w.ask(ua.ReOffer{Call: 101, SDP: hold})
		w.wantSaid("offer 102")
		w.ask(ua.OfferAnswered{Call: 102, SDP: c.answer(w, "offer")})
		w.wantSaid("answer 101")
		if addr, _ := describes(t, w.sdp["answer"]); addr != "192.0.2.3" {
			t.Errorf("call 1 is answered\n%s", w.sdp["answer"])
		}
		if _, err := b.Accept(w.sdp["answer"]); err != nil {
			t.Error(err)
		}

		w.ask(phone.SendBye{Call: 2})
		w.ask(phone.SendHold{Call: 1}) // taken back
		w.wantSaid("hangup 102", "offer 101")
		if addr, _ := describes(t, w.sdp["offer"]); addr != "192.0.2.1" {
			t.Errorf("call 1 is offered\n%s", w.sdp["offer"])
		}
		w.wantDone()
	})
}

// TestGatewaysAreHeldBeforeABridge: they take other voice only as the way back from hold.
func TestGatewaysAreHeldBeforeABridge(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		b, c := newSide("192.0.2.2"), newSide("192.0.2.3")
		w.talking(1, b)
		w.ask(phone.SendInvite{Call: 2, Target: "300", Conversation: "c"})
		w.ask(ua.Accepted{Call: 102, SDP: c.answer(w, "call"), Able: ua.Able{Gateway: true}})
		w.said = nil
		w.ask(phone.SendBridge{Call: 1, With: 2})
		w.ask(ua.OfferRefused{Call: 102, Code: 491}) // it had no ACK yet
		w.wantSaid("offer 102")
		w.ask(ua.OfferDue{Call: 102})
		w.wantSaid("offer 102")
		if !strings.Contains(string(w.sdp["offer"]), "a=inactive") {
			t.Errorf("the gateway is offered\n%s", w.sdp["offer"])
		}
		w.ask(ua.OfferAnswered{Call: 102, SDP: c.answer(w, "offer")})
		w.wantSaid("offer 101")
		w.ask(ua.OfferAnswered{Call: 101, SDP: b.answer(w, "offer")})
		w.wantSaid("offer 102")
		if addr, _ := describes(t, w.sdp["offer"]); addr != "192.0.2.2" || strings.Contains(string(w.sdp["offer"]), "a=inactive") {
			t.Errorf("the gateway is offered\n%s", w.sdp["offer"])
		}
		w.ask(ua.OfferAnswered{Call: 102, SDP: c.answer(w, "offer")})
		hold, err := b.Offer(offer.SendOnly)
		if err != nil {
			t.Fatal(err)
		}
		w.ask(ua.ReOffer{Call: 101, SDP: hold})
		if !strings.HasSuffix(string(w.sdp["offer"]), "a=inactive\r\n") {
			t.Errorf("the gateway is not held:\n%s", w.sdp["offer"])
		}
	})
}

func TestABridgeThatIsRefused(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.talking(1, newSide("192.0.2.2"))
		w.talking(2, newSide("192.0.2.3"))
		w.ask(phone.SendBridge{Call: 1, With: 2})
		w.ask(ua.OfferRefused{Call: 101, Code: 491}) // met theirs
		w.ask(ua.OfferDue{Call: 101})
		w.wantSaid("offer 101", "offer 101")
		w.wantDone()
		w.ask(ua.OfferRefused{Call: 101, Code: 488})
		w.wantDone(phone.MoveRefused{Call: 1, Cause: phone.Incompatible})
		w.ask(phone.SendHold{Call: 1, On: true})
		w.wantSaid("offer 101")
		if addr, _ := describes(t, w.sdp["offer"]); addr != "192.0.2.1" {
			t.Errorf("call 1 is offered\n%s", w.sdp["offer"])
		}
	})
}

// TestReferWaitsForTheHoldThroughGlare: the hold met an offer of theirs and is made again; the REFER waits for that one.
func TestReferWaitsForTheHoldThroughGlare(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		b := newSide("192.0.2.2")
		w.talking(1, b)
		w.ask(phone.SendHold{Call: 1, On: true})
		w.ask(ua.OfferRefused{Call: 101, Code: 491})
		w.ask(phone.SendRefer{Call: 1, Target: "400"})
		w.wantSaid("offer 101")
		w.ask(ua.OfferDue{Call: 101})
		w.wantSaid("offer 101")
		w.ask(ua.OfferAnswered{Call: 101, SDP: b.answer(w, "offer")})
		w.wantSaid("refer 101 sip:400@example.com")
	})
}
