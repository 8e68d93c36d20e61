package screen

import (
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
)

// reads tells whether a text stands on the screen.
func (d *desk) reads(words string) bool {
	d.paint()
	for _, w := range d.canvas.Shown().Words() {
		if strings.Contains(w.Text, words) {
			return true
		}
	}
	return false
}

// recording a call takes three keys at most (More, the entry's figure), and the screen says so all the time.
func TestACallIsRecordedByKeys(t *testing.T) {
	w := newWorld(t, 0, Options{Theme: "dark", Language: "en"})
	c := config()
	w.event(phone.Invited{Ref: 1, Line: 0, Remote: jonas})
	w.step(phone.Answer{Call: 1})
	w.event(phone.Confirmed{Call: 1})
	w.now = w.now.Add(time.Second)
	press := func(keys ...hal.Key) {
		for _, k := range keys {
			w.Press(k, &w.st, w.now)
			w.do()
		}
		w.desk.st = &w.st
	}
	press(hal.Soft4)
	if w.reads("Record this call") {
		t.Error("offered though it is not allowed")
	}
	press(hal.Back)
	c.Recording = true
	w.step(phone.Configure{Config: c})
	press(hal.Soft4)
	if !w.reads("Record this call") {
		t.Fatal("not offered")
	}
	press(hal.Digit3)
	if w.st.Recording.Call != 1 || !w.reads("Recording") {
		t.Fatalf("recording %+v", w.st.Recording)
	}
	press(hal.Hold)
	if w.reads("Recording") || !w.reads("Paused") {
		t.Error("the screen does not say that recording is paused")
	}
	press(hal.Hold, hal.Soft4, hal.Digit3)
	if w.st.Recording.Call != 0 || w.reads("Recording") {
		t.Errorf("recording %+v", w.st.Recording)
	}
	press(hal.Soft4, hal.Digit3)
	w.event(phone.RecordingFailed{No: 2, Fault: phone.RecordingsFull})
	w.desk.st = &w.st
	if !w.reads("No room for recordings") {
		t.Error("nobody is told that recording ended")
	}
}

func TestRecordingsAreListedAndDeleted(t *testing.T) {
	d := newDesk(t, fourKeys, Options{Theme: "dark", Language: "en"})
	if rows := d.view(nil, d.st, d.now).recordingRows(); rows != nil {
		t.Error("a phone that neither has recordings nor may make any speaks of them")
	}
	d.tapes.all = recorded()
	inSettings(sectionSound, hal.Down, hal.Down, hal.Down, hal.Down, hal.Down, hal.Down, hal.OK)(d)
	press := func(keys ...hal.Key) {
		for _, k := range keys {
			d.Press(k, d.st, d.now)
		}
	}
	if !d.reads("Jonas Keller") {
		t.Fatal("not listed")
	}
	press(hal.Soft1)
	if got := d.Commands(); len(got) != 1 || got[0] != (phone.PlayRecording{ID: "c"}) {
		t.Errorf("Play asks for %+v", got)
	}
	d.st.Playing.ID = "c"
	press(hal.Soft1)
	if got := d.Commands(); len(got) != 1 || got[0] != (phone.StopPlaying{}) {
		t.Errorf("Stop asks for %+v", got)
	}
	d.now = d.now.Add(10 * time.Minute)
	d.Tick(d.st, d.now)
	if !d.reads("Recordings") {
		t.Error("the page leaves while it is listened to")
	}
	press(hal.Soft2) // Delete, which asks
	if got := d.Commands(); len(got) != 1 || got[0] != (phone.StopPlaying{}) {
		t.Errorf("what is deleted is played on: %+v", got)
	}
	d.st.Playing.ID = ""
	press(hal.OK)
	if len(d.tapes.all) != 3 {
		t.Error("OK alone deleted it")
	}
	d.tapes.fail = true
	press(hal.Soft1)
	if !d.reads("read-only") {
		t.Error("nobody is told why it was not deleted")
	}
	d.tapes.fail = false
	press(hal.Down, hal.Soft2, hal.Soft1)
	if len(d.tapes.all) != 2 || d.tapes.all[1].ID != "a" {
		t.Errorf("left %+v", d.tapes.all)
	}
}
