package screen

import (
	"image"
	"slices"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
)

// watching is a phone of one line with keys for Mira, who is called by Ruth, for Ruth, who is away, and for a place where
// Jonas waits.
func watching(calls ...phone.Call) *phone.State {
	s := withCalls(calls...)
	s.OffHook = len(calls) > 0
	s.Lines = s.Lines[:1]
	s.Config.Publish, s.Availability = true, phone.Away
	s.Config.Watch = []phone.WatchConfig{{Number: "2431"}, {Number: "2440", Name: "Ruth Weiss"}, {Number: "701", Name: "Place 1", Place: true}}
	s.Watched = []phone.Watched{
		{WatchConfig: s.Config.Watch[0], Lamp: phone.LampRinging, Caller: ruth},
		{WatchConfig: s.Config.Watch[1], Lamp: phone.LampFree, Presence: phone.Away},
		{WatchConfig: s.Config.Watch[2], Lamp: phone.LampBusy, Caller: jonas},
	}
	s.Config.GroupPickup = "*8"
	return s
}

// unwatched is one whose server tells nothing.
func unwatched() *phone.State {
	s := watching()
	for i := range s.Watched {
		s.Watched[i] = phone.Watched{WatchConfig: s.Watched[i].WatchConfig}
	}
	return s
}

// sharedLine is a phone of one line with three appearances: another phone holds Ruth and talks at the next, and one is free.
func sharedLine(calls ...phone.Call) *phone.State {
	s := withCalls(calls...)
	s.OffHook = len(calls) > 0
	s.Lines = s.Lines[:1]
	s.Appearances = []phone.Appearance{{Number: 1, State: phone.AppearanceHeld, Caller: ruth}, {Number: 2, State: phone.AppearanceBusy}, {Number: 3, State: phone.AppearanceFree}}
	return s
}

// joinable is one at which another phone talks to Mira.
func joinable() *phone.State {
	s := sharedLine()
	s.Appearances[1].Caller, s.Appearances[1].Dialog = mira, phone.Dialog{CallID: "x", ToTag: "a", FromTag: "b"}
	return s
}

// wantsIn is one whose call with Jonas another phone of the line wants to join.
func wantsIn() *phone.State {
	talks := talking(1, jonas, time.Minute)
	talks.Appearance = 3
	asks := other(2, phone.Ringing, phone.Peer{Name: "Ruth Weiss", Number: "2400", URI: "sip:2400@nordwerk.example"}, 3*time.Second)
	asks.Dir, asks.Joins, asks.Barges = phone.Incoming, 1, true
	return withCalls(talks, asks)
}

// TestWhoWantsInIsLetInByAKey: or not; it cannot be sent on.
func TestWhoWantsInIsLetInByAKey(t *testing.T) {
	for k, want := range map[hal.Key][]phone.Command{hal.Soft1: {phone.Answer{Call: 2}}, hal.OK: {phone.Answer{Call: 2}}, hal.Soft3: nil, hal.Soft4: nil, hal.Soft5: {phone.Reject{Call: 2}}} {
		d := newDesk(t, image.Pt(800, 480), Options{Theme: "dark", Language: "en"})
		d.st = wantsIn()
		d.paint()
		d.now = d.now.Add(time.Second)
		if got := d.press(k); !slices.Equal(got, want) {
			t.Errorf("%v: %v, want %v", k, got, want)
		}
	}
}

// TestKeysOfASharedLine presses the appearances of a line in every state they can be in.
func TestKeysOfASharedLine(t *testing.T) {
	mine := talking(1, jonas, time.Minute)
	mine.Appearance = 3
	joined := joinable()
	joined.Calls = []phone.Call{mine}
	take := func(n uint8) []phone.Command { return []phone.Command{phone.TakeAppearance{Number: n}} }
	for _, r := range []struct {
		name string
		st   *phone.State
		key  hal.Key
		want []phone.Command
	}{
		{"held there", sharedLine(), hal.Line2, take(1)},
		{"in use there", sharedLine(), hal.Line3, take(2)}, // the phone says that it cannot be
		{"in use there, and may be joined", joinable(), hal.Line3, []phone.Command{phone.JoinAppearance{Number: 2}}},
		{"the same, in a call", joined, hal.Line3, nil},
		{"free", sharedLine(), hal.Line4, take(3)},
		{"held there, in a call", sharedLine(mine), hal.Line2, take(1)},
		{"in use there, in a call", sharedLine(mine), hal.Line3, nil},
		{"our own call", sharedLine(mine), hal.Line4, nil},
	} {
		d := newDesk(t, image.Pt(800, 480), Options{Theme: "dark", Language: "en"})
		d.st = r.st
		d.paint()
		d.Press(r.key, d.st, d.now)
		if got := d.Commands(); !slices.Equal(got, r.want) {
			t.Errorf("%s: %v, want %v", r.name, got, r.want)
		}
	}
	d := newDesk(t, image.Pt(800, 480), Options{Theme: "dark", Language: "en"})
	d.st = sharedLine(mine)
	d.paint()
	menu := (&moreMenu{call: 1}).entries(d.view(nil, d.st, d.now))
	i := slices.IndexFunc(menu, func(e entry) bool { return e.name == "Hold privately" })
	if i < 0 {
		t.Fatal("a call of a shared line cannot be held privately")
	}
	menu[i].do()
	if got := d.Commands(); !slices.Equal(got, []phone.Command{phone.Hold{Call: 1, Private: true}}) {
		t.Errorf("held privately by %v", got)
	}
}

// TestKeysOfTheSettings presses them in every state they can be in.
func TestKeysOfTheSettings(t *testing.T) {
	lamps := func(ls ...phone.Lamp) *phone.State {
		s := watching()
		for i, l := range ls {
			s.Watched[i].Lamp = l
		}
		return s
	}
	parking := watching(talking(1, jonas, time.Minute))
	parking.Watched[2].Lamp = phone.LampFree
	for _, r := range []struct {
		name string
		st   *phone.State
		key  hal.Key
		want []phone.Command
	}{
		{"it rings there", watching(), hal.Line2, []phone.Command{phone.PickUp{Number: "2431"}}},
		{"somebody away", watching(), hal.Line3, []phone.Command{phone.Dial{Number: "2440"}}},
		{"busy", lamps(phone.LampBusy), hal.Line2, []phone.Command{phone.Dial{Number: "2431"}}},
		{"somebody waits at a place", watching(), hal.Line4, []phone.Command{phone.Dial{Number: "701"}}},
		{"a place that may be empty", unwatched(), hal.Line4, []phone.Command{phone.Dial{Number: "701"}}},
		{"an empty place", lamps(phone.LampFree, phone.LampFree, phone.LampFree), hal.Line4, nil},
		{"the group", watching(), hal.Line5, []phone.Command{phone.PickUp{}}},
		{"in a call, an empty place", parking, hal.Line4, []phone.Command{phone.Transfer{Call: 1, Target: "701"}}},
		{"in a call, a place that is taken", watching(talking(1, jonas, time.Minute)), hal.Line4, nil},
		{"in a call, a person", watching(talking(1, jonas, time.Minute)), hal.Line2, nil},
		{"in a call, the group", watching(talking(1, jonas, time.Minute)), hal.Line5, nil},
	} {
		d := newDesk(t, image.Pt(800, 480), Options{Theme: "dark", Language: "en"})
		d.st = r.st
		d.paint()
		d.Press(r.key, d.st, d.now)
		if got := d.Commands(); !slices.Equal(got, r.want) {
			t.Errorf("%s: %v, want %v", r.name, got, r.want)
		}
	}
}
