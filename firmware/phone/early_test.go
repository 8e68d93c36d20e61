package phone

import (
	"fmt"
	"testing"
)

// TestRingbackOnlyWithoutSound takes the network's words before the answer in every order: 180 or 183, with a
// description of sound or without, and sound that comes in time, late, never, or has stopped since. The phone
// gives ringback tone exactly when no sound came within 300 ms of the last word.
func TestRingbackOnlyWithoutSound(t *testing.T) {
	for words := range 4 {
		for _, sounds := range []string{"none", "first", "last", "both", "late"} {
			b := oneLine(t).reach("Calling")
			described := false
			for i, heard := range []bool{sounds == "first" || sounds == "both", sounds == "last" || sounds == "both"} {
				described = described || words>>i&1 == 1
				b.do(Progressed{Call: 1, Early: described})
				if tone := b.s.sound().Tone == RingbackTone; i == 0 && tone == described {
					t.Errorf("words %02b: at the first word the tone is heard: %v", words, tone)
				}
				if heard {
					b.do(EarlyHeard{Call: 1})
				}
				if c := b.s.Call(1); described && !heard && c.awaited() {
					b.do(TimerFired{ID: TimerID{EarlyTime, 1}})
				}
			}
			if sounds == "late" {
				b.do(EarlyHeard{Call: 1})
			}
			heard := b.s.sound()
			want := Sound{Tone: RingbackTone}
			if sounds == "last" || sounds == "both" || sounds == "late" {
				want = Sound{Voices: [MaxConf]CallID{1}}
			}
			if heard.Tone != want.Tone || heard.Voices != want.Voices {
				t.Errorf("words %02b, sound %s: heard%s", words, sounds, fmt.Sprint(heard))
			}
		}
	}
}

func TestNoKeysIntoEarlySoundThatNobodyListensTo(t *testing.T) {
	b := oneLine(t).reach("Calling")
	b.do(Progressed{Call: 1, Early: true, OneWay: true})
	b.refused(SendDTMF{Call: 1, Digit: '5'}, WrongState)
	b.do(Accepted{Call: 1}, SendDTMF{Call: 1, Digit: '5'})
	b.say("Talking", "dtmf 1 5")
}
