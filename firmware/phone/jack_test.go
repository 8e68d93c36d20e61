package phone

import "testing"

// a headset that is plugged in takes the voice, and gives it back when it is pulled, to the handset if that is lifted; no
// call ends by that, and what begins meanwhile begins in the headset.
func TestTheVoiceFollowsAHeadset(t *testing.T) {
	b := oneLine(t)
	path := func(what string, want Path) {
		t.Helper()
		if b.s.Path != want {
			t.Errorf("%s: the voice is on the %v, want the %v", what, b.s.Path, want)
		}
	}
	b.do(JackMoved{In: true})
	path("plugged in, idle", Headset)
	b.do(JackMoved{})
	path("pulled, idle", Speaker)

	b.do(Invited{Ref: 1}, HookMoved{Off: true}, Confirmed{Call: 1})
	path("answered by the handset", Handset)
	b.do(JackMoved{In: true})
	path("plugged in, in a call", Headset)
	b.do(HookMoved{}) // laid down: the headset has the call
	b.do(JackMoved{})
	path("pulled, handset down", Speaker)
	b.do(HookMoved{Off: true}, JackMoved{In: true}, JackMoved{})
	path("pulled, handset lifted", Handset)
	if c := b.s.Call(1); c == nil || c.State != Talking {
		t.Fatalf("the call is %+v", c)
	}
	b.do(JackMoved{In: true}, PressPath{Path: Speaker}, JackMoved{})
	path("pulled while the speaker has the voice", Speaker)

	b.do(JackMoved{In: true}, HookMoved{}, HookMoved{Off: true}, HookMoved{}) // into the handset, and it ends the call
	if len(b.s.Calls) != 0 {
		t.Fatalf("calls %+v", b.s.Calls)
	}
	b.do(Dial{Number: "200"})
	path("a new call with a headset plugged in", Headset)
}
