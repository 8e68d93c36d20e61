package phone

import "time"

// PairingStage is how far pairing with a computer has come, as the person at the phone sees it.
type PairingStage uint8

// The stages.
const (
	NotPairing     PairingStage = iota
	PairingAsked                // does the person want to pair?
	PairingCompare              // does the computer show the same digits?
	PairingWaits                // the person agreed; the one at the computer has not yet
	PairingDone
	PairingFailed
	pairingStageCount
)

// PairingFault says why pairing failed.
type PairingFault uint8

// The faults. Each has a sentence and a cure on the screen.
const (
	NoPairingFault   PairingFault = iota
	PairingDeclined               // by one of the two persons
	PairingTimedOut               // one of them, or the computer, said nothing
	PairingDifferent              // the digits were not the same, or something between the two was not what it said
	PairingTooOften               // ten minutes' rest
	PairingLost                   // the cable was pulled, or reports were lost
	PairingFull                   // the phone knows as many computers as it can, or cannot keep it
	PairingFaultCount
)

// PC is the computer at the cable.
type PC struct {
	Attached   bool   // it is paired, and has proven itself since it was plugged in
	Name, User string // of the attached computer
	Stage      PairingStage
	With       string // the computer that pairs, and its user, as it says
	WithUser   string
	Digits     string // six, for PairingCompare and PairingWaits
	Fault      PairingFault
	Since      time.Time // when the person was asked; zero: nobody is
}

// The inputs and the effect of pairing.
type (
	// AnswerPairing is the key for what Stage asks; at the end it puts the outcome away. WrongState if pairing has
	// come to another stage meanwhile: nobody agrees to what he has not read.
	AnswerPairing struct {
		cmd
		Stage PairingStage
		Yes   bool
	}
	// PairingMoved: pairing came to another stage.
	PairingMoved struct {
		evt
		Stage          PairingStage
		With, WithUser string
		Digits         string
		Fault          PairingFault
	}
	// PCAttached: a paired computer has proven itself over the cable, or is gone.
	PCAttached struct {
		evt
		On         bool
		Name, User string
	}
	// PairingAnswered is the person's word on what a stage asked.
	PairingAnswered struct {
		fx
		Stage PairingStage
		Yes   bool
	}
)

func (t *step) answerPairing(in AnswerPairing) error {
	p := &t.PC
	if p.Stage == NotPairing || p.Stage != in.Stage {
		return WrongState
	}
	switch p.Stage {
	case PairingDone, PairingFailed:
		p.Stage, p.With, p.WithUser, p.Digits, p.Fault = NotPairing, "", "", "", NoPairingFault // Since is zero by then
		t.changed(PCChanged)
	default:
		if in.Yes && t.Lock.Kind != Unlocked {
			return Locked
		}
		t.do(PairingAnswered{Stage: p.Stage, Yes: in.Yes})
	}
	return nil
}

func (t *step) pairingMoved(in PairingMoved) {
	if in.Stage >= pairingStageCount || in.Fault >= PairingFaultCount {
		return
	}
	p := t.PC
	switch asks := in.Stage == PairingAsked || in.Stage == PairingCompare; {
	case asks && in.Stage != p.Stage:
		p.Since = t.now
	case !asks && in.Stage != PairingWaits:
		p.Since = time.Time{}
	}
	p.Stage, p.With, p.WithUser, p.Digits, p.Fault = in.Stage, in.With, in.WithUser, in.Digits, in.Fault
	if p != t.PC {
		t.PC = p
		t.changed(PCChanged)
	}
}

func (t *step) pcAttached(in PCAttached) {
	p := t.PC
	p.Attached, p.Name, p.User = in.On, in.Name, in.User
	if !in.On {
		p.Name, p.User = "", ""
	}
	if p != t.PC {
		t.PC = p
		t.changed(PCChanged)
	}
}
