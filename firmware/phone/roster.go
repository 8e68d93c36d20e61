package phone

import "slices"

// MaxMembers is how many of a conference at a server are listed.
const MaxMembers = 32

// MemberState is what somebody is doing in a conference (RFC 4575 §5.6.1).
type MemberState uint8

// The states of a member.
const (
	MemberJoined  MemberState = iota // in it
	MemberCalling                    // being called, or on his way in
	MemberHolding                    // in it, but holds it
	MemberGone                       // leaving, or has left
	memberStateCount
)

// Member is one of a conference at a server, as the focus tells.
type Member struct {
	ID     string // the focus's own name for him
	Name   string // may be empty
	Number string // as to be shown
	URI    string
	State  MemberState
	Muted  bool // nobody hears him
	Self   bool // this phone
}

// Roster is who is in the conference that a call leads to (RFC 4575).
type Roster struct {
	Call    CallID
	Subject string   // may be empty
	Count   int      // of all members; more than are listed where there are more than MaxMembers
	Members []Member // never written to
}

// RosterChanged: the focus tells who is in its conference; with nobody in it, that this is not known any more.
type RosterChanged struct {
	evt
	Call    CallID
	Subject string
	Count   int
	Members []Member
}

// Roster gives who is in the conference of a call; nil if that is not known.
func (s *State) Roster(call CallID) *Roster {
	for i := range s.Rosters {
		if s.Rosters[i].Call == call {
			return &s.Rosters[i]
		}
	}
	return nil
}

// Member finds a member by his name; nil if there is none.
func (r *Roster) Member(id string) *Member {
	if r == nil {
		return nil
	}
	for i := range r.Members {
		if r.Members[i].ID == id {
			return &r.Members[i]
		}
	}
	return nil
}

func (t *step) rosterChanged(in RosterChanged) {
	c := t.Call(in.Call)
	known := t.Roster(in.Call) != nil
	if c == nil || c.Focus == "" || !c.State.stands() || !known && len(in.Members) == 0 {
		return
	}
	r := Roster{Call: in.Call, Subject: in.Subject, Count: max(in.Count, len(in.Members)), Members: slices.Clone(in.Members[:min(len(in.Members), MaxMembers)])}
	t.dropRoster(in.Call)
	if len(in.Members) > 0 {
		t.Rosters = append(slices.Clip(t.Rosters), r)
	}
	t.touched(c)
}

// focusChanged: a call has become one to a conference, or is none any more. One that others are being moved into stays what
// it was: their moves tell what comes of it.
func (t *step) focusChanged(in FocusChanged) {
	c := t.Call(in.Call)
	if c == nil || !c.State.stands() || c.Shadow || c.Page != 0 || c.Focus == in.Focus || len(t.Into(c.ID)) > 0 {
		return
	}
	c.Focus, c.Controls = in.Focus, in.Controls
	t.dropRoster(c.ID)
	t.touched(c)
}

// dropRoster forgets who is in the conference of a call.
func (t *step) dropRoster(call CallID) {
	if t.Roster(call) != nil {
		t.Rosters = slices.DeleteFunc(slices.Clone(t.Rosters), func(r Roster) bool { return r.Call == call })
	}
}
