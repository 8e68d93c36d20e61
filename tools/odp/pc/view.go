package pc

import (
	"cmp"
	"encoding/json"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc/dial"
)

// Link says how far the way to a phone has come.
type Link string

// The links, from nothing to all.
const (
	Absent     Link = "absent"     // not plugged in, and no address of it is known
	Denied     Link = "denied"     // plugged in, but this user may not open it
	Unpaired   Link = "unpaired"   // plugged in; it does not know us
	Attaching  Link = "attaching"  // proving ourselves through the cable
	Connecting Link = "connecting" // opening the control leg
	Online     Link = "online"     // its state is known and it takes requests
	Waiting    Link = "waiting"    // lost or unreachable; will be tried again
	Refused    Link = "refused"    // it said no, and will say so again until somebody changes something
)

// Phone is one phone as the agent sees it. What stands after Link is of the last control leg, kept
// while the way to the phone is lost.
type Phone struct {
	ID       string `json:"id"` // device ID in hex
	Name     string `json:"name"`
	Product  string `json:"product,omitempty"` // what it is called on the USB, also as sound card
	Model    string `json:"model,omitempty"`
	Firmware string `json:"fw,omitempty"`
	Paired   bool   `json:"paired"`
	Plugged  bool   `json:"plugged"`
	Link     Link   `json:"link"`
	Via      string `json:"via,omitempty"` // "ip" or "cable" while online
	Attached bool   `json:"attached"`      // the control leg is bound to the cable that is plugged in
	Problem  string `json:"problem,omitempty"`
	Hint     string `json:"hint,omitempty"` // what the user can do about it

	Rights tpcp.Rights     `json:"rights,omitempty"`
	Lines  []tpcp.Line     `json:"lines,omitempty"`
	Calls  []tpcp.Call     `json:"calls"`
	Device *tpcp.Device    `json:"device,omitempty"`
	Lock   *tpcp.LockState `json:"lock,omitempty"`
	SkewMs int64           `json:"skewMs,omitempty"` // the phone's clock less ours
}

// Step says how far a pairing has come.
type Step string

// The steps.
const (
	Begun   Step = "begin"   // the phone was asked
	Compare Step = "compare" // both show Digits; the user says whether they agree
	Key     Step = "key"     // they agree; the key on the phone is awaited
	Done    Step = "done"
	Failed  Step = "failed" // Problem says why
)

// Pairing is the pairing under way, or the last one.
type Pairing struct {
	Phone   string `json:"phone"`
	Step    Step   `json:"step"`
	Digits  string `json:"digits,omitempty"`
	Problem string `json:"problem,omitempty"`
}

// Ask is a link somebody clicked, to be called when the user says so.
type Ask struct {
	ID    string `json:"id"`
	To    string `json:"to"`
	Shown string `json:"shown"`
}

// Prefs are the user's choices.
type Prefs struct {
	Phone     string `json:"phone,omitempty"` // the phone to work with; empty: the first that is online
	Notify    bool   `json:"notify"`          // tell of calls on the desktop
	LinksDial bool   `json:"linksDial"`       // call what a link names without asking
}

// Missed is a call that rang until its caller gave up, as it last was.
type Missed struct {
	Phone string `json:"phone"`
	tpcp.Call
}

// View is all that the agent knows, as its page and its commands see it.
type View struct {
	Version  string            `json:"version"`
	Phones   []Phone           `json:"phones"`
	Selected string            `json:"selected,omitempty"`
	Looked   bool              `json:"looked"`         // the USB has been looked at since the agent started
	Seen     []string          `json:"seen,omitempty"` // what is on the USB while no phone is
	Pairing  *Pairing          `json:"pairing,omitempty"`
	Asks     []Ask             `json:"asks,omitempty"`
	Missed   []Missed          `json:"missed,omitempty"`  // since this agent started, the newest few
	Desktop  bool              `json:"desktop,omitempty"` // the desktop shows notifications with buttons
	Names    map[string]string `json:"names,omitempty"`   // contacts by the URIs of calls and of those in conferences
	Chats    map[string]string `json:"chats,omitempty"`   // the messages of conferences by the URIs of these, see Chat
	Prefs    Prefs             `json:"prefs"`
}

// Phone gives a phone by its ID, or the selected one for an empty ID; nil if there is none.
func (v *View) Phone(id string) *Phone {
	if id == "" {
		id = v.Selected
	}
	for i := range v.Phones {
		if v.Phones[i].ID == id {
			return &v.Phones[i]
		}
	}
	return nil
}

// Withheld stands for who does not say who he is.
const Withheld = "Number withheld"

// Worth says what a number is worth, empty if nobody looked (TPCP section 8.8).
func Worth(b tpcp.LegB) string {
	switch {
	case b.Verified == tpcp.VerifiedFailed:
		return "number not verified"
	case b.Verified == tpcp.VerifiedNone || b.Attest == "B" || b.Attest == "C":
		return ""
	}
	return "verified caller"
}

// Party gives the other party of a call as to be shown: its name, and its number unless that is the name. Of a call that we
// made it is the conference, if it is in one that a server holds; who calls us is always shown as the phone knows him, since
// whoever calls may say that he is a conference.
func (v *View) Party(c tpcp.Call) (name, number string) {
	if c.Dir == "out" && c.Conf != nil && c.Conf.URI != "" {
		return cmp.Or(c.Conf.Subject, "Conference"), dial.Readable(c.Conf.URI)
	}
	if c.LegB.Withheld {
		return Withheld, ""
	}
	number = c.LegB.Number
	if number == "" {
		number = dial.Readable(c.LegB.URI)
	}
	for _, name = range []string{v.Names[c.LegB.URI], c.LegB.Display, number} {
		if name != "" && name != number {
			return name, number
		}
	}
	if number == "" {
		number = "Unknown number"
	}
	return number, ""
}

// Ringing tells whether a call waits for our answer.
func Ringing(c tpcp.Call) bool { return c.Dir == "in" && c.State == tpcp.StateRinging }

// Talking tells whether a call has been answered and goes on.
func Talking(c tpcp.Call) bool { return c.State == tpcp.StateConnected }

// News is one notification of a phone, as it came.
type News struct {
	Phone  string          `json:"phone"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}
