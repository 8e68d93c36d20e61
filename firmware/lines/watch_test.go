package lines

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/eventbody"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/ua"
)

// dialogs is a document of Ben's dialogs, each "id state called|calls".
func dialogs(version int, state string, list ...string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="%d" state="%s" entity="sip:202@example.com">`, version, state)
	for _, d := range list {
		f := strings.Fields(d)
		fmt.Fprintf(&b, `<dialog id="%s" call-id="call-%s" local-tag="his" remote-tag="hers" direction="%s"><state>%s</state><remote><identity display="Cora">sip:203@example.com</identity></remote></dialog>`,
			f[0], f[0], map[string]string{"called": "recipient", "calls": "initiator"}[f[2]], f[1])
	}
	return []byte(b.String() + "</dialog-info>")
}

func (w *world) watch(c Watch) {
	w.SetWatch(c)
	synctest.Wait()
	w.done = nil
}

// lamp is what the centre was told last.
func (w *world) lamp() phone.LampChanged {
	w.t.Helper()
	if len(w.done) == 0 {
		w.t.Fatal("the centre was told nothing")
	}
	e, ok := w.done[len(w.done)-1].(phone.LampChanged)
	if !ok {
		w.t.Fatalf("%+v", w.done)
	}
	return e
}

func TestLampsFollowTheDialogs(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.watch(Watch{People: []string{"202"}, Places: []string{"701"}})
		w.wantSaid("add sip:anna@example.com", "subscribe 1 dialog sip:202@example.com false", "subscribe 2 dialog sip:701@example.com false")
		cora := phone.Peer{Name: "Cora", Number: "203", URI: "sip:203@example.com"}
		atCaller := phone.Dialog{CallID: "call-a", ToTag: "hers", FromTag: "his"}
		w.ask(ua.Watching{Sub: 1, Up: true})
		for _, r := range []struct {
			body []byte
			want phone.LampChanged
		}{
			{dialogs(1, "full"), phone.LampChanged{Lamp: phone.LampFree}},
			{dialogs(2, "partial", "a early called"), phone.LampChanged{Lamp: phone.LampRinging, Caller: cora, Dialog: atCaller}},
			{dialogs(3, "partial", "b trying calls"), phone.LampChanged{Lamp: phone.LampRinging, Caller: cora, Dialog: atCaller}},
			{dialogs(4, "partial", "a confirmed called"), phone.LampChanged{Lamp: phone.LampBusy}},
			{dialogs(5, "full", "b confirmed calls"), phone.LampChanged{Lamp: phone.LampBusy}},
			{dialogs(6, "partial", "b terminated calls"), phone.LampChanged{Lamp: phone.LampFree}},
		} {
			r.want.Number = "202"
			if w.ask(ua.Notified{Sub: 1, Type: eventbody.DialogType, Body: r.body}); w.lamp() != r.want {
				t.Errorf("%s: %+v", r.body, w.lamp())
			}
		}
		w.said = nil
		w.ask(ua.Notified{Sub: 1, Type: eventbody.DialogType, Body: dialogs(9, "partial")}) // others were lost
		w.wantSaid("refetch 1")
		if w.lamp() != (phone.LampChanged{Number: "202"}) {
			t.Errorf("with a gap: %+v", w.lamp())
		}
		w.ask(ua.Notified{Sub: 1, Type: eventbody.DialogType, Body: dialogs(10, "full")})
		w.ask(ua.Watching{Sub: 1})
		if w.lamp() != (phone.LampChanged{Number: "202"}) {
			t.Errorf("without its subscription: %+v", w.lamp())
		}
		w.ask(ua.Watching{Sub: 1, Up: true})
		w.ask(ua.Notified{Sub: 1, Type: eventbody.DialogType, Body: dialogs(0, "full")}) // a new subscription counts anew
		if w.lamp().Lamp != phone.LampFree {
			t.Errorf("a new subscription: %+v", w.lamp())
		}
		w.ask(ua.Notified{Sub: 1, Type: eventbody.DialogType, Body: []byte("<rubbish")})
		if w.lamp().Lamp != phone.LampUnknown {
			t.Errorf("rubbish: %+v", w.lamp())
		}
		w.ask(ua.Neutral{Sub: 1})
		if w.lamp() != (phone.LampChanged{Number: "202", Lamp: phone.LampFree}) {
			t.Errorf("no dialogs: %+v", w.lamp())
		}
		w.ask(ua.Notified{Sub: 2, Type: eventbody.DialogType, Body: dialogs(0, "full", "p confirmed called")})
		if w.lamp() != (phone.LampChanged{Number: "701", Lamp: phone.LampBusy, Caller: cora}) {
			t.Errorf("a place: %+v", w.lamp())
		}
		w.ask(ua.Notified{Sub: 99, Type: eventbody.DialogType, Body: dialogs(0, "full")})
	})
}

func rlmiOf(version int, full bool, resources string, body string) ua.Notified {
	return ua.Notified{Sub: 1, Type: `multipart/related;type="application/rlmi+xml";boundary=cut`, Body: fmt.Appendf(nil,
		"--cut\r\nContent-ID: <l>\r\nContent-Type: application/rlmi+xml\r\n\r\n<list xmlns=\"urn:ietf:params:xml:ns:rlmi\" uri=\"sip:desk@example.com\" version=\"%d\" fullState=\"%v\">%s</list>\r\n"+
			"--cut\r\nContent-ID: <b>\r\nContent-Type: application/dialog-info+xml\r\n\r\n%s\r\n--cut--\r\n", version, full, resources, body)}
}

func TestLampsOfAList(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.watch(Watch{People: []string{"202", "203"}, List: "sip:desk@example.com"})
		w.wantSaid("add sip:anna@example.com", "subscribe 1 dialog sip:desk@example.com true")
		lamps := func(e ua.Notified) (out string) {
			w.done = nil
			w.ask(e)
			for _, e := range w.done {
				out += fmt.Sprint(e.(phone.LampChanged).Number, " ", e.(phone.LampChanged).Lamp, " ")
			}
			return out
		}
		resource := func(user, instance string) string {
			return `<resource uri="sip:` + user + `@example.com">` + instance + `</resource>`
		}
		active, pending := `<instance id="1" state="active" cid="b"/>`, `<instance id="1" state="pending"/>`
		for _, r := range []struct {
			e    ua.Notified
			want string
		}{
			{rlmiOf(1, false, resource("202", active), string(dialogs(0, "full"))), ""},
			{rlmiOf(1, true, resource("202", active)+resource("999", active), string(dialogs(0, "full"))), "202 free 203 unknown "},
			{rlmiOf(2, false, resource("202", active), string(dialogs(1, "full", "a early called"))), "202 ringing "},
			{rlmiOf(3, false, resource("203", pending), ""), "203 unknown "},
			{rlmiOf(9, false, resource("202", active), string(dialogs(2, "full"))), ""},
		} {
			if got := lamps(r.e); got != r.want {
				t.Errorf("%s: %q, want %q", r.e.Body, got, r.want)
			}
		}
		w.wantSaid("refetch 1", "refetch 1")
		w.watch(Watch{})
		w.wantSaid("unsubscribe 1")
	})
}

func TestPresenceBothWays(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.watch(Watch{People: []string{"202"}, Presence: true})
		w.wantSaid("add sip:anna@example.com", "subscribe 1 dialog sip:202@example.com false", "subscribe 2 presence sip:202@example.com false")
		for _, p := range []phone.Presence{phone.Available, phone.InCall, phone.Occupied, phone.DoNotDisturb, phone.Away} {
			w.SetPresence(phone.Published{Presence: p, SendsOn: p == phone.Available || p == phone.DoNotDisturb})
			synctest.Wait()
			w.ask(ua.Notified{Sub: 2, Type: eventbody.PresenceType, Body: w.sdp["publish"]})
			if got, ok := w.done[len(w.done)-1].(phone.PresenceChanged); !ok || got.Presence != p || got.Number != "202" || got.Note != map[phone.Presence]string{phone.Available: "Calls are forwarded", phone.DoNotDisturb: "Do not disturb"}[p] {
				t.Errorf("%v came back as %+v", p, w.done)
			}
		}
		w.ask(phone.SendPresence{})
		if w.sdp["publish"] != nil {
			t.Error("not taken back")
		}
		w.ask(ua.Watching{Sub: 2})
		w.wantDoneLast(phone.PresenceChanged{Number: "202"})
	})
}

func (w *world) wantDoneLast(e phone.Event) {
	w.t.Helper()
	if got := w.done[len(w.done)-1]; got != e {
		w.t.Errorf("the centre was told %+v, want %+v", got, e)
	}
}
