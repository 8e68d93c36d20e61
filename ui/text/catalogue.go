// Package text holds every word the screens show, in each language, and the ways dates, durations and names are written.
// A Catalogue is a plain struct: a word that is missing in a language is found by a test, one that does not exist by the
// compiler.
package text

import (
	"time"

	"opendeskphone/firmware/phone"
)

// Label is the text of a key in two lengths; Short has at most nine characters. Keys never end in an ellipsis.
type Label struct{ Long, Short string }

// Fault is what a page about a fault says: what cannot be done, why, and the steps to take.
type Fault struct {
	Head  string // at most eight words
	Why   string
	Steps [3]string // in order of usefulness; the last may be empty
}

// Catalogue is all the words of one language. Words with a verb (%s, %d) say at the field what they take.
type Catalogue struct {
	Code string // ISO 639-1
	Name string // of the language, in itself

	RightToLeft bool // it is read so, and the screens are mirrored

	Keys      Keys
	Status    Status
	Home      Home
	Call      Call
	Caller    Caller
	Sound     Sound
	Dial      Dial
	Log       Log
	People    People
	Setup     Setup
	Entry     Entry
	Asks      Asks
	Lock      Lock
	PC        PC
	Pairing   Pairing
	Moves     Moves
	Recording Recording
	Mailbox   Mailbox
	Ladder    Ladder
	Rules     Rules
	Numbers   Numbers
	Watch     Watch

	SoundTest SoundTest

	Refusals  [phone.RefusalCount]string
	LineWords []string                  // by phone.LineState: two words at most, for a tile
	LineCards map[phone.LineFault]Fault // Head takes the line's label
	FaultWord []string                  // by phone.LineFault: two words at most, for a tile
	Notices   [phone.NoticeCount]Fault
	Causes    map[phone.Cause]Cause
	Paths     [phone.PathCount]string
	Regions   map[string]string // ISO 3166 region: the country's name

	Weekdays [7]string  // from Sunday
	Months   [12]string // from January
	Date     func(c *Catalogue, t time.Time) string
	DayMonth func(c *Catalogue, t time.Time) string
}

// Cause is what the screen of a failed call says.
type Cause struct {
	Head string // takes the name: "%s is busy"
	Why  string
	Next string
}

// Keys are the soft keys.
type Keys struct {
	NewCall, Calls, Contacts, Redial, Settings, More, Back      Label
	Note                                                        Label
	Call, Delete, Answer, Silence, Ignore, Decline              Label
	Hold, Resume, Swap, End, CallAgain, Done, Open, Missed      Label
	All, Add, Change, Save, SignIn, Show, Hide, Clear, Details  Label
	EnterPassword, Next, Choose, TryNow, Undo                   Label
	Transfer, AskFirst, HandOver, SendOn, Join, JoinAll, Cancel Label
	BackTo                                                      Label // to the call that waits
	Headset, Speaker, Close, Sound, Numbers, Play, Stop, Steps  Label
	Voicemail, ToVoicemail, Pause, CallBack                     Label
	Line                                                        Label // takes the label of the line
}

// Status are the words of the status bar.
type Status struct {
	Ready, SigningIn, NotSignedIn, NoLine, NoNetwork      string
	Incoming, Talking, Calling, Ringback, NewCall         string
	LineDown                                              string // takes the label of the line
	NotConnected, SecondCall, Ended, OnHold, Connecting   string
	To, From                                              string // take a line: "to %s"
	Calls                                                 string // takes the number of calls
	Place                                                 string // takes place and count: "%d of %d"
	HandsetVolume, HeadsetVolume, SpeakerVolume, RingTone string // take volume and maximum
	Plugged, Unplugged                                    string // of a headset
}

// Home are the words of the first screen.
type Home struct {
	Missed1, MissedN string // one, and with a number
	More             string // takes how many more: "+%d more"
	Stay             string // what a failing line means: takes the label of the line
	OrOK             string
	NoLineHead       string
	NoLineWhy        string
}

// Call are the words of the screens of calls.
type Call struct {
	YouHear, TheyHear, TheyWait, YouHeard, TheyHeard string
	Encrypted, NotEncrypted, Talking, OnHold         string
	OpenKeys                                         string // encrypted, but anybody on the way could read the keys
	TheyHold                                         string
	Ringing                                          string // takes the time
	RingingShort, RingingThere                       string
	LastCall                                         string // takes when and how long
	LastCallAt                                       string // takes when
	YouCalled, TheyCalled, TheyRang                  string
	NoCalls, Unknown                                 string
	Muted, MutedHint, MutedMark                      string
	Quality                                          [6]string // by bars, 0: not known yet
	Lost                                             string    // takes per cent
	LostHint, LostShort                              string
	Facts                                            string // codec, kHz, ms, per cent
	ClosesIn                                         string // takes seconds
	YouEnded, TheyEnded, ConnectionLost              string
	ByMistake                                        string // takes a name: what Undo does
	ByMistakeShort                                   string
	Throughout                                       [6]string // by bars
	HeldN                                            string    // takes how many
	RemoteHolds, Mute, Unmute, Numbers               string
	Line, Codec, Loss, Delay, MOS, Rate, Security    string
	On                                               string // takes a path: "Talk on %s"
	Missed                                           string
}

// Dial are the words of the dial screen.
type Dial struct {
	Rules   []string // by phone.Rule
	Becomes string   // takes prefix and country code: "%s becomes %s"
	Cannot  string
	Hint    string
}

// Log are the words of the list of calls.
type Log struct {
	Title, All, Missed, Empty, EmptyMissed string
	Calls                                  string // takes how many
	CallsMissed                            string // takes how many and how many missed
	CallsTime                              string // takes how many and the time talked
	MissedRang                             string // takes seconds
	YouCalled, CalledYou                   string // take a duration
	NoAnswer, Declined, Failed, Elsewhere  string
	SentOn                                 string // takes to whom
	ElsewhereN, ForwardedN                 string // take how many
	OnPC                                   string // takes the computer
	Here, Note, DeleteCall, DeleteAll      string
	Recorded                               string // takes a duration
	DeleteHead                             string // takes how many calls
	DeleteWhy                              string
	Modes                                  [phone.ModeCount]string
	Today, Yesterday, Once                 string
	Save, Edit                             string
}

// People are the words of the contacts.
type People struct {
	Title, Hint, Empty, NoMatch, New, DeleteHead, DeleteWhy string // DeleteHead takes the name
	Count1, CountN                                          string
	Name, Number, Organisation                              string
	Deleted, Saved                                          string // take the name
	Delete                                                  string
	Kinds                                                   map[string]string
}

// Setup are the words of the settings.
type Setup struct {
	Title, Lines, Sound, Screen, About                 string
	Server, User, Password, DisplayName, Transport     string
	SignIn, NotSet, Hidden, NewLine                    string
	RingTone, RingVolume, HandsFree, HandsetVolume     string
	HeadsetVolume, SpeakerVolume, RingOff              string
	Theme, Language, Brightness, Contrast              string
	TextSize, Large                                    string
	Themes                                             map[string]string
	Version, Address, Network, Hardware, Name, Storage string
	VLAN, NoVLAN, Priority, Switch, Port               string
	Relay, RelayWorks, RelayFails                      string            // the states take the server
	VLANBy                                             map[string]string // by who named it; takes its number
	Licences, On, Off, Normal, High                    string
	Saved                                              string
	Failed                                             string // takes the reason
	SigningIn                                          string // takes the line
	WhatToDo, Detail                                   string
	Tries                                              string // takes the time
}

// SoundTest are the words of the test of loudspeaker and microphone.
type SoundTest struct {
	Title    string
	Running  Fault
	Verdicts [phone.SoundVerdictCount]Fault
	Again    Label
}

// Entry are the words of the text entry.
type Entry struct {
	Space, Letters, Figures string
	For                     string // takes what and whose: "%s for %s"
}

// Asks are the words of what a person at the phone is asked.
type Asks struct {
	Title      string
	SignInHead string
	SignInWhy  string // takes the computer's name
	SignInNote string
	Agree      Label
}

// Lock are the words of a locked phone.
type Lock struct {
	Locked, PCLocked                 string
	Type, TypeOrPC, Wrong            string
	Wait                             string // takes a time
	Hard, HardWhy, StillWorks        string
	Unlock, Emergency                Label
	PIN, NewPIN, Set, Remove, NotPIN string
	Present                          string // the PIN there is
	Now                              string
}

// PC are the words of the PC's call and sound.
type PC struct {
	Title, Audio, AudioWhy                   string
	ToYou, ToPC                              string // what is heard of the PC, and what it hears
	Ringing, RingingWhy, Talking, TalkingWhy string
	Held, HeldWhy, Muted, MutedWhy           string
	NoControl                                string
	Volume                                   string // takes the level
	Mute, Unmute                             Label
}

// Pairing are the words of pairing with a computer.
type Pairing struct {
	Title, Computer               string
	User                          string // takes the user's name
	AskHead, AskNote              string
	AskWhy                        string // takes the computer's name
	CompareHead, CompareWhy       string
	CompareNote                   string // takes the computer's name
	WaitWhy                       string
	WaitNote                      string // takes the computer's name
	DoneHead, DoneNote            string
	DoneWhy                       string // takes the computer's name
	Faults                        [phone.PairingFaultCount]Fault
	Pair, Same, Different, Cancel Label
	Computers, Connected, Never   string
	None, HowTo                   string
	ForgetWhy, Forgotten          string
	AllRights                     string
	SomeRights                    string    // takes how many of how many
	Rights                        [5]string // by bit
	Forget                        Label
}

// Languages are the languages the screens speak, the first being the default.
var Languages = []*Catalogue{&English, &German, &Arabic}

// Find gives the catalogue of a language code, the default for an unknown one.
func Find(code string) *Catalogue {
	for _, c := range Languages {
		if c.Code == code {
			return c
		}
	}
	return Languages[0]
}
