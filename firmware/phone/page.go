package phone

import (
	"math/bits"
	"slices"
)

// Paging: one voice to all phones that listen to a multicast group. A page is a call without a far side: it is heard on the
// loudspeaker at its own volume, ends when nobody speaks any more, and gives way to whatever the user does. Of the groups
// on the air the most important one is heard, which is the one that the settings name first; only the first of them may
// break into a call, which is held meanwhile, and none into an emergency call.

// MaxPages is how many paging groups there may be.
const MaxPages = 31

// The inputs and effects of paging. Group counts from 1, in the order of Config.Pages.
type (
	// PageHeard: somebody speaks to a group.
	PageHeard struct {
		evt
		Group uint8
	}
	// PageSilent: nobody does any more.
	PageSilent struct {
		evt
		Group uint8
	}
	// SendPage lets a call speak to a group; Accepted tells that it does.
	SendPage struct {
		fx
		Call  CallID
		Group uint8
	}
	// HearPage gives a call what is spoken to a group.
	HearPage struct {
		fx
		Call  CallID
		Group uint8
	}
	// EndPage ends either.
	EndPage struct {
		fx
		Call CallID
	}
)

// onAir is what is spoken to the groups, a bit each from the lowest.
type onAir uint32

func airOf(group uint8) onAir { return 1 << (group - 1) }

// page gives the group of a number, 0 if it is none.
func (c *Config) page(number string) uint8 { return uint8(slices.Index(c.Pages, number) + 1) }

// listens tells whether a call is a page that is heard here.
func (c *Call) listens() bool { return c.Page != 0 && c.Dir == Incoming }

// HeardOn gives the path on which the phone is heard, and its volume: pages come from the loudspeaker, at their own.
func (s *State) HeardOn() (Path, uint8) {
	if f := s.Foreground(); f != nil && f.listens() {
		return Speaker, s.PageVolume
	}
	return s.Path, s.Volume[s.Path]
}

func (t *step) pageOnAir(group uint8, on bool) {
	if group == 0 || int(group) > len(t.Config.Pages) {
		return
	}
	before := [2]onAir{t.Air, t.Shut}
	if on {
		t.Air |= airOf(group)
	} else {
		t.Air &^= airOf(group)
		t.Shut &^= airOf(group)
		if f := t.Foreground(); f != nil && f.listens() && f.Page == group {
			t.endPage(f, RemoteHangup)
		}
	}
	if before != [2]onAir{t.Air, t.Shut} {
		t.changed(PagesChanged)
	}
}

// endPage ends a page. What the user has ended is not heard again while it goes on, and neither is the echo of what he
// said himself.
func (t *step) endPage(c *Call, cause Cause) {
	t.do(EndPage{Call: c.ID})
	if t.Shut |= t.Air & airOf(c.Page); cause == Replaced {
		t.Shut &^= airOf(c.Page)
	}
	if c.Over != 0 {
		t.back = c.Over
	}
	t.enter(c, Ended, cause)
}

// meetPages lets the most important page be heard that may be.
func (t *step) meetPages() {
	on := t.Air &^ t.Shut
	if on == 0 || len(t.Lines) == 0 {
		return
	}
	group := uint8(bits.TrailingZeros32(uint32(on))) + 1
	var over CallID
	switch f := t.Foreground(); {
	case f == nil && (!t.pcFront() || int(group) <= t.Config.PagesOver):
	case f == nil:
		return
	case f.listens() && group < f.Page:
		over, f.Over = f.Over, 0
		t.endPage(f, Replaced)
	case f.Page == 0 && f.State == Talking && f.Conf == 0 && int(group) <= t.Config.PagesOver && !t.forHelp(f):
		over = f.ID
	default:
		return
	}
	c := t.begin(Call{Page: group, Dir: Incoming, Over: over, Remote: Peer{Number: t.Config.Pages[group-1]}}, Talking)
	t.do(HearPage{Call: c.ID, Group: group})
}

// forHelp tells whether a call goes to an emergency number.
func (t *step) forHelp(c *Call) bool {
	n, err := t.Config.Number(c.Remote.Number)
	return err == nil && c.Dir == Outgoing && n.Rule == EmergencyRule
}

// newPages takes other groups: what was heard of the old ones means nothing now.
func (t *step) newPages() {
	for i := range t.Calls {
		if c := &t.Calls[i]; c.Page != 0 && c.State != Ended {
			t.endPage(c, LocalHangup)
		}
	}
	t.Air, t.Shut = 0, 0
}
