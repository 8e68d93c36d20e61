package phone

import "time"

// LockKind says whether the phone is locked, and by what: that decides what unlocks it.
type LockKind uint8

// The kinds. Whoever locks more strictly wins; only the keeper of the lock unlocks.
const (
	Unlocked   LockKind = iota
	IdleLock            // nobody used the phone for a while
	HostLock            // the paired computer was locked
	ManualLock          // somebody said so; only the PIN unlocks
	HardLock            // too many wrong PINs
	lockKindCount
)

var lockNames = [lockKindCount]string{"unlocked", "idle", "host", "manual", "hard"}

// String gives the kind in one word, as controllers read it.
func (k LockKind) String() string { return name(lockNames[:], k) }

// Lock is the lock of the phone. It locks the screen, not the telephone: a locked phone rings, answers, holds and
// hangs up, and calls emergency numbers.
type Lock struct {
	Kind  LockKind
	Wrong int       // PINs that were wrong since the last right one
	Until time.Time // no PIN is taken before this; zero: it is
}

// LockedDial says what a locked phone may call besides emergency numbers.
type LockedDial uint8

// The choices.
const (
	DialEmergency LockedDial = iota
	DialInternal             // numbers of the plan's extensions too
	DialAny
	lockedDialCount
)

var lockedDialNames = [lockedDialCount]string{"emergency", "internal", "any"}

// String gives the choice as the settings spell it.
func (d LockedDial) String() string { return name(lockedDialNames[:], d) }

// The inputs of the lock.
type (
	// SetLock locks or unlocks the phone; it is for the keeper of the lock alone, who knows the PIN.
	SetLock struct {
		cmd
		Kind LockKind
	}
	// PINRefused: a PIN was wrong; so many were by now, and none is taken before Until.
	PINRefused struct {
		evt
		Wrong int
		Until time.Time
	}
)

func (t *step) setLock(kind LockKind) error {
	if kind >= lockKindCount {
		return WrongValue
	}
	if t.Lock.Kind == kind {
		return nil
	}
	if was := t.Lock.Kind; was == Unlocked || kind == Unlocked {
		t.leaveDesk(kind != Unlocked)
	}
	t.Lock.Kind = kind
	if kind == Unlocked {
		t.Lock = Lock{}
	} else if t.Question.Kind != NoQuestion { // whoever is there now may not decide
		ref := t.Question.Ref
		t.do(QuestionAnswered{Ref: ref, Verdict: Declined})
		t.dropQuestion(ref)
	}
	t.changed(LockChanged)
	return nil
}

func (t *step) pinRefused(in PINRefused) {
	if t.Lock.Kind != Unlocked && in.Wrong > 0 {
		t.Lock.Wrong, t.Lock.Until = in.Wrong, in.Until
		t.changed(LockChanged)
	}
}

// mayDial tells whether a number may be called now, as far as the lock is concerned.
func (t *step) mayDial(n Number) bool {
	switch {
	case t.Lock.Kind == Unlocked || n.Rule == EmergencyRule || t.Config.LockedDial == DialAny:
		return true
	case t.Config.LockedDial == DialInternal:
		return n.Rule == PageRule || n.Internal
	}
	return false
}
