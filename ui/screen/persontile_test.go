package screen

import (
	"image"
	"slices"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
)

// TestPeopleHaveKeys presses the line keys that no line needs.
func TestPeopleHaveKeys(t *testing.T) {
	d := newDesk(t, image.Pt(800, 480), Options{Theme: "dark", Language: "en"})
	d.paint()
	d.Press(hal.Line3, d.st, d.now) // behind two lines: who is called most
	if got := d.Commands(); !slices.Equal(got, []phone.Command{phone.Dial{Number: "+491715550142"}}) {
		t.Errorf("the key of a person gives %v", got)
	}
	d.st = withCalls(talking(1, mira, time.Minute))
	d.paint()
	for _, k := range []hal.Key{hal.Line3, hal.Line4, hal.Line5} {
		d.Press(k, d.st, d.now)
	}
	if got := d.Commands(); len(got) > 0 {
		t.Errorf("in a call the keys of people give %v", got)
	}
}

// TestFreeKeyAddsSomebody presses the key behind the last person.
func TestFreeKeyAddsSomebody(t *testing.T) {
	d := newDesk(t, image.Pt(800, 480), Options{Theme: "dark", Language: "en"})
	d.log = d.log[len(d.log)-1:]
	d.paint()
	d.Press(hal.Line5, d.st, d.now)
	if len(d.menu) != 0 {
		t.Error("an empty place opens a page")
	}
	d.Press(hal.Line4, d.st, d.now)
	if len(d.menu) != 1 || len(d.Commands()) != 0 {
		t.Error("the free key does not ask for a new contact")
	}
}

// TestUndoCallsBack ends a call by mistake and presses Undo: the same party is called on the same line, in the same
// conversation. A call they ended offers to call again.
func TestUndoCallsBack(t *testing.T) {
	d := newDesk(t, image.Pt(800, 480), Options{Theme: "dark", Language: "en"})
	for _, cause := range []phone.Cause{phone.LocalHangup, phone.RemoteHangup} {
		call := talking(1, jonas, time.Minute)
		call.Line, call.Conversation = 1, "5d1e"
		before := withCalls(call)
		d.st = idle()
		d.Changed(phone.Update{Changes: []phone.Change{{What: phone.CallChanged, Call: 1, From: phone.Talking, To: phone.Ended, Cause: cause}}}, before, d.now)
		d.paint()
		v := d.view(nil, d.st, d.now)
		label := d.page(v).keys(v)[0].label
		if want := map[bool]string{true: "Undo", false: "Call again"}[cause == phone.LocalHangup]; label.Long != want {
			t.Errorf("%v: the first key is %q, want %q", cause, label.Long, want)
		}
		d.Press(hal.Soft1, d.st, d.now)
		if got := d.Commands(); !slices.Equal(got, []phone.Command{phone.Dial{Line: 1, Number: jonas.URI, Conversation: "5d1e"}}) {
			t.Errorf("%v: the first key gives %v", cause, got)
		}
	}
}
