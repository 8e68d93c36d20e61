package phone

import "time"

// Record is a call as the log keeps it: one of this phone, or one that a computer has told of. What says nothing
// takes no room in a file.
type Record struct {
	ID           string // in the log; given by who keeps it
	Call         CallID `json:",omitzero"`
	Line         LineID `json:",omitzero"`
	Dir          Dir    `json:",omitzero"`
	Remote       Peer   `json:",omitzero"`
	ForwardedBy  Peer   `json:",omitzero"`
	ForwardedTo  Peer   `json:",omitzero"` // whom the call was sent on to, or whom the far side was handed over to
	Proof        Proof  `json:",omitzero"`
	Began        time.Time
	Answered     time.Time `json:",omitzero"` // zero: it was not
	Ended        time.Time
	Cause        Cause  `json:",omitzero"`
	Reason       string `json:",omitzero"` // words of the network for Cause
	Conversation string `json:",omitzero"`
	Note         string `json:",omitzero"` // what a person wrote to the call
	Quality      string `json:",omitzero"` // how it sounded, in the words of audio/quality; empty: not measured
	PC           string `json:",omitzero"` // the computer it was on; empty: this phone
	Owner        string `json:",omitzero"` // the pairing of that computer
	Mode         Mode   `json:",omitzero"`
}

// Mode is a way of conversing.
type Mode uint8

// The modes.
const (
	Voice Mode = iota
	Video
	Messages
	ModeCount
)

var modeNames = [ModeCount]string{"voice", "video", "messages"}

// String gives the mode in a word.
func (m Mode) String() string { return name(modeNames[:], m) }

// Outcome says how a call went, in the one way that people ask for it.
type Outcome uint8

// The outcomes.
const (
	WasAnswered   Outcome = iota
	WasMissed             // it came in, and nobody answered it anywhere
	WasElsewhere          // it came in, and another device answered it
	WasForwarded          // it came in, and was sent on
	WasDeclined           // it came in, and a person declined it
	WasUnanswered         // it went out, and nobody answered, or the caller gave up
	HasFailed             // it went out, and could not come about
	OutcomeCount
)

var outcomeNames = [OutcomeCount]string{"answered", "missed", "answered elsewhere", "forwarded", "declined", "not answered", "failed"}

// String gives the outcome in a word or two.
func (o Outcome) String() string { return name(outcomeNames[:], o) }

// Outcome tells how the call went.
func (r *Record) Outcome() Outcome {
	switch {
	case !r.Answered.IsZero():
		return WasAnswered
	case r.Dir == Outgoing && (r.Cause == LocalHangup || r.Cause == NoAnswer):
		return WasUnanswered
	case r.Dir == Outgoing:
		return HasFailed
	case r.Cause == Elsewhere:
		return WasElsewhere
	case r.Cause == HandedOver:
		return WasForwarded
	case r.Cause == Rejected:
		return WasDeclined
	}
	return WasMissed
}

// Missed tells whether the call is one to call back.
func (r *Record) Missed() bool { return r.Outcome() == WasMissed }

// Talked is how long they talked.
func (r *Record) Talked() time.Duration {
	if r.Answered.IsZero() {
		return 0
	}
	return max(0, r.Ended.Sub(r.Answered))
}

// Conversation is all that was said in one conversation, on whatever device and in whatever mode.
type Conversation struct {
	ID     string    // empty: one call, of which no conversation is known
	Calls  []*Record // newest first
	Of     [OutcomeCount]int
	Talked time.Duration
}

// Conversations groups a log that is sorted newest first, by the names the calls bear. The conversation in which
// something happened last comes first. The records are not copied: it costs some words a call.
func Conversations(log []Record) []Conversation {
	out := make([]Conversation, 0, len(log))
	index := make(map[string]int, len(log))
	for i := range log {
		r := &log[i]
		at, known := index[r.Conversation]
		if !known || r.Conversation == "" {
			at = len(out)
			index[r.Conversation] = at
			out = append(out, Conversation{ID: r.Conversation})
		}
		c := &out[at]
		c.Calls = append(c.Calls, r)
		c.Of[r.Outcome()]++
		c.Talked += r.Talked()
	}
	return out
}

// Unseen counts what came in while nobody was there, until the log is looked at.
type Unseen struct{ Missed, Elsewhere, Forwarded int }

// count counts a call that has ended.
func (u *Unseen) count(r *Record) bool {
	switch r.Outcome() {
	case WasMissed:
		u.Missed++
	case WasElsewhere:
		u.Elsewhere++
	case WasForwarded:
		u.Forwarded++
	default:
		return false
	}
	return true
}

func (u *Unseen) add(more Unseen) {
	u.Missed += clampCount(more.Missed)
	u.Elsewhere += clampCount(more.Elsewhere)
	u.Forwarded += clampCount(more.Forwarded)
}

// clampCount takes a number of calls out of a memory that may be damaged.
func clampCount(n int) int { return max(0, min(n, maxRecalled)) }

func (t *step) log(c *Call) {
	if c.Dir == Outgoing && c.Remote == (Peer{}) || c.Shadow || c.Page != 0 || c.Joins != 0 && c.Answered.IsZero() { // nothing was dialled, or not by anybody, or a colleague was not let in
		return
	}
	r := Record{Call: c.ID, Line: c.Line, Dir: c.Dir, Remote: c.Remote, Began: c.Began, Answered: c.Answered,
		ForwardedBy: c.ForwardedBy, ForwardedTo: t.sentTo(c), Proof: c.Proof,
		Ended: t.now, Cause: c.Cause, Reason: c.Reason, Conversation: c.Conversation}
	t.do(LogCall{Record: r})
	if t.Unseen.count(&r) {
		t.changed(MissedChanged)
	}
}

// sentTo is whom a call was sent on to, or its far side handed over to.
func (t *step) sentTo(c *Call) Peer {
	p := t.Call(c.With)
	switch {
	case c.Cause != HandedOver || c.ForwardedTo != (Peer{}):
		return c.ForwardedTo
	case p != nil:
		return p.Remote
	case c.MoveTarget != "":
		return Peer{Number: c.MoveTarget, URI: c.MoveTarget}
	}
	return Peer{}
}
