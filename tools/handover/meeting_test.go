package handover

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/peer/focus"
)

func newMeeting(t *testing.T, c focus.Config) *Stage {
	return newStageBy(t, func(ctx context.Context, dir string) (*Stage, error) { return NewMeetingStage(ctx, dir, c) })
}

// present names who is in the conference of the phone's only call, as its roster says, by number.
func present(st *phone.State) string {
	var out []string
	for _, r := range st.Rosters {
		for _, m := range r.Members {
			word := m.Number
			switch {
			case m.State == phone.MemberHolding:
				word += " holds"
			case m.State != phone.MemberJoined:
				word += " comes"
			}
			out = append(out, word)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// waitPresent waits until these are in the conference, and nothing else is under way at the phone.
func (s *Stage) waitPresent(t *testing.T, want string) phone.State {
	t.Helper()
	st, err := s.Phone.WaitState(soon(t), "in the conference: "+want, func(st *phone.State) bool {
		return present(st) == want && calls(st) == "Talking" && st.Calls[0].Focus != "" && !st.Calls[0].Referred
	})
	if err != nil {
		now, _ := s.Phone.State()
		t.Fatalf("%v\ncalls %+v\nrosters %+v", err, now.Calls, now.Rosters)
	}
	return st
}

// TestCallsAreMovedToTheServer: two calls are joined and taken over by the focus, each peer the way it can; a third is
// called by the focus; one is put out; who is left hears each other through the focus alone.
func TestCallsAreMovedToTheServer(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  focus.Config
	}{{"replaces", focus.Config{}}, {"refer", focus.Config{NoReplaces: true, Whole: true}}, {"hold", focus.Config{NoRefer: true}}} {
		t.Run(c.name, func(t *testing.T) {
			s := newMeeting(t, c.cfg)
			b, l := Cast{Make: "baresip", User: "201", Host: 11}, Cast{Make: "linphonec", User: "202", Host: 12}
			s.enter(t, b)
			s.enter(t, l)
			s.do(t, phone.Dial{Number: b.User})
			s.waitCalls(t, "Talking")
			s.do(t, phone.Dial{Number: l.User})
			s.waitCalls(t, "Held Talking")
			s.do(t, phone.Join{Calls: [phone.MaxConf]phone.CallID{1, 2}, Server: true})
			s.waitPresent(t, "100, 201, 202")
			wire := s.Wire.Mark()
			for _, p := range []Cast{b, l} {
				must(t, s.WaitFlow(soon(t), wire, p.Addr(), focusAt.Addr()))
			}
			must(t, s.WaitFlow(soon(t), wire, s.Phone.Addr(), focusAt.Addr()))
			if n := s.Flow(s.Wire.Mark(), b.Addr(), s.Phone.Addr()); n > 0 {
				t.Errorf("%d packets still come straight to the phone", n)
			}
			if c.name == "hold" {
				return
			}
			third := Cast{Make: "baresip", User: "203", Host: 13}
			s.enter(t, third)
			st := s.waitPresent(t, "100, 201, 202")
			s.do(t, phone.AddMember{Call: st.Calls[0].ID, Number: third.User})
			s.waitPresent(t, "100, 201, 202, 203")
			s.do(t, phone.DropMember{Call: st.Calls[0].ID, Member: fmt.Sprintf("sip:%s@%s", b.User, Domain)})
			s.waitPresent(t, "100, 202, 203")
			s.do(t, phone.Hangup{Call: st.Calls[0].ID})
			s.waitCalls(t, "")
			must(t, s.WaitFlow(soon(t), s.Wire.Mark(), l.Addr(), focusAt.Addr())) // the others go on without us
		})
	}
}

var _ = lab.Flow
