package phone

import (
	"testing"
	"time"
)

var (
	ben   = Peer{Name: "Ben", Number: "302", URI: "sip:302@pbx.example"}
	rings = LampChanged{Number: "201", Lamp: LampRinging, Caller: ben, Dialog: Dialog{"x", "caller", "called"}}
)

// watching is a phone with keys for Anna and for a place to park at.
func watching(t *testing.T) *bench {
	b := oneLine(t)
	c := b.s.Config
	c.Watch = []WatchConfig{{Number: "201", Name: "Anna"}, {Number: "701", Place: true}}
	b.do(Configure{Config: c})
	return b
}

func (b *bench) lamps() (out string) {
	for _, w := range b.s.Watched {
		out += w.Lamp.String() + " "
	}
	return out
}

func TestLampsTellWhatIsKnown(t *testing.T) {
	b := watching(t)
	if got := b.lamps(); got != "unknown unknown " {
		t.Error(got)
	}
	b.do(rings, LampChanged{Number: "701", Lamp: LampFree}, LampChanged{Number: "999", Lamp: LampBusy}, LampChanged{Number: "201", Lamp: 9})
	if got := b.lamps(); got != "ringing free " || b.s.Watching("201").Caller != ben {
		t.Errorf("%s %+v", got, b.s.Watched)
	}
	before := b.s.Watched
	b.do(LampChanged{Number: "201"}, PresenceChanged{Number: "201", Presence: Away, Note: "Lunch"})
	if got := b.lamps(); got != "unknown free " || b.s.Watched[0].Presence != Away || before[0].Lamp != LampRinging {
		t.Errorf("%s %+v, a published state %+v", got, b.s.Watched, before)
	}
	if seq := b.s.Seq; true {
		b.do(LampChanged{Number: "201"})
		if b.s.Seq != seq {
			t.Error("no news is a change")
		}
	}
	c := b.s.Config
	c.Watch = c.Watch[:1]
	b.do(Configure{Config: c})
	if got := b.lamps(); got != "unknown " {
		t.Error(got)
	}
}

func TestPickUp(t *testing.T) {
	b := watching(t)
	for number, want := range map[string]error{"201": WrongState, "701": WrongState, "": WrongState, "205": WrongValue} {
		if err := b.try(PickUp{Number: number}); err != want {
			t.Errorf("%q: %v, want %v", number, err, want)
		}
	}
	b.do(rings, PickUp{Number: "201"})
	invite := SendInvite{}
	for _, e := range b.effects {
		if i, ok := e.(SendInvite); ok {
			invite = i
		}
	}
	if invite.Replaces != rings.Dialog || !invite.Early || invite.Target != ben.URI || b.s.Calls[0].State != Calling {
		t.Errorf("%+v, calls %s", invite, calls(b.s))
	}
	for _, r := range []struct {
		pickup, group, number, want string
	}{{"**", "", "201", "**201"}, {"", "*8", "", "*8"}} {
		b := watching(t)
		b.s.Config.Pickup, b.s.Config.GroupPickup = r.pickup, r.group
		b.do(LampChanged{Number: "201", Lamp: LampRinging}, PickUp{Number: r.number})
		if got := b.s.Calls[0].Remote.Number; got != r.want {
			t.Errorf("%+v: calls %s", r, got)
		}
	}
	b = watching(t)
	b.do(LampChanged{Number: "201", Lamp: LampRinging})
	if err := b.try(PickUp{Number: "201"}); err != Forbidden {
		t.Errorf("without a dialog: %v", err)
	}
}

// presences are those published by the last input; "-" is none.
func (b *bench) told() Presence {
	for _, e := range b.effects {
		if p, ok := e.(SendPresence); ok {
			return p.Presence
		}
	}
	return presenceCount
}

func TestOwnPresence(t *testing.T) {
	const none = presenceCount
	b := oneLine(t)
	c := b.s.Config
	c.Publish, c.AwayAfter = true, 10*time.Minute
	for i, r := range []struct {
		in   Input
		want Presence
	}{
		{Configure{Config: c}, Available},
		{Dial{Number: "200"}, InCall},
		{Progressed{Call: 1}, none},
		{SetAvailability{Presence: Occupied, For: time.Hour}, none}, // the call goes before
		{CallFailed{Call: 1, Cause: UserBusy}, Occupied},
		{TimerFired{ID: TimerID{FailedTime, 1}}, none},
		{SetAvailability{Presence: DoNotDisturb, For: time.Hour}, DoNotDisturb},
		{TimerFired{ID: TimerID{Kind: AvailableTime}}, Available},
		{SetLock{Kind: IdleLock}, none},
		{TimerFired{ID: TimerID{Kind: AwayTime}}, Away},
		{SetLock{Kind: Unlocked}, Available},
		{TimerFired{ID: TimerID{Kind: AwayTime}}, none}, // too late
		{SetAvailability{Presence: Away, For: time.Hour}, Away},
		{SetAvailability{}, Available},
		{Configure{Config: oneLine(t).s.Config}, PresenceUnknown},
	} {
		if b.do(r.in); b.told() != r.want {
			t.Errorf("%d %T: told %d, want %v", i, r.in, b.told(), r.want)
		}
	}
	b = oneLine(t)
	for _, r := range []struct {
		rules Rules
		want  Published
	}{
		{Rules{DND: true}, Published{Presence: DoNotDisturb}},
		{Rules{}, Published{Presence: Available}},
		{Rules{DND: true, ByServer: true}, Published{Presence: DoNotDisturb}},
		{Rules{Always: Forward{On: true, To: "302"}}, Published{Available, true}},
		{Rules{Always: Forward{On: true, To: "302"}, WorkHours: true, Hours: []Span{{Days: 1, From: 1, To: 2}}}, Published{Presence: Available}}, // who knows for how long
		{Rules{}, Published{}},
	} {
		c := b.s.Config
		c.Publish, c.Rules = r.want != Published{}, r.rules
		c.Rules.RingFor = RingFor
		if err := b.try(Configure{Config: c}); err != nil {
			t.Fatal(err)
		}
		if got := b.s.Published(); got != r.want {
			t.Errorf("%+v: %+v, want %+v", r.rules, got, r.want)
		}
	}
	for _, in := range []SetAvailability{{Presence: Available}, {Presence: Away, For: 25 * time.Hour}, {Presence: InCall, For: time.Hour}, {Presence: 99, For: time.Hour}} {
		if err := b.try(in); err != WrongValue {
			t.Errorf("%+v: %v", in, err)
		}
	}
}
