package screen

import (
	"slices"
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
)

// The PC that listens through the phone is shown with its name, put away with one key, and shown anew the next time.
func TestPCAudioPage(t *testing.T) {
	d := wide(t)
	streams := func(on bool) {
		s := *idle()
		s.PC.Attached, s.PC.Name, s.Path = true, "ANNA-LAPTOP", phone.Speaker
		s.PCCall.Plays, s.PCCall.Records = true, on
		d.st = &s
		d.paint()
		d.now = d.now.Add(swallowTime)
	}
	shown := func() bool { return slices.Contains(d.texts(), "Your PC speaks through this phone") }
	streams(true)
	if !shown() || !slices.Contains(d.texts(), "ANNA-LAPTOP") {
		t.Fatalf("the screen says %q", d.texts())
	}
	for k, want := range map[hal.Key]phone.Command{
		hal.Soft1: phone.Dial{Line: 0}, hal.Soft2: phone.Mute{On: true}, hal.Soft3: phone.SetPath{Path: phone.Headset}, hal.Mute: phone.Mute{On: true},
	} {
		if got := d.press(k); !slices.Equal(got, []phone.Command{want}) {
			t.Errorf("key %v leads to %v, want %v", k, got, want)
		}
	}
	if d.press(hal.Soft5); shown() {
		t.Error("the page is not put away")
	}
	d.press(hal.Soft3) // the contacts of the home screen
	if len(d.menu) != 1 {
		t.Error("behind the page is no home screen")
	}
	d.press(hal.Back)
	streams(false)
	if shown() {
		t.Error("the page stands though the PC only plays")
	}
	if streams(true); !shown() {
		t.Error("the page does not come again")
	}
}
