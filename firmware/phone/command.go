package phone

import (
	"slices"
	"strings"
)

// command carries out a command or refuses it; after a refusal Step throws t away.
func (t *step) command(in Command) error {
	switch in := in.(type) {
	case Dial:
		return t.dial(in)
	case Digit:
		return t.digit(in.Digit)
	case EraseDigit:
		return t.eraseDigit()
	case DialNow:
		return t.dialNow()
	case WithholdNumber:
		return t.withhold(in.On)
	case Answer:
		return t.withCall(in.Call, t.answer, Ringing)
	case Reject:
		return t.withCall(in.Call, func(c *Call) error { t.end(c, Rejected); return nil }, Ringing)
	case Deflect:
		return t.withCall(in.Call, func(c *Call) error { return t.deflect(c, in.Target) }, Ringing)
	case ToMailbox:
		return t.withCall(in.Call, t.toMailbox, Ringing)
	case CallMailbox:
		return t.callMailbox(in.Line)
	case Silence:
		return t.silence()
	case Hangup:
		return t.withCall(in.Call, func(c *Call) error { t.hangup(c); return nil })
	case Hold:
		return t.withCall(in.Call, func(c *Call) error { return t.hold(c, in.Private) }, Talking)
	case Resume:
		return t.withCall(in.Call, t.takeBack, Held)
	case Swap:
		return t.swap()
	case SendDTMF:
		return t.dtmf(in)
	default:
		return t.setting(in)
	}
}

// setting carries out the commands that are about the phone and not about one call.
func (t *step) setting(in Command) error {
	switch in := in.(type) {
	case Mute:
		return t.mute(in.On)
	case SetPath:
		if in.Path >= PathCount {
			return WrongValue
		}
		t.setPath(in.Path)
	case PressPath:
		return t.pressPath(in.Path)
	case StepVolume:
		t.stepVolume(in.Steps)
	case SetVolume:
		if in.Path >= PathCount || in.Level > VolumeMax {
			return WrongValue
		}
		t.setLevel(&t.Volume[in.Path], int(in.Level))
	case SetRingVolume:
		if in.Level > VolumeMax {
			return WrongValue
		}
		t.setLevel(&t.RingVolume, int(in.Level))
	case SelectLine:
		if t.Line(in.Line) == nil {
			return NoSuchLine
		}
		t.Selected = in.Line
		t.changed(SelectedChanged)
	case Register:
		return t.register(in.Line)
	case SeeMissed:
		if t.Unseen != (Unseen{}) {
			t.Unseen = Unseen{}
			t.changed(MissedChanged)
		}
	case Configure:
		return t.configure(in.Config)
	case AnswerPairing:
		return t.answerPairing(in)
	case PCDo:
		return t.pcDo(in.Act)
	case SetLock:
		return t.setLock(in.Kind)
	case TestSound:
		return t.testSound()
	case RecordCall:
		return t.record(in)
	case PlayRecording:
		return t.play(in.ID)
	case StopPlaying:
		return t.stopPlaying()
	case PausePlaying:
		return t.pausePlaying(in.On)
	case SeekPlaying:
		return t.seekPlaying(in.To)
	case TakeAppearance:
		return t.takeAppearance(in)
	case JoinAppearance:
		return t.joinAppearance(in)
	case PickUp:
		return t.pickUp(in.Number)
	case SetAvailability:
		return t.setAvailability(in)
	case Ask:
		return t.ask(in)
	case AnswerQuestion:
		return t.answerQuestion(in)
	default:
		return t.moving(in)
	}
	return nil
}

// withCall does something to a call that must be in one of the states (none: any).
func (t *step) withCall(id CallID, do func(*Call) error, states ...CallState) error {
	c := t.Call(id)
	if c == nil {
		return NoSuchCall
	}
	if len(states) > 0 && !slices.Contains(states, c.State) {
		return WrongState
	}
	return do(c)
}

func (t *step) dial(in Dial) error {
	if t.Line(in.Line) == nil {
		return NoSuchLine
	}
	if in.Number == "" {
		if f := t.Foreground(); f != nil && f.State == Dialing {
			return WrongState
		}
		t.takePath()
		t.begin(Call{Line: in.Line, Withheld: in.Withheld}, Dialing)
		return nil
	}
	n, line, err := t.callable(in.Number, in.Line)
	if err != nil {
		return err
	}
	t.takePath()
	t.invite(t.begin(Call{Line: line, Remote: t.peer(n), Conversation: in.Conversation, Withheld: in.Withheld}, Calling), n)
	return nil
}

// dialable understands a number and finds the line to call it on: the wanted one, or for an
// emergency any that works, or failing that the wanted one all the same.
func (t *step) dialable(number string, line LineID) (Number, LineID, error) {
	n, err := t.Config.Number(number)
	if err != nil {
		return n, line, err
	}
	if !t.mayDial(n) {
		return n, line, Locked
	}
	if t.Lines[line].State == LineRegistered || n.Rule == PageRule || n.Rule != EmergencyRule && t.Config.bypasses(n) {
		return n, line, nil
	}
	if n.Rule != EmergencyRule {
		return n, line, LineDown
	}
	for _, l := range t.Lines {
		if l.State == LineRegistered {
			return n, l.ID, nil
		}
	}
	return n, line, nil
}

// callable is dialable for a call of its own, for which there must be room; a call for help makes it.
func (t *step) callable(number string, line LineID) (Number, LineID, error) {
	n, line, err := t.dialable(number, line)
	if err == nil && n.Rule == EmergencyRule {
		t.makeRoom()
	}
	if err == nil && (t.Full() || n.Rule != EmergencyRule && n.Rule != PageRule && t.crowded(line)) {
		err = TooMany
	}
	return n, line, err
}

// makeRoom gives up what a call for help can do without most: who rings, or else who has been held longest.
func (t *step) makeRoom() {
	if !t.Full() {
		return
	}
	var least *Call
	for i := range t.Calls {
		c := &t.Calls[i]
		switch {
		case c.State != Ringing && c.State != Held:
		case least == nil, c.State == Ringing && least.State == Held, c.State == least.State && c.Entered < least.Entered:
			least = c
		}
	}
	if least != nil {
		t.hangup(least)
	}
}

func (t *step) peer(n Number) Peer {
	p := Peer{Number: n.Typed, URI: n.Target}
	if n.E164 != "" {
		p.Number = Group(n.E164)
	}
	return p
}

func (t *step) invite(c *Call, n Number) {
	if n.Rule == PageRule {
		c.Page = t.Config.page(n.Target)
		t.do(SendPage{Call: c.ID, Group: c.Page})
		return
	}
	t.send(c, SendInvite{Target: n.Target, Conversation: c.Conversation})
}

// send calls for a call, with or without our number as the user or the line wants it.
func (t *step) send(c *Call, e SendInvite) {
	n, _ := t.Config.Number(e.Target)
	if c.Withheld = t.withheld(c, n); n.Rule == EmergencyRule {
		t.awaitHelp()
	}
	e.Call, e.Line, e.Withheld = c.ID, c.Line, c.Withheld
	t.do(e)
}

func (t *step) digit(d rune) error {
	c := t.Foreground()
	if c == nil || c.State != Dialing {
		return WrongState
	}
	if d > 127 || strings.IndexByte(dialKeys, byte(d)) < 0 || len(c.Digits) >= maxNumber {
		return WrongValue
	}
	c.Digits += string(d)
	t.touched(c)
	t.do(StopTimer{ID: TimerID{InterDigit, c.ID}})
	switch max(t.Config.DigitMap.Match(c.Digits), t.Config.typed(c.Digits)) {
	case Complete:
		_ = t.dialNow() // a line that is down leaves the number standing; the key says why
	case Perhaps:
		t.do(StartTimer{ID: TimerID{InterDigit, c.ID}, After: t.Config.InterDigit})
	}
	return nil
}

func (t *step) eraseDigit() error {
	c := t.Foreground()
	if c == nil || c.State != Dialing || c.Digits == "" {
		return WrongState
	}
	c.Digits = c.Digits[:len(c.Digits)-1]
	t.touched(c)
	t.do(StopTimer{ID: TimerID{InterDigit, c.ID}})
	return nil
}

func (t *step) dialNow() error {
	c := t.Foreground()
	if c == nil || c.State != Dialing {
		return WrongState
	}
	n, line, err := t.callable(c.Digits, c.Line)
	if err != nil {
		return err
	}
	c.Line, c.Remote = line, t.peer(n)
	t.enter(c, Calling, NoCause)
	t.invite(c, n)
	return nil
}

func (t *step) answer(c *Call) error {
	if c.Joins != 0 {
		return t.letIn(c)
	}
	t.takePath()
	t.enter(c, Answering, NoCause)
	t.do(SendAccept{Call: c.ID})
	return nil
}

// deflect sends a caller on. It is his phone that calls there, and no line of ours has to work for it.
func (t *step) deflect(c *Call, target string) error {
	n, err := t.Config.Number(target)
	switch {
	case err != nil:
		return err
	case !t.mayDial(n):
		return Locked
	case n.Rule == PageRule:
		return WrongNumber
	}
	t.do(SendDeflect{Call: c.ID, Target: n.Target, Why: Deflected})
	c.ForwardedTo = Peer{Number: t.Config.Canonical(n.Typed), URI: n.Target}
	t.enter(c, Ended, HandedOver)
	return nil
}

func (t *step) silence() error {
	if t.PCCall.Ringing && !t.PCCall.Silenced {
		t.PCCall.Silenced = true
		t.changed(PCCallNews)
	} else if t.First(Ringing) == nil {
		return WrongState
	}
	for i := range t.Calls {
		if c := &t.Calls[i]; c.State == Ringing && !c.Silenced {
			c.Silenced = true
			t.touched(c)
		}
	}
	return nil
}

func (t *step) hangup(c *Call) {
	cause := LocalHangup
	if c.State == Ringing {
		cause = Rejected
	}
	t.end(c, cause)
}

// hangupAll ends a call with its whole conference.
func (t *step) hangupAll(c *Call) {
	for _, m := range t.together(c) {
		t.hangup(m)
	}
}

func (t *step) hold(c *Call, private bool) error {
	switch {
	case private && (c.Appearance == 0 || c.Barges):
		return WrongValue
	case c.Shadow:
		return Moving
	case c.Page != 0:
		return WrongState
	}
	for _, m := range t.together(c) {
		t.enter(m, Held, NoCause)
		m.Private = private
		t.do(SendHold{Call: m.ID, On: true})
	}
	return nil
}

func (t *step) resume(c *Call) error {
	t.takePath()
	for _, m := range t.together(c) {
		if m.State == Held {
			t.enter(m, Talking, NoCause)
			t.do(SendHold{Call: m.ID})
		}
	}
	return nil
}

// takeBack is the Resume of a user: also of a call that this phone keeps for a program on a computer.
func (t *step) takeBack(c *Call) error {
	p := t.Call(c.With)
	switch {
	case c.Move == Bridged && p != nil && p.Shadow && c.MoveTarget != "":
		c.Move, c.With, c.Into, c.Way, p.Move, p.With = NoMove, 0, 0, NoWay, NoMove, 0
		t.end(p, LocalHangup)
	case !c.Move.talks():
		return Moving
	}
	return t.resume(c)
}

func (t *step) swap() error {
	var longest *Call
	for i := range t.Calls {
		if c := &t.Calls[i]; c.State == Held && c.Move.talks() && (longest == nil || c.Entered < longest.Entered) {
			longest = c
		}
	}
	if longest == nil {
		return WrongState
	}
	return t.resume(longest)
}

func (t *step) dtmf(in SendDTMF) error {
	if in.Digit > 127 || !strings.ContainsRune("0123456789*#ABCD", in.Digit) {
		return WrongValue
	}
	return t.withCall(in.Call, func(c *Call) error {
		if c.State == Ringback && (!c.Early || c.OneWay) || c.Page != 0 {
			return WrongState
		}
		t.do(PlayDTMF{Call: c.ID, Digit: in.Digit})
		return nil
	}, Talking, Ringback)
}

func (t *step) mute(on bool) error {
	if !t.spoken() {
		return WrongState
	}
	if t.pcFront() && !t.PCCall.NoControl { // its program mutes, and says so
		if t.PCCall.Muted != on {
			t.do(SendPC{Act: PCMute})
		}
		if on { // a mute of ours, of a call that is held now, goes with the program's
			return nil
		}
	}
	if t.Muted != on {
		t.Muted = on
		t.changed(MuteChanged)
	}
	return nil
}

// spoken tells whether somebody is spoken to, or may be: a mute belongs to that.
func (t *step) spoken() bool { return len(t.Calls) > 0 || t.PCCall.Active || t.PCCall.Records }

// pressPath is the Speaker or Headset key.
func (t *step) pressPath(p Path) error {
	if p != Speaker && p != Headset {
		return WrongValue
	}
	front := t.Foreground()
	if ringing := t.First(Ringing); ringing != nil && front == nil {
		if err := t.answer(ringing); err != nil {
			return err
		}
		t.setPath(p)
		return nil
	}
	if front == nil && t.pcPath(p) {
		return nil
	}
	switch {
	case t.Playing.ID != "":
		t.pathPlaying(p)
	case front != nil && front.listens():
		t.hangup(front)
	case front == nil:
		if err := t.offHook(); err != nil {
			return err
		}
		t.setPath(p)
	case t.Path != p:
		t.setPath(p)
	case t.OffHook:
		t.setPath(Handset)
	default:
		t.hangupAll(front)
	}
	return nil
}

// stepVolume turns the ringer while it is what is heard, else the path.
func (t *step) stepVolume(steps int) {
	level := &t.Volume[t.Path]
	switch {
	case t.Foreground() != nil && t.Foreground().listens():
		level = &t.PageVolume
	case t.Foreground() != nil || t.Playing.ID != "":
	case t.PCCall.Plays: // the PC's own volume follows
		t.do(SendPCVolume{Steps: max(-VolumeMax, min(VolumeMax, steps))})
	case !t.pcFront():
		level = &t.RingVolume
	}
	t.setLevel(level, int(*level)+max(-VolumeMax, min(VolumeMax, steps)))
}

func (t *step) setLevel(level *uint8, to int) {
	*level = uint8(max(0, min(VolumeMax, to)))
	t.changed(VolumeChanged) // also at the end of the scale: the user pressed and wants to see
}

func (t *step) register(line LineID) error {
	switch l := t.Line(line); {
	case l == nil:
		return NoSuchLine
	case l.State != LineFailing:
		return WrongState
	}
	t.do(SendRegister{Line: line})
	return nil
}

// sameLines tells whether lines are those that there were: only where their conferences are made and their messages lie may
// be another, for a server may say so at any time.
func sameLines(a, b []LineConfig) bool {
	return slices.EqualFunc(a, b, func(x, y LineConfig) bool {
		x.Factory, x.Mailbox = y.Factory, y.Mailbox
		return x == y
	})
}

func (t *step) configure(c Config) error {
	if c.Validate() != nil {
		return WrongValue
	}
	if !sameLines(c.Lines, t.Config.Lines) {
		if len(t.Calls) > 0 {
			return Busy
		}
		t.Lines, t.Selected, t.Appearances = lines(c), 0, appearances(c)
	}
	if !slices.Equal(c.Pages, t.Config.Pages) {
		t.newPages()
	}
	if !slices.Equal(c.Watch, t.Config.Watch) || c.WatchLine != t.Config.WatchLine {
		t.Watched = watched(c)
		t.changed(WatchedChanged)
	}
	if c.PageVolume != t.Config.PageVolume {
		t.PageVolume = c.PageVolume
	}
	t.Config = c
	t.changed(ConfigChanged)
	if t.Ruled = t.Ruled || c.Rules.Given(); t.Ruled {
		t.do(HandRules{})
	}
	if !c.Recording {
		t.stopRecording()
	}
	return nil
}
