package ua

import (
	"strings"
	"testing"
	"time"

	"opendeskphone/sip/stack"
)

// TestDialects: the server of Office Communications is spoken to in its own words, and no other server is.
func TestDialects(t *testing.T) {
	const device, gruu = "urn:uuid:00000000-0000-1000-8000-000a95a0e128", "sip:alice@phone.test;opaque=user:epid:Zm9v;gruu"
	for _, dialect := range []Dialect{RFC, OCS} {
		onNet(t, func(b *bench) {
			b.far.when(stack.REGISTER, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
				res := reply(req, 200, `Contact: <sip:198.51.100.7:1234>;+sip.instance="<`+strings.ToUpper(device)+`>";gruu="`+gruu+`";expires=300`, "Expires: 600")
				tx.Respond(res)
			})
			b.line(func(a *Account) { a.Dialect, a.Instance = dialect, device })
			b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
				tx.Respond(reply(req, 480, `ms-diagnostics: 15008;source="srv.phone.test";reason="The user \"bob\" is away"`))
			})
			b.ua.Invite(1, "bob", Invitation{SDP: []byte(anOffer)})
			failed := take[Failed](b)
			reg, invite := b.far.all(stack.REGISTER)[0], b.far.all(stack.INVITE)[0]
			both := reg.String() + invite.String()
			if dialect == RFC {
				if granted := b.last().Expires; granted != 10*time.Minute || strings.Contains(both, "epid") || strings.Contains(strings.ToLower(both), "ms-") ||
					strings.Contains(both, "gruu-10") || failed.Text == `The user "bob" is away` {
					t.Errorf("granted %v, %+v:\n%s", granted, failed, both)
				}
				return
			}
			if granted := b.last().Expires; granted != 5*time.Minute {
				t.Errorf("our Contact was not found in the answer: %v", granted)
			}
			id, _ := reg.From().Params.Get("epid")
			if other, _ := invite.From().Params.Get("epid"); len(id) != 12 || other != id {
				t.Errorf("epid %q and %q", id, other)
			}
			for _, want := range []string{"gruu-10", "ms-keep-alive: UAC;hop-hop=yes", "Event: registration", "proxy=replace", `methods="INVITE`} {
				if !strings.Contains(reg.String(), want) {
					t.Errorf("REGISTER without %s:\n%s", want, reg)
				}
			}
			if c := invite.Contact().Address.String(); c != gruu {
				t.Errorf("Contact %s", c)
			}
			session, _, _ := strings.Cut(invite.GetHeader("Session-ID").Value(), ";")
			if h := invite.GetHeader("Ms-Conversation-ID"); h == nil || h.Value() != session {
				t.Errorf("Ms-Conversation-ID %v, Session-ID %s", h, session)
			}
			if failed.Text != `The user "bob" is away` {
				t.Errorf("%+v", failed)
			}
		})
	}
}

// TestConversationsGoAlong: one conversation has one name on all devices, in every message of its calls (RFC 7989).
func TestConversationsGoAlong(t *testing.T) {
	first, again := newIdentity("conv-AbC="), newIdentity("conv-AbC=")
	if first.local != again.local || first.local == newIdentity("other").local || !isSession(first.local) {
		t.Errorf("%+v %+v", first, again)
	}
	onNet(t, func(b *bench) {
		registered(b)
		const theirs = "0123456789abcdef0123456789abcdef"
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			tx.OnCancel(func(*stack.Request) { tx.Respond(reply(req, 487)) })
			tx.Respond(b.far.branch(req, 180, "x", ""))
		})
		ref := b.ua.Invite(1, "bob", Invitation{SDP: []byte(anOffer), Conversation: theirs})
		take[Progress](b)
		b.ua.Hangup(ref)
		b.pass(time.Second)
		for _, m := range []stack.Method{stack.INVITE, stack.CANCEL} {
			all := b.far.all(m)
			if m == stack.CANCEL && len(all) == 0 {
				continue // the stack of the far side keeps it to itself
			}
			if h := all[0].GetHeader("Session-ID"); h == nil || !strings.HasPrefix(h.Value(), theirs) {
				t.Errorf("%s: %v", m, h)
			}
		}
		c := b.call(anOffer, "Session-ID: "+theirs+";remote="+noSession)
		in := take[Incoming](b)
		if in.Conversation != theirs {
			t.Errorf("%+v", in)
		}
		b.ua.Reject(in.Call, 486)
		b.pass(time.Second)
		if h := c.last.GetHeader("Session-ID"); c.last.StatusCode != 486 || h == nil || !strings.HasSuffix(h.Value(), ";remote="+theirs) {
			t.Errorf("%s", c.last)
		}
		c, _ = b.answered()
		for _, m := range []stack.Method{stack.INFO, stack.OPTIONS, stack.REFER, stack.NOTIFY, stack.PRACK, stack.UPDATE, stack.BYE} {
			answered := 0
			c.send(m, "", func(_ *stack.Request, res *stack.Response) {
				if answered++; res == nil || res.GetHeader("Session-ID") == nil || len(res.GetHeaders("Session-ID")) != 1 {
					t.Errorf("%s is answered by %v", m, res)
				}
			})
			if answered == 0 {
				t.Errorf("%s is not answered", m)
			}
		}
		c = b.call(anOffer, "Ms-Conversation-ID: AdQyB3")
		if in := take[Incoming](b); in.Conversation != "AdQyB3" {
			t.Errorf("%+v", in)
		}
	})
}

func FuzzDiagnostics(f *testing.F) {
	f.Add(`15008;source="srv";reason="away"`)
	a := &account{p: profile{Account: Account{Dialect: OCS}}}
	f.Fuzz(func(t *testing.T, value string) {
		res := stack.NewResponse(480, "Away")
		res.AppendHeader(stack.NewHeader("ms-diagnostics", value))
		if text := a.reason(res); Clean(text) != text {
			t.Errorf("%q", text)
		}
	})
}
