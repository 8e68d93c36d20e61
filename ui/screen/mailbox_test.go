package screen

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
)

// letters are the messages of one line; none if there is no list.
type letters struct {
	box    Box
	listed bool
	place  Place
	did    []string
}

func (l *letters) Box(line phone.LineID) (Box, bool) { return l.box, l.listed && line == 0 }
func (l *letters) Refresh(phone.LineID)              { l.did = append(l.did, "refresh") }
func (l *letters) Mark(id string, heard bool) {
	l.did = append(l.did, fmt.Sprint("mark ", id, " ", heard))
}
func (l *letters) Delete(id string)     { l.did = append(l.did, "delete "+id) }
func (l *letters) Undelete(id string)   { l.did = append(l.did, "undelete "+id) }
func (l *letters) Heard() (Place, bool) { return l.place, l.place.ID != "" }

func mailbox() letters {
	okafor := phone.Peer{Number: "+442079460018", URI: "+442079460018"}
	return letters{listed: true, box: Box{Listed: true, Messages: []Message{
		{"1", okafor, at(9, 58), 42 * time.Second, true, true},
		{"2", ruth, at(15, 3).AddDate(0, 0, -1), 75 * time.Second, true, false},
		{"3", phone.Peer{Number: "+493055501182", URI: "+493055501182"}, at(11, 0).AddDate(0, 0, -1), 8 * time.Second, false, false},
		{"4", mira, at(8, 0).AddDate(0, 0, -3), 31 * time.Second, false, false},
		{"5", phone.Peer{Hidden: true}, at(8, 0).AddDate(0, 0, -8), 0, false, false},
	}}}
}

// voicePeaks is the loudness of a voice that says two sentences.
func voicePeaks() []float64 {
	out := make([]float64, 120)
	for i := range out {
		if i%40 < 30 {
			out[i] = float64(1+(i*7)%11) / 12
		}
	}
	return out
}

func TestMessagesAreHeardByKeys(t *testing.T) {
	d := newDesk(t, fourKeys, Options{Theme: "dark", Language: "en"})
	d.letters = mailbox()
	press := func(keys ...hal.Key) []phone.Command { return d.press(keys...) }
	want := func(what string, got []phone.Command, want ...phone.Command) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v", what, got)
		}
	}
	d.reads("") // the screen is that of home
	d.view(nil, d.st, d.now).openMailbox()
	want("play", press(hal.OK), phone.PlayRecording{ID: "1"})
	st := *d.st
	st.Playing = phone.Playing{ID: "1", No: 1}
	d.st = &st
	d.letters.place = Place{"1", 18 * time.Second, 42 * time.Second, nil}
	want("back", press(hal.Left), phone.SeekPlaying{To: 13 * time.Second})
	want("on", press(hal.Right), phone.SeekPlaying{To: 23 * time.Second})
	want("half", press(hal.Digit5), phone.SeekPlaying{To: 21 * time.Second})
	d.letters.place.At = 2 * time.Second
	want("to the beginning", press(hal.Left), phone.SeekPlaying{})
	d.letters.place.At = 41 * time.Second
	want("to the end", press(hal.Right), phone.SeekPlaying{To: 42 * time.Second})
	want("pause", press(hal.Soft1), phone.PausePlaying{On: true})
	want("another", press(hal.Down), phone.StopPlaying{})
	idle := *d.st
	idle.Playing = phone.Playing{}
	d.st = &idle
	want("call back", press(hal.Up, hal.Soft2), phone.Dial{Number: "+442079460018"})
	want("delete and undo", press(hal.Soft3, hal.Digit1, hal.Soft3))
	if got := d.letters.did; !slices.Equal(got, []string{"refresh", "delete 1", "undelete 1"}) {
		t.Errorf("did %q", got)
	}
}

func TestTheKeyOfTheMailbox(t *testing.T) {
	d := newDesk(t, fourKeys, Options{Theme: "dark", Language: "en"})
	st := *d.st
	st.Lines = slices.Clone(st.Lines)
	st.Lines[0].Mail = phone.Mail{Known: true, Waiting: true, Counted: true, New: 2, Account: "sip:vm@nordwerk.example"}
	d.st = &st
	if !d.reads("2 new voice messages") {
		t.Error("home does not tell")
	}
	if got := d.press(hal.Down, hal.Down, hal.OK); !slices.Equal(got, []phone.Command{phone.CallMailbox{}}) {
		t.Errorf("%v", got)
	}
	st.Calls = []phone.Call{{ID: 1, State: phone.Ringing, Dir: phone.Incoming, Remote: jonas, Since: now}}
	d.paint()
	d.now = d.now.Add(2 * time.Second)
	if got := d.press(hal.Soft2); !slices.Equal(got, []phone.Command{phone.ToMailbox{Call: 1}}) {
		t.Errorf("%v", got)
	}
	st.Calls = []phone.Call{{ID: 2, State: phone.Dialing, Digits: "1", Since: now}}
	d.paint()
	d.Commands()
	d.Long(hal.Digit1, d.st, d.now)
	if got := d.Commands(); !slices.Equal(got, []phone.Command{phone.Hangup{Call: 2}, phone.CallMailbox{}}) {
		t.Errorf("the 1 held down: %v", got)
	}
}

// TestAMessageThatAComputerPlaysIsShown: with the keys that pause it; the way back leads to where one was.
func TestAMessageThatAComputerPlaysIsShown(t *testing.T) {
	d := newDesk(t, fourKeys, Options{Theme: "dark", Language: "en"})
	d.letters = mailbox()
	plays := func(p phone.Playing) {
		st := *d.st
		st.Playing = p
		d.Changed(phone.Update{State: &st, Changes: []phone.Change{{What: phone.PlayingChanged}}}, d.st, d.now)
		d.st = &st
	}
	d.reads("") // the screen is that of home
	plays(phone.Playing{ID: "2", No: 1})
	if !d.reads("Pause") || d.reads("Play") {
		t.Errorf("it reads %q", d.texts())
	}
	if got := d.press(hal.Soft1); !slices.Equal(got, []phone.Command{phone.PausePlaying{On: true}}) {
		t.Errorf("pause: %v", got)
	}
	plays(phone.Playing{ID: "3", No: 2})
	if got := d.press(hal.OK); len(d.menu) != 1 || !slices.Equal(got, []phone.Command{phone.PausePlaying{On: true}}) {
		t.Errorf("another one, in %d pages: %v", len(d.menu), got)
	}
	if got := d.press(hal.Back); len(d.menu) != 0 || !slices.Equal(got, []phone.Command{phone.StopPlaying{}}) {
		t.Errorf("back, in %d pages: %v", len(d.menu), got)
	}
	plays(phone.Playing{ID: "a recording", No: 3})
	if len(d.menu) != 0 {
		t.Error("a recording opens the mailbox")
	}
}
