package screen

import (
	"slices"
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
)

// TestRedialCallsTheNumberDialledLast: one key on the home screen, whoever has called in the meantime.
func TestRedialCallsTheNumberDialledLast(t *testing.T) {
	d := wide(t)
	d.log = []phone.Record{
		{Dir: phone.Incoming, Remote: phone.Peer{Number: "2440"}, Began: now},
		{Dir: phone.Outgoing, Remote: phone.Peer{Number: "2431"}, Began: now, Cause: phone.UserBusy},
		{Dir: phone.Outgoing, Remote: phone.Peer{Number: "2419"}, Began: now},
	}
	d.paint()
	if got, want := d.press(hal.Soft4), []phone.Command{phone.Dial{Number: "2431"}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
