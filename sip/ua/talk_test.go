package ua

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/sip/dialog"
	"opendeskphone/sip/stack"
)

// caller is a call the far side makes to us.
type caller struct {
	b      *bench
	f      *far
	invite *stack.Request
	tx     *stack.ClientTx
	d      *dialog.Dialog
	codes  []int
	last   *stack.Response
	mute   bool // gives no ACK
	ackSDP string
}

// call sends us an INVITE and acknowledges what is answered.
func (b *bench) call(sdp string, headers ...string) *caller {
	c := &caller{b: b, f: b.far, invite: b.far.request(stack.INVITE)}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		c.invite.AppendHeader(stack.NewHeader(name, value))
	}
	if sdp != "" {
		setSDP(c.invite, []byte(sdp))
	}
	b.far.s.Post(func() {
		c.tx = b.far.s.Send(c.invite, stack.Target{Transport: stack.UDP, Addr: b.at()}, c.respond)
	})
	b.pass(10 * time.Millisecond)
	return c
}

func (c *caller) respond(res *stack.Response, err error) {
	if err != nil {
		c.codes = append(c.codes, -1)
		return
	}
	c.last = res
	c.codes = append(c.codes, res.StatusCode)
	if res.StatusCode > 100 && res.StatusCode < 300 && c.d == nil {
		c.d, _ = dialog.New(c.invite, res)
	}
	if res.StatusCode >= 200 && res.StatusCode < 300 && !c.mute {
		c.d.Progress(res)
		c.ack()
	}
}

func (c *caller) ack() {
	ack := c.d.Ack(c.invite.CSeq().SeqNo)
	if c.ackSDP != "" {
		setSDP(ack, []byte(c.ackSDP))
	}
	c.f.s.Write(ack, stack.Target{Transport: stack.UDP, Addr: c.b.at()})
}

// send sends a request within the call; on gets the responses.
func (c *caller) send(m stack.Method, sdp string, on func(req *stack.Request, res *stack.Response)) {
	c.f.s.Post(func() {
		req := c.d.Request(m)
		req.AppendHeader(c.f.contact())
		if sdp != "" {
			setSDP(req, []byte(sdp))
		}
		c.f.s.Send(req, stack.Target{Transport: stack.UDP, Addr: c.b.at()}, func(res *stack.Response, err error) {
			if on != nil {
				on(req, res)
			}
			if err == nil && m == stack.INVITE && res.StatusCode >= 200 && res.StatusCode < 300 {
				c.f.s.Write(c.d.Ack(req.CSeq().SeqNo), stack.Target{Transport: stack.UDP, Addr: c.b.at()})
			}
		})
	})
	c.b.pass(10 * time.Millisecond)
}

// answered is a call of theirs that stands.
func (b *bench) answered() (*caller, CallRef) {
	b.Helper()
	c := b.call(anOffer)
	ref := take[Incoming](b).Call
	b.ua.Ring(ref)
	b.ua.Accept(ref, []byte(anAnswer))
	take[Confirmed](b)
	return c, ref
}

func TestIncoming(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		c := b.call(anOffer, "P-Asserted-Identity: \"Robert \u202Etxt\" <sip:+4930123@phone.test>")
		in := take[Incoming](b)
		if in.From.User != "+4930123" || in.From.Display != "Robert txt" || !in.Asserted || string(in.SDP) != anOffer {
			t.Errorf("%+v", in)
		}
		b.ua.Ring(in.Call)
		b.pass(time.Second)
		b.ua.Accept(in.Call, []byte(anAnswer))
		if e := take[Confirmed](b); e.SDP != nil {
			t.Errorf("%+v", e)
		}
		b.pass(5 * time.Second)
		if len(c.codes) != 2 || c.codes[0] != 180 || c.codes[1] != 200 || string(c.last.Body()) != anAnswer {
			t.Errorf("codes %v", c.codes)
		}
		c.send(stack.BYE, "", nil)
		if e := take[Ended](b); !e.ByRemote {
			t.Errorf("%+v", e)
		}
	})
}

// TestTheCallBecomesAConference: what the far side's Contact says of it in a re-INVITE, and in its answer to one of ours, is
// told when it is news.
func TestTheCallBecomesAConference(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		c, ref := b.answered()
		says := func(params string) {
			c.f.s.Post(func() {
				req := c.d.Request(stack.INVITE)
				req.AppendHeader(stack.NewHeader("Contact", "<sip:bob@192.0.2.9;conf-id=7>"+params))
				setSDP(req, []byte(anOffer))
				c.f.s.Send(req, stack.Target{Transport: stack.UDP, Addr: b.at()}, func(res *stack.Response, err error) {
					if err == nil && res.StatusCode == 200 {
						c.f.s.Write(c.d.Ack(req.CSeq().SeqNo), stack.Target{Transport: stack.UDP, Addr: b.at()})
					}
				})
			})
			b.pass(10 * time.Millisecond)
			b.ua.AnswerOffer(ref, []byte(anAnswer))
			b.pass(10 * time.Millisecond)
		}
		says("")
		none[Refocused](b)
		says(";isfocus")
		if e := take[Refocused](b); e.Call != ref || e.Focus != "sip:bob@192.0.2.9;conf-id=7" || e.Controls {
			t.Errorf("%+v", e)
		}
		says(";isfocus")
		none[Refocused](b)
		says("")
		if e := take[Refocused](b); e.Focus != "" {
			t.Errorf("%+v", e)
		}
	})
}

// TestSoundBeforeTheAnswer: sound comes before the answer (183), is told again every minute, and the answer repeats its description.
func TestSoundBeforeTheAnswer(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		c := b.call(anOffer)
		in := take[Incoming](b)
		b.ua.Ring(in.Call)
		b.ua.Early(in.Call, []byte(anAnswer))
		b.pass(time.Second)
		if c.last.StatusCode != 183 || string(c.last.Body()) != anAnswer {
			t.Errorf("%s", c.last)
		}
		b.pass(time.Minute)
		b.ua.Accept(in.Call, []byte(anAnswer))
		take[Confirmed](b)
		if !slices.Equal(c.codes, []int{180, 183, 183, 200}) {
			t.Errorf("codes %v", c.codes)
		}
		b.ua.Early(in.Call, []byte(anAnswer))
		b.pass(time.Second)
		if len(c.codes) != 4 {
			t.Errorf("after the answer: codes %v", c.codes)
		}
	})
}

func TestLateOffer(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		c := b.call("")
		c.ackSDP = anAnswer
		in := take[Incoming](b)
		b.ua.Accept(in.Call, []byte(anOffer))
		if e := take[Confirmed](b); in.SDP != nil || string(e.SDP) != anAnswer {
			t.Errorf("%+v", e)
		}
	})
}

func TestNoAck(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		c := b.call(anOffer)
		c.mute = true
		in := take[Incoming](b)
		b.ua.Accept(in.Call, []byte(anAnswer))
		if e := take[Ended](b); e.Cause != 408 {
			t.Errorf("%+v", e)
		}
		b.pass(time.Second)
		if n := len(b.far.all(stack.BYE)); n != 1 || len(c.codes) < 10 {
			t.Errorf("%d BYEs, %d responses", n, len(c.codes))
		}
	})
}

// TestHangupBeforeAck: a BYE must wait for the ACK (RFC 3261 §15).
func TestHangupBeforeAck(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		c := b.call(anOffer)
		c.mute = true
		in := take[Incoming](b)
		b.ua.Accept(in.Call, []byte(anAnswer))
		b.ua.Hangup(in.Call)
		take[Ended](b)
		b.pass(time.Second)
		if n := len(b.far.all(stack.BYE)); n != 0 {
			t.Errorf("%d BYEs before the ACK", n)
		}
		b.far.s.Post(c.ack)
		b.pass(time.Second)
		if n := len(b.far.all(stack.BYE)); n != 1 {
			t.Errorf("%d BYEs after the ACK", n)
		}
		none[Confirmed](b)
	})
}

func TestCallerGivesUp(t *testing.T) {
	for _, elsewhere := range []bool{false, true} {
		onNet(t, func(b *bench) {
			registered(b)
			c := b.call(anOffer)
			ref := take[Incoming](b).Call
			b.ua.Ring(ref)
			b.pass(time.Second)
			b.far.s.Post(func() {
				if elsewhere {
					b.far.s.Cancel(c.tx, stack.NewHeader("Reason", `Q.850;cause=16;text="x", SIP;cause=200;text="Call completed elsewhere"`))
				} else {
					b.far.s.Cancel(c.tx)
				}
			})
			if e := take[Ended](b); !e.ByRemote || e.Elsewhere != elsewhere {
				t.Errorf("%+v", e)
			}
			b.ua.Accept(ref, []byte(anAnswer)) // too late
			b.pass(time.Second)
			if n := len(c.codes); c.codes[n-1] != 487 {
				t.Errorf("%v", c.codes)
			}
		})
	}
}

func TestReliableRinging(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		c := b.call(anOffer, "Require: 100rel")
		ref := take[Incoming](b).Call
		b.ua.Ring(ref)
		b.pass(1600 * time.Millisecond)
		if len(c.codes) != 3 { // at 0, 0.5 and 1.5 s
			t.Errorf("%v", c.codes)
		}
		rseq := c.last.GetHeader("RSeq").Value()
		b.far.s.Post(func() {
			req := c.d.Request(stack.PRACK)
			req.AppendHeader(stack.NewHeader("RAck", rseq+" 1 INVITE"))
			b.far.s.Send(req, stack.Target{Transport: stack.UDP, Addr: b.at()}, func(*stack.Response, error) {})
		})
		b.pass(20 * time.Second)
		if len(c.codes) != 3 {
			t.Errorf("%v", c.codes)
		}
	})
}

func TestHoldBothWays(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		c, ref := b.answered()
		theirs := strings.Replace(anOffer, "m=audio", "a=sendonly\r\nm=audio", 1)
		var got *stack.Response
		c.send(stack.INVITE, theirs, func(_ *stack.Request, res *stack.Response) { got = res })
		if e := take[ReOffer](b); e.Call != ref || string(e.SDP) != theirs {
			t.Errorf("%+v", e)
		}
		b.ua.AnswerOffer(ref, []byte(anAnswer))
		b.pass(time.Second)
		if got == nil || got.StatusCode != 200 || string(got.Body()) != anAnswer {
			t.Errorf("answer %v", got)
		}
		c.send(stack.UPDATE, anOffer, func(_ *stack.Request, res *stack.Response) { got = res })
		take[ReOffer](b)
		b.ua.RefuseOffer(ref, 488)
		b.pass(time.Second)
		if got.StatusCode != 488 {
			t.Errorf("%v", got)
		}
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			tx.Respond(b.far.branch(req, 200, "", anAnswer))
		})
		b.ua.Offer(ref, []byte(anOffer))
		if e := take[OfferAnswered](b); string(e.SDP) != anAnswer {
			t.Errorf("%+v", e)
		}
		b.pass(time.Second)
		if n := len(b.far.all(stack.ACK)); n != 1 {
			t.Errorf("%d ACKs", n)
		}
	})
}

// TestGlare: both sides offer at once; both are refused, and we are asked to
// try again in the time of one who does not own the Call-ID.
func TestGlare(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		c, ref := b.answered()
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			c.f.s.After(50*time.Millisecond, func() { tx.Respond(reply(req, 491)) })
		})
		b.ua.Offer(ref, []byte(anOffer))
		synctest.Wait()
		var code int
		c.send(stack.INVITE, anOffer, func(_ *stack.Request, res *stack.Response) { code = res.StatusCode })
		if e := take[OfferRefused](b); e.Code != 491 || code != 491 {
			t.Errorf("%+v, theirs %d", e, code)
		}
		began := time.Now()
		take[OfferDue](b)
		if d := time.Since(began); d > 2100*time.Millisecond {
			t.Errorf("due after %v", d)
		}
		none[ReOffer](b)
	})
}

func TestLostFarSide(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		_, ref := b.answered()
		b.far.always(stack.INVITE, 481)
		b.ua.Offer(ref, []byte(anOffer))
		if e := take[Ended](b); e.Cause != 481 {
			t.Errorf("%+v", e)
		}
	})
}

// TestSessionTimer: whoever refreshes, a far side that vanished is found out.
func TestSessionTimer(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		c := b.call(anOffer, "Session-Expires: 300;refresher=uas", "Supported: timer", "Allow: INVITE, UPDATE, BYE")
		ref := take[Incoming](b).Call
		b.ua.Accept(ref, []byte(anAnswer))
		take[Confirmed](b)
		if got := c.last.GetHeader("Session-Expires").Value(); got != "300;refresher=uas" {
			t.Error(got)
		}
		b.far.always(stack.UPDATE, 200, "Session-Expires: 300;refresher=uac", "Allow: UPDATE")
		b.pass(310 * time.Second)
		if n := len(b.far.all(stack.UPDATE)); n != 2 {
			t.Errorf("%d refreshes", n)
		}
		b.net.SetDown(farAddr, true)
		b.pass(5 * time.Minute)
		take[Ended](b)
	})
	onNet(t, func(b *bench) {
		registered(b)
		c := b.call(anOffer, "Session-Expires: 120;refresher=uac", "Supported: timer")
		ref := take[Incoming](b).Call
		b.ua.Accept(ref, []byte(anAnswer))
		take[Confirmed](b)
		if got := c.last.GetHeader("Session-Expires").Value(); got != "120;refresher=uac" || !has(c.last, "Require", "timer") {
			t.Error(got)
		}
		b.pass(89 * time.Second)
		take[Ended](b)
	})
	onNet(t, func(b *bench) {
		registered(b)
		c := b.call(anOffer, "Session-Expires: 20", "Supported: timer")
		if c.codes[0] != 422 || c.last.GetHeader("Min-SE").Value() != "90" {
			t.Errorf("%v", c.codes)
		}
	})
}

func TestInDialogRequests(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		c, _ := b.answered()
		for m, want := range map[stack.Method]int{stack.INFO: 200, stack.OPTIONS: 200, stack.REFER: 400, stack.NOTIFY: 489, stack.PRACK: 481} {
			got := 0
			c.send(m, "", func(_ *stack.Request, res *stack.Response) { got = res.StatusCode })
			if got != want {
				t.Errorf("%s: %d, want %d", m, got, want)
			}
		}
		b.far.s.Post(func() {
			req := c.d.Request(stack.BYE)
			req.To().Params.Add("tag", "other")
			b.far.s.Send(req, stack.Target{Transport: stack.UDP, Addr: b.at()}, func(res *stack.Response, _ error) {
				if res.StatusCode != 481 {
					t.Errorf("BYE of another dialog: %d", res.StatusCode)
				}
			})
			req = c.d.Request(stack.BYE)
			req.CSeq().SeqNo = 1
			b.far.s.Send(req, stack.Target{Transport: stack.UDP, Addr: b.at()}, func(res *stack.Response, _ error) {
				if res.StatusCode != 500 {
					t.Errorf("BYE out of order: %d", res.StatusCode)
				}
			})
		})
		b.pass(time.Second)
		none[Ended](b)
	})
}

func TestStopsClean(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		b.answered()
		began := time.Now()
		b.cancel()
		<-b.ended
		if d := time.Since(began); d > 100*time.Millisecond {
			t.Errorf("took %v", d)
		}
		if len(b.far.all(stack.BYE)) != 1 || len(b.far.all(stack.REGISTER)) != 2 {
			t.Error("no farewell")
		}
	})
	onNet(t, func(b *bench) {
		registered(b)
		b.answered()
		b.net.SetDown(farAddr, true)
		began := time.Now()
		b.cancel()
		<-b.ended
		if d := time.Since(began); d != 2*time.Second {
			t.Errorf("took %v, grace is 2 s", d)
		}
	})
}

func TestTooManyCalls(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		b.call(anOffer)
		b.call(anOffer)
		if c := b.call(anOffer); c.codes[0] != 486 {
			t.Errorf("%v", c.codes)
		}
	}, func(c *Config) { c.MaxCalls = 2 })
}

// TestOfferBeforeTheirAck: a call that was answered is held before their ACK is in; the hold waits for that, and is not lost.
func TestOfferBeforeTheirAck(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		c := b.call(anOffer)
		c.mute = true
		ref := take[Incoming](b).Call
		b.ua.Accept(ref, []byte(anAnswer))
		b.ua.Offer(ref, []byte(anOffer))
		if e := take[OfferRefused](b); e.Code != 491 {
			t.Errorf("%+v", e)
		}
		none[OfferDue](b)
		b.far.s.Post(c.ack)
		take[Confirmed](b)
		take[OfferDue](b)
	})
}

// TestOfferThatCameTooSoonIsMadeAgain: our ACK was lost, and whoever waits for it takes no offer yet (RFC 3261 §14.2). It
// is made again, a few times and no more.
func TestOfferThatCameTooSoonIsMadeAgain(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		_, ref := b.answered()
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			tx.Respond(reply(req, 500, "Retry-After: 0"))
		})
		for range maxAgain {
			b.ua.Offer(ref, []byte(anOffer))
			if e := take[OfferRefused](b); e.Code != 491 {
				t.Errorf("%+v", e)
			}
			take[OfferDue](b)
		}
		b.ua.Offer(ref, []byte(anOffer))
		if e := take[OfferRefused](b); e.Code != 500 {
			t.Errorf("%+v", e)
		}
		none[OfferDue](b)
	})
}

func TestDeflect(t *testing.T) {
	for target, want := range map[string]string{"carol": "sip:carol@phone.test", "sip:dave@elsewhere.test": "sip:dave@elsewhere.test", "": ""} {
		onNet(t, func(b *bench) {
			registered(b)
			c := b.call(anOffer)
			ref := take[Incoming](b).Call
			b.ua.Ring(ref)
			b.ua.Deflect(ref, target, Unanswered)
			if e := take[Ended](b); e.ByRemote {
				t.Errorf("%+v", e)
			}
			b.pass(time.Second)
			code := 302
			if want == "" {
				code = 480
			}
			if got := c.last; got.StatusCode != code || code == 302 && got.Contact().Address.String() != want {
				t.Errorf("%q: %s", target, got)
			}
		})
	}
}

// A caller that is sent on learns who did it and why, in the words that he knows.
func TestDeflectionSaysWhy(t *testing.T) {
	for why, want := range map[Diversion]string{ByUser: "deflection 487", ByRule: "unconditional 302", WhenBusy: "user-busy 486", Unanswered: "no-answer 408", NotDisturbs: "do-not-disturb 480", Declined: "deflection 603"} {
		reason, cause, _ := strings.Cut(want, " ")
		for history, says := range map[string]string{
			"Supported: path":            "",
			"Supported: timer, histinfo": "<sip:alice@phone.test?Reason=SIP%3Bcause%3D" + cause + ">;index=1, <sip:carol@phone.test>;index=1.1;mp=1",
			"Supported: histinfo\r\nHistory-Info: <sip:+4930@x>;index=1, <sip:alice@phone.test>;index=1.2;mp=1": "<sip:+4930@x>;index=1, <sip:alice@phone.test?Reason=SIP%3Bcause%3D" +
				cause + ">;index=1.2, <sip:carol@phone.test>;index=1.2.1;mp=1.2",
			"Supported: histinfo\r\nHistory-Info: <sip:alice@phone.test>;index=nonsense": "<sip:alice@phone.test?Reason=SIP%3Bcause%3D" + cause + ">;index=1, <sip:carol@phone.test>;index=1.1;mp=1",
		} {
			onNet(t, func(b *bench) {
				registered(b)
				c := b.call(anOffer, history)
				b.ua.Deflect(take[Incoming](b).Call, "carol", why)
				b.pass(time.Second)
				if got := header(c.last, "Diversion"); got != "<sip:alice@phone.test>;reason="+reason+";counter=1" {
					t.Errorf("%s: %q", want, got)
				}
				if got := header(c.last, "History-Info"); got != says {
					t.Errorf("%s, %q:\n got %q\nwant %q", want, history, got, says)
				}
			})
		}
	}
}

func TestAutomaticAnswer(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"Call-Info: <sip:pbx>;answer-after=0":                     0,
		`Call-Info: <sip:a>;purpose=icon, <sip:b>;Answer-After=2`: 2 * time.Second,
		"Call-Info: <sip:pbx>;answer-after=9999":                  time.Minute,
		"Call-Info: <sip:pbx>;answer-after=nonsense":              0,
		"Alert-Info: <http://pbx/>;info=alert-autoanswer":         0,
		"Alert-Info: Auto Answer":                                 0,
		"Alert-Info: <http://127.0.0.1>;info=Ring Answer":         0,
		"Answer-Mode: Auto":                                       0,
		"Priv-Answer-Mode: auto;require":                          0,
		"Answer-Mode: Manual":                                     -1,
		"Alert-Info: <http://pbx/ring2.wav>":                      -1,
		"Call-Info: <sip:answer-after>":                           -1,
	} {
		onNet(t, func(b *bench) {
			registered(b)
			b.call(anOffer, in)
			if e := take[Incoming](b); e.Auto != (want >= 0) || e.Auto && e.After != want {
				t.Errorf("%s: %v after %v", in, e.Auto, e.After)
			}
		})
	}
	onNet(t, func(b *bench) { // a stranger may say who he is, and is not believed
		b.line(func(a *Account) { a.Direct, a.Registrar = true, "" })
		b.call(anOffer, "Answer-Mode: Auto")
		if e := take[Incoming](b); e.Auto {
			t.Errorf("a stranger's call is answered: %+v", e)
		}
	}, func(c *Config) { c.Strangers = true })
}

// TestCallAfterCall: what is remembered of calls that are over costs no new one.
func TestCallAfterCall(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		for i := range 2 * maxPast {
			c := b.call(anOffer)
			b.ua.Reject(take[Incoming](b).Call, 603)
			take[Ended](b)
			b.pass(time.Millisecond)
			if n := len(c.codes); c.codes[n-1] != 603 {
				t.Fatalf("call %d: %v", i, c.codes)
			}
		}
		b.ua.stack.Post(func() {
			if n := len(b.ua.calls); n > maxPast {
				t.Errorf("%d calls in memory", n)
			}
		})
		b.pass(time.Minute)
		b.ua.stack.Post(func() {
			if n := len(b.ua.calls) + len(b.ua.past) + len(b.ua.dialogs); n > 0 {
				t.Errorf("%d calls stay", n)
			}
		})
		b.pass(time.Second)
	})
}
