package phone

import "time"

// QuestionKind says what the person at the phone is asked.
type QuestionKind uint8

// The questions; NoQuestion is none.
const (
	NoQuestion QuestionKind = iota
	SignInQuestion
	questionKindCount
)

// Question is something that only the person at the phone may decide: whoever asked from outside (a
// computer with every right there is) waits for a key. One question stands at a time.
type Question struct {
	Ref     Ref          // the asker's own name for it
	Kind    QuestionKind // NoQuestion: none stands
	From    string       // who asks, as to be shown
	Subject string       // SignInQuestion: the address of record to sign in as
	Since   time.Time
}

// Verdict is how a question ended.
type Verdict uint8

// The verdicts.
const (
	Declined Verdict = iota
	Agreed
	Unanswered // nobody came within AnswerTime
)

// AnswerTime is how long a person has for an answer: to a question, and to each that pairing asks.
const AnswerTime = time.Minute

// The inputs and the effect of questions.
type (
	// Ask puts a question before the person at the phone; QuestionAnswered tells the verdict.
	Ask struct {
		cmd
		Ref     Ref
		Kind    QuestionKind
		From    string
		Subject string
	}
	// AnswerQuestion is the key: the question called Ref is agreed to or declined.
	AnswerQuestion struct {
		cmd
		Ref Ref
		Yes bool
	}
	// QuestionDropped: whoever asked is gone, and the question with him.
	QuestionDropped struct {
		evt
		Ref Ref
	}
	// QuestionAnswered tells the asker how his question ended.
	QuestionAnswered struct {
		fx
		Ref     Ref
		Verdict Verdict
	}
)

func (t *step) ask(in Ask) error {
	switch {
	case in.Kind == NoQuestion || in.Kind >= questionKindCount || in.Ref == 0:
		return WrongValue
	case t.Lock.Kind != Unlocked:
		return Locked
	case t.Question.Kind != NoQuestion:
		return Busy
	}
	t.Question = Question{Ref: in.Ref, Kind: in.Kind, From: in.From, Subject: in.Subject, Since: t.now}
	t.do(StartTimer{ID: TimerID{Kind: QuestionTime}, After: AnswerTime})
	t.changed(QuestionChanged)
	return nil
}

func (t *step) answerQuestion(in AnswerQuestion) error {
	if t.Question.Kind == NoQuestion || t.Question.Ref != in.Ref {
		return WrongState
	}
	verdict := Declined
	if in.Yes {
		verdict = Agreed
	}
	t.do(QuestionAnswered{Ref: in.Ref, Verdict: verdict})
	t.dropQuestion(in.Ref)
	return nil
}

// dropQuestion takes a question from the screen.
func (t *step) dropQuestion(ref Ref) {
	if t.Question.Kind == NoQuestion || t.Question.Ref != ref {
		return
	}
	t.Question = Question{}
	t.do(StopTimer{ID: TimerID{Kind: QuestionTime}})
	t.changed(QuestionChanged)
}

func (t *step) questionTimedOut() {
	if ref := t.Question.Ref; t.Question.Kind != NoQuestion {
		t.do(QuestionAnswered{Ref: ref, Verdict: Unanswered})
		t.dropQuestion(ref)
	}
}
