package phone

import (
	"slices"
	"time"
)

// New gives the phone as it is when switched on: no calls, all lines off.
func New(c Config) State {
	s := State{RingVolume: 10, PageVolume: c.PageVolume, Path: c.HandsFree, Config: c, Lines: lines(c), Watched: watched(c), Appearances: appearances(c), Ruled: c.Rules.Given()}
	for p := range s.Volume {
		s.Volume[p] = 10
	}
	return s
}

func lines(c Config) []Line {
	out := make([]Line, len(c.Lines))
	for i, l := range c.Lines {
		out[i] = Line{ID: LineID(i), AOR: l.AOR, Label: l.Label, Display: l.Display}
	}
	return out
}

// Step decides. It takes the state, the time, who asks and what, and gives the next state, what
// changed and what adapters must do. An error is a Refusal; then s comes back untouched. Times are
// kept for people to see and never compared, but for working hours: a clock that is set decides nothing else.
func Step(s State, now time.Time, by Origin, in Input) (State, []Change, []Effect, error) {
	before, shown, appeared := s.sound(), s.Published(), s.appeared()
	t := &step{State: s, now: now, by: by}
	t.Calls, t.Lines = append(make([]Call, 0, MaxCalls+5), s.Calls...), slices.Clone(s.Lines) // room: begin must not move them
	var err error
	switch in := in.(type) {
	case Command:
		err = t.command(in)
	case Event:
		t.event(in)
	}
	if err != nil {
		return s, nil, nil, err
	}
	t.meetRules()
	t.meetBarges()
	t.comeBack()
	t.meetPages()
	t.hush()
	t.Calls = slices.DeleteFunc(t.Calls, func(c Call) bool { return c.State == Ended })
	t.appear()
	t.meetPC()
	t.breakTest()
	if t.Muted && !t.spoken() {
		t.Muted = false
		t.changed(MuteChanged)
	}
	if after := t.sound(); after != before {
		t.do(SetSound{Sound: after})
	}
	if now := t.Published(); now != shown {
		t.do(SendPresence{Published: now})
	}
	if now := t.appeared(); !slices.Equal(now, appeared) {
		t.do(SendAppearances{Calls: now})
	}
	return t.State, t.changes, t.effects, nil
}

// step is a Step in progress: the state being changed, and what has come of it so far.
type step struct {
	State
	now     time.Time
	by      Origin
	changes []Change
	effects []Effect
	back    CallID // to be taken up again if nothing else has the foreground in the end
}

func (t *step) do(e Effect) { t.effects = append(t.effects, e) }

func (t *step) note(c Change) {
	t.Seq++
	c.Seq, c.By = t.Seq, t.by
	t.changes = append(t.changes, c)
}

func (t *step) changed(w What) { t.note(Change{What: w}) }

// touched notes that something of a call other than its state changed.
func (t *step) touched(c *Call) {
	t.note(Change{What: CallChanged, Call: c.ID, From: c.State, To: c.State})
}

// enter is the only place where a call changes its state. The rule that one call or one conference
// at most has the foreground stands here and nowhere else.
func (t *step) enter(c *Call, to CallState, cause Cause) {
	if !slices.Contains(edges[c.State], to) {
		panic("phone: illegal edge " + c.State.String() + " -> " + to.String())
	}
	if to.foreground() && !c.Shadow {
		t.yield(c)
	}
	from := c.State
	t.unawait(c)
	t.unannounce(c)
	c.State, c.Since, c.Cause, c.MoveFailed, c.Private = to, t.now, cause, NoCause, false
	if (to == Talking || to == Answering || to == Held) && c.Answered.IsZero() {
		c.Answered = t.now
	}
	t.note(Change{What: CallChanged, Call: c.ID, From: from, To: to, Cause: cause})
	c.Entered = t.Seq
	t.timers(c, from)
	if from == Ringing {
		c.RingFor, c.Then, c.Quiet = 0, "", false
		t.unbeside(c)
	}
	if to == Ended {
		t.log(c)
		t.unrecord(c)
		t.unlink(c)
	}
}

// yield takes the foreground from every call but one and its conference: a conversation is held, an
// attempt is given up.
func (t *step) yield(to *Call) {
	for i := range t.Calls {
		c := &t.Calls[i]
		if c.ID == to.ID || !c.front() || c.Conf != 0 && c.Conf == to.Conf {
			continue
		}
		if c.Page == 0 && (c.State == Talking || c.State == Answering) {
			t.enter(c, Held, NoCause)
			t.do(SendHold{Call: c.ID, On: true})
		} else {
			t.end(c, LocalHangup)
		}
	}
}

// end ends a call from our side with what its state asks for.
func (t *step) end(c *Call, cause Cause) {
	if c.Page != 0 && c.State != Failed {
		t.endPage(c, cause)
		return
	}
	switch c.State {
	case Calling, Ringback:
		t.do(SendCancel{Call: c.ID})
	case Ringing:
		t.do(SendReject{Call: c.ID, Cause: cause})
	case Answering, Talking, Held:
		t.do(SendBye{Call: c.ID})
	case Failed:
		cause = c.Cause
	}
	t.enter(c, Ended, cause)
}

// timerOf is the timer that runs in a state; the others have none.
var timerOf = [callStateCount]TimerKind{
	Dialing: InterDigit, Calling: CallTime, Ringback: CallTime, Ringing: RingTime, Answering: ConfirmTime, Failed: FailedTime,
}

// timers stops the timer of the state a call leaves and starts that of the state it enters.
func (t *step) timers(c *Call, from CallState) {
	was, is := timerOf[from], timerOf[c.State]
	if was == is {
		return
	}
	if was != NoTimer {
		t.do(StopTimer{ID: TimerID{was, c.ID}})
	}
	after := [timerKindCount]time.Duration{CallTime: t.Config.CallTime, RingTime: t.Config.RingTime, ConfirmTime: confirmTime, FailedTime: failedTime}
	if is == RingTime && c.RingFor > 0 {
		after[is] = c.RingFor
	}
	if after[is] > 0 {
		t.do(StartTimer{ID: TimerID{is, c.ID}, After: after[is]})
	}
}

const (
	confirmTime = 32 * time.Second // RFC 3261 §13.3.1.4: 64*T1
	failedTime  = 8 * time.Second  // how long a failed call stays on the screen
	earlyTime   = 300 * time.Millisecond
)

// begin makes a call in a first state.
func (t *step) begin(c Call, st CallState) *Call {
	t.nextCall++
	c.ID, c.Began = t.nextCall, t.now
	t.Calls = append(t.Calls, c)
	p := &t.Calls[len(t.Calls)-1]
	t.enter(p, st, NoCause)
	return p
}

// takePath chooses the way of the voice when the user takes a call: the handset if it is lifted.
func (t *step) takePath() {
	switch {
	case t.OffHook:
		t.setPath(Handset)
	case t.Path == Handset:
		t.setPath(t.HandsFree())
	}
}

// HandsFree is the path of a call that begins with the handset down: a headset that is known to be plugged in, else as it is
// configured.
func (s *State) HandsFree() Path {
	if s.Jack {
		return Headset
	}
	return s.Config.HandsFree
}

func (t *step) setPath(p Path) {
	if t.Path != p {
		t.Path = p
		t.changed(PathChanged)
	}
}
