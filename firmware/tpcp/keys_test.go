package tpcp

import (
	"slices"
	"testing"

	"opendeskphone/firmware/phone"
)

// shares has the server of the second line tell what another phone of it does there.
func (b *bench) shares(others ...phone.Appearance) {
	b.t.Helper()
	told := phone.AppearancesTold{Line: 1, Known: true}
	for _, a := range others {
		told.Others = append(told.Others, phone.Other{Appearance: a})
	}
	b.post(phone.LineChanged{Line: 1, State: phone.LineRegistered}, told)
}

// heldBy is what another phone holds.
var heldBy = phone.Appearance{Number: 1, State: phone.AppearanceHeld, Caller: anna, Dialog: phone.Dialog{CallID: "x", ToTag: "his", FromTag: "theirs"}}

// TestSharedLinesAreShownAndTaken: a controller sees what the others do, is told to look again, takes over what they hold, takes
// a free place, and holds a call so that nobody may take it.
func TestSharedLinesAreShownAndTaken(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		b := start(t, services())
		c, _ := b.controller("pc", hostSeed, false)
		s := b.seat()
		list := func(want string) {
			t.Helper()
			if got, err := s.ask("appearance.list", `{}`); err != nil || string(got) != want {
				t.Errorf("%s, %v, want %s", got, err, want)
			}
		}
		list(`{"appearances":[{"lineId":"l-2","appearance":1,"state":"unknown"},{"lineId":"l-2","appearance":2,"state":"unknown"}],"total":2,"more":false}`)
		b.shares(heldBy)
		if got := names(told(c)); got != "line.changed appearance.changed" {
			t.Errorf("told %s", got)
		}
		list(`{"appearances":[{"lineId":"l-2","appearance":1,"state":"held","with":{"uri":"sip:anna@pbx.example","display":"Anna","number":"0305550142"}},` +
			`{"lineId":"l-2","appearance":2,"state":"free"}],"total":2,"more":false}`)

		v, err := one(b.ctx, c, "appearance.take", TakeParams{PlaceParams: PlaceParams{LineID: "l-2", Appearance: 1}})
		if err != nil || v.CallID != "c-1" || v.State != StateProceeding || v.Appearance != 0 || v.LegB.URI != anna.URI {
			t.Fatalf("taken over: %+v, %v", v, err)
		}
		list(`{"appearances":[{"lineId":"l-2","appearance":1,"state":"held","with":{"uri":"sip:anna@pbx.example","display":"Anna","number":"0305550142"}},` +
			`{"lineId":"l-2","appearance":2,"state":"free"}],"total":2,"more":false}`)
		b.post(phone.Accepted{Call: 1})
		b.shares(phone.Appearance{Number: 1, State: phone.AppearanceBusy})
		_, err = one(b.ctx, c, "appearance.take", TakeParams{PlaceParams: PlaceParams{LineID: "l-2", Appearance: 1}})
		b.wantCode(err, CodeBadState)
		_, err = one(b.ctx, c, "appearance.take", TakeParams{PlaceParams: PlaceParams{LineID: "l-2", Appearance: 2}, To: "202"})
		b.wantCode(err, CodeBadState)

		v, err = c.Hold(b.ctx, HoldParams{CallParams: CallParams{CallID: "c-1"}, Private: true})
		if err != nil || !v.Hold.Local || !v.Hold.Private {
			t.Errorf("held privately: %+v, %v", v.Hold, err)
		}
		v, err = one(b.ctx, c, "appearance.take", TakeParams{PlaceParams: PlaceParams{LineID: "l-2", Appearance: 2}})
		if err != nil || v.CallID != "c-1" || v.Hold.Local || v.Hold.Private {
			t.Errorf("taken back: %+v, %v", v, err)
		}
		private := heldBy
		private.Exclusive = true
		b.shares(private)
		_, err = one(b.ctx, c, "appearance.take", TakeParams{PlaceParams: PlaceParams{LineID: "l-2", Appearance: 1}})
		b.wantCode(err, CodeNotSupported)

		b.key(phone.Hangup{Call: 1})
		v, err = one(b.ctx, c, "appearance.take", TakeParams{PlaceParams: PlaceParams{LineID: "l-2", Appearance: 2}, To: "202"})
		if err != nil || v.State != StateProceeding || v.LineID != "l-2" || v.Appearance != 2 || v.LegB.Number != "202" {
			t.Errorf("called from a place: %+v, %v", v, err)
		}
	})
}

// TestWhoHasAKeyIsShownAndPickedUp: lamps and presence are told and listed, a call that rings there is taken, and what a call for
// help would be pushed aside by is refused.
func TestWhoHasAKeyIsShownAndPickedUp(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		b := start(t, services())
		c, _ := b.controller("pc", hostSeed, false)
		s := b.seat()
		b.post(phone.LampChanged{Number: "203", Lamp: phone.LampRinging, Caller: anna, Dialog: heldBy.Dialog}, phone.PresenceChanged{Number: "203", Presence: phone.Away, Note: "at lunch"})
		if got := told(c); len(got) == 0 || slices.ContainsFunc(got, func(n Notification) bool { return n.Name != NotifyPresence || n.By != "server" }) {
			t.Errorf("told %s", names(got))
		}
		const want = `{"watched":[{"number":"203","name":"Ben","lamp":"ringing","caller":{"uri":"sip:anna@pbx.example","display":"Anna","number":"0305550142"},"presence":"away","note":"at lunch"},` +
			`{"number":"701","place":true,"lamp":"unknown","presence":"unknown"}],"total":2,"more":false,"lineId":"l-1","groupPickup":false}`
		if got, err := s.ask("presence.list", `{}`); err != nil || string(got) != want {
			t.Errorf("%s, %v", got, err)
		}
		v, err := one(b.ctx, c, "call.pickUp", PickUpParams{Number: "203"})
		if err != nil || v.State != StateProceeding || v.LegB.URI != anna.URI {
			t.Errorf("picked up: %+v, %v", v, err)
		}
		b.key(phone.Dial{Number: "112"})
		for _, m := range []string{"call.pickUp", "appearance.take"} {
			_, err := s.ask(m, `{"number":"203","lineId":"l-2","appearance":1}`)
			b.wantCode(err, CodeEmergencyGuard)
		}
	})
}

// TestSharedLinesAreJoined: a controller asks to join what another phone talks to, and lets another phone into a call.
func TestSharedLinesAreJoined(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		b := start(t, services())
		config := b.loop.State().Config
		config.Lines = slices.Clone(config.Lines)
		config.Lines[1].BargeIn = phone.BargeAsk
		b.key(phone.Configure{Config: config})
		c, _ := b.controller("pc", hostSeed, false)
		talks := heldBy
		talks.State = phone.AppearanceBusy
		b.shares(talks)
		v, err := one(b.ctx, c, "appearance.join", PlaceParams{LineID: "l-2", Appearance: 1})
		if err != nil || v.State != StateProceeding || v.LegB.URI != "sip:200@pbx.example" || v.Appearance != 0 {
			t.Errorf("joined: %+v, %v", v, err)
		}
		_, err = one(b.ctx, c, "appearance.join", PlaceParams{LineID: "l-2", Appearance: 2})
		b.wantCode(err, CodeBadState)
		b.key(phone.Hangup{Call: 1})

		b.post(phone.Invited{Ref: 1, Line: 1, Remote: anna})
		b.key(phone.Answer{Call: 2})
		b.post(phone.Confirmed{Call: 2}, phone.Invited{Ref: 2, Line: 1, Joins: 2})
		b.pass(2 * keyTime)
		told(c)
		v, err = c.Answer(b.ctx, AnswerParams{CallParams: CallParams{CallID: "c-3"}})
		if err != nil || v.Joins != "c-2" || v.Conf == nil || !slices.Equal(v.Conf.Participants, []string{"c-2", "c-3"}) {
			t.Errorf("let in: %+v, %v", v, err)
		}
	})
}
