package screen

import (
	"slices"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
)

// mixed is a log with all that a conversation can hold: calls of all outcomes, of the phone and of the PC.
func mixed() history {
	const in, out = phone.Incoming, phone.Outgoing
	with := func(r phone.Record, change func(*phone.Record)) phone.Record { change(&r); return r }
	log := history{
		with(record(at(14, 20), out, "+491715550142", 5*time.Minute), func(r *phone.Record) { r.PC, r.Mode, r.Note = "WEBER-NB", phone.Messages, "Sent the floor plan" }),
		with(remembered(record(at(14, 5), out, "+491715550142", 3*time.Minute)), func(r *phone.Record) {
			r.Note = "Wants the manual"
			r.Proof = phone.Proof{Verdict: phone.Verified, Here: true, Attest: "A"}
		}),
		record(at(13, 58), in, "+491715550142", 0),
		with(record(at(13, 40), in, "2431", 0), func(r *phone.Record) { r.Cause = phone.Elsewhere }),
		with(record(at(13, 2), in, "2440", 0), func(r *phone.Record) {
			r.Cause, r.ForwardedTo = phone.HandedOver, phone.Peer{Number: "2431", URI: "sip:2431@nordwerk.example"}
		}),
		with(record(at(11, 30), in, "+12155550121", 0), func(r *phone.Record) {
			r.Proof = phone.Proof{Verdict: phone.NotVerified, Here: true, Doubt: phone.BadSignature}
		}),
		with(record(at(10, 0), out, "2419", 0), func(r *phone.Record) { r.Cause, r.Reason = phone.UserBusy, "Busy Here" }),
	}
	return log
}

func tapeOfMixed() []RecordedCall {
	return []RecordedCall{{ID: "a.wav", Number: "+491715550142", Began: at(14, 6), Lasts: 90 * time.Second}}
}

func taken() *phone.State {
	s := idle()
	s.Unseen = phone.Unseen{Missed: 1, Elsewhere: 2, Forwarded: 1}
	return s
}

func inConversation(t *testing.T, keys ...hal.Key) *desk {
	d := wide(t)
	d.enter(situation{state: idle(), keys: append([]hal.Key{hal.Soft2, hal.OK}, keys...), setUp: func(d *desk) { d.log, d.tapes.all = mixed(), tapeOfMixed() }})
	return d
}

// TestAConversationTellsAllOfItsCalls: those of the PC too, and of each how it went, how it sounded, what was noted and recorded.
func TestAConversationTellsAllOfItsCalls(t *testing.T) {
	d := inConversation(t)
	d.shows(t, "Messages, 5 min", "On WEBER-NB", "Missed, rang 20 s", "Sent the floor plan")
	d.press(hal.Down)
	d.shows(t, "On this phone", "Verified", "Recorded, 2 min", "The fault lies on the way", "Wants the manual")
}

// TestTheLogTellsOutcomesApart: answered elsewhere and sent on are told from missed, in the list and on the home screen.
func TestTheLogTellsOutcomesApart(t *testing.T) {
	d := wide(t)
	d.enter(situation{state: taken(), setUp: func(d *desk) { d.log = mixed() }})
	d.shows(t, "1 missed call", "2 answered elsewhere", "1 sent on")
	if c := d.press(hal.Soft2); !slices.Contains(c, phone.Command(phone.SeeMissed{})) {
		t.Errorf("the calls are not seen: %v", c)
	}
	d.shows(t, "3 calls, 1 missed", "Answered elsewhere", "Sent on to Mira Patel", "Number not verified")
}

// TestAConversationGoesOnByOneKey: the call back bears its name, from the list and from its page.
func TestAConversationGoesOnByOneKey(t *testing.T) {
	want := phone.Command(phone.Dial{Line: 0, Number: "+491715550142", Conversation: mixed()[0].Conversation})
	for _, keys := range [][]hal.Key{{hal.Soft2, hal.Soft1}, {hal.Soft2, hal.OK, hal.Soft1}} {
		d := wide(t)
		d.enter(situation{state: idle(), keys: keys[:len(keys)-1], setUp: func(d *desk) { d.log = mixed() }})
		if c := d.press(keys[len(keys)-1]); len(c) != 1 || c[0] != want {
			t.Errorf("%v gives %+v, want %+v", keys, c, want)
		}
	}
}

func TestANoteIsWrittenOnThePhone(t *testing.T) {
	d := inConversation(t, hal.Down, hal.Down, hal.Soft3, hal.Digit2, hal.Soft1)
	if n := d.log[2].Note; n != "A" {
		t.Errorf("the note is %q", n)
	}
	d.shows(t, "Missed, rang 20 s")
}

// TestCallsAreDeletedAfterAsking: one, or the whole conversation; OK alone deletes nothing.
func TestCallsAreDeletedAfterAsking(t *testing.T) {
	d := inConversation(t, hal.Down, hal.Soft4)
	choose := func(name string) {
		t.Helper()
		m := d.menu[len(d.menu)-1].(*conversationMenu)
		v := d.view(nil, d.st, d.now)
		i := slices.IndexFunc(m.entries(v), func(e entry) bool { return e.name == name })
		if i < 0 {
			t.Fatalf("no %q", name)
		}
		m.entries(v)[i].do()
	}
	choose("Delete this call")
	d.press(hal.OK)
	if len(d.log) != 7 {
		t.Fatal("OK has deleted it")
	}
	d.press(hal.Soft1)
	if len(d.log) != 6 || d.log[1].ID != mixed()[2].ID {
		t.Errorf("%d calls are left", len(d.log))
	}
	d.shows(t, "Missed, rang 20 s")
	d.press(hal.Soft4)
	choose("Delete the conversation")
	d.press(hal.Soft1)
	if len(d.log) != 4 {
		t.Errorf("%d calls are left", len(d.log))
	}
	d.shows(t, "Answered elsewhere")
}
