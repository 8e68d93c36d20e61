package ua

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"opendeskphone/sip/dialog"
	"opendeskphone/sip/stack"
)

// notifier is a server of events: it grants every subscription and tells the first state of it.
type notifier struct {
	b       *bench
	f       *far
	granted time.Duration
	mute    bool // grants, but tells nothing
	live    map[string]*subscriber
	news    []*subscriber // in the order they came
	codes   []int         // of the answers to NOTIFYs
	event   string
}

// subscriber is a subscription of ours as the server sees it.
type subscriber struct {
	n *notifier
	d *dialog.Dialog
}

func (b *bench) notifier() *notifier {
	n := &notifier{b: b, f: b.far, granted: 10 * time.Minute, live: map[string]*subscriber{}, event: "dialog"}
	b.far.when(stack.SUBSCRIBE, n.subscribe)
	return n
}

// forget is what a restart does to a server that keeps nothing.
func (n *notifier) forget() { n.on(func() { n.live = map[string]*subscriber{} }) }

// on runs fn on the loop of the server.
func (n *notifier) on(fn func()) {
	done := make(chan struct{})
	n.f.s.Post(func() { fn(); close(done) })
	<-done
}

func (n *notifier) subscribe(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
	id, inside := dialog.IDOf(req)
	s := n.live[id.CallID+id.LocalTag]
	if inside && s == nil {
		tx.Respond(reply(req, 481))
		return
	}
	res := reply(req, 200, "Expires: "+header(req, "Expires"))
	if header(req, "Expires") != "0" {
		res.ReplaceHeader(stack.NewHeader("Expires", seconds(n.granted)))
	}
	res.AppendHeader(n.f.contact())
	if s == nil {
		d, err := dialog.Accept(req, stack.Tag(res.To().Params))
		if err != nil {
			n.b.Error(err)
		}
		s = &subscriber{n, d}
		n.live[id.CallID+stack.Tag(res.To().Params)] = s
		n.news = append(n.news, s)
	}
	tx.Respond(res)
	switch {
	case n.mute:
	case header(req, "Expires") == "0":
		s.tell("terminated;reason=timeout", "")
	default:
		s.tell("active;expires="+seconds(n.granted), "whole")
	}
}

// tell sends a NOTIFY; on the loop of the far side.
func (s *subscriber) tell(state, body string, headers ...string) {
	req := s.d.Request(stack.NOTIFY)
	req.AppendHeader(s.n.f.contact())
	req.AppendHeader(stack.NewHeader("Event", s.n.event))
	req.AppendHeader(stack.NewHeader("Subscription-State", state))
	if body != "" {
		h := stack.ContentTypeHeader("application/dialog-info+xml")
		req.AppendHeader(&h)
		req.SetBody([]byte(body))
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.ReplaceHeader(stack.NewHeader(name, value))
	}
	s.n.f.s.Send(req, stack.Target{Transport: stack.UDP, Addr: s.n.b.at()}, func(res *stack.Response, err error) {
		if err == nil {
			s.n.codes = append(s.n.codes, res.StatusCode)
		}
	})
}

// say has the newest subscriber told something, and gives the code of the answer.
func (n *notifier) say(state, body string, headers ...string) int {
	n.f.s.Post(func() { n.news[len(n.news)-1].tell(state, body, headers...) })
	n.b.pass(10 * time.Millisecond)
	code := 0
	n.on(func() {
		if len(n.codes) > 0 {
			code = n.codes[len(n.codes)-1]
		}
	})
	return code
}

var dialogs = Subscription{Event: "dialog", Target: "bob", Accept: []string{"application/dialog-info+xml"}}

// watched is a registered line with a subscription that is up.
func (b *bench) watched(n *notifier) SubRef {
	b.Helper()
	registered(b)
	ref := b.ua.Subscribe(1, dialogs)
	if e := take[Watching](b); !e.Up || e.Sub != ref {
		b.Fatalf("%+v", e)
	}
	if e := take[Notified](b); e.Sub != ref || string(e.Body) != "whole" || e.Type != "application/dialog-info+xml" {
		b.Fatalf("%+v", e)
	}
	return ref
}

func TestSubscription(t *testing.T) {
	onNet(t, func(b *bench) {
		n := b.notifier()
		ref := b.ua.Subscribe(1, dialogs) // before there is a line
		b.pass(time.Minute)
		if c := len(b.far.all(stack.SUBSCRIBE)); c != 0 {
			t.Fatalf("%d SUBSCRIBEs of a line that does not exist", c)
		}
		registered(b)
		take[Watching](b)
		take[Notified](b)
		first := b.far.all(stack.SUBSCRIBE)[0]
		if first.Recipient.String() != "sip:bob@phone.test" || header(first, "Event") != "dialog" || header(first, "Expires") != "600" ||
			header(first, "Accept") != "application/dialog-info+xml" || first.Contact() == nil {
			t.Error(first.String())
		}
		b.pass(20 * time.Minute)
		all := b.far.all(stack.SUBSCRIBE)
		if len(all) < 3 || len(all) > 5 || len(n.news) != 1 || stack.Tag(all[len(all)-1].To().Params) == "" {
			t.Errorf("%d SUBSCRIBEs, %d dialogs", len(all), len(n.news))
		}
		none[Watching](b)
		b.ua.Unsubscribe(ref)
		b.pass(time.Second)
		all = b.far.all(stack.SUBSCRIBE)
		if e := header(all[len(all)-1], "Expires"); e != "0" || n.codes[len(n.codes)-1] != 200 {
			t.Errorf("Expires %s, last NOTIFY %v", e, n.codes)
		}
		b.pass(time.Hour)
		if len(b.far.all(stack.SUBSCRIBE)) != len(all) || len(b.ua.watches)+len(b.ua.watched) > 0 {
			t.Error("it goes on")
		}
	}, func(c *Config) { c.Pulse = 0 })
}

// TestNotifyIsBelievedFromItsDialogAlone: everything else is refused and tells nothing.
func TestNotifyIsBelievedFromItsDialogAlone(t *testing.T) {
	onNet(t, func(b *bench) {
		n := b.notifier()
		b.watched(n)
		real := n.news[0].d.ID
		for _, r := range []struct {
			name string
			want int
			id   dialog.ID
			set  []string
		}{
			{"another Call-ID", 481, dialog.ID{CallID: "x", LocalTag: real.LocalTag, RemoteTag: real.RemoteTag}, nil},
			{"another tag of ours", 481, dialog.ID{CallID: real.CallID, LocalTag: real.LocalTag, RemoteTag: "x"}, nil},
			{"another tag of theirs", 481, dialog.ID{CallID: real.CallID, LocalTag: "x", RemoteTag: real.RemoteTag}, nil},
			{"another package", 489, real, []string{"Event: presence"}},
			{"an id", 489, real, []string{"Event: dialog;id=7"}},
			{"no state", 400, real, []string{"Subscription-State: "}},
			{"another type", 415, real, []string{"Content-Type: text/plain"}},
		} {
			b.far.s.Post(func() {
				forged := *n.news[0].d
				forged.ID = r.id
				(&subscriber{n, &forged}).tell("active", "forged", r.set...)
			})
			b.pass(10 * time.Millisecond)
			if got := n.codes[len(n.codes)-1]; got != r.want {
				t.Errorf("%s: %d, want %d", r.name, got, r.want)
			}
			none[Notified](b)
		}
		old := *n.news[0].d
		if code := n.say("active", "more", "Event: Dialog"); code != 200 || string(take[Notified](b).Body) != "more" {
			t.Error(code)
		}
		n.news[0].d = &old
		if code := n.say("active", "again, under the same number"); code != 500 {
			t.Error(code)
		}
		none[Notified](b)
	})
}

// TestNotifyBeforeTheAnswer makes the dialog.
func TestNotifyBeforeTheAnswer(t *testing.T) {
	onNet(t, func(b *bench) {
		n := b.notifier()
		b.far.when(stack.SUBSCRIBE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			d, _ := dialog.Accept(req, stack.ReplyTag(req))
			n.news = append(n.news, &subscriber{n, d})
			n.live[d.ID.CallID+d.ID.LocalTag] = n.news[0]
			n.news[0].tell("active", "whole")
			b.far.s.After(time.Second, func() { n.subscribe(tx, req, stack.Source{}) })
		})
		b.watched(n)
		b.pass(2 * time.Second)
		b.far.when(stack.SUBSCRIBE, n.subscribe)
		b.pass(20 * time.Minute)
		none[Watching](b)
	})
}

func TestMinExpires(t *testing.T) {
	onNet(t, func(b *bench) {
		n := b.notifier()
		n.granted = time.Hour
		b.far.when(stack.SUBSCRIBE, func(tx *stack.ServerTx, req *stack.Request, from stack.Source) {
			if header(req, "Expires") == "600" {
				tx.Respond(reply(req, 423, "Min-Expires: 3600"))
				return
			}
			n.subscribe(tx, req, from)
		})
		b.watched(n)
		if e := header(b.far.all(stack.SUBSCRIBE)[1], "Expires"); e != "3600" {
			t.Error(e)
		}
	})
}

// TestRefusedSubscription is asked for again, but rarely.
func TestRefusedSubscription(t *testing.T) {
	for _, r := range []struct {
		code  int
		after string
		least time.Duration
	}{{489, "X: y", slowMin}, {403, "X: y", slowMin}, {404, "X: y", slowMin}, {503, "Retry-After: 40", 40 * time.Second}, {200, "Expires: 0", 0}} {
		onNet(t, func(b *bench) {
			registered(b)
			b.far.always(stack.SUBSCRIBE, r.code, r.after, "Contact: <sip:x@10.0.0.2>")
			ref := b.ua.Subscribe(1, dialogs)
			if e := take[Watching](b); e.Sub != ref || e.Up || e.Code != r.code || time.Until(e.Retry) < r.least {
				t.Errorf("%+v", e)
			}
			b.pass(time.Hour)
			if c := len(b.far.all(stack.SUBSCRIBE)); c < 2 || c > 95 || r.code == 489 && c > 12 {
				t.Errorf("%d: %d SUBSCRIBEs in an hour", r.code, c)
			}
		})
	}
}

// TestServerForgets: the refresh of a subscription that the server does not know any more makes a new one.
func TestServerForgets(t *testing.T) {
	onNet(t, func(b *bench) {
		n := b.notifier()
		b.watched(n)
		n.forget()
		b.pass(10 * time.Minute)
		if e := take[Watching](b); e.Up || e.Code != 481 {
			t.Errorf("%+v", e)
		}
		if e := take[Watching](b); !e.Up || len(n.news) != 2 || string(take[Notified](b).Body) != "whole" {
			t.Errorf("%+v, %d dialogs", e, len(n.news))
		}
	})
}

// TestServerRestarts: when the line is back, every subscription is right again soon, whatever the server has kept.
func TestServerRestarts(t *testing.T) {
	for _, kept := range []bool{true, false} {
		onNet(t, func(b *bench) {
			n := b.notifier()
			b.line(func(a *Account) { a.Transport = stack.TCP })
			for range 30 {
				b.ua.Subscribe(1, dialogs)
			}
			b.pass(10 * time.Second)
			for range 30 {
				take[Watching](b)
			}
			b.net.SetDown(farAddr, true)
			b.pass(40 * time.Second)
			for range 30 {
				if e := take[Watching](b); e.Up {
					t.Errorf("%+v", e)
				}
			}
			if !kept {
				n.forget()
			}
			b.net.SetDown(farAddr, false)
			b.pass(10 * time.Second)
			up := 0
			b.mu.Lock()
			for _, e := range b.events {
				if w, ok := e.(Watching); ok && w.Up {
					up++
				}
			}
			b.mu.Unlock()
			if up != 30 || kept && len(n.news) != 30 {
				t.Errorf("kept %v: %d of 30 are up, %d dialogs", kept, up, len(n.news))
			}
		})
	}
}

// TestServerForgetsAll on UDP, where nothing tells of its restart: all are right within 10 s.
func TestServerForgetsAll(t *testing.T) {
	onNet(t, func(b *bench) {
		n := b.notifier()
		registered(b)
		for range 20 {
			b.ua.Subscribe(1, dialogs)
		}
		b.pass(time.Minute)
		if len(n.news) != 20 {
			t.Fatalf("%d dialogs", len(n.news))
		}
		if d := b.far.densest(stack.SUBSCRIBE); d > 22 {
			t.Errorf("%d SUBSCRIBEs within 10 s", d)
		}
		registers := len(b.far.all(stack.REGISTER))
		n.forget()
		b.pass(10 * time.Second)
		if len(n.news) != 40 {
			t.Errorf("%d of 20 are new after 10 s", len(n.news)-20)
		}
		if c := len(b.far.all(stack.REGISTER)); c != registers+1 {
			t.Errorf("%d REGISTERs for a server that may have forgotten the line, too", c-registers)
		}
	})
}

// TestConnectionEnds, as it does when the server is started anew so fast that the next REGISTER already finds it.
func TestConnectionEnds(t *testing.T) {
	onNet(t, func(b *bench) {
		challenged := 0
		n := b.notifier()
		b.far.when(stack.REGISTER, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			if h := req.GetHeader("Authorization"); h == nil || challenged < 2 && req.CSeq().SeqNo > 2 { // its nonces are new, too
				challenged++
				tx.Respond(reply(req, 401, md5Challenge+", stale=true"))
				return
			}
			tx.Respond(reply(req, 200, "Expires: 600"))
		})
		b.line(func(a *Account) { a.Transport = stack.TCP })
		b.ua.Subscribe(1, dialogs)
		b.pass(time.Second)
		n.forget()
		b.ua.stack.Post(func() { b.ua.stack.Hangup(b.ua.accounts[1].flows[0].flow.Conn) })
		b.pass(3 * time.Second)
		if len(n.news) != 2 {
			t.Errorf("%d dialogs", len(n.news))
		}
	})
}

// TestTerminated: RFC 6665 §4.1.3, by the reasons.
func TestTerminated(t *testing.T) {
	for _, r := range []struct {
		state       string
		least, most time.Duration
	}{
		{"terminated;reason=deactivated", 0, 2 * time.Second},
		{"terminated;reason=timeout;retry-after=500", 0, 2 * time.Second},
		{"terminated", 0, 2 * time.Second},
		{"terminated;reason=probation;retry-after=40", 40 * time.Second, 45 * time.Second},
		{"Terminated;Reason=giveup;retry-after=40", 40 * time.Second, 45 * time.Second},
		{"terminated;reason=rejected", time.Hour, time.Hour + time.Minute},
		{"terminated;reason=noresource;retry-after=5", time.Hour, time.Hour + time.Minute},
		{"terminated;reason=invariant", time.Hour, time.Hour + time.Minute},
	} {
		onNet(t, func(b *bench) {
			n := b.notifier()
			b.watched(n)
			if code := n.say(r.state, "last"); code != 200 || string(take[Notified](b).Body) != "last" {
				t.Error(code)
			}
			e := take[Watching](b)
			if wait := time.Until(e.Retry) + 10*time.Millisecond; e.Up || wait < r.least || wait > r.most {
				t.Errorf("%s: %+v, again in %v", r.state, e, wait)
			}
			if code := n.say("active", "late"); code != 481 {
				t.Errorf("after its end: %d", code)
			}
			b.pass(time.Until(e.Retry) + time.Second)
			if len(n.news) != 2 {
				t.Errorf("%s: %d dialogs", r.state, len(n.news))
			}
		})
	}
}

// TestEndlessEnds: a server that ends each subscription at once is not stormed.
func TestEndlessEnds(t *testing.T) {
	onNet(t, func(b *bench) {
		n := b.notifier()
		n.mute = true
		b.far.when(stack.SUBSCRIBE, func(tx *stack.ServerTx, req *stack.Request, from stack.Source) {
			n.subscribe(tx, req, from)
			n.news[len(n.news)-1].tell("terminated;reason=deactivated", "")
		})
		registered(b)
		b.ua.Subscribe(1, dialogs)
		b.pass(time.Hour)
		if c := len(b.far.all(stack.SUBSCRIBE)); c < 5 || c > 25 {
			t.Errorf("%d SUBSCRIBEs in an hour", c)
		}
	})
}

// TestLostNotify: a subscription that tells nothing is none.
func TestLostNotify(t *testing.T) {
	onNet(t, func(b *bench) {
		n := b.notifier()
		n.mute = true
		registered(b)
		b.ua.Subscribe(1, dialogs)
		e := take[Watching](b)
		if e.Up || e.Text == "" {
			t.Errorf("%+v", e)
		}
		n.mute = false
		if e = take[Watching](b); !e.Up || len(n.news) != 2 {
			t.Errorf("%+v, %d dialogs", e, len(n.news))
		}
	})
}

// TestRefetch has the whole state told anew.
func TestRefetch(t *testing.T) {
	onNet(t, func(b *bench) {
		n := b.notifier()
		ref := b.watched(n)
		b.ua.Refetch(ref)
		if e := take[Notified](b); string(e.Body) != "whole" || len(n.news) != 1 {
			t.Errorf("%+v", e)
		}
	})
}

// TestNotifyStorm: few of very many are taken, and what they hid is asked for once it is over.
func TestNotifyStorm(t *testing.T) {
	onNet(t, func(b *bench) {
		n := b.notifier()
		b.watched(n)
		b.far.s.Post(func() {
			for i := range 1000 {
				n.news[0].tell("active", fmt.Sprint(i))
			}
		})
		b.pass(900 * time.Millisecond)
		got := 0
		b.mu.Lock()
		for _, e := range b.events {
			if _, ok := e.(Notified); ok {
				got++
			}
		}
		b.events = nil
		b.mu.Unlock()
		if got > maxNotify || got < maxNotify/2 {
			t.Errorf("%d of 1000 told", got)
		}
		b.pass(2 * stormPause * time.Second)
		if e := take[Notified](b); string(e.Body) != "whole" || len(n.news) != 1 {
			t.Errorf("%+v", e)
		}
	})
}

// TestManySubscriptions keep the pace, also while they are challenged.
func TestManySubscriptions(t *testing.T) {
	onNet(t, func(b *bench) {
		n := b.notifier()
		b.far.when(stack.SUBSCRIBE, func(tx *stack.ServerTx, req *stack.Request, from stack.Source) {
			if req.GetHeader("Authorization") == nil {
				tx.Respond(reply(req, 401, md5Challenge))
				return
			}
			n.subscribe(tx, req, from)
		})
		registered(b)
		for range 100 {
			b.ua.Subscribe(1, dialogs)
		}
		b.pass(14 * time.Second)
		if len(n.news) != 100 {
			t.Errorf("%d of 100 after 14 s", len(n.news))
		}
		if d := b.far.densest(stack.SUBSCRIBE); d > smallBurst*int(10*time.Second/smallWindow) {
			t.Errorf("%d SUBSCRIBEs within 10 s", d)
		}
		b.pass(time.Hour)
		if len(n.news) != 100 {
			t.Errorf("%d dialogs after an hour", len(n.news))
		}
	})
}

// TestUnasked: the registrar may tell of waiting messages without being asked, and nobody else.
func TestUnasked(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		send := func(event, user string) (code int) {
			b.far.s.Post(func() {
				req := b.far.request(stack.NOTIFY)
				req.Recipient.User = user
				req.AppendHeader(stack.NewHeader("Event", event))
				h := stack.ContentTypeHeader("application/simple-message-summary")
				req.AppendHeader(&h)
				req.SetBody([]byte("Messages-Waiting: yes\r\n"))
				b.far.s.Send(req, stack.Target{Transport: stack.UDP, Addr: b.at()}, func(res *stack.Response, _ error) { code = res.StatusCode })
			})
			b.pass(10 * time.Millisecond)
			return code
		}
		if code := send("message-summary", "alice"); code != 200 {
			t.Error(code)
		}
		if e := take[Unasked](b); e.Account != 1 || e.Event != "message-summary" || !strings.HasPrefix(string(e.Body), "Messages") {
			t.Errorf("%+v", e)
		}
		for event, want := range map[string]int{"dialog": 481, "weather": 489, "message-summary": 481} {
			if code := send(event, "mallory"); code != want {
				t.Errorf("%s: %d, want %d", event, code, want)
			}
		}
		none[Unasked](b)
	})
}

// FuzzSubscription plays any answers and news of a server. Whatever comes, it is not stormed, and at last it tells.
func FuzzSubscription(f *testing.F) {
	f.Add([]byte{0x01, 0x12, 0x23, 0x34, 0x45, 0x56, 0x67, 0x78, 0x89, 0x9a})
	f.Add([]byte{0xf8, 0xf0, 0xf9, 0xf1, 0xfa, 0xf2, 0xfb, 0xf3})
	codes := []int{200, 202, 401, 403, 423, 481, 489, 503}
	states := []string{"active", "pending", "terminated", "terminated;reason=probation;retry-after=3", "active;expires=1", "", "x"}
	f.Fuzz(func(t *testing.T, script []byte) {
		onNet(t, func(b *bench) {
			n := b.notifier()
			registered(b)
			b.ua.Subscribe(1, dialogs)
			b.pass(time.Second)
			for _, op := range script[:min(len(script), 40)] {
				switch op & 15 {
				case 8, 9:
					if len(n.news) > 0 {
						n.say(states[int(op>>4)%len(states)], "news")
					}
				case 10:
					n.forget()
				case 11:
					b.far.when(stack.SUBSCRIBE, n.subscribe)
				case 12:
					b.ua.Renew()
				default:
					b.far.always(stack.SUBSCRIBE, codes[op&7], "Min-Expires: 700", "Contact: <sip:x@10.0.0.2>", "Expires: "+itoa(int(op>>4)))
				}
				b.pass(time.Duration(op>>4) * 7 * time.Second)
			}
			b.far.when(stack.SUBSCRIBE, n.subscribe)
			b.pass(2 * time.Hour)
			if d := b.far.densest(stack.SUBSCRIBE); d > 30 {
				t.Errorf("%d SUBSCRIBEs within 10 s", d)
			}
			b.mu.Lock()
			b.events = nil
			b.mu.Unlock()
			b.ua.stack.Post(func() {
				for ref := range b.ua.watches {
					b.ua.Refetch(ref)
				}
			})
			take[Notified](b)
		})
	})
}
