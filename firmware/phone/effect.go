package phone

import "time"

// Effect is an order to an adapter. Its outcome, if any, comes back as an Event.
type Effect interface{ effect() }

type fx struct{}

func (fx) effect() {}

// The effects.
type (
	// SendInvite calls Target (a dial string or URI) on a line.
	SendInvite struct {
		fx
		Call         CallID
		Line         LineID
		Target       string
		Conversation string
		Refer        Ref    // the Referred that it answers; 0: none
		Replaces     Dialog // the call there that it takes over; zero: none
		Early        bool   // if that still rings
		Join         Dialog // the call there that it joins; zero: none
		Withheld     bool   // the called is not told who calls
		Beside       CallID // the call for which somebody else is rung at the same time; 0: none
	}
	// SendRinging answers the INVITE called Ref with 180 and gives it the name Call.
	SendRinging struct {
		fx
		Ref  Ref
		Call CallID
	}
	// RefuseInvite answers the INVITE called Ref with a refusal, or if Target is set with another number to call (302), and
	// why; it never becomes a call.
	RefuseInvite struct {
		fx
		Ref    Ref
		Cause  Cause
		Target string
		Why    Why
	}
	// SendAccept answers a ringing call (200).
	SendAccept struct {
		fx
		Call CallID
	}
	// SendReject declines a ringing call.
	SendReject struct {
		fx
		Call  CallID
		Cause Cause
	}
	// SendDeflect answers a ringing call with another number to call (302, RFC 3261 §21.3.3), and says why (RFC 5806,
	// RFC 7044).
	SendDeflect struct {
		fx
		Call   CallID
		Target string
		Why    Why
	}
	// SendCancel gives up a call not yet answered.
	SendCancel struct {
		fx
		Call CallID
	}
	// SendBye ends an answered call.
	SendBye struct {
		fx
		Call CallID
	}
	// SendHold puts a call on hold or takes it back (re-INVITE, RFC 3264 §8.4).
	SendHold struct {
		fx
		Call CallID
		On   bool
	}
	// PlayDTMF sends a digit into the voice of a call (RFC 4733).
	PlayDTMF struct {
		fx
		Call  CallID
		Digit rune
	}
	// Chime has everybody hear that somebody has joined: us and all whose voices are connected.
	Chime struct{ fx }
	// SendRegister makes a failing line try again at once.
	SendRegister struct {
		fx
		Line LineID
	}
	// SetSound is what must be heard from now on.
	SetSound struct {
		fx
		Sound Sound
	}
	// StartTimer asks for TimerFired{ID}.
	StartTimer struct {
		fx
		ID    TimerID
		After time.Duration
	}
	// StopTimer takes a timer back.
	StopTimer struct {
		fx
		ID TimerID
	}
	// LogCall puts an ended call into the call log.
	LogCall struct {
		fx
		Record Record
	}
)

// Tone is a sound the phone makes itself, into the ear.
type Tone uint8

// The tones (ITU-T E.180); the plan of the country says how they sound.
const (
	NoTone Tone = iota
	DialTone
	RingbackTone
	BusyTone
	CongestionTone
	WaitingTone
)

// Sound is what is to be heard, wholly derived from the State.
type Sound struct {
	Path       Path
	Muted      bool
	Volume     uint8
	RingVolume uint8
	Voices     [MaxConf]CallID // the calls whose voices are connected, with us and with each other
	Recorded   bool            // what the voices and we say is recorded
	Playing    bool            // a recording is played back; never together with a call
	PC         bool            // the PC's sound is connected; never together with a call
	Tone       Tone
	Ring       bool // the ringer rings (loudspeaker)
	Test       bool // loudspeaker and microphone are tried; nothing else sounds then
}

// sound derives what must be heard in s.
func (s *State) sound() Sound {
	out := Sound{Muted: s.Muted, RingVolume: s.RingVolume}
	out.Path, out.Volume = s.HeardOn()
	if s.Test.Running {
		out.Path, out.Volume, out.Test = Speaker, s.Volume[Speaker], true
		return out
	}
	front := s.Foreground()
	if front != nil {
		switch front.State {
		case Talking, Answering:
			out.Voices[0] = front.ID
			out.Recorded = s.Recorded(front)
			for i, c := range s.Conference(front.Conf) {
				out.Voices[i] = c.ID
			}
		case Dialing:
			if front.Digits == "" {
				out.Tone = DialTone
			}
		case Ringback:
			if front.Early {
				out.Voices[0] = front.ID
			} else {
				out.Tone = RingbackTone
			}
		case Failed:
			out.Tone = failTone(front.Cause)
		}
	}
	if out.Playing = s.Playing.ID != ""; out.Playing {
		out.Muted = true
	}
	if front == nil && s.PCCall.Streams() {
		out.PC = true
		out.Muted = out.Muted || s.PCCall.Muted || !s.PCCall.Records // who only listens does not hear himself either
	}
	if front == nil && s.announced() {
		out.Path, out.Volume, out.Tone = Speaker, s.Volume[Speaker], WaitingTone
	}
	if !s.rings() {
		return out
	}
	if front == nil && !s.pcFront() {
		if out.Ring = s.RingVolume > 0; out.Ring && !out.PC { // the ringer is the loudspeaker
			out.Path, out.Volume = Speaker, s.Volume[Speaker]
		}
	} else if out.Tone == NoTone {
		out.Tone = WaitingTone
	}
	return out
}

// rings tells whether anything rings that nobody has silenced.
func (s *State) rings() bool {
	if s.PCCall.Ringing && !s.PCCall.Silenced {
		return true
	}
	for i := range s.Calls {
		if c := &s.Calls[i]; c.State == Ringing && !c.Silenced && !c.Auto && !c.Quiet {
			return true
		}
	}
	return false
}

func failTone(c Cause) Tone {
	switch c {
	case UserBusy, Rejected:
		return BusyTone
	}
	return CongestionTone
}
