package lines

import (
	"slices"
	"strings"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/ice"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/stack"
	"opendeskphone/sip/ua"
)

// Gateways are exchanges and networks that are called past the line's server: always, or where that is gone. What they
// can do is little: G.711, RFC 4733, E.164 with user=phone, and hold as all there is within a call.
type Gateways struct {
	Routes    []Route
	Transport stack.Transport
	Number    string // as which we call there, in E.164; empty: the first of the line's
	Always    bool
}

// Route is the gateway of numbers that begin alike.
type Route struct {
	Beginning string // of E.164, "+4930"; or of an internal number, "2"
	Host      string // host or host:port
}

// gatewayAccount is the account of all gateways: a call says itself where it goes, and as whom.
const gatewayAccount ua.AccountID = 1000

// gatewayCodecs are what every gateway has.
var gatewayCodecs = []string{"PCMA", "PCMU"}

// SetGateways takes the gateways.
func (a *Adapter) SetGateways(g Gateways) { a.put(g) }

func (a *Adapter) setGateways(g Gateways) {
	if len(a.gateways.Routes) > 0 {
		a.agent.RemoveAccount(gatewayAccount)
	}
	if a.gateways = g; len(g.Routes) > 0 {
		user := g.Number
		if user == "" {
			user = "phone"
		}
		a.agent.AddAccount(gatewayAccount, ua.Account{AOR: "sip:" + user + "@gateway.invalid", Direct: true, Whole: true, Transport: g.Transport})
	}
}

// ways are the gateways for a number, the best first: longer beginnings before shorter ones, then as they are listed.
func (a *Adapter) ways(number string) []Route {
	if strings.ContainsAny(number, "@:") {
		return nil
	}
	n := a.known.Canonical(number)
	var out []Route
	for _, r := range a.gateways.Routes {
		if strings.HasPrefix(n, r.Beginning) {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(x, y Route) int { return len(y.Beginning) - len(x.Beginning) })
	return out
}

// detour is the gateway that a call goes by, if any, and those that are left to try.
type detour struct {
	number string // as it was dialled
	via    string // host; empty: the line's own server
	left   []Route
}

// detoured has a call go by the next gateway, and tells whether there is one.
func (a *Adapter) detoured(c *call) bool {
	d := &c.detour
	if len(d.left) == 0 {
		return false
	}
	d.via, d.left = d.left[0].Host, d.left[1:]
	c.lame, c.open = true, a.gateways.Transport != stack.TLS
	c.target = gatewayURI(a.known.Canonical(d.number), d.via) + ";transport=" + string(a.gateways.Transport)
	c.says.From = gatewayURI(a.callsAs(c.line), d.via)
	delete(a.refs, c.ref)
	c.ref = 0
	host := d.via
	a.wg.Go(func() { // it may ask the DNS
		addr := a.route(ua.Account{Registrar: host})
		a.put(reached(func() {
			if c.life.Err() != nil {
				return
			}
			local := a.local(c, c.voice)
			local.Addr = addr
			c.sdp, c.addr = offer.New(local), addr
			a.call(c)
		}))
	})
	return true
}

// gatewayURI is how a gateway names a number (SIPconnect 2.0 §12).
func gatewayURI(number, host string) string {
	uri := "sip:" + number + "@" + host
	if strings.HasPrefix(number, "+") {
		uri += ";user=phone"
	}
	return uri
}

// callsAs is the number that a line calls gateways as.
func (a *Adapter) callsAs(line phone.LineID) string {
	l := a.lines[line]
	switch {
	case a.gateways.Number != "":
		return a.gateways.Number
	case len(l.Numbers) > 0:
		return l.Numbers[0]
	}
	_, rest, _ := strings.Cut(l.Account.AOR, ":")
	user, _, _ := strings.Cut(rest, "@")
	return user
}

// account is what a call is made on.
func (c *call) account() ua.AccountID {
	if c.detour.via != "" {
		return gatewayAccount
	}
	return ua.AccountID(c.line)
}

// reachOf is how the far side of a call can reach us: gateways stand where we are, or behind who relays.
func (a *Adapter) reachOf(c *call) ice.Config {
	if c.lame {
		return ice.Config{}
	}
	return a.lines[c.line].Reach
}

// silence is how long a server that was found to be silent is not asked first.
const silence = 30 * time.Second

// served tells whether a line's server serves it, as far as we know.
func (a *Adapter) served(line phone.LineID) bool {
	at, was := a.silent[line]
	return a.up[line] && (!was || time.Since(at) > silence)
}

// down tells whether a call has failed because somebody does not serve, rather than that the called is not to be had.
func (a *Adapter) down(c *call, e ua.Failed) bool {
	if c.detour.via == "" && e.Fault == ua.Unreachable {
		a.silent[c.line] = time.Now()
	}
	return e.Code == 503 || e.Fault == ua.Unreachable
}

// lineOf finds the line that a call out of a gateway is for: by the numbers it may have been made to.
func (a *Adapter) lineOf(e ua.Incoming) phone.LineID {
	for i, l := range a.lines {
		for _, number := range append([]string{a.callsAs(phone.LineID(i))}, l.Numbers...) {
			if slices.ContainsFunc(e.Called, func(called string) bool { return a.known.Canonical(called) == a.known.Canonical(number) }) {
				return phone.LineID(i)
			}
		}
	}
	return 0
}
