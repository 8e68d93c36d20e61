package device

import (
	"context"
	"crypto/x509"
	"sync"

	"opendeskphone/firmware/mailbox"
	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/settings"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/ui/screen"
)

// setMailboxes takes where the voice messages of the lines lie. Whoever vouches for servers of SIP does so for these.
func (d *Device) setMailboxes(all []settings.Line, sip settings.SIP) {
	roots := sync.OnceValue(func() *x509.CertPool {
		pool, err := stackConfig(sip, d.opts.Version).TLS.Roots()
		d.report("the authorities for the mailbox cannot be read", err)
		return pool
	})
	by := map[phone.LineID]mailbox.Config{}
	for i, l := range all {
		if l.Mailbox != "" {
			by[phone.LineID(i)] = mailbox.Config{Server: l.Mailbox, User: l.MailboxUser, Password: mailbox.Secret(l.MailboxPass.Reveal()), Folder: l.MailboxFolder, Roots: roots()}
		}
	}
	d.mail.Configure(by)
}

// shownMailbox lets the screens list voice messages and hear them.
type shownMailbox struct{ d *Device }

var mailFaults = [mailbox.FaultCount]screen.MailFault{
	mailbox.Unreachable: screen.MailUnreachable, mailbox.Untrusted: screen.MailUntrusted, mailbox.WrongPassword: screen.MailPassword,
	mailbox.NoFolder: screen.MailNoFolder, mailbox.Unplayable: screen.MailUnplayable, mailbox.Gone: screen.MailGone,
}

// Box implements screen.Mailboxes.
func (s shownMailbox) Box(line phone.LineID) (screen.Box, bool) {
	if !s.d.mail.Has(line) {
		return screen.Box{}, false
	}
	b := s.d.mail.Box(line)
	out := screen.Box{Listed: b.Listed, Reading: b.Reading, Fault: mailFaults[b.Fault]}
	for _, m := range b.Messages {
		out.Messages = append(out.Messages, screen.Message{ID: m.ID, From: m.From, Received: m.Received, Lasts: m.Lasts, New: m.New, Urgent: m.Urgent})
	}
	return out, true
}

// Refresh implements screen.Mailboxes.
func (s shownMailbox) Refresh(line phone.LineID) { s.d.mail.Refresh(line) }

// Mark implements screen.Mailboxes.
func (s shownMailbox) Mark(id string, heard bool) { s.d.mail.Mark(id, heard) }

// Delete implements screen.Mailboxes.
func (s shownMailbox) Delete(id string) { s.d.mail.Delete(id) }

// Undelete implements screen.Mailboxes.
func (s shownMailbox) Undelete(id string) { s.d.mail.Undelete(id) }

// Heard implements screen.Mailboxes.
func (s shownMailbox) Heard() (screen.Place, bool) {
	p, ok := s.d.player.Place()
	return screen.Place(p), ok
}

// Voicemail is the voice messages of the lines, towards controllers.
func (d *Device) Voicemail() tpcp.Voicemail { return toldMailbox{d} }

// toldMailbox lets controllers list voice messages; the core has them heard.
type toldMailbox struct{ d *Device }

// mailFaultNames are the faults of a list; those of a message are none.
var mailFaultNames = [mailbox.FaultCount]string{
	mailbox.Unreachable: "unreachable", mailbox.Untrusted: "untrusted", mailbox.WrongPassword: "wrongPassword", mailbox.NoFolder: "noFolder",
}

// Messages implements tpcp.Voicemail.
func (t toldMailbox) Messages(ctx context.Context, line phone.LineID) (list []tpcp.VoiceMessage, fault string, ok bool) {
	if !t.d.mail.Has(line) {
		return nil, "", false
	}
	b := t.d.mail.Read(ctx, line)
	for _, m := range b.Messages {
		list = append(list, tpcp.MessageOf(m.From, tpcp.VoiceMessage{MessageID: m.ID, ReceivedAt: tpcp.Time{Time: m.Received}, DurationMs: m.Lasts.Milliseconds(), New: m.New, Urgent: m.Urgent}))
	}
	return list, mailFaultNames[b.Fault], true
}

// HasMessage implements tpcp.Voicemail.
func (t toldMailbox) HasMessage(id string) bool { return t.d.mail.Lists(id) }
