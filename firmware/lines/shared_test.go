package lines

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/eventbody"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/ua"
)

// told is what the centre was last told of the appearances.
func (w *world) appearances() phone.AppearancesTold {
	w.t.Helper()
	for _, e := range slices.Backward(w.done) {
		if e, ok := e.(phone.AppearancesTold); ok {
			return e
		}
	}
	w.t.Fatal("the centre was told nothing")
	return phone.AppearancesTold{}
}

func shareDoc(version int, dialogs ...eventbody.Dialog) ua.Notified {
	d := eventbody.DialogInfo{Version: uint32(version), Full: true, Entity: "sip:anna@example.com", Dialogs: dialogs}
	return ua.Notified{Sub: 1, Type: eventbody.DialogType, Body: d.Write()}
}

func TestASharedLine(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		shared := slices.Clone(w.lines)
		shared[0].Shared = true
		w.Configure(shared)
		synctest.Wait()
		w.wantSaid("add sip:anna@example.com", "subscribe 1 dialog sip:anna@example.com false")
		w.ask(ua.Watching{Sub: 1, Up: true})

		// What others do.
		cora := eventbody.Party{Display: "Cora", URI: "sip:203@example.com"}
		holds := eventbody.Dialog{ID: "other-1", CallID: "x", LocalTag: "his", RemoteTag: "hers", State: eventbody.Confirmed, Appearance: 1,
			Local: eventbody.Party{URI: "sip:anna@example.com", Holds: true}, Remote: cora}
		seen := eventbody.Dialog{ID: "seen by the server", CallID: "x", State: eventbody.Confirmed}
		w.ask(shareDoc(1, holds, seen))
		want := phone.AppearancesTold{Known: true, Others: []phone.Other{{Appearance: phone.Appearance{Number: 1, State: phone.AppearanceHeld,
			Caller: phone.Peer{Name: "Cora", Number: "203", URI: "sip:203@example.com"}, Dialog: phone.Dialog{CallID: "x", ToTag: "hers", FromTag: "his"}}}}}
		if got := w.appearances(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%+v, want %+v", got, want)
		}

		// What they talk to can be joined by its name.
		talks := holds
		talks.Local.Holds = false
		w.ask(shareDoc(2, talks))
		want.Others[0].State = phone.AppearanceBusy
		if got := w.appearances(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%+v, want %+v", got, want)
		}

		// A call of ours, and its name among those of all phones.
		w.said = nil
		w.ask(phone.SendAppearances{Calls: []phone.Appeared{{Call: 7, Number: 2, State: phone.Held, Dir: phone.Incoming, Private: true, Remote: phone.Peer{Name: "Ben", URI: "sip:202@example.com"}}}})
		doc, err := eventbody.ParseDialogInfo(w.sdp["publish"])
		if err != nil || len(doc.Dialogs) != 1 {
			t.Fatalf("published %q %v of %v", w.sdp["publish"], err, w.said)
		}
		d := doc.Dialogs[0]
		if !d.Exclusive || d.Appearance != 2 || !d.Local.Holds || d.State != eventbody.Confirmed || !d.Called || d.Remote.Display != "Ben" {
			t.Errorf("%+v", d)
		}

		// Who chose the same place first is told by the names.
		for id, first := range map[string]bool{"!": true, "~": false} {
			w.ask(shareDoc(3, eventbody.Dialog{ID: id, State: eventbody.Trying, Appearance: 2}, d))
			w.ask(ua.Watching{Sub: 1, Up: true})
			if got := w.appearances(); len(got.Others) != 1 || got.Others[0].First != first || got.Others[0].State != phone.AppearanceBusy {
				t.Errorf("%q: %+v", id, got)
			}
		}

		w.ask(phone.SendAppearances{})
		if doc, err = eventbody.ParseDialogInfo(w.sdp["publish"]); err != nil || len(doc.Dialogs) > 0 {
			t.Errorf("of no call %q is told", w.sdp["publish"])
		}
		for what, e := range map[string]ua.Event{"rubbish": ua.Notified{Sub: 1, Type: eventbody.DialogType, Body: []byte("<")}, "no server": ua.Watching{Sub: 1}} {
			if w.ask(e); w.appearances().Known {
				t.Errorf("after %s the appearances are known", what)
			}
		}
		if w.ask(ua.Neutral{Sub: 1}); !w.appearances().Known || len(w.appearances().Others) > 0 {
			t.Errorf("of a server that knows of none: %+v", w.appearances())
		}
		w.said = nil
		shared = slices.Clone(shared)
		shared[0].Shared = false
		w.Configure(shared)
		synctest.Wait()
		if !strings.Contains(strings.Join(w.said, " "), "unsubscribe 1") {
			t.Errorf("no longer shared: %v", w.said)
		}
	})
}
