package screen

import (
	"slices"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
)

// shut is a desk whose phone has just been locked while a menu stood open.
func shut(t *testing.T) *desk {
	d := wide(t)
	d.enter(situation{state: idle(), keys: []hal.Key{hal.Soft3}}) // contacts
	d.st.Lock.Kind = phone.ManualLock
	d.paint()
	return d
}

func (d *desk) keyed(keys ...hal.Key) []phone.Command {
	for _, k := range keys {
		d.Press(k, d.st, d.now)
	}
	d.paint()
	return d.Commands()
}

func TestPINIsTriedWhenItIsLongEnough(t *testing.T) {
	d := shut(t)
	d.keyed(hal.Digit2, hal.Digit5, hal.Digit8, hal.OK, hal.Soft1)
	if len(d.lock.tried) != 0 {
		t.Fatalf("tried %q", d.lock.tried)
	}
	d.keyed(hal.Digit0, hal.Digit7, hal.Soft3, hal.Soft1)
	if !slices.Equal(d.lock.tried, []string{"2580"}) {
		t.Errorf("tried %q", d.lock.tried)
	}
}

func TestLockedPhoneShowsNothingOfItsOwnerAndCallsForHelp(t *testing.T) {
	d := shut(t)
	for k := hal.Soft1; k <= hal.Soft4; k++ {
		d.keyed(k)
	}
	for _, k := range []hal.Key{hal.Up, hal.Down, hal.OK, hal.Line1} {
		if c := d.keyed(k); slices.ContainsFunc(c, func(c phone.Command) bool { _, selects := c.(phone.SelectLine); return !selects }) && k != hal.Line1 {
			t.Errorf("%v gives %v", k, c)
		}
	}
	if d.shown != kindLocked || len(d.menu) != 0 || len(d.over) != 0 {
		t.Fatalf("screen %v, %d menus, %d pages", d.shown, len(d.menu), len(d.over))
	}
	if c := d.keyed(hal.Back); !slices.Equal(c, []phone.Command{phone.Dial{}}) { // the key Emergency
		t.Errorf("Emergency gives %v", c)
	}
	d.st = withCalls(phone.Call{ID: 1, State: phone.Dialing, Digits: "0", Began: now, Since: now})
	d.st.Lock.Kind = phone.ManualLock
	d.paint()
	if m := d.dial.matches(d.view(nil, d.st, d.now), "0", 5); len(m) != 0 {
		t.Errorf("typing shows %v", m)
	}
	for _, state := range []phone.CallState{phone.Ringing, phone.Talking} { // sent on, handed over
		d.st = withCalls(other(1, state, mira, time.Second))
		d.st.Lock.Kind = phone.ManualLock
		d.over = []page{&transferTo{call: 1, focus: -1}}
		if shows := d.texts(); slices.ContainsFunc(shows, func(s string) bool { return strings.Contains(s, "Jon") || s == "Contacts" || s == "Calls" }) {
			t.Errorf("choosing a number for a call that is %v shows %q", state, shows)
		}
	}
	d.over = nil
	d.st = idle()
	d.paint()
	if d.shown != kindHome {
		t.Errorf("after unlocking stands %v: a menu of before", d.shown)
	}
}

func TestPINIsSetAndTakenAwayInTheSettings(t *testing.T) {
	d := wide(t)
	d.lock.none = true
	v := d.view(nil, d.st, d.now)
	if rows := lockRows(v); len(rows) != 1 {
		t.Fatalf("%d rows on a phone without PIN", len(rows))
	}
	setPIN(v, "12")
	setPIN(v, "2580")
	d.lock.none = false
	for row, present := range map[int]string{0: "2581", 1: "1"} {
		lockRows(v)[row].open()
		for _, digit := range present {
			d.press(hal.Digit0 + hal.Key(digit-'0'))
		}
		d.press(hal.Soft1)
		if len(d.menu) > 0 || !slices.Equal(d.lock.set, []string{"2580"}) {
			t.Errorf("row %d: a wrong PIN opens %d pages and sets %q", row, len(d.menu), d.lock.set)
		}
	}
	right := []hal.Key{hal.Digit2, hal.Digit5, hal.Digit8, hal.Digit0, hal.Soft1}
	lockRows(v)[0].open()
	d.press(append(right, hal.Digit1, hal.Digit1, hal.Digit2, hal.Digit2, hal.Soft1)...)
	lockRows(v)[1].open()
	d.press(right...)
	lockRows(v)[2].open()
	if !slices.Equal(d.lock.set, []string{"2580", "1122", ""}) || d.lock.shut != 1 {
		t.Errorf("set %q, locked %d times", d.lock.set, d.lock.shut)
	}
}
