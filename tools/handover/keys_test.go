package handover

import (
	"image"
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/tools/lab"
)

// typed gives the keys that type a number.
func typed(number string) []hal.Key {
	keys := make([]hal.Key, len(number))
	for i := range number {
		keys[i] = hal.Digit0 + hal.Key(number[i]-'0')
	}
	return keys
}

// The soft keys of the phone's screen.
const (
	tabFirst, tabPitch = 8, 158
	tabLine            = 474 // below all labels
)

// press waits until each soft key in turn has its tab on the screen, as a person would, and presses it; other keys are
// pressed at once.
func (s *Stage) press(t *testing.T, keys ...hal.Key) {
	t.Helper()
	for _, k := range keys {
		if k >= hal.Soft1 && k <= hal.Soft5 {
			must(t, lab.Poll(soon(t), "the tab of "+k.String(), func() (bool, error) {
				pic, err := s.Phone.Screenshot(soon(t))
				return err == nil && tabbed(pic, int(k-hal.Soft1)), err
			}))
		}
		must(t, s.Phone.Press(soon(t), k))
	}
}

// tabbed tells whether the i-th soft key of a picture has a tab: it stands out from the gap beside it.
func tabbed(pic image.Image, i int) bool {
	x := tabFirst + i*tabPitch
	return pic.At(x+tabPitch/2-8, tabLine) != pic.At(x-4, tabLine)
}

// callByKeys makes a call by keys and waits until it talks.
func (s *Stage) callByKeys(t *testing.T, first []hal.Key, number, states string) phone.State {
	t.Helper()
	s.press(t, append(append(first, typed(number)...), hal.Soft1)...)
	return s.waitCalls(t, states)
}

// TestTransferByKeys hands B over to C with nothing but the keys of the phone.
func TestTransferByKeys(t *testing.T) {
	t.Parallel()
	t.Run("hand over", func(t *testing.T) {
		s := newStage(t)
		s.enter(t, bareB)
		c := s.enter(t, linC)
		s.callByKeys(t, nil, bareB.User, "Talking")
		mark, wire := c.Mark(), s.Wire.Mark()
		s.press(t, append(append([]hal.Key{hal.Soft2}, typed(linC.User)...), hal.Soft2)...) // Transfer, 202, Hand over
		must(t, c.WaitTalking(soon(t), mark))
		s.waitCalls(t, "")
		must(t, s.WaitFlow(soon(t), wire, bareB.Addr(), linC.Addr()))
	})
	t.Run("ask first", func(t *testing.T) {
		s := newStage(t)
		s.enter(t, linB)
		s.enter(t, linC)
		s.callByKeys(t, nil, linB.User, "Talking")
		s.press(t, append(append([]hal.Key{hal.Soft2}, typed(linC.User)...), hal.Soft1)...) // Transfer, 202, Ask first
		s.waitCalls(t, "Held Talking")
		wire := s.Wire.Mark()
		s.press(t, hal.Soft2, hal.Soft2) // Swap, and back
		s.waitCalls(t, "Held Talking")
		s.press(t, hal.Soft1) // Hand over
		s.waitCalls(t, "")
		must(t, s.WaitFlow(soon(t), wire, linB.Addr(), linC.Addr()))
	})
	t.Run("nobody is there", func(t *testing.T) {
		s := newStage(t)
		s.enter(t, bareB)
		s.callByKeys(t, nil, bareB.User, "Talking")
		s.press(t, append(append([]hal.Key{hal.Soft2}, typed("299")...), hal.Soft1)...)
		s.waitCalls(t, "Held Failed")
		wire := s.Wire.Mark()
		s.press(t, hal.Soft5) // Take back
		s.waitCalls(t, "Talking")
		must(t, s.WaitFlow(soon(t), wire, bareB.Addr(), s.Phone.Addr()))
	})
}

// TestConferenceByKeys joins two calls, takes one out again and ends the rest, all by keys.
func TestConferenceByKeys(t *testing.T) {
	s := newStage(t)
	s.enter(t, bareB)
	c := s.enter(t, linC)
	s.callByKeys(t, nil, bareB.User, "Talking")
	s.callByKeys(t, []hal.Key{hal.Soft3}, linC.User, "Held Talking") // Add
	wire, ended := s.Wire.Mark(), c.Mark()
	s.press(t, hal.Soft3) // Join
	st := s.waitCalls(t, "Talking Talking")
	if st.Calls[0].Conf == 0 || st.Calls[0].Conf != st.Calls[1].Conf {
		t.Fatalf("conferences %d and %d", st.Calls[0].Conf, st.Calls[1].Conf)
	}
	must(t, s.WaitFlow(soon(t), wire, bareB.Addr(), s.Phone.Addr()))
	must(t, s.WaitFlow(soon(t), wire, linC.Addr(), s.Phone.Addr()))
	s.press(t, hal.Soft1)
	s.waitCalls(t, "Held Held")
	s.press(t, hal.Soft1) // Resume
	s.waitCalls(t, "Talking Talking")
	s.press(t, hal.Soft4, hal.Digit5) // More, remove the second
	must(t, c.WaitEnded(soon(t), ended))
	s.waitCalls(t, "Talking")
	s.callByKeys(t, []hal.Key{hal.Soft3}, linC.User, "Held Talking")
	ended = c.Mark()
	s.press(t, hal.Soft3)
	s.waitCalls(t, "Talking Talking")
	s.press(t, hal.Soft5) // End, for all
	must(t, c.WaitEnded(soon(t), ended))
	s.waitCalls(t, "")
}
