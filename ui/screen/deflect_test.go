package screen

import (
	"slices"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
)

// TestRingingCallIsSentOn: one key opens the choice of a number, one key sends the caller there; Cancel leads back to him,
// and when he gives up the choice is gone.
func TestRingingCallIsSentOn(t *testing.T) {
	d := wide(t)
	d.st = withCalls(other(1, phone.Ringing, jonas, time.Second))
	d.paint()
	d.now = d.now.Add(time.Second)
	if got, want := d.press(hal.Soft3, hal.Digit2, hal.Digit4, hal.Soft1), []phone.Command{phone.Deflect{Call: 1, Target: "24"}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	d.over = nil
	if got, want := d.press(hal.Soft3, hal.Digit2, hal.OK), []phone.Command{phone.Deflect{Call: 1, Target: "2"}}; !slices.Equal(got, want) {
		t.Errorf("OK: %v, want %v", got, want)
	}
	d.over = nil
	if got, want := d.press(hal.Soft3, hal.Soft5, hal.Soft5), []phone.Command{phone.Reject{Call: 1}}; !slices.Equal(got, want) {
		t.Errorf("back: %v, want %v", got, want)
	}
	d.press(hal.Soft3)
	d.st = withCalls()
	d.paint()
	if len(d.over) != 0 {
		t.Error("the caller has given up, and the choice stays")
	}
}
