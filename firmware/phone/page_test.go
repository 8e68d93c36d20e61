package phone

import (
	"strings"
	"testing"
)

// paging is a phone with three groups, of which the first breaks into calls.
func paging(t *testing.T) *bench {
	b := oneLine(t)
	b.s.Config.Pages, b.s.Config.PagesOver = []string{"700", "701", "702"}, 1
	return b
}

func TestPageIsHeardAndEnds(t *testing.T) {
	b := paging(t)
	b.do(PageHeard{Group: 2})
	b.say("Talking", "hear 1 of 2, sound voice 1 speaker")
	b.do(StepVolume{Steps: 3})
	if s := b.s.sound(); s.Volume != 13 || b.s.Volume[Speaker] != 10 {
		t.Errorf("the page has volume %d, and calls %d", s.Volume, b.s.Volume[Speaker])
	}
	for _, c := range []Command{Hold{Call: 1}, Transfer{Call: 1, Target: "200"}, Consult{Call: 1, Number: "200"}, SendDTMF{Call: 1, Digit: '1'},
		Join{Calls: [MaxConf]CallID{1, 1}}, MoveTo{Call: 1, Target: "200"}} {
		b.refused(c, WrongState)
	}
	b.do(PageSilent{Group: 2})
	b.say("", "end page 1, sound speaker")
	if strings.Contains(orders(b.effects), "log") {
		t.Error("a page is logged")
	}
}

func TestTheMoreImportantPageCutsTheOther(t *testing.T) {
	b := paging(t)
	b.do(PageHeard{Group: 3}, PageHeard{Group: 2})
	b.say("Talking", "end page 1, hear 2 of 2, sound voice 2 speaker")
	b.do(PageHeard{Group: 3}, PageSilent{Group: 2})
	b.say("Talking", "end page 2, hear 3 of 3, sound voice 3 speaker") // the other goes on
	b.do(Hangup{Call: 3})
	b.say("", "end page 3, sound speaker")
	b.do(PageHeard{Group: 3})
	b.say("", "") // what was ended is not heard again
	b.do(PageSilent{Group: 3}, PageHeard{Group: 3})
	b.say("Talking", "hear 4 of 3, sound voice 4 speaker")
}

func TestPagesAndCalls(t *testing.T) {
	b := paging(t).reach("Talking")
	b.do(PageHeard{Group: 2})
	b.say("Talking", "") // not important enough
	b.do(PageHeard{Group: 1})
	b.say("Held Talking", "hold 1 true, hear 2 of 1, sound voice 2 speaker")
	b.do(PageSilent{Group: 1})
	b.say("Talking", "end page 2, hold 1 false, sound voice 1 speaker")
	b.do(PageSilent{Group: 2}, PageHeard{Group: 1}, Dial{Number: "200"})
	b.say("Held Calling", "end page 3, start call 4 3m0s, invite 4 to 200 on 0, sound speaker")

	b = paging(t).reach("Talking")
	b.do(HookMoved{Off: true}, PageHeard{Group: 1}, HookMoved{})
	b.say("", "bye 1, log 1, end page 2, sound handset")

	for _, state := range []string{"Dialing", "Calling", "Ringback", "Answering", "Failed"} {
		b := paging(t).reach(state)
		b.do(PageHeard{Group: 1})
		if len(b.effects) > 0 {
			t.Errorf("%s: a page breaks in: %s", state, orders(b.effects))
		}
	}
	b = paging(t)
	b.do(Dial{Number: "112"}, Accepted{Call: 1}, PageHeard{Group: 1})
	b.say("Talking", "") // nothing breaks into a call for help
	b.do(Hangup{Call: 1})
	b.say("Talking", "bye 1, log 1, hear 2 of 1, sound voice 2 speaker")
	b.do(HookMoved{Off: true})
	b.say("Dialing", "end page 2, sound dial tone handset")
}

func TestPagingIsDialled(t *testing.T) {
	b := paging(t)
	b.do(LineChanged{Line: 0, State: LineFailing}, Dial{Number: "701"}) // it needs no exchange
	b.say("Calling", "start call 1 3m0s, page 1 to 2")
	b.do(Accepted{Call: 1})
	b.say("Talking", "stop call 1, sound voice 1 speaker")
	b.do(PageHeard{Group: 2}, PageHeard{Group: 1})
	b.say("Talking", "") // one's own echo, and others while one speaks
	b.do(PageSilent{Group: 1}, Hangup{Call: 1})
	b.say("", "end page 1, sound speaker")
	b.do(PageSilent{Group: 2}, PageHeard{Group: 2})
	b.say("Talking", "hear 2 of 2, sound voice 2 speaker")
	b.do(Dial{Number: "700"}, CallFailed{Call: 3, Cause: Unreachable})
	b.say("Failed", "stop call 3, start failed 3 8s, sound congestion tone speaker")
	for _, c := range []Command{Pull{Target: "700", Replaces: Dialog{"a", "b", "c"}}} {
		b.refused(c, WrongNumber)
	}
}
