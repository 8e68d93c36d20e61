package phone

// Refusal is the answer to a command that cannot be done now. Each controller has one table that
// turns it into its own words.
type Refusal uint8

// The refusals.
const (
	NoSuchCall Refusal = iota + 1
	NoSuchLine
	WrongState  // the call is not in a state for this
	LineDown    // the line cannot call now
	TooMany     // MaxCalls are going on
	Busy        // not during a call
	WrongNumber // nothing typed, or the digit map has no such number
	WrongValue  // out of range
	Moving      // the call is being handed over, or has been
	ConfFull    // MaxConf are in the conference
	Locked      // not while the phone is locked
	Forbidden   // the settings do not allow it
	Recorded    // another call is being recorded
	NoMailbox   // no mailbox of the line is known
	Stopped     // the phone is shutting down
	RefusalCount
)

var refusalText = [RefusalCount]string{
	NoSuchCall: "no such call", NoSuchLine: "no such line", WrongState: "not possible in this state",
	LineDown: "line cannot call now", TooMany: "too many calls", Busy: "not during a call",
	WrongNumber: "number cannot be dialled", WrongValue: "value out of range", Moving: "call is being handed over",
	ConfFull: "conference is full", Locked: "phone is locked", Stopped: "phone is shutting down",
	Forbidden: "not allowed by the settings", Recorded: "another call is being recorded",
	NoMailbox: "line has no mailbox",
}

// Error gives the refusal in plain words, for logs; screens have sentences of their own.
func (r Refusal) Error() string { return name(refusalText[:], r) }
