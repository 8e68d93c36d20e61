package phone

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestOutcomes(t *testing.T) {
	for _, r := range []struct {
		in   Record
		want Outcome
	}{
		{Record{Dir: Incoming, Answered: noon, Cause: RemoteHangup}, WasAnswered}, {Record{Answered: noon, Cause: HandedOver}, WasAnswered},
		{Record{Dir: Incoming, Cause: Cancelled}, WasMissed}, {Record{Dir: Incoming, Cause: NoAnswer}, WasMissed},
		{Record{Dir: Incoming, Cause: Elsewhere}, WasElsewhere}, {Record{Dir: Incoming, Cause: HandedOver}, WasForwarded}, {Record{Dir: Incoming, Cause: Rejected}, WasDeclined},
		{Record{Cause: LocalHangup}, WasUnanswered}, {Record{Cause: NoAnswer}, WasUnanswered}, {Record{Cause: UserBusy}, HasFailed}, {Record{Cause: Unreachable}, HasFailed},
	} {
		if got := r.in.Outcome(); got != r.want || r.in.Missed() != (got == WasMissed) {
			t.Errorf("%+v is %v, want %v", r.in, got, r.want)
		}
	}
}

// shown writes conversations as their names and calls.
func shown(all []Conversation) string {
	var out []string
	for _, c := range all {
		var ids []string
		for _, r := range c.Calls {
			ids = append(ids, r.ID)
		}
		out = append(out, c.ID+": "+strings.Join(ids, " "))
	}
	return strings.Join(out, "; ")
}

// TestConversationsAreGrouped: a call back is part of the conversation of the call that was missed; calls of which no conversation
// is known stay by themselves.
func TestConversationsAreGrouped(t *testing.T) {
	log := []Record{
		{ID: "5", Conversation: "a", Answered: noon, Ended: noon.Add(time.Minute)}, {ID: "4"}, {ID: "3", Conversation: "b", PC: "desk", Mode: Messages, Answered: noon, Ended: noon.Add(time.Hour)},
		{ID: "2", Conversation: "a", Dir: Incoming, Cause: Cancelled}, {ID: "1"},
	}
	all := Conversations(log)
	if got, want := shown(all), "a: 5 2; : 4; b: 3; : 1"; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	if a := all[0]; a.Of[WasAnswered] != 1 || a.Of[WasMissed] != 1 || a.Talked != time.Minute {
		t.Errorf("%+v", a)
	}
	if len(Conversations(nil)) != 0 {
		t.Error("nothing has conversations")
	}
}

// FuzzConversations: whatever strangers call their conversations, each call is in exactly one, and the order is that of the log.
func FuzzConversations(f *testing.F) {
	f.Add("a,b,a,,a,")
	f.Add(",,,")
	f.Fuzz(func(t *testing.T, names string) {
		var log []Record
		for i, n := range strings.Split(names, ",") {
			log = append(log, Record{ID: fmt.Sprint(i), Conversation: n})
		}
		n, last := 0, -1
		for _, c := range Conversations(log) {
			at := slices.IndexFunc(log, func(r Record) bool { return r.ID == c.Calls[0].ID })
			if at <= last || c.ID == "" && len(c.Calls) != 1 {
				t.Fatalf("%q: %s", names, shown(Conversations(log)))
			}
			last = at
			n += len(c.Calls)
			for _, r := range c.Calls {
				if r.Conversation != c.ID {
					t.Fatalf("%q: a call of %q is in %q", names, r.Conversation, c.ID)
				}
			}
		}
		if n != len(log) {
			t.Fatalf("%q: %d calls of %d", names, n, len(log))
		}
	})
}

// TestGroupingCostsLittle: a full log is grouped without copying its calls.
func TestGroupingCostsLittle(t *testing.T) {
	log := make([]Record, 2000)
	for i := range log {
		log[i].Conversation = fmt.Sprint(i / 2)
	}
	all := Conversations(log)
	if len(all) != 1000 || all[7].Calls[1] != &log[15] {
		t.Errorf("%d conversations, and the calls are not those of the log", len(all))
	}
}

func logged(b *bench) (r Record) {
	for _, e := range b.effects {
		if l, ok := e.(LogCall); ok {
			r = l.Record
		}
	}
	return r
}

// TestTheLogTellsWhoTookACall: answered elsewhere and sent on are neither missed nor alike.
func TestTheLogTellsWhoTookACall(t *testing.T) {
	b := oneLine(t)
	b.do(Invited{Remote: anna}, Byed{Call: 1, Cause: Elsewhere, Reason: "Call completed elsewhere"})
	if r := logged(b); r.Outcome() != WasElsewhere || r.Reason != "Call completed elsewhere" {
		t.Errorf("%+v", r)
	}
	b.do(Invited{Remote: anna}, Deflect{Call: 2, Target: "300"})
	if r := logged(b); r.Outcome() != WasForwarded || r.ForwardedTo != (Peer{Number: "300", URI: "300"}) {
		t.Errorf("%+v", r)
	}
	b.do(Invited{Remote: anna}, Byed{Call: 3, Cause: Cancelled})
	if b.s.Unseen != (Unseen{Missed: 1, Elsewhere: 1, Forwarded: 1}) {
		t.Errorf("%+v", b.s.Unseen)
	}
	b.do(SeeMissed{}, Recalled{Unseen: Unseen{Elsewhere: 2, Forwarded: 1 << 30}})
	if b.s.Unseen != (Unseen{Elsewhere: 2, Forwarded: maxRecalled}) {
		t.Errorf("%+v", b.s.Unseen)
	}
}

// TestTheLogTellsWhereWeWereSent: who is called sends us on, or is handed over.
func TestTheLogTellsWhereWeWereSent(t *testing.T) {
	bo := Peer{Number: "300", URI: "sip:300@pbx.example"}
	b := oneLine(t)
	b.do(Dial{Number: "200"}, Redirected{Call: 1, To: bo}, Accepted{Call: 1}, Byed{Call: 1, Cause: RemoteHangup})
	if r := logged(b); r.ForwardedTo != bo || r.Outcome() != WasAnswered {
		t.Errorf("%+v", r)
	}
	b = able(t, "Talking")
	b.do(Transfer{Call: 1, Target: "300"}, Moved{Call: 1})
	if r := logged(b); r.ForwardedTo.Number != "300" || r.Cause != HandedOver {
		t.Errorf("%+v", r)
	}
	b = able(t, "Held Talking")
	b.do(CompleteTransfer{Call: 1, Consult: 2}, Moved{Call: 1})
	if r := logged(b); reflect.DeepEqual(r.ForwardedTo, Peer{}) || r.Cause != HandedOver {
		t.Errorf("%+v", r)
	}
}

func TestEveryOutcomeHasAName(t *testing.T) {
	seen := map[string]bool{}
	for o := range OutcomeCount {
		seen[o.String()] = true
	}
	for m := range ModeCount {
		seen[m.String()] = true
	}
	if len(seen) != int(OutcomeCount)+int(ModeCount) || seen["invalid"] || OutcomeCount.String() != "invalid" || ModeCount.String() != "invalid" {
		t.Errorf("%v", seen)
	}
}
