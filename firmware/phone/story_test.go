package phone

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// say checks what came of the last input.
func (b *bench) say(wantCalls, wantEffects string) {
	b.t.Helper()
	if got := calls(b.s); got != wantCalls {
		b.t.Errorf("calls: got %q, want %q", got, wantCalls)
	}
	if got := orders(b.effects); got != wantEffects {
		b.t.Errorf("effects:\n got %s\nwant %s", got, wantEffects)
	}
}

func (b *bench) refused(in Input, want Refusal) {
	b.t.Helper()
	before := b.s
	if err := b.try(in); !errors.Is(err, want) || !reflect.DeepEqual(before, b.s) {
		b.t.Errorf("%T%+v: %v, want %v and nothing changed", in, in, err, want)
	}
}

func typed(digits string) []Input {
	var out []Input
	for _, d := range digits {
		out = append(out, Digit{Digit: d})
	}
	return out
}

func TestOverlapDialling(t *testing.T) {
	b := oneLine(t).reach("Dialing") // the map is 2xx|3xx.T
	b.refused(DialNow{}, WrongNumber)
	b.do(typed("20")...)
	b.say("Dialing", "stop inter-digit 1")
	b.do(Digit{Digit: '0'})
	b.say("Calling", "stop inter-digit 1, stop inter-digit 1, start call 1 3m0s, invite 1 to 200 on 0")
	b.do(Hangup{Call: 1}, Dial{})
	b.do(typed("300")...)
	b.say("Dialing", "stop inter-digit 2, start inter-digit 2 4s")
	b.do(TimerFired{ID: TimerID{InterDigit, 2}})
	b.say("Calling", "stop inter-digit 2, start call 2 3m0s, invite 2 to 300 on 0")
}

func TestDigitsOutsideOfTheMapWaitForTheKey(t *testing.T) {
	b := oneLine(t).reach("Dialing")
	b.do(typed("9*#+")...)
	b.say("Dialing", "stop inter-digit 1")
	b.refused(Digit{Digit: 'A'}, WrongValue)
	b.refused(Digit{Digit: '٣'}, WrongValue)
	b.refused(DialNow{}, WrongNumber)
	b.do(EraseDigit{})
	b.do(DialNow{})
	b.say("Calling", "stop inter-digit 1, start call 1 3m0s, invite 1 to 9*# on 0")
}

func TestErasingTheLastDigitBringsDialToneBack(t *testing.T) {
	b := oneLine(t).reach("Dialing")
	b.do(Digit{Digit: '3'}, EraseDigit{})
	b.say("Dialing", "stop inter-digit 1, sound dial tone speaker")
	b.refused(EraseDigit{}, WrongState)
}

func TestANumberHasAnEnd(t *testing.T) {
	b := oneLine(t).reach("Dialing")
	b.do(typed(strings.Repeat("9", maxNumber))...)
	b.refused(Digit{Digit: '9'}, WrongValue)
	b.refused(Dial{Number: strings.Repeat("9", maxNumber+1)}, WrongNumber)
}

func TestALineThatIsDownLeavesTheNumberStanding(t *testing.T) {
	b := oneLine(t)
	b.refused(Dial{Line: 1, Number: "200"}, LineDown)
	b.refused(Dial{Line: 2, Number: "200"}, NoSuchLine)
	b.refused(Dial{Line: 2}, NoSuchLine)
	b.do(Dial{Line: 1})
	b.do(typed("200")...)
	b.say("Dialing", "stop inter-digit 1")
	b.refused(DialNow{}, LineDown)
	b.do(LineChanged{Line: 1, State: LineRegistered}, DialNow{})
	b.say("Calling", "stop inter-digit 1, start call 1 3m0s, invite 1 to 200 on 1")
}

func TestEmergencyGoesOutOnAnyLine(t *testing.T) {
	b := oneLine(t)
	b.do(Dial{Line: 1, Number: "112"})
	b.say("Calling", "start call 1 3m0s, start help 0 30m0s, invite 1 to 112 on 0")
	b.do(Hangup{Call: 1}, LineChanged{Line: 0, State: LineFailing, Fault: WrongPassword})
	b.do(Dial{Line: 1, Number: "1 12"})
	b.say("Calling", "start call 2 3m0s, start help 0 30m0s, invite 2 to 112 on 1")
}

func TestTheHandset(t *testing.T) {
	b := oneLine(t)
	b.do(Invited{Remote: anna}, HookMoved{Off: true}, Confirmed{Call: 1})
	b.do(PressPath{Path: Speaker}, HookMoved{})
	b.say("Talking", "") // the voice is on the loudspeaker: putting the handset down is no hang-up
	b.do(HookMoved{Off: true}, HookMoved{})
	b.say("", "bye 1, log 1, sound handset")
	b.do(HookMoved{})
	b.say("", "") // bounce
	b.do(Dial{Number: "200"})
	if b.s.Path != Speaker {
		t.Errorf("a call begun with the handset down is on %v", b.s.Path)
	}
}

func TestASilencedRingIsHeardAgainForTheNextCall(t *testing.T) {
	b := oneLine(t).reach("Ringing")
	b.do(Silence{}, Silence{})
	b.say("Ringing", "")
	b.do(Invited{Remote: anna})
	b.say("Ringing Ringing", "start ring 2 2m0s, ringing 2, sound ring speaker")
}

func TestTheRingerMayBeOff(t *testing.T) {
	b := oneLine(t)
	b.do(SetRingVolume{}, Invited{Remote: anna})
	b.say("Ringing", "start ring 1 2m0s, ringing 1")
	b.do(StepVolume{Steps: 3})
	b.say("Ringing", "sound ring speaker")
}

func TestCallWaitingOffAndTooManyCalls(t *testing.T) {
	b := oneLine(t)
	for range MaxCalls {
		b.do(Invited{Remote: anna})
	}
	b.do(Invited{Ref: 9, Remote: anna})
	if got := orders(b.effects); got != "refuse 9: busy" {
		t.Error(got)
	}
	b.refused(Dial{Number: "200"}, TooMany)
	b.do(Dial{})
	b.do(typed("200")...)
	b.refused(DialNow{}, TooMany)

	b = oneLine(t)
	c := b.s.Config
	c.CallWaiting = false
	b.do(Configure{Config: c}, Invited{Ref: 1, Remote: anna}, Invited{Ref: 2, Remote: anna})
	b.say("Ringing", "refuse 2: busy")
	b.do(Invited{Ref: 3, Line: 7})
	b.say("Ringing", "refuse 3: not found")
}

func TestMuteBelongsToTheConversation(t *testing.T) {
	b := oneLine(t)
	b.refused(Mute{On: true}, WrongState)
	b.reach("Talking").do(Mute{On: true}, Mute{On: true})
	b.say("Talking", "")
	b.do(Hangup{Call: 1})
	if b.s.Muted || moves(b.changes) != "1 Talking>Ended: hung up here, mute" {
		t.Errorf("muted %v: %s", b.s.Muted, moves(b.changes))
	}
}

func TestVolumes(t *testing.T) {
	b := oneLine(t)
	b.do(StepVolume{Steps: -100})
	if b.s.RingVolume != 0 {
		t.Errorf("ringer at %d", b.s.RingVolume)
	}
	b.reach("Talking").do(StepVolume{Steps: 1 << 30}, SetVolume{Path: Headset, Level: 3})
	if b.s.Volume != [PathCount]uint8{10, 3, VolumeMax} {
		t.Errorf("volumes %v", b.s.Volume)
	}
	b.do(StepVolume{Steps: 1})
	if moves(b.changes) != "volume" {
		t.Error("the end of the scale is not shown")
	}
	for _, in := range []Input{SetVolume{Path: PathCount}, SetVolume{Level: VolumeMax + 1}, SetRingVolume{Level: VolumeMax + 1}, SetPath{Path: PathCount}, PressPath{Path: Handset}} {
		b.refused(in, WrongValue)
	}
}

func TestConfigure(t *testing.T) {
	b := oneLine(t)
	b.do(SelectLine{Line: 1})
	c := b.s.Config
	c.RingTime = time.Second
	b.refused(Configure{Config: c}, WrongValue)
	c.RingTime = 10 * time.Second
	b.reach("Talking").do(Configure{Config: c}) // behaviour may change in a call
	c.Lines = c.Lines[:1]
	b.refused(Configure{Config: c}, Busy)
	b.do(Hangup{Call: 1}, Configure{Config: c})
	if len(b.s.Lines) != 1 || b.s.Selected != 0 || b.s.Lines[0].State != LineOff {
		t.Errorf("%+v, selected %d", b.s.Lines, b.s.Selected)
	}
	b.refused(SelectLine{Line: 1}, NoSuchLine)
}

func TestOnlyAFailingLineIsTriedAgain(t *testing.T) {
	b := oneLine(t)
	b.refused(Register{Line: 9}, NoSuchLine)
	b.refused(Register{}, WrongState)
	b.do(LineChanged{State: LineFailing, Fault: RegistrarUnreachable}, Register{})
	if !slices.Contains(b.effects, Effect(SendRegister{})) {
		t.Errorf("effects %+v", b.effects)
	}
}

func TestMissedCalls(t *testing.T) {
	b := oneLine(t)
	b.do(SeeMissed{})
	b.do(Invited{}, Byed{Call: 1, Cause: Cancelled}) // an anonymous caller is missed all the same
	b.do(Invited{Remote: anna}, TimerFired{ID: TimerID{RingTime, 2}})
	b.do(Invited{Remote: anna}, Reject{Call: 3})
	if b.s.Missed != 2 {
		t.Errorf("%d missed", b.s.Missed)
	}
	b.do(Recalled{Unseen: Unseen{Missed: 3}}, Recalled{Unseen: Unseen{Missed: -1}}, Recalled{})
	if b.s.Missed != 5 || len(b.changes) != 0 {
		t.Errorf("%d missed with those of before", b.s.Missed)
	}
	b.do(SeeMissed{})
	if b.s.Missed != 0 || moves(b.changes) != "missed" {
		t.Errorf("%d missed, %s", b.s.Missed, moves(b.changes))
	}
}

func TestTheLogTellsTheWholeCall(t *testing.T) {
	b := oneLine(t)
	b.do(Invited{Line: 1, Remote: anna, Conversation: "c1"}, Answer{Call: 1}, Confirmed{Call: 1}, Hold{Call: 1}, Resume{Call: 1}, Byed{Call: 1, Cause: RemoteHangup})
	want := Record{Call: 1, Line: 1, Dir: Incoming, Remote: anna, Began: noon.Add(2 * time.Second), Answered: noon.Add(3 * time.Second),
		Ended: noon.Add(7 * time.Second), Cause: RemoteHangup, Conversation: "c1"}
	for _, e := range b.effects {
		if l, ok := e.(LogCall); ok && l.Record == want {
			return
		}
	}
	t.Errorf("got %+v\nwant %+v", b.effects, want)
}

// the longest held call comes back first, even where the clock was set back in between.
func TestSwapGoesRoundWhateverTheClockSays(t *testing.T) {
	b := oneLine(t).reach("Held Held Talking")
	for _, want := range []string{"Talking Held Held", "Held Talking Held", "Held Held Talking"} {
		b.now = b.now.Add(-24 * time.Hour)
		b.do(Swap{})
		if got := calls(b.s); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestNotices(t *testing.T) {
	b := oneLine(t)
	b.do(Noticed{Notice: NoSoundCard, Text: "hw:0 is gone"})
	if b.s.Notices[NoSoundCard] != "hw:0 is gone" || moves(b.changes) != "notice" {
		t.Errorf("%q %s", b.s.Notices, moves(b.changes))
	}
	b.do(Noticed{Notice: NoSoundCard, Text: "hw:0 is gone"})
	if len(b.changes) > 0 {
		t.Error("the same news twice")
	}
	b.do(Noticed{Notice: NoSoundCard}, Noticed{Notice: NoticeCount, Text: "x"})
	if b.s.Notices != [NoticeCount]string{} {
		t.Errorf("%q", b.s.Notices)
	}
}

func TestAnUnknownCallIsRefused(t *testing.T) {
	b := oneLine(t).reach("Talking")
	for _, in := range []Input{Answer{Call: 9}, Reject{Call: 9}, Hangup{Call: 9}, Hold{Call: 9}, Resume{Call: 9}, SendDTMF{Call: 9, Digit: '1'}} {
		b.refused(in, NoSuchCall)
	}
	b.refused(SendDTMF{Call: 1, Digit: 'E'}, WrongValue)
}

// TestServersMayMoveMailboxAndConferences at any time: the lines stay what they are, and calls stand.
func TestServersMayMoveMailboxAndConferences(t *testing.T) {
	b := oneLine(t)
	b.do(Invited{Ref: 1, Remote: anna}, Answer{Call: 1}, Confirmed{Call: 1})
	c := b.s.Config
	c.Lines = slices.Clone(c.Lines)
	c.Lines[0].Mailbox, c.Lines[0].Factory = "sip:vm@example.com", "sip:meet@example.com"
	b.do(Configure{Config: c})
	if b.s.Lines[0].State != LineRegistered || len(b.s.Calls) != 1 || b.s.Factory(&b.s.Calls[0]) != "sip:meet@example.com" || b.s.Mailbox(0) != "sip:vm@example.com" {
		t.Errorf("line %+v, calls %+v", b.s.Lines[0], b.s.Calls)
	}
	c.Lines = slices.Clone(c.Lines)
	c.Lines[0].AOR = "sip:other@example.com"
	b.refused(Configure{Config: c}, Busy)
}
