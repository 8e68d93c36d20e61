package lines

import (
	"fmt"
	"strings"
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/ua"
)

const room = "sip:room1@example.com"

func (w *world) tells(version int, state, users string) {
	w.t.Helper()
	w.ask(ua.Notified{Sub: 1, Type: "application/conference-info+xml", Body: fmt.Appendf(nil,
		`<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="%s" version="%d" state="%s"><conference-description><subject>Friday</subject></conference-description><users state="%[3]s">%s</users></conference-info>`,
		room, version, state, users)})
}

// TestWhoIsInAConferenceIsAskedFor: of the focus, for as long as the call to it stands.
func TestWhoIsInAConferenceIsAskedFor(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.ask(phone.SendInvite{Call: 1, Target: "sip:conf@example.com", Conversation: "c"})
		w.said = nil
		w.ask(ua.Accepted{Call: 101, SDP: w.farAnswer("call"), Able: ua.Able{Refers: true, Focus: room}})
		w.wantSaid("subscribe 1 conference " + room + " false")
		w.done = nil
		w.ask(ua.Notified{Sub: 1, Type: "application/conference-info+xml"}) // nobody has told the server yet
		w.wantDone()
		w.tells(1, "full", `<user entity="sip:anna@example.com"/><user entity="sip:200@example.com"><display-text>liar</display-text>
			<endpoint entity="e"><status>alerting</status></endpoint></user><user entity="mailto:x@y"/>`)
		w.wantDone(phone.RosterChanged{Call: 1, Subject: "Friday", Count: 3, Members: []phone.Member{
			{ID: "sip:anna@example.com", Number: "anna", URI: "sip:anna@example.com", Self: true},
			{ID: "sip:200@example.com", Name: "Jonas Keller", Number: "200", URI: "sip:200@example.com", State: phone.MemberCalling},
		}})
		w.said = nil
		w.tells(3, "partial", "") // the second one is lost
		w.wantSaid("refetch 1")
		w.tells(3, "half", "")
		w.wantDone()
		w.ask(ua.Watching{Sub: 1, Code: 481})
		w.wantDone(phone.RosterChanged{Call: 1})
		w.tells(1, "full", `<user entity="sip:200@example.com"><endpoint entity="e"><status>on-hold</status></endpoint></user>`) // anew, from the first version
		w.wantDone(phone.RosterChanged{Call: 1, Subject: "Friday", Count: 1, Members: []phone.Member{
			{ID: "sip:200@example.com", Name: "Jonas Keller", Number: "200", URI: "sip:200@example.com", State: phone.MemberHolding}}})
		w.said = nil
		w.ask(phone.SendRefer{Call: 1, Target: "sip:200@example.com", Bye: true})
		w.ask(ua.Ended{Call: 101, ByRemote: true})
		w.wantSaid("refer 101 sip:200@example.com;method=BYE", "unsubscribe 1")
	})
}

func TestAConferenceCallsUs(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		body, _ := w.far.Offer(offer.SendRecv)
		w.ask(ua.Incoming{Call: 7, SDP: body, From: ua.Peer{User: "conf", URI: room}, Able: ua.Able{Focus: room}})
		if in := w.done[len(w.done)-1].(phone.Invited); in.Focus != room {
			t.Errorf("%+v", in)
		}
		w.ask(phone.SendRinging{Ref: 7, Call: 3})
		w.ask(phone.SendAccept{Call: 3})
		w.said = nil
		w.ask(ua.Confirmed{Call: 7})
		w.wantSaid("subscribe 1 conference " + room + " false")
	})
}

// TestTheFarSideBecomesAFocus: in the midst of a call, and is none again; what was ordered of it will not be answered.
func TestTheFarSideBecomesAFocus(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.ask(phone.SendInvite{Call: 1, Target: "sip:200@example.com", Conversation: "c"})
		w.ask(ua.Accepted{Call: 101, SDP: w.farAnswer("call"), Able: ua.Able{Refers: true}})
		w.said, w.done = nil, nil
		w.ask(ua.Refocused{Call: 101, Focus: room, Controls: true})
		w.wantDone(phone.FocusChanged{Call: 1, Focus: room, Controls: true})
		w.wantSaid("subscribe 1 conference " + room + " false")
		w.tells(1, "full", `<user entity="sip:200@example.com"><endpoint entity="e"><media id="1"><type>audio</type></media></endpoint></user>`)
		w.ask(phone.SendMute{Call: 1, Member: "sip:200@example.com", On: true})
		w.said, w.done = nil, nil
		w.ask(ua.Refocused{Call: 101})
		w.wantDone(phone.MoveRefused{Call: 1, Cause: phone.NotFound}, phone.FocusChanged{Call: 1})
		w.wantSaid("unsubscribe 1")
	})
}

// TestTheFocusMutes: a member is muted by an order that names his audio as the roster does; only the answer to that order counts.
func TestTheFocusMutes(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.ask(phone.SendInvite{Call: 1, Target: "sip:conf@example.com", Conversation: "c"})
		w.ask(ua.Accepted{Call: 101, SDP: w.farAnswer("call"), Able: ua.Able{Focus: room, Controls: true}})
		user := func(filter string) string {
			return `<user entity="sip:200@example.com"><endpoint entity="{9F}"><status>connected</status><media id="4"><type>audio</type><status>sendrecv</status>` + filter + `</media></endpoint></user>`
		}
		w.tells(1, "full", user(""))
		w.said = nil
		w.ask(phone.SendMute{Call: 1, Member: "sip:200@example.com", On: true})
		if len(w.said) != 1 || !strings.HasPrefix(w.said[0], "control 101 ") {
			t.Fatalf("said %q", w.said)
		}
		for _, want := range []string{`requestId="1"`, `to="` + room + `"`, `from="sip:anna@example.com"`, `userEntity="sip:200@example.com" endpointEntity="{9F}" mediaId="4"`, ">block<"} {
			if !strings.Contains(w.said[0], want) {
				t.Errorf("no %s in %s", want, w.said[0])
			}
		}
		answer := func(id int, code string) []byte {
			return fmt.Appendf(nil, `<response xmlns="urn:ietf:params:xml:ns:cccp" requestId="%d" code="%s" reason="why"/>`, id, code)
		}
		w.done = nil
		w.ask(ua.Controlled{Call: 101, Code: 200})
		w.ask(ua.Controlled{Call: 101, Body: answer(9, "failure")}) // to somebody else
		w.ask(ua.Controlled{Call: 101, Body: []byte("rubbish")})
		w.wantDone()
		w.ask(ua.Controlled{Call: 101, Body: answer(1, "pending")})
		w.ask(ua.Controlled{Call: 101, Body: answer(1, "success")})
		w.ask(ua.Controlled{Call: 101, Body: answer(1, "failure")}) // it has been answered
		w.wantDone(phone.MoveProgressed{Call: 1}, phone.Moved{Call: 1})
		w.done = nil
		w.tells(2, "full", user(`<media-ingress-filter xmlns="http://schemas.microsoft.com/rtc/2005/08/confinfoextensions">block</media-ingress-filter>`))
		if r, ok := w.done[0].(phone.RosterChanged); !ok || !r.Members[0].Muted {
			t.Errorf("%+v", w.done)
		}
		w.done = nil
		w.ask(phone.SendMute{Call: 1, Member: "sip:200@example.com"})
		w.ask(ua.Controlled{Call: 101, Code: 200, Body: answer(2, "failure")})
		w.ask(phone.SendMute{Call: 1, Member: "sip:200@example.com"})
		w.ask(ua.Controlled{Call: 101, Code: 403, Text: "Forbidden"})
		w.ask(phone.SendMute{Call: 1, Member: "sip:300@example.com", On: true})
		w.wantDone(phone.MoveRefused{Call: 1, Cause: phone.NotAllowed, Reason: "why"}, phone.MoveRefused{Call: 1, Cause: phone.NotAllowed, Reason: "Forbidden"},
			phone.MoveRefused{Call: 1, Cause: phone.NotFound})
	})
}
