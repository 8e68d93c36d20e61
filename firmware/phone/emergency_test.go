package phone

import (
	"strings"
	"testing"
)

// TestEmergencyFromEveryState calls for help from every state of the phone: of a call and of several, of the lock, of the
// lines, and whatever else it does. The call goes out, has the user's ear, and is on a line that works if there is one.
func TestEmergencyFromEveryState(t *testing.T) {
	states := []string{"", "Dialing", "Calling", "Ringback", "Early", "Ringing", "Answering", "Talking", "Held", "Failed",
		"Talking Ringing", "Held Talking", "Held Dialing", "Held Calling", "Held Held Talking Ringing",
		"Ringing Ringing Ringing Ringing Ringing Ringing Ringing Ringing", "Held Held Held Held Held Held Held Talking",
		"Held Held Held Held Held Held Held Ringing"}
	moods := map[string]func(*bench){
		"as it is":    func(*bench) {},
		"unlit lines": func(b *bench) { b.do(LineChanged{Line: 0, State: LineFailing, Fault: WrongPassword}) },
		"other line": func(b *bench) {
			b.do(LineChanged{Line: 0, State: LineOff}, LineChanged{Line: 1, State: LineRegistered})
		},
		"asked":     func(b *bench) { b.do(Ask{Ref: 1, Kind: SignInQuestion}) },
		"tested":    func(b *bench) { _ = b.try(TestSound{}) },
		"played":    func(b *bench) { _ = b.try(PlayRecording{ID: "x"}) },
		"PC talks":  func(b *bench) { b.do(PCCallChanged{Active: true}) },
		"waits not": func(b *bench) { b.s.Config.CallWaiting = false },
		"moving":    func(b *bench) { _ = b.try(Transfer{Call: 1, Target: "300"}) },
		"joined":    func(b *bench) { _ = b.try(Join{Calls: [MaxConf]CallID{1, 2}}) },
	}
	ways := map[string]func(b *bench){
		"at once": func(b *bench) { b.do(Dial{Number: "1 12"}) },
		"typed": func(b *bench) {
			b.do(Dial{})
			for _, in := range append(typed("112"), DialNow{}) {
				b.do(in)
			}
		},
		"lifted": func(b *bench) {
			b.do(HookMoved{Off: true})
			if f := b.s.Foreground(); f == nil || f.State != Dialing || f.Digits != "" {
				b.do(Dial{Number: "112"}) // the handset had something else to do
				return
			}
			b.do(append(typed("112"), DialNow{})...)
		},
	}
	tried := 0
	for lock := range lockKindCount {
		for _, state := range states {
			for mood, set := range moods {
				for way, call := range ways {
					b := oneLine(t).reach(state)
					set(b)
					b.do(SetLock{Kind: lock})
					if f := b.s.Foreground(); way == "typed" && f != nil && f.State == Dialing {
						b.do(Hangup{Call: f.ID})
					}
					call(b)
					f := b.s.Foreground()
					if f == nil || f.State != Calling || f.Remote.Number != "1 12" && f.Remote.Number != "112" {
						t.Fatalf("%q, %s, lock %v, %s: in front is %+v", state, mood, lock, way, f)
					}
					want := LineID(0)
					if mood == "other line" {
						want = 1
					}
					if f.Line != want || !strings.Contains(orders(b.effects), "invite") || b.s.Playing.ID != "" || b.s.Test.Running {
						t.Errorf("%q, %s, lock %v, %s: line %d, %s", state, mood, lock, way, f.Line, orders(b.effects))
					}
					tried++
				}
			}
		}
	}
	t.Logf("called for help in %d states", tried)
}
