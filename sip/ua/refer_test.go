package ua

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"opendeskphone/sip/stack"
)

// within sends a request within the call, with headers and a body, and gives the code of its answer.
func (c *caller) within(m stack.Method, body string, headers ...string) (code int) {
	c.f.s.Post(func() {
		req := c.d.Request(m)
		req.AppendHeader(c.f.contact())
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			req.AppendHeader(stack.NewHeader(name, value))
		}
		if body != "" {
			h := stack.ContentTypeHeader("message/sipfrag;version=2.0")
			req.AppendHeader(&h)
			req.SetBody([]byte(body))
		}
		c.f.s.Send(req, stack.Target{Transport: stack.UDP, Addr: c.b.at()}, func(res *stack.Response, _ error) { code = res.StatusCode })
	})
	c.b.pass(10 * time.Millisecond)
	return code
}

// outcome tells how a REFER of ours goes.
func (c *caller) outcome(status, state, event string) int {
	return c.within(stack.NOTIFY, "SIP/2.0 "+status+"\r\n", "Event: "+event, "Subscription-State: "+state)
}

func (f *far) lastHeader(m stack.Method, name string) string {
	all := f.all(m)
	if len(all) == 0 {
		return "no " + string(m)
	}
	return header(all[len(all)-1], name)
}

func TestRefer(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		c, ref := b.answered()
		b.far.always(stack.REFER, 202)
		b.ua.Refer(ref, "sip:carol@phone.test")
		b.pass(10 * time.Millisecond)
		if to, by := b.far.lastHeader(stack.REFER, "Refer-To"), b.far.lastHeader(stack.REFER, "Referred-By"); to != "<sip:carol@phone.test>" || by != "<sip:alice@phone.test>" {
			t.Errorf("Refer-To: %s, Referred-By: %s", to, by)
		}
		id := fmt.Sprintf("refer;id=%d", b.far.all(stack.REFER)[0].CSeq().SeqNo)
		for _, r := range []struct {
			status, state, event string
			want                 int
			code                 int // of the Referral
		}{
			{"100 Trying", "active;expires=60", id, 200, 100},
			{"100 Trying", "active;expires=60", "refer;id=99999", 481, 0},
			{"100 Trying", "active;expires=60", "presence", 489, 0},
			{"180 Ringing", "active", "Refer", 200, 180},
			{"nonsense", "active", id, 200, 0},
			{"200 OK", "terminated;reason=noresource", id, 200, 200},
			{"200 OK", "terminated;reason=noresource", id, 481, 0},
		} {
			if got := c.outcome(r.status, r.state, r.event); got != r.want {
				t.Errorf("NOTIFY %q %q: %d, want %d", r.status, r.event, got, r.want)
			}
			if r.code == 0 {
				none[Referral](b)
			} else if e := take[Referral](b); e.Code != r.code || e.Own || e.Call != ref {
				t.Errorf("%+v, want %d", e, r.code)
			}
		}
	})
}

func TestReferRefused(t *testing.T) {
	for _, r := range []struct {
		code    int
		headers []string
		want    Referral
	}{
		{405, nil, Referral{Code: 405, Text: "Method Not Allowed", Own: true}},
		{202, []string{"Refer-Sub: false"}, Referral{Code: 200, Own: true}},
	} {
		onNet(t, func(b *bench) {
			registered(b)
			_, ref := b.answered()
			b.far.always(stack.REFER, r.code, r.headers...)
			b.ua.Refer(ref, "carol")
			r.want.Call = ref
			if e := take[Referral](b); e != r.want {
				t.Errorf("%+v, want %+v", e, r.want)
			}
		})
	}
}

func TestOneReferAtATime(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		c, ref := b.answered()
		b.far.always(stack.REFER, 202)
		b.ua.Refer(ref, "carol")
		b.ua.Refer(ref, "dave")
		if e := take[Referral](b); e.Code != 491 || !e.Own {
			t.Errorf("%+v", e)
		}
		b.ua.ReferTo(ref, 999)
		if e := take[Referral](b); e.Code != 481 {
			t.Errorf("%+v", e)
		}
		c.outcome("100 Trying", "terminated;reason=timeout", "refer") // and no word of how it ended
		if e := take[Referral](b); e.Code != 408 {
			t.Errorf("%+v", e)
		}
	})
}

// the far side of one call is asked to take our place in the other.
func TestReferTo(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		_, bob := b.answered()
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			tx.Respond(b.far.branch(req, 200, "c4", anAnswer, "Allow: INVITE, REFER", "Supported: replaces"))
		})
		carol := b.ua.Call(1, "carol", []byte(anOffer))
		if e := take[Accepted](b); e.Able != (Able{Refers: true, Replaces: true}) {
			t.Errorf("%+v", e.Able)
		}
		b.far.always(stack.REFER, 202)
		b.ua.ReferTo(bob, carol)
		b.pass(10 * time.Millisecond)
		invite := b.far.all(stack.INVITE)[0]
		want := "<sip:carol@phone.test?Replaces=" + invite.CallID().Value() + "%3Bto-tag%3Dc4%3Bfrom-tag%3D" + stack.Tag(invite.From().Params) + ">"
		if got := b.far.lastHeader(stack.REFER, "Refer-To"); got != want {
			t.Errorf("Refer-To:\n got %s\nwant %s", got, want)
		}
	})
}

// referredTo is a call in which they ask us to call somebody else.
func (b *bench) referredTo(to string, headers ...string) (*caller, ReferAsked) {
	b.Helper()
	registered(b)
	c, ref := b.answered()
	c.f.s.Post(func() {})
	if code := c.within(stack.REFER, "", append(headers, "Refer-To: "+to)...); code != 0 {
		b.Fatalf("REFER: %d before anybody decided", code)
	}
	e := take[ReferAsked](b)
	if e.Call != ref {
		b.Errorf("%+v", e)
	}
	return c, e
}

func TestReferAsked(t *testing.T) {
	onNet(t, func(b *bench) {
		b.far.always(stack.NOTIFY, 200)
		c, e := b.referredTo(`"Carol" <sip:carol@phone.test?Replaces=x%40y%3Bto-tag%3D1%3Bfrom-tag%3D2&Subject=secret>`, "Referred-By: \"Bob\" <sip:bob@phone.test>")
		if e.To != (Peer{URI: "sip:carol@phone.test", User: "carol", Display: "Carol"}) || e.By.User != "bob" {
			t.Errorf("%+v", e)
		}
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			tx.Respond(b.far.branch(req, 200, "c4", anAnswer))
		})
		b.ua.Invite(1, "", Invitation{SDP: []byte(anOffer), Refer: e.Refer})
		take[Accepted](b)
		invite := b.far.all(stack.INVITE)[0]
		for name, want := range map[string]string{"Replaces": "x@y;to-tag=1;from-tag=2", "Referred-By": "\"Bob\" <sip:bob@phone.test>", "Require": "replaces", "Subject": ""} {
			if got := header(invite, name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if invite.Recipient.String() != "sip:carol@phone.test" || invite.CallID().Value() == c.d.ID.CallID {
			t.Errorf("INVITE %s", invite.Recipient.String())
		}
		for _, code := range []int{180, 180, 200, 200} {
			b.ua.TellReferrer(e.Refer, code, "")
		}
		b.pass(100 * time.Millisecond)
		var got []string
		for _, n := range b.far.all(stack.NOTIFY) {
			got = append(got, strings.TrimSpace(string(n.Body()))+", "+header(n, "Subscription-State"))
			if !strings.HasPrefix(header(n, "Event"), "refer;id=") || n.CallID().Value() != c.d.ID.CallID {
				t.Errorf("%s", n)
			}
		}
		want := []string{"SIP/2.0 100 Trying, active;expires=180", "SIP/2.0 180 Ringing, active;expires=180", "SIP/2.0 200 OK, terminated;reason=noresource"}
		if !slices.Equal(got, want) {
			t.Errorf("told\n%q\nwant\n%q", got, want)
		}
	})
}

func TestReferDeclined(t *testing.T) {
	onNet(t, func(b *bench) {
		c, e := b.referredTo("<sip:carol@phone.test>")
		if code := c.within(stack.REFER, "", "Refer-To: <sip:dave@phone.test>"); code != 603 {
			t.Errorf("a second REFER: %d", code)
		}
		var code int
		b.ua.RefuseRefer(e.Refer)
		b.ua.TellReferrer(e.Refer, 200, "")
		b.pass(time.Second)
		if n := len(b.far.all(stack.NOTIFY)); n != 0 || code != 0 {
			t.Errorf("%d NOTIFYs", n)
		}
		_, again := c, c.within(stack.REFER, "", "Refer-To: <sip:dave@phone.test>")
		if again != 0 {
			t.Errorf("after the refusal another REFER gets %d", again)
		}
		b.ua.Hangup(e.Call)
		b.pass(time.Second)
	})
}

func TestReferWithoutSubscription(t *testing.T) {
	onNet(t, func(b *bench) {
		_, e := b.referredTo("<sip:carol@phone.test>", "Refer-Sub: false")
		b.ua.Invite(1, "", Invitation{SDP: []byte(anOffer), Refer: e.Refer})
		b.ua.TellReferrer(e.Refer, 200, "")
		b.pass(time.Second)
		if n := len(b.far.all(stack.NOTIFY)); n != 0 || len(b.far.all(stack.INVITE)) == 0 {
			t.Errorf("%d NOTIFYs", n)
		}
	})
}

func TestHostileRefers(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		c, _ := b.answered()
		for _, r := range []struct {
			headers []string
			want    int
		}{
			{nil, 400},
			{[]string{"Refer-To: <sip:a@b>", "Refer-To: <sip:c@d>"}, 400},
			{[]string{"Refer-To: <sip:>"}, 400},
			{[]string{"Refer-To: <http://example.com/>"}, 400},
			{[]string{"Refer-To: <tel:+4930>"}, 400},
			{[]string{"Refer-To: <sip:a@b;method=BYE>"}, 603},
			{[]string{"Refer-To: <sip:a@b?Replaces=onlyacallid>"}, 400},
			{[]string{"Refer-To: <sip:a@b?Replaces=x%0d%0aRoute:evil%3Bto-tag%3D1%3Bfrom-tag%3D2>"}, 400},
		} {
			if got := c.within(stack.REFER, "", r.headers...); got != r.want {
				t.Errorf("%q: %d, want %d", r.headers, got, r.want)
			}
		}
		none[ReferAsked](b)
		b.far.ask(b, stack.REFER, func(res *stack.Response, _ error) { // outside of any call
			if res.StatusCode != 603 {
				t.Errorf("%d", res.StatusCode)
			}
		})
		b.pass(time.Second)
	})
}

func TestReplaces(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		c, ref := b.answered()
		name := c.d.ID.CallID + ";to-tag=" + c.d.ID.RemoteTag + ";from-tag=" + c.d.ID.LocalTag
		for _, r := range []struct {
			headers []string
			want    int
		}{
			{[]string{"Replaces: nobody;to-tag=1;from-tag=2"}, 481},
			{[]string{"Replaces: " + c.d.ID.CallID + ";to-tag=" + c.d.ID.RemoteTag + ";from-tag=x"}, 481},
			{[]string{"Replaces: " + name + ";early-only"}, 486},
			{[]string{"Replaces: " + name, "Replaces: " + name}, 400},
			{[]string{"Replaces: " + name, "Join: " + name}, 400},
			{[]string{"Replaces: garbage"}, 400},
		} {
			if x := b.call(anOffer, r.headers...); !slices.Contains(x.codes, r.want) {
				t.Errorf("%q: %v, want %d", r.headers, x.codes, r.want)
			}
		}
		none[Incoming](b)
		x := b.call(anOffer, "Replaces: "+name, "Require: replaces", "Referred-By: <sip:dora@phone.test>", "Allow: INVITE, ACK")
		e := take[Incoming](b)
		if e.Replaces != ref || e.ReferredBy.User != "dora" || e.Able.Refers {
			t.Errorf("%+v", e)
		}
		b.ua.Accept(e.Call, []byte(anAnswer))
		b.ua.Hangup(ref)
		take[Confirmed](b)
		if !slices.Contains(x.codes, 200) || len(b.far.all(stack.BYE)) != 1 {
			t.Errorf("%v, %d BYE", x.codes, len(b.far.all(stack.BYE)))
		}
		if x := b.call(anOffer, "Replaces: "+name); !slices.Contains(x.codes, 603) {
			t.Errorf("a call that is over: %v, want 603", x.codes)
		}
	})
}

// only an early dialog of our own making may be replaced (RFC 3891 §3).
func TestReplacesOfWhatIsNotAnswered(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		c := b.call(anOffer)
		b.ua.Ring(take[Incoming](b).Call)
		b.pass(10 * time.Millisecond)
		if x := b.call(anOffer, "Replaces: "+c.d.ID.CallID+";to-tag="+c.d.ID.RemoteTag+";from-tag="+c.d.ID.LocalTag); !slices.Contains(x.codes, 481) {
			t.Errorf("a call that rings here: %v, want 481", x.codes)
		}
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			tx.Respond(b.far.branch(req, 180, "c4", ""))
		})
		ref := b.ua.Call(1, "carol", []byte(anOffer))
		take[Progress](b)
		invite := b.far.all(stack.INVITE)[0]
		b.call(anOffer, "Replaces: "+invite.CallID().Value()+";to-tag="+stack.Tag(invite.From().Params)+";from-tag=c4;early-only")
		if e := take[Incoming](b); e.Replaces != ref {
			t.Errorf("%+v, want %d", e, ref)
		}
	})
}

func TestSessionID(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		const theirs, ours = "ab30317f1a784dc48ff824d0d3715d86", "47755a9de7794ba387653f2099600ef2"
		c := b.call(anOffer, "Session-ID: "+theirs+";remote=00000000000000000000000000000000")
		e := take[Incoming](b)
		if e.Conversation != theirs {
			t.Errorf("%+v", e)
		}
		b.ua.Accept(e.Call, []byte(anAnswer))
		take[Confirmed](b)
		local, remote, _ := strings.Cut(header(c.last, "Session-ID"), ";")
		if !isSession(local) || remote != "remote="+theirs {
			t.Errorf("answered Session-ID %s;%s", local, remote)
		}
		b.ua.Hangup(e.Call)
		b.pass(time.Second)
		if got := b.far.lastHeader(stack.BYE, "Session-ID"); got != local+";"+remote {
			t.Errorf("BYE has Session-ID %s", got)
		}

		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			tx.Respond(b.far.branch(req, 200, "c4", anAnswer, "Session-ID: "+theirs+";remote="+ours))
		})
		b.ua.Invite(1, "carol", Invitation{SDP: []byte(anOffer), Conversation: ours})
		take[Accepted](b)
		if got := b.far.lastHeader(stack.INVITE, "Session-ID"); got != ours+";remote="+noSession {
			t.Errorf("INVITE has Session-ID %s", got)
		}
		b.pass(10 * time.Millisecond)
		if got := b.far.lastHeader(stack.ACK, "Session-ID"); got != ours+";remote="+theirs {
			t.Errorf("ACK has Session-ID %s", got)
		}

		b.ua.Invite(1, "carol", Invitation{SDP: []byte(anOffer), Conversation: "AcoX/2007=="})
		take[Accepted](b)
		if id, alias := b.far.lastHeader(stack.INVITE, "Session-ID"), b.far.lastHeader(stack.INVITE, "Ms-Conversation-ID"); !isSession(id[:32]) || alias != "AcoX/2007==" {
			t.Errorf("Session-ID %s, Ms-Conversation-ID %s", id, alias)
		}
		b.call(anOffer, "Ms-Conversation-ID: AcoX/2008==")
		if e := take[Incoming](b); e.Conversation != "AcoX/2008==" {
			t.Errorf("%+v", e)
		}
		b.call(anOffer, "Session-ID: <script>;remote=1", "Ms-Conversation-ID: a;b")
		if e := take[Incoming](b); !isSession(e.Conversation) {
			t.Errorf("%+v", e)
		}
	})
}

// TestOutcomeThatWasOvertakenIsToldAgain: a NOTIFY that comes behind a later request of ours is refused (RFC 3261 §12.2.2);
// the outcome of a REFER is told once more.
func TestOutcomeThatWasOvertakenIsToldAgain(t *testing.T) {
	onNet(t, func(b *bench) {
		said := []int{200, 500, 500, 200}
		b.far.when(stack.NOTIFY, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			tx.Respond(reply(req, said[0]))
			said = said[1:]
		})
		_, e := b.referredTo("<sip:carol@phone.test>")
		b.ua.Invite(1, "", Invitation{SDP: []byte(anOffer), Refer: e.Refer})
		b.pass(time.Second)
		b.ua.TellReferrer(e.Refer, 200, "")
		b.pass(time.Second)
		all := b.far.all(stack.NOTIFY)
		if len(all) != 4 || !strings.Contains(string(all[3].Body()), "200 OK") || all[3].CSeq().SeqNo <= all[2].CSeq().SeqNo {
			t.Errorf("%d NOTIFYs, the last %s", len(all), all[len(all)-1])
		}
	})
}
