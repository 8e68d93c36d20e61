package phone

import (
	"testing"
	"time"
)

func TestLockedPhoneIsATelephoneAllTheSame(t *testing.T) {
	b := oneLine(t)
	b.s.Config.Plan.Extension = 3
	b.do(SetLock{Kind: IdleLock})
	for name, c := range map[string]struct {
		dial LockedDial
		in   Input
		want error
	}{
		"a number":             {DialEmergency, Dial{Number: "200"}, Locked},
		"a long one":           {DialEmergency, Dial{Number: "+49301234567"}, Locked},
		"an address":           {DialInternal, Dial{Number: "sip:eve@example.com"}, Locked},
		"outside, internal":    {DialInternal, Dial{Number: "+49301234567"}, Locked},
		"extension, internal":  {DialInternal, Dial{Number: "200"}, nil},
		"outside, any":         {DialAny, Dial{Number: "+49301234567"}, nil},
		"emergency":            {DialEmergency, Dial{Number: "112"}, nil},
		"dial tone":            {DialEmergency, Dial{}, nil},
		"the handset":          {DialEmergency, HookMoved{Off: true}, nil},
		"louder":               {DialEmergency, StepVolume{Steps: 1}, nil},
		"a question":           {DialEmergency, Ask{Ref: 1, Kind: SignInQuestion}, Locked},
		"somebody calls":       {DialEmergency, Invited{Ref: 4, Remote: anna}, nil},
		"transfer from nobody": {DialEmergency, Transfer{Call: 7, Target: "200"}, NoSuchCall},
	} {
		try := *b
		try.s.Config.LockedDial = c.dial
		if err := try.try(c.in); err != c.want {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	b.do(ways(1)["Talking"]...)
	if err := b.try(Transfer{Call: 1, Target: "200"}); err != Locked {
		t.Errorf("transfer: %v", err)
	}
	b.do(Hold{Call: 1}, Resume{Call: 1}, Mute{On: true}, Hangup{Call: 1})
	b.do(HookMoved{Off: true}, Digit{Digit: '3'}, Digit{Digit: '1'}, Digit{Digit: '2'})
	if err := b.try(DialNow{}); err != Locked {
		t.Errorf("typed: %v", err)
	}
}

func TestLockTakesTheQuestionAway(t *testing.T) {
	b := oneLine(t)
	b.do(Ask{Ref: 3, Kind: SignInQuestion}, SetLock{Kind: HostLock})
	declined := false
	for _, e := range b.effects {
		declined = declined || e == Effect(QuestionAnswered{Ref: 3, Verdict: Declined})
	}
	if !declined || b.s.Question.Kind != NoQuestion {
		t.Errorf("effects %v, question %+v", b.effects, b.s.Question)
	}
}

func TestWrongPINsAreCountedAndARightOneForgetsThem(t *testing.T) {
	b := oneLine(t)
	b.do(PINRefused{Wrong: 1})
	if b.s.Lock != (Lock{}) {
		t.Errorf("a phone that is not locked: %+v", b.s.Lock)
	}
	until := noon.Add(time.Hour)
	b.do(SetLock{Kind: ManualLock}, PINRefused{Wrong: 5, Until: until})
	if b.s.Lock != (Lock{Kind: ManualLock, Wrong: 5, Until: until}) {
		t.Errorf("%+v", b.s.Lock)
	}
	b.do(SetLock{Kind: Unlocked})
	if b.s.Lock != (Lock{}) {
		t.Errorf("unlocked: %+v", b.s.Lock)
	}
}
