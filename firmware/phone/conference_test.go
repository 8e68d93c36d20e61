package phone

import "testing"

// confs tells for each call which conference it is in, numbered as they come.
func confs(s State) string {
	out, seen := "", map[ConfID]byte{0: '-'}
	for _, c := range s.Calls {
		if seen[c.Conf] == 0 {
			seen[c.Conf] = byte('a' + len(seen) - 1)
		}
		out += string(seen[c.Conf])
	}
	return out
}

func (b *bench) conf(wantConfs, wantCalls, wantEffects string) {
	b.t.Helper()
	if got := confs(b.s); got != wantConfs {
		b.t.Errorf("conferences: got %s, want %s", got, wantConfs)
	}
	b.say(wantCalls, wantEffects)
}

func three(t testing.TB) *bench {
	b := able(t, "Held Held Talking")
	b.do(Join{Calls: [MaxConf]CallID{1, 2, 3}})
	return b
}

func TestAConferenceOfThree(t *testing.T) {
	b := able(t, "Held Held Talking")
	b.do(Join{Calls: [MaxConf]CallID{3, 0, 1}})
	b.conf("a-a", "Talking Held Talking", "hold 1 false, sound voice 1 3 speaker")
	b.do(Join{Calls: [MaxConf]CallID{2, 1}}) // brings the conference along
	b.conf("aaa", "Talking Talking Talking", "hold 2 false, sound voice 1 2 3 speaker")
	b.do(Hold{Call: 2})
	b.conf("aaa", "Held Held Held", "hold 1 true, hold 2 true, hold 3 true, sound speaker")
	b.do(Swap{})
	b.conf("aaa", "Talking Talking Talking", "hold 1 false, hold 2 false, hold 3 false, sound voice 1 2 3 speaker")
	b.do(Byed{Call: 2, Cause: RemoteHangup})
	b.conf("aa", "Talking Talking", "log 2, sound voice 1 3 speaker")
	b.do(Hangup{Call: 3})
	b.conf("-", "Talking", "bye 3, log 3, sound voice 1 speaker")
}

// five far sides talk together; a sixth does not come in.
func TestAConferenceOfFive(t *testing.T) {
	b := able(t, "Held Held Held Held Talking Ringing")
	b.do(Join{Calls: [MaxConf]CallID{1, 2, 3, 4, 5}})
	b.conf("aaaaa-", "Talking Talking Talking Talking Talking Ringing",
		"hold 1 false, hold 2 false, hold 3 false, hold 4 false, sound voice 1 2 3 4 5 waiting tone speaker")
	b.do(Answer{Call: 6}, Confirmed{Call: 6})
	b.refused(Join{Calls: [MaxConf]CallID{1, 6}}, ConfFull)
}

func TestWhatCannotBeJoined(t *testing.T) {
	b := able(t, "Held Held Held Talking Ringing")
	b.refused(Join{}, WrongValue)
	b.refused(Join{Calls: [MaxConf]CallID{1, 1}}, WrongValue)
	b.refused(Join{Calls: [MaxConf]CallID{1, 9}}, NoSuchCall)
	b.refused(Join{Calls: [MaxConf]CallID{1, 5}}, WrongState)
	b.do(Join{Calls: [MaxConf]CallID{1, 2, 3}})
	b.conf("aaa--", "Talking Talking Talking Held Ringing", "hold 4 true, hold 1 false, hold 2 false, hold 3 false, sound voice 1 2 3 waiting tone speaker")
	b.refused(Split{Call: 4}, WrongState)
	b.do(Transfer{Call: 4, Target: "300"})
	b.refused(Join{Calls: [MaxConf]CallID{1, 4}}, Moving)
}

func TestAnotherCallHoldsTheConference(t *testing.T) {
	b := three(t)
	b.do(Invited{Remote: anna}, Answer{Call: 4})
	b.conf("aaa-", "Held Held Held Answering", "hold 1 true, hold 2 true, hold 3 true, stop ring 4, start confirm 4 32s, accept 4, sound voice 4 speaker")
	b.do(Confirmed{Call: 4}, Resume{Call: 2})
	b.conf("aaa-", "Talking Talking Talking Held", "hold 4 true, hold 1 false, hold 2 false, hold 3 false, sound voice 1 2 3 speaker")
}

func TestSplittingAConference(t *testing.T) {
	b := three(t)
	b.do(Split{Call: 2})
	b.conf("a-a", "Held Talking Held", "hold 1 true, hold 3 true, sound voice 2 speaker")
	b.do(Swap{})
	b.conf("a-a", "Talking Held Talking", "hold 2 true, hold 1 false, hold 3 false, sound voice 1 3 speaker")
	b.do(Split{Call: 1})
	b.conf("---", "Talking Held Held", "hold 3 true, sound voice 1 speaker")
	b = three(t)
	b.do(Hold{Call: 1}, Split{Call: 1})
	b.conf("-aa", "Held Held Held", "")
}

func TestLeavingAConference(t *testing.T) {
	b := three(t)
	b.do(Transfer{Call: 1, Target: "300"})
	b.conf("-aa", "Held Talking Talking", "hold 1 true, refer 1 to 300, start move 1 32s, sound voice 2 3 speaker")
	b = three(t)
	b.do(Hold{Call: 1}, Resume{Call: 1}, ResumeRefused{Call: 3})
	b.conf("aa-", "Talking Talking Held", "sound voice 1 2 speaker")
	b = three(t)
	b.do(Invited{Ref: 3, Remote: anna, Replaces: 2})
	b.conf("aaa", "Talking Talking Answering", "start ring 4 2m0s, ringing 4, bye 2, log 2, stop ring 4, start confirm 4 32s, accept 4, sound voice 1 3 4 speaker")
}

func TestPuttingTheHandsetDownEndsTheConference(t *testing.T) {
	b := three(t)
	b.do(HookMoved{Off: true}, HookMoved{})
	b.say("", "bye 1, log 1, bye 2, log 2, bye 3, log 3, sound handset")
	b = three(t)
	b.do(PressPath{Path: Speaker})
	b.say("", "bye 1, log 1, bye 2, log 2, bye 3, log 3, sound speaker")
}
