package phone

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// oneLine is a phone with lines 100 and 200 of which the first is registered, and a map of
// three-digit numbers.
func oneLine(t testing.TB) *bench {
	c := DefaultConfig()
	c.Lines = []LineConfig{{AOR: "sip:100@pbx.example", Label: "100", Factory: "sip:conf@pbx.example"}, {AOR: "sip:200@pbx.example", Label: "200"}}
	c.DigitMap = "2xx|3xx.T"
	b := &bench{t: t, s: New(c), now: noon}
	b.do(LineChanged{Line: 0, State: LineRegistered})
	return b
}

// bench drives Step and keeps what came of the last input.
type bench struct {
	t       testing.TB
	s       State
	now     time.Time
	changes []Change
	effects []Effect
}

// try gives an input and returns the refusal.
func (b *bench) try(in Input) error {
	b.now = b.now.Add(time.Second)
	var err error
	b.s, b.changes, b.effects, err = Step(b.s, b.now, "test", in)
	return err
}

// do gives inputs that must not be refused.
func (b *bench) do(inputs ...Input) {
	b.t.Helper()
	for _, in := range inputs {
		if err := b.try(in); err != nil {
			b.t.Fatalf("%T%+v: %v", in, in, err)
		}
	}
}

var anna = Peer{Name: "Anna", Number: "201", URI: "sip:201@pbx.example"}

// ways are the inputs that bring call id into a state, as it happens in life.
func ways(id CallID) map[string][]Input {
	dial := Dial{Number: "200"}
	in := Invited{Ref: Ref(100 + id), Remote: anna}
	return map[string][]Input{
		"Dialing":   {Dial{}},
		"Calling":   {dial},
		"Ringback":  {dial, Progressed{Call: id}},
		"Early":     {dial, Progressed{Call: id, Early: true}},
		"Ringing":   {in},
		"Answering": {in, Answer{Call: id}},
		"Talking":   {in, Answer{Call: id}, Confirmed{Call: id}},
		"Held":      {in, Answer{Call: id}, Confirmed{Call: id}, Hold{Call: id}},
		"Failed":    {dial, CallFailed{Call: id, Cause: UserBusy}},
	}
}

// reach brings calls 1, 2 ... into the states that words name, in this order.
func (b *bench) reach(words string) *bench {
	b.t.Helper()
	for i, word := range strings.Fields(words) {
		way, ok := ways(CallID(i + 1))[word]
		if !ok {
			b.t.Fatalf("no way to %s", word)
		}
		b.do(way...)
	}
	if word := strings.ReplaceAll(words, "Early", "Ringback"); calls(b.s) != word {
		b.t.Fatalf("meant to reach %s, reached %s", words, calls(b.s))
	}
	return b
}

// calls writes the states of all calls.
func calls(s State) string {
	var out []string
	for _, c := range s.Calls {
		out = append(out, c.State.String())
	}
	return strings.Join(out, " ")
}

// moves writes the changes: "1 Ringing>Answering, path".
func moves(changes []Change) string {
	var out []string
	for _, c := range changes {
		switch {
		case c.What != CallChanged:
			out = append(out, c.What.String())
		case c.From == c.To:
			out = append(out, fmt.Sprintf("%d touched", c.Call))
		case c.Cause != NoCause:
			out = append(out, fmt.Sprintf("%d %v>%v: %v", c.Call, c.From, c.To, c.Cause))
		default:
			out = append(out, fmt.Sprintf("%d %v>%v", c.Call, c.From, c.To))
		}
	}
	return strings.Join(out, ", ")
}

// orders writes the effects, one short phrase each.
func orders(effects []Effect) string {
	out := make([]string, len(effects))
	for i, e := range effects {
		out[i] = order(e)
	}
	return strings.Join(out, ", ")
}

var timerNames = [timerKindCount]string{"none", "inter-digit", "ring", "call", "confirm", "failed", "question", "move", "help", "auto", "early"}

func order(e Effect) string {
	switch e := e.(type) {
	case SendInvite:
		return fmt.Sprintf("invite %d to %s on %d", e.Call, e.Target, e.Line)
	case SendRinging:
		return fmt.Sprintf("ringing %d", e.Call)
	case RefuseInvite:
		if e.Target != "" {
			return fmt.Sprintf("refuse %d to %s (%d)", e.Ref, e.Target, e.Why)
		}
		return fmt.Sprintf("refuse %d: %v", e.Ref, e.Cause)
	case SendAccept:
		return fmt.Sprintf("accept %d", e.Call)
	case SendReject:
		return fmt.Sprintf("reject %d: %v", e.Call, e.Cause)
	case SendPage:
		return fmt.Sprintf("page %d to %d", e.Call, e.Group)
	case HearPage:
		return fmt.Sprintf("hear %d of %d", e.Call, e.Group)
	case EndPage:
		return fmt.Sprintf("end page %d", e.Call)
	case SendDeflect:
		if e.Why == WhyDeclined {
			return fmt.Sprintf("deflect %d to %s: declined", e.Call, e.Target)
		}
		return fmt.Sprintf("deflect %d to %s", e.Call, e.Target)
	case SendCancel:
		return fmt.Sprintf("cancel %d", e.Call)
	case SendBye:
		return fmt.Sprintf("bye %d", e.Call)
	case SendHold:
		return fmt.Sprintf("hold %d %v", e.Call, e.On)
	case SendRefer:
		if e.Bye {
			return fmt.Sprintf("refer %d to end %s", e.Call, e.Target)
		}
		if e.Replaces != 0 {
			return fmt.Sprintf("refer %d to %d", e.Call, e.Replaces)
		}
		return fmt.Sprintf("refer %d to %s", e.Call, e.Target)
	case SendMute:
		return fmt.Sprintf("mute %d %s %v", e.Call, e.Member, e.On)
	case SendBridge:
		return fmt.Sprintf("bridge %d %d", e.Call, e.With)
	case RefuseRefer:
		return fmt.Sprintf("refuse refer %d", e.Ref)
	case PlayDTMF:
		return fmt.Sprintf("dtmf %d %c", e.Call, e.Digit)
	case StartTimer:
		return fmt.Sprintf("start %s %d %v", timerNames[e.ID.Kind], e.ID.Call, e.After)
	case StopTimer:
		return fmt.Sprintf("stop %s %d", timerNames[e.ID.Kind], e.ID.Call)
	case LogCall:
		if e.Record.Missed() {
			return fmt.Sprintf("log %d missed", e.Record.Call)
		}
		return fmt.Sprintf("log %d", e.Record.Call)
	case SetSound:
		return "sound" + heard(e.Sound)
	}
	return fmt.Sprintf("%T", e)
}

var toneNames = []string{"", " dial tone", " ringback tone", " busy tone", " congestion tone", " waiting tone"}

func heard(s Sound) string {
	out := ""
	for i, v := range s.Voices {
		if v != 0 && i == 0 {
			out += " voice"
		}
		if v != 0 {
			out += fmt.Sprintf(" %d", v)
		}
	}
	out += toneNames[s.Tone]
	if s.Ring {
		out += " ring"
	}
	if s.Muted {
		out += " muted"
	}
	if s.Playing {
		out += " playing"
	}
	if s.Recorded {
		out += " recorded"
	}
	return out + " " + s.Path.String()
}
