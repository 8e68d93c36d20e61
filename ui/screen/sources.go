package screen

import (
	"time"

	"opendeskphone/audio/quality"
	"opendeskphone/firmware/phone"
	"opendeskphone/ui/widget"
)

// Sources are what the screens show beyond phone.State. Every method that reads answers at once from memory; the slices it
// gives are never written again, so a screen may keep them while it stands.
type Sources struct {
	Contacts   Contacts
	Log        Log
	Media      Media
	Settings   Settings
	Lock       Lock
	Computers  Computers
	Recordings Recordings
	Ladders    Ladders
	Reports    Reports
	Mailboxes  Mailboxes
}

// Lock is the lock of the phone. What comes of a PIN shows in phone.State.Lock.
type Lock interface {
	HasPIN() bool
	Try(pin string)          // returns at once
	Prove(pin string) bool   // whoever is at the unlocked phone knows the PIN; wrong ones are counted
	SetPIN(pin string) error // 4 to 8 digits; empty takes it away; only after Prove if there is one
	Lock()                   // now
}

// Computer is a computer the phone is paired with.
type Computer struct {
	ID         string
	Name, User string
	Seen       time.Time // when its cable was last plugged in
	Attached   bool
	Rights     uint16 // what it may do, as bits: see calls, make and take them, change the phone, sign it in, lock it
}

// Computers are the computers the phone is paired with.
type Computers interface {
	Computers() []Computer // the one seen last first
	Remove(id string)      // returns at once
}

// Number is one way to reach a contact.
type Number struct {
	Kind  string // "mobile", "work", "home", "sip" or "other"
	Value string // a number as written, or an address
}

// Contact is a person or a firm of the address book.
type Contact struct {
	ID           string // the book's own name for the entry; empty for one that is new
	Name         string
	Organisation string
	Numbers      []Number
}

// numbersOf are a contact's numbers as written.
func numbersOf(c *Contact) []string {
	out := make([]string, len(c.Numbers))
	for i, n := range c.Numbers {
		out[i] = n.Value
	}
	return out
}

// kind tells a firm from a person: an entry that bears the firm's name is the firm.
func (c *Contact) kind() widget.Kind {
	if c.Organisation != "" && c.Organisation == c.Name {
		return widget.Organisation
	}
	return widget.Person
}

// Contacts is the address book.
type Contacts interface {
	Contacts() []Contact // by name
	AddContact(Contact) error
	DeleteContact(id string) error
}

// Log is the list of past calls.
type Log interface {
	Calls() []phone.Record // newest first
	NoteLogged(id, note string) error
	DeleteCalls(ids ...string) int // tells how many of them there were
}

// Stats is how a call sounds.
type Stats struct {
	Codec string        // "Opus 48 kHz"; empty: not known yet
	Kbps  int           // of the voice as received
	Delay time.Duration // one way, estimated
	Loss  float64       // share of packets that did not arrive in the last seconds, 0 to 1
	MOS   float64       // 1 to 5, steady; 0: not known yet
	Dead  bool          // no voice has arrived for seconds
	Trace []widget.Second
	Sum   quality.Summary // of the call so far, with the fault of the moment if there is one

	RTT         time.Duration  // round trip, 0: not known
	LQ, CQ      float64        // MOS of the last second, 0: nothing was heard
	Far         quality.Far    // what the far side reports of our voice
	Said, Heard quality.Levels // as sent, and as it came
	Room        quality.Room   // at the microphone
}

// Reporting is how a line's reports on calls fare.
type Reporting struct {
	To      string // their collector; empty: the line makes none
	Waiting int
	Taken   time.Time // when the last one was taken; zero: none since the start
	Next    time.Time // when the next is sent; zero: at once, or none waits
	Trouble string    // why they wait, or the last one was refused; empty: nothing is wrong
	Lost    int       // dropped, of all lines, because too many waited
}

// Reports tells how reports on calls fare.
type Reports interface {
	Reports(phone.LineID) Reporting
}

// OfPC names the sound of the PC among those of calls.
const OfPC phone.CallID = 0

// Media tells how calls sound, and the PC as OfPC. It also answers for a call that has just ended.
type Media interface {
	Stats(phone.CallID) Stats
}

// Account is what a line signs in with.
type Account struct {
	Server, User, Display string
	Password              string // one that is set reads as PasswordSet, and PasswordSet leaves it as it is
	Transport             string // "tls", "tcp" or "udp"
}

// PasswordSet stands for a password that is set and is not told.
const PasswordSet = "\x00"

// Options are the settings of sound and screen.
type Options struct {
	RingTone   string // one of RingTones
	HandsFree  phone.Path
	Theme      string // "auto", "dark", "light"
	Contrast   bool   // high
	LargeText  bool
	Language   string // ISO 639-1
	Brightness int    // per cent, 10 to 100
	Location   string // of numbers typed here, one of Locations; empty: the first there is
}

// Fact is a line of the page about the phone.
type Fact struct{ Name, Value string }

// Settings reads and writes the settings file. A setter returns the reason in words of the settings' own, naming the key.
type Settings interface {
	Account(phone.LineID) Account
	SetAccount(phone.LineID, Account) error
	Options() Options
	SetOptions(Options) error
	SetRules(phone.Rules) error // phone.State.Config has those in force
	RingTones() []string
	Locations() []string
	About() About
}

// About is what the phone tells of itself.
type About struct {
	Version   string
	Addresses []string // IP addresses
	Hardware  string   // board and MAC address
	Hostname  string
	Free      int64 // bytes left on the data partition; negative: not known
	Network   Network
}

// Network is where the phone stands in the network.
type Network struct {
	VLAN         int    // 0: none
	By           string // who named it, a key of text.Setup.VLANBy
	Priority     int    // of voice there
	Switch, Port string // as it names itself; empty: there is none that speaks
	Relays       []Relay
}

// Relay is a TURN server of a line, as it was when it was tried last.
type Relay struct {
	Host  string
	Works bool
}
