package phone

import (
	"testing"
	"time"
)

func (b *bench) playing(want bool, effects string) {
	b.t.Helper()
	if got := b.s.Playing.ID != ""; got != want {
		b.t.Errorf("playing: %v", got)
	}
	if got := orders(b.effects); got != effects {
		b.t.Errorf("effects: got %s, want %s", got, effects)
	}
}

func TestARecordingIsPlayedAndGivesWayToACall(t *testing.T) {
	b := oneLine(t)
	b.refused(StopPlaying{}, WrongState)
	b.refused(PlayRecording{}, WrongValue)
	b.do(PlayRecording{ID: "a.wav"})
	b.playing(true, "phone.StartPlaying, sound muted playing speaker")
	volume := b.s.Volume[Speaker]
	b.do(StepVolume{Steps: 1})
	if b.s.Volume[Speaker] != volume+1 {
		t.Error("the volume keys do not turn what is heard")
	}
	b.do(Played{No: 9}) // of another
	b.playing(true, "")
	b.do(Invited{Ref: 1, Remote: anna})
	b.playing(false, "start ring 1 2m0s, ringing 1, phone.EndPlaying, sound ring speaker")
	b.refused(PlayRecording{ID: "a.wav"}, Busy)
	b.do(Reject{Call: 1}, PlayRecording{ID: "a.wav"}, Played{No: 2})
	b.playing(false, "sound speaker")
}

func TestWhatIsPlayedPausesAndSkips(t *testing.T) {
	b := oneLine(t)
	b.refused(PausePlaying{On: true}, WrongState)
	b.refused(SeekPlaying{}, WrongState)
	b.do(PlayRecording{ID: "a.wav"}, PausePlaying{On: true})
	b.playing(true, "phone.HoldPlaying")
	b.do(PausePlaying{On: true})
	b.playing(true, "")
	b.refused(SeekPlaying{To: -1}, WrongValue)
	b.do(SeekPlaying{To: time.Second})
	b.playing(true, "phone.MovePlaying")
	b.do(StopPlaying{}, PlayRecording{ID: "a.wav"})
	if b.s.Playing.Paused {
		t.Error("the next one begins paused")
	}
}

func TestTheHandsetAndTheKeysMoveAndEndWhatIsPlayed(t *testing.T) {
	b := oneLine(t)
	b.do(PlayRecording{ID: "a.wav"}, HookMoved{Off: true})
	b.playing(true, "sound muted playing handset")
	b.do(HookMoved{})
	b.playing(false, "phone.EndPlaying, sound handset")
	b.do(PlayRecording{ID: "a.wav"}, PressPath{Path: Headset})
	b.playing(true, "sound muted playing headset")
	b.do(PressPath{Path: Headset})
	b.playing(false, "phone.EndPlaying, sound headset")
	b.do(PlayRecording{ID: "a.wav"}, SetLock{Kind: ManualLock})
	b.playing(false, "phone.EndPlaying, sound headset")
	b.refused(PlayRecording{ID: "a.wav"}, Locked)
}
