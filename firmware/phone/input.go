package phone

import "time"

// Input is a Command or an Event: all that Step takes.
type Input interface{ input() }

// Command is a wish of a controller; Step may refuse it with a Refusal.
type Command interface {
	Input
	command()
}

// Event is a fact from the world. It may be late or senseless (its call is gone), then it changes nothing.
type Event interface {
	Input
	event()
}

type cmd struct{}

func (cmd) input()   {}
func (cmd) command() {}

type evt struct{}

func (evt) input() {}
func (evt) event() {}

// The commands.
type (
	// Dial begins a call on a line. With a number it is called at once; without one the phone
	// gives dial tone and waits for Digit. Another call in the foreground is held or given up.
	// Conversation is the ID of the conversation the call belongs to, empty if there is none yet.
	Dial struct {
		cmd
		Line         LineID
		Number       string
		Conversation string
		Withheld     bool // the called is not told who calls
	}
	// Digit types one dial key (0-9 * # +) into the call being dialled.
	Digit struct {
		cmd
		Digit rune
	}
	// EraseDigit takes the last digit back.
	EraseDigit struct{ cmd }
	// DialNow calls the number typed so far.
	DialNow struct{ cmd }
	// Answer takes a ringing call; the talking one is held.
	Answer struct {
		cmd
		Call CallID
	}
	// Reject declines a ringing call.
	Reject struct {
		cmd
		Call CallID
	}
	// Deflect sends a ringing call on: the caller is told to call Target instead.
	Deflect struct {
		cmd
		Call   CallID
		Target string
	}
	// Silence stops the ring of all ringing calls and leaves them ringing.
	Silence struct{ cmd }
	// Hangup ends a call in whatever state it is.
	Hangup struct {
		cmd
		Call CallID
	}
	// Hold holds a talking call, with its whole conference. Private: no other phone of its shared line may take it.
	Hold struct {
		cmd
		Call    CallID
		Private bool
	}
	// Resume takes a held call back, with its conference; the talking one is held.
	Resume struct {
		cmd
		Call CallID
	}
	// Swap holds the talking call and resumes the held one that has waited longest.
	Swap struct{ cmd }
	// SendDTMF sends one digit (0-9 * # A-D) into a call (RFC 4733).
	SendDTMF struct {
		cmd
		Call  CallID
		Digit rune
	}
	// Mute closes or opens the microphone; a phone that nobody listens to,
	// in a call or through the PC, cannot be muted.
	Mute struct {
		cmd
		On bool
	}
	// SetPath moves the voice to a path.
	SetPath struct {
		cmd
		Path Path
	}
	// PressPath is the Speaker or Headset key: it answers, begins a call, moves the voice, or ends
	// the call that is on that path already.
	PressPath struct {
		cmd
		Path Path
	}
	// StepVolume turns what is heard now (ring or path) by so many steps.
	StepVolume struct {
		cmd
		Steps int
	}
	// SetVolume sets the volume of a path, 0 to VolumeMax.
	SetVolume struct {
		cmd
		Path  Path
		Level uint8
	}
	// SetRingVolume sets the ringer, 0 (off) to VolumeMax.
	SetRingVolume struct {
		cmd
		Level uint8
	}
	// SelectLine chooses the line of the next call.
	SelectLine struct {
		cmd
		Line LineID
	}
	// Register asks a line that is failing to try again now.
	Register struct {
		cmd
		Line LineID
	}
	// SeeMissed marks the calls that came in as seen.
	SeeMissed struct{ cmd }
	// Configure replaces the behaviour part of the settings; refused as Busy in a call if the lines are others.
	Configure struct {
		cmd
		Config Config
	}
)

// Ref is an adapter's own name for an INVITE that has come in, until it has a CallID.
type Ref uint64

// The events.
type (
	// HookMoved: the handset was lifted or put down.
	HookMoved struct {
		evt
		Off bool
	}
	// JackMoved: a headset was plugged in or pulled.
	JackMoved struct {
		evt
		In bool
	}
	// LineChanged: a registration came, went or failed.
	LineChanged struct {
		evt
		Line   LineID
		State  LineState
		Fault  LineFault
		Detail string
		Retry  time.Time     // when the phone will try again by itself
		Until  time.Time     // when the first of the certificates shown at sign-in ends; zero without TLS
		Life   time.Duration // of that certificate
	}
	// Invited: somebody calls.
	Invited struct {
		evt
		Ref          Ref
		Line         LineID
		Remote       Peer
		Conversation string
		Replaces     CallID // the call whose place it takes (RFC 3891); 0: none
		Joins        CallID // the call of a shared line that another phone of it wants to join (RFC 3911); 0: none
		ReferredBy   Peer
		ForwardedBy  Peer
		Proof        Proof
		Callback     bool   // an emergency service calls back (RFC 7090)
		Refers       bool   // see Able
		TakesOver    bool   // see Able.Replaces
		Focus        string // see Able
		Controls     bool   // see Able
		Auto         bool   // it asks the phone to answer by itself, after a while
		After        time.Duration
	}
	// Progressed: the far side, or one of several, rings (18x). Early: it may send sound before it answers.
	// OneWay: it hears nothing of us then, since several ring (RFC 3960 §2.2) or the network says so (RFC 5009).
	Progressed struct {
		evt
		Call          CallID
		Early, OneWay bool
	}
	// EarlyHeard: sound of the far side has come since it progressed last.
	EarlyHeard struct {
		evt
		Call CallID
	}
	// Accepted: our INVITE was answered.
	Accepted struct {
		evt
		Call CallID
	}
	// FocusChanged: the far side has made the call one to a conference, see Able, or if Focus is empty it is none any more.
	FocusChanged struct {
		evt
		Call     CallID
		Focus    string
		Controls bool
	}
	// Confirmed: our answer arrived (ACK).
	Confirmed struct {
		evt
		Call CallID
	}
	// CallFailed: our INVITE was refused or nobody answered.
	CallFailed struct {
		evt
		Call   CallID
		Cause  Cause
		Reason string
	}
	// Byed: the far side ended the call, or gave up calling us.
	Byed struct {
		evt
		Call   CallID
		Cause  Cause
		Reason string
	}
	// RemoteHeld: the far side holds us, or takes us back.
	RemoteHeld struct {
		evt
		Call CallID
		On   bool
	}
	// ResumeRefused: the far side did not agree to take the call off hold.
	ResumeRefused struct {
		evt
		Call CallID
	}
	// Secured: the voice of a call is, or is no longer, encrypted. Open says that it is in vain: others
	// could read the keys on their way; DTLS that they were agreed on by a handshake between both ends.
	Secured struct {
		evt
		Call CallID
		On   bool
		Open bool
		DTLS bool
	}
	// RemoteChanged: the far side is somebody else, or its name became known.
	RemoteChanged struct {
		evt
		Call   CallID
		Remote Peer
	}
	// Conversing: the conversation of a call became known.
	Conversing struct {
		evt
		Call         CallID
		Conversation string
	}
	// Redirected: the called sends us on to somebody else (302), whom we call instead.
	Redirected struct {
		evt
		Call CallID
		To   Peer
	}
	// Noticed: a fault of the phone itself came (Text says what) or went (Text is empty).
	Noticed struct {
		evt
		Notice Notice
		Text   string
	}
	// Recalled: so many calls had not been seen when the phone was switched off.
	Recalled struct {
		evt
		Unseen Unseen
	}
	// TimerFired: a timer that Step asked for ran out.
	TimerFired struct {
		evt
		ID TimerID
	}
)

// TimerKind says what a timer is for.
type TimerKind uint8

// The timers.
const (
	NoTimer       TimerKind = iota
	InterDigit              // overlap dialling: the number is taken as complete
	RingTime                // nobody answered here
	CallTime                // nobody answered there
	ConfirmTime             // our 2xx was never acknowledged (RFC 3261 §13.3.1.4: 64*T1)
	FailedTime              // the failed call is put away
	QuestionTime            // nobody answered a question
	MoveTime                // no news of a call that is being handed over
	CallbackTime            // help does not call back any more
	AutoTime                // an intercom call is answered
	EarlyTime               // sound before the answer was agreed to, and none has come
	AvailableTime           // what a computer has said of its user is too old
	AwayTime                // nobody has unlocked the phone
	timerKindCount
)

// TimerID names a timer; a timer started again under its name replaces the old one.
type TimerID struct {
	Kind TimerKind
	Call CallID
}
