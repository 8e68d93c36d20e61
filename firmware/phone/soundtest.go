package phone

// SoundTest is how the phone tries its own loudspeaker and microphone: a moment of silence, a tone, and what the one
// hears of the other. A call, or sound for the PC, ends it.
type SoundTest struct {
	Running bool
	Verdict SoundVerdict // of the last test
}

// SoundVerdict is what a test comes to.
type SoundVerdict uint8

// The verdicts.
const (
	SoundUntried SoundVerdict = iota
	SoundWorks
	MicDead       // the microphone hears nothing at all
	MicClips      // it hears more than it can tell
	RoomLoud      // too much noise to say anything
	SpeakerSilent // the microphone hears the room, and not the loudspeaker
	SoundNoCard   // there is no sound card
	SoundVerdictCount
)

// The inputs of the test.
type (
	// TestSound tries loudspeaker and microphone; refused as Busy while there is anything else to hear.
	TestSound struct{ cmd }
	// SoundTested: the test came to its end.
	SoundTested struct {
		evt
		Verdict SoundVerdict
	}
)

func (t *step) testSound() error {
	if t.sounds() {
		return Busy
	}
	t.Test = SoundTest{Running: true}
	t.changed(SoundTestChanged)
	return nil
}

func (t *step) soundTested(v SoundVerdict) {
	if t.Test.Running && v < SoundVerdictCount {
		t.Test = SoundTest{Verdict: v}
		t.changed(SoundTestChanged)
	}
}

// breakTest ends the test when something else is to be heard.
func (t *step) breakTest() {
	if t.Test.Running && t.sounds() {
		t.Test = SoundTest{}
		t.changed(SoundTestChanged)
	}
}

// sounds tells whether calls or the PC need loudspeaker or microphone.
func (s *State) sounds() bool { return len(s.Calls) > 0 || s.PCCall.Streams() || s.PCCall.Ringing }
