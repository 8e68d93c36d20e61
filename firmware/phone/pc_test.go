package phone

import "testing"

// Whoever presses the key of a locked phone may say no, and may put an outcome away, but he pairs with nobody.
func TestLockedPhoneAgreesToNoPairing(t *testing.T) {
	for _, stage := range []PairingStage{PairingAsked, PairingCompare} {
		b := oneLine(t)
		b.do(PairingMoved{Stage: stage, With: "laptop", Digits: "147086"}, SetLock{Kind: IdleLock})
		if err := b.try(AnswerPairing{Stage: stage, Yes: true}); err != Locked {
			t.Errorf("stage %d, yes: %v", stage, err)
		}
		if err := b.try(AnswerPairing{Stage: stage}); err != nil {
			t.Errorf("stage %d, no: %v", stage, err)
		}
		b.do(SetLock{Kind: Unlocked})
		if err := b.try(AnswerPairing{Stage: stage, Yes: true}); err != nil {
			t.Errorf("stage %d, yes when unlocked: %v", stage, err)
		}
	}
	b := oneLine(t)
	b.do(PairingMoved{Stage: PairingCompare, With: "laptop", Digits: "147086"})
	if err := b.try(AnswerPairing{Stage: PairingAsked, Yes: true}); err != WrongState {
		t.Errorf("an answer to the question before: %v", err)
	}
	b.do(PairingMoved{Stage: PairingFailed, Fault: PairingDeclined}, SetLock{Kind: IdleLock}, AnswerPairing{Stage: PairingFailed, Yes: true})
	if b.s.PC.Stage != NotPairing {
		t.Errorf("the outcome stays: %+v", b.s.PC)
	}
}
