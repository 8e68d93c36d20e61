package voicemail

import (
	"context"
	"flag"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

var outDir = flag.String("out", "", "directory for logs; empty: a temporary one")

func TestMain(m *testing.M) { desk.RunTests(m) }

// TestVoicemail: a phone learns of a message from Kamailio, hears it from Dovecot, and sends a caller there.
func TestVoicemail(t *testing.T) {
	dir := *outDir
	if dir == "" {
		dir = t.TempDir()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s, err := NewStage(ctx, dir, true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	until := func(what string, ok func(*phone.State) bool) phone.State {
		t.Helper()
		st, err := s.Phone.WaitState(ctx, what, ok)
		must(err)
		return st
	}
	mail := func(st *phone.State) phone.Mail { return st.Lines[0].Mail }

	// The list is read at once, and the lamp follows it.
	until("the list", func(st *phone.State) bool { return mail(st).New == 1 && mail(st).Waiting })

	// The message is heard; by that the server knows, and the lamp goes.
	must(s.Phone.Press(ctx, hal.Soft4, hal.OK))
	until("heard", func(st *phone.State) bool { return mail(st).New == 0 && mail(st).Old == 1 && !mail(st).Waiting })
	until("played to its end", func(st *phone.State) bool { return st.Playing.ID == "" && st.Playing.No == 1 })
	must(lab.Poll(ctx, "flag at the server", func() (bool, error) { heard, all := s.Dovecot.Mails(user); return heard == 1 && all == 1, nil }))

	// Another one comes, and Kamailio tells of it.
	must(s.Deliver())
	took, err := s.Told(ctx, true, "Messages-Waiting: yes\r\nMessage-Account: sip:vm@phone.test\r\nVoice-Message: 1/1\r\n")
	must(err)
	t.Logf("NOTIFY to lamp: %v", took)
	until("the list has it too", func(st *phone.State) bool {
		return mail(st).Account == "sip:vm@phone.test" && mail(st).New == 1 && mail(st).Old == 1
	})

	// One key calls what Message-Account says.
	mark := s.Wire.Mark()
	must(s.Phone.Do(ctx, phone.CallMailbox{}))
	_, err = s.Wire.Wait(ctx, mark, "INVITE of the mailbox", func(p lab.Packet) bool {
		return p.Request("INVITE") && p.Dst == exchange && len(p.Data) > 25 && string(p.Data[:25]) == "INVITE sip:vm@phone.test "
	})
	must(err)
}
