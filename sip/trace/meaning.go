package trace

// Meaning is what a step of a ladder means to the person whose phone it is.
type Meaning uint8

// The meanings: requests, responses, and from Hears on what became of the sound.
const (
	NoMeaning    Meaning = iota
	Calls                // INVITE
	CallsProven          // INVITE with Authorization
	TakesPlace           // INVITE with Replaces (RFC 3891)
	Holds                // re-INVITE, sendonly or inactive
	Resumes              // re-INVITE after Holds
	Changes              // re-INVITE or UPDATE with another session
	Refreshes            // re-INVITE or UPDATE that changes nothing (RFC 4028)
	Confirms             // ACK of a 2xx
	NotesRefusal         // ACK of a refusal
	GivesUp              // CANCEL
	HangsUp              // BYE
	SignsIn              // REGISTER
	SignsInProven
	SignsOut      // REGISTER with Expires: 0
	TakesNote     // PRACK
	PressesKey    // INFO with a key press; which one was not kept
	Informs       // INFO or MESSAGE else
	Refers        // REFER
	Tells         // NOTIFY
	Looks         // OPTIONS
	Asks          // every other request
	Works         // 100
	Rings         // 180
	PassedOn      // 181
	Progresses    // every other 1xx
	EarlySound    // 1xx with a session description
	Answers       // 2xx to Calls
	Agrees        // every other 2xx
	SignedIn      // 2xx to SignsIn
	SignedOut     // 2xx to SignsOut
	Elsewhere     // 3xx
	WantsPassword // 401, 407
	WrongPassword // 401, 407 to what had proven the password
	Forbidden     // 403
	NotFound      // 404, 410, 484, 604
	TimedOut      // 408, 504
	NoCommonSound // 415, 488, 606
	WantsLonger   // 422, 423
	Away          // 480
	Forgotten     // 481
	Loops         // 482, 483
	Busy          // 486, 600
	Over          // 487
	Crossed       // 491
	Declines      // 603
	ServerFault   // every other 5xx
	Refuses       // every other refusal
	NotReached    // no message: the server could not be found, connected to or believed, or did not answer; the text is why
	Hears         // the first packet of the far side was taken
	Heard         // our first packet was sent
	Encrypted     // SRTP from now on; the text is the suite
	Plain         // no SRTP from now on
	NewCodec      // the text is the codec
	NewWay        // the far side sends from another address, the text
	Gaps          // the text is the share that was lost
	SoundLost     // nothing came for seconds
	SoundBack
	MeaningCount
)

// Saying says a meaning in words: of a step of ours, of theirs, and what to do about it. What cannot happen
// or needs nothing is empty.
type Saying struct{ Ours, Theirs, Do string }

// English are the words of exported texts, and of the screen where it is English.
var English = [MeaningCount]Saying{
	NoMeaning:     {"Something is sent", "Something comes", ""},
	Calls:         {"Your phone calls", "The other side calls", ""},
	CallsProven:   {"Your phone calls again, password proven", "The other side calls", ""},
	TakesPlace:    {"Your phone takes over a call", "The other side takes over a call", ""},
	Holds:         {"Your phone puts the call on hold", "The other side puts the call on hold", ""},
	Resumes:       {"Your phone takes the call back", "The other side takes the call back", ""},
	Changes:       {"Your phone changes how sound travels", "The other side changes how sound travels", ""},
	Refreshes:     {"Your phone shows that the call stands", "The other side shows that the call stands", ""},
	Confirms:      {"Your phone confirms the answer", "The other side confirms the answer", ""},
	NotesRefusal:  {"Your phone reads the refusal (normal)", "The other side reads the refusal (normal)", ""},
	GivesUp:       {"Your phone gives the call up", "The caller gives the call up", ""},
	HangsUp:       {"Your phone hangs up", "The other side hangs up", ""},
	SignsIn:       {"Your phone signs in", "", ""},
	SignsInProven: {"Your phone signs in, password proven", "", ""},
	SignsOut:      {"Your phone signs out", "", ""},
	TakesNote:     {"Your phone has read that (normal)", "The other side has read that (normal)", ""},
	PressesKey:    {"A key press is sent (not which one)", "A key press comes (not which one)", ""},
	Informs:       {"Your phone sends a note", "The other side sends a note", ""},
	Refers:        {"Your phone sends them to somebody else", "They send your phone to somebody else", ""},
	Tells:         {"Your phone tells how the transfer goes", "The other side tells how the transfer goes", ""},
	Looks:         {"Your phone asks if the other side is there", "The other side asks if your phone is there", ""},
	Asks:          {"Your phone asks for something else", "The other side asks for something else", ""},
	Works:         {"Your phone works on it", "The server works on it", ""},
	Rings:         {"Your phone rings", "The other side's phone rings", ""},
	PassedOn:      {"The call is passed on to somebody else", "The call is passed on to somebody else", ""},
	Progresses:    {"Your phone is getting on with the call", "The call is getting on", ""},
	EarlySound:    {"Your phone sends sound before the answer", "Sound comes before the answer", ""},
	Answers:       {"You answer", "The other side answers", ""},
	Agrees:        {"Your phone agrees", "The other side agrees", ""},
	SignedIn:      {"", "The server has signed you in", ""},
	SignedOut:     {"", "The server has signed you out", ""},
	Elsewhere:     {"Your phone names another address", "The server names another address", ""},
	WantsPassword: {"", "The server asks for your password (normal)", ""},
	WrongPassword: {"", "The server refuses the password", "Enter the password again."},
	Forbidden:     {"Your phone does not allow it", "The server does not allow it", "Ask what this account may do."},
	NotFound:      {"Your phone does not know this number", "This number does not exist there", "Check the number."},
	TimedOut:      {"Your phone got no answer in time", "Nobody answers in time", "Try again later."},
	NoCommonSound: {"Your phone cannot take this kind of sound", "The other side cannot take this kind of sound", "Compare codecs and encryption."},
	WantsLonger:   {"Your phone asks for more time (normal)", "More time is asked for (normal)", ""},
	Away:          {"Nobody answers at your phone", "The other side cannot be reached now", "Try again later."},
	Forgotten:     {"Your phone knows no such call", "The call is not known there any more", "If it happens often, tell the operator."},
	Loops:         {"The call runs in a circle", "The call runs in a circle", "Tell the operator of the circle."},
	Busy:          {"Your phone says it is busy", "The other side is busy", "Try again later."},
	Over:          {"The call is over before an answer (normal)", "The call is over before an answer (normal)", ""},
	Crossed:       {"Both sides changed at once (normal)", "Both sides changed at once (normal)", ""},
	Declines:      {"You decline", "The other side declines", ""},
	ServerFault:   {"Your phone cannot do it", "The server cannot do it", "Try later, or tell the operator the code."},
	Refuses:       {"Your phone refuses", "It is refused", "Tell the operator the code."},
	NotReached:    {"", "The server was not reached", ""},
	Hears:         {"", "You hear the other side", ""},
	Heard:         {"The other side can hear you", "", ""},
	Encrypted:     {"Sound is encrypted", "", ""},
	Plain:         {"Sound is not encrypted", "", ""},
	NewCodec:      {"Sound is coded another way", "", ""},
	NewWay:        {"", "Sound comes from another address", ""},
	Gaps:          {"", "Sound has gaps", "Sound shows where they come from."},
	SoundLost:     {"", "No sound comes", "Check the cable, or ask about a firewall."},
	SoundBack:     {"", "Sound comes again", ""},
}

// Of is the sentence for a step of ours or of theirs.
func (s *Saying) Of(out bool) string {
	if out && s.Ours != "" || s.Theirs == "" {
		return s.Ours
	}
	return s.Theirs
}
