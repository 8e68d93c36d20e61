package screen

import (
	"image"
	"slices"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
)

// TestMirroredKeysAreThoseOfTheirTabs presses the keys below a mirrored screen: the key at the right answers, the key at
// the left declines, as the tabs above them say, and a touch of a tab does the same.
func TestMirroredKeysAreThoseOfTheirTabs(t *testing.T) {
	for _, size := range []image.Point{{800, 480}, {480, 272}} {
		d := newDesk(t, size, Options{Theme: "dark", Language: "ar"})
		ring := other(1, phone.Ringing, yusuf, time.Second)
		ring.Dir = phone.Incoming
		d.st = withCalls(ring)
		d.paint()
		d.now = d.now.Add(time.Second)
		tabs := len(d.arranged(nil))
		answer, decline := []phone.Command{phone.Answer{Call: 1}}, []phone.Command{phone.Reject{Call: 1}}
		if got := d.press(hal.Soft1 + hal.Key(tabs) - 1); !slices.Equal(got, answer) {
			t.Errorf("%v: the right key gives %v", size, got)
		}
		for _, k := range []hal.Key{hal.Soft1, hal.Back} {
			if got := d.press(k); !slices.Equal(got, decline) {
				t.Errorf("%v: key %v gives %v", size, k, got)
			}
		}
		for x, want := range map[int][]phone.Command{size.X - 20: answer, 20: decline} {
			what, ok := d.canvas.Shown().Touched(image.Pt(x, size.Y-10))
			if d.Touch(what, d.st, d.now); !ok || !slices.Equal(d.Commands(), want) {
				t.Errorf("%v: a touch at %d is not the tab's", size, x)
			}
		}
	}
}

// TestMirroredTilesStayAtTheirKeys touches the right edge, where the line keys are in every language.
func TestMirroredTilesStayAtTheirKeys(t *testing.T) {
	d := newDesk(t, image.Pt(800, 480), Options{Theme: "dark", Language: "ar"})
	d.paint()
	what, ok := d.canvas.Shown().Touched(image.Pt(790, 150))
	if d.Touch(what, d.st, d.now); !ok || !slices.Equal(d.Commands(), []phone.Command{phone.SelectLine{Line: 1}}) {
		t.Error("the second line's tile is not beside its key")
	}
}

// TestMirroredListOpensToTheLeft opens a past call with the key that points on.
func TestMirroredListOpensToTheLeft(t *testing.T) {
	d := newDesk(t, image.Pt(800, 480), Options{Theme: "dark", Language: "ar"})
	d.paint()
	d.press(hal.Soft4) // the second from the right: calls
	if d.press(hal.Right); len(d.menu) != 1 {
		t.Fatalf("%d pages are open, want the list", len(d.menu))
	}
	if d.press(hal.Left); len(d.menu) != 2 {
		t.Error("Left does not open the call")
	}
}
