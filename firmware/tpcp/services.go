package tpcp

import (
	"context"
	"time"

	"opendeskphone/firmware/phone"
)

// Pairing is a paired computer as the server sees it.
type Pairing struct {
	ID         string // hex
	Name, User string // of the computer and its user
	Rights     Rights
	// Secret is the attach secret of the cable while it is plugged in and proven; nil otherwise. A new
	// plug-in has a new one.
	Secret     []byte
	LastAttach time.Time // when the cable was last seen plugged in; it does not matter while Secret is there
}

// Pairings are the computers that may connect. Find must not block for long: it is asked in the handshake
// and whenever Server.Review is called.
type Pairings interface {
	Find(Pin) (Pairing, bool)
	Count() int
}

// Services are the parts of the phone that controllers reach besides its core. Where one is nil, or
// refuses a method by CodeNotSupported, controllers get just that. Their errors are made with Refuse, or
// are a phone.Refusal; others are told as internal and logged. They are called on the goroutine of a leg.
type Services struct {
	Log         Log
	Contacts    Contacts
	Stats       CallStats
	Traces      Traces
	Lock        Lock
	Credentials Credentials
	Accounts    Accounts
	Backlight   Backlight
	Rules       Rules
	Voicemail   Voicemail
}

// Log is the call log.
type Log interface {
	// Calls gives the calls that ended, newest first; the slice is not written again.
	Calls() []phone.Record
	// Note puts a note to a call, which may still go on; CodeNoSuchCall if the log has forgotten it.
	Note(call phone.CallID, text string) error
	// NoteLogged puts a note to a call of the log.
	NoteLogged(id, text string) error
	// AddPC adds what a computer tells of, or changes what it has told of by that ID.
	AddPC(phone.Record) (id string, err error)
	// Import adds calls of another log, all or none.
	Import([]phone.Record) (added, known int, err error)
	// DeleteCalls deletes calls, and tells how many of them there were.
	DeleteCalls(ids ...string) int
}

// Contacts is the address book.
type Contacts interface {
	Contacts() []Contact // by name; the slice is not written again
	PutContact(Contact) (id string, err error)
	DeleteContact(id string) error
}

// CallStats tells how a call sounds; ok is false if the call has no voice yet, or is forgotten.
type CallStats interface {
	CallStats(phone.CallID) (s Stats, ok bool)
}

// Traces are what was kept of calls and sign-ins.
type Traces interface {
	Traces() []Trace // the one that began last first
	// Trace gives one as a file in a format, TracePCAP or TraceText; ok is false if it is forgotten.
	Trace(id, format string) (file []byte, ok bool)
}

// Lock is the phone's lock as far as a computer may move it.
type Lock interface {
	// HostState takes news of the computer's screen; attached tells whether the cable is proven.
	HostState(p Pairing, attached bool, s HostState) (LockState, error)
}

// Credentials is what lines sign in with. Install may wait for the person at the phone.
type Credentials interface {
	Capabilities() CredCapabilities
	Install(ctx context.Context, p Pairing, session string, r CredParams, aor string) error
	Status(aor string) (CredStatus, bool)
	Clear(aor string) error
}

// Accounts makes lines. Bootstrap may wait for the person at the phone; it gives the line's place.
type Accounts interface {
	Bootstrap(ctx context.Context, p Pairing, r BootstrapParams) (phone.LineID, error)
}

// Rules are who gets the calls that come in; phone.State has them for reading.
type Rules interface {
	// Change changes the rules; what change returns is the refusal, and rules that cannot be are CodeBadParams.
	Change(change func(*phone.Rules) error) error
	// Document gives the rules as the XML document of servers, and Read lays one over rules.
	Document() []byte
	Read(document []byte, r *phone.Rules) error
}

// Backlight is the display's.
type Backlight interface {
	SetBacklight(percent int) error
}
