package ua

import (
	"net"
	"strings"
	"testing"
	"time"

	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
)

// fault is one way in which a registrar misbehaves.
type fault struct {
	name     string
	answer   func(a wayBack, q string) // to a REGISTER
	state    State                     // in which the line is meanwhile
	fault    Fault
	min, max int // REGISTERs while it lasts; 0 to 0: 2 to 100

	tcp     bool
	refuses bool                  // nobody listens
	meet    func(c net.Conn) bool // what a new connection meets; false closes it
}

// code answers with a status code.
func code(code int, headers ...string) func(wayBack, string) {
	return func(a wayBack, q string) { a.send(siptest.Answer(q, code, "t", "", headers...)) }
}

// altered answers well, but for what change does to the text.
func altered(change func(text, q string) string) func(wayBack, string) {
	return func(a wayBack, q string) { a.send(change(siptest.Answer(q, 200, "t", "", "Expires: 600"), q)) }
}

// altering replaces the value of a header.
func altering(text, name, value string) string {
	return strings.Replace(text, name+": "+siptest.HeaderOf(text, name)+"\r\n", name+": "+value+"\r\n", 1)
}

// signed challenges first.
func signed(then func(wayBack, string)) func(wayBack, string) {
	return func(a wayBack, q string) {
		if strings.Contains(q, "\r\nAuthorization:") {
			then(a, q)
		} else {
			code(401, md5Challenge)(a, q)
		}
	}
}

func say(text string) func(net.Conn) bool {
	return func(c net.Conn) bool { c.Write([]byte(text)); return true }
}

func deaf(wayBack, string) {}

func hangUp(a wayBack, _ string) { a.hangUp() }

// registrarFaults are fifty kinds of misbehaviour.
var registrarFaults = []fault{
	// What it grants.
	{name: "expires 0", answer: code(200, "Expires: 0"), state: Failing, fault: ServerTrouble, min: 3, max: 12},
	{name: "expires -1", answer: code(200, "Expires: -1"), state: Registered, min: 6, max: 14},
	{name: "expires huge", answer: code(200, "Expires: 99999999999999999999"), state: Registered, min: 6, max: 14},
	{name: "expires 1", answer: code(200, "Expires: 1"), state: Registered, min: 600, max: 721},
	{name: "no expires, no Contact", answer: code(200), state: Registered, min: 6, max: 14},
	{name: "foreign Contacts only", answer: code(200, strings.Repeat("Contact: <sip:eve@10.6.6.6>;expires=1\r\n", 100)+"Expires: 600"),
		state: Registered, min: 6, max: 14},
	{name: "own Contact with expires 0", state: Failing, fault: ServerTrouble, min: 3, max: 12, answer: func(a wayBack, q string) {
		contact, _, _ := strings.Cut(siptest.HeaderOf(q, "Contact"), ">")
		code(200, "Expires: 600", "Contact: "+contact+">;expires=0")(a, q)
	}},

	// Challenges.
	{name: "401 for ever", answer: code(401, md5Challenge), state: Failing, fault: WrongPassword, min: 6, max: 20},
	{name: "401 stale with a new nonce each time", state: Failing, fault: WrongPassword, min: 8, max: 40, answer: func(a wayBack, q string) {
		code(401, strings.Replace(md5Challenge, "n1", itoa(a.n), 1)+", stale=true")(a, q)
	}},
	{name: "401 Basic", answer: code(401, `WWW-Authenticate: Basic realm="x"`), state: Failing, fault: Refused, min: 3, max: 9},
	{name: "401 without challenge", answer: code(401), state: Failing, fault: Refused, min: 3, max: 9},
	{name: "401 with a realm of its own each time", state: Failing, fault: Refused, min: 3, max: 20, answer: func(a wayBack, q string) {
		code(401, strings.Replace(md5Challenge, "phone.test", "r"+itoa(a.n), 1))(a, q)
	}},
	{name: "a nonce of 40 KB", answer: code(401, strings.Replace(md5Challenge, "n1", strings.Repeat("n", 40_000), 1)), state: Failing, fault: WrongPassword},
	{name: "407 for ever", answer: code(407, strings.Replace(md5Challenge, "WWW-", "Proxy-", 1)), state: Failing, fault: WrongPassword},
	{name: "401 and 407 in turn", state: Failing, fault: WrongPassword, min: 6, max: 40, answer: func(a wayBack, q string) {
		if a.n%2 == 0 {
			code(401, md5Challenge)(a, q)
			return
		}
		code(407, strings.Replace(md5Challenge, "WWW-", "Proxy-", 1))(a, q)
	}},
	{name: "new nonce each time", state: Registered, min: 120, max: 260, answer: func(a wayBack, q string) {
		if a.n%2 == 1 {
			code(401, strings.Replace(md5Challenge, "n1", "m"+itoa(a.n), 1))(a, q)
			return
		}
		code(200, "Expires: 60")(a, q)
	}},

	// Refusals.
	{name: "403", answer: code(403), state: Failing, fault: Refused, min: 3, max: 9},
	{name: "403 to the signed one", answer: signed(code(403)), state: Failing, fault: Refused, min: 3, max: 18},
	{name: "503", answer: code(503), state: Failing, fault: ServerTrouble, min: 3, max: 12},
	{name: "503 with Retry-After 0", answer: code(503, "Retry-After: 0"), state: Failing, fault: ServerTrouble, min: 3, max: 12},
	{name: "503 with a Retry-After of a century", answer: code(503, "Retry-After: 3155760000"), state: Failing, fault: ServerTrouble, min: 1, max: 2},
	{name: "423 without Min-Expires", answer: code(423), state: Failing, fault: Refused, min: 3, max: 9},
	{name: "423 with less than was asked", answer: code(423, "Min-Expires: 1"), state: Failing, fault: Refused, min: 3, max: 9},
	{name: "423 for centuries", answer: code(423, "Min-Expires: 4294967295"), state: Failing, fault: Refused, min: 3, max: 9},
	{name: "423 for ever more", state: Failing, fault: Refused, min: 3, max: 18, answer: func(a wayBack, q string) {
		code(423, "Min-Expires: "+itoa(3600+a.n))(a, q)
	}},
	{name: "439 for ever", answer: code(439), state: Failing, fault: Refused, min: 3, max: 18},
	{name: "302 to itself", answer: code(302, "Contact: <sip:10.0.0.3>"), state: Failing, fault: Refused, min: 3, max: 9},
	{name: "300 to a hundred others", answer: code(300, strings.Repeat("Contact: <sip:10.6.6.6>\r\n", 99)+"Contact: <sip:10.6.6.7>"),
		state: Failing, fault: Refused, min: 3, max: 9},

	// Time.
	{name: "silent", answer: deaf, state: Failing, fault: Unreachable, min: 15, max: 1100},
	{name: "1xx for ever", answer: code(100), state: Failing, fault: Unreachable, max: 1100},
	{name: "ten 1xx at once", state: Failing, fault: Unreachable, max: 1100, answer: func(a wayBack, q string) {
		for i := range 10 {
			a.send(siptest.Answer(q, 100+8*i, "t", ""))
		}
	}},
	{name: "answers after 20 s", state: Registered, max: 200, answer: func(a wayBack, q string) {
		a.later(20*time.Second, siptest.Answer(q, 200, "t", "", "Expires: 600"))
	}},
	{name: "answers after 40 s", state: Failing, fault: Unreachable, max: 1100, answer: func(a wayBack, q string) {
		a.later(40*time.Second, siptest.Answer(q, 200, "t", "", "Expires: 600"))
	}},
	{name: "a storm of answers", state: Registered, max: 20, answer: func(a wayBack, q string) {
		for i := range 200 {
			a.later(time.Duration(i)*time.Millisecond, siptest.Answer(q, []int{200, 401, 503, 423}[i%4], "t", "", "Expires: 600", md5Challenge))
		}
	}},

	// Answers to something else.
	{name: "wrong branch", answer: altered(func(text, _ string) string { return strings.Replace(text, "branch=", "branch=x", 1) }),
		state: Failing, fault: Unreachable, max: 1100},
	{name: "wrong Call-ID", answer: altered(func(text, _ string) string { return altering(text, "Call-ID", "another") }),
		state: Failing, fault: Unreachable, max: 1100},
	{name: "wrong CSeq", answer: altered(func(text, _ string) string { return altering(text, "CSeq", "99 REGISTER") }),
		state: Failing, fault: Unreachable, max: 1100},
	{name: "its own REGISTER back", answer: func(a wayBack, q string) { a.send(q) }, state: Failing, fault: Unreachable, max: 1100},
	{name: "from a port nobody asked", answer: func(a wayBack, q string) { a.other(siptest.Answer(q, 200, "t", "", "Expires: 600")) },
		state: Registered, max: 20},

	// What is no SIP.
	{name: "garbage", answer: func(a wayBack, q string) { a.send(q[:20] + "\x00\xff\r\n\r\n" + strings.Repeat("\xde\xad", 500)) },
		state: Failing, fault: Unreachable, max: 1100},
	{name: "half an answer", answer: altered(func(text, _ string) string { return text[:len(text)/2] }), state: Failing, fault: Unreachable, max: 1100},

	// Connections.
	{name: "refuses connections", tcp: true, refuses: true, state: Failing, fault: Unreachable, min: -1},
	{name: "closes at once", tcp: true, meet: func(net.Conn) bool { return false }, answer: deaf, state: Failing, fault: Unreachable, min: -1, max: 1500},
	{name: "closes after the REGISTER", tcp: true, answer: hangUp, state: Failing, fault: Unreachable, max: 1500},
	{name: "closes after the challenge", tcp: true, state: Failing, fault: Unreachable, max: 1800, answer: func(a wayBack, q string) {
		signed(hangUp)(a, q)
		a.hangUp()
	}},
	{name: "closes after each 200", tcp: true, state: Failing, fault: ServerTrouble, min: 5, max: 15, answer: func(a wayBack, q string) {
		code(200, "Expires: 600")(a, q)
		a.hangUp()
	}},
	{name: "says nothing on a connection", tcp: true, answer: deaf, state: Failing, fault: Unreachable, max: 1100},
	{name: "an answer that never ends", tcp: true, state: Failing, fault: Unreachable, max: 1500, answer: altered(func(text, _ string) string {
		return altering(text, "Content-Length", "60000")
	})},
	{name: "a header that never ends", tcp: true, meet: say("SIP/2.0 200 OK\r\nSubject: " + strings.Repeat("x", 1<<17)), answer: deaf,
		state: Failing, fault: Unreachable, min: -1, max: 1500},
	{name: "a flood of empty lines", tcp: true, meet: say(strings.Repeat("\r\n", 1<<16)), answer: deaf, state: Failing, fault: Unreachable, max: 1100},
}

const (
	misbehaves = time.Hour
	// A refusal is met again after half an hour at the most, and a Retry-After is obeyed for an hour.
	backWithin = time.Hour + 10*time.Second
)

// TestRegistrarFaults plays a broken registrar for an hour: the fault must be told in the right words, the registrar
// must never be stormed, and once it is sane again the line must come back by itself.
func TestRegistrarFaults(t *testing.T) {
	played, passed := 0, 0
	for i, f := range registrarFaults {
		if testing.Short() && i%5 > 0 { // an hour of each takes a while on an emulated processor
			continue
		}
		played++
		if t.Run(f.name, func(t *testing.T) { onNet(t, func(b *bench) { b.suffer(f) }) }) {
			passed++
		}
	}
	t.Logf("registrar faults passed: %d of %d", passed, played)
	if len(registrarFaults) != 50 {
		t.Errorf("%d kinds of faults, not 50", len(registrarFaults))
	}
}

// suffer registers with a faulty registrar.
func (b *bench) suffer(f fault) {
	r := b.newBadRegistrar(f)
	b.line(func(a *Account) {
		a.Registrar = "sip:10.0.0.3"
		if f.tcp {
			a.Transport = stack.TCP
		}
	})
	b.pass(misbehaves - time.Second)
	if s := b.last(); s.State != f.state || s.Fault != f.fault {
		b.Errorf("state %v fault %v: %+v", s.State, s.Fault, s)
	}
	least, most := f.min, f.max
	if least == 0 {
		least = 2
	}
	if most == 0 {
		most = 100
	}
	if n := r.count(); n < least || n > most {
		b.Errorf("%d REGISTERs in an hour, want %d to %d", n, least, most)
	}
	r.cure()
	began := time.Now()
	b.pass(backWithin)
	if s := b.last(); s.State != Registered || r.latest().Before(began) {
		b.Errorf("not registered again %v after: %+v", backWithin, s)
	}
	if most := r.densest(); most > 5 {
		b.Errorf("%d REGISTERs in 10 s", most)
	}
}
