package lines

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/eventbody"
	"opendeskphone/sip/ua"
)

// The phones of a shared line know of each other through its server (RFC 7463): each publishes its own dialogs with the
// appearance they are at (RFC 3903, RFC 4235), and subscribes to those of all. No server hands the appearances out. Each
// phone takes the first that is free, and of two that took one at once it is his whose dialog has the lesser name.

// share is what is known of a shared line.
type share struct {
	sub     ua.SubRef
	dialogs eventbody.Dialogs
	calls   []phone.Appeared // ours
}

// setShares begins to share the lines that are to be, and leaves the rest. A line whose account differs begins anew.
func (a *Adapter) setShares(lines []Line) {
	for i := range max(len(lines), len(a.lines)) {
		id := phone.LineID(i)
		want := i < len(lines) && lines[i].Shared && !lines[i].Account.Direct
		s := a.shares[id]
		if s != nil && (!want || i >= len(a.lines) || a.lines[i].Account != lines[i].Account) {
			a.agent.Unsubscribe(s.sub)
			delete(a.shares, id)
			a.post(phone.AppearancesTold{Line: id})
			s = nil
		}
		if want && s == nil {
			sub := ua.Subscription{Event: dialogPackage, Target: lines[i].Account.AOR, Accept: []string{eventbody.DialogType}}
			a.shares[id] = &share{sub: a.agent.Subscribe(ua.AccountID(i), sub)}
		}
	}
}

// newName makes the beginning of the names of this phone's dialogs.
func newName() string { return rand.Text()[:12] + "-" }

// dialogName names a dialog among those of all phones of the line.
func (a *Adapter) dialogName(call phone.CallID) string { return fmt.Sprintf("%s%d", a.me, call) }

// appeared tells the other phones which calls of ours are where.
func (a *Adapter) appeared(calls []phone.Appeared) {
	for line, s := range a.shares {
		s.calls = slices.DeleteFunc(slices.Clone(calls), func(c phone.Appeared) bool { return c.Line != line })
		a.tellShare(line)
	}
}

// tellShare publishes the dialogs of a line, if they are others than before. Of none an empty document tells: Kamailio goes on
// telling of one that is taken away.
func (a *Adapter) tellShare(line phone.LineID) {
	s := a.shares[line]
	if s == nil {
		return
	}
	aor := a.lines[line].Account.AOR
	doc := eventbody.DialogInfo{Full: true, Entity: aor}
	for _, c := range s.calls {
		d := eventbody.Dialog{ID: a.dialogName(c.Call), Called: c.Dir == phone.Incoming, State: dialogState(c.State), Appearance: c.Number, Exclusive: c.Private,
			Local: eventbody.Party{URI: aor, Holds: c.State == phone.Held}}
		if call := a.calls[c.Call]; call != nil {
			d.CallID, d.LocalTag, d.RemoteTag = cmp.Or(call.theirs.CallID, call.callID), call.theirs.FromTag, call.theirs.ToTag
		}
		if c.Remote.URI != "" {
			d.Remote = eventbody.Party{Display: c.Remote.Name, URI: a.sipURI(line, c.Remote.URI)}
		}
		doc.Dialogs = append(doc.Dialogs, d)
	}
	a.agent.Publish(ua.AccountID(line), dialogPackage, eventbody.DialogType, doc.Write())
}

func dialogState(s phone.CallState) eventbody.DialogState {
	switch s {
	case phone.Dialing, phone.Calling:
		return eventbody.Trying
	case phone.Ringback, phone.Ringing:
		return eventbody.Early
	}
	return eventbody.Confirmed
}

// shareOf finds the line of a subscription.
func (a *Adapter) shareOf(sub ua.SubRef) (phone.LineID, *share) {
	for line, s := range a.shares {
		if s.sub == sub {
			return line, s
		}
	}
	return 0, nil
}

func (a *Adapter) shareWatching(e ua.Watching) {
	line, s := a.shareOf(e.Sub)
	if s == nil {
		return
	}
	s.dialogs = eventbody.Dialogs{}
	if !e.Up {
		a.post(phone.AppearancesTold{Line: line})
	}
}

// shareNeutral: nobody has told the server of a call.
func (a *Adapter) shareNeutral(e ua.Neutral) {
	if line, s := a.shareOf(e.Sub); s != nil {
		s.dialogs = eventbody.Dialogs{}
		a.post(phone.AppearancesTold{Line: line, Known: true})
	}
}

func (a *Adapter) shareNotified(e ua.Notified) {
	line, s := a.shareOf(e.Sub)
	if s == nil {
		return
	}
	d, err := eventbody.ParseDialogInfo(e.Body)
	if err != nil {
		a.log.Info("appearances cannot be read", "err", err)
		a.post(phone.AppearancesTold{Line: line})
		return
	}
	if !s.dialogs.Take(d) {
		a.agent.Refetch(e.Sub)
		return
	}
	told := phone.AppearancesTold{Line: line, Known: true}
	for _, d := range s.dialogs.List() { // a server may tell of calls that it has seen itself: those are at no appearance
		if d.Appearance > 0 && !strings.HasPrefix(d.ID, a.me) {
			told.Others = append(told.Others, a.other(s, d))
		}
	}
	a.post(told)
}

// other reads what another phone does.
func (a *Adapter) other(s *share, d eventbody.Dialog) phone.Other {
	o := phone.Other{Appearance: phone.Appearance{Number: d.Appearance, State: phone.AppearanceBusy, Exclusive: d.Exclusive, Caller: a.peer(ua.PeerOf(d.Remote.Display, d.Remote.URI))}}
	switch {
	case d.State == eventbody.Early && d.Called:
		o.State = phone.AppearanceRinging
	case d.State == eventbody.Confirmed:
		if d.Local.Holds {
			o.State = phone.AppearanceHeld
		}
		o.Dialog = phone.Dialog{CallID: d.CallID, ToTag: d.RemoteTag, FromTag: d.LocalTag} // as the far side has it
	}
	for _, c := range s.calls {
		call := a.calls[c.Call]
		switch {
		case call != nil && call.callID != "" && call.callID == d.CallID: // the phones meet at the lesser place
			o.Ours, o.First = c.Call, d.Appearance < c.Number
		case c.Number == d.Appearance:
			o.First = d.ID < a.dialogName(c.Call)
		}
	}
	return o
}
