package stack

import (
	"maps"
	"slices"
	"testing"
)

var machines = map[string]machine{
	"INVITE client": inviteClient, "client": requestClient, "INVITE server": inviteServer, "server": requestServer,
}

// TestMachines checks what every transaction must hold, whatever comes.
func TestMachines(t *testing.T) {
	for name, m := range machines {
		t.Run(name, func(t *testing.T) {
			reached := map[state]bool{idle: true}
			for grew := true; grew; {
				grew = false
				for at, st := range m {
					if reached[at.state] && !reached[st.to] {
						reached[st.to], grew = true, true
					}
				}
			}
			if !reached[terminated] {
				t.Error("it never ends")
			}
			for at, st := range m {
				if !reached[at.state] {
					t.Errorf("state %v is never entered", at.state)
				}
				if at.state == terminated {
					t.Errorf("event %d leaves terminated", at.event)
				}
				if i := slices.Index(st.do, pass); i >= 0 && i != len(st.do)-1 {
					t.Errorf("%v, %d: pass is not last, so the user agent would act in between", at.state, at.event)
				}
				if st.to == completed && at.state != completed && !slices.ContainsFunc(st.do, ends) {
					t.Errorf("%v, %d: nothing will end completed", at.state, at.event)
				}
			}
			for s := range reached {
				if s == idle || s == terminated {
					continue
				}
				if !slices.ContainsFunc(slices.Collect(maps.Keys(m)), func(at on) bool {
					return at.state == s && m[at].to != s
				}) {
					t.Errorf("nothing leaves %v", s)
				}
			}
		})
	}
}

// ends tells the actions that bound the life of a state.
func ends(a action) bool { return a >= lingerD || a == startTimeout }

// TestMachineRows spells out RFC 3261 §17 and RFC 6026 where they are easily
// got wrong.
func TestMachineRows(t *testing.T) {
	for _, c := range []struct {
		m    machine
		from state
		in   event
		to   state
		do   []action
		why  string
	}{
		{inviteClient, calling, success, accepted, []action{stopRetry, stopTimeout, lingerM, pass}, "6026 §7.2: 2xx does not end the transaction"},
		{inviteClient, accepted, success, accepted, []action{pass}, "6026 §7.2: each further 2xx goes up"},
		{inviteClient, accepted, provision, accepted, nil, "a late 180 is absorbed"},
		{inviteClient, completed, failure, completed, []action{sendAck}, "§17.1.1.2: ACK again, nothing up"},
		{inviteClient, proceeding, retry, proceeding, nil, "§17.1.1.2: no repeats after a provisional"},
		{requestClient, proceeding, retry, proceeding, []action{onlyT2, send}, "§17.1.2.2: repeats go on at T2"},
		{requestClient, completed, failure, completed, nil, "§17.1.2.2: repeats absorbed"},
		{inviteServer, accepted, repeat, accepted, nil, "6026 §7.1: repeated INVITEs are absorbed after 2xx"},
		{inviteServer, accepted, ack, accepted, []action{pass}, "6026 §7.1: the ACK goes up"},
		{inviteServer, completed, ack, confirmed, []action{stopRetry, stopTimeout, lingerI}, "§17.2.1"},
		{inviteServer, confirmed, ack, confirmed, nil, "§17.2.1: repeated ACKs are absorbed"},
		{inviteServer, completed, success, completed, nil, "a 2xx after a failure is refused"},
		{requestServer, trying, repeat, trying, nil, "§17.2.2: nothing to repeat yet"},
		{requestServer, completed, success, completed, nil, "§17.2.2: one final response only"},
	} {
		to, do, _ := c.m.next(c.from, c.in)
		if to != c.to || !slices.Equal(do, c.do) {
			t.Errorf("%v, %d: got %v %v, want %v %v (%s)", c.from, c.in, to, do, c.to, c.do, c.why)
		}
	}
}

// FuzzMachines runs events through all machines: the user agent hears one
// final thing at most of a failed request, and nothing after an error.
func FuzzMachines(f *testing.F) {
	f.Add([]byte{0, 1, 3, 3, 9})
	f.Add([]byte{0, 7, 7, 2, 2, 9})
	f.Add([]byte{0, 1, 6, 8, 2})
	f.Fuzz(func(t *testing.T, in []byte) {
		for name, m := range machines {
			s, failed := idle, 0
			for i, b := range in[:min(len(in), 64)] {
				e := event(b) % events
				was := s
				to, do, ok := m.next(s, e)
				if !ok && (to != s || do != nil) {
					t.Fatalf("%s: an unknown event did something", name)
				}
				for _, a := range do {
					if a == failTime || a == failNet {
						failed++
					}
					if a == pass && failed > 0 && was != accepted {
						t.Fatalf("%s: event %d of %v passed after a failure", name, i, in)
					}
				}
				if s = to; s >= states {
					t.Fatalf("%s: state %d", name, s)
				}
				if was == terminated && (s != terminated || do != nil) {
					t.Fatalf("%s: woke from the dead by %v", name, in)
				}
			}
		}
	})
}
