package tpcp

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Time is a moment on the wire: RFC 3339 in UTC with milliseconds.
type Time struct{ time.Time }

const timeForm = "2006-01-02T15:04:05.000Z"

// MarshalJSON writes the moment.
func (t Time) MarshalJSON() ([]byte, error) { return []byte(t.UTC().Format(`"` + timeForm + `"`)), nil }

// UnmarshalJSON reads a moment; other zones and precisions of RFC 3339 are read too.
func (t *Time) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return fmt.Errorf("tpcp: %q is no time of RFC 3339", s)
	}
	t.Time = at.UTC()
	return nil
}

// moment gives nil for a time that has not come.
func moment(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	return &Time{t}
}

// The states of a call.
const (
	StateDialing      = "dialing"    // a number is being typed at the phone
	StateProceeding   = "proceeding" // INVITE sent
	StateAlerting     = "alerting"   // it rings there
	StateEarly        = "early"      // it rings there, and they send sound
	StateRinging      = "ringing"    // it rings here
	StateAnswering    = "answering"  // we answered, they do not know yet
	StateConnected    = "connected"
	StateTransferring = "transferring" // a transfer has been asked for
	StateEnding       = "ending"       // it failed; the phone says so for a while
	StateEnded        = "ended"
	StateNone         = "none" // prev of a call that is new
)

// Call is a call as controllers see it. It is always sent whole.
type Call struct {
	CallID         string   `json:"callId"`
	Rev            uint64   `json:"rev"` // grows with each change of the call
	LineID         string   `json:"lineId"`
	Dir            string   `json:"dir"` // in or out
	State          string   `json:"state"`
	Hold           Hold     `json:"hold"`
	LegA           LegA     `json:"legA"`
	LegB           LegB     `json:"legB"`
	ForwardedBy    *Party   `json:"forwardedBy,omitempty"` // who sent the call on to us
	Withheld       bool     `json:"withheld,omitempty"`    // they are not told who we are
	ConversationID string   `json:"conversationId,omitempty"`
	Subject        string   `json:"subject,omitempty"`
	Digits         string   `json:"digits,omitempty"` // StateDialing: typed so far
	CreatedAt      Time     `json:"createdAt"`
	AnsweredAt     *Time    `json:"answeredAt,omitempty"`
	Early          *Early   `json:"early,omitempty"`
	Media          *Media   `json:"media,omitempty"`
	Conf           *Conf    `json:"conf,omitempty"`
	ConsultOf      string   `json:"consultOf,omitempty"`
	Appearance     uint8    `json:"appearance,omitempty"` // its place on a shared line, from 1
	Joins          string   `json:"joins,omitempty"`      // the call of this phone that another phone of the shared line wants to join by it, or has
	Move           string   `json:"move,omitempty"`       // transferring, toPC, bridged, following, escalating
	MoveTarget     string   `json:"moveTarget,omitempty"` // where to, also after it failed
	MoveFailed     string   `json:"moveFailed,omitempty"` // why the last move came to nothing
	Cause          string   `json:"cause,omitempty"`      // StateEnding
	Reason         string   `json:"reason,omitempty"`     // words of the network for it
	Emergency      bool     `json:"emergency,omitempty"`
	Actions        []string `json:"actions"` // the methods that are legal now, without "call."
}

// Hold says who holds the call.
type Hold struct {
	Local   bool `json:"local"`
	Remote  bool `json:"remote"`
	Private bool `json:"private,omitempty"` // no other phone of the shared line may take it
}

// LegA is the call's end at the phone.
type LegA struct {
	Terminal string `json:"terminal"` // handset, headset, speaker, usb
	Muted    bool   `json:"muted"`
	Media    bool   `json:"media"` // this call has the terminal now
}

// LegB is the call's far end.
type LegB struct {
	URI      string `json:"uri"`
	Display  string `json:"display,omitempty"`
	Number   string `json:"number,omitempty"` // as people read it
	E164     string `json:"e164,omitempty"`
	Withheld bool   `json:"withheld,omitempty"` // they do not say who they are
	Verified string `json:"verified"`           // none, network, passport, failed
	Attest   string `json:"attest,omitempty"`   // A, B, C of one verified
	Doubt    string `json:"doubt,omitempty"`    // why it is not verified
	OnHold   bool   `json:"onHold"`             // we hold them
}

// Party is somebody a call speaks of.
type Party struct {
	URI     string `json:"uri"`
	Display string `json:"display,omitempty"`
	Number  string `json:"number,omitempty"`
}

// Early is what comes before the answer.
type Early struct {
	Media string `json:"media"` // none, sendrecv
}

// Media is how the voice travels; diag.stats has more of it.
type Media struct {
	SRTP string `json:"srtp"` // off, sdes, dtls
}

// Conf is the conference a call is part of.
type Conf struct {
	ConfID       string   `json:"confId"`
	Participants []string `json:"participants"`      // the calls
	URI          string   `json:"uri,omitempty"`     // of one that a server holds
	Subject      string   `json:"subject,omitempty"` // as the server says
	Count        int      `json:"count,omitempty"`   // of all who are in it, as the server says
	Roster       []Member `json:"roster,omitempty"`  // those of them that are listed
}

// Member is one of a conference that a server holds.
type Member struct {
	ParticipantID string `json:"participantId"`
	Party
	State string `json:"state"` // alerting, connected, held, ended
	Muted bool   `json:"muted,omitempty"`
	Self  bool   `json:"self,omitempty"` // this phone
}

// LineGone is the state of a line that the phone has no more.
const LineGone = "gone"

// Line is a SIP account of the phone.
type Line struct {
	LineID  string `json:"lineId"`
	AOR     string `json:"aor"`
	Label   string `json:"label,omitempty"`
	Display string `json:"display,omitempty"`
	State   string `json:"state"` // unregistered, registering, registered, failed, gone
	Code    string `json:"code,omitempty"`
	Detail  string `json:"detail,omitempty"`
	RetryAt *Time  `json:"retryAt,omitempty"`
	MWI     *MWI   `json:"mwi,omitempty"`
	DND     bool   `json:"dnd,omitempty"`     // its user is not to be disturbed
	Forward string `json:"forward,omitempty"` // where all its calls go at once; voicemail: to the mailbox
}

// MWI is what the server of a line says of its mailbox.
type MWI struct {
	Waiting   bool    `json:"waiting"`
	New       *uint32 `json:"new,omitempty"` // none of the four: they were not counted
	Old       *uint32 `json:"old,omitempty"`
	UrgentNew *uint32 `json:"urgentNew,omitempty"`
	UrgentOld *uint32 `json:"urgentOld,omitempty"`
	Stale     bool    `json:"stale,omitempty"` // the server tells no news at present
	Account   string  `json:"account,omitempty"`
}

// Device is the phone itself.
type Device struct {
	Hook     string            `json:"hook"` // on, off: of the handset
	Terminal string            `json:"terminal"`
	Mute     bool              `json:"mute"`
	Volumes  map[string]uint8  `json:"volumes"` // by terminal, and "ringer"; 0 to MaxVolume
	Line     string            `json:"line"`    // of the next call
	Missed   int               `json:"missed"`  // calls not yet seen
	Notices  map[string]string `json:"notices,omitempty"`
	USBHost  bool              `json:"usbHost"`           // a paired computer is at the cable, and has proven itself
	USBAudio bool              `json:"usbAudio"`          // the computer plays or records through the phone
	Playing  *Playing          `json:"playing,omitempty"` // a voice message
	PCCall   string            `json:"pcCall,omitempty"`  // of a program on the computer that uses the phone as its telephone: ringing, active, held
}

// MaxVolume is the loudest volume.
const MaxVolume = 15

// LockState is the phone's lock.
type LockState struct {
	Locked bool   `json:"locked"`
	Why    string `json:"why,omitempty"` // idle, host, manual, hard
}

// Snapshot is the whole phone.
type Snapshot struct {
	Calls  []Call    `json:"calls"`
	Device Device    `json:"device"`
	Lock   LockState `json:"lock"`
	Lines  []Line    `json:"lines"`
}

// Rights are what a controller may do.
type Rights uint16

// The rights, as in the pairing (bitmap of the pairing protocol).
const (
	Observe Rights = 1 << iota
	Control
	DeviceRight
	Provision
	LockRight
)

// AllRights is every right there is.
const AllRights = Observe | Control | DeviceRight | Provision | LockRight

var rightNames = []string{"observe", "control", "device", "provision", "lock"}

// Names lists the rights as they are written.
func (r Rights) Names() []string {
	out := []string{}
	for i, n := range rightNames {
		if r&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return out
}

// MarshalJSON writes a list of names.
func (r Rights) MarshalJSON() ([]byte, error) { return json.Marshal(r.Names()) }

// UnmarshalJSON reads a list of names; unknown ones are passed over.
func (r *Rights) UnmarshalJSON(b []byte) error {
	var names []string
	if err := json.Unmarshal(b, &names); err != nil {
		return err
	}
	*r = 0
	for i, n := range rightNames {
		for _, have := range names {
			if have == n {
				*r |= 1 << i
			}
		}
	}
	return nil
}

// String lists the rights for logs.
func (r Rights) String() string { return strings.Join(r.Names(), " ") }

// Hello is the first frame of the phone.
type Hello struct {
	Proto          string   `json:"proto"`
	Minor          int      `json:"minor"`
	DeviceID       string   `json:"deviceId"`
	Model          string   `json:"model"`
	Firmware       string   `json:"fw"`
	BootID         string   `json:"bootId"` // another one: the phone was restarted
	PairingID      string   `json:"pairingId"`
	Rights         Rights   `json:"rights"` // with the cable plugged in and proven
	Lines          []Line   `json:"lines"`
	Features       []string `json:"features"` // methods the phone serves
	MaxCalls       int      `json:"maxCalls"`
	AttachRequired bool     `json:"attachRequired"` // a session needs the attach proof
	Time           Time     `json:"time"`
}

// OpenParams are the params of session.open.
type OpenParams struct {
	ControllerID string   `json:"controllerId"`
	App          string   `json:"app,omitempty"`
	AppVer       string   `json:"appVer,omitempty"`
	Host         string   `json:"host,omitempty"`
	User         string   `json:"user,omitempty"`
	Locale       string   `json:"locale,omitempty"`
	AttachProof  string   `json:"attachProof,omitempty"` // hex
	Resume       *Resume  `json:"resume,omitempty"`
	Subscribe    []string `json:"subscribe,omitempty"` // Topics; none: all
}

// Resume names the last notification that a controller saw.
type Resume struct {
	BootID  string `json:"bootId"`
	LastSeq uint64 `json:"lastSeq"`
}

// Opened is the result of session.open.
type Opened struct {
	SessionID string    `json:"sessionId"`
	Rights    Rights    `json:"rights"`
	Attached  bool      `json:"attached"`
	Resumed   bool      `json:"resumed"`
	Seq       uint64    `json:"seq"`
	Snapshot  *Snapshot `json:"snapshot,omitempty"` // nil: resumed, what was missed follows
}
