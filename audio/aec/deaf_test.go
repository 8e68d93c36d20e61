package aec

import "testing"

// TestAHeadset: nothing of the far side is heard, so nothing is cancelled, and the near talker passes; when the echo comes,
// for the headset was laid on the table, it goes like any other.
func TestAHeadset(t *testing.T) {
	if testing.Short() {
		t.Skip("long sound: the race detector and emulated processors look for other faults")
	}
	far, near := talk(10, 1), talk(10, 2)
	clear(near[:2*Rate])
	clear(near[4*Rate:])
	echo := through(far, room(640, 3))
	clear(echo[:5*Rate])
	mic := add(near, echo, noise(len(far), 1e-4))
	c := New(nil)
	out := run(c, far[:5*Rate], mic[:5*Rate])
	if !c.deaf.is {
		t.Error("it still looks for what the microphone does not hear")
	}
	late := append(make([]float32, Delay), near...)[:5*Rate]
	rest := make([]float32, len(out))
	subtract(rest, out, late)
	if sdr := dB(late, rest, 2, 4); sdr < 30 {
		t.Errorf("the near talker stands %.1f dB above what was done to him", sdr)
	}
	out = append(out, run(c, far[5*Rate:], mic[5*Rate:])...)
	if soon, later := dB(mic, out, 6, 7), dB(mic, out, 8, 9.9); soon < 20 || later < 35 {
		t.Errorf("an echo after 5 s: %.1f dB in its second second, %.1f dB later", soon, later)
	}
}
