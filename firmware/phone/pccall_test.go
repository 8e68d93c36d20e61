package phone

import "testing"

// acts are what the PC's program was asked in the last step.
func (b *bench) acts() (out []PCAct) {
	for _, e := range b.effects {
		if s, ok := e.(SendPC); ok {
			out = append(out, s.Act)
		}
	}
	return out
}

func (b *bench) asked(what string, want ...PCAct) {
	b.t.Helper()
	got := b.acts()
	if len(got) != len(want) || len(got) == 1 && got[0] != want[0] {
		b.t.Errorf("%s: the PC is asked %v, want %v", what, got, want)
	}
}

// pcCall is a phone whose PC talks and streams.
func pcCall(t *testing.T) *bench {
	b := oneLine(t)
	b.do(PCCallChanged{Ringing: true})
	if s := b.s.sound(); !s.Ring {
		t.Fatalf("a PC call does not ring: %+v", s)
	}
	b.do(PCDo{Act: PCAnswer})
	b.asked("answer", PCAnswer)
	b.do(PCCallChanged{Active: true}, PCStreams{Plays: true, Records: true})
	if s := b.s.sound(); !s.PC || s.Ring || s.Path != Speaker {
		t.Fatalf("in a PC call is heard %+v", s)
	}
	return b
}

func TestPhonesCallMeetsPCsCall(t *testing.T) {
	b := pcCall(t)
	b.do(Invited{Ref: 9, Remote: anna})
	if s := b.s.sound(); s.Ring || s.Tone != WaitingTone || !s.PC {
		t.Errorf("a caller during a PC call: %+v", s)
	}
	b.do(Answer{Call: 1})
	b.asked("the phone's call is answered", PCHold)
	if s := b.s.sound(); s.PC || s.Voices[0] != 1 {
		t.Errorf("talking: %+v", s)
	}
	b.do(PCCallChanged{Active: true, Held: true}, Confirmed{Call: 1})
	b.asked("it is held")
	b.do(Hangup{Call: 1})
	b.asked("the phone's call is over", PCHold)
	if s := b.s.sound(); !s.PC {
		t.Errorf("after it: %+v", s)
	}
	b.do(PCCallChanged{Active: true})
	b.asked("it goes on")
}

func TestPCsCallMeetsPhonesCall(t *testing.T) {
	b := oneLine(t)
	b.do(ways(1)["Talking"]...)
	b.do(PCCallChanged{Ringing: true})
	if s := b.s.sound(); s.Ring || s.Tone != WaitingTone {
		t.Errorf("a PC call rings during a call: %+v", s)
	}
	b.do(PCCallChanged{Active: true}, PCStreams{Plays: true, Records: true}) // answered on the PC
	if calls(b.s) != "Held" || !b.s.sound().PC {
		t.Errorf("calls %s, sound %+v", calls(b.s), b.s.sound())
	}
	b.asked("nobody parks the call that was just chosen")
	b.do(Resume{Call: 1})
	b.asked("back to the phone's call", PCHold)
	b.do(PCCallChanged{}, Hangup{Call: 1})
	b.asked("the PC's call ended meanwhile")
}

func TestKeysForThePCsCall(t *testing.T) {
	for name, c := range map[string]struct {
		before []Input
		in     Input
		want   []PCAct
		err    error
	}{
		"lift while it rings":       {[]Input{PCCallChanged{Ringing: true}}, HookMoved{Off: true}, []PCAct{PCAnswer}, nil},
		"speaker while it rings":    {[]Input{PCCallChanged{Ringing: true}}, PressPath{Path: Speaker}, []PCAct{PCAnswer}, nil},
		"speaker hangs up":          {[]Input{PCCallChanged{Active: true}}, PressPath{Path: Speaker}, []PCAct{PCHangup}, nil},
		"headset moves it":          {[]Input{PCCallChanged{Active: true}}, PressPath{Path: Headset}, nil, nil},
		"put down":                  {[]Input{HookMoved{Off: true}, Hangup{Call: 1}, PCCallChanged{Active: true}}, HookMoved{}, []PCAct{PCHangup}, nil},
		"put down in a held one":    {[]Input{HookMoved{Off: true}, Hangup{Call: 1}, PCCallChanged{Active: true, Held: true}}, HookMoved{}, nil, nil},
		"mute":                      {[]Input{PCCallChanged{Active: true}}, Mute{On: true}, []PCAct{PCMute}, nil},
		"mute what is muted":        {[]Input{PCCallChanged{Active: true, Muted: true}}, Mute{On: true}, nil, nil},
		"decline":                   {[]Input{PCCallChanged{Ringing: true}}, PCDo{Act: PCDecline}, []PCAct{PCDecline}, nil},
		"decline nothing":           {nil, PCDo{Act: PCDecline}, nil, WrongState},
		"hang up nothing":           {nil, PCDo{Act: PCHangup}, nil, WrongState},
		"no such act":               {nil, PCDo{Act: pcActCount}, nil, WrongValue},
		"mute without any call":     {nil, Mute{On: true}, nil, WrongState},
		"while the phone is locked": {[]Input{PCCallChanged{Ringing: true}, SetLock{Kind: HostLock}}, PCDo{Act: PCAnswer}, []PCAct{PCAnswer}, nil},
	} {
		b := oneLine(t)
		b.do(c.before...)
		if err := b.try(c.in); err != c.err {
			t.Errorf("%s: %v", name, err)
		} else if err == nil {
			b.asked(name, c.want...)
		}
	}
}

// A program without call control cannot mute: the phone then does it itself, for as long as the call lasts.
func TestPhoneMutesForAProgramThatDoesNot(t *testing.T) {
	b := oneLine(t)
	b.do(PCCallChanged{Active: true, NoControl: true}, PCStreams{Plays: true, Records: true}, Mute{On: true})
	b.asked("mute")
	if !b.s.Muted || !b.s.sound().Muted {
		t.Error("the microphone is open")
	}
	b.do(PCCallChanged{})
	if b.s.Muted {
		t.Error("the mute outlives the call")
	}
}

// The mute of a call that is held when the PC's call begins closes the microphone for that one too, and the key opens it.
func TestMuteOfAHeldCallCanBeTakenBackInThePCsCall(t *testing.T) {
	b := oneLine(t)
	b.do(ways(1)["Talking"]...)
	b.do(Mute{On: true}, PCCallChanged{Active: true}, PCStreams{Plays: true, Records: true})
	if !b.s.sound().Muted || !b.s.MicMuted() {
		t.Fatal("the microphone has opened by itself")
	}
	b.do(Mute{})
	b.asked("the program has not muted")
	if b.s.sound().Muted || b.s.MicMuted() {
		t.Error("the microphone cannot be opened")
	}
	b.do(PCCallChanged{Active: true, Muted: true})
	if !b.s.MicMuted() {
		t.Error("the program's mute is not told")
	}
	b.do(Mute{})
	b.asked("the program has muted", PCMute)
}

func TestVolumeKeysTurnWhatIsHeard(t *testing.T) {
	b := oneLine(t)
	b.do(PCStreams{Plays: true})
	before := b.s
	b.do(StepVolume{Steps: 2})
	turned := false
	for _, e := range b.effects {
		turned = turned || e == Effect(SendPCVolume{Steps: 2})
	}
	if !turned || b.s.RingVolume != before.RingVolume || b.s.Volume[b.s.Path] != before.Volume[before.Path]+2 {
		t.Errorf("music plays: effects %v, volumes %v, ring %d", b.effects, b.s.Volume, b.s.RingVolume)
	}
}

func TestPCsRingIsSilenced(t *testing.T) {
	b := oneLine(t)
	b.do(PCCallChanged{Ringing: true}, Silence{})
	if b.s.sound().Ring {
		t.Error("it rings on")
	}
	b.do(PCCallChanged{}, PCCallChanged{Ringing: true})
	if !b.s.sound().Ring {
		t.Error("the next call does not ring")
	}
}

// Where the PC listens without a call of its own the phone mutes all the same, and the mute ends with the listening.
func TestMuteOfAPCThatListens(t *testing.T) {
	b := oneLine(t)
	b.do(PCStreams{Plays: true})
	if err := b.try(Mute{On: true}); err != WrongState {
		t.Errorf("nobody listens, and Mute gives %v", err)
	}
	b.do(PCStreams{Plays: true, Records: true})
	if b.do(Mute{On: true}); !b.s.sound().Muted {
		t.Error("the PC hears a muted microphone")
	}
	if b.do(PCStreams{Plays: true}); b.s.Muted {
		t.Error("the mute outlives the listening")
	}
}
