package live

import (
	"net/netip"
	"testing"
	"time"

	"opendeskphone/sip/offer"
	"opendeskphone/sip/stack"
	"opendeskphone/sip/ua"
	"opendeskphone/tools/lab"
)

// peer is a soft phone of another make.
type peer interface {
	Dial(uri string) error
	Hold() error
	Resume() error
	Hangup() error
	Mark() int
	WaitRinging(mark int) error
	WaitTalking(mark int) error
	WaitEnded(mark int) error
}

// baresip as a peer with deadlines.
type baresip struct {
	*lab.Baresip
	t *testing.T
}

func (b baresip) Dial(uri string) error   { return b.Baresip.Dial(soon(b.t), uri) }
func (b baresip) Hold() error             { return b.Baresip.Hold(soon(b.t)) }
func (b baresip) Resume() error           { return b.Baresip.Resume(soon(b.t)) }
func (b baresip) Hangup() error           { return b.Baresip.Hangup(soon(b.t)) }
func (b baresip) WaitRinging(m int) error { return b.Baresip.WaitRinging(soon(b.t), m) }
func (b baresip) WaitTalking(m int) error { return b.Baresip.WaitTalking(soon(b.t), m) }
func (b baresip) WaitEnded(m int) error   { return b.Baresip.WaitEnded(soon(b.t), m) }

// baresip starts one on host n and waits until it is registered.
func (w *world) baresip(t *testing.T, ns *lab.Namespace, n int, c lab.BaresipConfig) baresip {
	t.Helper()
	c.Addr, c.Domain, c.Registrar = lab.LANAddr(n).Addr(), domain, netip.MustParseAddrPort("10.77.0.1:5060")
	c.Codecs, c.Speech = []string{"PCMA"}, silence()
	b, err := lab.StartBaresip(soon(t), ns, c)
	must(t, b, err)
	t.Cleanup(b.Stop)
	if err := b.WaitRegistered(soon(t)); err != nil {
		t.Fatal(err)
	}
	return baresip{b, t}
}

// linphonec as a peer with deadlines.
type linphonec struct {
	*lab.Linphonec
	t *testing.T
}

func (l linphonec) Dial(uri string) error   { return l.Linphonec.Dial(soon(l.t), uri) }
func (l linphonec) Hold() error             { return l.Linphonec.Hold(soon(l.t)) }
func (l linphonec) Resume() error           { return l.Linphonec.Resume(soon(l.t)) }
func (l linphonec) Hangup() error           { return l.Linphonec.Hangup(soon(l.t)) }
func (l linphonec) WaitRinging(m int) error { return l.Linphonec.WaitRinging(soon(l.t), m) }
func (l linphonec) WaitTalking(m int) error { return l.Linphonec.WaitTalking(soon(l.t), m) }
func (l linphonec) WaitEnded(m int) error   { return l.Linphonec.WaitEnded(soon(l.t), m) }

// linphonec starts one on host n and waits until it is registered.
func (w *world) linphonec(t *testing.T, ns *lab.Namespace, n int) linphonec {
	t.Helper()
	l, err := lab.StartLinphonec(soon(t), ns, lab.LinphonecConfig{User: "linda", Addr: lab.LANAddr(n).Addr(), Domain: domain,
		Registrar: netip.MustParseAddrPort("10.77.0.1:5060"), Codecs: []string{"PCMA"}, Automatic: true, Speech: silence()})
	must(t, l, err)
	t.Cleanup(l.Stop)
	if err := l.WaitRegistered(soon(t)); err != nil {
		t.Fatal(err)
	}
	return linphonec{l, t}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestCalls(t *testing.T) {
	w := newWorld(t, "MD5")
	phoneHost, err := w.lan.Host("phone", 10)
	must(t, phoneHost, err)
	bobHost, err := w.lan.Host("bob", 11)
	must(t, bobHost, err)
	lindaHost, err := w.lan.Host("linda", 12)
	must(t, lindaHost, err)
	bob := w.baresip(t, bobHost, 11, lab.BaresipConfig{User: "bob", Automatic: true})
	linda := w.linphonec(t, lindaHost, 12)
	for _, transport := range []stack.Transport{stack.UDP, stack.TCP, stack.TLS} {
		t.Run(string(transport), func(t *testing.T) {
			p := w.phone(t, phoneHost, w.ca.RootFile())
			p.register(account(transport))
			if uris, err := w.kam.Bindings("alice"); err != nil || len(uris) != 1 {
				t.Fatalf("bindings %v %v", uris, err)
			}
			for name, peer := range map[string]peer{"bob": bob, "linda": linda} {
				t.Run(name+" called", func(t *testing.T) { p.T = t; p.callsOut(t, peer, name) })
				t.Run(name+" calls", func(t *testing.T) { p.T = t; p.takesCall(t, peer, name) })
			}
			p.T = t
		})
		if _, err := w.kam.WaitBindings(soon(t), "alice", 0); err != nil {
			t.Errorf("the phone left its registration behind: %v", err)
		}
	}
}

func TestRegistersWithSHA256(t *testing.T) {
	w := newWorld(t, "SHA-256")
	phoneHost, err := w.lan.Host("phone", 10)
	must(t, phoneHost, err)
	for _, transport := range []stack.Transport{stack.UDP, stack.TCP, stack.TLS} {
		t.Run(string(transport), func(t *testing.T) {
			p := w.phone(t, phoneHost, w.ca.RootFile())
			p.register(account(transport))
		})
	}
}

// callsOut calls the peer, is held by it, resumes and is hung up on.
func (p *phone) callsOut(t *testing.T, bob peer, name string) {
	s := session()
	body, err := s.Offer(offer.SendRecv)
	ok(t, err)
	mark := bob.Mark()
	ref := p.ua.Call(1, name, body)
	m, err := s.Accept(next[ua.Accepted](p, nil).SDP)
	ok(t, err)
	if m.Send.Name != "PCMA" {
		t.Errorf("media %+v", m)
	}
	ok(t, bob.WaitTalking(mark))
	holds := []bool{true, false}
	if _, is := bob.(linphonec); is {
		holds = nil // its command line cannot take back a call by number
	}
	for _, held := range holds {
		done := make(chan error, 1)
		go func() { // it ends when we have answered
			if held {
				done <- bob.Hold()
			} else {
				done <- bob.Resume()
			}
		}()
		body, m, err := s.Answer(next[ua.ReOffer](p, nil).SDP, offer.SendRecv)
		ok(t, err)
		if m.RemoteHeld != held {
			t.Errorf("held %v: %+v", held, m)
		}
		p.ua.AnswerOffer(ref, body)
		ok(t, <-done)
	}
	ok(t, bob.Hangup())
	if e := next[ua.Ended](p, nil); !e.ByRemote || e.Call != ref {
		t.Errorf("%+v", e)
	}
}

// takesCall is called by the peer, holds, resumes and hangs up.
func (p *phone) takesCall(t *testing.T, bob peer, name string) {
	mark := bob.Mark()
	ok(t, bob.Dial("sip:alice@"+domain))
	in := next[ua.Incoming](p, nil)
	if in.From.User != name || in.Account != 1 {
		t.Errorf("%+v", in)
	}
	s := session()
	body, _, err := s.Answer(in.SDP, offer.SendRecv)
	ok(t, err)
	p.ua.Ring(in.Call)
	p.ua.Accept(in.Call, body)
	next[ua.Confirmed](p, nil)
	ok(t, bob.WaitTalking(mark))
	for _, dir := range []offer.Direction{offer.SendOnly, offer.SendRecv} {
		body, err := s.Offer(dir)
		ok(t, err)
		p.ua.Offer(in.Call, body)
		m, err := s.Accept(next[ua.OfferAnswered](p, nil).SDP)
		ok(t, err)
		if m.Direction != dir {
			t.Errorf("%v: %+v", dir, m)
		}
	}
	p.ua.Hangup(in.Call)
	ok(t, bob.WaitEnded(mark))
	next[ua.Ended](p, nil)
}

func TestRefusedAndCancelled(t *testing.T) {
	w := newWorld(t, "MD5")
	phoneHost, err := w.lan.Host("phone", 10)
	must(t, phoneHost, err)
	bobHost, err := w.lan.Host("bob", 11)
	must(t, bobHost, err)
	p := w.phone(t, phoneHost)
	p.register(account(stack.UDP))
	bob := w.baresip(t, bobHost, 11, lab.BaresipConfig{User: "bob"})

	body, _ := session().Offer(offer.SendRecv)
	p.ua.Call(1, "nobody", body)
	if f := next[ua.Failed](p, nil); f.Code != 404 {
		t.Errorf("%+v", f)
	}
	mark := bob.Mark()
	ref := p.ua.Call(1, "bob", body)
	ok(t, bob.WaitRinging(mark))
	next(p, func(e ua.Progress) bool { return e.Call == ref && e.Code == 180 })
	p.ua.Hangup(ref)
	ok(t, bob.WaitEnded(mark))
	next[ua.Ended](p, nil)

	mark = bob.Mark()
	ok(t, bob.Dial("sip:alice@"+domain))
	in := next[ua.Incoming](p, nil)
	p.ua.Reject(in.Call, 486)
	ok(t, bob.WaitEnded(mark))
	next[ua.Ended](p, nil)

	ok(t, bob.Dial("sip:alice@"+domain))
	in = next[ua.Incoming](p, nil)
	p.ua.Ring(in.Call)
	ok(t, bob.Hangup())
	if e := next[ua.Ended](p, nil); !e.ByRemote {
		t.Errorf("%+v", e)
	}
}

// TestFork: two phones of bob answer at once; we talk with one.
func TestFork(t *testing.T) {
	w := newWorld(t, "MD5")
	phoneHost, err := w.lan.Host("phone", 10)
	must(t, phoneHost, err)
	p := w.phone(t, phoneHost)
	p.register(account(stack.TCP))
	var bobs []baresip
	for i, name := range []string{"one", "two"} {
		host, err := w.lan.Host(name, 11+i)
		must(t, host, err)
		bobs = append(bobs, w.baresip(t, host, 11+i, lab.BaresipConfig{User: "bob", Instance: name, Automatic: true}))
	}
	if _, err := w.kam.WaitBindings(soon(t), "bob", 2); err != nil {
		t.Fatal(err)
	}
	body, _ := session().Offer(offer.SendRecv)
	ref := p.ua.Call(1, "bob", body)
	next[ua.Accepted](p, nil)
	ended := make(chan error, 2)
	for _, b := range bobs {
		go func() { ended <- b.WaitEnded(0) }()
	}
	ok(t, <-ended) // the one that lost, by CANCEL or BYE
	p.ua.Hangup(ref)
	ok(t, <-ended)
	if n := p.count(func(e ua.Event) bool { _, is := e.(ua.Accepted); return is }); n != 0 {
		t.Errorf("%d more answers", n)
	}
}

func TestFaults(t *testing.T) {
	w := newWorld(t, "MD5")
	phoneHost, err := w.lan.Host("phone", 10)
	must(t, phoneHost, err)
	with := func(change func(*ua.Account)) ua.Account {
		a := account(stack.TLS)
		change(&a)
		return a
	}
	rows := []struct {
		name    string
		account ua.Account
		roots   []string
		fault   ua.Fault
	}{
		{"expired", with(func(a *ua.Account) { a.Registrar = "sip:old." + domain + ":5061" }), []string{w.ca.RootFile()}, ua.CertExpired},
		{"wrong name", with(func(a *ua.Account) { a.Registrar = "sip:wrong." + domain + ":5061" }), []string{w.ca.RootFile()}, ua.CertWrongName},
		{"unknown authority", with(func(a *ua.Account) {}), nil, ua.CertUnknownAuthority},
		{"no such host", with(func(a *ua.Account) { a.Registrar = "sip:nowhere." + domain }), nil, ua.Unreachable},
		{"wrong password", with(func(a *ua.Account) { a.Password = "no" }), []string{w.ca.RootFile()}, ua.WrongPassword},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			before := w.kam.Requests("REGISTER", "alice")
			p := w.phone(t, phoneHost, r.roots...)
			p.ua.AddAccount(1, r.account)
			if s := next(p, func(s ua.LineState) bool { return s.State == ua.Failing }); s.Fault != r.fault {
				t.Errorf("%+v", s)
			}
			if n := w.kam.Requests("REGISTER", "alice") - before; n > 2 || r.fault != ua.WrongPassword && n != 0 {
				t.Errorf("%d REGISTERs arrived", n)
			}
		})
	}
}

// TestClientCertificates: Kamailio takes a line that shows a certificate of the authority it trusts, and no other line;
// which of the two is wrong is told. What was agreed on is told too: OpenSSL 3.0 knows no ML-KEM.
func TestClientCertificates(t *testing.T) {
	w := newWorld(t, "MD5")
	phoneHost, err := w.lan.Host("phone", 10)
	must(t, phoneHost, err)
	stranger, err := lab.NewCA(t.TempDir())
	must(t, stranger, err)
	for _, r := range []struct {
		name string
		by   *lab.CA
		good bool
	}{{"ours", w.ca, true}, {"a stranger's", stranger, false}, {"none", nil, false}} {
		t.Run(r.name, func(t *testing.T) {
			a := account(stack.TLS)
			a.Registrar = "sip:mutual." + domain + ":5061"
			if r.by != nil {
				pair, err := r.by.Issue(lab.Leaf{File: "phone", Client: true})
				must(t, pair, err)
				a.Client = stack.ClientCert{CertFile: pair.CertFile, KeyFile: pair.KeyFile}
			}
			p := w.phone(t, phoneHost, w.ca.RootFile())
			p.ua.AddAccount(1, a)
			s := next(p, func(s ua.LineState) bool { return s.State != ua.Registering })
			switch {
			case r.good && (s.State != ua.Registered || s.TLS.String() != "TLS 1.3, X25519"):
				t.Errorf("%+v", s)
			case !r.good && s.Fault != ua.CertOurs:
				t.Errorf("%+v", s)
			}
		})
	}
}

// slack is for a machine that does other things too; the bench holds the times themselves.
const slack = 10 * time.Second

// TestRegistrarReturns: stopped for some seconds and started again, it has us
// back within 5 s.
func TestRegistrarReturns(t *testing.T) {
	w := newWorld(t, "MD5")
	phoneHost, err := w.lan.Host("phone", 10)
	must(t, phoneHost, err)
	for _, transport := range []stack.Transport{stack.TCP, stack.TLS} {
		t.Run(string(transport), func(t *testing.T) {
			p := w.phone(t, phoneHost, w.ca.RootFile())
			p.register(account(transport))
			w.kam.Stop()
			next(p, func(s ua.LineState) bool { return s.State == ua.Failing })
			next(p, func(s ua.LineState) bool { return s.State == ua.Failing })
			ok(t, w.kam.Start(soon(t)))
			began := time.Now()
			next(p, func(s ua.LineState) bool { return s.State == ua.Registered })
			if d := time.Since(began); d > 5*time.Second+slack {
				t.Errorf("registered %v after its return", d)
			} else {
				t.Logf("registered %v after its return", d)
			}
		})
	}
}

// TestRegistrarReturnsOnUDP: nothing tells that it is gone but the pulse.
func TestRegistrarReturnsOnUDP(t *testing.T) {
	w := newWorld(t, "MD5")
	phoneHost, err := w.lan.Host("phone", 10)
	must(t, phoneHost, err)
	p := w.phone(t, phoneHost)
	p.register(account(stack.UDP))
	<-time.After(3 * time.Second) // a pulse is answered
	w.kam.Stop()
	<-time.After(11 * time.Second) // the next one is missed
	ok(t, w.kam.Start(soon(t)))
	began := time.Now()
	if _, err := w.kam.WaitBindings(soon(t), "alice", 1); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d > 5*time.Second+slack {
		t.Errorf("registered %v after its return", d)
	} else {
		t.Logf("registered %v after its return", d)
	}
}
