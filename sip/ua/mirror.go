package ua

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"opendeskphone/sip/stack"
)

// Middlebox: something between an account and its server does more than it should.
type Middlebox struct {
	Account AccountID
	Changes []string      // parts of our messages that it rewrites: "Via", "Contact", "session description"
	Forgets time.Duration // it forgets a way over UDP that has been silent for so long; 0: not that we know
}

// Remapped: the server sees us by another address than before, though ours is the same: a NAT has begun anew, and what it
// knew of calls is gone too.
type Remapped struct{ Account AccountID }

func (Middlebox) event() {}
func (Remapped) event()  {}

const (
	shortestPulse = 5 * time.Second
	forgetful     = 2                // ways lost, of which one might have been a router that was switched off and on
	forgetIn      = 10 * time.Minute // for those to count together
)

// mirror compares what left with what came back, to find out what sits between an account and its server. The server says
// in the top Via of its answers where a request really came from (RFC 3261 §18.2.1, RFC 3581): if that is not our address
// there is a NAT. Then we send ourselves an OPTIONS through the server: what it looks like when it arrives shows what was
// rewritten on the way out. No server touches the Via of others, nor a session description outside of a call.
type mirror struct {
	acc   *account
	looks probe
	seen  string // host:port as which the server sees us
	from  string // and our own, for which that holds
	lost  []time.Time
	pulse time.Duration // between beats, once a way was lost
	told  Middlebox
}

// probe is the OPTIONS to ourselves that is under way.
type probe struct {
	callID, host string
	port         int
}

// answered looks at an answer of the server.
func (m *mirror) answered(res *stack.Response, flow stack.Source) {
	via := res.Via()
	if via == nil || flow.Transport == stack.TLS { // nobody in between can read it, let alone write
		return
	}
	host, port := via.Params.GetOr("received", via.Host), via.Params.GetOr("rport", "")
	if port == "" || strings.Trim(host, "[]") == strings.Trim(via.Host, "[]") && port == strconv.Itoa(via.Port) {
		return
	}
	seen, from := host+":"+port, via.Host+":"+strconv.Itoa(via.Port)
	before, was := m.seen, m.from
	m.seen, m.from = seen, from
	if was != from {
		m.look()
		return
	}
	if before == seen {
		return
	}
	m.acc.u.on(Remapped{m.acc.id})
	if flow.Transport == stack.UDP {
		m.forgotten()
	}
}

// forgotten takes note of a way that a NAT has forgotten. Until we register by the new one no call comes in; from now on we
// are heard twice as often.
func (m *mirror) forgotten() {
	now, r := time.Now(), m.acc.flows[0]
	every := m.every()
	m.lost = append(slices.DeleteFunc(m.lost, func(t time.Time) bool { return now.Sub(t) > forgetIn }), now)
	m.pulse = max(every/2, shortestPulse)
	if r.state == Registered {
		r.attempt()
	}
	if len(m.lost) >= forgetful {
		m.tell(Middlebox{Changes: m.told.Changes, Forgets: every})
	}
}

// every is the time between two beats of the pulse.
func (m *mirror) every() time.Duration {
	if m.pulse > 0 {
		return m.pulse
	}
	return m.acc.u.cfg.Pulse
}

// look sends the OPTIONS to ourselves.
func (m *mirror) look() {
	a := m.acc
	to := a.target()
	contact := a.contact(to)
	addr, err := netip.ParseAddr(contact.Address.Host)
	if err != nil {
		return
	}
	req := stack.NewRequest(stack.OPTIONS, a.p.aor)
	from := &stack.FromHeader{Address: a.p.aor}
	from.Params.Add("tag", stack.NewTag())
	id := stack.CallIDHeader(stack.NewCallID())
	req.AppendHeader(from)
	req.AppendHeader(&stack.ToHeader{Address: a.p.aor})
	req.AppendHeader(&id)
	req.AppendHeader(&stack.CSeqHeader{SeqNo: 1, MethodName: stack.OPTIONS})
	req.AppendHeader(contact)
	family := "IP4 "
	if addr.Is6() {
		family = "IP6 "
	}
	at := family + addr.String()
	setSDP(req, []byte("v=0\r\no=- 1 1 IN "+at+"\r\ns=-\r\nc=IN "+at+"\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"))
	m.looks = probe{callID: id.Value(), host: contact.Address.Host, port: contact.Address.Port}
	a.u.stack.Send(req, to, func(*stack.Response, error) {}) // what counts is what arrives here, if anything does
}

// arrived takes the OPTIONS to ourselves; it tells whether it is that.
func (m *mirror) arrived(req *stack.Request) bool {
	l := m.looks
	if l.callID == "" || req.CallID().Value() != l.callID {
		return false
	}
	m.looks = probe{}
	var changes []string
	vias := req.GetHeaders("Via")
	if v, ok := vias[len(vias)-1].(*stack.ViaHeader); ok && strings.Trim(v.Host, "[]") != strings.Trim(l.host, "[]") {
		changes = append(changes, "Via")
	}
	if c := req.Contact(); c != nil && (c.Address.Host != l.host || c.Address.Port != l.port) {
		changes = append(changes, "Contact")
	}
	if body := string(req.Body()); body != "" && !strings.Contains(body, " "+l.host+"\r\n") {
		changes = append(changes, "session description")
	}
	m.tell(Middlebox{Changes: changes, Forgets: m.told.Forgets})
	return true
}

// tell reports a verdict that is new.
func (m *mirror) tell(now Middlebox) {
	now.Account = m.acc.id
	if now.Forgets == m.told.Forgets && slices.Equal(now.Changes, m.told.Changes) {
		return
	}
	m.told = now
	m.acc.u.on(now)
}

// mirrored gives an OPTIONS to the account that sent it to itself.
func (u *UA) mirrored(req *stack.Request) {
	for _, a := range u.accounts {
		if a.mirror.arrived(req) {
			return
		}
	}
}
