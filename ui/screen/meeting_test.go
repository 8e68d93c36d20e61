package screen

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
)

// meeting is a call to a server's conference, of which the focus tells that these are in it.
func meeting(count int, members ...phone.Member) *phone.State {
	c := talking(1, phone.Peer{Number: "conf", URI: "sip:conf@nordwerk.example"}, 485*time.Second)
	c.Focus, c.Refers = "sip:conf-1@nordwerk.example", true
	s := withCalls(c)
	s.Path = phone.Speaker
	s.Rosters = []phone.Roster{{Call: 1, Count: count, Members: members}}
	return s
}

func member(p phone.Peer, st phone.MemberState) phone.Member {
	return phone.Member{ID: p.URI, Name: p.Name, Number: p.Number, URI: p.URI, State: st}
}

// four are Jonas, who is muted, Mira, who is being called, Ruth, who holds it, and the user.
func four() *phone.State {
	j := member(jonas, phone.MemberJoined)
	j.Muted = true
	return meeting(4, j, member(mira, phone.MemberCalling), member(ruth, phone.MemberHolding), phone.Member{ID: "me", Self: true})
}

// controlled are Jonas, who is muted, and Mira, at a focus that can be asked to mute.
func controlled() *phone.State {
	j := member(jonas, phone.MemberJoined)
	j.Muted = true
	s := meeting(3, j, member(mira, phone.MemberJoined), phone.Member{ID: "me", Self: true})
	s.Calls[0].Controls = true
	return s
}

// crowd is more than there is room for.
func crowd() *phone.State {
	all := []phone.Member{{ID: "me", Self: true}}
	for i := range 11 {
		all = append(all, member(phone.Peer{Number: fmt.Sprint(2450 + i), URI: fmt.Sprintf("sip:%d@nordwerk.example", 2450+i)}, phone.MemberJoined))
	}
	return meeting(20, all...)
}

func meetings() []situation {
	sounds := func(d *desk) { d.sounds[1] = speech(true) }
	return []situation{
		{name: "meeting", state: four(), setUp: sounds},
		{name: "meeting-focus", state: four(), setUp: sounds, keys: []hal.Key{hal.Right, hal.Right}},
		{name: "meeting-more", state: four(), keys: []hal.Key{hal.Soft4}},
		{name: "meeting-mute", state: controlled(), keys: []hal.Key{hal.Right, hal.Right, hal.Soft4}},
		{name: "meeting-add", state: four(), keys: []hal.Key{hal.Soft3, hal.Digit2}},
		{name: "meeting-crowd", state: crowd(), keys: slices.Repeat([]hal.Key{hal.Down}, 9)},
		{name: "meeting-unknown", state: withCalls(meeting(0).Calls...), setUp: sounds},
	}
}

// TestWhatAServersConferenceIsAsked presses what the screen of a conference at a server offers.
func TestWhatAServersConferenceIsAsked(t *testing.T) {
	one := func(factory string) *phone.State {
		s := withCalls(talking(1, jonas, time.Minute), other(2, phone.Held, mira, time.Minute))
		s.Config.Lines = []phone.LineConfig{{Factory: factory}}
		return s
	}
	alone := one("sip:conf@nordwerk.example")
	alone.Calls = alone.Calls[:1]
	mine := meeting(2, member(jonas, phone.MemberJoined))
	mine.Calls[0].Refers = false // the focus takes no wishes
	for name, c := range map[string]struct {
		state *phone.State
		keys  []hal.Key
		want  []phone.Command
	}{
		"join at the server":    {one("sip:conf@nordwerk.example"), []hal.Key{hal.Soft3}, []phone.Command{phone.Join{Calls: [phone.MaxConf]phone.CallID{1, 2}, Server: true}}},
		"join here":             {one(""), []hal.Key{hal.Soft3}, []phone.Command{phone.Join{Calls: [phone.MaxConf]phone.CallID{1, 2}}}},
		"take one in":           {withCalls(append(four().Calls, other(2, phone.Held, mira, time.Minute))...), []hal.Key{hal.Soft3}, []phone.Command{phone.Join{Calls: [phone.MaxConf]phone.CallID{1, 2}, Server: true}}},
		"remove one":            {four(), []hal.Key{hal.Right, hal.Soft4, hal.Digit2}, []phone.Command{phone.DropMember{Call: 1, Member: jonas.URI}}},
		"mute one":              {controlled(), []hal.Key{hal.Right, hal.Right, hal.Soft4, hal.Digit3}, []phone.Command{phone.MuteMember{Call: 1, Member: mira.URI, On: true}}},
		"unmute one":            {controlled(), []hal.Key{hal.Right, hal.Soft4, hal.Digit3}, []phone.Command{phone.MuteMember{Call: 1, Member: jonas.URI}}},
		"no wishes":             {mine, []hal.Key{hal.Right, hal.Soft4, hal.Digit2}, nil},
		"have one called":       {four(), []hal.Key{hal.Soft3, hal.Digit2, hal.Digit4, hal.Digit3, hal.Digit1, hal.Soft1}, []phone.Command{phone.AddMember{Call: 1, Number: "2431"}}},
		"leave it":              {four(), []hal.Key{hal.Soft5}, []phone.Command{phone.Hangup{Call: 1}}},
		"make a call a meeting": {alone, nil, nil},
	} {
		d := wide(t)
		d.st = c.state
		d.paint()
		if got := d.press(c.keys...); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	d := wide(t)
	d.st = alone
	d.paint()
	found := false
	for digit := hal.Digit1; digit <= hal.Digit9; digit++ {
		d.over = nil
		found = found || slices.Contains(d.press(hal.Soft4, digit), phone.Command(phone.Join{Calls: [phone.MaxConf]phone.CallID{1}, Server: true}))
	}
	if !found {
		t.Error("nothing makes a call a conference at the server")
	}
}

// TestAServerThatHoldsNoConferenceIsSaid: they talk on at this phone.
func TestAServerThatHoldsNoConferenceIsSaid(t *testing.T) {
	d := wide(t)
	before := conferring(2)
	before.Config.Lines = []phone.LineConfig{{Factory: "sip:conf@nordwerk.example"}}
	for i := range before.Calls {
		before.Calls[i].Move, before.Calls[i].MoveTarget = phone.Escalating, "sip:conf@nordwerk.example"
	}
	d.st = before
	d.paint()
	after := *before
	after.Calls = slices.Clone(before.Calls)
	for i := range after.Calls {
		after.Calls[i].Move, after.Calls[i].MoveFailed = phone.NoMove, phone.NotAllowed
	}
	d.Changed(phone.Update{State: &after, Changes: []phone.Change{{What: phone.CallChanged, Call: 1, From: phone.Talking, To: phone.Talking}}}, d.st, d.now)
	d.st = &after
	if got := d.texts(); !slices.Contains(got, "The server holds no conference. This phone does") {
		t.Errorf("the screen says %q", got)
	}
}
