package phone

import "testing"

func TestOneQuestionAtATimeAndTheAskerLearnsTheVerdict(t *testing.T) {
	b := oneLine(t)
	ask := Ask{Ref: 7, Kind: SignInQuestion, From: "laptop", Subject: "sip:anna@example.com"}
	verdict := func() (v []Verdict) {
		for _, e := range b.effects {
			if a, ok := e.(QuestionAnswered); ok && a.Ref == 7 {
				v = append(v, a.Verdict)
			}
		}
		return v
	}
	for name, c := range map[string]struct {
		in   Input
		want []Verdict
	}{
		"yes":          {AnswerQuestion{Ref: 7, Yes: true}, []Verdict{Agreed}},
		"no":           {AnswerQuestion{Ref: 7}, []Verdict{Declined}},
		"nobody there": {TimerFired{ID: TimerID{Kind: QuestionTime}}, []Verdict{Unanswered}},
		"asker left":   {QuestionDropped{Ref: 7}, nil},
	} {
		b.do(ask)
		if q := b.s.Question; q.From != "laptop" || q.Subject != ask.Subject || q.Since.IsZero() {
			t.Fatalf("%s: asked %+v", name, q)
		}
		if err := b.try(Ask{Ref: 8, Kind: SignInQuestion}); err != Busy {
			t.Errorf("%s: a second question: %v", name, err)
		}
		if err := b.try(AnswerQuestion{Ref: 8, Yes: true}); err != WrongState {
			t.Errorf("%s: another's question: %v", name, err)
		}
		b.do(c.in)
		if got := verdict(); len(got) != len(c.want) || len(got) == 1 && got[0] != c.want[0] {
			t.Errorf("%s: verdict %v, want %v", name, got, c.want)
		}
		if b.s.Question != (Question{}) {
			t.Errorf("%s: still asked %+v", name, b.s.Question)
		}
	}
	if err := b.try(Ask{Ref: 1}); err != WrongValue {
		t.Errorf("no kind: %v", err)
	}
}
