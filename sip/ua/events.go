package ua

import (
	"net/netip"
	"time"

	"opendeskphone/sip/stack"
)

// AccountID names an account; the user of the package chooses it.
type AccountID int

// CallRef names a call for its whole life; 0 is none.
type CallRef uint64

// Event is a fact reported to the Handler.
type Event interface{ event() }

// Handler takes events, in order, on the goroutine of the stack. It must not block.
type Handler func(Event)

// Peer is the far side of a call, cleaned for the screen (see Clean).
type Peer struct {
	URI     string // "sip:bob@example.com", without parameters
	User    string // the part before the @, unescaped; the number most of the time
	Display string // the name the peer claims, perhaps empty (see names.Name)
	Hidden  bool   // the peer withholds who it is; all else is empty
}

// The events.
type (
	// LineState: a registration came, went or failed.
	LineState struct {
		Account AccountID
		State   State
		Fault   Fault          // why, if State is Failing
		Code    int            // SIP response code behind the fault, 0 if none
		Text    string         // its reason phrase or the error, cleaned
		Retry   time.Time      // when the next attempt is made, if State is Failing
		TLS     stack.TLSState // what was agreed on with the registrar, if State is Registered
		Expires time.Duration  // for how long the registrar keeps us, if State is Registered
		Local   netip.Addr     // our address on the way to it, if State is Registered; of a Direct account invalid
	}
	// Incoming: somebody calls.
	Incoming struct {
		Call     CallRef
		Account  AccountID
		From     Peer
		Asserted bool   // From was asserted by our own server (RFC 3325)
		Sealed   bool   // it came over TLS: nobody on the way to our server can read the offer
		SDP      []byte // their offer; nil if they want ours
		CallID   string // of its messages, for logs
		// Conversation names the conversation the call belongs to: the Session-ID of the caller
		// (RFC 7989) or its Ms-Conversation-ID, else one of ours.
		Conversation string
		Replaces     CallRef // the call whose place it takes (RFC 3891); it is to be accepted at once
		Joins        CallRef // the call of ours that it is to join (RFC 3911): another phone of the account's address asks
		ReferredBy   Peer    // who sent the caller to us; zero if that is not said
		Able         Able
		Auto         bool // the caller, whom a server of ours vouches for, asks the phone to answer by itself
		After        time.Duration

		ForwardedBy Peer     // who sent the call on to us, as our own server says; zero if it does not
		Verstat     Verstat  // what our own server found when it checked the number of From
		Attest      string   // with VerstatPassed: "A", "B", "C" of SHAKEN, or empty
		Identities  []string // PASSporTs that came with the call, unread (RFC 8224)
		Called      []string // the numbers the call may have been made to, unread
		Way         Way      // how the call has come
		Callback    bool     // an emergency service calls back (RFC 7090), as our own server says
		Theirs      DialogID // the dialog as the caller has it
	}
	// Begun: our call is about to be sent; its messages bear this Call-ID.
	Begun struct {
		Call   CallRef
		CallID string
	}
	// Redirected: the called answers with another address (3xx), which is called now.
	Redirected struct {
		Call CallRef
		To   Peer
	}
	// Progress: the far side, or one of several, rings or sends early media.
	Progress struct {
		Call   CallRef
		Dialog int // number of the early dialog, from 1
		Code   int // 101..199
		SDP    []byte
		Gate   Gate
	}
	// Accepted: our call was answered.
	Accepted struct {
		Call   CallRef
		Dialog int
		SDP    []byte // the answer
		Able   Able
		Theirs DialogID // the dialog as the called has it
	}
	// Failed: our call did not come about.
	Failed struct {
		Call  CallRef
		Code  int    // SIP response code; 408 if nobody answered, 503 if there was no way
		Text  string // cleaned reason phrase
		Fault Fault  // set if the server could not be reached
	}
	// Confirmed: the ACK to our answer arrived.
	Confirmed struct {
		Call CallRef
		SDP  []byte // the answer to the offer we accepted with, otherwise nil
	}
	// Ended: the call is over.
	Ended struct {
		Call      CallRef
		ByRemote  bool
		Elsewhere bool   // another phone of ours took it (Reason: cause=200, RFC 3326)
		Cause     int    // SIP cause of the Reason header or of the failure, 0 if none
		Text      string // its text, cleaned
	}
	// ReOffer: the far side changes the session. SDP is nil if it asks for our offer.
	ReOffer struct {
		Call CallRef
		SDP  []byte
	}
	// Refocused: the far side has made the call one to a conference, as in Able, or if Focus is empty it is none any more
	// (RFC 4579 §5.2).
	Refocused struct {
		Call     CallRef
		Focus    string
		Controls bool
	}
	// OfferAnswered: our offer within a call was taken.
	OfferAnswered struct {
		Call CallRef
		SDP  []byte
	}
	// OfferRefused: our offer was not taken, the session is as it was before.
	// OfferDue follows if it only came at a bad time (491): it met theirs, or an ACK is not in yet.
	OfferRefused struct {
		Call CallRef
		Code int
	}
	// Identified: our own server says who is at the far side now (RFC 3325): who rings or has answered,
	// or who has been given the call since.
	Identified struct {
		Call   CallRef
		Remote Peer
	}
	// OfferDue: make an offer with the present state of the call now.
	OfferDue struct{ Call CallRef }
)

func (LineState) event()     {}
func (Incoming) event()      {}
func (Begun) event()         {}
func (Redirected) event()    {}
func (Progress) event()      {}
func (Accepted) event()      {}
func (Failed) event()        {}
func (Confirmed) event()     {}
func (Ended) event()         {}
func (ReOffer) event()       {}
func (OfferAnswered) event() {}
func (OfferRefused) event()  {}
func (OfferDue) event()      {}
func (Identified) event()    {}
func (Refocused) event()     {}

// State is the state of a registration.
type State uint8

// The states of an account. One without a registrar is Registered at once.
const (
	Off State = iota
	Registering
	Registered
	Failing
)

var stateName = [...]string{Off: "off", Registering: "registering", Registered: "registered", Failing: "failing"}

// String is the name of the state.
func (s State) String() string { return stateName[s] }

// Fault is why an account fails, in the words of an error page.
type Fault uint8

// The faults.
const (
	NoFault              Fault = iota
	WrongPassword              // the registrar refused the credentials; tried again in 5 minutes at the earliest
	Unreachable                // no answer, no connection, or no such name
	ServerTrouble              // 5xx, or a registrar that grants no time
	Refused                    // 4xx or 6xx, see Code
	CertExpired                // the certificate of the server is out of date (or our clock)
	CertNotYetValid            // its time has not begun: most likely our clock is wrong
	CertWrongName              // it bears another name
	CertUnknownAuthority       // nobody we know signed it
	CertUnusable               // it may not serve, or is too weak
	CertOurs                   // the certificate of ours cannot be read, or the server does not take it, or wants one
	CertOther                  // TLS could not be agreed on
	BadAccount                 // the account itself cannot work, see Text
)

var faultName = [...]string{NoFault: "none", WrongPassword: "wrong password", Unreachable: "unreachable",
	ServerTrouble: "server trouble", Refused: "refused", CertExpired: "certificate expired",
	CertWrongName: "certificate for another name", CertUnknownAuthority: "certificate of an unknown authority",
	CertNotYetValid: "certificate not yet valid", CertUnusable: "certificate unusable", CertOurs: "our certificate not taken", CertOther: "TLS failed", BadAccount: "bad account"}

// String is the fault in plain English, for logs.
func (f Fault) String() string { return faultName[f] }
