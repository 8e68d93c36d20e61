package screen

import (
	"image"
	"slices"
	"strings"
	"testing"
	"time"

	"opendeskphone/audio/quality"
	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/text"
)

func TestSoundOfACallIsOneKeyAway(t *testing.T) {
	d := wide(t)
	d.st = withCalls(talking(1, jonas, time.Minute))
	d.sounds[1] = suffering(quality.LostUp)
	d.paint()
	d.press(hal.Down)
	for _, want := range []string{"The fault lies on the way from you", "9 % of your voice is lost. Worst from 14:31:24 for 14 s.", "Check the network cable behind the phone.", "sound lost"} {
		if !slices.Contains(d.texts(), want) {
			t.Errorf("no %q in %q", want, d.texts())
		}
	}
	if commands := d.press(hal.Digit7); len(commands) != 1 || commands[0] != (phone.SendDTMF{Call: 1, Digit: '7'}) {
		t.Errorf("a digit on the page led to %v", commands)
	}
	d.press(hal.Soft4, hal.Down, hal.Down, hal.Down)
	if !slices.Contains(d.texts(), "−19 dBm0") || !slices.Contains(d.texts(), "3 of 3") {
		t.Errorf("the last page of numbers has %q", d.texts())
	}
	d.press(hal.Soft5, hal.Soft5)
	if !slices.Contains(d.texts(), "Encrypted") {
		t.Errorf("two keys back is %q", d.texts())
	}
	what, ok := d.canvas.Shown().Touched(image.Pt(300, 380)) // where the card says how it sounds
	if d.Touch(what, d.st, d.now); !ok || !slices.Contains(d.texts(), "Sound quality") {
		t.Errorf("a touch of the verdict leads to %q", d.texts())
	}
}

// Who looks at a call's sound sees where its reports go, and in the settings what waits.
func TestReportsAreShown(t *testing.T) {
	d := wide(t)
	d.st = withCalls(talking(1, jonas, time.Minute))
	page := func() []string {
		d.paint()
		d.press(hal.Down)
		out := d.texts()
		d.press(hal.Soft4, hal.Down, hal.Down, hal.Down, hal.Down)
		out = append(out, d.texts()...)
		d.press(hal.Soft5, hal.Soft5)
		return out
	}
	shown := func(texts []string, want string) bool {
		return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, want) })
	}
	if got := page(); shown(got, "report") && !shown(got, "they report") {
		t.Errorf("without a collector: %q", got)
	}
	d.reports.Reporting = Reporting{To: "sip:qoe@pbx.example", Waiting: 2, Trouble: "no answer"}
	for _, want := range []string{"reported to qoe@pbx.example", "Reports go to", "2 wait", "no answer"} {
		if got := page(); !shown(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	for _, c := range []struct {
		r    Reporting
		want string
	}{
		{Reporting{}, "Off"},
		{Reporting{To: "sip:qoe@pbx.example"}, "qoe@pbx.example"},
		{Reporting{To: "sip:qoe@pbx.example", Trouble: "489 Bad Event"}, "489 Bad Event"},
		{Reporting{To: "sip:qoe@pbx.example", Taken: d.now}, "last taken 14:32"},
		{Reporting{To: "sip:qoe@pbx.example", Waiting: 1}, "1 wait"},
		{Reporting{To: "sip:qoe@pbx.example", Lost: 4}, "4 dropped: too many"},
	} {
		d.reports.Reporting = c.r
		v := d.view(nil, d.st, d.now)
		if rows := reportRows(v); !slices.ContainsFunc(rows, func(r settingRow) bool { return r.value == c.want }) {
			t.Errorf("%+v is shown as %+v, want %q", c.r, rows, c.want)
		}
	}
}

func TestPageGoesWithItsCallAndTheLogHasItStill(t *testing.T) {
	d := wide(t)
	call := talking(3, jonas, time.Minute)
	d.st = withCalls(call)
	d.paint()
	d.press(hal.Down)
	ended := record(now.Add(-time.Minute), phone.Outgoing, jonas.Number, time.Minute)
	ended.Call = 3
	d.log = append(history{remembered(ended)}, d.log...)
	before := d.st
	d.st = idle()
	d.Changed(phone.Update{Changes: []phone.Change{{What: phone.CallChanged, Call: 3, From: phone.Talking, To: phone.Ended, Cause: phone.RemoteHangup}}, State: d.st}, before, d.now)
	if !slices.Contains(d.texts(), "they ended it") {
		t.Fatalf("after the call: %q", d.texts())
	}
	d.press(hal.Soft3)
	if !slices.Contains(d.texts(), "Sound quality") || !slices.ContainsFunc(d.texts(), func(s string) bool { return strings.HasPrefix(s, "Jonas Keller, today") }) {
		t.Errorf("its sound: %q", d.texts())
	}
	d.now = d.now.Add(10 * time.Second) // longer than the ended call stays
	if !slices.Contains(d.texts(), "Sound quality") {
		t.Errorf("ten seconds later: %q", d.texts())
	}
	if commands := d.press(hal.Soft1); len(commands) != 1 {
		t.Errorf("calling again led to %v", commands)
	}
}

func TestCallsOfADayAreGoneThrough(t *testing.T) {
	d := wide(t)
	for _, i := range []int{4, 9} { // both with Jonas, today
		d.log[i] = remembered(d.log[i])
	}
	d.st = idle()
	d.paint()
	d.press(hal.Soft2, hal.OK, hal.Soft2)
	if !slices.Contains(d.texts(), "1 of 2, Jonas Keller, today 11:47") {
		t.Errorf("%q", d.texts())
	}
	d.press(hal.Down, hal.Down)
	if !slices.Contains(d.texts(), "2 of 2, Jonas Keller, today 09:20") {
		t.Errorf("%q", d.texts())
	}
	d.press(hal.Up)
	if !slices.Contains(d.texts(), "1 of 2, Jonas Keller, today 11:47") {
		t.Errorf("%q", d.texts())
	}
}

func TestDamagedQualityIsNoKey(t *testing.T) {
	d := wide(t)
	for i := range d.log {
		d.log[i].Quality = `{"Fault":200}`
	}
	d.st = idle()
	d.paint()
	d.press(hal.Soft2, hal.OK)
	if slices.Contains(d.texts(), "Sound") {
		t.Errorf("%q", d.texts())
	}
}

// Each fault is told in each language, whole, on every panel.
func TestEveryFaultIsTold(t *testing.T) {
	for _, words := range text.Languages {
		for _, p := range panels() {
			for f := range quality.FaultCount {
				d := newDesk(t, image.Pt(p.W, p.H), Options{Theme: "dark", LargeText: p.LargeText, Language: words.Code, Brightness: 80, RingTone: "Classic"})
				d.st = withCalls(talking(1, jonas, time.Minute))
				d.sounds[1] = suffering(f)
				d.paint()
				d.press(hal.Down)
				d.paint()
				all := d.canvas.Shown().Words()
				apart(t, all, image.Rect(0, 0, p.W, p.H))
				head := fill(words.Sound.Faults[f].Head, "Jonas")
				found := false
				for _, w := range all {
					found = found || w.Text == head
					if strings.HasSuffix(w.Text, "…") {
						t.Errorf("%s, %s: %q", words.Code, size(p), w.Text)
					}
				}
				if !found {
					t.Errorf("%s, %s: no %q", words.Code, size(p), head)
				}
			}
		}
	}
}
