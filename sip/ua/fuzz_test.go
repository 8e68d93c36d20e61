package ua

import (
	"testing"
	"time"

	"opendeskphone/sip/dialog"
	"opendeskphone/sip/stack"
)

// FuzzCalls plays any script of requests, responses and commands. Whatever
// comes: nothing breaks, no event names a call after its end, every call ends,
// and nothing of it stays.
func FuzzCalls(f *testing.F) {
	f.Add([]byte{0, 10, 20, 30, 40, 50, 60, 70})
	f.Add([]byte{1, 11, 2, 12, 3, 13, 4, 14, 5, 15, 6, 16, 7, 17, 8, 18, 9, 19})
	f.Add([]byte{0x00, 0x18, 0x0e, 0x2e, 0x8e, 0x28, 0x0e, 0x9e, 0x6f, 0x8f})
	f.Add([]byte("\x00\x01\x03\x05\x07\x02\x02\x04\x06\x08\x0a\x0c\x0e"))
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 60 {
			script = script[:60]
		}
		onNet(t, func(b *bench) {
			registered(b)
			s := &scripted{bench: b}
			b.far.when(stack.INVITE, s.invited)
			for _, op := range script {
				s.step(op&15, op>>4)
				b.pass(time.Duration(op>>4) * 37 * time.Millisecond)
			}
			for _, ref := range s.refs() {
				b.ua.Hangup(ref)
			}
			b.pass(3 * time.Minute)
			s.checkEnds()
			b.ua.stack.Post(func() {
				if n, m, k := len(b.ua.calls), len(b.ua.dialogs), len(b.ua.asked); n+m+k > 0 {
					t.Errorf("%d calls, %d dialogs and %d REFERs stay", n, m, k)
				}
			})
			b.pass(time.Second)
		})
	})
}

// scripted is a far side driven by bytes.
type scripted struct {
	*bench
	callers []*caller
	ours    []CallRef
	pending []*stack.ServerTx
	seq     uint32
}

// invited keeps our INVITEs for later answers.
func (s *scripted) invited(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
	s.far.mu.Lock()
	s.pending = append(s.pending, tx)
	s.far.mu.Unlock()
	tx.OnCancel(func(*stack.Request) { tx.Respond(reply(req, 487)) })
}

func (s *scripted) refs() []CallRef {
	s.mu.Lock()
	defer s.mu.Unlock()
	refs := s.ours
	for _, e := range s.events {
		if in, ok := e.(Incoming); ok {
			refs = append(refs, in.Call)
		}
	}
	return refs
}

func (s *scripted) ref(n byte) CallRef {
	refs := s.refs()
	if len(refs) == 0 {
		return 0
	}
	return refs[int(n)%len(refs)]
}

// step does one thing of op with its argument.
func (s *scripted) step(op, arg byte) {
	body := []byte([]string{anOffer, anAnswer}[arg&1])
	if arg > 9 && op >= 3 && op <= 7 {
		s.handOver(op, arg)
		return
	}
	switch op {
	case 0:
		s.ours = append(s.ours, s.ua.Call(1, "bob", body))
	case 1:
		if s.ua.Ring(s.ref(arg)); arg > 9 {
			s.ua.Early(s.ref(arg), body)
		}
	case 2:
		s.ua.Accept(s.ref(arg), body)
	case 3:
		s.ua.Reject(s.ref(arg), 400+int(arg)*20)
	case 4:
		s.ua.Hangup(s.ref(arg))
	case 5:
		s.ua.Offer(s.ref(arg), body)
	case 6:
		s.ua.AnswerOffer(s.ref(arg), body)
	case 7:
		s.ua.RefuseOffer(s.ref(arg), 488)
	case 8, 9:
		s.respond(arg)
	case 10:
		headers := [][]string{nil, {"Require: 100rel"}, {"Session-Expires: 90", "Supported: timer"}, {"Allow: UPDATE"}}[arg&3]
		if n := len(s.callers); arg&3 == 3 && n > 0 && s.callers[n-1].d != nil {
			d := s.callers[n-1].d.ID
			headers = []string{[]string{"Replaces: ", "Join: "}[arg>>3&1] + d.CallID + ";to-tag=" + d.RemoteTag + ";from-tag=" + d.LocalTag, own}
		}
		c := s.call([]string{anOffer, ""}[arg>>2&1], headers...)
		c.mute = arg&8 != 0
		s.callers = append(s.callers, c)
	case 14, 15:
		s.callee(arg)
	default:
		s.within(op, arg)
	}
}

// handOver does one thing of handing over.
func (s *scripted) handOver(op, arg byte) {
	var asked ReferRef
	s.mu.Lock()
	for _, e := range s.events {
		if a, ok := e.(ReferAsked); ok {
			asked = a.Refer
		}
	}
	s.mu.Unlock()
	switch op {
	case 3:
		s.ua.Refer(s.ref(arg), "carol")
	case 4:
		s.ua.ReferTo(s.ref(arg), s.ref(arg+1))
	case 5:
		s.ours = append(s.ours, s.ua.Invite(1, "carol", Invitation{SDP: []byte(anOffer), Refer: asked}))
	case 6:
		s.ua.RefuseRefer(asked)
	case 7:
		s.ua.TellReferrer(asked, 100+int(arg)*10, "")
	}
}

// respond answers one of our INVITEs, as any branch of a fork.
func (s *scripted) respond(arg byte) {
	s.far.s.Post(func() {
		s.far.mu.Lock()
		defer s.far.mu.Unlock()
		if len(s.pending) == 0 {
			return
		}
		tx := s.pending[int(arg)%len(s.pending)]
		code := []int{180, 183, 200, 200, 486, 491, 302, 407, 422, 481, 503, 600}[int(arg)%12]
		sdp := []string{anAnswer, ""}[arg>>3&1]
		tx.Respond(s.far.branch(tx.Request(), code, string(rune('x'+arg&1)), sdp, "Contact: <sip:c@10.0.0.2>", "Min-SE: 100",
			`Proxy-Authenticate: Digest realm="r", nonce="n"`, "Session-Expires: 90;refresher=uac"))
	})
}

// callee sends something within a call of ours, as any branch of a fork.
func (s *scripted) callee(arg byte) {
	s.far.s.Post(func() {
		s.far.mu.Lock()
		defer s.far.mu.Unlock()
		if len(s.pending) == 0 {
			return
		}
		invite := s.pending[int(arg)%len(s.pending)].Request()
		d, err := dialog.Accept(invite, string(rune('x'+arg&1)))
		if err != nil || stack.Tag(invite.To().Params) != "" {
			return
		}
		s.seq++
		d.Skip(s.seq)
		m := []stack.Method{stack.UPDATE, stack.INVITE, stack.UPDATE, stack.BYE, stack.INFO, stack.PRACK}[int(arg>>1)%6]
		req := d.Request(m)
		if arg&8 != 0 {
			setSDP(req, []byte(anOffer))
		}
		s.far.s.Send(req, stack.Target{Transport: stack.UDP, Addr: s.at()}, func(res *stack.Response, _ error) {
			if res != nil && m == stack.INVITE && res.StatusCode/100 == 2 {
				s.far.s.Write(d.Ack(req.CSeq().SeqNo), stack.Target{Transport: stack.UDP, Addr: s.at()})
			}
		})
	})
}

// within sends something within a call of theirs, or about it.
func (s *scripted) within(op, arg byte) {
	if len(s.callers) == 0 {
		return
	}
	c := s.callers[int(arg)%len(s.callers)]
	s.far.s.Post(func() {
		if op == 11 {
			s.far.s.Cancel(c.tx)
			return
		}
		if c.d == nil {
			return
		}
		if op == 12 {
			c.ack()
			return
		}
		m := []stack.Method{stack.BYE, stack.INVITE, stack.UPDATE, stack.PRACK, stack.INFO, stack.NOTIFY, stack.REFER}[int(arg)%7]
		req := c.d.Request(m)
		if op == 13 {
			setSDP(req, []byte(anOffer))
		}
		req.AppendHeader(stack.NewHeader("RAck", "1 1 INVITE"))
		req.AppendHeader(stack.NewHeader("Refer-To", "<sip:carol@phone.test>"))
		if m == stack.NOTIFY {
			req.AppendHeader(stack.NewHeader("Event", "refer"))
			h := stack.ContentTypeHeader("message/sipfrag")
			req.AppendHeader(&h)
			req.SetBody([]byte([]string{"SIP/2.0 100 Trying", "SIP/2.0 200 OK", "SIP/2.0 603 No", "?"}[arg>>2&3]))
		}
		s.far.s.Send(req, stack.Target{Transport: stack.UDP, Addr: s.at()}, func(res *stack.Response, _ error) {
			if res != nil && m == stack.INVITE && res.StatusCode/100 == 2 && arg&8 == 0 {
				s.far.s.Write(c.d.Ack(req.CSeq().SeqNo), stack.Target{Transport: stack.UDP, Addr: s.at()})
			}
		})
	})
}

// checkEnds looks at the events of each call.
func (s *scripted) checkEnds() {
	s.mu.Lock()
	defer s.mu.Unlock()
	over, begun := map[CallRef]bool{}, map[CallRef]bool{}
	for _, ref := range s.ours {
		begun[ref] = true
	}
	for _, e := range s.events {
		var ref CallRef
		ends := false
		switch e := e.(type) {
		case Incoming:
			ref, begun[e.Call] = e.Call, true
		case Progress:
			ref = e.Call
		case Accepted:
			ref = e.Call
		case Failed:
			ref, ends = e.Call, true
		case Confirmed:
			ref = e.Call
		case Ended:
			ref, ends = e.Call, true
		case ReOffer:
			ref = e.Call
		case OfferAnswered:
			ref = e.Call
		case OfferRefused:
			ref = e.Call
		case OfferDue:
			ref = e.Call
		case Referral:
			ref = e.Call
		case ReferAsked:
			ref = e.Call
		default:
			continue
		}
		if over[ref] || !begun[ref] {
			s.Errorf("%T of call %d, which is over or never began", e, ref)
		}
		over[ref] = over[ref] || ends
	}
	for ref := range begun {
		if !over[ref] {
			s.Errorf("call %d never ended", ref)
		}
	}
}

// FuzzDialogID: whatever stands in a Replaces or Join header is no name of a dialog, or one that can stand in such a header
// again and means the same.
func FuzzDialogID(f *testing.F) {
	for _, s := range []string{"x@y;to-tag=1;from-tag=2", "x;from-tag=2;TO-TAG = 1 ;early-only", ";;;=", "x;to-tag=1;from-tag=2;to-tag=3", "x\x00;to-tag=\u202e;from-tag=,"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		id, _, ok := parseDialogID(value)
		if !ok {
			return
		}
		again, early, ok := parseDialogID(id.header())
		if again != id || early || !ok {
			t.Errorf("%q is %+v, and that is %+v", value, id, again)
		}
	})
}
