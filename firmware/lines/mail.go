package lines

import (
	"slices"
	"strings"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/mwi"
	"opendeskphone/sip/stack"
	"opendeskphone/sip/ua"
)

// The server of a line tells the state of its mailbox to whoever subscribes to it (RFC 3842), or unasked.

// box is what is known of the mailbox of a line.
type box struct {
	up   bool
	told bool // there is news that may grow old
}

// watchMail subscribes for the lines that want it and ends the rest.
func (a *Adapter) watchMail(lines []Line) {
	had := slices.Clone(a.mails)
	a.mails = a.standing(a.mails, lines, ua.Subscription{Event: mwi.Event, Accept: []string{mwi.Type}}, func(l *Line) bool { return l.MWI })
	for i, sub := range a.mails {
		if i == len(a.boxes) {
			a.boxes = append(a.boxes, box{})
		} else if sub != had[i] {
			a.boxes[i] = box{}
		}
	}
}

// boxOf finds the line of a subscription.
func (a *Adapter) boxOf(sub ua.SubRef) (phone.LineID, *box) {
	if i := slices.Index(a.mails, sub); i >= 0 {
		return phone.LineID(i), &a.boxes[i]
	}
	return 0, nil
}

// mailWatching: a subscription that falls leaves what it told as it was. One that never stood says nothing about news that
// come unasked.
func (a *Adapter) mailWatching(e ua.Watching) {
	line, b := a.boxOf(e.Sub)
	if b == nil {
		return
	}
	if b.up && !e.Up {
		a.mailUnsure(line)
	}
	b.up = e.Up
}

// mailUnsure tells that no news can come, if any has.
func (a *Adapter) mailUnsure(line phone.LineID) {
	if b := &a.boxes[line]; b.told {
		b.told = false
		a.post(phone.MailUnsure{Line: line})
	}
}

func (a *Adapter) mailNotified(e ua.Notified) {
	if line, b := a.boxOf(e.Sub); b != nil {
		a.mailTold(line, e.Body)
	}
}

// unasked: the user agent believes nobody but the line's own server.
func (a *Adapter) unasked(e ua.Unasked) {
	kind, _, _ := strings.Cut(e.Type, ";")
	if int(e.Account) < len(a.lines) && e.Event == mwi.Event && strings.EqualFold(strings.TrimSpace(kind), mwi.Type) {
		a.mailTold(phone.LineID(e.Account), e.Body)
	}
}

func (a *Adapter) mailTold(line phone.LineID, body []byte) {
	s, err := mwi.Parse(body)
	if err != nil {
		a.log.Warn("what the server says of a mailbox is not understood", "line", line, "err", err)
		return
	}
	if !sameDomain(s.Account, a.lines[line].Account.AOR) {
		s.Account = "" // a key of the phone must not call whom somebody else has named
	}
	a.boxes[line].told = true
	a.post(phone.MailTold{Line: line, Mail: phone.Mail{
		Known: true, Waiting: s.Waiting, Counted: s.Counted, Account: s.Account,
		New: s.Voice.New, Old: s.Voice.Old, UrgentNew: s.Voice.UrgentNew, UrgentOld: s.Voice.UrgentOld,
	}})
}

// sameDomain tells whether two SIP addresses are of one domain.
func sameDomain(a, b string) bool {
	x, errX := stack.ParseURI(a)
	y, errY := stack.ParseURI(b)
	sip := func(u stack.Uri) bool { return u.Scheme == "sip" || u.Scheme == "sips" }
	return errX == nil && errY == nil && sip(x) && sip(y) && x.User != "" && x.Host != "" && strings.EqualFold(x.Host, y.Host)
}
