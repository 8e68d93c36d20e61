package ua

import (
	"strings"
	"testing"
	"time"

	"opendeskphone/sip/stack"
)

func aNote(to string) Note {
	return Note{Method: stack.PUBLISH, To: to, Headers: [][2]string{{"Event", "vq-rtcpxr"}, {"Expires", "600"}}, Type: "application/vq-rtcpxr", Body: []byte("VQIntervalReport\r\n")}
}

func TestANoteIsTaken(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		collector := b.newFar(farAddr2)
		n := b.ua.Note(1, aNote("sip:collector@10.0.0.3"))
		if e := take[Noted](b); e.Note != n || e.Code != 200 {
			t.Fatalf("%+v", e)
		}
		got := collector.all(stack.PUBLISH)
		if len(got) != 1 || len(b.far.all(stack.PUBLISH)) != 0 {
			t.Fatalf("%d", len(got))
		}
		req := got[0]
		if req.Recipient.String() != "sip:collector@10.0.0.3" || header(req, "Event") != "vq-rtcpxr" || req.From().Address.User != "alice" || string(req.Body()) != "VQIntervalReport\r\n" ||
			req.ContentType().Value() != "application/vq-rtcpxr" || req.Contact() == nil {
			t.Errorf("%s", req)
		}
	})
}

func TestANoteGoesThroughTheProxyAndProvesThePassword(t *testing.T) {
	onNet(t, func(b *bench) {
		b.line(func(a *Account) { a.Proxy, a.Registrar = "sip:10.0.0.2", "sip:phone.test" })
		challenged := 0
		b.far.when(stack.PUBLISH, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			if req.GetHeader("Proxy-Authorization") == nil {
				challenged++
				tx.Respond(reply(req, 407, `Proxy-Authenticate: Digest realm="phone.test", nonce="n", qop="auth"`))
				return
			}
			tx.Respond(reply(req, 200, "SIP-ETag: x"))
		})
		b.ua.Note(1, aNote("sip:collector@elsewhere.test"))
		if e := take[Noted](b); e.Code != 200 || challenged != 1 {
			t.Fatalf("%+v after %d challenges", e, challenged)
		}
		for _, req := range b.far.all(stack.PUBLISH) {
			if h := header(req, "Route"); !strings.Contains(h, "10.0.0.2") || !strings.Contains(h, ";lr") || req.Recipient.Host != "elsewhere.test" {
				t.Errorf("%s", req)
			}
		}
	})
}

func TestWhatBecomesOfNotes(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(b *bench)
		account AccountID
		to      string
		want    Noted
	}{
		{"503 says when", func(b *bench) { b.far.always(stack.PUBLISH, 503, "Retry-After: 120 (overload)") }, 1, "sip:c@10.0.0.2", Noted{Code: 503, Text: "Service Unavailable", After: 2 * time.Minute}},
		{"489", func(b *bench) { b.far.always(stack.PUBLISH, 489) }, 1, "sip:c@10.0.0.2", Noted{Code: 489, Text: "Bad Event"}},
		{"silence", func(b *bench) { b.far.when(stack.PUBLISH, func(*stack.ServerTx, *stack.Request, stack.Source) {}) }, 1, "sip:c@10.0.0.2", Noted{}},
		{"no such account", func(*bench) {}, 7, "sip:c@10.0.0.2", Noted{Text: "no such account"}},
		{"no URI", func(*bench) {}, 1, "collector", Noted{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			onNet(t, func(b *bench) {
				registered(b)
				c.prepare(b)
				n := b.ua.Note(c.account, aNote(c.to))
				e := take[Noted](b)
				if e.Note != n || e.Code != c.want.Code || e.After != c.want.After || c.want.Text != "" && e.Text != c.want.Text || e.Text == "" {
					t.Errorf("%+v", e)
				}
			})
		})
	}
}

func TestALineWithoutARegistrarSendsNotes(t *testing.T) {
	onNet(t, func(b *bench) {
		b.line(func(a *Account) { a.Direct, a.AOR = true, "sip:alice@10.0.0.2" })
		for _, to := range []string{"", "sip:c@10.0.0.2"} {
			b.ua.Note(1, aNote(to))
			if e := take[Noted](b); e.Code != 200 {
				t.Errorf("%+v", e)
			}
		}
		if got := b.far.all(stack.PUBLISH); len(got) != 2 || got[0].Recipient.String() != "sip:alice@10.0.0.2" {
			t.Errorf("%v", got)
		}
	})
}

func TestAnAccountThatIsNotSignedInSendsNoNotes(t *testing.T) {
	onNet(t, func(b *bench) {
		b.far.always(stack.REGISTER, 403)
		b.line()
		b.ua.Note(1, aNote("sip:c@10.0.0.2"))
		if e := take[Noted](b); e.Code != 0 || e.Text != "the line is not signed in" || len(b.far.all(stack.PUBLISH)) != 0 {
			t.Errorf("%+v", e)
		}
	})
}

func TestALongerTimeIsAskedForOnce(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		b.far.always(stack.PUBLISH, 423, "Min-Expires: 3600")
		b.ua.Note(1, aNote("sip:c@10.0.0.2"))
		e := take[Noted](b)
		got := b.far.all(stack.PUBLISH)
		if e.Code != 423 || len(got) != 2 || header(got[1], "Expires") != "3600" || got[1].CSeq().SeqNo != 2 {
			t.Errorf("%+v, %d requests", e, len(got))
		}
	})
}

// However many notes there are and whatever becomes of them, a server is sent few, and a registration never waits for them.
func TestNotesAreModest(t *testing.T) {
	for _, silent := range []bool{false, true} {
		onNet(t, func(b *bench) {
			registered(b)
			b.pass(time.Minute)
			if silent {
				b.far.when(stack.PUBLISH, func(*stack.ServerTx, *stack.Request, stack.Source) {})
			}
			for range 20 {
				b.ua.Note(1, aNote("sip:c@10.0.0.2"))
			}
			b.pass(5 * time.Second)
			before := len(b.far.all(stack.REGISTER))
			b.ua.Renew()
			b.pass(100 * time.Millisecond)
			if n := len(b.far.all(stack.REGISTER)) - before; n == 0 {
				t.Error("the registration waits")
			}
			b.pass(3 * time.Minute)
			if n := b.far.densest(stack.PUBLISH); n > noteBurst {
				t.Errorf("%d in 10 s", n)
			}
			if n := len(b.far.all(stack.PUBLISH)); !silent && n != 20 {
				t.Errorf("%d arrived", n)
			}
		})
	}
}

func TestTheStoryOfACall(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		c, ref := b.answered()
		stood := take[Stood](b)
		if stood.Call != ref || stood.Caller || stood.CallID != string(*c.invite.CallID()) || stood.RemoteTag != stack.Tag(c.invite.From().Params) || stood.LocalTag == "" || stood.Local.URI != "sip:alice@phone.test" || stood.Remote.URI == "" {
			t.Errorf("%+v", stood)
		}
		c.send(stack.BYE, "", nil)
		if e := take[Over](b); !e.Answered || e.Story != stood.Story {
			t.Errorf("%+v", e)
		}
		b.far.always(stack.INVITE, 488, `Reason: Q.850;cause=88;text="Incompatible destination"`, `ms-diagnostics: 10000;reason="Gateway"`)
		b.ua.Call(1, "bob", []byte(anOffer))
		e := take[Over](b)
		if e.Answered || e.GivenUp || e.Code != 488 || !e.Caller || e.Remote.User != "bob" || e.RemoteTag == "" || !strings.HasPrefix(e.Reason, "Q.850") || e.Diagnostics != `10000;reason="Gateway"` {
			t.Errorf("%+v", e)
		}
		b.far.always(stack.INVITE, 180)
		ref = b.ua.Call(1, "bob", []byte(anOffer))
		b.pass(time.Second)
		b.ua.Hangup(ref)
		if e := take[Over](b); e.Call != ref || !e.GivenUp || e.Code != 0 {
			t.Errorf("%+v", e)
		}
		in := b.call(anOffer)
		ref = take[Incoming](b).Call
		b.ua.RejectOffer(ref, 488, 305, "no codec")
		if e := take[Over](b); e.GivenUp || e.Code != 488 || e.Text != "no codec" || e.CallID != string(*in.invite.CallID()) {
			t.Errorf("%+v", e)
		}
		none[Over](b)
		none[Stood](b)
	})
}
