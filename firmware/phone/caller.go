package phone

import "time"

// NumberVerdict is what is known of a caller's right to the number he shows (STIR, RFC 8224).
type NumberVerdict uint8

// The verdicts.
const (
	NotChecked  NumberVerdict = iota // nobody looked, or nobody could
	Verified                         // the number is the caller's
	NotVerified                      // what was to prove it does not
	numberVerdictCount
)

// Doubt is why a number is not verified.
type Doubt uint8

// The doubts.
const (
	NoDoubt          Doubt = iota
	Unreadable             // the proof cannot be read
	OtherCaller            // it is of another number
	OtherCalled            // it was made for a call to somebody else
	Stale                  // it is not of now
	BadSignature           // it was changed
	UnknownAuthority       // nobody trusted has signed it
	Expired                // its certificate is out of date
	NotEntitled            // its signer may not speak for the number
	NoCertificate          // its certificate could not be had
	ServerDoubts           // our server says that the number is not verified
	DoubtCount
)

// Proof is what is known of the number of a call, and by whom.
type Proof struct {
	Verdict NumberVerdict
	Doubt   Doubt
	Here    bool   // this phone has checked it; else the verdict is our server's word
	Attest  string // of one Verified: "A" the caller is known and the number his, "B" the caller is known, "C" neither; or empty
}

// Proved: what the number of a call that came in is worth has been found out.
type Proved struct {
	evt
	Call  CallID
	Proof Proof
}

// WithholdNumber: the call that is being dialled is not to tell who calls, or it is after all.
type WithholdNumber struct {
	cmd
	On bool
}

// callbackTime is how long after an emergency call help may call back: until then nobody is refused for
// withholding a number (RFC 7090 §1).
const callbackTime = 30 * time.Minute

// refuses tells whether a caller is turned away, and why. A number that fails its check is no reason: that is shown, and
// who is called decides.
func (t *step) refuses(in Invited) (Cause, bool) {
	switch {
	case t.Full() || len(t.Calls) > 0 && !t.Config.CallWaiting:
		return UserBusy, true
	case in.Remote.Hidden && t.Config.RefuseAnonymous && !in.Callback && !t.AwaitsHelp:
		return NotAllowed, true
	}
	return NoCause, false
}

// withhold is the WithholdNumber of a user.
func (t *step) withhold(on bool) error {
	c := t.Foreground()
	if c == nil || c.State != Dialing {
		return WrongState
	}
	if c.Withheld != on {
		c.Withheld = on
		t.touched(c)
	}
	return nil
}

// withheld tells whether a call to n goes out without our number: by the user's wish or the line's setting, and never to
// those who must be able to call back, or who let in nobody but the line's own phones.
func (t *step) withheld(c *Call, n Number) bool {
	if n.Rule == EmergencyRule || c.Barges {
		return false
	}
	return c.Withheld || int(c.Line) < len(t.Config.Lines) && t.Config.Lines[c.Line].Withhold
}

// awaitHelp opens the time in which help may call back.
func (t *step) awaitHelp() {
	t.AwaitsHelp = true
	t.changed(HelpChanged)
	t.do(StartTimer{ID: TimerID{Kind: CallbackTime}, After: callbackTime})
}
