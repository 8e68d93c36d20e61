package phone

import "testing"

// recordable is a phone with calls that may be recorded.
func recordable(t testing.TB, calls string) *bench {
	b := able(t, calls)
	b.s.Config.Recording = true
	return b
}

func (b *bench) recorded(want CallID, effects string) {
	b.t.Helper()
	if b.s.Recording.Call != want {
		b.t.Errorf("call %d is recorded, want %d", b.s.Recording.Call, want)
	}
	if got := orders(b.effects); got != effects {
		b.t.Errorf("effects: got %s, want %s", got, effects)
	}
}

func TestARecordingIsOfOneCallAndPausesWhileItIsHeld(t *testing.T) {
	b := recordable(t, "Held Talking")
	b.refused(RecordCall{Call: 1, On: true}, WrongState) // nobody is heard
	b.refused(RecordCall{Call: 9, On: true}, NoSuchCall)
	b.refused(RecordCall{Call: 2}, WrongState)
	b.do(RecordCall{Call: 2, On: true})
	b.recorded(2, "phone.StartRecording, sound voice 2 recorded speaker")
	b.do(Swap{})
	b.recorded(2, "hold 2 true, hold 1 false, sound voice 1 speaker")
	b.refused(RecordCall{Call: 1, On: true}, Recorded)
	b.do(Swap{})
	b.recorded(2, "hold 1 true, hold 2 false, sound voice 2 recorded speaker")
	b.do(RecordCall{Call: 2})
	b.recorded(0, "phone.StopRecording, sound voice 2 speaker")
	b.do(RecordCall{Call: 2, On: true})
	b.do(Byed{Call: 2, Cause: RemoteHangup})
	b.recorded(0, "log 2, phone.StopRecording, sound speaker")
}

func TestRecordingMustBeAllowed(t *testing.T) {
	b := able(t, "Talking")
	b.refused(RecordCall{Call: 1, On: true}, Forbidden)
	b = recordable(t, "Talking")
	b.do(RecordCall{Call: 1, On: true})
	c := b.s.Config
	c.Recording = false
	b.do(Configure{Config: c})
	b.recorded(0, "phone.StopRecording, sound voice 1 speaker")
}

func TestAConferenceIsRecordedAsLongAsItLasts(t *testing.T) {
	b := recordable(t, "Held Held Talking")
	b.do(RecordCall{Call: 3, On: true})
	b.do(Join{Calls: [MaxConf]CallID{1, 2, 3}})
	b.recorded(3, "hold 1 false, hold 2 false, sound voice 1 2 3 recorded speaker")
	b.do(Byed{Call: 3, Cause: RemoteHangup})
	b.recorded(1, "log 3, sound voice 1 2 recorded speaker")
	b.do(RecordCall{Call: 2}) // any of them ends it
	b.recorded(0, "phone.StopRecording, sound voice 1 2 speaker")
}

func TestARecordingThatFailsIsTold(t *testing.T) {
	b := recordable(t, "Talking")
	b.do(RecordCall{Call: 1, On: true})
	b.do(RecordingFailed{No: 7, Fault: RecordingBroken}) // of an earlier one
	b.recorded(1, "")
	b.do(RecordingFailed{No: 1, Fault: RecordingGaps})
	b.recorded(1, "")
	b.do(RecordingFailed{No: 1, Fault: RecordingsFull})
	b.recorded(0, "sound voice 1 speaker")
	if b.s.Recording.Fault != RecordingsFull {
		t.Errorf("told %v", b.s.Recording)
	}
	b.do(RecordCall{Call: 1, On: true})
	if b.s.Recording.Fault != NoRecordingFault {
		t.Errorf("the next one begins with the fault of the last: %v", b.s.Recording)
	}
}
