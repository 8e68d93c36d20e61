package tpcp

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"opendeskphone/audio/quality"
	"opendeskphone/firmware/phone"
)

// Limits of the methods on the log.
const (
	maxDeleted  = 100             // calls at once
	maxImported = 100             // calls at once
	maxAhead    = 5 * time.Minute // by which the computer's clock may be ahead of the phone's
)

// logList converts the calls of the page alone: the log may be long.
func logList(r *request, p LogParams) (any, error) {
	var all []*phone.Record
	log := r.server.services.Log.Calls()
	for i := range log {
		c := &log[i]
		if (p.Since == nil || c.Ended.After(p.Since.Time)) && (p.ConversationID == "" || c.Conversation == p.ConversationID) {
			all = append(all, c)
		}
	}
	if p.Limit < 0 || p.Limit > 100 || p.Skip < 0 {
		return nil, refuse(CodeBadParams, "limit is 1 to 100, skip is not negative")
	}
	rest := all[min(p.Skip, len(all)):]
	shown := make([]LogEntry, 0, 100)
	for _, c := range rest[:min(len(rest), 100)] {
		e := Logged(*c)
		if p.Full {
			e.Sound = c.Quality
		}
		shown = append(shown, e)
	}
	calls, _, err := page(shown, 0, p.Limit)
	return LogResult{calls, len(all), len(calls) < len(rest)}, err
}

var outcomes = [phone.OutcomeCount]string{
	phone.WasAnswered: "answered", phone.WasMissed: "missed", phone.WasElsewhere: "elsewhere", phone.WasForwarded: "forwarded", phone.WasDeclined: "declined",
	phone.WasUnanswered: "unanswered", phone.HasFailed: "failed",
}

var modes = [phone.ModeCount]string{phone.Voice: "voice", phone.Video: "video", phone.Messages: "im"}

// Logged shows a call of the log.
func Logged(r phone.Record) LogEntry {
	e := LogEntry{
		LogID: r.ID, LineID: lineID(r.Line), Dir: "out", URI: cut(r.Remote.URI), Number: cut(r.Remote.Number),
		Display: cut(r.Remote.Name), BeganAt: Time{r.Began}, AnsweredAt: moment(r.Answered), EndedAt: Time{r.Ended},
		Cause: causeName(r.Cause), Reason: cut(r.Reason), Outcome: outcomes[r.Outcome()], Missed: r.Missed(), ConversationID: cut(r.Conversation),
		Note: r.Note, PC: cut(r.PC), Mode: modes[r.Mode],
	}
	e.ForwardedBy, e.ForwardedTo, e.Withheld, e.Verified, e.Attest, e.Doubt = party(r.ForwardedBy), party(r.ForwardedTo), r.Remote.Hidden, verified(r.Proof), r.Proof.Attest, doubts[r.Proof.Doubt]
	if q, ok := quality.ParseSummary(r.Quality); ok {
		e.MOS, e.Fault = math.Round(100*float64(q.LQ))/100, q.Fault.Name()
	}
	if r.Dir == phone.Incoming {
		e.Dir = "in"
	}
	return e
}

// place finds a word in a list of names; what is not there is refused.
func place[T ~uint8](what, word string, names []string) (T, error) {
	i := slices.Index(names, word)
	if i < 0 {
		return 0, refuse(CodeBadParams, fmt.Sprintf("there is no %s %q", what, word))
	}
	return T(i), nil
}

// record reads a call that Logged has shown; what follows from the rest is not read. Texts are bounded by who keeps it.
func (e *LogEntry) record() (r phone.Record, err error) {
	line := parseLine(e.LineID)
	if line == phone.MaxLines {
		return r, refuse(CodeBadParams, fmt.Sprintf("no phone has a line %q", e.LineID))
	}
	r = phone.Record{ID: e.LogID, Line: line, Remote: phone.Peer{Name: e.Display, Number: e.Number, URI: e.URI, Hidden: e.Withheld},
		ForwardedBy: e.ForwardedBy.peer(), ForwardedTo: e.ForwardedTo.peer(), Proof: phone.Proof{Attest: e.Attest, Here: e.Verified == VerifiedPassport},
		Began: e.BeganAt.Time, Ended: e.EndedAt.Time, Reason: e.Reason, Conversation: e.ConversationID, Note: e.Note, Quality: e.Sound, PC: e.PC}
	if e.AnsweredAt != nil {
		r.Answered = e.AnsweredAt.Time
	}
	if _, ok := quality.ParseSummary(e.Sound); e.Sound != "" && !ok {
		return r, refuse(CodeBadParams, "sound is no summary of a call's sound")
	}
	if e.ConversationID != "" && !isID(e.ConversationID) {
		return r, refuse(CodeBadParams, "conversationId is no name of a conversation")
	}
	if r.Dir, err = place[phone.Dir]("dir", e.Dir, []string{phone.Outgoing: "out", phone.Incoming: "in"}); err != nil {
		return r, err
	}
	if r.Cause, err = place[phone.Cause]("cause", e.Cause, causes[:]); err != nil {
		return r, err
	}
	if r.Mode, err = place[phone.Mode]("mode", e.Mode, modes[:]); err != nil {
		return r, err
	}
	if r.Proof.Doubt, err = place[phone.Doubt]("doubt", e.Doubt, doubts[:]); err != nil {
		return r, err
	}
	r.Proof.Verdict, err = place[phone.NumberVerdict]("verdict", e.Verified, verdictNames)
	if e.Verified == VerifiedPassport {
		r.Proof.Verdict, err = phone.Verified, nil
	}
	return r, err
}

// verdictNames are the words of the verdicts; who has found out is another matter.
var verdictNames = []string{phone.NotChecked: VerifiedNone, phone.Verified: VerifiedNetwork, phone.NotVerified: VerifiedFailed}

// peer reads a party; nil is nobody.
func (p *Party) peer() phone.Peer {
	if p == nil {
		return phone.Peer{}
	}
	return phone.Peer{Name: p.Display, Number: p.Number, URI: p.URI}
}

// logAdd takes what the computer tells of itself: a call of a program there, messages, video. It stands under the
// computer's name, whatever it says.
func logAdd(r *request, p LogAddParams) (any, error) {
	e := LogEntry{LogID: p.LogID, LineID: lineID(0), Dir: p.Dir, URI: p.URI, Number: p.Number, Display: p.Display, BeganAt: p.BeganAt, AnsweredAt: p.AnsweredAt,
		EndedAt: p.EndedAt, Cause: p.Cause, ConversationID: p.ConversationID, Note: p.Note, Mode: p.Mode, Verified: VerifiedNone}
	if e.Cause == "" {
		e.Cause = causeName(phone.NoCause)
	}
	c, err := e.record()
	if err != nil {
		return nil, err
	}
	switch {
	case c.Ended.Before(c.Began) || c.Ended.After(r.now.Add(maxAhead)):
		return nil, refuse(CodeBadParams, "endedAt is before beganAt, or later than now by the phone's clock")
	case !c.Answered.IsZero() && (c.Answered.Before(c.Began) || c.Answered.After(c.Ended)):
		return nil, refuse(CodeBadParams, "answeredAt is not between beganAt and endedAt")
	case c.Remote.URI == "" && c.Remote.Number == "" || isText(p.Note):
		return nil, refuse(CodeBadParams, "uri or number must say who it was, and the note holds no control characters")
	}
	if c.Owner, c.PC = r.pairing.ID, cut(r.pairing.Name); c.PC == "" {
		c.PC = "PC"
	}
	id, err := r.server.services.Log.AddPC(c)
	if err != nil {
		return nil, err
	}
	r.logChanged()
	return LogIDResult{id}, nil
}

func isText(note string) bool { return strings.ContainsFunc(note, isControl) }

func logNote(r *request, p LogNoteParams) (any, error) {
	if len(p.Text) > maxNote || isText(p.Text) {
		return nil, refuse(CodeBadParams, "text is at most 512 bytes without control characters")
	}
	if err := r.server.services.Log.NoteLogged(p.LogID, p.Text); err != nil {
		return nil, err
	}
	r.logChanged()
	return LogIDResult{p.LogID}, nil
}

func logDelete(r *request, p LogDeleteParams) (any, error) {
	if len(p.LogIDs) == 0 || len(p.LogIDs) > maxDeleted {
		return nil, refuse(CodeBadParams, "logIds are 1 to 100")
	}
	n := r.server.services.Log.DeleteCalls(p.LogIDs...)
	if n > 0 {
		r.logChanged()
	}
	return LogDeleted{n}, nil
}

func logImport(r *request, p LogImportParams) (any, error) {
	if len(p.Calls) == 0 || len(p.Calls) > maxImported {
		return nil, refuse(CodeBadParams, "calls are 1 to 100")
	}
	in := make([]phone.Record, len(p.Calls))
	for i := range p.Calls {
		var err error
		if in[i], err = p.Calls[i].record(); err == nil && isText(in[i].Note) {
			err = refuse(CodeBadParams, "a note holds control characters")
		}
		if err != nil {
			e := asError(err)
			return nil, refuse(e.Code, fmt.Sprintf("%s (call %d)", e.Message, i+1))
		}
	}
	added, known, err := r.server.services.Log.Import(in)
	if err != nil {
		return nil, err
	}
	if added > 0 {
		r.logChanged()
	}
	return LogImported{added, known}, nil
}

// logChanged tells all that the log is another.
func (r *request) logChanged() {
	r.server.tellNews(news{topic: "log", name: NotifyLogChanged, by: r.session.origin})
}
