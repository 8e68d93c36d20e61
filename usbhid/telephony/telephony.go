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
	"time"

	"opendeskphone/usbhid"
)

// The times of the machine.
const (
	answerTime = 2 * time.Second        // in which a host answers what the user wants by a lamp
	pulseTime  = 20 * time.Millisecond  // a pulse key is down for so long
	settleTime = 300 * time.Millisecond // after which an off-hook lamp that went dark beside a ring means it
	patience   = 3                      // wishes unanswered in a row: the program has no call control
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
	out   usbhid.Output // what the host said last
	in    usbhid.Input  // the levels we report: hook and line busy
	muted bool
	seen  usbhid.Output // lamps that were ever lit: tells which of two the host uses for mute

	wish     Action      // the last one that waits for its answer
	due      time.Time   // of that answer; zero: none waits
	ignored  int         // wishes in a row
	doubtful time.Time   // until then a dark off-hook lamp may be another program's; zero: no doubt
	queue    []time.Time // at which pressed keys go up
}

// View gives the call as it is to be shown.
func (m *Machine) View() View {
	hold := m.out&usbhid.LEDHold != 0
	return View{
		Ringing: m.out&(usbhid.LEDRing|usbhid.Ringer) != 0, Active: m.in&usbhid.HookSwitch != 0, Held: hold && m.in&usbhid.HookSwitch != 0,
		Muted: m.muted, Waiting: m.out&usbhid.LEDMessageWaiting != 0, NoControl: m.ignored >= patience,
	}
}

// Next gives the time at which Tick has something to do; zero if never.
func (m *Machine) Next() time.Time {
	next := m.due
	for _, t := range []time.Time{m.doubtful, m.first()} {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	return next
}

func (m *Machine) first() time.Time {
	if len(m.queue) == 0 {
		return time.Time{}
	}
	return m.queue[0]
}

// Configured begins anew with a host: it hears how the levels stand.
func (m *Machine) Configured() []usbhid.Input {
	busy := m.in & usbhid.LineBusy
	*m = Machine{in: busy}
	return []usbhid.Input{m.in}
}

// Unplugged forgets the host and its call.
func (m *Machine) Unplugged() { *m = Machine{in: m.in & usbhid.LineBusy} }

// Busy tells whether the phone itself is in a call: the host must not offer it another.
func (m *Machine) Busy(on bool) []usbhid.Input {
	in := m.in &^ usbhid.LineBusy
	if on {
		in |= usbhid.LineBusy
	}
	return m.level(in)
}

// level reports levels if they differ from what was reported last.
func (m *Machine) level(in usbhid.Input) []usbhid.Input {
	if in == m.in {
		return nil
	}
	m.in = in
	return []usbhid.Input{in}
}

func (m *Machine) hook(off bool) []usbhid.Input {
	in := m.in &^ usbhid.HookSwitch
	if off {
		in |= usbhid.HookSwitch
	}
	return m.level(in)
}

// pulse presses a key and lets it go after pulseTime.
func (m *Machine) pulse(now time.Time, key usbhid.Input) []usbhid.Input {
	m.queue = append(m.queue, now.Add(pulseTime))
	return []usbhid.Input{m.in | key}
}

// Act is what the user wants. What makes no sense now sends nothing.
func (m *Machine) Act(now time.Time, a Action) (out []usbhid.Input) {
	v := m.View()
	switch {
	case a == Answer && v.Ringing && !v.Active:
		out = m.hook(true)
	case a == Answer && v.Ringing:
		out = m.pulse(now, usbhid.Flash) // the call at hand is held
	case a == Decline && v.Ringing:
		out = m.pulse(now, usbhid.Reject)
	case a == HangUp && v.Active:
		out = m.hook(false)
	case a == HoldKey && v.Active:
		out = m.pulse(now, usbhid.Flash)
	case a == MuteKey && v.Active:
		out = m.pulse(now, usbhid.PhoneMute)
	}
	if len(out) > 0 {
		m.wish, m.due = a, now.Add(answerTime)
	}
	return out
}

// Host takes a report of the host.
func (m *Machine) Host(now time.Time, o usbhid.Output) (out []usbhid.Input) {
	before := m.out
	m.out = o
	changed := before ^ o
	m.mute(o, changed)
	if changed != 0 && !m.due.IsZero() {
		m.due, m.ignored = time.Time{}, 0
	}
	m.seen |= o
	lit := func(l usbhid.Output) bool { return o&l != 0 }
	went := func(l usbhid.Output) bool { return changed&l != 0 && !lit(l) }
	came := func(l usbhid.Output) bool { return changed&l != 0 && lit(l) }
	switch {
	case lit(usbhid.LEDOffHook):
		m.doubtful = time.Time{}
		return m.hook(true)
	case went(usbhid.LEDOffHook) && lit(usbhid.LEDHold):
		return nil // the call is held, not over
	case went(usbhid.LEDOffHook) && came(usbhid.LEDRing):
		m.doubtful = now.Add(settleTime) // another program's ring in its own report: our call may stand
		return nil
	case went(usbhid.LEDOffHook), went(usbhid.LEDHold):
		return m.hook(false)
	case !m.doubtful.IsZero() && lit(usbhid.LEDRing):
		m.doubtful = now.Add(settleTime) // while that one rings nothing is clear
	}
	return nil
}

// mute follows the lamp that this host uses: the mute lamp, or else the microphone's.
func (m *Machine) mute(o, changed usbhid.Output) {
	switch {
	case changed&usbhid.LEDMute != 0:
		m.muted = o&usbhid.LEDMute != 0
	case changed&usbhid.LEDMicrophone != 0 && m.seen&usbhid.LEDMute == 0:
		m.muted = o&usbhid.LEDMicrophone != 0
	}
	if o&(usbhid.LEDOffHook|usbhid.LEDHold) == 0 && o&usbhid.LEDMute == 0 {
		m.muted = false
	}
}

// Tick does what time brings.
func (m *Machine) Tick(now time.Time) (out []usbhid.Input) {
	for len(m.queue) > 0 && !m.queue[0].After(now) {
		out = append(out, m.in) // a key goes up; the levels are those of now
		m.queue = m.queue[1:]
	}
	if !m.doubtful.IsZero() && !m.doubtful.After(now) {
		if m.out&usbhid.LEDRing != 0 {
			m.doubtful = now.Add(settleTime)
		} else {
			m.doubtful = time.Time{}
			out = append(out, m.hook(false)...)
		}
	}
	if !m.due.IsZero() && !m.due.After(now) {
		m.due = time.Time{}
		m.ignored++
		out = append(out, m.back()...)
	}
	return out
}

// back takes a wish back that nobody answered: the hook is where the host has it.
func (m *Machine) back() []usbhid.Input {
	switch m.wish {
	case Answer, HangUp:
		return m.hook(m.out&(usbhid.LEDOffHook|usbhid.LEDHold) != 0)
	}
	return nil
}
