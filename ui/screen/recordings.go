package screen

import (
	"fmt"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/widget"
)

// RecordedCall is a recording that lies on the phone.
type RecordedCall struct {
	ID      string
	Number  string // of the far side; empty: not known
	Began   time.Time
	Lasts   time.Duration
	OnStick bool // it lies on the USB stick
}

// Recordings are the recordings on the phone.
type Recordings interface {
	Recordings() []RecordedCall // newest first
	DeleteRecording(id string) error
	Stick() (wanted, there bool) // recordings go to a USB stick; one is plugged in
}

// recordEntry is the entry of a menu that begins or ends the recording of a call; none where it is not allowed.
func (v *view) recordEntry(c *phone.Call) []entry {
	w := &v.Words.Recording
	give := func(on bool) func() {
		return func() { v.back(); v.do(phone.RecordCall{Call: c.ID, On: on}) }
	}
	switch {
	case c == nil:
	case v.st.Recorded(c):
		return []entry{{draw.IconRecord, w.Stop, give(false)}}
	case v.st.Config.Recording && c.State == phone.Talking:
		return []entry{{draw.IconRecord, w.Start, give(true)}}
	}
	return nil
}

// recordItem tells in the status bar that a call is being recorded.
func (v *view) recordItem() []widget.StatusItem {
	c := v.st.Call(v.st.Recording.Call)
	switch {
	case c == nil:
		return nil
	case c.State == phone.Talking:
		return []widget.StatusItem{{Icon: draw.IconRecord, Word: v.Words.Recording.Running, Ink: v.Stop}}
	}
	return []widget.StatusItem{{Icon: draw.IconPause, Word: v.Words.Recording.Paused, Ink: v.Hold}}
}

// recordingRows is the row of the sound settings that leads to the recordings, on a phone that has any or may.
func (v *view) recordingRows() []settingRow {
	n := len(v.src.Recordings.Recordings())
	if n == 0 && !v.st.Config.Recording {
		return nil
	}
	return []settingRow{{name: v.Words.Recording.Title, value: fmt.Sprint(n), open: func() { v.open(v, &recordings{}) }}}
}

// recordings is the list of the recordings on the phone.
type recordings struct{ list list }

func (r *recordings) draw(v *view) {
	all := v.src.Recordings.Recordings()
	y := v.Stage().Min.Y
	room := v.listRoom(y)
	r.list.keep(len(all), room)
	detail := ""
	switch wanted, there := v.src.Recordings.Stick(); {
	case len(all) > room:
		detail = fmt.Sprintf(v.Words.Status.Place, r.list.focus+1, len(all))
	case wanted && there:
		detail = v.Words.Recording.Stick
	case wanted:
		detail = v.Words.Recording.NoStick
	}
	v.menuStatus(v.Words.Recording.Title, detail)
	if len(all) == 0 {
		v.nothing(v.Words.Recording.None, draw.IconRecord)
		return
	}
	for i := r.list.top; i < min(len(all), r.list.top+room); i++ {
		c := &all[i]
		box := v.rowBox(i-r.list.top, y, false)
		began := c.Began.In(v.now.Location())
		icon := draw.IconRecord
		if c.ID == v.st.Playing.ID {
			icon = draw.IconPlay
		}
		v.Row(box, &widget.Row{Icon: icon, Title: v.recordedWith(c), Second: v.recordedHow(c),
			Right: text.Clock(began), RightBelow: v.Words.Day(began, v.now), Heavy: true, Focus: i == r.list.focus})
		v.Touchable(box, touchPage+i)
	}
}

// recordedWith names who was spoken to.
func (v *view) recordedWith(c *RecordedCall) string {
	if c.Number == "" {
		return v.Words.Call.Unknown
	}
	return v.party(phone.Peer{Number: c.Number}).name
}

// recordedHow tells how long a recording is, and that it lies on the stick.
func (v *view) recordedHow(c *RecordedCall) string {
	how := spell(c.Lasts.Truncate(time.Second))
	if c.OnStick {
		how += ", " + v.Words.Recording.Stick
	}
	return how
}

func (r *recordings) keys(v *view) []key {
	all := v.src.Recordings.Recordings()
	w := &v.Words.Keys
	keys := []key{{}, {}, {}, {}, {label: w.Back, do: func() { r.stop(v); v.back() }}}
	if r.list.focus >= len(all) {
		return keys
	}
	c := &all[r.list.focus]
	keys[0] = key{w.Play, widget.Go, func() { v.do(phone.PlayRecording{ID: c.ID}) }}
	if v.st.Playing.ID == c.ID {
		keys[0] = key{w.Stop, widget.Halt, func() { r.stop(v) }}
	}
	keys[1] = key{label: w.Delete, do: func() { r.stop(v); v.open(v, &deleteRecording{*c}) }}
	return keys
}

// stop ends playing back, if anything is played.
func (r *recordings) stop(v *view) {
	if v.st.Playing.ID != "" {
		v.do(phone.StopPlaying{})
	}
}

func (r *recordings) press(v *view, k hal.Key) bool {
	if k == hal.OK {
		v.soft(v, r, 0)
		return true
	}
	return r.list.move(k, len(v.src.Recordings.Recordings()), v.listRoom(v.Stage().Min.Y))
}
func (r *recordings) touch(_ *view, what int) { r.list.focus = what }

// deleteRecording asks before a recording is deleted. OK does nothing here: the choice must be read.
type deleteRecording struct{ of RecordedCall }

func (d *deleteRecording) draw(v *view) {
	w := &v.Words.Recording
	v.menuStatus(w.Title, v.recordedWith(&d.of)+", "+v.when(d.of.Began))
	v.headCard(draw.IconRecord, widget.Stop, w.DeleteHead, w.DeleteWhy)
}

func (d *deleteRecording) keys(v *view) []key {
	return []key{{v.Words.Keys.Delete, widget.Halt, func() { d.delete(v) }}, {}, {}, {}, v.backKey()}
}

func (d *deleteRecording) delete(v *view) {
	v.back()
	if err := v.src.Recordings.DeleteRecording(d.of.ID); err != nil {
		v.say(v, fmt.Sprintf(v.Words.Setup.Failed, text.Clean(err.Error())))
		return
	}
	v.say(v, v.Words.Recording.Deleted)
}
func (d *deleteRecording) press(*view, hal.Key) bool { return false }
func (d *deleteRecording) touch(*view, int)          {}
