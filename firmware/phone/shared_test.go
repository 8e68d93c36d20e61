package phone

import (
	"fmt"
	"slices"
	"testing"
)

// sharing is a phone whose second line has two appearances; its server tells what the others do.
func sharing(t *testing.T, others ...Other) *bench {
	b := oneLine(t)
	c := b.s.Config
	c.Lines = slices.Clone(c.Lines)
	c.Lines[1].Appearances = 2
	b.do(Configure{Config: c}, LineChanged{State: LineRegistered}, LineChanged{Line: 1, State: LineRegistered}, AppearancesTold{Line: 1, Known: true, Others: others})
	return b
}

func other(number uint8, state AppearanceState) Other {
	o := Other{Appearance: Appearance{Number: number, State: state}}
	if state == AppearanceHeld {
		o.Caller, o.Dialog = ben, Dialog{"x", "his", "theirs"}
	}
	return o
}

// effectOf finds the one effect of a kind of the last step.
func effectOf[E Effect](b *bench) E {
	b.t.Helper()
	var found []E
	for _, e := range b.effects {
		if e, ok := e.(E); ok {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		b.t.Fatalf("%d effects of the kind in %+v", len(found), b.effects)
	}
	return found[0]
}

// places are the appearances as others and we have them.
func (b *bench) places() (out string) {
	for _, a := range b.s.Appearances {
		out += a.State.String()
		if c := b.s.At(a); c != nil {
			out += fmt.Sprintf("+%v", c.State)
		}
		out += " "
	}
	return out
}

func (b *bench) wantPlaces(want string) {
	b.t.Helper()
	if got := b.places(); got != want {
		b.t.Errorf("%q, want %q", got, want)
	}
}

func TestACallTakesTheFirstFreeAppearance(t *testing.T) {
	b := sharing(t, other(1, AppearanceBusy))
	b.do(Dial{Line: 1, Number: "302"})
	b.wantPlaces("busy free+Calling ")
	if got := effectOf[SendAppearances](b); len(got.Calls) != 1 || got.Calls[0].Number != 2 || got.Calls[0].State != Calling {
		t.Errorf("told %+v", got)
	}
	if err := b.try(Dial{Line: 1, Number: "303"}); err != TooMany {
		t.Errorf("a call on a line without a free appearance: %v", err)
	}
	if err := b.try(Dial{Line: 1, Number: "112"}); err != nil {
		t.Errorf("help on a line without a free appearance: %v", err)
	}
	b = sharing(t)
	b.do(TakeAppearance{Line: 1, Number: 2})
	b.wantPlaces("free free+Dialing ")
	b.do(Digit{Digit: '3'}, Digit{Digit: '0'}, Digit{Digit: '2'}, DialNow{})
	b.wantPlaces("free free+Calling ")
}

func TestWhatOthersHoldIsTakenOver(t *testing.T) {
	b := sharing(t, other(1, AppearanceHeld), other(2, AppearanceBusy))
	for number, want := range map[uint8]error{2: WrongState, 3: WrongValue, 0: WrongValue} {
		if err := b.try(TakeAppearance{Line: 1, Number: number}); err != want {
			t.Errorf("appearance %d: %v, want %v", number, err, want)
		}
	}
	b.do(TakeAppearance{Line: 1, Number: 1})
	if got := effectOf[SendInvite](b); got.Target != ben.URI || got.Replaces != (Dialog{"x", "his", "theirs"}) || got.Early {
		t.Errorf("taken over by %+v", got)
	}
	b.wantPlaces("held busy ") // it is one call, at one place
	b.do(Accepted{Call: 1}, AppearancesTold{Line: 1, Known: true, Others: []Other{other(2, AppearanceBusy)}})
	b.wantPlaces("free+Talking busy ")
	b = sharing(t, other(2, AppearanceHeld))
	b.do(TakeAppearance{Line: 1, Number: 2}, Accepted{Call: 1}, AppearancesTold{Line: 1, Known: true})
	b.wantPlaces("free free+Talking ")
	b = sharing(t, other(2, AppearanceHeld))
	b.do(TakeAppearance{Line: 1, Number: 2}, Accepted{Call: 1}, AppearancesTold{Line: 1, Known: true, Others: []Other{other(2, AppearanceBusy)}}) // of another call
	b.wantPlaces("free+Talking busy ")
	private := other(1, AppearanceHeld)
	private.Exclusive = true
	if err := sharing(t, private).try(TakeAppearance{Line: 1, Number: 1}); err != Forbidden {
		t.Errorf("what is held privately: %v", err)
	}
}

func TestOwnCallsAreTakenByTheirKeys(t *testing.T) {
	b := sharing(t)
	b.do(Invited{Ref: 1, Line: 1, Remote: ben})
	b.wantPlaces("free+Ringing free ")
	b.do(TakeAppearance{Line: 1, Number: 1}, Confirmed{Call: 1})
	b.wantPlaces("free+Talking free ")
	b.do(Hold{Call: 1, Private: true})
	if got := effectOf[SendAppearances](b); got.Calls[0].State != Held || !got.Calls[0].Private {
		t.Errorf("told %+v", got)
	}
	b.do(TakeAppearance{Line: 1, Number: 1})
	if got := effectOf[SendAppearances](b); got.Calls[0].State != Talking || got.Calls[0].Private {
		t.Errorf("told %+v", got)
	}
	b.do(Byed{Call: 1, Cause: RemoteHangup})
	if got := effectOf[SendAppearances](b); len(got.Calls) != 0 {
		t.Errorf("told %+v", got)
	}
	alone := oneLine(t)
	alone.do(Dial{Number: "302"}, Accepted{Call: 1})
	if err := alone.try(Hold{Call: 1, Private: true}); err != WrongValue {
		t.Errorf("a private hold on a line that is not shared: %v", err)
	}
}

// TestTwoChooseOneAppearance: who came later moves, and a call that rings at both phones is at one place.
func TestTwoChooseOneAppearance(t *testing.T) {
	b := sharing(t)
	b.do(Dial{Line: 1, Number: "302"})
	late, first := other(1, AppearanceBusy), other(1, AppearanceBusy)
	first.First = true
	b.do(AppearancesTold{Line: 1, Known: true, Others: []Other{late}})
	b.wantPlaces("busy+Calling free ")
	b.do(AppearancesTold{Line: 1, Known: true, Others: []Other{first}})
	b.wantPlaces("busy free+Calling ")

	b = sharing(t)
	b.do(Invited{Ref: 1, Line: 1, Remote: ben})
	same := other(2, AppearanceRinging)
	same.Ours, same.First = 1, true
	b.do(AppearancesTold{Line: 1, Known: true, Others: []Other{same}})
	b.wantPlaces("free ringing+Ringing ")
	b.do(AppearancesTold{Line: 1})
	b.wantPlaces("unknown unknown+Ringing ")
	b.do(AppearancesTold{Line: 1, Known: true, Others: []Other{{Appearance: Appearance{Number: 9, State: 99}, Ours: 1, First: true}, {Appearance: Appearance{Number: 2, State: 99}}}})
	b.wantPlaces("free free+Ringing ")
}
