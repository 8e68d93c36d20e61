package lines

import (
	"errors"
	"strings"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/cccp"
	"opendeskphone/sip/roster"
	"opendeskphone/sip/ua"
)

// Where the far side of a call is the focus of a conference, it tells who is in it to whoever subscribes (RFC 4575).

// attend is what is known of the conference that a call leads to.
type attend struct {
	uri string
	sub ua.SubRef // 0: not subscribed
	who roster.Roster

	orders uint32 // how many have been given; the number of the last
	waits  bool   // for the outcome of the last
}

// wantsAll is a header that no standard has: a Linphone that holds a conference ends where it is missing, and takes 0 as the
// wish to be told everything.
var wantsAll = [2]string{"Last-Notify-Version", "0"}

// attend asks the focus who is in its conference.
func (a *Adapter) attend(c *call) {
	if c.focus.uri != "" && c.focus.sub == 0 {
		c.focus.sub = a.agent.Subscribe(ua.AccountID(c.line), ua.Subscription{Event: roster.Event, Target: c.focus.uri, Accept: []string{roster.Type}, Headers: [][2]string{wantsAll}})
	}
}

// unattend asks no more.
func (a *Adapter) unattend(c *call) {
	if c.focus.sub != 0 {
		a.agent.Unsubscribe(c.focus.sub)
		c.focus.sub = 0
	}
}

// refocused: the far side has become a conference, or is none any more. An order to the former one has no answer.
func (a *Adapter) refocused(c *call, e ua.Refocused) {
	if c.focus.waits {
		a.post(phone.MoveRefused{Call: c.id, Cause: phone.NotFound})
	}
	a.unattend(c)
	c.focus = attend{uri: e.Focus, orders: c.focus.orders}
	a.post(phone.FocusChanged{Call: c.id, Focus: e.Focus, Controls: e.Controls})
	if c.stands {
		a.attend(c)
	}
}

// attending finds the call of a subscription.
func (a *Adapter) attending(sub ua.SubRef) *call {
	for _, c := range a.calls {
		if c.focus.sub == sub && sub != 0 {
			return c
		}
	}
	return nil
}

// rosterWatching: while the subscription is down nobody knows who is in.
func (a *Adapter) rosterWatching(e ua.Watching) {
	if c := a.attending(e.Sub); c != nil && !e.Up {
		c.focus.who = roster.Roster{}
		a.post(phone.RosterChanged{Call: c.id})
	}
}

func (a *Adapter) rosterNotified(e ua.Notified) {
	c := a.attending(e.Sub)
	if c == nil || len(e.Body) == 0 { // a server of presence has none until the focus has published
		return
	}
	switch err := c.focus.who.Apply(e.Body); {
	case errors.Is(err, roster.ErrMissed):
		a.agent.Refetch(e.Sub)
	case errors.Is(err, roster.ErrStale):
	case err != nil:
		a.log.Warn("a roster cannot be read", "call", c.id, "err", err)
	default:
		a.post(a.rosterOf(c))
	}
}

// rosterOf shows who is in a conference: those who can be named, at most as many as the centre lists.
func (a *Adapter) rosterOf(c *call) phone.RosterChanged {
	out := phone.RosterChanged{Call: c.id, Subject: ua.Clean(c.focus.who.Subject), Count: max(c.focus.who.Count, len(c.focus.who.Users))}
	for i := range c.focus.who.Users {
		u := &c.focus.who.Users[i]
		p, ok := ua.ReadPeer(u.Display, u.Entity)
		id := ua.WholeURI(u.Entity)
		if !ok || id == "" || len(out.Members) == phone.MaxMembers {
			continue
		}
		shown := a.peer(p)
		out.Members = append(out.Members, phone.Member{ID: id, Name: shown.Name, Number: shown.Number, URI: shown.URI,
			State: memberState(u.Status()), Muted: u.Muted(), Self: strings.EqualFold(p.URI, a.lines[c.line].Account.AOR)})
	}
	return out
}

// control asks the focus to let nobody hear a member, or to let all hear him.
func (a *Adapter) control(e phone.SendMute) {
	c := a.calls[e.Call]
	if c == nil {
		return // gone, and the centre hears of it
	}
	m, ok := c.focus.voiceOf(e.Member)
	if !ok {
		a.post(phone.MoveRefused{Call: c.id, Cause: phone.NotFound})
		return
	}
	c.focus.orders, c.focus.waits = c.focus.orders+1, true
	m.ID, m.Conference, m.From, m.On = c.focus.orders, c.focus.uri, a.lines[c.line].Account.AOR, e.On
	a.agent.Control(c.ref, m.XML())
}

// voiceOf names a member's audio as the focus does.
func (f *attend) voiceOf(member string) (cccp.Mute, bool) {
	for i := range f.who.Users {
		u := &f.who.Users[i]
		if u.Entity != member {
			continue
		}
		for _, e := range u.Endpoints {
			for _, m := range e.Media {
				if m.Kind == "audio" {
					return cccp.Mute{User: u.Entity, Endpoint: e.Entity, Media: m.ID}, true
				}
			}
		}
	}
	return cccp.Mute{}, false
}

// controlled takes what the focus says to the last order: at once, or later in a request of its own.
func (a *Adapter) controlled(c *call, e ua.Controlled) {
	switch {
	case !c.focus.waits:
		return
	case e.Code >= 300:
		c.focus.waits = false
		a.post(phone.MoveRefused{Call: c.id, Cause: failCause(e.Code), Reason: e.Text})
		return
	case e.Body == nil: // the answer comes later
		return
	}
	said, err := cccp.Read(e.Body)
	switch {
	case err != nil:
		a.log.Warn("what a focus answers cannot be read", "call", c.id, "err", err)
	case said.ID != c.focus.orders:
	case said.Outcome == cccp.Pending:
		a.post(phone.MoveProgressed{Call: c.id})
	case said.Outcome == cccp.Done:
		c.focus.waits = false
		a.post(phone.Moved{Call: c.id})
	default:
		c.focus.waits = false
		a.post(phone.MoveRefused{Call: c.id, Cause: phone.NotAllowed, Reason: ua.Clean(said.Reason)})
	}
}

func memberState(s roster.Status) phone.MemberState {
	switch s {
	case roster.Pending, roster.DialingOut, roster.DialingIn, roster.Alerting:
		return phone.MemberCalling
	case roster.OnHold:
		return phone.MemberHolding
	case roster.Disconnecting, roster.Disconnected:
		return phone.MemberGone
	}
	return phone.MemberJoined
}
