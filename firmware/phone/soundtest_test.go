package phone

import "testing"

// The test has the sound to itself, and gives it up for whoever needs it.
func TestSoundTestGivesWay(t *testing.T) {
	b := oneLine(t)
	b.do(TestSound{})
	if s := b.s.sound(); !s.Test || s.Path != Speaker || s.Tone != NoTone {
		t.Errorf("while testing: %+v", s)
	}
	b.do(SoundTested{Verdict: SoundWorks})
	if b.s.Test != (SoundTest{Verdict: SoundWorks}) || b.s.sound().Test {
		t.Errorf("tested: %+v", b.s.Test)
	}
	b.do(TestSound{})
	b.do(PCStreams{Plays: true})
	if b.s.Test != (SoundTest{}) || !b.s.sound().PC {
		t.Errorf("the PC plays: %+v", b.s.Test)
	}
	if err := b.try(TestSound{}); err != Busy {
		t.Errorf("while the PC plays: %v", err)
	}
	b.do(SoundTested{Verdict: MicDead}) // came too late
	if b.s.Test != (SoundTest{}) {
		t.Errorf("news of a test that was broken off: %+v", b.s.Test)
	}
	b.do(PCStreams{})
	b.do(TestSound{})
	b.do(Invited{Ref: 1})
	if b.s.Test.Running || !b.s.sound().Ring {
		t.Errorf("a call comes in: %+v", b.s.sound())
	}
}
