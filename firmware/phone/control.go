package phone

import "context"

// What says which part of the State a Change speaks of.
type What uint8

// The parts.
const (
	CallChanged What = iota // From and To are set, or equal where another field of the call changed
	LineStateChanged
	HookChanged
	PathChanged
	MuteChanged
	VolumeChanged
	SelectedChanged
	MissedChanged // the counts of calls that nobody has looked at
	NoticesChanged
	ConfigChanged
	QuestionChanged
	LockChanged
	PCCallNews
	PCChanged
	RecordingChanged
	PlayingChanged
	SoundTestChanged
	HelpChanged // of State.AwaitsHelp
	PagesChanged
	MailChanged // Line is set
	WatchedChanged
	AppearancesChanged
	OwnPresenceChanged // of State.Availability or State.Gone
	JackChanged
	whatCount
)

var whatNames = [whatCount]string{"call", "line", "hook", "path", "mute", "volume", "selected", "missed", "notice", "config", "question", "lock", "pc call", "pc", "recording", "playing", "sound test", "help", "pages", "mail", "watched", "appearances", "own presence", "jack"}

// String gives the part in one word, for logs.
func (w What) String() string { return name(whatNames[:], w) }

// Change is one numbered change of the State.
type Change struct {
	Seq      Seq
	What     What
	Call     CallID // CallChanged
	From, To CallState
	Cause    Cause
	Line     LineID // LineStateChanged, MailChanged
	By       Origin
}

// Update is what a watcher gets: the State as it is, and the changes since it last looked.
type Update struct {
	State   *State
	Changes []Change
	Gap     bool // what changed is not kept, or after is not of this life: start from State
}

// Control is the phone's one port for controllers.
type Control interface {
	// Do gives a command and waits for its outcome: nil, a Refusal, or the context's error.
	Do(ctx context.Context, by Origin, c Command) error
	// State gives the present state, never nil, never to be written.
	State() *State
	// Watch blocks until the state is younger than after, then tells what changed. An after that the
	// phone has not reached yet (it was restarted) gets a Gap at once.
	Watch(ctx context.Context, after Seq) (Update, error)
}
