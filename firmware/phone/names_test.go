package phone

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

// declared are the struct types of the package that embed one of the marks, in the order of their names.
func declared(t *testing.T, marks ...string) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var out []string
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, marked(f, marks)...)
	}
	slices.Sort(out)
	return out
}

func marked(f *ast.File, marks []string) (out []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, field := range s.Fields.List {
				if id, ok := field.Type.(*ast.Ident); ok && len(field.Names) == 0 && slices.Contains(marks, id.Name) {
					out = append(out, spec.Name.Name)
				}
			}
		}
		return true
	})
	return out
}

func TestTheListsOfInputsAndEffectsAreWhole(t *testing.T) {
	var inputs, effects []string
	for _, in := range Inputs() {
		inputs = append(inputs, reflect.TypeOf(in).Name())
		_, command := in.(Command)
		if _, event := in.(Event); command == event {
			t.Errorf("%T must be either a command or an event", in)
		}
	}
	for _, e := range Effects() {
		effects = append(effects, reflect.TypeOf(e).Name())
	}
	slices.Sort(inputs)
	slices.Sort(effects)
	if want := declared(t, "cmd", "evt"); !slices.Equal(inputs, want) {
		t.Errorf("Inputs gives %v\nthere are   %v", inputs, want)
	}
	if want := declared(t, "fx"); !slices.Equal(effects, want) {
		t.Errorf("Effects gives %v\nthere are    %v", effects, want)
	}
}

// every input does something in some state: one forgotten in the switches would be silent.
func TestEveryInputIsTaken(t *testing.T) {
	states := []string{"", "Dialing", "Calling", "Ringback", "Early", "Ringing", "Answering", "Talking", "Held", "Failed"}
	c := DefaultConfig()
	for _, in := range []Input{
		Dial{}, Digit{Digit: '3'}, EraseDigit{}, DialNow{}, Answer{Call: 1}, Reject{Call: 1}, Deflect{Call: 1, Target: "200"}, ToMailbox{Call: 1}, CallMailbox{}, MailTold{Mail: Mail{Known: true}}, MailListed{New: 1}, MailUnsure{}, RulesHanded{Handed: RulesTaken}, Silence{}, Hangup{Call: 1}, Hold{Call: 1}, Resume{Call: 1}, Swap{},
		SendDTMF{Call: 1, Digit: '1'}, Mute{On: true}, SetPath{Path: Headset}, PressPath{Path: Headset}, StepVolume{Steps: 1}, SetVolume{Level: 1},
		SetRingVolume{Level: 1}, SelectLine{Line: 1}, Register{Line: 1}, SeeMissed{}, Configure{Config: c}, HookMoved{Off: true}, LineChanged{}, Invited{}, Progressed{Call: 1}, EarlyHeard{Call: 1},
		Accepted{Call: 1}, Confirmed{Call: 1}, CallFailed{Call: 1}, Byed{Call: 1}, RemoteHeld{Call: 1, On: true}, ResumeRefused{Call: 1},
		Secured{Call: 1, On: true}, RemoteChanged{Call: 1}, Noticed{Text: "x"}, Recalled{Unseen: Unseen{Missed: 2}}, TimerFired{ID: TimerID{RingTime, 1}},
		Ask{Ref: 2, Kind: SignInQuestion}, AnswerQuestion{Ref: 1}, QuestionDropped{Ref: 1}, SetLock{Kind: IdleLock}, PINRefused{Wrong: 1},
		PCDo{Act: PCHangup}, PCCallChanged{Ringing: true}, PCStreams{Plays: true},
		AnswerPairing{Stage: PairingCompare, Yes: true}, PairingMoved{Stage: PairingAsked}, PCAttached{On: true},
		Transfer{Call: 1, Target: "300"}, Consult{Call: 1, Number: "300"}, MoveTo{Call: 1, Target: "300"},
		Pull{Target: "300", Replaces: Dialog{"a", "b", "c"}}, PageHeard{Group: 1}, PageSilent{Group: 1}, TestSound{}, SoundTested{Verdict: SoundWorks}, Able{Call: 1, Refers: true}, FocusChanged{Call: 1, Focus: room}, Referred{Call: 1, To: anna}, Conversing{Call: 1, Conversation: "c"}, Redirected{Call: 1, To: anna},
	} {
		taken := slices.ContainsFunc(states, func(word string) bool {
			b := oneLine(t).reach(word)
			b.s.Missed = 1
			b.s.Config.Pages = []string{"700"}
			b.s.Config.Lines = slices.Clone(b.s.Config.Lines)
			b.s.Config.Lines[0].Mailbox = "*97"
			if _, ok := in.(MailUnsure); ok {
				b.do(MailTold{Mail: Mail{Known: true}})
			}
			if _, ok := in.(PageSilent); ok {
				b.do(PageHeard{Group: 1})
			}
			if _, ok := in.(AnswerPairing); ok {
				b.s.PC.Stage = PairingCompare
			}
			b.s.Test.Running = in == SoundTested{Verdict: SoundWorks}
			if _, ok := in.(PCDo); ok {
				b.s.PCCall.Active = true
			}
			if _, ok := in.(PINRefused); ok {
				b.s.Lock.Kind = IdleLock
			}
			if _, ok := in.(Ask); !ok {
				b.s.Question = Question{Ref: 1, Kind: SignInQuestion}
			}
			if _, ok := in.(Register); ok {
				b.s.Lines[1].State = LineFailing
			}
			if word == "Dialing" {
				b.do(Digit{Digit: '3'})
			}
			return b.try(in) == nil && len(b.changes)+len(b.effects) > 0
		})
		if !taken {
			t.Errorf("%T does nothing anywhere", in)
		}
	}
}

func TestEveryNameIsThere(t *testing.T) {
	check := func(kind string, n int, name func(i int) string) {
		seen := map[string]bool{}
		for i := range n {
			if s := name(i); s == "" || s == "invalid" || seen[s] {
				t.Errorf("%s %d has the name %q", kind, i, s)
			} else {
				seen[s] = true
			}
		}
		if s := name(n); s != "invalid" {
			t.Errorf("%s %d is called %q", kind, n, s)
		}
	}
	check("state", int(callStateCount), func(i int) string { return CallState(i).String() })
	check("path", int(PathCount), func(i int) string { return Path(i).String() })
	check("cause", int(CauseCount), func(i int) string { return Cause(i).String() })
	check("line state", int(LineFailing)+1, func(i int) string { return LineState(i).String() })
	check("line fault", int(lineFaultCount), func(i int) string { return LineFault(i).String() })
	check("move", int(moveCount), func(i int) string { return Move(i).String() })
	check("part", int(whatCount), func(i int) string { return What(i).String() })
	check("lock", int(lockKindCount), func(i int) string { return LockKind(i).String() })
	check("locked dial", int(lockedDialCount), func(i int) string { return LockedDial(i).String() })
	check("refusal", int(RefusalCount)-1, func(i int) string { return Refusal(i + 1).Error() })
}
