// Package telephony is how the phone behaves as the telephone of a program on the PC. That program owns the call: the
// phone sends what its user wants, and shows what the program's lamps say. It is a step function: no I/O, no clock.
//
//	user: Answer, Decline, HangUp, HoldKey, MuteKey --> Machine --> input reports to the PC
//	PC: output reports (lamps)                      -->         --> View: ringing, active, held, muted
//
// The rules follow the HID usage tables 1.4, section 14, and what softphones do in practice: hosts mirror the hook,
// hold a call with the off-hook lamp dark, answer the mute key by either of two lamps, and two of them at one device
// contradict each other.
package telephony

import (
	"slices"
	"time"

	"opendeskphone/usbhid"
)

// The times of the machine.
const (
	answerTime = 2 * time.Second        // in which a host answers what the user wants by a lamp
	pulseTime  = 20 * time.Millisecond  // a pulse key is down for so long, and up for so long before the next
	settleTime = 300 * time.Millisecond // after which an off-hook lamp that went dark in doubt means it
	patience   = 3                      // wishes unanswered in a row: the program has no call control
	maxWaiting = 16                     // wishes that wait for an answer, and strokes that wait for their time
)

// Action is what the user wants of the PC's call.
type Action uint8

// The actions.
const (
	Answer  Action = iota
	Decline        // a ringing call
	HangUp
	HoldKey // hold or resume; with a second call ringing: hold and answer
	MuteKey
	actionCount
)

// answers are the lamps by whose change a host answers a wish.
var answers = [actionCount]usbhid.Output{
	Answer:  usbhid.LEDOffHook | usbhid.LEDRing | usbhid.LEDHold,
	Decline: usbhid.LEDRing | usbhid.Ringer,
	HangUp:  usbhid.LEDOffHook | usbhid.LEDHold,
	HoldKey: usbhid.LEDOffHook | usbhid.LEDRing | usbhid.LEDHold,
	MuteKey: usbhid.LEDMute | usbhid.LEDMicrophone,
}

// View is the PC's call as its program's lamps tell it.
type View struct {
	Ringing   bool // somebody calls
	Active    bool // a call stands, held or not
	Held      bool
	Muted     bool
	Waiting   bool // messages wait
	NoControl bool // the program answers none of our keys
}

// Machine is the telephone. The zero value is one nobody has plugged in.
type Machine struct {
	out    usbhid.Output // what the host said last
	in     usbhid.Input  // the levels we reported last: hook and line busy
	active bool          // a call stands: as the host says, or for answerTime as the user wishes
	muted  bool
	seen   usbhid.Output // lamps that were ever lit: tells which of two the host uses for mute
	silent bool          // the host was plugged in and has said nothing yet

	wishes  []wish    // that wait for their answer, oldest first
	ignored int       // in a row
	revert  time.Time // at which active is what the host says again; zero: it is
	doubt   bool      // the dark off-hook lamp may not mean that the call is over
	settle  time.Time // end of the doubt; zero: not before the ring ends

	down    usbhid.Input // keys that are down
	strokes []stroke     // of keys, by time
}

// wish is something the user wants and the host has not answered.
type wish struct {
	what Action
	due  time.Time
}

// stroke is a key that goes down or up.
type stroke struct {
	at   time.Time
	keys usbhid.Input // that are down then
}

// View gives the call as it is to be shown.
func (m *Machine) View() View {
	return View{
		Ringing: m.lit(usbhid.LEDRing | usbhid.Ringer), Active: m.active, Held: m.active && m.lit(usbhid.LEDHold),
		Muted: m.muted, Waiting: m.lit(usbhid.LEDMessageWaiting), NoControl: m.ignored >= patience,
	}
}

func (m *Machine) lit(any usbhid.Output) bool { return m.out&any != 0 }

// stands tells whether the host has a call by its lamps alone.
func (m *Machine) stands() bool { return m.doubt || m.lit(usbhid.LEDOffHook|usbhid.LEDHold) }

// Next gives the time at which Tick has something to do; zero if never.
func (m *Machine) Next() (next time.Time) {
	times := [...]time.Time{m.revert, m.settle, {}, {}}
	if len(m.strokes) > 0 {
		times[2] = m.strokes[0].at
	}
	if len(m.wishes) > 0 {
		times[3] = m.wishes[0].due
	}
	for _, t := range times {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	return next
}

// Configured begins anew with a host: it hears how the levels stand, now and once more when it first says something.
// The bus is configured before any program there reads.
func (m *Machine) Configured() []usbhid.Input {
	m.Unplugged()
	m.silent = true
	return []usbhid.Input{m.in}
}

// Unplugged forgets the host and its call.
func (m *Machine) Unplugged() { *m = Machine{in: m.in & usbhid.LineBusy} }

// Busy tells whether the phone itself is in a call: the host must not offer it another. A call of the host that stands,
// and is held meanwhile, stays off the hook: on the hook would end it.
func (m *Machine) Busy(on bool) []usbhid.Input {
	in := m.in &^ usbhid.LineBusy
	if on {
		in |= usbhid.LineBusy
	}
	if on && !m.active {
		in &^= usbhid.HookSwitch
	}
	return m.level(in)
}

// level reports levels if they differ from what was reported last.
func (m *Machine) level(in usbhid.Input) []usbhid.Input {
	if in == m.in {
		return nil
	}
	m.in = in
	return m.report()
}

func (m *Machine) report() []usbhid.Input { return []usbhid.Input{m.in | m.down} }

// hook follows the host: its call stands, or not.
func (m *Machine) hook(off bool) []usbhid.Input {
	m.active, m.doubt, m.settle = off, false, time.Time{}
	if off {
		return m.level(m.in | usbhid.HookSwitch)
	}
	return m.level(m.in &^ usbhid.HookSwitch)
}

// wantHook moves the hook for the user. It is reported even where it is so already: the host had taken no notice.
func (m *Machine) wantHook(now time.Time, off bool) []usbhid.Input {
	out := m.hook(off)
	m.revert = now.Add(answerTime)
	if len(out) == 0 {
		out = m.report()
	}
	return out
}

// pulse presses a key and lets it go after pulseTime. Keys wait for those before them; who presses faster than that for
// long is not obeyed.
func (m *Machine) pulse(now time.Time, key usbhid.Input) []usbhid.Input {
	n := len(m.strokes)
	if n == 0 {
		m.down = key
		m.strokes = append(m.strokes, stroke{now.Add(pulseTime), 0})
		return m.report()
	}
	if n+2 <= maxWaiting {
		last := m.strokes[n-1].at
		m.strokes = append(m.strokes, stroke{last.Add(pulseTime), key}, stroke{last.Add(2 * pulseTime), 0})
	}
	return nil
}

// Act is what the user wants. What makes no sense now sends nothing.
func (m *Machine) Act(now time.Time, a Action) (out []usbhid.Input) {
	v, dark := m.View(), m.doubt
	switch {
	case a == Answer && v.Ringing && !v.Active:
		out = m.wantHook(now, true)
	case a == Answer && v.Ringing:
		out = m.pulse(now, usbhid.Flash) // the call at hand is held
	case a == Decline && v.Ringing:
		out = m.pulse(now, usbhid.Reject)
	case a == HangUp && v.Active:
		out = m.wantHook(now, false)
	case a == HoldKey && v.Active:
		out = m.pulse(now, usbhid.Flash)
	case a == MuteKey && v.Active:
		out = m.pulse(now, usbhid.PhoneMute)
	default:
		return nil
	}
	if a == HangUp && dark {
		return out // the lamp that would answer is dark already
	}
	if len(m.wishes) < maxWaiting {
		m.wishes = append(m.wishes, wish{a, now.Add(answerTime)})
	}
	return out
}

// Host takes a report of the host.
func (m *Machine) Host(now time.Time, o usbhid.Output) []usbhid.Input {
	changed := m.out ^ o
	m.out = o
	m.seen |= o
	m.answered(changed)
	out := m.call(now, changed)
	if !m.doubt { // else another program's lamps
		m.mute()
	}
	if m.silent && len(out) == 0 {
		out = m.report()
	}
	m.silent = false
	return out
}

// call follows the lamps of the call.
func (m *Machine) call(now time.Time, changed usbhid.Output) []usbhid.Input {
	came := func(l usbhid.Output) bool { return changed&l != 0 && m.lit(l) }
	went := func(l usbhid.Output) bool { return changed&l != 0 && !m.lit(l) }
	switch {
	case came(usbhid.LEDOffHook):
		return m.hook(true)
	case m.lit(usbhid.LEDOffHook):
		return nil // also while the user's hang-up is on its way
	case came(usbhid.LEDHold), went(usbhid.LEDOffHook) && m.lit(usbhid.LEDHold):
		m.active, m.doubt = true, false // held, not over
	case went(usbhid.LEDOffHook) && came(usbhid.LEDRing):
		m.doubt = m.active // another program's ring in its own report: our call may stand
	case went(usbhid.LEDOffHook):
		return m.hook(false)
	case went(usbhid.LEDHold):
		m.doubt = m.active // ended, or taken back in two reports
	}
	switch {
	case !m.doubt, m.lit(usbhid.LEDRing):
		m.settle = time.Time{} // while that one rings nothing is clear
	case m.settle.IsZero():
		m.settle = now.Add(settleTime)
	}
	return nil
}

// answered takes off what these lamps answer.
func (m *Machine) answered(changed usbhid.Output) {
	before := len(m.wishes)
	m.wishes = slices.DeleteFunc(m.wishes, func(w wish) bool { return changed&answers[w.what] != 0 })
	if len(m.wishes) < before {
		m.ignored = 0
	}
}

// mute follows the lamp that this host uses: the mute lamp, or else the microphone's.
func (m *Machine) mute() {
	lamp := usbhid.LEDMicrophone
	if m.seen&usbhid.LEDMute != 0 {
		lamp = usbhid.LEDMute
	}
	m.muted = m.lit(lamp)
}

// Tick does what time brings. A wish that nobody answered is taken back from what is shown, and the host is told
// nothing: it may have obeyed and have no lamp to say so, and the hook put back would undo that.
func (m *Machine) Tick(now time.Time) (out []usbhid.Input) {
	past := func(t time.Time) bool { return !t.IsZero() && !t.After(now) }
	if len(m.strokes) > 0 && past(m.strokes[0].at) { // one alone: the host must have time to see each
		late := now.Sub(m.strokes[0].at)
		m.down = m.strokes[0].keys
		m.strokes = m.strokes[1:]
		for i := range m.strokes {
			m.strokes[i].at = m.strokes[i].at.Add(late)
		}
		out = m.report()
	}
	if past(m.settle) {
		out = append(out, m.hook(false)...)
	}
	for len(m.wishes) > 0 && past(m.wishes[0].due) {
		m.wishes = m.wishes[1:]
		m.ignored = min(m.ignored+1, patience)
	}
	if past(m.revert) {
		m.revert = time.Time{}
		m.active = m.stands()
	}
	return out
}
