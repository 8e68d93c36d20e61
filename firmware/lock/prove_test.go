package lock

import (
	"errors"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
)

// Whoever finds an unlocked phone neither changes its PIN nor guesses it: the fifth wrong one locks.
func TestThePINIsChangedByWhoKnowsIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := start(t, Config{}, withPIN(t))
		if err := d.SetPIN(""); !errors.Is(err, phone.Locked) {
			t.Errorf("the PIN was taken away unproven: %v", err)
		}
		if d.Prove("1111") || !d.Prove(pin) {
			t.Fatal("a PIN is not told from another")
		}
		time.Sleep(provenFor + time.Second)
		if err := d.SetPIN("1122"); !errors.Is(err, phone.Locked) {
			t.Errorf("the PIN was set long after it was proven: %v", err)
		}
		d.Prove(pin)
		if err := d.SetPIN("1122"); err != nil {
			t.Fatal(err)
		}
		if err := d.SetPIN("2580"); !errors.Is(err, phone.Locked) {
			t.Errorf("one proof set two PINs: %v", err)
		}
		for range freeTries {
			if d.Prove(pin) {
				t.Error("the old PIN is taken")
			}
		}
		if k := d.kind(); k != phone.ManualLock {
			t.Errorf("after %d guesses the phone is %v", freeTries, k)
		}
		if l := d.try("1122"); l.Kind != phone.ManualLock || l.Wrong != freeTries {
			t.Errorf("guesses cost no wait: %+v", l)
		}
		time.Sleep(firstWait + time.Second)
		if l := d.try("1122"); l.Kind != phone.Unlocked {
			t.Errorf("the right PIN after the wait: %+v", l)
		}
	})
}
