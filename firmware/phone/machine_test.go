package phone

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// row: in these states (of call 1, of call 2 ...) this input has this outcome.
type row struct {
	in      string
	do      Input
	calls   string
	moves   string
	effects string
}

// one is the whole machine of a single call: what stands here happens, everything else is refused
// or changes nothing (TestWhatIsNotInTheTableDoesNothing).
var one = []row{
	{"", Dial{}, "Dialing", "1 None>Dialing", "sound dial tone speaker"},
	{"", Dial{Number: "200"}, "Calling", "1 None>Calling", "start call 1 3m0s, invite 1 to 200 on 0"},
	{"", Invited{Ref: 7, Remote: anna}, "Ringing", "1 None>Ringing", "start ring 1 2m0s, ringing 1, sound ring speaker"},
	{"", HookMoved{Off: true}, "Dialing", "hook, path, 1 None>Dialing", "sound dial tone handset"},
	{"", PressPath{Path: Speaker}, "Dialing", "1 None>Dialing", "sound dial tone speaker"},
	{"", PressPath{Path: Headset}, "Dialing", "1 None>Dialing, path", "sound dial tone headset"},

	{"Dialing", Digit{Digit: '3'}, "Dialing", "1 touched", "stop inter-digit 1, sound speaker"},
	{"Dialing", Hangup{Call: 1}, "", "1 Dialing>Ended: hung up here", "stop inter-digit 1, sound speaker"},
	{"Dialing", PressPath{Path: Speaker}, "", "1 Dialing>Ended: hung up here", "stop inter-digit 1, sound speaker"},
	{"Dialing", PressPath{Path: Headset}, "Dialing", "path", "sound dial tone headset"},
	{"Dialing", Dial{Number: "200"}, "Calling", "1 Dialing>Ended: hung up here, 2 None>Calling",
		"stop inter-digit 1, start call 2 3m0s, invite 2 to 200 on 0, sound speaker"},
	{"Dialing", HookMoved{Off: true}, "Dialing", "hook, path", "sound dial tone handset"},

	{"Calling", Progressed{Call: 1}, "Ringback", "1 Calling>Ringback", "sound ringback tone speaker"},
	{"Calling", Progressed{Call: 1, Early: true}, "Ringback", "1 Calling>Ringback", "start early 1 300ms, sound voice 1 speaker"},
	{"Calling", Accepted{Call: 1}, "Talking", "1 Calling>Talking", "stop call 1, sound voice 1 speaker"},
	{"Calling", CallFailed{Call: 1, Cause: UserBusy}, "Failed", "1 Calling>Failed: busy", "stop call 1, start failed 1 8s, sound busy tone speaker"},
	{"Calling", CallFailed{Call: 1, Cause: Unreachable}, "Failed", "1 Calling>Failed: unreachable",
		"stop call 1, start failed 1 8s, sound congestion tone speaker"},
	{"Calling", Byed{Call: 1, Cause: RemoteHangup}, "", "1 Calling>Ended: hung up there", "stop call 1, log 1"},
	{"Calling", Hangup{Call: 1}, "", "1 Calling>Ended: hung up here", "cancel 1, stop call 1, log 1"},
	{"Calling", PressPath{Path: Speaker}, "", "1 Calling>Ended: hung up here", "cancel 1, stop call 1, log 1"},
	{"Calling", TimerFired{ID: TimerID{CallTime, 1}}, "Failed", "1 Calling>Failed: no answer",
		"cancel 1, stop call 1, start failed 1 8s, sound congestion tone speaker"},
	{"Calling", Dial{}, "Dialing", "1 Calling>Ended: hung up here, 2 None>Dialing", "cancel 1, stop call 1, log 1, sound dial tone speaker"},

	{"Ringback", EarlyHeard{Call: 1}, "Ringback", "1 touched", "sound voice 1 speaker"},
	{"Ringback", Accepted{Call: 1}, "Talking", "1 Ringback>Talking", "stop call 1, sound voice 1 speaker"},
	{"Ringback", CallFailed{Call: 1, Cause: Rejected}, "Failed", "1 Ringback>Failed: declined", "stop call 1, start failed 1 8s, sound busy tone speaker"},
	{"Ringback", Byed{Call: 1, Cause: RemoteHangup}, "", "1 Ringback>Ended: hung up there", "stop call 1, log 1, sound speaker"},
	{"Ringback", Hangup{Call: 1}, "", "1 Ringback>Ended: hung up here", "cancel 1, stop call 1, log 1, sound speaker"},
	{"Ringback", PressPath{Path: Speaker}, "", "1 Ringback>Ended: hung up here", "cancel 1, stop call 1, log 1, sound speaker"},
	{"Ringback", TimerFired{ID: TimerID{CallTime, 1}}, "Failed", "1 Ringback>Failed: no answer",
		"cancel 1, stop call 1, start failed 1 8s, sound congestion tone speaker"},
	{"Early", SendDTMF{Call: 1, Digit: '5'}, "Ringback", "", "dtmf 1 5"},
	{"Early", Progressed{Call: 1}, "Ringback", "1 touched", "stop early 1, sound ringback tone speaker"},
	{"Early", Progressed{Call: 1, Early: true}, "Ringback", "", "stop early 1, start early 1 300ms"},
	{"Early", EarlyHeard{Call: 1}, "Ringback", "1 touched", "stop early 1"},
	{"Early", TimerFired{ID: TimerID{EarlyTime, 1}}, "Ringback", "1 touched", "sound ringback tone speaker"},
	{"Early", Accepted{Call: 1}, "Talking", "1 Ringback>Talking", "stop early 1, stop call 1"},

	{"Ringing", Answer{Call: 1}, "Answering", "1 Ringing>Answering", "stop ring 1, start confirm 1 32s, accept 1, sound voice 1 speaker"},
	{"Ringing", HookMoved{Off: true}, "Answering", "hook, path, 1 Ringing>Answering", "stop ring 1, start confirm 1 32s, accept 1, sound voice 1 handset"},
	{"Ringing", PressPath{Path: Headset}, "Answering", "1 Ringing>Answering, path", "stop ring 1, start confirm 1 32s, accept 1, sound voice 1 headset"},
	{"Ringing", PressPath{Path: Speaker}, "Answering", "1 Ringing>Answering", "stop ring 1, start confirm 1 32s, accept 1, sound voice 1 speaker"},
	{"Ringing", Reject{Call: 1}, "", "1 Ringing>Ended: declined", "reject 1: declined, stop ring 1, log 1, sound speaker"},
	{"Ringing", Hangup{Call: 1}, "", "1 Ringing>Ended: declined", "reject 1: declined, stop ring 1, log 1, sound speaker"},
	{"Ringing", Silence{}, "Ringing", "1 touched", "sound speaker"},
	{"Ringing", Byed{Call: 1, Cause: Cancelled}, "", "1 Ringing>Ended: cancelled, missed", "stop ring 1, log 1 missed, sound speaker"},
	{"Ringing", Byed{Call: 1, Cause: Elsewhere}, "", "1 Ringing>Ended: answered elsewhere, missed", "stop ring 1, log 1, sound speaker"},
	{"Ringing", Deflect{Call: 1, Target: "300"}, "", "1 Ringing>Ended: handed over, missed", "deflect 1 to 300, stop ring 1, log 1, sound speaker"},
	{"Ringing", TimerFired{ID: TimerID{RingTime, 1}}, "", "1 Ringing>Ended: no answer, missed",
		"reject 1: no answer, stop ring 1, log 1 missed, sound speaker"},
	{"Ringing", Dial{}, "Ringing Dialing", "2 None>Dialing", "sound dial tone speaker"},

	{"Answering", Confirmed{Call: 1}, "Talking", "1 Answering>Talking", "stop confirm 1"},
	{"Answering", Byed{Call: 1, Cause: RemoteHangup}, "", "1 Answering>Ended: hung up there", "stop confirm 1, log 1, sound speaker"},
	{"Answering", Hangup{Call: 1}, "", "1 Answering>Ended: hung up here", "bye 1, stop confirm 1, log 1, sound speaker"},
	{"Answering", PressPath{Path: Speaker}, "", "1 Answering>Ended: hung up here", "bye 1, stop confirm 1, log 1, sound speaker"},
	{"Answering", TimerFired{ID: TimerID{ConfirmTime, 1}}, "", "1 Answering>Ended: unreachable", "bye 1, stop confirm 1, log 1, sound speaker"},

	{"Talking", Hold{Call: 1}, "Held", "1 Talking>Held", "hold 1 true, sound speaker"},
	{"Talking", SendDTMF{Call: 1, Digit: '#'}, "Talking", "", "dtmf 1 #"},
	{"Talking", Hangup{Call: 1}, "", "1 Talking>Ended: hung up here", "bye 1, log 1, sound speaker"},
	{"Talking", PressPath{Path: Speaker}, "", "1 Talking>Ended: hung up here", "bye 1, log 1, sound speaker"},
	{"Talking", PressPath{Path: Headset}, "Talking", "path", "sound voice 1 headset"},
	{"Talking", HookMoved{Off: true}, "Talking", "hook, path", "sound voice 1 handset"},
	{"Talking", Byed{Call: 1, Cause: RemoteHangup}, "", "1 Talking>Ended: hung up there", "log 1, sound speaker"},
	{"Talking", ResumeRefused{Call: 1}, "Held", "1 Talking>Held", "sound speaker"},
	{"Talking", RemoteHeld{Call: 1, On: true}, "Talking", "1 touched", ""},
	{"Talking", Secured{Call: 1, On: true}, "Talking", "1 touched", ""},
	{"Talking", RemoteChanged{Call: 1, Remote: Peer{Name: "Bo"}}, "Talking", "1 touched", ""},
	{"Talking", Mute{On: true}, "Talking", "mute", "sound voice 1 muted speaker"},
	{"Talking", Dial{}, "Held Dialing", "1 Talking>Held, 2 None>Dialing", "hold 1 true, sound dial tone speaker"},

	{"Held", Resume{Call: 1}, "Talking", "1 Held>Talking", "hold 1 false, sound voice 1 speaker"},
	{"Held", Swap{}, "Talking", "1 Held>Talking", "hold 1 false, sound voice 1 speaker"},
	{"Held", Hangup{Call: 1}, "", "1 Held>Ended: hung up here", "bye 1, log 1"},
	{"Held", Byed{Call: 1, Cause: RemoteHangup}, "", "1 Held>Ended: hung up there", "log 1"},
	{"Held", PressPath{Path: Speaker}, "Held Dialing", "2 None>Dialing", "sound dial tone speaker"},
	{"Held", HookMoved{Off: true}, "Held Dialing", "hook, path, 2 None>Dialing", "sound dial tone handset"},

	{"Failed", Hangup{Call: 1}, "", "1 Failed>Ended: busy", "stop failed 1, log 1, sound speaker"},
	{"Failed", PressPath{Path: Speaker}, "", "1 Failed>Ended: busy", "stop failed 1, log 1, sound speaker"},
	{"Failed", TimerFired{ID: TimerID{FailedTime, 1}}, "", "1 Failed>Ended: busy", "stop failed 1, log 1, sound speaker"},
	{"Failed", Dial{}, "Dialing", "1 Failed>Ended: busy, 2 None>Dialing", "stop failed 1, log 1, sound dial tone speaker"},
}

// more are the rules between calls, and the longer stories.
var more = []row{
	{"Talking Ringing", Answer{Call: 2}, "Held Answering", "1 Talking>Held, 2 Ringing>Answering",
		"hold 1 true, stop ring 2, start confirm 2 32s, accept 2, sound voice 2 speaker"},
	{"Talking Ringing", Reject{Call: 2}, "Talking", "2 Ringing>Ended: declined", "reject 2: declined, stop ring 2, log 2, sound voice 1 speaker"},
	{"Talking Ringing", Hangup{Call: 1}, "Ringing", "1 Talking>Ended: hung up here", "bye 1, log 1, sound ring speaker"},
	{"Talking Ringing", Silence{}, "Talking Ringing", "2 touched", "sound voice 1 speaker"},
	{"Talking Ringing", PressPath{Path: Headset}, "Talking Ringing", "path", "sound voice 1 waiting tone headset"},
	{"Held Talking", Swap{}, "Talking Held", "2 Talking>Held, 1 Held>Talking", "hold 2 true, hold 1 false, sound voice 1 speaker"},
	{"Held Talking", Resume{Call: 1}, "Talking Held", "2 Talking>Held, 1 Held>Talking", "hold 2 true, hold 1 false, sound voice 1 speaker"},
	{"Held Talking", Byed{Call: 2, Cause: RemoteHangup}, "Held", "2 Talking>Ended: hung up there", "log 2, sound speaker"},
	{"Held Held", Swap{}, "Talking Held", "1 Held>Talking", "hold 1 false, sound voice 1 speaker"},
	{"Held Calling", Resume{Call: 1}, "Talking", "2 Calling>Ended: hung up here, 1 Held>Talking", "cancel 2, stop call 2, log 2, hold 1 false, sound voice 1 speaker"},
	{"Ringing Answering", Answer{Call: 1}, "Answering Held", "2 Answering>Held, 1 Ringing>Answering",
		"stop confirm 2, hold 2 true, stop ring 1, start confirm 1 32s, accept 1, sound voice 1 speaker"},
	{"Ringing Calling", Accepted{Call: 2}, "Ringing Talking", "2 Calling>Talking", "stop call 2, sound voice 2 waiting tone speaker"},
	{"Ringing Calling", HookMoved{Off: true}, "Ringing Calling", "hook, path", "sound waiting tone handset"},
	{"Ringing Failed", HookMoved{Off: true}, "Ringing Failed", "hook, path", "sound busy tone handset"},
	{"Ringing Ringing", HookMoved{Off: true}, "Answering Ringing", "hook, path, 1 Ringing>Answering", "stop ring 1, start confirm 1 32s, accept 1, sound voice 1 waiting tone handset"},
	{"Ringing Ringing", Silence{}, "Ringing Ringing", "1 touched, 2 touched", "sound speaker"},
	{"Ringing Ringing", Reject{Call: 1}, "Ringing", "1 Ringing>Ended: declined", "reject 1: declined, stop ring 1, log 1"},
}

func TestTheMachine(t *testing.T) {
	for _, r := range slices.Concat(one, more) {
		t.Run(strings.TrimSpace(r.in+" "+reflect.TypeOf(r.do).Name()), func(t *testing.T) {
			b := oneLine(t).reach(r.in)
			before := b.s
			b.do(r.do)
			if got := calls(b.s); got != r.calls {
				t.Errorf("%+v: calls\n got %s\nwant %s", r.do, got, r.calls)
			}
			if got := moves(b.changes); got != r.moves {
				t.Errorf("%+v: changes\n got %s\nwant %s", r.do, got, r.moves)
			}
			if got := orders(b.effects); got != r.effects {
				t.Errorf("%+v: effects\n got %s\nwant %s", r.do, got, r.effects)
			}
			if b.s.Seq != before.Seq+Seq(len(b.changes)) {
				t.Errorf("%d changes took Seq from %d to %d", len(b.changes), before.Seq, b.s.Seq)
			}
		})
	}
}

// about are all inputs that are about one call or about the call in the foreground.
func about(id CallID) []Input {
	return []Input{
		Digit{Digit: '3'}, EraseDigit{}, DialNow{}, Answer{Call: id}, Reject{Call: id}, Deflect{Call: id, Target: "300"}, Silence{}, Hold{Call: id}, Resume{Call: id}, Swap{},
		SendDTMF{Call: id, Digit: '1'}, Progressed{Call: id}, Accepted{Call: id}, Confirmed{Call: id}, CallFailed{Call: id, Cause: UserBusy},
		Byed{Call: id}, ResumeRefused{Call: id},
		TimerFired{ID: TimerID{InterDigit, id}}, TimerFired{ID: TimerID{RingTime, id}}, TimerFired{ID: TimerID{CallTime, id}},
		TimerFired{ID: TimerID{ConfirmTime, id}}, TimerFired{ID: TimerID{FailedTime, id}},
	}
}

func TestWhatIsNotInTheTableDoesNothing(t *testing.T) {
	for _, word := range []string{"", "Dialing", "Calling", "Ringback", "Early", "Ringing", "Answering", "Talking", "Held", "Failed"} {
		for _, in := range about(1) {
			if _, empty := in.(DialNow); empty && word == "Dialing" {
				continue // see TestOverlapDialling
			}
			if word == "Early" || slices.ContainsFunc(one, func(r row) bool { return r.in == word && same(r.do, in) }) {
				continue
			}
			b := oneLine(t).reach(word)
			before := b.s
			err := b.try(in)
			if _, isCommand := in.(Command); isCommand && err != WrongState && !(word == "" && err == NoSuchCall) {
				t.Errorf("%s: %T%+v is answered %v, not refused", word, in, in, err)
			}
			if !reflect.DeepEqual(before, b.s) || len(b.changes) > 0 || len(b.effects) > 0 {
				t.Errorf("%s: %T%+v: %s; %s", word, in, in, moves(b.changes), orders(b.effects))
			}
		}
	}
}

// same: of the same type, and for a timer of the same name.
func same(a, b Input) bool {
	if x, ok := a.(TimerFired); ok {
		y, ok := b.(TimerFired)
		return ok && x.ID == y.ID
	}
	return reflect.TypeOf(a) == reflect.TypeOf(b)
}

func TestTheEdgesAreThoseOfTheTable(t *testing.T) {
	for from := None; from < callStateCount; from++ {
		for _, to := range edges[from] {
			if to <= None || to >= callStateCount {
				t.Errorf("%v has an edge to nowhere", from)
			}
		}
		if reaches := slices.Contains(edges[from], Ended); reaches == (from == None || from == Ended) {
			t.Errorf("from %v to Ended: %v", from, reaches)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("an illegal edge does not panic")
		}
	}()
	b := oneLine(t).reach("Held")
	(&step{State: b.s}).enter(&b.s.Calls[0], Ringing, NoCause)
}
