package phone

import "time"

// Recording is what the phone knows of recordings of calls. The newest one is told: there is one at a time.
type Recording struct {
	Call  CallID // that is recorded now, with its conference; 0: none
	No    uint64 // counts recordings in the phone's life
	Since time.Time
	Fault RecordingFault // what the newest one lacks
}

// RecordingFault says why a recording did not begin, ended before its time, is not whole, or is not where it was wanted.
type RecordingFault uint8

// The faults.
const (
	NoRecordingFault RecordingFault = iota
	RecordingsFull                  // all that recordings may take is taken, or the disk is full
	RecordingBroken                 // the disk does not take it
	RecordingGaps                   // the disk was too slow: there is silence in places
	StickMissing                    // no USB stick is plugged in, or none any more: it goes on, on the phone
	StickFull                       // as is the USB stick: it goes on, on the phone
	StickBroken                     // the USB stick does not take it: it goes on, on the phone
	RecordingFaultCount
)

// The inputs and the effects of recording.
type (
	// RecordCall begins to record a call that talks, with its conference, or ends that. While it is held nothing is recorded.
	// NotAllowed unless the settings allow it; Recorded if another call is being recorded.
	RecordCall struct {
		cmd
		Call CallID
		On   bool
	}
	// RecordingFailed: the recording of that number ended before its time, is not whole, or is not where it was wanted.
	RecordingFailed struct {
		evt
		No    uint64
		Fault RecordingFault
	}
	// StartRecording opens the file of recording No. Sound.Recorded says when there is something to be heard for it.
	StartRecording struct {
		fx
		No     uint64
		Remote Peer
	}
	// StopRecording closes it.
	StopRecording struct{ fx }
)

func (t *step) record(in RecordCall) error {
	c := t.Call(in.Call)
	switch {
	case c == nil:
		return NoSuchCall
	case !in.On && !t.Recorded(c):
		return WrongState
	case !in.On:
		t.stopRecording()
		return nil
	case !t.Config.Recording:
		return Forbidden
	case t.Recording.Call != 0:
		return Recorded
	case c.State != Talking || c.Shadow || c.Page != 0:
		return WrongState
	}
	t.Recording = Recording{Call: c.ID, No: t.Recording.No + 1, Since: t.now}
	t.changed(RecordingChanged)
	t.do(StartRecording{No: t.Recording.No, Remote: c.Remote})
	return nil
}

// Recorded tells whether a call is being recorded, by itself or with its conference.
func (s *State) Recorded(c *Call) bool {
	r := s.Call(s.Recording.Call)
	return r != nil && (r.ID == c.ID || r.Conf != 0 && r.Conf == c.Conf)
}

func (t *step) stopRecording() {
	if t.Recording.Call != 0 {
		t.Recording.Call = 0
		t.changed(RecordingChanged)
		t.do(StopRecording{})
	}
}

// unrecord is told that a call has ended. A conference is recorded on without it.
func (t *step) unrecord(c *Call) {
	if t.Recording.Call != c.ID {
		return
	}
	for _, m := range t.Conference(c.Conf) {
		if m.ID != c.ID {
			t.Recording.Call = m.ID
			t.changed(RecordingChanged)
			return
		}
	}
	t.stopRecording()
}

func (t *step) recordingFailed(in RecordingFailed) {
	if in.No == 0 || in.No != t.Recording.No || in.Fault == NoRecordingFault || in.Fault >= RecordingFaultCount {
		return
	}
	t.Recording.Fault = in.Fault
	if in.Fault == RecordingsFull || in.Fault == RecordingBroken {
		t.Recording.Call = 0
	}
	t.changed(RecordingChanged)
}
