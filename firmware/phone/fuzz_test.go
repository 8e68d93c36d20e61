package phone

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// tape turns bytes into inputs: any sequence of commands and facts, sensible or not.
type tape struct {
	bytes []byte
	lines []LineConfig // of a phone whose lines have not been taken away
	of    []Input      // what comes
}

func (p *tape) next(n int) int {
	if len(p.bytes) == 0 {
		return 0
	}
	b := p.bytes[0]
	p.bytes = p.bytes[1:]
	return int(b) % n
}

// call names one of the calls there are, most of the time.
func (p *tape) call(s State) CallID {
	if i := p.next(len(s.Calls) + 2); i < len(s.Calls) {
		return s.Calls[i].ID
	}
	return CallID(p.next(12))
}

// begins and goesOn come more often than the rest, so that calls stand before they end.
var (
	begins = []Input{Invited{}, Answer{}, Confirmed{}, Accepted{}, Able{}, Dial{}}
	goesOn = []Input{AddMember{}, RosterChanged{}, FocusChanged{}, RecordCall{}, Transfer{}, Consult{}, CompleteTransfer{}, MoveTo{}, Join{}, Split{}, Referred{}, MoveRefused{}, Moved{}}
)

// all is a life in which anything comes, meets one in which conferences at a server come and go.
var (
	all   = slices.Concat(Inputs(), slices.Repeat(begins, 4), slices.Repeat(goesOn, 2))
	meets = slices.Concat(slices.Repeat([]Input{Accepted{}, Able{}}, 8), slices.Repeat([]Input{Invited{}, Answer{}, Confirmed{}, Join{}, Moved{}, MoveRefused{}}, 3), []Input{
		Dial{}, CallFailed{}, MoveProgressed{}, Byed{}, Hangup{}, Hold{}, Resume{}, Swap{}, TimerFired{}, ResumeRefused{}, AddMember{}, DropMember{}, MuteMember{}, RosterChanged{}, FocusChanged{}, Split{},
		Transfer{}, CompleteTransfer{}, MoveTo{}, Referred{}, RecordCall{}})
)

// rules are some of the rules there may be.
func (p *tape) rules() Rules {
	n := p.next(256)
	at := func(i int) bool { return n>>i&1 == 1 }
	return Rules{RingFor: time.Second, Voicemail: []string{"", "299"}[n&1], DND: n%16 == 1, Always: Forward{On: n%8 == 2, To: "301"}, NoAnswer: Forward{On: at(2), To: "302"},
		Simultaneous: at(3), RingWith: []string{"303"}, TeamRing: at(4), Team: []string{"304", "305"}, SkipPrimary: at(5)}
}

// input fills one of the inputs.
func (p *tape) input(s State) Input {
	c := s.Config
	in := reflect.New(reflect.TypeOf(p.of[p.next(len(p.of))])).Elem()
	for i := range in.NumField() {
		f := in.Field(i)
		if !f.CanSet() {
			continue
		}
		switch f.Interface().(type) {
		case CallID:
			f.SetUint(uint64(p.call(s)))
		case TimerID:
			f.Set(reflect.ValueOf(TimerID{TimerKind(p.next(int(timerKindCount))), p.call(s)}))
		case Config:
			c.CallWaiting, c.Recording, c.Intercom = p.next(2) == 0, p.next(8) > 0, []string{anna.Number}
			c.Pages, c.PagesOver = []string{"200", "700"}[p.next(2):], p.next(3)
			c.Hotline, c.HotlineWait = []string{"", "200"}[p.next(2)], time.Duration(p.next(2))*time.Second
			c.Rules = p.rules()
			c.Watch, c.Publish, c.AwayAfter = []WatchConfig{{Number: "200"}, {Number: "700", Place: true}}[p.next(2):], p.next(2) == 0, time.Minute
			c.Pickup, c.GroupPickup = []string{"", "**"}[p.next(2)], []string{"", "*8"}[p.next(2)]
			c.Lines = p.lines[:len(p.lines)-p.next(16)/14] // seldom fewer: a phone without lines lives a dull life
			f.Set(reflect.ValueOf(c))
		case [MaxConf]CallID:
			var ids [MaxConf]CallID
			for i := range ids[:1+p.next(MaxConf)] {
				ids[i] = p.call(s)
			}
			f.Set(reflect.ValueOf(ids))
		case Dialog:
			f.Set(reflect.ValueOf([]Dialog{{}, {"a", "b", "c"}}[p.next(2)]))
		case LineState:
			f.SetUint(uint64([]LineState{LineOff, LineFailing, LineRegistered, LineRegistered, LineRegistered, 9}[p.next(6)]))
		case LineID:
			f.SetUint(uint64([]LineID{0, 0, 0, 1, 9}[p.next(5)]))
		case []Member:
			f.Set(reflect.ValueOf([]Member{{ID: "200", URI: "sip:200@pbx.example"}, {ID: "", Self: true}}[:p.next(3)]))
		case Mail:
			f.Set(reflect.ValueOf(Mail{Known: true, Waiting: p.next(2) == 0, New: uint32(p.next(3)), Account: []string{"", "sip:vm@pbx.example", "*"}[p.next(3)]}))
		case Peer:
			f.Set(reflect.ValueOf(anna))
		case []Other:
			a := Appearance{Number: uint8(p.next(MaxAppearances + 2)), State: AppearanceState(p.next(int(appearanceStateCount) + 1)), Exclusive: p.next(4) == 0, Caller: anna, Dialog: Dialog{"a", "b", "c"}}
			f.Set(reflect.ValueOf([]Other{{Appearance: a, Ours: p.call(s), First: p.next(2) == 0}}[:p.next(2)]))
		case rune:
			f.SetInt(int64("0123456789*#+AE"[p.next(15)]))
		case string:
			f.SetString([]string{"", "200", "+49 30 1234", "112", "@"}[p.next(5)])
		case bool:
			f.SetBool(p.next(2) == 0)
		case time.Time:
		case time.Duration:
			f.SetInt(int64(p.next(3)-1) * int64(time.Hour))
		default:
			switch f.Kind() {
			case reflect.Uint8, reflect.Uint64:
				f.SetUint(uint64(p.next(17)))
			case reflect.Int:
				f.SetInt(int64(p.next(9) - 4))
			}
		}
	}
	if a, ok := in.Interface().(Able); ok && p.next(8) > 0 { // few are a conference, but those that were called for one
		if c := s.Call(a.Call); c == nil || !c.Shadow {
			a.Focus = ""
		}
		return a
	}
	if i, ok := in.Interface().(Invited); ok && p.next(4) > 0 { // few want to join a call
		i.Joins = 0
		return i
	}
	return in.Interface().(Input)
}

// world is what adapters know: it follows the effects and finds contradictions in them.
type world struct {
	t      testing.TB
	timers map[TimerID]bool
	calls  map[CallID]string // what the far side was told last
	sound  Sound
	tape   bool // a recording goes on
}

// told are the orders about a call that may follow each other; "" is a call never spoken of.
var told = map[string]string{
	"": "invite ringing page", "page": "unpage", "invite": "cancel", "ringing": "accept reject", "accept": "hold bye refer bridge", "hold": "hold bye refer bridge",
	"answered": "hold bye refer bridge", "refer": "hold bye refer bridge", "bridge": "hold bye",
}

func (w *world) tell(id CallID, what string) {
	w.t.Helper()
	if !slices.Contains(strings.Fields(told[w.calls[id]]), what) {
		w.t.Fatalf("call %d: %q after %q", id, what, w.calls[id])
	}
	w.calls[id] = what
}

func (w *world) take(e Effect) {
	switch e := e.(type) {
	case SendInvite:
		w.tell(e.Call, "invite")
	case SendRinging:
		w.tell(e.Call, "ringing")
	case SendAccept:
		w.tell(e.Call, "accept")
	case SendReject:
		w.tell(e.Call, "reject")
	case SendPage:
		w.tell(e.Call, "page")
	case HearPage:
		w.tell(e.Call, "page")
	case EndPage:
		w.tell(e.Call, "unpage")
	case SendDeflect:
		w.tell(e.Call, "reject")
	case SendCancel:
		w.tell(e.Call, "cancel")
	case SendBye:
		w.tell(e.Call, "bye")
	case SendHold:
		w.tell(e.Call, "hold")
	case SendRefer:
		w.tell(e.Call, "refer")
	case SendMute:
		w.tell(e.Call, "mute")
	case SendBridge:
		w.tell(e.Call, "bridge")
		w.tell(e.With, "bridge")
	case SetSound:
		if w.sound == e.Sound {
			w.t.Fatal("the same sound was ordered twice")
		}
		w.sound = e.Sound
	case StartRecording, StopRecording:
		if _, on := e.(StartRecording); on == w.tape {
			w.t.Fatalf("%T, and a recording goes on: %v", e, w.tape)
		}
		w.tape = !w.tape
	case StartTimer:
		if e.After <= 0 {
			w.t.Fatalf("timer %+v without a time", e)
		}
		w.timers[e.ID] = true
	case StopTimer:
		delete(w.timers, e.ID)
	}
}

// check holds the invariants of every state.
func (w *world) check(s State) {
	front := map[any]bool{} // conferences, and calls by themselves
	for i, c := range s.Calls {
		if c.front() {
			front[who(c)] = true
		}
		w.checkMove(s, c)
		w.checkFocus(s, c)
		if c.State == None || c.State >= Ended || i > 0 && c.ID <= s.Calls[i-1].ID || s.Line(c.Line) == nil || c.Entered > s.Seq {
			w.t.Fatalf("impossible call %+v", c)
		}
		if k := timerOf[c.State]; k != NoTimer && k != InterDigit && !w.timers[TimerID{k, c.ID}] {
			w.t.Fatalf("no timer for call %d in %v", c.ID, c.State)
		}
		if c.awaited() && !w.timers[TimerID{EarlyTime, c.ID}] {
			w.t.Fatalf("sound of call %d is awaited for ever", c.ID)
		}
	}
	if s.Playing.ID != "" && (len(s.Calls) > 0 || s.Lock.Kind != Unlocked || w.sound.PC || w.sound.Ring) {
		w.t.Fatalf("%+v is played beside %+v", s.Playing, w.sound)
	}
	if len(front) > 1 || len(s.Calls) > MaxCalls+1 || len(s.Calls) > MaxCalls && !slices.ContainsFunc(s.Calls, func(c Call) bool { return c.State == Dialing || c.Page != 0 }) {
		w.t.Fatalf("%d calls, in the foreground %v", len(s.Calls), front)
	}
	if w.sound.PC && s.Foreground() != nil || s.PCCall.Held && !s.PCCall.Active {
		w.t.Fatalf("the PC %+v and call %+v have the ear", s.PCCall, s.Foreground())
	}
	if asked := s.Question.Kind != NoQuestion; asked != w.timers[TimerID{Kind: QuestionTime}] {
		w.t.Fatalf("question %+v, and its timer runs: %v", s.Question, !asked)
	}
	for _, c := range s.Calls {
		if c.Page != 0 && (c.State == Held || c.Conf != 0 || c.Move != NoMove || c.State == Talking && c.Dir == Incoming && s.Air&^s.Shut&airOf(c.Page) == 0) {
			w.t.Fatalf("page %+v of %b without %b", c, s.Air, s.Shut)
		}
	}
	recorded := s.Call(s.Recording.Call)
	if (recorded != nil) != w.tape || s.Recording.Call != 0 && (recorded == nil || !recorded.State.stands()) || w.sound.Recorded && !w.tape {
		w.t.Fatalf("recording %+v of %+v, and the adapter records: %v", s.Recording, recorded, w.tape)
	}
	for id := range w.timers {
		if id.Kind == QuestionTime || id == (TimerID{Kind: CallbackTime}) && s.AwaitsHelp || id == (TimerID{Kind: AwayTime}) && s.Leaving || id == (TimerID{Kind: AvailableTime}) && s.Availability != PresenceUnknown {
			continue
		}
		if c := s.Call(id.Call); c == nil || timerOf[c.State] != id.Kind && !(id.Kind == MoveTime && c.Referred) &&
			!(id.Kind == EarlyTime && c.awaited()) && !(id.Kind == AutoTime && c.Auto && c.State == Ringing) {
			w.t.Fatalf("timer %+v runs for nobody", id)
		}
	}
	if w.sound != s.sound() {
		w.t.Fatalf("heard %+v, meant %+v", w.sound, s.sound())
	}
}

// who is what has the foreground: a conference, or a call by itself.
func who(c Call) any {
	if c.Conf != 0 {
		return c.Conf
	}
	return c.ID
}

// checkMove holds what is true of conferences and of calls on their way to another phone.
func (w *world) checkMove(s State, c Call) {
	if conf := s.Conference(c.Conf); c.Conf != 0 {
		if len(conf) < 2 || len(conf) > MaxConf || c.Shadow {
			w.t.Fatalf("call %d is in a conference of %d", c.ID, len(conf))
		}
		for _, m := range conf {
			if c.front() != m.front() {
				w.t.Fatalf("conference of %v and %v", c.State, m.State)
			}
		}
	}
	if of := s.Call(c.Joins); c.Joins != 0 && c.State == Ringing && (of == nil || of.State != Talking) {
		w.t.Fatalf("%+v wants to join %+v", c, of)
	}
	p := s.Call(c.With)
	switch {
	case c.With != 0 && (p == nil || p.With != c.ID || p.Move != c.Move || c.Move == NoMove || c.Shadow && p.Shadow):
		w.t.Fatalf("%+v moves with %+v", c, p)
	case c.Move == Escalating && !c.Shadow && (s.Call(c.Into) == nil || c.Referred && c.Way != ByParty || (c.With != 0) != (c.Way == ByBridge)):
		w.t.Fatalf("%+v is moved into a conference", c)
	case c.Move == Escalating && c.Shadow && c.With == 0:
		w.checkOpening(s, c)
	case c.Move != NoMove && c.With == 0 && !c.Referred && c.Move != Escalating:
		w.t.Fatalf("%+v moves by itself", c)
	case c.Beside != 0 && (!c.Shadow || c.Move != NoMove || s.Call(c.Beside) == nil || s.Call(c.Beside).State != Ringing):
		w.t.Fatalf("%+v rings beside %+v", c, s.Call(c.Beside))
	case c.Shadow && c.Beside == 0 && (c.Move == NoMove || c.With == 0 && !c.Referred || c.State == Held || c.State == Failed):
		w.t.Fatalf("shadow %+v", c)
	case c.Referred && (!w.timers[TimerID{MoveTime, c.ID}] || !c.State.stands() || p != nil && p.Referred || c.Move == Bridged):
		w.t.Fatalf("referred %+v", c)
	case (c.Move == Transferring || c.Move == Bridged) && c.State != Held && !c.Shadow:
		w.t.Fatalf("%v in %v", c.Move, c.State)
	}
}

// checkOpening holds what is true of a call to a conference factory: somebody waits for it.
func (w *world) checkOpening(s State, c Call) {
	if len(s.Into(c.ID)) == 0 || c.State != Calling && c.State != Ringback {
		w.t.Fatalf("%+v is called for nobody", c)
	}
}

// checkFocus holds that a conference at a server which can be asked has been asked for those who wait.
func (w *world) checkFocus(s State, f Call) {
	under := 0
	for _, c := range s.Into(f.ID) {
		if c.Way != NoWay {
			under++
		}
	}
	if waiting := len(s.Into(f.ID)); under > 1 || waiting > 0 && !f.Shadow && under == 0 && !f.Referred {
		w.t.Fatalf("%d of %d are moved into %+v", under, waiting, f)
	}
}

func FuzzStep(f *testing.F) {
	f.Add([]byte("a call begins and ends and another one rings in between"))
	f.Add([]byte{0, 0, 1, 4, 1, 7, 1, 23, 0, 0, 26, 1, 23, 0, 0, 4, 2, 26, 2, 10})
	f.Fuzz(func(t *testing.T, b []byte) { live(t, b, all) })
}

// many long lives, the same ones in every run: the fuzzer's are short.
func TestLives(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 1500)
	lives := 40
	if testing.Short() {
		lives = 8
	}
	for range lives {
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		live(t, b, all)
		live(t, b, meets)
	}
}

// live runs a life through Step and holds the invariants after each input.
func live(t testing.TB, b []byte, of []Input) {
	c := oneLine(t).s.Config
	c.Lines = slices.Clone(c.Lines)
	c.Lines[0].Appearances, c.Lines[0].BargeIn = MaxAppearances, BargeIn(len(b)%int(bargeInCount))
	s, _, _, _ := Step(New(c), noon, "fuzz", LineChanged{State: LineRegistered})
	w := &world{t: t, timers: map[TimerID]bool{}, calls: map[CallID]string{}, sound: s.sound()}
	now := noon
	for p := (&tape{b, s.Config.Lines, of}); len(p.bytes) > 0; {
		in := p.input(s)
		now = now.Add(time.Duration(p.next(9)-4) * time.Second)
		if fired, ok := in.(TimerFired); ok {
			delete(w.timers, fired.ID)
		}
		if failed, ok := in.(RecordingFailed); ok && failed.No != 0 && failed.No == s.Recording.No && (failed.Fault == RecordingsFull || failed.Fault == RecordingBroken) {
			w.tape = false
		}
		if accepted, ok := in.(Accepted); ok && w.calls[accepted.Call] == "invite" && s.Call(accepted.Call) != nil {
			w.calls[accepted.Call] = "answered"
		}
		before := encoded(t, s)
		after, changes, effects, err := Step(s, now, "fuzz", in)
		if encoded(t, s) != before {
			t.Fatalf("%T%+v wrote into the state it was given", in, in)
		}
		if after.Seq != s.Seq+Seq(len(changes)) {
			t.Fatalf("%T: %d changes took Seq from %d to %d", in, len(changes), s.Seq, after.Seq)
		}
		if len(changes) == 0 && encoded(t, after) != before {
			t.Fatalf("%T%+v changed the state and told nobody", in, in)
		}
		if _, refused := err.(Refusal); err != nil && !refused || err != nil && len(effects) > 0 {
			t.Fatalf("%T: error %v, effects %v", in, err, effects)
		}
		for _, e := range effects {
			w.take(e)
		}
		w.check(after)
		s = after
	}
}

func encoded(t testing.TB, s State) string {
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// a state that was written and read back goes on as the first would.
func TestTheStateSurvivesItsRecord(t *testing.T) {
	b := oneLine(t).reach("Held Ringing Talking")
	var back State
	if err := json.Unmarshal([]byte(encoded(t, b.s)), &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(b.s, back) {
		t.Errorf("wrote %+v\nread  %+v", b.s, back)
	}
	next, _, _, err := Step(back, noon, "test", Dial{Number: "200"})
	if err != nil || next.Calls[3].ID != 4 {
		t.Errorf("the next call is %d, %v", next.Calls[3].ID, err)
	}
	for _, bad := range []string{`[]`, `{"Path":3}`, `{"Selected":1,"Lines":[{}]}`, `{"Calls":[{"ID":1,"State":6}]}`, `{"Lines":[{}],"NextCall":9,"Calls":[{"ID":1,"State":9}]}`} {
		if json.Unmarshal([]byte(bad), &back) == nil {
			t.Errorf("%s is taken for a state", bad)
		}
	}
}
