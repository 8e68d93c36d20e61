package tpcp

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"opendeskphone/firmware/phone"
)

// books is the twin of all that the phone serves besides calls.
type books struct {
	contacts []Contact
	notes    map[phone.CallID]string
	log      []phone.Record
}

// services is a phone that has every part.
func services() Services {
	b := &books{contacts: []Contact{{ContactID: "1", Name: "Jonas"}}, notes: map[phone.CallID]string{}}
	return Services{Log: b, Contacts: b, Stats: b, Traces: b, Lock: &lockTwin{}, Credentials: b, Accounts: b, Backlight: b, Rules: &ruleTwin{}, Voicemail: b}
}

func (b *books) Calls() []phone.Record { return b.log }
func (b *books) NoteLogged(id, text string) error {
	for i := range b.log {
		if b.log[i].ID == id {
			b.log[i].Note = text
			return nil
		}
	}
	return Refuse(CodeNoSuchCall, "the log has no such call")
}
func (b *books) AddPC(r phone.Record) (string, error) {
	if r.ID == "" {
		r.ID = fmt.Sprint("new", len(b.log))
	}
	b.log = append([]phone.Record{r}, b.log...)
	return r.ID, nil
}
func (b *books) Import(in []phone.Record) (added, known int, err error) {
	b.log = append(in, b.log...)
	return len(in), 0, nil
}
func (b *books) DeleteCalls(ids ...string) int {
	n := len(b.log)
	b.log = slices.DeleteFunc(b.log, func(r phone.Record) bool { return slices.Contains(ids, r.ID) })
	return n - len(b.log)
}
func (b *books) Note(id phone.CallID, text string) error {
	b.notes[id] = text
	return nil
}
func (b *books) Contacts() []Contact { return b.contacts }
func (b *books) PutContact(c Contact) (string, error) {
	if c.Name == "" {
		return "", Refuse(CodeBadParams, "the contact is empty")
	}
	b.contacts = append(b.contacts, c)
	return fmt.Sprint(len(b.contacts)), nil
}
func (b *books) DeleteContact(id string) error {
	if id != "1" {
		return Refuse(CodeBadParams, "there is no such contact")
	}
	b.contacts = nil
	return nil
}
func (b *books) CallStats(id phone.CallID) (Stats, bool) { return Stats{Codec: "opus"}, id < 10 }
func (b *books) Traces() []Trace                         { return []Trace{{TraceID: "t-1", CallIDs: []string{"c-1"}}} }
func (b *books) Trace(id, format string) ([]byte, bool) {
	return bytes.Repeat([]byte(format+"\n"), 20000), id == "t-1"
}
func (b *books) Capabilities() CredCapabilities { return CredCapabilities{Kinds: []string{"sipHa1"}} }
func (b *books) Install(_ context.Context, _ Pairing, _ string, p CredParams, _ string) error {
	if p.User == "mallory" {
		return Refuse(CodeUserDeclined, "the person at the phone declined")
	}
	return nil
}
func (b *books) Status(string) (CredStatus, bool) { return CredStatus{Kind: "sipHa1"}, true }
func (b *books) Clear(string) error               { return nil }
func (b *books) Bootstrap(context.Context, Pairing, BootstrapParams) (phone.LineID, error) {
	return 0, nil
}
func (b *books) SetBacklight(int) error { return nil }

func (b *books) Messages(_ context.Context, line phone.LineID) ([]VoiceMessage, string, bool) {
	m := VoiceMessage{MessageID: voicemail, ReceivedAt: Time{noon}, New: true, Urgent: true}
	return []VoiceMessage{MessageOf(anna, m)}, "unreachable", line == 0
}
func (b *books) HasMessage(id string) bool { return id == voicemail }

// voicemail is the voice message that there is.
const voicemail = phone.VoicemailID + "0:1:2"

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
