package phone

import (
	"testing"
	"time"
)

// intercom is a phone that answers Anna by itself.
func intercom(t *testing.T) *bench {
	b := oneLine(t)
	b.s.Config.Intercom = []string{"sip:boss@pbx.example", anna.Number}
	return b
}

func TestIntercomWarnsAnswersAndIsMuted(t *testing.T) {
	b := intercom(t)
	b.do(Invited{Ref: 1, Remote: anna, Auto: true})
	b.say("Ringing", "start ring 1 2m0s, ringing 1, start auto 1 1s, sound waiting tone speaker")
	b.do(TimerFired{ID: TimerID{AutoTime, 1}})
	b.say("Answering", "stop auto 1, stop ring 1, start confirm 1 32s, accept 1, sound voice 1 muted speaker")
	b.do(Confirmed{Call: 1}, Mute{})
	b.say("Talking", "sound voice 1 speaker")
	b.do(Byed{Call: 1, Cause: RemoteHangup})
	if b.s.Muted {
		t.Error("the mute outlives the call")
	}
	b.s.Config.OpenMic = true
	b.do(Invited{Ref: 2, Remote: Peer{Number: "boss", URI: "sip:Boss@pbx.example"}, Auto: true, After: 5 * time.Second})
	b.say("Ringing", "start ring 2 2m0s, ringing 2, start auto 2 5s, sound waiting tone speaker")
	b.do(TimerFired{ID: TimerID{AutoTime, 2}})
	b.say("Answering", "stop auto 2, stop ring 2, start confirm 2 32s, accept 2, sound voice 2 speaker")
}

func TestNobodyElseOpensTheMicrophone(t *testing.T) {
	for name, c := range map[string]struct {
		in    Invited
		state string
	}{
		"who may not":           {Invited{Remote: Peer{Number: "666", URI: "sip:666@pbx.example"}, Auto: true}, ""},
		"who does not ask":      {Invited{Remote: anna}, ""},
		"nobody":                {Invited{Auto: true}, ""},
		"in a conversation":     {Invited{Remote: anna, Auto: true}, "Talking"},
		"while somebody dials":  {Invited{Remote: anna, Auto: true}, "Dialing"},
		"while we call":         {Invited{Remote: anna, Auto: true}, "Ringback"},
		"while a failure shows": {Invited{Remote: anna, Auto: true}, "Failed"},
	} {
		b := intercom(t).reach(c.state)
		b.do(c.in)
		if last := b.s.Calls[len(b.s.Calls)-1]; last.State != Ringing || last.Auto {
			t.Errorf("%s: %+v", name, last)
		}
	}
	b := intercom(t)
	b.do(Invited{Ref: 1, Remote: anna, Auto: true}, Dial{}, TimerFired{ID: TimerID{AutoTime, 1}})
	b.say("Ringing Dialing", "")
	b.do(Hangup{Call: 2})
	b.say("Ringing", "stop inter-digit 2, sound ring speaker")
	b.do(Invited{Ref: 2, Remote: anna, Auto: true}, Reject{Call: 3})
	b.say("Ringing", "reject 3: declined, stop auto 3, stop ring 3, log 3, sound ring speaker")
}
