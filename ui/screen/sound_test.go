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
