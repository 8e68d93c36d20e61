package voicemail

import (
	"context"
	"flag"
	"testing"
	"time"

	"opendeskphone/audio/tone"
	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/hal"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

const audible = -50 // dBFS, of a tone at the loudspeaker

var outDir = flag.String("out", "", "directory for logs; empty: a temporary one")

func TestMain(m *testing.M) { desk.RunTests(m) }

// TestVoicemail: a phone learns of a message from Kamailio, hears it from Dovecot, also when a computer asks for it, and calls the mailbox.
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

	// A computer lists both, and has the new one played: it is heard at the loudspeaker, and paused.
	told := make(chan *tpcp.Playing, 100)
	c, err := s.Controller(ctx, func(p *tpcp.Playing) { told <- p })
	must(err)
	var list tpcp.MessagesResult
	must(c.Call(ctx, "voicemail.list", tpcp.MessagesParams{}, &list))
	if len(list.Messages) != 2 || list.Fault != "" || !list.Messages[0].New || list.Messages[1].New || list.Messages[0].From == nil || list.Messages[0].From.Number != caller {
		t.Fatalf("the list is %+v", list)
	}
	id := list.Messages[0].MessageID
	tape, err := lab.OpenTape(ctx, func() (string, error) { return s.Phone.Speaker(), nil })
	must(err)
	defer tape.Close()
	began, asked := tape.Length(), time.Now()
	must(c.Call(ctx, "voicemail.play", tpcp.MessageParams{MessageID: id}, new(tpcp.DeviceResult)))
	sounds := func(what string, loud bool) {
		t.Helper()
		const window = 200 * time.Millisecond
		must(lab.Poll(ctx, what, func() (bool, error) {
			end := tape.Length()
			if end-window < began {
				return false, nil
			}
			heard, err := tape.Cut(end-window, end)
			return (tone.Goertzel(heard.Samples, 1000) > audible) == loud, err
		}))
	}
	sounds("the tone at the loudspeaker", true)
	t.Logf("asked for to heard: %v", time.Since(asked).Round(time.Millisecond))
	until("heard, too", func(st *phone.State) bool { return mail(st).New == 0 && mail(st).Old == 2 && st.Playing.ID == id })
	must(lab.Poll(ctx, "both flags at the server", func() (bool, error) { heard, all := s.Dovecot.Mails(user); return heard == 2 && all == 2, nil }))
	must(c.Call(ctx, "voicemail.pause", tpcp.PauseParams{On: true}, new(tpcp.DeviceResult)))
	sounds("silence", false)
	next := func() *tpcp.Playing {
		t.Helper()
		select {
		case p := <-told:
			return p
		case <-ctx.Done():
			t.Fatal("the computer is not told what is played")
			return nil
		}
	}
	for _, want := range []tpcp.Playing{{MessageID: id}, {MessageID: id, Paused: true}} {
		if p := next(); p == nil || *p != want {
			t.Fatalf("the computer is told %+v, want %+v", p, want)
		}
	}

	// One key calls what Message-Account says; the message gives way to the call.
	mark := s.Wire.Mark()
	must(s.Phone.Do(ctx, phone.CallMailbox{}))
	_, err = s.Wire.Wait(ctx, mark, "INVITE of the mailbox", func(p lab.Packet) bool {
		return p.Request("INVITE") && p.Dst == exchange && len(p.Data) > 25 && string(p.Data[:25]) == "INVITE sip:vm@phone.test "
	})
	must(err)
	if p := next(); p != nil {
		t.Errorf("in the call %+v is played", p)
	}
	err = c.Call(ctx, "voicemail.play", tpcp.MessageParams{MessageID: id}, nil)
	if tpcp.CodeOf(err) != tpcp.CodeBusyOther {
		t.Errorf("played in the call: %v", err)
	}
}
