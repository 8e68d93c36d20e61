package screen

import (
	"image"
	"slices"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/sip/trace"
)

func (d *desk) shows(t *testing.T, want ...string) {
	t.Helper()
	got := d.texts()
	for _, w := range want {
		if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, w) }) {
			t.Errorf("no %q in %q", w, got)
		}
	}
}

// steps presses the soft key that leads to the steps.
func (d *desk) pressSteps(t *testing.T) {
	t.Helper()
	v := d.view(nil, d.st, d.now)
	keys := d.arranged(d.page(v).keys(v))
	i := slices.IndexFunc(keys, func(k key) bool { return k.label == v.Words.Keys.Steps })
	if i < 0 {
		t.Fatalf("no way to the steps from %q", d.texts())
	}
	d.press(hal.Soft1 + hal.Key(i))
}

// TestStepsAreReached: from a call, from how it sounds, when it has ended, from its entry in the log, and from a line that
// cannot sign in; also where there are only four keys.
func TestStepsAreReached(t *testing.T) {
	for _, size := range []image.Point{{X: 800, Y: 480}, fourKeys} {
		d := newDesk(t, size, Options{Theme: "dark", Language: "en", Brightness: 80})
		keptOfCall(answered())(d)
		d.st = withCalls(talking(1, jonas, time.Minute))
		d.paint()
		d.press(hal.Down)
		d.pressSteps(t)
		d.shows(t, "Step by step", "Jonas Keller", "Your phone calls")
		d.press(hal.Back, hal.Back)
		menu := (&moreMenu{call: 1}).entries(d.view(nil, d.st, d.now))
		if !slices.ContainsFunc(menu, func(e entry) bool { return e.name == "Step by step" }) {
			t.Error("the menu of the call does not lead there")
		}

		before := d.st
		d.over, d.st = nil, idle()
		d.Changed(phone.Update{Changes: []phone.Change{{What: phone.CallChanged, Call: 1, From: phone.Talking, To: phone.Ended, Cause: phone.RemoteHangup}}, State: d.st}, before, d.now)
		d.shows(t, "they ended it")
		d.pressSteps(t)
		d.now = d.now.Add(time.Minute)
		d.shows(t, "Step by step")
		d.press(hal.Back)

		for _, r := range []phone.Record{record(at(14, 31), phone.Outgoing, "2431", 0), remembered(record(at(14, 31), phone.Outgoing, "2431", time.Minute))} {
			r.Call = 1
			d.log[0] = r
			d.press(hal.Soft2, hal.OK)
			if r.Quality != "" { // its sound comes first
				d.press(hal.Soft2)
			}
			d.pressSteps(t)
			d.shows(t, "Mira Patel", "Your phone calls")
			d.menu = nil
		}

		d.st.Lines[0].State, d.st.Lines[0].Fault, d.st.Lines[0].Detail = phone.LineFailing, phone.WrongPassword, "403 Forbidden"
		d.ladders.accounts = map[string]trace.Ladder{d.st.Lines[0].AOR: wrongPassword()}
		d.press(hal.Line1)
		if size == fourKeys {
			d.press(hal.Soft2) // Details
		}
		d.pressSteps(t)
		d.shows(t, "2417 signs in", "The server refuses the password", "401 Enter the password again.")
	}
}

// TestStepsGrowWithTheCall: what comes while the page stands open is shown, and the focus stays where it is.
func TestStepsGrowWithTheCall(t *testing.T) {
	d := wide(t)
	d.st = withCalls(talking(1, jonas, time.Minute))
	keptOfCall(spoken("> INVITE 1", "< 100 Trying"))(d)
	d.paint()
	d.press(hal.Down)
	d.pressSteps(t)
	d.shows(t, "The server works on it")
	keptOfCall(spoken("> INVITE 1", "< 100 Trying", "< 180 Ringing", "> INVITE 1"))(d)
	d.shows(t, "The other side's phone rings")
	d.press(hal.OK)
	d.shows(t, "192.0.2.17:40112 > 198.51.100.5:5061, tls", "INVITE sip:2431@nordwerk.example SIP/2.0")
	d.press(hal.Back, hal.Back)
	d.shows(t, "Sound quality")
}

// TestNoStepsNoKey: where nothing was kept nothing leads there.
func TestNoStepsNoKey(t *testing.T) {
	d := wide(t)
	d.st = withCalls(talking(1, jonas, time.Minute))
	d.paint()
	d.press(hal.Down)
	if slices.Contains(d.texts(), "Steps") {
		t.Error("a key leads to nothing")
	}
}
