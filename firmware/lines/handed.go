package lines

import (
	"slices"

	"opendeskphone/sip/ua"
)

// What a server hands down to a line comes in the answers to a subscription of that line (RFC 6080). What a document says is
// for others.
const (
	handedEvent = "ua-profile"
	handedType  = "application/json"
)

// OnHanded sets what is told the document that a line's server hands down, again with each change; nil: nothing is. It must
// not block. Before Run.
func (a *Adapter) OnHanded(fn func(aor string, doc []byte)) { a.handed = fn }

// AskHanded has the server of a line tell anew what it hands down.
func (a *Adapter) AskHanded(aor string) { a.put(askHanded(aor)) }

type askHanded string

func (a *Adapter) askHanded(aor string) {
	for i := range a.lines {
		if a.lines[i].Account.AOR == aor && a.downs[i] != 0 {
			a.agent.Refetch(a.downs[i])
		}
	}
}

// watchHanded subscribes for the lines to which something may be handed down, and ends the rest.
func (a *Adapter) watchHanded(lines []Line) {
	a.downs = a.standing(a.downs, lines, ua.Subscription{Event: handedEvent, Accept: []string{handedType}}, func(l *Line) bool { return l.Handed })
}

// handedDown passes a document on, if the subscription is for one.
func (a *Adapter) handedDown(sub ua.SubRef, doc []byte) {
	if i := slices.Index(a.downs, sub); i >= 0 && sub != 0 && a.handed != nil {
		a.handed(a.lines[i].Account.AOR, doc)
	}
}

// standing keeps one subscription for each line that wants it, and ends the rest. A line whose account differs begins anew.
func (a *Adapter) standing(subs []ua.SubRef, lines []Line, s ua.Subscription, wants func(*Line) bool) []ua.SubRef {
	for i := range max(len(lines), len(subs)) {
		want := i < len(lines) && wants(&lines[i]) && !lines[i].Account.Direct
		if i == len(subs) {
			subs = append(subs, 0)
		}
		if subs[i] != 0 && (!want || i >= len(a.lines) || a.lines[i].Account != lines[i].Account) {
			a.agent.Unsubscribe(subs[i])
			subs[i] = 0
		}
		if want && subs[i] == 0 {
			subs[i] = a.agent.Subscribe(ua.AccountID(i), s)
		}
	}
	return subs
}
