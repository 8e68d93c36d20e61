package phone

import (
	"testing"
	"time"
)

func hotline(t *testing.T, wait time.Duration) *bench {
	b := oneLine(t)
	b.s.Config.Hotline, b.s.Config.HotlineWait = "300", wait
	return b
}

func TestHotlineIsCalledAtOnce(t *testing.T) {
	b := hotline(t, 0)
	b.do(HookMoved{Off: true})
	b.say("Calling", "start call 1 3m0s, invite 1 to 300 on 0, sound handset")
	b.do(HookMoved{}, PressPath{Path: Headset})
	b.say("Calling", "start call 2 3m0s, invite 2 to 300 on 0, sound headset")
	b.do(Hangup{Call: 2}, Dial{})
	b.say("Dialing", "sound dial tone headset") // whoever types with the handset down calls whom he likes
	b.do(Hangup{Call: 3}, SetLock{Kind: IdleLock}, HookMoved{Off: true})
	b.say("Dialing", "sound dial tone handset") // a locked phone does not call there, but for help
	b.do(append(typed("112"), DialNow{})...)
	if f := b.s.Foreground(); f.State != Calling || f.Remote.Number != "112" {
		t.Errorf("%+v", f)
	}
}

func TestWarmlineWaitsForDigits(t *testing.T) {
	b := hotline(t, 5*time.Second)
	b.do(HookMoved{Off: true})
	b.say("Dialing", "start inter-digit 1 5s, sound dial tone handset")
	b.do(TimerFired{ID: TimerID{InterDigit, 1}})
	b.say("Calling", "stop inter-digit 1, start call 1 3m0s, invite 1 to 300 on 0, sound handset")
	b.do(HookMoved{}, HookMoved{Off: true})
	b.do(typed("200")...)
	if f := b.s.Foreground(); f.State != Calling || f.Remote.Number != "200" {
		t.Errorf("typed 200, and called is %+v", f)
	}
	b.do(HookMoved{}, LineChanged{Line: 0, State: LineFailing}, HookMoved{Off: true}, TimerFired{ID: TimerID{InterDigit, 3}})
	if f := b.s.Foreground(); f.State != Dialing || f.Digits != "" {
		t.Errorf("on a line that is down: %+v", f)
	}
}
