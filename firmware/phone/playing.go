package phone

import (
	"strings"
	"time"
)

// Playing is the playing back of a recording or a voice message at the phone; there is one at a time, and never beside a call.
type Playing struct {
	ID     string // of the recording; empty: none
	No     uint64 // counts in the phone's life
	Paused bool
}

// VoicemailID begins the IDs of voice messages; those of recordings on the phone begin otherwise.
const VoicemailID = "voicemail:"

// Message is the voice message that is played; empty: none is.
func (p Playing) Message() string {
	if strings.HasPrefix(p.ID, VoicemailID) {
		return p.ID
	}
	return ""
}

// The inputs and the effects of playing back.
type (
	// PlayRecording plays a recording into the ear, from its beginning and in place of any other. Busy while there is a call,
	// or the PC uses the sound.
	PlayRecording struct {
		cmd
		ID string
	}
	// StopPlaying ends it.
	StopPlaying struct{ cmd }
	// PausePlaying stops it for a while, or lets it go on.
	PausePlaying struct {
		cmd
		On bool
	}
	// SeekPlaying goes on at another place, so long after the beginning; beyond the end is the end.
	SeekPlaying struct {
		cmd
		To time.Duration
	}
	// Played: playing back No has come to its end, or cannot go on.
	Played struct {
		evt
		No uint64
	}
	// StartPlaying reads the recording for No; whatever was played before is over.
	StartPlaying struct {
		fx
		No uint64
		ID string
	}
	// EndPlaying ends it.
	EndPlaying struct{ fx }
	// HoldPlaying stops it for a while, or lets it go on.
	HoldPlaying struct {
		fx
		On bool
	}
	// MovePlaying goes on at another place.
	MovePlaying struct {
		fx
		To time.Duration
	}
)

func (t *step) play(id string) error {
	switch {
	case id == "":
		return WrongValue
	case t.Lock.Kind != Unlocked:
		return Locked
	case t.engaged():
		return Busy
	}
	t.takePath()
	t.Playing = Playing{ID: id, No: t.Playing.No + 1}
	t.changed(PlayingChanged)
	t.do(StartPlaying{No: t.Playing.No, ID: id})
	return nil
}

func (t *step) pausePlaying(on bool) error {
	if t.Playing.ID == "" {
		return WrongState
	}
	if t.Playing.Paused != on {
		t.Playing.Paused = on
		t.changed(PlayingChanged)
		t.do(HoldPlaying{On: on})
	}
	return nil
}

func (t *step) seekPlaying(to time.Duration) error {
	switch {
	case t.Playing.ID == "":
		return WrongState
	case to < 0:
		return WrongValue
	}
	t.do(MovePlaying{To: to})
	return nil
}

// engaged tells whether somebody else than a recording has, or wants, the user's ear.
func (s *State) engaged() bool {
	return len(s.Calls) > 0 || s.PCCall.Streams() || s.pcFront() || s.rings()
}

func (t *step) stopPlaying() error {
	if t.Playing.ID == "" {
		return WrongState
	}
	t.Playing.ID, t.Playing.Paused = "", false
	t.changed(PlayingChanged)
	t.do(EndPlaying{})
	return nil
}

// hush ends playing back when the ear is wanted for something else, or whoever listened has gone.
func (t *step) hush() {
	if t.Playing.ID != "" && (t.engaged() || t.Lock.Kind != Unlocked) {
		_ = t.stopPlaying() // something is played: it cannot be refused
	}
}

// hookPlaying is the handset while something is played back: lifted it takes the sound, laid down it ends it.
func (t *step) hookPlaying(off bool) bool {
	switch {
	case t.Playing.ID == "":
		return false
	case off:
		t.setPath(Handset)
	case t.Path == Handset:
		_ = t.stopPlaying()
	}
	return true
}

// pathPlaying is the Speaker or Headset key then: another path takes the sound, the same one ends it.
func (t *step) pathPlaying(p Path) {
	if t.Path != p {
		t.setPath(p)
		return
	}
	_ = t.stopPlaying()
}
