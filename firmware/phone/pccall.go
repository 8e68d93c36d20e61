package phone

// PCCall is what a program on the PC does with the phone as its telephone and sound card. The program owns that
// call: the phone shows what it is told, and passes on what its user wants.
type PCCall struct {
	Ringing   bool // somebody calls the program
	Active    bool // its call stands, held or not
	Held      bool
	Muted     bool
	NoControl bool // the program does not answer the phone's keys
	Plays     bool // the PC plays through the phone
	Records   bool // the PC listens through the phone
	Parked    bool // the phone asked the program to hold, for a call of its own
	Silenced  bool // the user silenced the ring
}

// Streams tells that the phone is in use as sound card.
func (p PCCall) Streams() bool { return p.Plays || p.Records }

// PCAct is what the user wants of the PC's call.
type PCAct uint8

// The acts.
const (
	PCAnswer PCAct = iota
	PCDecline
	PCHangup
	PCHold // hold or resume
	PCMute // mute or not
	pcActCount
)

// The inputs and effects of the PC's call.
type (
	// PCDo is a key of the phone for the PC's call.
	PCDo struct {
		cmd
		Act PCAct
	}
	// PCCallChanged: the program's lamps say something else.
	PCCallChanged struct {
		evt
		Ringing, Active, Held, Muted, NoControl bool
	}
	// PCStreams: the PC began or ended to play or to listen.
	PCStreams struct {
		evt
		Plays, Records bool
	}
	// SendPC passes on what the user wants of the PC's call.
	SendPC struct {
		fx
		Act PCAct
	}
	// SendPCVolume passes on that the user turns the volume of what the PC plays.
	SendPCVolume struct {
		fx
		Steps int
	}
)

// pcFront tells that the PC's call has the user's ear: then no call of the phone has it.
func (s *State) pcFront() bool { return s.PCCall.Active && !s.PCCall.Held && s.Foreground() == nil }

// MicMuted tells whether the microphone is muted for whoever has the user's ear.
func (s *State) MicMuted() bool { return s.Muted || s.pcFront() && s.PCCall.Muted }

func (t *step) pcDo(a PCAct) error {
	needs := [pcActCount]bool{PCAnswer: t.PCCall.Ringing, PCDecline: t.PCCall.Ringing, PCHangup: t.PCCall.Active, PCHold: t.PCCall.Active, PCMute: t.PCCall.Active}
	switch {
	case a >= pcActCount:
		return WrongValue
	case !needs[a]:
		return WrongState
	}
	if a == PCAnswer {
		t.yield(&Call{})
		t.takePath()
	}
	t.do(SendPC{Act: a})
	return nil
}

// pcChanged takes what the program's lamps say. A call that becomes active there was chosen there, by this user: a
// conversation of the phone is held for it.
func (t *step) pcChanged(in PCCallChanged) {
	was := t.PCCall
	p := &t.PCCall
	p.Ringing, p.Active, p.Held, p.Muted, p.NoControl = in.Ringing, in.Active, in.Held && in.Active, in.Muted && in.Active, in.NoControl
	p.Silenced = p.Silenced && p.Ringing
	p.Parked = p.Parked && p.Active
	if was.Active && !p.Active && len(t.Calls) == 0 && t.Muted { // the mute was of that call
		t.Muted = false
		t.changed(MuteChanged)
	}
	if p.Active && !was.Active {
		t.yield(&Call{})
		t.takePath()
	}
	if *p != was {
		t.changed(PCCallNews)
	}
}

func (t *step) pcStreams(in PCStreams) {
	if t.PCCall.Plays == in.Plays && t.PCCall.Records == in.Records {
		return
	}
	began := !t.PCCall.Streams() && (in.Plays || in.Records)
	t.PCCall.Plays, t.PCCall.Records = in.Plays, in.Records
	if began && t.Foreground() == nil {
		t.takePath()
	}
	t.changed(PCCallNews)
}

// meetPC keeps the rule that either a call of the phone or the PC's has the foreground: the PC's is asked to wait while
// one of ours has it, and to go on when all of ours are over.
func (t *step) meetPC() {
	p := &t.PCCall
	switch front := t.Foreground(); {
	case front != nil && p.Active && !p.Held && !p.Parked:
		p.Parked = true
		t.do(SendPC{Act: PCHold})
		t.changed(PCCallNews)
	case front == nil && p.Parked && t.First(Held) == nil:
		if p.Held {
			t.do(SendPC{Act: PCHold})
		}
		p.Parked = false
		t.changed(PCCallNews)
	}
}

// pcHook is the handset for the PC's call; false: it is not about that.
func (t *step) pcHook(off bool) bool {
	switch {
	case off && t.PCCall.Ringing:
		_ = t.pcDo(PCAnswer) // it rings: it can be answered
	case off && t.pcFront():
		t.setPath(Handset)
	case !off && t.pcFront() && t.Path == Handset:
		t.do(SendPC{Act: PCHangup})
	default:
		return false
	}
	return true
}

// pcPath is the Speaker or Headset key for the PC's call and sound; false: it is not about them.
func (t *step) pcPath(p Path) bool {
	switch {
	case t.PCCall.Ringing && !t.PCCall.Active:
		_ = t.pcDo(PCAnswer) // it rings: it can be answered
		t.setPath(p)
	case !t.pcFront() && !t.PCCall.Streams():
		return false
	case t.Path != p:
		t.setPath(p)
	case t.OffHook:
		t.setPath(Handset)
	case t.pcFront():
		t.do(SendPC{Act: PCHangup})
	}
	return true
}
