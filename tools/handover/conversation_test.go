package handover

import (
	"path/filepath"
	"strings"
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

// newest gives the newest call of a phone's log, once there are so many.
func newest(t *testing.T, of *desk.Twin, n int) (r phone.Record) {
	t.Helper()
	must(t, lab.Poll(soon(t), "the log", func() (bool, error) {
		all, err := of.Calls()
		if err != nil || len(all) < n {
			return false, err
		}
		r = all[0]
		return true, nil
	}))
	return r
}

// TestTheLogTellsWhoTookTheCall: the exchange forks a call to two phones of ours, and the one that does not answer knows that
// the other did; a peer that sends our call on is told from one that answers; and a missed call is called back as the same
// conversation, which tshark sees on the wire and the second phone in its log.
func TestTheLogTellsWhoTookTheCall(t *testing.T) {
	s := newStage(t)
	shark, err := lab.StartShark(soon(t), s.LAN.Core, lab.LANDevice, "port 5060", filepath.Join(s.Dir, "wire.pcapng"))
	must(t, err)
	enter := func(user string, host int) *desk.Twin {
		twin, err := desk.StartTwin(soon(t), desk.Setup{Name: "second-" + user, LAN: s.LAN, Host: host, Settings: settings(user, host, "")})
		must(t, err)
		t.Cleanup(func() { _ = twin.Close() })
		return twin
	}
	second := enter(PhoneUser, 101)
	_, err = s.Kam.WaitBindings(soon(t), PhoneUser, 2)
	must(t, err)
	other := enter("203", 103)
	_, err = s.Kam.WaitBindings(soon(t), "203", 1)
	must(t, err)

	// forked, answered at the second phone
	must(t, other.Do(soon(t), phone.Dial{Number: PhoneUser}))
	s.waitCalls(t, "Ringing")
	st, err := second.WaitState(soon(t), "ringing", func(st *phone.State) bool { return calls(st) == "Ringing" })
	must(t, err)
	must(t, second.Do(soon(t), phone.Answer{Call: st.Calls[0].ID}))
	st = s.waitCalls(t, "")
	if r := newest(t, s.Phone, 1); r.Outcome() != phone.WasElsewhere || st.Unseen != (phone.Unseen{Elsewhere: 1}) {
		t.Errorf("the first phone has %v, unseen %+v", r.Outcome(), st.Unseen)
	}
	st, err = second.State()
	must(t, err)
	must(t, second.Do(soon(t), phone.Hangup{Call: st.Calls[0].ID}))
	forked := newest(t, second, 1)
	if forked.Outcome() != phone.WasAnswered || forked.Conversation != newest(t, s.Phone, 1).Conversation {
		t.Errorf("the second phone has %+v", forked)
	}

	// our call is sent on
	lin := s.enter(t, Cast{Make: "linphonec", User: "202", Host: 12, Manual: true}).(*lab.Linphonec)
	bare := s.enter(t, bareB)
	mark := lin.Mark()
	s.do(t, phone.Dial{Number: "202"})
	must(t, lin.WaitRinging(soon(t), mark))
	must(t, lin.Redirect(soon(t), bareB.URI()))
	st = s.waitCalls(t, "Talking")
	s.do(t, phone.Hangup{Call: st.Calls[0].ID})
	s.waitCalls(t, "")
	if r := newest(t, s.Phone, 2); r.ForwardedTo.Number != bareB.User || r.Outcome() != phone.WasAnswered {
		t.Errorf("sent on: %+v", r)
	}
	bare.Stop()

	// missed, and called back from the log
	must(t, other.Do(soon(t), phone.Dial{Number: PhoneUser}))
	s.waitCalls(t, "Ringing")
	st, err = other.State()
	must(t, err)
	must(t, other.Do(soon(t), phone.Hangup{Call: st.Calls[0].ID}))
	s.waitCalls(t, "")
	missed := newest(t, s.Phone, 3)
	if missed.Outcome() != phone.WasMissed || missed.Conversation == "" {
		t.Fatalf("%+v", missed)
	}
	s.do(t, phone.Dial{Number: missed.Remote.Number, Conversation: missed.Conversation})
	st, err = other.WaitState(soon(t), "ringing", func(st *phone.State) bool { return calls(st) == "Ringing" })
	must(t, err)
	must(t, other.Do(soon(t), phone.Reject{Call: st.Calls[0].ID}))
	newest(t, other, 3)
	log, err := other.Calls()
	must(t, err)
	if c := phone.Conversations(log)[0]; len(c.Calls) != 2 || c.ID != missed.Conversation {
		t.Errorf("the other phone does not know it as one: %+v", log)
	}
	from := map[string]bool{}
	must(t, lab.Poll(soon(t), "both INVITEs in tshark's file", func() (bool, error) {
		rows, err := lab.SharkFields(soon(t), shark.File, `sip.Method == "INVITE"`, "ip.src", "sip.Session-ID")
		for _, r := range rows {
			from[r[0]] = from[r[0]] || strings.HasPrefix(r[1], missed.Conversation+";")
		}
		return err == nil && from[s.Phone.Addr().String()] && from[other.Addr().String()], nil // it is still being written
	}))
	must(t, shark.Close(soon(t)))
}
