package phone

import (
	"slices"
	"strings"
	"time"
)

// An intercom call is one that asks the phone to answer by itself, from one of those who may. Nobody's microphone opens
// unawares: the phone warns by a tone first, and stays muted unless the settings say otherwise.

const (
	leastWarning = time.Second // of the tone before the phone answers by itself
	mostWarning  = time.Minute
)

// announce warns of a call that the phone will answer by itself; others simply ring. It never does so in a conversation.
func (t *step) announce(c *Call, in Invited) {
	if !in.Auto || !t.Config.mayIntercom(in.Remote) || t.Foreground() != nil || t.pcFront() {
		return
	}
	c.Auto = true
	t.touched(c)
	t.do(StartTimer{ID: TimerID{AutoTime, c.ID}, After: min(max(in.After, leastWarning), mostWarning)})
}

// mayIntercom tells whether the phone answers somebody's calls by itself.
func (c *Config) mayIntercom(p Peer) bool {
	return slices.ContainsFunc(c.Intercom, func(s string) bool {
		return s != "" && (s == p.Number || strings.EqualFold(s, p.URI))
	})
}

// answerItself answers, unless the user has begun something else by now: then the call rings as any other.
func (t *step) answerItself(c *Call) {
	if t.Foreground() != nil || t.pcFront() {
		c.Auto = false
		t.touched(c)
		return
	}
	_ = t.answer(c) // always nil
	if !t.Config.OpenMic && !t.Muted {
		t.Muted = true
		t.changed(MuteChanged)
	}
}

// unannounce takes the warning back, with its timer.
func (t *step) unannounce(c *Call) {
	if c.Auto {
		c.Auto = false
		t.do(StopTimer{ID: TimerID{AutoTime, c.ID}})
	}
}

// announced tells whether the phone is about to answer a call by itself.
func (s *State) announced() bool {
	return slices.ContainsFunc(s.Calls, func(c Call) bool { return c.State == Ringing && c.Auto })
}
