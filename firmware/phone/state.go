// Package phone is the centre of the desk phone: everything the phone does is decided here, in one
// pure function, and nothing is touched. Commands (which may be refused) and events (facts, which
// may not) go into Step; a new State, numbered changes and effects (orders to adapters) come out.
// Loop runs Step on one goroutine and is the phone's one Control port.
//
//	controllers   -- Do(Command) -->  Loop  -- Effect -->  adapters (lines, media, sound, store, timers)
//	              <-- Watch(seq) --         <-- Event --
//
// The package imports the standard library alone, and every other package may import it.
package phone

import "time"

// Seq numbers the changes of the phone's life, starting at 1.
type Seq uint64

// CallID names a call for the life of the daemon; it is never used again. 0 is no call.
type CallID uint32

// LineID is the index of a line in State.Lines.
type LineID uint8

// Limits of one phone.
const (
	MaxCalls = 8  // calls at once, ringing ones included; a number being typed is none yet
	MaxLines = 16 // lines
)

// Origin says who gave an input, for logs and changes: "ui", "panel", "lines".
type Origin string

// CallState is the state of a call, RFC 3261 dialog and CSTA local connection state in one. The
// legal edges between states are data, see edges.
type CallState uint8

// The nine call states; None is where a call comes from.
const (
	None      CallState = iota
	Dialing             // number being typed; no dialog. CSTA: Initiated
	Calling             // INVITE sent. CSTA: Connected (Originated)
	Ringback            // early dialog. CSTA: Connected, far side Delivered
	Ringing             // early dialog as recipient. CSTA: Alerting
	Answering           // 2xx sent, ACK due. CSTA: Connected
	Talking             // confirmed. CSTA: Connected (Established)
	Held                // confirmed, held by us. CSTA: Hold
	Failed              // busy, unreachable; a tone plays. CSTA: Fail
	Ended               // terminated; removed after its change. CSTA: Null
	callStateCount
)

// Dir says who began a call.
type Dir uint8

// The directions.
const (
	Outgoing Dir = iota
	Incoming
)

// Path is the way our voice takes.
type Path uint8

// The paths.
const (
	Handset Path = iota
	Headset
	Speaker
	PathCount
)

// Cause says why a call failed or ended.
type Cause uint8

// The causes, with the SIP status codes they stand for (RFC 3261 §21).
const (
	NoCause      Cause = iota
	LocalHangup        // we hung up
	RemoteHangup       // they hung up
	Rejected           // declined by a person: 603, or 486 from us
	UserBusy           // 486, 600
	NoAnswer           // 408 after ringing, 480, or our own ring time ran out
	NotFound           // 404, 410, 604
	NotAllowed         // 401, 403, 407
	Unreachable        // no answer from the network, 500, 503
	Incompatible       // 415, 488, 606: no common codec or media security
	Elsewhere          // answered on another device (RFC 3326 Reason cause=200)
	Cancelled          // the caller gave up
	ServerError        // every other refusal; Call.Reason has the words
	HandedOver         // transferred: they talk to somebody else now
	Replaced           // another call took its place (RFC 3891)
	NotEncrypted       // one side wants encryption, and it did not come about
	Incomplete         // 484: digits are missing
	CauseCount
)

// Peer is the other party, as far as known. The strings are cleaned of control and direction
// characters by whoever made them; Number is always shown beside Name.
type Peer struct {
	Name   string `json:",omitzero"` // display name, may be empty
	Number string `json:",omitzero"` // telephone number or user part, as to be shown
	URI    string `json:",omitzero"` // SIP or tel URI to call back
	Hidden bool   `json:",omitzero"` // the party withholds who it is; all else is empty
}

// Call is one call as this phone sees it.
type Call struct {
	ID           CallID
	Line         LineID
	State        CallState
	Dir          Dir
	Remote       Peer
	Digits       string // Dialing: what has been typed
	RemoteHeld   bool   // the far side holds us
	Secure       bool   // the voice is encrypted (SRTP), and nobody on the way could read the keys
	DTLS         bool   // the keys come from a handshake on the path of the voice
	OpenKeys     bool   // it is encrypted, but the keys went over signalling that others can read
	Early        bool   // Ringback: the far side sends sound, or has a moment left to, so no local tone
	Heard        bool   // Ringback: that sound has come since the network spoke last
	OneWay       bool   // Ringback: the far side hears nothing of us
	Silenced     bool   // Ringing: the user silenced the ring
	Auto         bool   // Ringing: the phone answers by itself in a moment, and warns until then
	Began        time.Time
	Answered     time.Time // zero until somebody answered
	Since        time.Time // when State was entered
	Entered      Seq       // the change that entered State: orders calls where a clock may jump
	Cause        Cause
	Reason       string // words of the network for Cause, may be empty
	Conversation string // ID of the conversation this call belongs to (RFC 7989 Session-ID)
	Appearance   uint8  // of a shared line, from 1; 0: it has none
	Private      bool   // Held: no other phone of the shared line may take it
	Pulls        Dialog // a call that another phone of the shared line held, of which it takes the place
	PullsAt      uint8  // and where that was
	Barges       bool   // it joins a call of a shared line, where that is, and takes no appearance of its own
	Joins        CallID // the call of ours that it joins so; 0: none
	Conf         ConfID // conference at this phone; 0: none
	ConsultOf    CallID // the call this one is to ask about; 0: none
	ReferredBy   Peer   // who sent us to the far side, or the far side to us, if that is said
	ForwardedBy  Peer   // who sent the call on to us, if that is said
	ForwardedTo  Peer   // whom it was sent on to: by us, or by the called
	Proof        Proof  // what the number of Remote is worth
	Withheld     bool   // our number is not told
	Refers       bool   // the far side can be asked to call somebody else (REFER)
	Replaces     bool   // the far side can take over a call (RFC 3891)
	Controls     bool   // the far side is a focus that can be asked to mute others
	Move         Move
	MoveTarget   string        // where it is moved to, while Move lasts and after
	MoveFailed   Cause         // why the last move came to nothing, until the call goes on
	With         CallID        // the other call of the move; 0: none
	Referred     bool          // our REFER in this call, or another wish, has no outcome yet
	Page         uint8         // the paging group it speaks to, or hears; 0: it is a call proper
	Over         CallID        // of a page: the call it has broken into
	Shadow       bool          // made for a move: nobody at the phone hears it
	Beside       CallID        // of a shadow: it rings somebody at the same time as this call rings here; 0: it does not
	RingFor      time.Duration // Ringing: how long before Then; 0: Config.RingTime
	Then         string        // Ringing: who gets the call when nobody answers; empty: nobody
	Quiet        bool          // Ringing: others ring, and this phone does not unless somebody looks
	Focus        string        // the address of the conference at a server that it leads to (RFC 4579); empty: it leads to somebody
	Into         CallID        // the call into whose conference it is moved; 0: none
	Way          Way           // how
}

// LineState tells whether a line can be used.
type LineState uint8

// The line states.
const (
	LineOff LineState = iota // no account, or switched off
	LineRegistering
	LineRegistered
	LineFailing
)

// LineFault says why a line is failing.
type LineFault uint8

// The faults. Each has a sentence and a cure on the screen.
const (
	NoFault LineFault = iota
	WrongPassword
	RegistrarUnreachable
	RegistrarRefused
	NameUnknown // the registrar's name could not be looked up
	CertExpired
	CertNotYetValid
	CertWrongName
	CertUnknownAuthority
	CertUnusable // it may not serve, or is too weak
	CertOurs     // the server does not take the certificate we show, or wants one
	TLSRefused
	lineFaultCount
)

// Line is an account as it is shown on the phone ("line appearance").
type Line struct {
	ID      LineID
	AOR     string // address of record, sip:user@domain
	Label   string // short text for keys, e.g. the extension
	Display string // the owner's name
	State   LineState
	Fault   LineFault
	Detail  string // what a technician wants to know: status code, certificate date; of a registered line the TLS agreed on
	Retry   time.Time
	Until   time.Time // when the first of the certificates shown at sign-in ends; zero without TLS
	Mail    Mail
	Rules   Handed // what its server does with the rules of calls that come in
	Why     string // of RulesPending: what it or the network has said
}

// Notice is a fault of the phone itself that its user must know of.
type Notice uint8

// The notices.
const (
	NoSoundCard     Notice = iota
	StoreFull              // the data partition takes no more
	SettingsInvalid        // the settings file was refused; Text names file, line and key
	NoNetwork
	NetworkRewrites // something on the way to a server changes SIP; Text says what
	NetworkForgets  // and something forgets ways that are silent; Text says after how long
	DialPlanRefused // location profiles of a file or a server are wrong; Text says where, which rule, and why
	CertEnding      // a certificate that a line needs ends soon; Text names line and day
	HandedRefused   // what a server hands down to a line is wrong; Text says which line, key, and why
	RelayFails      // a TURN server lends no address; Text says which, and why
	NoticeCount
)

// VolumeMax is the loudest volume; 0 is the softest, and the ringer's 0 is off.
const VolumeMax = 15

// State is the whole phone as a value. A published State is never written again.
type State struct {
	Seq          Seq
	Lines        []Line
	Calls        []Call // oldest first; ended calls are gone
	OffHook      bool   // the handset is lifted
	Jack         bool   // a headset is plugged in
	Path         Path
	Muted        bool
	Volume       [PathCount]uint8
	RingVolume   uint8
	Selected     LineID              // the line of the next call
	Unseen                           // calls that came in, and nobody has looked at the log since
	Notices      [NoticeCount]string // empty: all is well
	PC           PC                  // the computer at the cable
	PCCall       PCCall              // of a program on the PC that uses the phone as its telephone
	PageVolume   uint8
	Air          onAir // paging groups that somebody speaks to
	Shut         onAir // of these those that are not heard: the user ended them
	Lock         Lock
	Recording    Recording
	Playing      Playing
	Question     Question // what the person at the phone is asked now
	Test         SoundTest
	Watched      []Watched    // who has a key, in the order of the settings
	Appearances  []Appearance // of shared lines, in the order of their keys
	Availability Presence     // what a computer knows of the user; PresenceUnknown: nothing
	Leaving      bool         // it is locked, and not yet for long
	Gone         bool         // nobody has been at the locked phone for long
	Ruled        bool         // somebody has set rules for calls that come in at this phone
	AwaitsHelp   bool         // an emergency number was called not long ago: help may call back
	Rosters      []Roster     // of the calls that lead to a conference at a server
	Config       Config
	nextCall     CallID
}

// Call finds a call; nil if there is none of that name.
func (s *State) Call(id CallID) *Call {
	for i := range s.Calls {
		if s.Calls[i].ID == id {
			return &s.Calls[i]
		}
	}
	return nil
}

// Foreground gives the call that has the user's ear: at most one, or one conference, is Dialing,
// Calling, Ringback, Answering, Talking or Failed; nil if there is none. Of a conference it is the
// oldest call. Shadows have nobody's ear.
func (s *State) Foreground() *Call {
	for i := range s.Calls {
		if s.Calls[i].front() {
			return &s.Calls[i]
		}
	}
	return nil
}

// First gives the oldest call in state st that is no shadow; nil if there is none.
func (s *State) First(st CallState) *Call {
	for i := range s.Calls {
		if s.Calls[i].State == st && !s.Calls[i].Shadow {
			return &s.Calls[i]
		}
	}
	return nil
}

// Full tells whether there is no room for a further call: an INVITE is refused as busy then.
func (s *State) Full() bool {
	n := 0
	for i := range s.Calls {
		if st := s.Calls[i].State; st != Dialing && st != Ended && s.Calls[i].Page == 0 {
			n++
		}
	}
	return n >= MaxCalls
}

// Line gives a line; nil if there is none of that number.
func (s *State) Line(id LineID) *Line {
	if int(id) < len(s.Lines) {
		return &s.Lines[id]
	}
	return nil
}

// edges are the legal ways of a call. A change outside them is a bug of this package and panics.
var edges = [callStateCount][]CallState{
	None:      {Dialing, Calling, Ringing, Talking}, // Talking: a page
	Dialing:   {Calling, Ended},
	Calling:   {Ringback, Talking, Failed, Ended},
	Ringback:  {Talking, Failed, Ended},
	Ringing:   {Answering, Held, Ended}, // Held: it takes the place of a held one
	Answering: {Talking, Held, Ended},
	Talking:   {Held, Ended},
	Held:      {Talking, Ended},
	Failed:    {Ended},
}

// front tells whether the call has the user's ear.
func (c *Call) front() bool { return !c.Shadow && c.State.foreground() }

// stands tells whether both sides have agreed to the call.
func (s CallState) stands() bool { return s == Talking || s == Held }

func (s CallState) foreground() bool {
	switch s {
	case Dialing, Calling, Ringback, Answering, Talking, Failed:
		return true
	}
	return false
}

var callStateNames = [callStateCount]string{"None", "Dialing", "Calling", "Ringback", "Ringing", "Answering", "Talking", "Held", "Failed", "Ended"}

// String gives the state's name as in the constants.
func (s CallState) String() string { return name(callStateNames[:], s) }

var pathNames = [PathCount]string{"handset", "headset", "speaker"}

// String gives the path's name in lower case, as settings and mixers spell it.
func (p Path) String() string { return name(pathNames[:], p) }

var causeNames = [CauseCount]string{"none", "hung up here", "hung up there", "declined", "busy", "no answer", "not found",
	"not allowed", "unreachable", "incompatible", "answered elsewhere", "cancelled", "server error", "handed over", "replaced",
	"not encrypted", "incomplete"}

// String gives the cause in a few plain words, for logs.
func (c Cause) String() string { return name(causeNames[:], c) }

var lineFaultNames = [lineFaultCount]string{"none", "wrong password", "registrar unreachable", "registrar refused", "name unknown",
	"certificate expired", "certificate not yet valid", "certificate of another name", "certificate of an unknown authority", "certificate unusable", "own certificate not taken", "TLS refused"}

// String gives the fault in a few plain words, for logs.
func (f LineFault) String() string { return name(lineFaultNames[:], f) }

var lineStateNames = []string{"off", "registering", "registered", "failing"}

// String gives the state in one word, for logs.
func (s LineState) String() string { return name(lineStateNames, s) }

func name[T ~uint8](names []string, v T) string {
	if int(v) < len(names) {
		return names[v]
	}
	return "invalid"
}
