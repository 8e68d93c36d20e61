package phone

import (
	"reflect"
	"testing"
)

const (
	factory = "sip:conf@pbx.example"
	room    = "sip:room1@pbx.example"
)

// meeting is a phone with these calls, all of which are to be in a conference at the server, whose factory has answered.
func meeting(t testing.TB, words string, calls ...CallID) *bench {
	b := able(t, words)
	in := Join{Server: true}
	copy(in.Calls[:], calls)
	b.do(in)
	id := b.s.nextCall
	b.do(Able{Call: id, Refers: true, Replaces: true, Focus: room}, Accepted{Call: id})
	return b
}

func TestTwoPartiesBecomeAConference(t *testing.T) {
	b := able(t, "Talking")
	b.do(Join{Calls: [MaxConf]CallID{1}, Server: true})
	b.move("escalating, shadow escalating", "Talking Calling", "start call 2 3m0s, invite 2 to "+factory+" on 0")
	b.refused(Transfer{Call: 1, Target: "300"}, Moving)
	b.do(Progressed{Call: 2}, Able{Call: 2, Refers: true, Replaces: true, Focus: room}, Accepted{Call: 2})
	b.conf("aa", "Talking Talking", "stop call 2, refer 2 to 1, start move 2 32s, sound voice 1 2 speaker")
	if c := b.s.Call(1); c.MoveTarget != room || c.Way != ByFocus {
		t.Errorf("%+v", c)
	}
	b.do(Byed{Call: 1, Cause: RemoteHangup}) // the focus has taken our place
	b.conf("-", "Talking", "log 1, sound voice 2 speaker")
	if moves(b.changes) != "1 Talking>Ended: handed over, 2 touched" {
		t.Error(moves(b.changes))
	}
	b.do(Moved{Call: 2})
	b.move("none", "Talking", "stop move 2")
	b.do(Hangup{Call: 2})
	b.say("", "bye 2, log 2, sound speaker")
}

// who is talked to is heard while the factory is called, and so is the rest of the conference while one after the other is moved.
func TestThreeAreMovedOneByOne(t *testing.T) {
	b := able(t, "Held Talking")
	b.do(Able{Call: 1, Refers: true}) // it cannot take over a call
	b.do(Join{Calls: [MaxConf]CallID{2, 1}, Server: true})
	b.conf("aa-", "Talking Talking Calling", "hold 1 false, start call 3 3m0s, invite 3 to "+factory+" on 0, sound voice 1 2 speaker")
	b.refused(Split{Call: 1}, Moving)
	b.do(Able{Call: 3, Refers: true, Replaces: true, Focus: room}, Accepted{Call: 3})
	b.conf("aaa", "Talking Talking Talking", "stop call 3, refer 1 to "+room+", start move 1 32s, sound voice 1 2 3 speaker")
	b.do(Hold{Call: 2})
	b.conf("aaa", "Held Held Held", "hold 1 true, hold 2 true, hold 3 true, sound speaker")
	b.do(Resume{Call: 1}, Moved{Call: 1})
	b.conf("aa", "Talking Talking", "stop move 1, bye 1, log 1, refer 3 to 2, start move 3 32s, sound voice 2 3 speaker")
	b.do(Moved{Call: 3})
	b.conf("-", "Talking", "stop move 3, bye 2, log 2, sound voice 3 speaker")
}

func TestWithoutAServerTheyStayJoinedHere(t *testing.T) {
	for name, in := range map[string][]Input{
		"refused":         {CallFailed{Call: 3, Cause: NotAllowed, Reason: "Forbidden"}},
		"no answer":       {TimerFired{ID: TimerID{CallTime, 3}}},
		"no conference":   {Able{Call: 3, Refers: true}, Accepted{Call: 3}},
		"gone at once":    {Byed{Call: 3, Cause: RemoteHangup}},
		"refuses all":     {Able{Call: 3, Focus: room}, Accepted{Call: 3}, MoveRefused{Call: 1, Cause: Rejected}, CallFailed{Call: 4, Cause: Rejected}, MoveRefused{Call: 2, Cause: Rejected}, CallFailed{Call: 5, Cause: Rejected}, Hangup{Call: 3}},
		"forgets to tell": {Able{Call: 3, Focus: room}, Accepted{Call: 3}, TimerFired{ID: TimerID{MoveTime, 1}}, CallFailed{Call: 4}, Byed{Call: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			b := able(t, "Held Talking")
			b.do(Join{Calls: [MaxConf]CallID{2, 1}, Server: true})
			b.do(in...)
			if confs(b.s) != "aa" || calls(b.s) != "Talking Talking" {
				t.Errorf("conferences %s of %s", confs(b.s), calls(b.s))
			}
			for _, c := range b.s.Calls {
				if c.Move != NoMove || c.Into != 0 || c.Referred {
					t.Errorf("%+v", c)
				}
			}
		})
	}
}

// TestOneWhoCannotBeReferred: the focus does not know Replaces, he no REFER: a call to the focus is connected with his.
func TestOneWhoCannotBeReferred(t *testing.T) {
	b := oneLine(t).reach("Talking")
	b.do(Join{Calls: [MaxConf]CallID{1}, Server: true}, Able{Call: 2, Refers: true, Focus: room}, Accepted{Call: 2})
	b.conf("aa-", "Talking Talking Calling", "stop call 2, start call 3 3m0s, invite 3 to "+room+" on 0, sound voice 1 2 speaker")
	b.do(Accepted{Call: 3})
	b.conf("---", "Held Talking Talking", "stop call 3, hold 1 true, bridge 1 3, sound voice 2 speaker")
	if m := movesOf(b.s); m != "bridged with 3, none, shadow bridged with 1" {
		t.Error(m)
	}
	b.do(MoveRefused{Call: 1, Cause: Incompatible}) // their voices do not fit: he is joined here again
	b.conf("aa", "Talking Talking", "hold 1 true, hold 1 false, bye 3, sound voice 1 2 speaker")
	b.do(Byed{Call: 2, Cause: RemoteHangup})
	b.conf("-", "Talking", "log 2, sound voice 1 speaker")
}

func TestTheFocusIsAskedForMore(t *testing.T) {
	b := meeting(t, "Talking", 1)
	b.refused(AddMember{Call: 2, Number: "300"}, Moving)
	b.do(Moved{Call: 2}, AddMember{Call: 2, Number: "300"})
	b.move("none", "Talking", "refer 2 to 300, start move 2 32s")
	b.do(MoveRefused{Call: 2, Cause: UserBusy, Reason: "Busy Here"})
	b.move("none (busy)", "Talking", "stop move 2")
	b.do(RosterChanged{Call: 2, Count: 2, Members: []Member{{ID: "a", URI: "sip:201@pbx.example"}, {ID: "me", Self: true}}})
	b.do(DropMember{Call: 2, Member: "a"})
	b.move("none", "Talking", "refer 2 to end sip:201@pbx.example, start move 2 32s")
	b.do(Moved{Call: 2})
	b.refused(DropMember{Call: 2, Member: "me"}, WrongValue)
	b.refused(DropMember{Call: 2, Member: "nobody"}, WrongState)
	b.refused(AddMember{Call: 2, Number: "112"}, WrongNumber)
	b.refused(MuteMember{Call: 2, Member: "a", On: true}, Forbidden)
	b.do(Able{Call: 2, Refers: true, Focus: room, Controls: true}, MuteMember{Call: 2, Member: "a", On: true})
	b.move("none", "Talking", "mute 2 a true, start move 2 32s")
	b.refused(MuteMember{Call: 2, Member: "a"}, Moving)
	b.do(Moved{Call: 2}, MuteMember{Call: 2, Member: "a"})
	b.move("none", "Talking", "mute 2 a false, start move 2 32s")
	b.do(MoveRefused{Call: 2, Cause: NotAllowed, Reason: "notAllowed"})
	b.move("none (not allowed)", "Talking", "stop move 2")
	b.refused(MuteMember{Call: 2, Member: "me", On: true}, WrongValue)
	b.refused(MuteMember{Call: 2, Member: "nobody", On: true}, WrongState)
	b.do(MoveRefused{Call: 2}) // late
	b.do(AddMember{Call: 2, Number: "300"}, MoveRefused{Call: 2, Cause: ServerError, Unable: true})
	b.refused(AddMember{Call: 2, Number: "300"}, Forbidden)
}

// TestAnotherIsTakenIn: who calls, or is called, while the conference goes on is joined and then moved into it.
func TestAnotherIsTakenIn(t *testing.T) {
	b := meeting(t, "Talking", 1)
	b.do(Moved{Call: 2}, Invited{Ref: 9, Remote: anna, Refers: true, TakesOver: true}, Answer{Call: 3}, Confirmed{Call: 3})
	b.do(Join{Calls: [MaxConf]CallID{2, 3}, Server: true})
	b.conf("aa", "Talking Talking", "hold 2 false, refer 2 to 3, start move 2 32s, sound voice 2 3 speaker")
	b.do(Moved{Call: 2})
	b.conf("-", "Talking", "stop move 2, bye 3, log 3, sound voice 2 speaker")
}

func TestWhatNoServerTakes(t *testing.T) {
	b := able(t, "Talking")
	b.refused(Join{Calls: [MaxConf]CallID{1}}, WrongValue)
	b.s.Config.Lines = []LineConfig{{}, {}}
	b.refused(Join{Calls: [MaxConf]CallID{1}, Server: true}, Forbidden)
	b = oneLine(t)
	b.do(Dial{Number: "112"}, Accepted{Call: 1}, Able{Call: 1, Refers: true, Replaces: true})
	b.do(Join{Calls: [MaxConf]CallID{1}, Server: true})
	b.move("none", "Talking", "")
}

func TestARosterIsOfItsCall(t *testing.T) {
	b := able(t, "Talking")
	b.do(RosterChanged{Call: 1, Count: 1, Members: []Member{{ID: "a"}}})
	if len(b.s.Rosters) != 0 {
		t.Error("a roster of a call that leads to nobody's conference")
	}
	b.do(Able{Call: 1, Focus: room}, RosterChanged{Call: 1, Subject: "Friday", Count: 40, Members: make([]Member, 40)})
	if r := b.s.Roster(1); r == nil || len(r.Members) != MaxMembers || r.Count != 40 || moves(b.changes) != "1 touched" {
		t.Errorf("%+v, %s", r, moves(b.changes))
	}
	var back State
	if err := back.UnmarshalJSON([]byte(encoded(t, b.s))); err != nil || !reflect.DeepEqual(back, b.s) {
		t.Errorf("%v: %+v", err, back.Rosters)
	}
	b.do(Hangup{Call: 1})
	if len(b.s.Rosters) != 0 {
		t.Error("it outlives its call")
	}
}

// TestTheFarSideMakesItAConference: a call of two becomes one to a conference and is none any more, as its far side says; while
// others are being moved into it, that does not count.
func TestTheFarSideMakesItAConference(t *testing.T) {
	b := able(t, "Talking")
	b.do(FocusChanged{Call: 1, Focus: room, Controls: true}, RosterChanged{Call: 1, Members: []Member{{ID: "a"}}})
	if c := b.s.Call(1); c.Focus != room || !c.Controls || b.s.Roster(1) == nil {
		t.Errorf("%+v, roster %+v", c, b.s.Roster(1))
	}
	b.do(FocusChanged{Call: 1})
	if c := b.s.Call(1); c.Focus != "" || c.Controls || b.s.Roster(1) != nil {
		t.Errorf("%+v, roster %+v", c, b.s.Roster(1))
	}
	b.do(FocusChanged{Call: 9, Focus: room})
	b = oneLine(t).reach("Ringback")
	if b.do(FocusChanged{Call: 1, Focus: room}); b.s.Call(1).Focus != "" {
		t.Error("nobody has answered")
	}

	b = meeting(t, "Held Talking", 2, 1)
	b.do(FocusChanged{Call: 3})
	if c := b.s.Call(3); c.Focus != room {
		t.Errorf("%+v", c)
	}
}
