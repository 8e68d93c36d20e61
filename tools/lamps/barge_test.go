package lamps

import (
	"context"
	"math"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
)

// What the watcher and Cora say, and the second half of what tells that somebody has joined.
const watcherTone, coraTone, joinedTone = 400, 1000, 880

// barges: Cora asks to join the call that the watcher has with Ben, is let in, and Ben hears a tone and then both of them.
func (s *Stage) barges(ctx context.Context, t *testing.T, own, hers controller) {
	t.Helper()
	mark := s.Ben.Mark()
	own.does(ctx, t, "take", "1", ben)
	must(t, s.Ben.WaitRinging(ctx, mark))
	must(t, s.Ben.Answer(ctx))
	_, err := s.Cora.WaitState(ctx, "a call to join", func(st *phone.State) bool { return st.Appearances[0].Joinable() })
	must(t, err)
	hers.does(ctx, t, "join")
	st, err := calls(ctx, s.Watcher, "Talking Ringing")
	must(t, err)
	must(t, s.Watcher.Do(ctx, phone.Reject{Call: st.Calls[1].ID}))
	_, err = calls(ctx, s.Cora, "Failed")
	must(t, err)

	hers.does(ctx, t, "join")
	st, err = calls(ctx, s.Watcher, "Talking Ringing")
	must(t, err)
	if asks := st.Calls[1]; asks.Joins != st.Calls[0].ID || asks.Remote.Number != shared {
		t.Errorf("%+v asks to join %+v", asks, st.Calls[0])
	}
	own.does(ctx, t, "answer")
	st, err = calls(ctx, s.Cora, "Talking")
	must(t, err)
	if with := st.Calls[0].Remote.Number; with != ben {
		t.Errorf("Cora is in a call with %q", with)
	}
	must(t, s.appearances(ctx, s.Cora, "busy free")) // it is one call still
	must(t, lab.Poll(ctx, "the tone at Ben's", func() (bool, error) { return heard(s.Ben.Recording(), time.Minute, joinedTone), nil }))
	_, err = s.Watcher.Say(ctx, sine(watcherTone))
	must(t, err)
	_, err = s.Cora.Say(ctx, sine(coraTone))
	must(t, err)
	must(t, lab.Poll(ctx, "both at Ben's", func() (bool, error) {
		return heard(s.Ben.Recording(), 300*time.Millisecond, watcherTone, coraTone), nil
	}))
	must(t, lab.Poll(ctx, "the watcher at Cora's", func() (bool, error) { return heard(s.Cora.Speaker(), 300*time.Millisecond, watcherTone), nil }))

	end(ctx, t, s.Cora)
	st, err = calls(ctx, s.Watcher, "Talking")
	must(t, err)
	must(t, s.Watcher.Do(ctx, phone.Hangup{Call: st.Calls[0].ID}))
	must(t, s.appearances(ctx, s.Cora, "free free"))
}

// sine is what somebody says for ten seconds.
func sine(hz float64) lab.Clip {
	c := lab.Clip{Rate: 8000, Samples: make([]float32, 80000)}
	for i := range c.Samples {
		c.Samples[i] = float32(0.3 * math.Sin(2*math.Pi*hz*float64(i)/8000))
	}
	return c
}

// heard tells whether the last part of a recording that grows holds all of these tones at once, for a tenth of a second.
func heard(path string, last time.Duration, tones ...float64) bool {
	const window, least = 100 * time.Millisecond, 1e-4 // -40 dBFS
	clip, err := lab.ReadWAV(path)
	if err != nil {
		return false
	}
	for at := max(0, clip.Duration()-last); at+window <= clip.Duration(); at += window / 2 {
		all := true
		for _, hz := range tones {
			all = all && power(clip.Cut(at, at+window), hz) > least
		}
		if all {
			return true
		}
	}
	return false
}

// power is that of a tone.
func power(c lab.Clip, hz float64) float64 {
	var re, im float64
	for i, v := range c.Samples {
		a := 2 * math.Pi * hz * float64(i) / float64(c.Rate)
		re, im = re+float64(v)*math.Cos(a), im+float64(v)*math.Sin(a)
	}
	n := float64(max(len(c.Samples), 1))
	return 2 * (re*re + im*im) / (n * n)
}
