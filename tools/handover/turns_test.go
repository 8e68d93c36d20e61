package handover

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
)

// In a conference everybody speaks in turn, so that each can be told in what the others hear: once for the phone to get to
// know how loud he is, and once to be heard.
// These tests take longest, and of tests that wait for room the last, by the names of their files, comes first.
const (
	turn    = 4 * time.Second // from the start of one to the start of the next
	talk    = 3 * time.Second
	firstAt = 2 * time.Second // after the calls are joined
)

// part is what somebody says when he speaks for the n-th time: nobody says the same twice, or what another does.
func part(t *testing.T, user string, n int) lab.Clip {
	t.Helper()
	all, err := Voice(user)
	must(t, err)
	at := time.Second + time.Duration(2*(int(user[2]-'0')/len(voices))+n)*talk
	return all.Cut(at, at+talk)
}

// turns is a clip in which its owner speaks the n-th of so many turns in each of two rounds, from the start of his sound.
func turns(t *testing.T, user string, n, of int, gain float64) lab.Clip {
	t.Helper()
	out := lab.Clip{Rate: 8000, Samples: make([]float32, int(whole(of).Seconds()+60)*8000)}
	for round := range 2 {
		at := firstAt + time.Duration(round*of+n)*turn
		copy(out.Samples[int(at.Seconds()*8000):], part(t, user, round).Gain(gain).Samples)
	}
	return out
}

// whole is how long so many take for two rounds.
func whole(of int) time.Duration { return firstAt + time.Duration(2*of)*turn }

// TestConferenceOfFive: the phone joins five calls, of whom the loudest speaks 18 dB over the softest; everybody hears
// everybody else, all equally loud, and nobody hears himself. The recording has all of it, the phone's user at the left.
func TestConferenceOfFive(t *testing.T) {
	cast := []Cast{{Make: "baresip", User: "201", Host: 11}, {Make: "linphonec", User: "202", Host: 12}, {Make: "baresip", User: "203", Host: 13},
		{Make: "baresip", User: "204", Host: 14}, {Make: "baresip", User: "205", Host: 15}}
	gains := []float64{9, 0, -9, 5, -4}
	s := newStage(t)
	said := map[string]lab.Clip{PhoneUser: part(t, PhoneUser, 1)}
	for i, c := range cast {
		said[c.User] = part(t, c.User, 1)
		clip := turns(t, c.User, i, len(cast)+1, gains[i])
		c.Says = &clip
		s.enter(t, c)
	}
	var states []string
	for _, c := range cast {
		s.do(t, phone.Dial{Number: c.User})
		s.waitCalls(t, strings.Join(append(states, "Talking"), " "))
		states = append(states, "Held")
	}
	s.do(t, phone.RecordCall{Call: 5, On: true})
	wire := s.Wire.Mark()
	tape, err := lab.OpenTape(soon(t), func() (string, error) { return s.Phone.Speaker(), nil })
	must(t, err)
	defer tape.Close()
	began := tape.Length()
	s.do(t, phone.Join{Calls: [phone.MaxConf]phone.CallID{1, 2, 3, 4, 5}})
	s.waitCalls(t, strings.Repeat("Talking ", len(cast)-1)+"Talking")
	length := whole(len(cast) + 1)
	_, err = s.Phone.Say(soon(t), turns(t, PhoneUser, len(cast), len(cast)+1, 0).Cut(0, length))
	must(t, err)
	must(t, tape.WaitLength(t.Context(), began+length+2*time.Second))
	s.do(t, phone.RecordCall{Call: 1}) // any of them ends it
	heard, err := tape.Cut(began, began+length+2*time.Second)
	must(t, err)
	s.hears(t, PhoneUser, heard, said)
	for _, c := range cast {
		heard, err := s.Sent(wire, s.Phone.Addr(), c.Addr())
		must(t, err)
		s.hears(t, c.User, heard, said)
	}
	own, far := s.recorded(t)
	delete(said, PhoneUser)
	s.hears(t, "recorder", far, said)
	s.hears(t, "recorder", own, map[string]lab.Clip{PhoneUser: part(t, PhoneUser, 1)})
}

// TestACallIsRecorded: what both sides say is in the file, each on its side, and the far side hears the tone.
func TestACallIsRecorded(t *testing.T) {
	b := Cast{Make: "baresip", User: "201", Host: 11}
	s := newStage(t)
	theirs := turns(t, b.User, 0, 2, 0)
	b.Says = &theirs
	s.enter(t, b)
	s.do(t, phone.Dial{Number: b.User})
	s.waitCalls(t, "Talking")
	wire := s.Wire.Mark()
	s.do(t, phone.RecordCall{Call: 1, On: true})
	_, err := s.Phone.Say(soon(t), turns(t, PhoneUser, 1, 2, 0).Cut(0, whole(2)))
	must(t, err)
	must(t, lab.Poll(t.Context(), "all that is said", func() (bool, error) {
		return s.Flow(wire, b.Addr(), s.Phone.Addr()) > int(whole(2)/(20*time.Millisecond)), nil
	}))
	s.do(t, phone.Hangup{Call: 1})
	own, far := s.recorded(t)
	heard, err := s.Sent(wire, s.Phone.Addr(), b.Addr())
	must(t, err)
	for user, side := range map[string]lab.Clip{PhoneUser: own, b.User: far} {
		for round := range 2 {
			s.hears(t, "recorder", side, map[string]lab.Clip{user: part(t, user, round)})
		}
	}
	for who, clip := range map[string]lab.Clip{"the far side": heard, "the recording": own} {
		if n := beeps(clip); n < 1 || n > 2 {
			t.Errorf("%s has %d tones", who, n)
		}
	}
	if n := beeps(far); n != 0 {
		t.Errorf("the tone is on the wrong side of the recording, %d times", n)
	}
}

// beeps counts the tones of a recorded call: half a second of 1400 Hz and hardly anything else.
func beeps(c lab.Clip) (n int) {
	const piece = 50 * time.Millisecond
	run := 0
	for at := time.Duration(0); at+piece <= c.Duration(); at += piece {
		samples := c.Cut(at, at+piece).Samples
		var re, im, all float64
		for i, v := range samples {
			sin, cos := math.Sincos(2 * math.Pi * 1400 * float64(i) / float64(c.Rate))
			re, im, all = re+float64(v)*cos, im+float64(v)*sin, all+float64(v)*float64(v)
		}
		k := float64(len(samples))
		if all/k > 1e-4 && 2*(re*re+im*im)/k > 0.9*all {
			run++
		} else {
			run = 0
		}
		if run == 8 {
			n++
		}
	}
	return n
}

// recorded reads the only recording on the phone: what its user said and what the others did.
func (s *Stage) recorded(t *testing.T) (own, far lab.Clip) {
	t.Helper()
	var names []string
	must(t, lab.Poll(soon(t), "a finished recording", func() (bool, error) {
		var err error
		names, err = filepath.Glob(filepath.Join(s.Phone.Data(), "recordings", "*.wav"))
		return len(names) == 1 && strings.Contains(s.Phone.Log().Since(0), "a call was recorded"), err
	}))
	b, err := os.ReadFile(names[0])
	must(t, err)
	own, far = lab.Clip{Rate: 16000}, lab.Clip{Rate: 16000}
	for at := 44; at+4 <= len(b); at += 4 {
		own.Samples = append(own.Samples, float32(int16(binary.LittleEndian.Uint16(b[at:])))/32768)
		far.Samples = append(far.Samples, float32(int16(binary.LittleEndian.Uint16(b[at+2:])))/32768)
	}
	return own, far
}

const evenly = 3 // dB between the loudest and the softest that are heard

// hears checks that what one hears has the voice of everybody else in it, and not his own, and that those at the far sides
// are equally loud.
func (s *Stage) hears(t *testing.T, who string, heard lab.Clip, said map[string]lab.Clip) {
	t.Helper()
	least, most := 0.0, -100.0
	defer func() {
		if most < least {
			return // only the phone's user
		}
		t.Logf("%s hears the others with %.1f to %.1f dBFS", who, least, most)
		if most-least > evenly {
			t.Errorf("%s hears the others with %.1f to %.1f dBFS", who, least, most)
		}
	}()
	for user, clip := range said {
		score, err := lab.Find(clip, heard)
		switch {
		case user == who && err == nil && score.Correlation > 0.6:
			t.Errorf("%s hears himself: %v", who, score)
		case user == who:
		case err != nil:
			t.Errorf("%s does not hear %s: %v", who, user, err)
		case score.Correlation < 0.8 || score.Missing > 0.2:
			t.Errorf("%s hears %s badly: %v", who, user, score)
		default:
			t.Logf("%s hears %s (%.1f dBFS): %v", who, user, clip.RMS(), score)
			if user != PhoneUser {
				level := clip.RMS() + score.Level
				least, most = min(least, level), max(most, level)
			}
		}
	}
	if t.Failed() {
		must(t, heard.WriteWAV(fmt.Sprintf("%s/heard-by-%s.wav", s.Dir, who), 1))
	}
}
