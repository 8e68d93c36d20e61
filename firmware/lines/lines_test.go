package lines

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/dtls"
	"opendeskphone/sip/ice"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/stack"
	"opendeskphone/sip/stir"
	"opendeskphone/sip/ua"
)

var (
	g722 = offer.Codec{Name: "G722", PT: 9, Clock: 8000}
	pcma = offer.Codec{Name: "PCMA", PT: 8, Clock: 8000}
)

// world is an adapter with a user agent that notes what it is told, and a far side that speaks SDP.
type world struct {
	*Adapter
	t     *testing.T
	mu    sync.Mutex
	said  []string          // what the user agent was told
	sdp   map[string][]byte // the last body of each kind
	docs  map[ua.AccountID]string
	done  []phone.Event    // what the centre was told
	open  int              // voices open
	got   []offer.Media    // what voices were told
	keys  []rune           // digits sent
	bound []phone.CallID   // calls that got their voice
	freed []phone.CallID   // and that lost it
	deaf  bool             // no group can be joined
	waits []netip.AddrPort // where sound is expected from
	far   *offer.Session   // the far side
	print dtls.Fingerprint // of our certificate, if we have one
	next  ua.CallRef
	subs  ua.SubRef
	in    ua.Invitation // of the last INVITE
	ids   []string      // Call-IDs of calls
	here  sync.Mutex
	at    netip.Addr // our address, as the routing table has it

	about   stir.Call              // what was last to be proved
	results map[string]stir.Result // of each proof
}

// moveTo gives us another address.
func (w *world) moveTo(addr string) {
	w.here.Lock()
	defer w.here.Unlock()
	w.at = netip.MustParseAddr(addr)
}

func (w *world) say(word string, ref any, sdp []byte) {
	w.said = append(w.said, fmt.Sprint(word, " ", ref))
	w.sdp[word] = sdp
}

func (w *world) AddAccount(id ua.AccountID, a ua.Account) { w.say("add", a.AOR, nil) }
func (w *world) RemoveAccount(id ua.AccountID)            { w.say("remove", id, nil) }
func (w *world) Renew()                                   { w.say("renew", "", nil) }
func (w *world) Invite(_ ua.AccountID, target string, in ua.Invitation) ua.CallRef {
	w.say("call", target, in.SDP)
	w.in = in
	w.next++
	return w.next
}
func (w *world) Refer(ref ua.CallRef, target string) {
	w.say("refer", fmt.Sprint(ref, " ", target), nil)
}
func (w *world) ReferTo(ref, place ua.CallRef) { w.say("refer", fmt.Sprint(ref, " to ", place), nil) }
func (w *world) Control(ref ua.CallRef, order []byte) {
	w.say("control", fmt.Sprint(ref, " ", string(order)), nil)
}
func (w *world) RefuseRefer(ref ua.ReferRef) { w.say("refuse refer", ref, nil) }
func (w *world) TellReferrer(ref ua.ReferRef, code int, _ string) {
	w.say("tell", fmt.Sprint(ref, " ", code), nil)
}
func (w *world) Ring(ref ua.CallRef)               { w.say("ring", ref, nil) }
func (w *world) Accept(ref ua.CallRef, sdp []byte) { w.say("accept", ref, sdp) }
func (w *world) Flush()                            {}
func (w *world) Reject(ref ua.CallRef, code int)   { w.say("reject", fmt.Sprint(ref, " ", code), nil) }
func (w *world) Deflect(ref ua.CallRef, target string, why ua.Diversion) {
	w.say("deflect", fmt.Sprint(ref, " ", target, " ", why), nil)
}
func (w *world) Trickle(ref ua.CallRef, fragment []byte) {
	w.say("trickle", fmt.Sprint(ref, " ", string(fragment)), nil)
}
func (w *world) RejectOffer(ref ua.CallRef, code, warning int, text string) {
	w.say("reject", fmt.Sprint(ref, " ", code, " with warning ", warning), nil)
}
func (w *world) Hangup(ref ua.CallRef)                  { w.say("hangup", ref, nil) }
func (w *world) Offer(ref ua.CallRef, sdp []byte)       { w.say("offer", ref, sdp) }
func (w *world) AnswerOffer(ref ua.CallRef, sdp []byte) { w.say("answer", ref, sdp) }
func (w *world) RefuseOffer(ref ua.CallRef, code int) {
	w.say("refuse", fmt.Sprint(ref, " ", code), nil)
}

func (w *world) Subscribe(_ ua.AccountID, s ua.Subscription) ua.SubRef {
	w.subs++
	w.say("subscribe", fmt.Sprint(w.subs, " ", s.Event, " ", s.Target, " ", s.Lists), nil)
	return w.subs
}
func (w *world) Unsubscribe(ref ua.SubRef) { w.say("unsubscribe", ref, nil) }
func (w *world) Refetch(ref ua.SubRef)     { w.say("refetch", ref, nil) }
func (w *world) Publish(_ ua.AccountID, event, _ string, body []byte) {
	w.say("publish", event, body)
}

// PublishCategory notes the documents that servers have, by line.
func (w *world) PublishCategory(id ua.AccountID, category string, doc []byte) {
	if w.docs == nil {
		w.docs = map[ua.AccountID]string{}
	}
	w.docs[id] = category + " " + string(doc)
}

type mouth struct{ w *world }

func (m mouth) Local([]string) offer.Local {
	return offer.Local{Fingerprint: m.w.print, Port: 16384, Codecs: []offer.Codec{g722, pcma}, DTMF: true, Ptime: 20}
}
func (m mouth) Gather(context.Context) error  { return nil }
func (m mouth) Trickle(func([]byte))          {}
func (m mouth) Trickled([]byte)               {}
func (m mouth) Apply(media offer.Media) error { m.w.got = append(m.w.got, media); return nil }
func (m mouth) Expect(from []netip.AddrPort)  { m.w.waits = from }
func (m mouth) SendDTMF(d rune)               { m.w.keys = append(m.w.keys, d) }
func (m mouth) Run(ctx context.Context) error { <-ctx.Done(); return nil }

type voices struct{ w *world }

func (v voices) Open(ice.Config) (Voice, error) {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	v.w.open++
	return mouth{v.w}, nil
}
func (v voices) Listen(group netip.AddrPort) (Voice, error) {
	v.w.mu.Lock()
	deaf := v.w.deaf
	v.w.mu.Unlock()
	if deaf {
		return nil, fmt.Errorf("no network")
	}
	v.w.said = append(v.w.said, fmt.Sprint("listen ", group))
	return v.Open(ice.Config{})
}
func (v voices) Bind(call phone.CallID, _ Voice) { v.w.bound = append(v.w.bound, call) }
func (v voices) Release(call phone.CallID)       { v.w.freed = append(v.w.freed, call) }
func (v voices) Close(Voice)                     { v.w.mu.Lock(); defer v.w.mu.Unlock(); v.w.open-- }

// callers are those of a phone with one contact.
type callers struct{ w *world }

func (callers) NameOf(n string) (string, bool) { return "Jonas Keller", n == "200" }
func (callers) Imitates(name string) bool      { return name == "J0nas Keller" }
func (callers) Canonical(number string) string { return number }
func (c callers) Check(_ context.Context, identities []string, about stir.Call) stir.Result {
	c.w.here.Lock()
	defer c.w.here.Unlock()
	c.w.about = about
	return c.w.results[identities[0]]
}

// strangers are those of a phone without contacts.
type strangers struct{ callers }

func (strangers) NameOf(string) (string, bool) { return "", false }

func inWorld(t *testing.T, policy offer.SRTP, f func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, sdp: map[string][]byte{}, next: 100}
		w.far = offer.New(offer.Local{Addr: netip.MustParseAddr("192.0.2.2"), Port: 4000, Codecs: []offer.Codec{pcma}})
		line := Line{Account: ua.Account{AOR: "sip:anna@example.com", Transport: stack.TLS}, SRTP: policy}
		w.moveTo("192.0.2.1")
		route := func(ua.Account) netip.Addr { w.here.Lock(); defer w.here.Unlock(); return w.at }
		w.Adapter = New([]Line{line}, w, voices{w}, callers{w}, route, func(e phone.Event) { w.done = append(w.done, e) }, slog.New(slog.DiscardHandler))
		w.OnName(func(c phone.CallID, callID string) { w.ids = append(w.ids, fmt.Sprint(c, " ", callID)) })
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() { defer close(over); w.Run(ctx) }()
		synctest.Wait()
		f(w)
		cancel()
		<-over
		if w.open != 0 {
			t.Errorf("%d voices are still open", w.open)
		}
	})
}

// ask gives the adapter something and waits until it has been dealt with.
func (w *world) ask(m any) {
	switch m := m.(type) {
	case phone.Effect:
		w.Exec(m)
	case ua.Event:
		w.Handle(m)
	}
	synctest.Wait()
}

func (w *world) wantSaid(words ...string) {
	w.t.Helper()
	if !slices.Equal(w.said, words) {
		w.t.Errorf("the user agent was told %q, want %q", w.said, words)
	}
	w.said = nil
}

func (w *world) wantDone(events ...phone.Event) {
	w.t.Helper()
	if len(w.done) != len(events) {
		w.t.Fatalf("the centre was told %+v, want %+v", w.done, events)
	}
	for i := range events {
		if !reflect.DeepEqual(w.done[i], events[i]) {
			w.t.Errorf("fact %d is %+v, want %+v", i, w.done[i], events[i])
		}
	}
	w.done = nil
}

// farAnswer is the far side's answer to what we offered last by the given word.
func (w *world) farAnswer(word string) []byte {
	w.t.Helper()
	body, _, err := w.far.Answer(w.sdp[word], offer.SendRecv)
	if err != nil {
		w.t.Fatal(err)
	}
	return body
}

func TestOutgoingCallFromDialToHangup(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.wantSaid("add sip:anna@example.com")
		w.ask(phone.SendInvite{Call: 1, Target: "200", Conversation: "c"})
		w.wantSaid("call sip:200@example.com")
		w.wantDone(phone.RemoteChanged{Call: 1, Remote: phone.Peer{Name: "Jonas Keller", Number: "200", URI: "200"}})
		if body := string(w.sdp["call"]); !strings.Contains(body, "c=IN IP4 192.0.2.1\r\n") || !strings.Contains(body, "m=audio 16384 RTP/AVP 9 8") {
			t.Errorf("offer:\n%s", body)
		}
		w.ask(ua.Progress{Call: 101, Dialog: 1, Code: 180})
		w.wantDone(phone.Progressed{Call: 1})
		w.ask(ua.Accepted{Call: 101, SDP: w.farAnswer("call")})
		w.wantDone(phone.Able{Call: 1}, phone.Accepted{Call: 1})
		if len(w.got) != 1 || w.got[0].Send.Name != "PCMA" || w.got[0].Remote.String() != "192.0.2.2:4000" {
			t.Errorf("the voice got %+v", w.got)
		}
		w.ask(phone.PlayDTMF{Call: 1, Digit: '5'})
		if string(w.keys) != "5" {
			t.Errorf("keys %q", w.keys)
		}
		w.ask(phone.SendBye{Call: 1})
		w.wantSaid("hangup 101")
		w.ask(ua.Ended{Call: 101})
		if w.open != 0 {
			t.Error("the voice outlives the call")
		}
	})
}

func TestHoldWaitsForTheOfferThatIsOut(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.ask(phone.SendInvite{Call: 1, Target: "sip:bob@example.org", Conversation: "c"})
		w.ask(ua.Accepted{Call: 101, SDP: w.farAnswer("call")})
		w.said, w.done = nil, nil
		w.ask(phone.SendHold{Call: 1, On: true})
		w.wantSaid("offer 101")
		if !strings.Contains(string(w.sdp["offer"]), "a=sendonly") {
			t.Errorf("hold offers\n%s", w.sdp["offer"])
		}
		answer := w.farAnswer("offer")
		w.ask(phone.SendHold{Call: 1})
		w.wantSaid() // one offer at a time (RFC 3261 §14.1)
		w.ask(ua.OfferAnswered{Call: 101, SDP: answer})
		w.wantSaid("offer 101")
		if strings.Contains(string(w.sdp["offer"]), "a=sendonly") {
			t.Error("resume still holds")
		}
		w.ask(ua.OfferRefused{Call: 101, Code: 491})
		w.ask(ua.OfferDue{Call: 101})
		w.wantSaid("offer 101")
		w.wantDone()
		w.ask(ua.OfferRefused{Call: 101, Code: 488})
		w.wantDone(phone.ResumeRefused{Call: 1})
	})
}

func TestIncomingIsNegotiatedBeforeItRings(t *testing.T) {
	inWorld(t, offer.Required, func(w *world) {
		w.said = nil
		body, _ := w.far.Offer(offer.SendRecv) // plain RTP: we want encryption
		w.ask(ua.Incoming{Call: 7, SDP: body, From: ua.Peer{User: "200"}})
		w.wantSaid("reject 7 488 with warning 304")
		w.wantDone()
	})
	inWorld(t, offer.Off, func(w *world) {
		w.said = nil
		body, _ := w.far.Offer(offer.SendRecv)
		w.ask(ua.Incoming{Call: 7, SDP: body, Conversation: "x", From: ua.Peer{User: "200", Display: "liar", URI: "sip:200@example.com"}})
		w.wantDone(phone.Invited{Ref: 7, Remote: phone.Peer{Name: "Jonas Keller", Number: "200", URI: "sip:200@example.com"}, Conversation: "x"})
		w.ask(phone.SendRinging{Ref: 7, Call: 3})
		w.ask(phone.SendAccept{Call: 3})
		w.wantSaid("ring 7", "accept 7")
		if _, err := w.far.Accept(w.sdp["accept"]); err != nil {
			t.Errorf("the far side cannot take our answer: %v", err)
		}
		w.ask(ua.Confirmed{Call: 7})
		w.ask(ua.Ended{Call: 7, ByRemote: true})
		w.wantDone(phone.Confirmed{Call: 3}, phone.Byed{Call: 3, Cause: phone.RemoteHangup})
	})
}

// The phone has another address: a call that stands is moved there, but not before the line works from it.
func TestCallMovesWithTheAddress(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.ask(phone.SendInvite{Call: 1, Target: "300"})
		w.ask(ua.Accepted{Call: 101, SDP: w.farAnswer("call")})
		w.ask(phone.SendInvite{Call: 2, Target: "301"}) // rings still
		w.said = nil
		w.ask(ua.LineState{Account: 0, State: ua.Registered})
		w.wantSaid() // a refresh moves nothing
		w.moveTo("192.0.2.77")
		w.Moved()
		synctest.Wait()
		w.wantSaid()
		w.ask(ua.LineState{Account: 0, State: ua.Registered})
		w.wantSaid("offer 101")
		if sdp := string(w.sdp["offer"]); !strings.Contains(sdp, "c=IN IP4 192.0.2.77") || !strings.Contains(sdp, "m=audio 16384 ") {
			t.Errorf("moved by\n%s", sdp)
		}
		w.ask(ua.OfferAnswered{Call: 101, SDP: w.farAnswer("offer")})
		w.ask(ua.LineState{Account: 0, State: ua.Registered})
		w.wantSaid()
	})
}

func TestWhoGaveUp(t *testing.T) {
	for _, c := range []struct {
		end  ua.Ended
		want phone.Cause
	}{
		{ua.Ended{Call: 7, ByRemote: true}, phone.Cancelled},
		{ua.Ended{Call: 7, ByRemote: true, Elsewhere: true}, phone.Elsewhere},
	} {
		inWorld(t, offer.Off, func(w *world) {
			body, _ := w.far.Offer(offer.SendRecv)
			w.ask(ua.Incoming{Call: 7, SDP: body})
			w.ask(phone.SendRinging{Ref: 7, Call: 3})
			w.done = nil
			w.ask(c.end)
			w.wantDone(phone.Byed{Call: 3, Cause: c.want})
		})
	}
}

func TestLateOffer(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.ask(ua.Incoming{Call: 7})
		w.ask(phone.SendRinging{Ref: 7, Call: 3})
		w.ask(phone.SendAccept{Call: 3})
		w.done = nil
		w.ask(ua.Confirmed{Call: 7, SDP: w.farAnswer("accept")})
		w.wantDone(phone.Confirmed{Call: 3})
		if len(w.got) != 1 {
			t.Errorf("the voice got %+v", w.got)
		}
	})
}

func TestTheyHoldUs(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.ask(phone.SendInvite{Call: 1, Target: "300", Conversation: "c"})
		w.ask(ua.Accepted{Call: 101, SDP: w.farAnswer("call")})
		w.said, w.done = nil, nil
		hold, err := w.far.Offer(offer.SendOnly)
		if err != nil {
			t.Fatal(err)
		}
		w.ask(ua.ReOffer{Call: 101, SDP: hold})
		w.wantSaid("answer 101")
		w.wantDone(phone.RemoteHeld{Call: 1, On: true})
		if _, err := w.far.Accept(w.sdp["answer"]); err != nil {
			t.Fatal(err)
		}
		w.ask(ua.ReOffer{Call: 101, SDP: []byte("nonsense")})
		w.wantSaid("refuse 101 400")
	})
}

// A peer that requires encryption refuses keys beside plain RTP, and so does one that knows no keys.
func TestRefusedOfferIsInsistedOnThenPlain(t *testing.T) {
	inWorld(t, offer.Optional, func(w *world) {
		w.ask(phone.SendInvite{Call: 1, Target: "300", Conversation: "c"})
		w.said = nil
		for i, want := range []struct {
			code int // of the refusal before
			m    string
			keys bool
		}{{0, "RTP/AVP", true}, {406, "RTP/SAVP", true}, {488, "RTP/AVP", false}} {
			if i > 0 {
				w.ask(ua.Failed{Call: ua.CallRef(100 + i), Code: want.code})
				w.wantSaid("call sip:300@example.com")
			}
			if sdp := string(w.sdp["call"]); !strings.Contains(sdp, " "+want.m+" ") || strings.Contains(sdp, "a=crypto:") != want.keys {
				t.Errorf("try %d is not %s with keys %t\n%s", i, want.m, want.keys, sdp)
			}
		}
		w.ask(ua.Failed{Call: 103, Code: 488, Text: "Not Acceptable Here"})
		w.wantDone(phone.CallFailed{Call: 1, Cause: phone.Incompatible, Reason: "Not Acceptable Here"})
	})
	inWorld(t, offer.Optional, func(w *world) {
		w.ask(phone.SendInvite{Call: 1, Target: "300", Conversation: "c"})
		w.said = nil
		w.ask(ua.Failed{Call: 101, Code: 486})
		w.wantSaid()
		w.wantDone(phone.CallFailed{Call: 1, Cause: phone.UserBusy})
	})
	inWorld(t, offer.Required, func(w *world) {
		w.ask(phone.SendInvite{Call: 1, Target: "300", Conversation: "c"})
		w.said = nil
		w.ask(ua.Failed{Call: 101, Code: 488})
		w.wantSaid()
		w.wantDone(phone.CallFailed{Call: 1, Cause: phone.NotEncrypted})
	})
}

// TestCallIDsAreTold: whoever looks at a call afterwards finds its messages, those of a second try too.
func TestCallIDsAreTold(t *testing.T) {
	inWorld(t, offer.Optional, func(w *world) {
		w.ask(phone.SendInvite{Call: 1, Target: "300", Conversation: "c"})
		w.ask(ua.Begun{Call: 101, CallID: "a"})
		w.ask(ua.Failed{Call: 101, Code: 488})
		w.ask(ua.Begun{Call: 102, CallID: "b"})
		body, _ := w.far.Offer(offer.SendRecv)
		w.ask(ua.Incoming{Call: 7, CallID: "x", SDP: body})
		w.ask(phone.SendRinging{Call: 2, Ref: 7})
		if got := strings.Join(w.ids, ", "); got != "1 a, 1 b, 2 x" {
			t.Errorf("told %s", got)
		}
	})
}

// TestASendingOnIsTold: whom the called sends us on to is known by the name of our book.
func TestASendingOnIsTold(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.ask(phone.SendInvite{Call: 1, Target: "300", Conversation: "c"})
		w.ask(ua.Redirected{Call: 101, To: ua.Peer{URI: "sip:200@pbx.example", User: "200"}})
		w.wantDone(phone.Redirected{Call: 1, To: phone.Peer{Name: "Jonas Keller", Number: "200", URI: "sip:200@pbx.example"}})
	})
}

func TestOnlyAccountsThatDifferRegisterAgain(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.said = nil
		same := Line{Account: ua.Account{AOR: "sip:anna@example.com", Transport: stack.TLS}, SRTP: offer.Required}
		w.Configure([]Line{same, {Account: ua.Account{AOR: "sip:desk@example.com"}}})
		synctest.Wait()
		w.wantSaid("add sip:desk@example.com")
		w.Configure([]Line{same})
		synctest.Wait()
		w.wantSaid("remove 1")
	})
}
