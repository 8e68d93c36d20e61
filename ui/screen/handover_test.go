package screen

import (
	"slices"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/widget"
)

var anna = phone.Peer{Number: "2419", URI: "sip:2419@nordwerk.example"}

// consulting is Jonas on hold while Mira is asked about him.
func consulting(st phone.CallState) *phone.State {
	asked := other(2, st, mira, 57*time.Second)
	if st == phone.Talking {
		asked = talking(2, mira, 57*time.Second)
	}
	asked.ConsultOf = 1
	s := withCalls(other(1, phone.Held, jonas, 271*time.Second), asked)
	s.Path = phone.Headset
	return s
}

// conferring is a conference of so many others.
func conferring(n int) *phone.State {
	var all []phone.Call
	for i, who := range []phone.Peer{jonas, mira, ruth, {Number: "2419"}, {Number: "+442079460018"}}[:n] {
		c := talking(phone.CallID(i+1), who, 485*time.Second)
		c.Conf = 7
		all = append(all, c)
	}
	s := withCalls(all...)
	s.Path = phone.Speaker
	return s
}

// goesTo is Jonas on his way to Mira, with what this phone does for that.
func goesTo(m phone.Move, shadow phone.CallState) *phone.State {
	c := other(1, phone.Held, jonas, 12*time.Second)
	c.Move, c.MoveTarget, c.Referred = m, mira.URI, shadow == phone.None
	if shadow == phone.None {
		return withCalls(c)
	}
	p := other(2, shadow, mira, 9*time.Second)
	p.Shadow, p.Move, p.With = true, m, 1
	c.With = 2
	return withCalls(c, p)
}

// toPC is Jonas, who is talked to until a program on the PC has taken the call.
func toPC() *phone.State {
	c := talking(1, jonas, 767*time.Second)
	c.Move, c.MoveTarget, c.With = phone.ToPC, "sip:anna@192.0.2.40", 2
	p := other(2, phone.Ringback, phone.Peer{Number: "anna"}, time.Second)
	p.Shadow, p.Move, p.With = true, phone.ToPC, 1
	return withCalls(c, p)
}

// speech is somebody who has spoken, until now or until a while ago.
func speech(now bool) Stats {
	s := good()
	for i := len(s.Trace) - 4; !now && i < len(s.Trace); i++ {
		s.Trace[i].Heard = -60
	}
	return s
}

// handovers are the screens of calls that are handed over or joined.
func handovers() []situation {
	back := other(1, phone.Held, jonas, 4*time.Second)
	back.MoveFailed, back.MoveTarget = phone.NoAnswer, mira.URI
	lost := other(2, phone.Failed, mira, 0)
	lost.ConsultOf, lost.Cause, lost.Reason = 1, phone.NoAnswer, "Request Timeout"
	two := withCalls(talking(1, mira, 38*time.Second), other(2, phone.Held, jonas, 252*time.Second))
	held := conferring(2)
	for i := range held.Calls {
		held.Calls[i].State = phone.Held
	}
	sounds := func(d *desk) {
		d.sounds[1], d.sounds[2], d.sounds[3] = speech(true), speech(false), speech(false)
	}
	confAndOne := conferring(2)
	confAndOne.Calls = append(confAndOne.Calls, other(3, phone.Held, ruth, time.Minute))
	addTo := withCalls(append(held.Calls, talking(3, ruth, 9*time.Second))...)
	mixed := withCalls(append(two.Calls, goesTo(phone.Transferring, phone.Ringback).Calls[1])...)
	mixed.Calls[2].ID, mixed.Calls[2].With = 3, 2
	mixed.Calls[1].Move, mixed.Calls[1].With, mixed.Calls[1].MoveTarget = phone.Transferring, 3, ruth.URI
	jonasTalks := func() *phone.State { return withCalls(talking(1, jonas, 767*time.Second)) }
	return []situation{
		{name: "transfer-to", state: jonasTalks(), keys: []hal.Key{hal.Soft2}},
		{name: "page", state: withCalls(phone.Call{ID: 1, State: phone.Talking, Page: 1, Dir: phone.Incoming, Remote: phone.Peer{Number: "700"}, Began: now, Since: now, Answered: now},
			other(2, phone.Held, jonas, time.Minute))},
		{name: "send-on", state: withCalls(other(1, phone.Ringing, jonas, 4*time.Second)), keys: []hal.Key{hal.Soft3, hal.Digit2}},
		{name: "transfer-to-typed", state: jonasTalks(), keys: []hal.Key{hal.Soft2, hal.Digit6, hal.Digit4, hal.Digit7, hal.Down}},
		{name: "transfer-asking", state: consulting(phone.Talking)},
		{name: "transfer-rings", state: consulting(phone.Ringback)},
		{name: "transfer-lost", state: withCalls(other(1, phone.Held, jonas, 271*time.Second), lost)},
		{name: "transfer-going", state: goesTo(phone.Transferring, phone.None)},
		{name: "transfer-shadow", state: goesTo(phone.Transferring, phone.Ringback)},
		{name: "transfer-kept", state: goesTo(phone.Bridged, phone.Talking)},
		{name: "transfer-failed", state: withCalls(back)},
		{name: "transfer-two", state: two, keys: []hal.Key{hal.Soft2}},
		{name: "two-calls-one-goes", state: mixed},
		{name: "transfer-done", state: idle(), setUp: func(d *desk) {
			c := talking(1, jonas, 771*time.Second)
			c.MoveTarget = mira.URI
			d.Screens.ended = endedCall{call: c, cause: phone.HandedOver, at: now, until: now.Add(2 * time.Second)}
		}},
		{name: "in-call-to-pc", state: toPC()},
		{name: "conference", state: conferring(2), setUp: sounds},
		{name: "conference-focus", state: conferring(2), setUp: sounds, keys: []hal.Key{hal.Right, hal.Right}},
		{name: "conference-four", state: conferring(3), setUp: sounds},
		{name: "conference-six", state: conferring(5), setUp: sounds},
		{name: "conference-held", state: held, setUp: sounds},
		{name: "conference-and-one", state: confAndOne, setUp: sounds},
		{name: "conference-more", state: conferring(2), setUp: func(d *desk) {
			d.paint()
			d.over = []page{&confMenu{}}
		}},
		{name: "conference-add", state: addTo},
	}
}

// TestPressesOfHandingOver counts what it takes to hand over and to join: three presses at most.
func TestPressesOfHandingOver(t *testing.T) {
	talks := func() *phone.State { return withCalls(talking(1, jonas, time.Minute)) }
	two := func() *phone.State {
		return withCalls(talking(1, mira, time.Minute), other(2, phone.Held, jonas, time.Minute))
	}
	for _, c := range []struct {
		name  string
		state *phone.State
		keys  []hal.Key
		want  []phone.Command
	}{
		{"hand over to the first of the list", talks(), []hal.Key{hal.Soft2, hal.Down, hal.Soft2}, []phone.Command{phone.Transfer{Call: 1, Target: "2431"}}},
		{"hand over by a person's key", talks(), []hal.Key{hal.Soft2, hal.Line3, hal.Soft2}, []phone.Command{phone.Transfer{Call: 1, Target: "+491715550142"}}},
		{"ask by a person's key", talks(), []hal.Key{hal.Soft2, hal.Line4, hal.Soft1}, []phone.Command{phone.Consult{Call: 1, Number: "2431"}}},
		{"hand over after asking", consulting(phone.Talking), []hal.Key{hal.Soft1}, []phone.Command{phone.CompleteTransfer{Call: 1, Consult: 2}}},
		{"hand over while it rings there", consulting(phone.Ringback), []hal.Key{hal.Soft1}, []phone.Command{phone.CompleteTransfer{Call: 1, Consult: 2}}},
		{"swap with who was asked", consulting(phone.Talking), []hal.Key{hal.Soft2}, []phone.Command{phone.Swap{}}},
		{"join all", consulting(phone.Talking), []hal.Key{hal.Soft3}, []phone.Command{phone.Join{Calls: [phone.MaxConf]phone.CallID{1, 2}}}},
		{"back to who waits", consulting(phone.Talking), []hal.Key{hal.Soft5}, []phone.Command{phone.Reconnect{Call: 1, Consult: 2}}},
		{"back while it rings there", consulting(phone.Ringback), []hal.Key{hal.Soft5}, []phone.Command{phone.Reconnect{Call: 1, Consult: 2}}},
		{"back from a transfer this phone makes", goesTo(phone.Transferring, phone.Ringback), []hal.Key{hal.Soft1}, []phone.Command{phone.Reconnect{Call: 1, Consult: 2}}},
		{"back from a call kept here", goesTo(phone.Bridged, phone.Talking), []hal.Key{hal.Soft1}, []phone.Command{phone.Resume{Call: 1}}},
		{"join two calls", two(), []hal.Key{hal.Soft3}, []phone.Command{phone.Join{Calls: [phone.MaxConf]phone.CallID{1, 2}}}},
		{"hand two calls over", two(), []hal.Key{hal.Soft2, hal.Soft1}, []phone.Command{phone.CompleteTransfer{Call: 2, Consult: 1}}},
		{"leave a conference to go on", conferring(2), []hal.Key{hal.Soft2, hal.Soft1}, []phone.Command{phone.CompleteTransfer{Call: 1, Consult: 2}}},
		{"end a conference", conferring(3), []hal.Key{hal.Soft5}, []phone.Command{phone.Hangup{Call: 1}, phone.Hangup{Call: 2}, phone.Hangup{Call: 3}}},
		{"hold a conference", conferring(2), []hal.Key{hal.Soft1}, []phone.Command{phone.Hold{Call: 1}}},
		{"remove one", conferring(3), []hal.Key{hal.Soft4, hal.Digit4}, []phone.Command{phone.Hangup{Call: 2}}},
		{"talk to one alone", conferring(3), []hal.Key{hal.Soft4, hal.Digit5}, []phone.Command{phone.Split{Call: 2}}},
		{"remove the one with the focus", conferring(3), []hal.Key{hal.Left, hal.Soft4, hal.Digit2}, []phone.Command{phone.Hangup{Call: 1}}},
		{"add one", conferring(2), []hal.Key{hal.Soft3}, []phone.Command{phone.Dial{Line: 0}}},
	} {
		d := wide(t)
		d.st = c.state
		d.paint()
		if got := d.press(c.keys...); !slices.Equal(got, c.want) || len(c.keys) > 3 {
			t.Errorf("%s: %d presses led to %v, want %v", c.name, len(c.keys), got, c.want)
		}
	}
}

// TestFourKeysReachAll holds the panels with four keys to the same acts: what has no key stands in the menu.
func TestFourKeysReachAll(t *testing.T) {
	for _, c := range []struct {
		state *phone.State
		want  phone.Command
	}{
		{withCalls(talking(1, jonas, time.Minute)), phone.Dial{Line: 0}},
		{withCalls(talking(1, mira, time.Minute), other(2, phone.Held, jonas, time.Minute)), phone.Join{Calls: [phone.MaxConf]phone.CallID{1, 2}}},
		{consulting(phone.Talking), phone.Join{Calls: [phone.MaxConf]phone.CallID{1, 2}}},
		{conferring(2), phone.Dial{Line: 0}},
	} {
		d := newDesk(t, fourKeys, Options{Theme: "dark", Language: "en"})
		d.st = c.state
		d.paint()
		found := false
		for digit := hal.Digit1; digit <= hal.Digit9; digit++ {
			d.over = nil
			found = found || slices.Contains(d.press(hal.Soft3, digit), c.want)
		}
		if !found {
			t.Errorf("%T is not in the menu", c.want)
		}
	}
}

// TestTransferPicksFromTheLists opens contacts and log from the transfer: there a number is chosen and nobody called.
func TestTransferPicksFromTheLists(t *testing.T) {
	for name, keys := range map[string][]hal.Key{
		"contacts": {hal.Soft2, hal.Soft3, hal.Digit6, hal.Digit4, hal.Digit7, hal.Soft1, hal.Soft2},
		"a number": {hal.Soft2, hal.Soft3, hal.Digit6, hal.Digit4, hal.Digit7, hal.OK, hal.OK, hal.Soft2},
		"log":      {hal.Soft2, hal.Soft4, hal.Down, hal.Down, hal.Soft1, hal.Soft2},
		"name":     {hal.Soft2, hal.Digit6, hal.Digit4, hal.Digit7, hal.Digit2, hal.Down, hal.Soft2},
		"digits":   {hal.Soft2, hal.Digit2, hal.Digit4, hal.Digit3, hal.Digit1, hal.Soft2},
	} {
		d := wide(t)
		d.st = withCalls(talking(1, jonas, time.Minute))
		d.paint()
		if got, want := d.press(keys...), []phone.Command{phone.Transfer{Call: 1, Target: "2431"}}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestTransferGoesWithItsCall ends the call while its transfer is typed: the page goes, and no tone was sent.
func TestTransferGoesWithItsCall(t *testing.T) {
	d := wide(t)
	d.st = withCalls(talking(1, jonas, time.Minute), other(2, phone.Held, mira, time.Minute))
	d.over = []page{&transferTo{call: 2, focus: -1}}
	d.shown = kindTwo
	d.paint()
	if got := d.press(hal.Digit5); len(got) > 0 {
		t.Errorf("a digit of the number led to %v", got)
	}
	d.st = withCalls(talking(1, jonas, time.Minute), other(3, phone.Held, ruth, time.Minute))
	if d.paint(); len(d.over) > 0 {
		t.Error("the transfer of a call that is over stands open")
	}
}

// TestShadowsAreNotSeen puts calls on the phone that it makes for a move: no screen counts, lists or names them.
func TestShadowsAreNotSeen(t *testing.T) {
	shadow := talking(9, ruth, time.Minute)
	shadow.Shadow = true
	heldShadow := other(8, phone.Held, ruth, time.Hour)
	heldShadow.Shadow = true
	ringing := other(7, phone.Ringing, ruth, time.Second)
	ringing.Shadow = true
	d := wide(t)
	for _, c := range []struct {
		calls []phone.Call
		keys  []hal.Key
		says  string
	}{
		{[]phone.Call{talking(1, jonas, time.Minute), other(2, phone.Held, mira, time.Minute)}, nil, "2 calls"},
		{[]phone.Call{other(2, phone.Held, mira, time.Minute)}, nil, "Mira Patel"},
		{[]phone.Call{talking(1, jonas, time.Minute)}, nil, "Jonas Keller"},
		{[]phone.Call{talking(1, jonas, time.Minute), other(2, phone.Held, mira, time.Minute)}, []hal.Key{hal.OK}, "Mira Patel  1:00"},
		{nil, nil, "Calls"},
	} {
		d.over = nil
		d.st = withCalls(append([]phone.Call{heldShadow, ringing, shadow}, c.calls...)...)
		d.paint()
		d.press(c.keys...)
		words := d.texts()
		if !slices.Contains(words, c.says) || slices.ContainsFunc(words, func(s string) bool {
			return len(c.calls) > 0 && (strings.Contains(s, "Ruth") || strings.Contains(s, "2440") || strings.Contains(s, "calls on hold"))
		}) {
			t.Errorf("%d calls and 3 shadows: the screen says %q", len(c.calls), words)
		}
	}
	d.st = withCalls(shadow, ringing)
	d.over = nil
	v := d.view(nil, d.st, d.now)
	if tile := v.tile(0); tile.Role != widget.Plain {
		t.Errorf("the line's tile shows a shadow: %+v", tile)
	}
	if got := d.press(hal.Line1); slices.Contains(got, phone.Command(phone.Answer{Call: 7})) {
		t.Error("a line key answers a shadow")
	}
}

// TestConsultationThatFailsIsSaid lets the phone come back by itself from a consultation that nobody answered.
func TestConsultationThatFailsIsSaid(t *testing.T) {
	w := newWorld(t, 0, Options{Theme: "dark", Language: "en"})
	w.step(phone.Dial{Number: "2440"})
	w.event(phone.Accepted{Call: 1})
	w.step(phone.Consult{Call: 1, Number: "2431"})
	w.event(phone.CallFailed{Call: 2, Cause: phone.NoAnswer})
	w.desk.st = &w.st
	if got := w.texts(); !slices.Contains(got, "Mira did not answer") || !slices.Contains(got, "Back takes Ruth back.") {
		t.Errorf("the screen says %q", got)
	}
	w.event(phone.TimerFired{ID: phone.TimerID{Kind: phone.FailedTime, Call: 2}})
	if c := w.st.Call(1); c.State != phone.Talking {
		t.Fatalf("the call that waited is %v", c.State)
	}
	if got := w.texts(); !slices.Contains(got, "You are back with Ruth Jones") {
		t.Errorf("the screen says %q", got)
	}
}

// TestMoveToThePCThatFailsIsSaid: the call has gone on meanwhile, so a message is enough.
func TestMoveToThePCThatFailsIsSaid(t *testing.T) {
	d := wide(t)
	d.st = toPC()
	if got := d.texts(); !slices.Contains(got, "Going to the computer") || slices.Contains(got, "2 calls") {
		t.Errorf("the screen says %q", got)
	}
	after := withCalls(talking(1, jonas, 768*time.Second))
	after.Calls[0].MoveFailed, after.Calls[0].MoveTarget = phone.NoAnswer, "sip:anna@192.0.2.40"
	d.Changed(phone.Update{State: after, Changes: []phone.Change{{What: phone.CallChanged, Call: 1, From: phone.Talking, To: phone.Talking}}}, d.st, d.now)
	d.st = after
	if got := d.texts(); !slices.Contains(got, "anna did not answer. You are back with Jonas") {
		t.Errorf("the screen says %q", got)
	}
}
