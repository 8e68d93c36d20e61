package text

import (
	"fmt"
	"time"

	"opendeskphone/firmware/phone"
)

// English is the language everything was first written in.
var English = Catalogue{
	Code: "en", Name: "English",
	Keys: Keys{
		NewCall: Label{"New call", "New call"}, Calls: Label{"Calls", "Calls"}, Contacts: Label{"Contacts", "Contacts"},
		Redial: Label{"Redial", "Redial"}, Settings: Label{"Settings", "Settings"}, More: Label{"More", "More"}, Back: Label{"Back", "Back"},
		Call: Label{"Call", "Call"}, Delete: Label{"Delete", "Delete"}, Answer: Label{"Answer", "Answer"}, Silence: Label{"Silence", "Silence"},
		Ignore: Label{"Ignore", "Ignore"}, Decline: Label{"Decline", "Decline"}, Hold: Label{"Hold", "Hold"}, Resume: Label{"Resume", "Resume"},
		Swap: Label{"Swap", "Swap"}, End: Label{"End", "End"}, CallAgain: Label{"Call again", "Again"}, Done: Label{"Done", "Done"},
		Open: Label{"Open", "Open"}, Missed: Label{"Missed", "Missed"}, All: Label{"All calls", "All"}, Add: Label{"Add", "Add"},
		Change: Label{"Change", "Change"}, Save: Label{"Save", "Save"}, SignIn: Label{"Sign in", "Sign in"}, Show: Label{"Show", "Show"},
		Hide: Label{"Hide", "Hide"}, Clear: Label{"Clear", "Clear"}, Details: Label{"Details", "Details"},
		EnterPassword: Label{"Enter password", "Password"}, Next: Label{"Next", "Next"}, Choose: Label{"Choose", "Choose"},
		Undo: Label{"Undo", "Undo"}, TryNow: Label{"Try now", "Try now"}, Line: Label{"Line %s", "%s"},
	},
	Status: Status{
		Ready: "Ready", SigningIn: "Signing in", NotSignedIn: "Not signed in", NoLine: "No line set up", NoNetwork: "No network",
		Incoming: "Incoming call", Talking: "Talking", Calling: "Calling", Ringback: "Calling", NewCall: "New call",
		LineDown: "%s is not signed in", NotConnected: "Not connected", SecondCall: "Second call", Ended: "Call ended", OnHold: "On hold", Connecting: "Connecting",
		To: "to %s", From: "from %s", Calls: "%d calls", Place: "%d of %d",
		HandsetVolume: "Handset volume %d of %d", HeadsetVolume: "Headset volume %d of %d", SpeakerVolume: "Speaker volume %d of %d",
		RingTone: "Ringer volume %d of %d",
	},
	Home: Home{
		Missed1: "1 missed call", MissedN: "%d missed calls", More: "+%d more", Stay: "Calls to %s will not ring here.", OrOK: "or press OK",
		NoLineHead: "No line is set up", NoLineWhy: "Enter the account your provider gave you.",
	},
	Call: Call{
		YouHear: "You hear", TheyHear: "They hear", TheyWait: "They wait", YouHeard: "You heard", TheyHeard: "They heard",
		Encrypted: "Encrypted", NotEncrypted: "Not encrypted", Talking: "Talking", OnHold: "On hold", TheyHold: "You are on hold there",
		Ringing: "Ringing %s", RingingShort: "Ringing", RingingThere: "Ringing there", LastCallAt: "Last call %s", LastCall: "Last call %s, %s",
		YouCalled: "You called", TheyCalled: "They called", TheyRang: "Rang and was missed", NoCalls: "No calls with this number", Unknown: "Unknown number",
		Muted: "You are muted", MutedHint: "Press Mute to speak", MutedMark: "muted",
		Quality: [6]string{"Measuring the sound", "No sound arrives", "Sound is breaking up", "Fair sound", "Good sound", "Excellent sound"},
		Lost:    "%d %% lost.", LostHint: "Check the network cable behind the phone.", LostShort: "Check the cable.", Facts: "%s, %d ms, %d %% lost", ClosesIn: "closes in %d s",
		ByMistake: "Ended by mistake? Undo calls %s back.", ByMistakeShort: "Undo calls back",
		YouEnded: "you ended it", TheyEnded: "they ended it", ConnectionLost: "connection lost",
		Throughout: [6]string{"Sound not measured", "No sound arrived", "Poor sound", "Fair sound", "Good sound throughout", "Excellent sound throughout"},
		HeldN:      "%d calls on hold", RemoteHolds: "You are on hold there", Mute: "Mute the microphone", Unmute: "Open the microphone", Numbers: "Numbers of this call",
		Line: "Line", Codec: "Codec", Loss: "Lost", Delay: "Delay", MOS: "Sound quality", Rate: "Data rate", Security: "Security", On: "Talk on %s", Missed: "Missed",
	},
	Dial: Dial{
		Rules: []string{phone.AsTyped: "as typed", phone.EmergencyRule: "Emergency call", phone.InternationalRule: "International", phone.NationalRule: "National",
			phone.LocalRule: "In your area", phone.InternalRule: "Internal", phone.FeatureCode: "Service code", phone.AddressRule: "Address"},
		Becomes: "%s becomes %s", Cannot: "This number cannot be called", Hint: "Type a number or a name's address",
	},
	Log: Log{
		Title: "Calls", All: "All", Missed: "Missed", Empty: "No calls yet", EmptyMissed: "No missed calls", Calls: "%d calls",
		CallsMissed: "%d calls, %d missed", CallsTime: "%d calls, %s", MissedRang: "Missed, rang %d s", YouCalled: "You called, %s", CalledYou: "Called you, %s",
		NoAnswer: "You called, no answer", Declined: "Declined", Failed: "You called, not connected", Today: "today", Yesterday: "yesterday", Once: "Missed",
		Save: "Add to contacts", Edit: "Edit before calling",
	},
	People: People{
		Title: "Contacts", Hint: "Keys 2 to 9 spell a name", Empty: "No contacts yet", NoMatch: "Nobody matches", New: "New contact",
		DeleteHead: "Delete %s?", DeleteWhy: "The name and its numbers are removed from this phone.", Count1: "1 person", CountN: "%s people",
		Name: "Name", Number: "Number", Organisation: "Organisation", Deleted: "%s is deleted", Saved: "%s is saved", Delete: "Delete this contact",
		Kinds: map[string]string{"mobile": "Mobile", "work": "Work", "home": "Home", "sip": "SIP", "other": "Number"},
	},
	Setup: Setup{
		Title: "Settings", Lines: "Lines", Sound: "Sound", Screen: "Screen", About: "About",
		Server: "Server", User: "User name", Password: "Password", DisplayName: "Your name", Transport: "Connection", SignIn: "Sign in now",
		NotSet: "not set", Hidden: "set", NewLine: "New line", RingTone: "Ring tone", RingVolume: "Ring volume", HandsFree: "Hands-free on",
		HandsetVolume: "Handset volume", HeadsetVolume: "Headset volume", SpeakerVolume: "Speaker volume", RingOff: "Off",
		TextSize: "Text size", Large: "Large",
		Theme: "Theme", Language: "Language", Brightness: "Brightness", Contrast: "Contrast",
		Themes:  map[string]string{"auto": "By time of day", "dark": "Dark", "light": "Light"},
		Version: "Version", Address: "Address", Network: "Network", Hardware: "Device", Name: "Name", Storage: "Free space", Licences: "Licences",
		On: "On", Off: "Off", Normal: "Normal", High: "High", Saved: "Saved", Failed: "Not saved. %s", SigningIn: "Signing in as %s", WhatToDo: "What to do",
		Detail: "Details for the administrator", Tries: "This phone tries again by itself at %s",
	},
	Asks: Asks{
		Title: "Question", SignInHead: "Sign this phone in?", SignInWhy: "%s wants it to use this account:",
		SignInNote: "Agree only if you started this on the computer just now. The phone keeps the sign-in data encrypted and shows it to nobody.",
		Agree:      Label{"Sign in", "Sign in"},
	},
	Pairing: Pairing{
		Title: "Pairing", Computer: "a computer", User: "User: %s", AskHead: "Pair with this computer?", AskWhy: "%s is on the cable and wants to control this phone.",
		AskNote:     "Pair only if you started this on that computer just now. Afterwards it can place and answer calls, and both lock together.",
		CompareHead: "Compare the digits", CompareWhy: "Does the computer show the same six?", CompareNote: "If %s shows others, somebody may be between you and it: press Different.",
		WaitWhy: "Confirmed here.", WaitNote: "Now confirm the digits on %s too.", DoneHead: "Paired", DoneWhy: "%s may control this phone from now on.",
		DoneNote: "Nothing is asked again when you plug the cable in. To end this, open Settings, Computers.",
		Faults: [phone.PairingFaultCount]Fault{
			phone.NoPairingFault:   {Head: "Not paired", Why: "Pairing did not come to its end.", Steps: [3]string{"Begin again on the computer with: odp pair"}},
			phone.PairingDeclined:  {Head: "Not paired", Why: "It was declined, here or on the computer.", Steps: [3]string{"If that was a mistake, begin again on the computer with: odp pair"}},
			phone.PairingTimedOut:  {Head: "Not paired", Why: "It took too long.", Steps: [3]string{"Begin again on the computer, and press a key on both within a minute"}},
			phone.PairingDifferent: {Head: "Not paired", Why: "Phone and computer did not prove the same.", Steps: [3]string{"Use a cable straight from the phone to the computer, and try once more. If it happens again, tell your administrator"}},
			phone.PairingTooOften:  {Head: "Too many attempts", Why: "The phone rests for ten minutes before it pairs again.", Steps: [3]string{"If it was not you, look at what is plugged into the phone"}},
			phone.PairingLost:      {Head: "Not paired", Why: "The cable was pulled, or the computer is gone.", Steps: [3]string{"Plug the cable in firmly and begin again on the computer"}},
			phone.PairingFull:      {Head: "Not paired", Why: "The phone can remember no further computer.", Steps: [3]string{"Forget one under Settings, Computers, then begin again"}},
		},
		Pair: Label{"Pair", "Pair"}, Same: Label{"Same", "Same"}, Different: Label{"Different", "Different"}, Cancel: Label{"Cancel", "Cancel"},
		Computers: "Computers", Connected: "connected", Never: "not seen yet", None: "No computer is paired", HowTo: "odp pair",
		ForgetWhy: "It can no longer control this phone until it is paired anew.", Forgotten: "Forgotten", Forget: Label{"Forget", "Forget"},
	},
	PC: PC{
		Title: "PC call", Audio: "PC audio", Ringing: "Your PC is ringing", RingingWhy: "Answer here and speak through this phone. The PC shows who calls.",
		Talking: "Your PC speaks through this phone", TalkingWhy: "Microphone and loudspeaker belong to the call on the PC.",
		Held: "The PC's call is on hold", HeldWhy: "Resume takes it back.", Muted: "You are muted", MutedWhy: "Nobody in the PC's call hears you.",
		NoControl: "The program on the PC does not answer this phone's keys. Use its window to hold, mute or end the call.",
		Volume:    "Volume %d", Mute: Label{"Mute", "Mute"}, Unmute: Label{"Unmute", "Unmute"},
	},
	Lock: Lock{
		Locked: "Locked", PCLocked: "PC locked", Type: "Type your PIN.", TypeOrPC: "Type your PIN, or unlock your PC.", Wrong: "That was not the PIN.",
		Wait: "Too many wrong PINs. Wait %s.", Hard: "Too many wrong PINs.", HardWhy: "Unlock your PC with the cable plugged in, then type the PIN.",
		StillWorks: "Calls ring. Emergency numbers always work.", Unlock: Label{"Unlock", "Unlock"}, Emergency: Label{"Emergency", "Emergency"},
		PIN: "PIN of the lock", NewPIN: "New PIN", Set: "set", Remove: "Remove the PIN", NotPIN: "A PIN has 4 to 8 digits.", Now: "Lock now",
	},
	Entry:     Entry{Space: "space", Letters: "abc", Figures: "123", For: "%s for %s"},
	Refusals:  englishRefusals,
	LineWords: []string{phone.LineOff: "Off", phone.LineRegistering: "Signing in", phone.LineRegistered: "Ready", phone.LineFailing: "No sign-in"},
	LineCards: englishFaults,
	FaultWord: []string{phone.NoFault: "No sign-in", phone.WrongPassword: "Wrong password", phone.RegistrarUnreachable: "No answer", phone.RegistrarRefused: "Refused",
		phone.NameUnknown: "Name unknown", phone.CertExpired: "Server refused", phone.CertNotYetValid: "Server refused", phone.CertWrongName: "Server refused",
		phone.CertUnknownAuthority: "Server refused", phone.TLSRefused: "No encryption"},
	Notices: englishNotices,
	Causes:  englishCauses,
	Paths:   [phone.PathCount]string{phone.Handset: "Handset", phone.Headset: "Headset", phone.Speaker: "Speaker"},
	Regions: map[string]string{"DE": "Germany", "AT": "Austria", "CH": "Switzerland", "GB": "United Kingdom", "US": "USA or Canada", "FR": "France", "NL": "Netherlands",
		"BE": "Belgium", "IT": "Italy", "ES": "Spain", "PL": "Poland", "FI": "Finland", "SE": "Sweden", "NO": "Norway", "DK": "Denmark", "IE": "Ireland", "PT": "Portugal",
		"CZ": "Czechia", "JP": "Japan", "CN": "China", "IN": "India", "AU": "Australia", "BR": "Brazil", "TR": "Türkiye", "RU": "Russia", "UA": "Ukraine", "LU": "Luxembourg"},
	Weekdays: [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
	Months: [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September",
		"October", "November", "December"},
	Date: func(c *Catalogue, t time.Time) string {
		return fmt.Sprintf("%s %d %s", c.Weekdays[t.Weekday()], t.Day(), c.Months[t.Month()-1])
	},
	DayMonth: func(c *Catalogue, t time.Time) string { return fmt.Sprintf("%d %s", t.Day(), c.Months[t.Month()-1]) },
}

var englishRefusals = [phone.RefusalCount]string{
	0:                 "That did not work.",
	phone.NoSuchCall:  "This call is over.",
	phone.NoSuchLine:  "This line is not set up.",
	phone.WrongState:  "That is not possible now.",
	phone.LineDown:    "This line is not signed in.",
	phone.TooMany:     "No room for another call. End one first.",
	phone.Busy:        "Not during a call. End it first.",
	phone.WrongNumber: "This number cannot be called.",
	phone.WrongValue:  "This value is out of range.",
	phone.Moving:      "This call is being handed over.",
	phone.ConfFull:    "The conference is full.",
	phone.Locked:      "The phone is locked.",
	phone.Stopped:     "The phone is restarting.",
}

var englishFaults = map[phone.LineFault]Fault{
	phone.NoFault: {"%s cannot sign in", "The reason is not known.",
		[3]string{"Wait a moment: the phone goes on trying", "Check server and user name under Settings, Lines", "Tell your administrator"}},
	phone.WrongPassword: {"%s cannot sign in", "The server did not accept the password.",
		[3]string{"Enter the password again", "Check the user name under Settings, Lines", "Ask your administrator for a new password"}},
	phone.RegistrarUnreachable: {"%s cannot sign in", "The server does not answer.",
		[3]string{"Check the network cable behind the phone", "Check the server's name under Settings, Lines", "Tell your administrator"}},
	phone.RegistrarRefused: {"%s cannot sign in", "The server does not take this account.",
		[3]string{"Check the user name under Settings, Lines", "Tell your administrator", ""}},
	phone.NameUnknown: {"%s cannot sign in", "The server's name is not known in this network.",
		[3]string{"Check the server's name under Settings, Lines", "Check the network cable behind the phone", "Tell your administrator"}},
	phone.CertExpired: {"We refused the server", "Its certificate has expired. Someone could be listening in, so no password was sent.",
		[3]string{"Tell your administrator: certificate expired", "Check that date and time of this phone are right", ""}},
	phone.CertNotYetValid: {"We refused the server", "Its certificate is not valid yet. Someone could be listening in, so no password was sent.",
		[3]string{"Check that date and time of this phone are right", "Tell your administrator: certificate not yet valid", ""}},
	phone.CertWrongName: {"We refused the server", "Its certificate is made out to another name. Someone could be listening in, so no password was sent.",
		[3]string{"Check the server's name under Settings, Lines", "Tell your administrator: certificate of another name", ""}},
	phone.CertUnknownAuthority: {"We refused the server", "Nobody we trust vouches for it. Someone could be listening in, so no password was sent.",
		[3]string{"Tell your administrator: certificate of an unknown authority", "A company's own authority can be added in the settings file", ""}},
	phone.TLSRefused: {"%s cannot sign in", "The server does not offer the encryption we ask for.",
		[3]string{"Tell your administrator: no encryption agreed", "Check the connection under Settings, Lines", ""}},
}

var englishNotices = [phone.NoticeCount]Fault{
	phone.NoSoundCard: {"There is no sound", "The phone finds no sound card. Calls still connect, but nobody hears anything.",
		[3]string{"Switch the phone off and on again", "If it stays silent, the device needs repair", "Tell your administrator"}},
	phone.StoreFull: {"The storage is full", "Calls and contacts are not saved. Calling still works.",
		[3]string{"Delete contacts you no longer need", "Tell your administrator", ""}},
	phone.SettingsInvalid: {"A settings file was refused", "The settings that worked last stay in force.",
		[3]string{"Correct the place named below", "The phone reads the file again when it starts", ""}},
	phone.NoNetwork: {"No network", "Calls are not possible until the network is back.",
		[3]string{"Check the network cable behind the phone", "Check the switch or wall socket", "Tell your administrator"}},
}

var englishCauses = map[phone.Cause]Cause{
	phone.NoCause:      {"%s was not reached", "The network gave no reason.", "Call again in a moment."},
	phone.Rejected:     {"%s declined", "They do not take the call now.", "Call again later."},
	phone.UserBusy:     {"%s is busy", "They are in another call.", "Call again in a few minutes."},
	phone.NoAnswer:     {"%s did not answer", "It rang there, nobody picked up.", "Call again later."},
	phone.NotFound:     {"This number is not in use", "The network does not know it.", "Check the number and call again."},
	phone.NotAllowed:   {"This call is not allowed", "The server does not let this line call there.", "Ask your administrator."},
	phone.Unreachable:  {"%s cannot be reached", "The network gave no answer.", "Call again in a moment."},
	phone.Incompatible: {"No common sound format", "The other phone and this one do not agree how to talk.", "Tell your administrator."},
	phone.ServerError:  {"%s was not reached", "The network refused the call.", "Call again in a moment."},
}
