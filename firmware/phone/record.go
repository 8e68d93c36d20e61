package phone

import (
	"encoding/json"
	"fmt"
)

// stateFields is State without its methods, so that encoding it does not come back here.
type stateFields State

// MarshalJSON writes all of the state, with what the package keeps to itself: a state read back
// goes on exactly as this one would.
func (s State) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		stateFields
		NextCall CallID
	}{stateFields(s), s.nextCall})
}

// UnmarshalJSON reads what MarshalJSON wrote; a state that cannot be is an error.
func (s *State) UnmarshalJSON(b []byte) error {
	var in struct {
		stateFields
		NextCall CallID
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return fmt.Errorf("phone: read state: %w", err)
	}
	*s = State(in.stateFields)
	s.nextCall = in.NextCall
	return s.possible()
}

// possible checks a state from outside for what Step takes for granted.
func (s *State) possible() error {
	switch {
	case len(s.Calls) > MaxCalls+1 || len(s.Lines) > MaxLines:
		return fmt.Errorf("phone: read state: %d calls on %d lines", len(s.Calls), len(s.Lines))
	case s.Path >= PathCount:
		return fmt.Errorf("phone: read state: path %d", s.Path)
	case s.PC.Stage >= pairingStageCount || s.PC.Fault >= PairingFaultCount:
		return fmt.Errorf("phone: read state: pairing in stage %d with fault %d", s.PC.Stage, s.PC.Fault)
	case s.Lock.Kind >= lockKindCount:
		return fmt.Errorf("phone: read state: lock of kind %d", s.Lock.Kind)
	case s.Recording.Fault >= RecordingFaultCount || s.Recording.Call != 0 && (s.Call(s.Recording.Call) == nil || !s.Call(s.Recording.Call).State.stands()):
		return fmt.Errorf("phone: read state: recording %+v", s.Recording)
	case s.Question.Kind >= questionKindCount:
		return fmt.Errorf("phone: read state: question of kind %d", s.Question.Kind)
	case len(s.Lines) > 0 && int(s.Selected) >= len(s.Lines):
		return fmt.Errorf("phone: read state: line %d is selected of %d", s.Selected, len(s.Lines))
	}
	if len(s.Config.Pages) > MaxPages || s.Air>>len(s.Config.Pages) != 0 {
		return fmt.Errorf("phone: read state: pages %b of %d", s.Air, len(s.Config.Pages))
	}
	if err := s.possibleRosters(); err != nil {
		return err
	}
	if err := s.possibleAppearances(); err != nil {
		return err
	}
	if len(s.Watched) > MaxWatched || s.Availability >= presenceCount {
		return fmt.Errorf("phone: read state: %d watched, availability %d", len(s.Watched), s.Availability)
	}
	for _, c := range s.Calls {
		if c.Proof.Verdict >= numberVerdictCount || c.Proof.Doubt >= DoubtCount {
			return fmt.Errorf("phone: read state: call %d with proof %+v", c.ID, c.Proof)
		}
		if c.State == None || c.State >= Ended || c.ID > s.nextCall || s.Line(c.Line) == nil || c.Move >= moveCount || c.Way >= wayCount || c.Joins > s.nextCall {
			return fmt.Errorf("phone: read state: call %d in state %v on line %d", c.ID, c.State, c.Line)
		}
	}
	return nil
}

func (s *State) possibleRosters() error {
	if len(s.Rosters) > MaxCalls {
		return fmt.Errorf("phone: read state: %d rosters", len(s.Rosters))
	}
	for _, r := range s.Rosters {
		if len(r.Members) > MaxMembers || s.Call(r.Call) == nil {
			return fmt.Errorf("phone: read state: %d members of call %d", len(r.Members), r.Call)
		}
		for _, m := range r.Members {
			if m.State >= memberStateCount {
				return fmt.Errorf("phone: read state: member in state %d", m.State)
			}
		}
	}
	return nil
}

// Inputs gives one zero value of each command and event, for codecs and for tests that want all.
func Inputs() []Input {
	return []Input{
		Dial{}, Digit{}, EraseDigit{}, DialNow{}, WithholdNumber{}, Answer{}, Reject{}, Deflect{}, CallMailbox{}, ToMailbox{}, Silence{}, Hangup{}, Hold{}, Resume{}, Swap{}, SendDTMF{},
		Mute{}, SetPath{}, PressPath{}, StepVolume{}, SetVolume{}, SetRingVolume{}, SelectLine{}, Register{}, SeeMissed{}, Configure{},
		HookMoved{}, JackMoved{}, LineChanged{}, Invited{}, Progressed{}, EarlyHeard{}, Accepted{}, Confirmed{}, CallFailed{}, Byed{}, RemoteHeld{},
		ResumeRefused{}, Secured{}, RemoteChanged{}, Proved{}, Noticed{}, Recalled{}, TimerFired{},
		Ask{}, AnswerQuestion{}, QuestionDropped{}, SetLock{}, PINRefused{}, PCDo{}, PCCallChanged{}, PCStreams{},
		AnswerPairing{}, PairingMoved{}, PCAttached{},
		Transfer{}, Consult{}, CompleteTransfer{}, Reconnect{}, MoveTo{}, Pull{}, Join{}, Split{}, AddMember{}, DropMember{}, MuteMember{}, RosterChanged{}, FocusChanged{},
		Able{}, Referred{}, MoveProgressed{}, Moved{}, MoveRefused{}, Conversing{}, Redirected{},
		PageHeard{}, PageSilent{}, TestSound{}, SoundTested{}, RecordCall{}, RecordingFailed{}, PlayRecording{}, StopPlaying{}, PausePlaying{}, SeekPlaying{}, Played{},
		MailTold{}, MailListed{}, MailUnsure{}, RulesHanded{},
		PickUp{}, TakeAppearance{}, JoinAppearance{}, AppearancesTold{}, SetAvailability{}, LampChanged{}, PresenceChanged{},
	}
}

// Effects gives one zero value of each effect, for tests that want all.
func Effects() []Effect {
	return []Effect{
		SendInvite{}, SendRinging{}, RefuseInvite{}, SendAccept{}, SendReject{}, SendDeflect{}, SendCancel{}, SendBye{}, SendHold{}, PlayDTMF{},
		SendRegister{}, SetSound{}, StartTimer{}, StopTimer{}, LogCall{}, QuestionAnswered{}, SendPC{}, SendPCVolume{}, PairingAnswered{},
		SendPage{}, HearPage{}, EndPage{}, SendRefer{}, SendMute{}, SendBridge{}, RefuseRefer{}, StartRecording{}, StopRecording{}, StartPlaying{}, EndPlaying{}, HoldPlaying{}, MovePlaying{}, SendPresence{}, HandRules{}, SendAppearances{}, Chime{},
	}
}
