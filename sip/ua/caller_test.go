package ua

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"opendeskphone/sip/names/hostile"
	"opendeskphone/sip/stack"
)

// TestWhoCalls: whom we say calls, by what the INVITE says and who brought it.
func TestWhoCalls(t *testing.T) {
	const bob, pai = "bob", `P-Asserted-Identity: "Anna" <sip:+4930555@phone.test;user=phone>`
	rows := []struct {
		name    string
		headers []string
		shown   string // number, name; or hidden
		proof   string
	}{
		{"From alone", nil, "bob,Bob", ""},
		{"asserted", []string{pai}, "+4930555,Anna", ""},
		{"asserted twice, a tel URI has the number", []string{`P-Asserted-Identity: "Anna" <sip:anna@phone.test>, <tel:+4930556>`}, "+4930556,Anna", ""},
		{"asserted on two lines", []string{`P-Asserted-Identity: <sip:@broken>`, pai}, "+4930555,Anna", ""},
		{"asserted, but withheld from us", []string{pai, "Privacy: id"}, "bob,Bob", ""},
		{"asserted, withheld with more", []string{pai, "Privacy: header; id;critical"}, "bob,Bob", ""},
		{"asserted, and not withheld", []string{pai, "Privacy: none"}, "+4930555,Anna", ""},
		{"Remote-Party-ID", []string{`Remote-Party-ID: "Anna" <sip:557@phone.test>;party=calling;screen=yes;privacy=off`}, "557,Anna", ""},
		{"Remote-Party-ID of the other side", []string{`Remote-Party-ID: "Anna" <sip:557@phone.test>;party=called`}, "bob,Bob", ""},
		{"Remote-Party-ID, withheld", []string{`Remote-Party-ID: "Anna" <sip:557@phone.test>;privacy=full`}, "bob,Bob", ""},
		{"P-Asserted-Identity before Remote-Party-ID", []string{`Remote-Party-ID: <sip:557@phone.test>`, pai}, "+4930555,Anna", ""},
		{"the server says passed", []string{`P-Asserted-Identity: <sip:+4930555;verstat=TN-Validation-Passed@phone.test;user=phone>`}, "+4930555,", "passed "},
		{"with an attestation", []string{`P-Asserted-Identity: <tel:+4930555;verstat=TN-Validation-Passed-B>`}, "+4930555,", "passed B"},
		{"with an attestation beside", []string{`P-Asserted-Identity: <sip:+4930555@phone.test;verstat=TN-Validation-Passed>`, "P-Attestation-Indicator: A"}, "+4930555,", "passed A"},
		{"the server says failed", []string{`P-Asserted-Identity: <tel:+4930555;verstat=TN-Validation-Failed>`, "P-Attestation-Indicator: A"}, "+4930555,", "failed "},
		{"the server does not know", []string{`P-Asserted-Identity: <tel:+4930555;verstat=No-TN-Validation>`}, "+4930555,", ""},
		{"an attestation alone says nothing", []string{pai, "P-Attestation-Indicator: A"}, "+4930555,Anna", ""},
		{"letters that look like digits", []string{`P-Asserted-Identity: <sip:+49%D0%BE30@phone.test>`}, "+49%D0%BE30,", ""},
		{"a name that is a number", []string{`P-Asserted-Identity: "+49 30 110" <sip:+4930555@phone.test>`}, "+4930555,", ""},
	}
	onNet(t, func(b *bench) {
		registered(b)
		stranger := b.newFar(farAddr2)
		for _, r := range rows {
			b.call(anOffer, r.headers...)
			in := take[Incoming](b)
			got, proof := in.From.User+","+in.From.Display, map[Verstat]string{VerstatPassed: "passed ", VerstatFailed: "failed "}[in.Verstat]+in.Attest
			if got != r.shown || in.From.Hidden || proof != r.proof || in.Asserted != (r.shown != "bob,Bob") {
				t.Errorf("%s: %q %+v, want %q %q", r.name, got, in, r.shown, r.proof)
			}
			b.ua.Reject(in.Call, 486)
			other := &bench{T: b.T, net: b.net, ua: b.ua, far: stranger}
			other.call(anOffer, append(r.headers, "Diversion: <sip:1@x>", "Priority: psap-callback")...)
			in = take[Incoming](b)
			if in.From.User != bob || in.Asserted || in.Verstat != NoVerstat || in.ForwardedBy != (Peer{}) || in.Callback {
				t.Errorf("%s: a peer that is not our server was believed: %+v", r.name, in)
			}
			b.ua.Reject(in.Call, 486)
		}
	}, func(c *Config) { c.Peers = []netip.Prefix{netip.PrefixFrom(farAddr2, 32)} })
}

// TestHiddenCallers withhold their name, unless our server gives it away to us.
func TestHiddenCallers(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		for from, want := range map[string]string{
			`"Anonymous" <sip:anonymous@anonymous.invalid>;tag=a`: "hidden", `<sip:Anonymous@phone.test>;tag=b`: "hidden", `<sip:x@ANONYMOUS.invalid>;tag=c`: "hidden",
			`"Anonymous" <sip:100@phone.test>;tag=d`: "100",
		} {
			for header, asserted := range map[string]string{"X: y": "", "P-Asserted-Identity: <sip:200@phone.test>": "200"} {
				c := b.far.request(stack.INVITE)
				display, uri, params, err := stack.ParseAddress(from)
				if err != nil {
					t.Fatal(err)
				}
				c.ReplaceHeader(&stack.FromHeader{DisplayName: display, Address: uri, Params: params})
				name, value, _ := strings.Cut(header, ": ")
				c.AppendHeader(stack.NewHeader(name, value))
				setSDP(c, []byte(anOffer))
				b.far.s.Post(func() {
					b.far.s.Send(c, stack.Target{Transport: stack.UDP, Addr: b.at()}, func(*stack.Response, error) {})
				})
				in := take[Incoming](b)
				got := in.From.User
				if in.From.Hidden {
					got = "hidden"
				}
				expected := want
				if asserted != "" {
					expected = asserted
				}
				if got != expected || in.From.Hidden && in.From != (Peer{Hidden: true}) {
					t.Errorf("%s, %s: %+v", from, header, in.From)
				}
				b.ua.Reject(in.Call, 433)
			}
		}
	})
}

// TestForwardedBy: who sent a call on to us.
func TestForwardedBy(t *testing.T) {
	rows := []struct {
		headers []string
		want    string
	}{
		{[]string{`Diversion: "Anna" <sip:201@phone.test>;reason=no-answer;counter=1, <sip:202@phone.test>;reason=unconditional`}, "201 Anna"},
		{[]string{`Diversion: <sip:201@phone.test>;privacy=full`, `Diversion: <sip:202@phone.test>`}, "202 "},
		{[]string{`History-Info: <sip:201@phone.test>;index=1, <sip:alice@phone.test;cause=408>;index=1.1;mp=1, <sip:alice@10.0.0.1>;index=1.1.1;rc=1.1`}, "201 "},
		{[]string{`History-Info: <sip:201@phone.test>;index=1`, `History-Info: <sip:202@phone.test>;index=1.1;mp=1,"Anna" <sip:203@phone.test>;index=1.2;mp=1`, `History-Info: <sip:alice@phone.test>;index=1.2.1;mp=1.2`}, "203 Anna"},
		{[]string{`History-Info: <sip:201@phone.test?Reason=SIP%3Bcause%3D302>;index=1, <sip:alice@phone.test>;index=2`}, "201 "},
		{[]string{`History-Info: <sip:201@phone.test?Reason=SIP%3Bcause%3D302&Privacy=history>;index=1, <sip:alice@phone.test>;index=1.1;mp=1`}, "hidden"},
		{[]string{`History-Info: <sip:alice@phone.test>;index=1, <sip:alice@10.0.0.1>;index=1.1;rc=1`}, " "}, // only found, not sent on
		{[]string{`History-Info: <<<, ;index=1`, "Diversion: x"}, " "},
	}
	onNet(t, func(b *bench) {
		registered(b)
		for _, r := range rows {
			b.call(anOffer, r.headers...)
			in := take[Incoming](b)
			got := in.ForwardedBy.User + " " + in.ForwardedBy.Display
			if in.ForwardedBy.Hidden {
				got = "hidden"
			}
			if got != r.want {
				t.Errorf("%q: %+v, want %s", r.headers, in.ForwardedBy, r.want)
			}
			b.ua.Reject(in.Call, 486)
		}
	})
}

// TestConnectedLine: our server tells who rings, who answered and who has the call now, in every message that can.
func TestConnectedLine(t *testing.T) {
	pai := func(user string) string { return "P-Asserted-Identity: <sip:" + user + "@phone.test>" }
	onNet(t, func(b *bench) {
		registered(b)
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			if req.To().Params.Has("tag") { // our re-INVITE
				tx.Respond(b.far.branch(req, 200, "x", anAnswer, `Remote-Party-ID: <sip:303@phone.test>;party=called`))
				return
			}
			tx.Respond(b.far.branch(req, 180, "x", "", pai("301")))
			tx.Respond(b.far.branch(req, 200, "x", anAnswer, pai("302")))
		})
		ref := b.ua.Call(1, "300", []byte(anOffer))
		for _, want := range []string{"301", "302"} {
			if e := take[Identified](b); e.Call != ref || e.Remote.User != want {
				t.Errorf("%+v, want %s", e, want)
			}
		}
		take[Accepted](b)
		b.ua.Offer(ref, []byte(anOffer))
		if e := take[Identified](b); e.Remote.User != "303" {
			t.Errorf("%+v", e)
		}

		c, ref := b.answered()
		send := func(m stack.Method, sdp string, headers ...string) {
			c.f.s.Post(func() {
				req := c.d.Request(m)
				req.AppendHeader(c.f.contact())
				for _, h := range headers {
					name, value, _ := strings.Cut(h, ": ")
					req.AppendHeader(stack.NewHeader(name, value))
				}
				if sdp != "" {
					setSDP(req, []byte(sdp))
				}
				c.f.s.Send(req, stack.Target{Transport: stack.UDP, Addr: b.at()}, func(res *stack.Response, err error) {
					if err == nil && m == stack.INVITE && res.StatusCode/100 == 2 {
						c.f.s.Write(c.d.Ack(req.CSeq().SeqNo), stack.Target{Transport: stack.UDP, Addr: b.at()})
					}
				})
			})
			b.pass(10_000_000)
		}
		send(stack.UPDATE, "", pai("401"))
		if e := take[Identified](b); e.Call != ref || e.Remote.User != "401" {
			t.Errorf("%+v", e)
		}
		send(stack.UPDATE, "", pai("401"))
		none[Identified](b) // nothing new
		send(stack.INVITE, anOffer, pai("402"))
		take[ReOffer](b)
		b.ua.AnswerOffer(ref, []byte(anAnswer))
		if e := take[Identified](b); e.Remote.User != "402" {
			t.Errorf("%+v", e)
		}
		send(stack.UPDATE, "", pai("403"), "Privacy: id")
		if e := take[Identified](b); e.Remote != (Peer{Hidden: true}) {
			t.Errorf("%+v", e)
		}
	})
}

// TestAnonymousCall: nothing that the called sees says who calls, and our server is told.
func TestAnonymousCall(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			tx.Respond(b.far.branch(req, 200, "x", anAnswer))
		})
		ref := b.ua.Invite(1, "1234", Invitation{SDP: []byte(anOffer), Anonymous: true})
		take[Accepted](b)
		b.ua.Offer(ref, []byte(anOffer))
		b.pass(1_000_000_000)
		b.ua.Hangup(ref)
		b.pass(1_000_000_000)
		invite := b.far.all(stack.INVITE)[0]
		if from := invite.From(); from.Address.String() != "sip:anonymous@anonymous.invalid" || from.DisplayName != "Anonymous" {
			t.Errorf("From: %v", from)
		}
		if v := invite.GetHeader("Privacy"); v == nil || v.Value() != "id" {
			t.Errorf("Privacy: %v", v)
		}
		if v := invite.GetHeader("P-Preferred-Identity"); v == nil || v.Value() != "<sip:alice@phone.test>" {
			t.Errorf("P-Preferred-Identity: %v", v)
		}
		for _, req := range []*stack.Request{invite, b.far.all(stack.INVITE)[1], b.far.all(stack.BYE)[0]} {
			req.RemoveHeader("P-Preferred-Identity") // the server takes it away
			if strings.Contains(strings.ToLower(req.String()), "alice") {
				t.Errorf("it says who calls:\n%s", req)
			}
		}
	})
}

// TestHostileNames come over the wire: they are shown as they should be, beside the number.
func TestHostileNames(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		for _, n := range hostile.Names() {
			b.call(anOffer, `P-Asserted-Identity: "`+stack.Quote(n.Sent)+`" <sip:+12155550121@phone.test>`)
			in := take[Incoming](b)
			if in.From.User != "+12155550121" || in.From.Display != n.Shown {
				t.Errorf("%s: %q is shown as %+v, want %q", n.Trick, n.Sent, in.From, n.Shown)
			}
			b.ua.Reject(in.Call, 486)
			b.pass(200 * time.Millisecond) // calls that are over are remembered for a while, and only so many
		}
	})
}

func FuzzIdentityHeaders(f *testing.F) {
	f.Add(`"Anna" <sip:+4930;verstat=TN-Validation-Passed-A@x>, <tel:+4930>`, "id;critical", `<sip:1@x?Reason=SIP%3Bcause%3D302>;index=1, <sip:2@x>;index=1.1;mp=1`)
	f.Fuzz(func(t *testing.T, identity, privacy, history string) {
		msg := stack.NewResponse(200, "")
		for name, v := range map[string]string{"P-Asserted-Identity": identity, "Remote-Party-ID": identity, "Diversion": history, "History-Info": history, "Privacy": privacy} {
			msg.AppendHeader(stack.NewHeader(name, v))
		}
		verdict, attest := verstat(msg)
		if attest != "" && verdict != VerstatPassed {
			t.Error("an attestation without a verdict")
		}
		p, ok := assertedBy(msg, "calling")
		if ok && p == (Peer{}) {
			t.Error("asserted nobody")
		}
		forwarder(msg)
		private(msg)
	})
}
