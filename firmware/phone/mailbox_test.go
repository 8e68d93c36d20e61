package phone

import "testing"

const voicemail = "sip:vm@pbx.example"

func TestWhatTheServerSaysOfAMailboxIsKept(t *testing.T) {
	b := oneLine(t)
	m := Mail{Known: true, Waiting: true, Counted: true, New: 2, Old: 8, UrgentOld: 2, Account: voicemail}
	b.do(MailTold{Line: 9, Mail: m}, MailUnsure{})
	if b.s.MailWaits() || len(b.changes) > 0 {
		t.Errorf("of no line, and of what was never known: %v", b.changes)
	}
	b.do(MailTold{Mail: m})
	if !b.s.MailWaits() || b.s.Lines[0].Mail != m || len(b.changes) != 1 || b.changes[0].What != MailChanged {
		t.Errorf("%+v, %v", b.s.Lines[0].Mail, b.changes)
	}
	b.do(MailTold{Mail: m})
	if len(b.changes) > 0 {
		t.Errorf("the same again: %v", b.changes)
	}
	b.do(LineChanged{State: LineFailing}, MailUnsure{})
	if m.Stale = true; b.s.Lines[0].Mail != m || !b.s.MailWaits() {
		t.Errorf("the subscription is lost: %+v", b.s.Lines[0].Mail)
	}
	b.do(MailListed{New: 0, Old: 9})
	if m := b.s.Lines[0].Mail; m.Waiting || m.New != 0 || m.Old != 9 || m.Account != voicemail {
		t.Errorf("all were heard: %+v", m)
	}
	b.do(MailListed{New: 1})
	b.do(MailTold{Mail: Mail{Known: true}})
	if b.s.MailWaits() {
		t.Error("it does not end")
	}
}

func TestOneKeyCallsTheMailbox(t *testing.T) {
	b := oneLine(t)
	b.refused(CallMailbox{}, NoMailbox)
	b.refused(CallMailbox{Line: 9}, NoSuchLine)
	b.do(MailTold{Mail: Mail{Known: true, Account: voicemail}}, CallMailbox{})
	b.say("Calling", "start call 1 3m0s, invite 1 to sip:vm@pbx.example on 0")
	b.do(Hangup{Call: 1}, SetLock{Kind: ManualLock})
	b.refused(CallMailbox{}, Locked)
	b.do(SetLock{})
	b.s.Config.Lines[0].Mailbox = "*97" // the user's own setting
	b.do(CallMailbox{})
	b.say("Calling", "start call 2 3m0s, invite 2 to *97 on 0")
}

func TestACallIsDeclinedToTheMailbox(t *testing.T) {
	b := oneLine(t).reach("Ringing")
	b.refused(ToMailbox{Call: 1}, NoMailbox)
	if b.s.MayMailbox(0) {
		t.Error("there is none")
	}
	b.do(MailTold{Mail: Mail{Known: true, Account: voicemail}}, ToMailbox{Call: 1})
	b.say("", "deflect 1 to sip:vm@pbx.example: declined, stop ring 1, log 1, sound speaker")
	if b.s.Missed != 0 {
		t.Error("it counts as missed")
	}
	b.reach("Ringing")
	b.s.Config.Lines[0].MailboxOnBusy = true
	b.do(ToMailbox{Call: 2})
	b.say("", "reject 2: busy, stop ring 2, log 2, sound speaker")
}
