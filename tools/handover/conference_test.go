package handover

import (
	"fmt"

	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
)

// In a conference everybody speaks in turn, so that each can be told in what the others hear.
const (
	turn    = 4 * time.Second // from the start of one to the start of the next
	talk    = 3 * time.Second
	firstAt = 2 * time.Second // after the calls are joined
)

// inTurn is a clip in which its owner speaks the n-th turn, from the start of his sound.
func inTurn(t *testing.T, says lab.Clip, n int) lab.Clip {
	t.Helper()
	out := lab.Clip{Rate: says.Rate, Samples: make([]float32, int((firstAt+time.Duration(n)*turn).Seconds()*float64(says.Rate)))}
	out.Samples = append(out.Samples, says.Samples...)
	return lab.Clip{Rate: out.Rate, Samples: append(out.Samples, make([]float32, 60*out.Rate)...)}
}

// TestConferenceOfThree: the phone joins three calls; everybody hears everybody else and nobody hears
// himself.
func TestConferenceOfThree(t *testing.T) {
	cast := []Cast{{Make: "baresip", User: "201", Host: 11}, {Make: "linphonec", User: "202", Host: 12}, {Make: "baresip", User: "203", Host: 13}}
	s := newStage(t)
	said := map[string]lab.Clip{}
	for i, c := range append(cast, Cast{User: PhoneUser}) {
		all, err := Voice(c.User)
		must(t, err)
		said[c.User] = all.Cut(time.Second, time.Second+talk)
		if c.Make == "" {
			continue
		}
		clip := inTurn(t, said[c.User], i)
		c.Says = &clip
		s.enter(t, c)
	}
	states := ""
	for i, c := range cast {
		s.do(t, phone.Dial{Number: c.User})
		states += "Talking"
		s.waitCalls(t, states)
		states = states[:len(states)-len("Talking")] + "Held "
		_ = i
	}
	wire := s.Wire.Mark()
	tape, err := lab.OpenTape(soon(t), func() (string, error) { return s.Phone.Speaker(), nil })
	must(t, err)
	defer tape.Close()
	began := tape.Length()
	s.do(t, phone.Join{Calls: [phone.MaxConf]phone.CallID{1, 2, 3}})
	s.waitCalls(t, "Talking Talking Talking")
	ours := inTurn(t, said[PhoneUser], len(cast))
	_, err = s.Phone.Say(soon(t), ours.Cut(0, firstAt+time.Duration(len(cast)+1)*turn))
	must(t, err)
	whole := firstAt + time.Duration(len(cast)+1)*turn + 2*time.Second
	must(t, tape.WaitLength(t.Context(), began+whole))
	heard, err := tape.Cut(began, began+whole)
	must(t, err)
	s.hears(t, PhoneUser, heard, said)
	for _, c := range cast {
		heard, err := s.Sent(wire, s.Phone.Addr(), c.Addr())
		must(t, err)
		s.hears(t, c.User, heard, said)
	}
}

// hears checks that what one hears has the voice of everybody else in it, and not his own.
func (s *Stage) hears(t *testing.T, who string, heard lab.Clip, said map[string]lab.Clip) {
	t.Helper()
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
			t.Logf("%s hears %s: %v", who, user, score)
		}
	}
	if t.Failed() {
		must(t, heard.WriteWAV(fmt.Sprintf("%s/heard-by-%s.wav", s.Dir, who), 1))
	}
}
