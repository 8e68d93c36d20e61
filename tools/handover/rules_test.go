package handover

import (
	"bytes"
	"context"
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/routing"
	"opendeskphone/tools/lab"
)

// under sets the phone's rules.
func (s *Stage) under(t *testing.T, change func(r *phone.Rules)) {
	t.Helper()
	st, err := s.Phone.State()
	must(t, err)
	c := st.Config
	c.Rules = phone.Rules{RingFor: phone.RingFor}
	change(&c.Rules)
	s.do(t, phone.Configure{Config: c})
}

// answer waits for the phone's answer to an INVITE.
func (s *Stage) answer(t *testing.T, mark, code int) string {
	t.Helper()
	p, err := s.Wire.Wait(soon(t), mark, "the phone's answer", func(p lab.Packet) bool { return p.Src.Addr() == s.Phone.Addr() && p.Response(code, "INVITE") })
	must(t, err)
	return string(p.Data)
}

// TestRulesWithRealPhones: linphonec calls through Kamailio, and hears of the phone's rules what they say: baresip answers where
// calls are sent on at once, when nobody answers and when the phone is busy; both ring at the same time and whoever answers has
// the call. The phone has another line, whose rules Kamailio takes.
func TestRulesWithRealPhones(t *testing.T) {
	s := newStageBy(t, func(ctx context.Context, dir string) (*Stage, error) {
		return raise(ctx, &Stage{Dir: dir, rules: true, more: "[[line]]\naor = \"sip:101@phone.test\"\npassword = \"secret-101\"\ndialect = \"ocs\"\ngruu = false\n[rules]\nring_for = 19\n"})
	})
	s.handed(t, phone.RulesTaken, "") // those it has been started with
	caller, target := Cast{Make: "linphonec", User: "202", Host: 12}, Cast{Make: "baresip", User: "201", Host: 11}
	from, to := s.enter(t, caller), s.enter(t, target)
	call := func(ring func()) {
		t.Helper()
		mark, heard, ended := s.Wire.Mark(), to.Mark(), from.Mark()
		must(t, from.Dial(soon(t), "sip:"+PhoneUser+"@"+Domain))
		ring()
		must(t, to.WaitTalking(soon(t), heard))
		must(t, s.WaitFlow(soon(t), mark, caller.Addr(), target.Addr()))
		must(t, from.Hangup(soon(t)))
		must(t, from.WaitEnded(soon(t), ended))
		s.waitCalls(t, "")
	}
	sentOn := func(reason string) func() {
		mark := s.Wire.Mark()
		return func() {
			if got := s.answer(t, mark, 302); !strings.Contains(got, "Diversion: <sip:100@phone.test>;reason="+reason+";counter=1") {
				t.Errorf("sent on by\n%s", got)
			}
		}
	}
	s.under(t, func(r *phone.Rules) { r.Always = phone.Forward{On: true, To: target.User} })
	call(sentOn("unconditional"))
	s.under(t, func(r *phone.Rules) { r.NoAnswer, r.RingFor = phone.Forward{On: true, To: target.User}, time.Second })
	call(sentOn("no-answer"))
	s.under(t, func(r *phone.Rules) { r.DND, r.Voicemail = true, target.User })
	call(sentOn("do-not-disturb"))
	if st := s.waitCalls(t, ""); st.Missed != 0 {
		t.Errorf("%d calls that somebody had are missed", st.Missed)
	}

	s.under(t, func(r *phone.Rules) { r.Simultaneous, r.RingWith = true, []string{target.User} })
	call(func() {}) // baresip answers at once, and the phone hands the caller over to it
	s.serverActs(t, caller, target, from, to)
}

// handed waits for what the phone believes of the server of its second line, in whose own words if it refuses.
func (s *Stage) handed(t *testing.T, want phone.Handed, why string) {
	t.Helper()
	must(t, lab.Poll(soon(t), "what becomes of the rules", func() (bool, error) {
		st, err := s.Phone.State()
		return err == nil && st.Lines[1].Rules == want && st.Lines[1].Why == why, err
	}))
}

// serverActs: on the phone's second line Kamailio sends a call on by the rules that the phone has given it, and the phone does
// not act on those for the calls that Kamailio lets through; when Kamailio refuses them, the phone acts. tshark has seen what it
// was given, and that bears the document byte by byte.
func (s *Stage) serverActs(t *testing.T, caller, target Cast, from, to lab.Peer) {
	t.Helper()
	s.handed(t, phone.RulesTaken, "") // the last of those before
	shark, err := lab.StartShark(soon(t), s.LAN.Core, lab.LANDevice, "udp", filepath.Join(s.Dir, "rules.pcapng"))
	must(t, err)
	const second = "sip:101@" + Domain
	dial := func() (mark, heard, ended int) {
		mark, heard, ended = s.Wire.Mark(), to.Mark(), from.Mark()
		must(t, from.Dial(soon(t), second))
		return mark, heard, ended
	}
	leave := func(ended int) {
		must(t, from.Hangup(soon(t)))
		must(t, from.WaitEnded(soon(t), ended))
		s.waitCalls(t, "")
	}
	sendOn := func(r *phone.Rules) { r.Always = phone.Forward{On: true, To: target.User} }
	s.under(t, func(r *phone.Rules) {
		r.Simultaneous, r.RingWith, r.RingFor = true, []string{target.User}, 2*time.Second
	})
	s.handed(t, phone.RulesTaken, "")
	_, _, ended := dial()
	s.waitCalls(t, "Ringing") // and baresip does not ring for the phone's sake
	leave(ended)
	s.under(t, sendOn)
	s.handed(t, phone.RulesTaken, "")
	mark, heard, ended := dial()
	must(t, to.WaitTalking(soon(t), heard))
	must(t, s.WaitFlow(soon(t), mark, caller.Addr(), target.Addr()))
	leave(ended)
	for _, p := range s.Wire.Since(mark) {
		if p.Dst.Addr() == s.Phone.Addr() && p.Request("INVITE") {
			t.Errorf("the phone was called:\n%s", p.Data)
		}
	}
	must(t, s.Kam.RefuseRules())
	s.under(t, func(r *phone.Rules) { sendOn(r); r.RingFor = 3 * time.Second })
	s.handed(t, phone.RulesPending, "405 Method Not Allowed")
	mark, heard, ended = dial()
	s.answer(t, mark, 302)
	must(t, to.WaitTalking(soon(t), heard))
	leave(ended)
	must(t, shark.Close(soon(t)))

	st, err := s.Phone.State()
	must(t, err)
	rows, err := lab.SharkFields(t.Context(), shark.File, `sip.Method == "SERVICE" && !_ws.malformed && ip.src == `+s.Phone.Addr().String(), "sip.r-uri", "sip.Content-Type", "udp.payload")
	must(t, err)
	if len(rows) != 3 {
		t.Fatalf("tshark sees %d publications, not one of each change", len(rows))
	}
	for i, row := range rows {
		message, err := hex.DecodeString(row[2])
		must(t, err)
		if row[0] != second || row[1] != "application/msrtc-category-publish+xml" {
			t.Errorf("tshark sees %q", row[:2])
		}
		if last := bytes.Contains(message, append([]byte(`expireType="static">`), routing.Element(&st.Config, second)...)); last != (i == 2) {
			t.Errorf("publication %d:\n%s", i, message)
		}
	}
}

// TestRulesThatRefuse: a blocked caller and one who disturbs are turned away, and working hours end the rules.
func TestRulesThatRefuse(t *testing.T) {
	s := newStage(t)
	caller, target := Cast{Make: "linphonec", User: "202", Host: 12}, Cast{Make: "baresip", User: "201", Host: 11, Manual: true}
	from, to := s.enter(t, caller), s.enter(t, target)
	refused := func(code int) {
		t.Helper()
		mark, ended := s.Wire.Mark(), from.Mark()
		must(t, from.Dial(soon(t), "sip:"+PhoneUser+"@"+Domain))
		s.answer(t, mark, code)
		must(t, from.WaitEnded(soon(t), ended))
	}
	s.under(t, func(r *phone.Rules) { r.Blocked = []string{"sip:202@phone.test"} })
	refused(603)
	s.under(t, func(r *phone.Rules) { r.DND = true })
	refused(480)
	if st := s.waitCalls(t, ""); st.Missed != 1 {
		t.Errorf("%d calls are missed, not the one that could reach nobody", st.Missed)
	}

	s.under(t, func(r *phone.Rules) { // it rings here and there; who answers ends it for the other
		r.Simultaneous, r.RingWith = true, []string{target.User}
		r.Always, r.WorkHours = phone.Forward{}, false
	})
	heard, ended := to.Mark(), from.Mark()
	must(t, from.Dial(soon(t), "sip:"+PhoneUser+"@"+Domain))
	st := s.waitCalls(t, "Ringing Ringback")
	must(t, to.WaitRinging(soon(t), heard))
	s.do(t, phone.Answer{Call: st.Calls[0].ID})
	must(t, to.WaitEnded(soon(t), heard))
	st = s.waitCalls(t, "Talking")
	s.do(t, phone.Hangup{Call: st.Calls[0].ID})
	must(t, from.WaitEnded(soon(t), ended))

	today := time.Now().Weekday()
	s.under(t, func(r *phone.Rules) { // not a working day
		r.Always, r.WorkHours = phone.Forward{On: true, To: target.User}, true
		r.Hours = []phone.Span{{Days: 1<<((today+3)%7) | 1<<((today+4)%7), From: 0, To: 1440}}
	})
	ended = from.Mark()
	must(t, from.Dial(soon(t), "sip:"+PhoneUser+"@"+Domain))
	st = s.waitCalls(t, "Ringing")
	s.do(t, phone.Reject{Call: st.Calls[0].ID})
	must(t, from.WaitEnded(soon(t), ended))
}
