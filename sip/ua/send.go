package ua

import (
	"context"
	"errors"
	"strings"
	"time"

	"opendeskphone/sip/stack"
)

// account is an Account at work.
type account struct {
	u        *UA
	id       AccountID
	p        profile
	cred     *credentials
	flows    []*registration // the first, and perhaps a second to another server
	pace     pace            // of REGISTER
	small    pace            // of SUBSCRIBE and PUBLISH
	canary   *stack.Timer    // of its subscriptions
	doubted  time.Time       // when its server was found to have forgotten something
	newsPace surge           // of what its server tells without being asked
	outbound bool            // the registrar knows flows (RFC 5626)
	targets  []stack.Target  // where server was found last, best first
	proven   stack.Target    // the one that took our registration last
	since    time.Time       // when it did
	gruu     stack.Uri       // public GRUU, if the registrar gave one
	mirror   mirror
}

// resolve finds the server of the account. on is called on the loop.
func (a *account) resolve(on func(error)) {
	a.u.stack.Resolve(context.Background(), a.p.server, func(t []stack.Target, err error) {
		if err == nil && len(t) == 0 {
			err = errors.New("ua: no address for " + a.p.server.Host)
		}
		if err != nil {
			on(err)
			return
		}
		for i := range t {
			t[i].Client = a.p.Client
		}
		a.found(t)
		a.u.retrust()
		on(nil)
	})
}

// route finds where a URI leads: what leads to our server goes on our flow,
// whose certificate has been checked.
func (a *account) route(uri stack.Uri, on func(stack.Target, error)) {
	if !a.p.Direct && len(a.targets) > 0 && sameHop(uri, a.p.server) {
		on(a.target(), nil)
		return
	}
	a.u.stack.Resolve(context.Background(), uri, func(ts []stack.Target, err error) {
		if err == nil && len(ts) == 0 {
			err = errors.New("ua: no address for " + uri.Host)
		}
		if err != nil {
			on(stack.Target{}, err)
			return
		}
		t := ts[0]
		for _, s := range a.targets {
			if s.Addr == t.Addr && s.Transport == t.Transport {
				t = a.onFlow(s) // with the name its certificate must bear
			}
		}
		on(t, nil)
	})
}

func sameHop(x, y stack.Uri) bool {
	tx, _ := x.UriParams.Get("transport")
	ty, _ := y.UriParams.Get("transport")
	return x.Scheme == y.Scheme && strings.EqualFold(x.Host, y.Host) && x.Port == y.Port && strings.EqualFold(tx, ty)
}

// contact is where we can be reached over a target. On TLS nobody can open a
// connection to us, so it names our end of the flow itself.
func (a *account) contact(to stack.Target) *stack.ContactHeader {
	h := &stack.ContactHeader{Address: stack.Uri{Scheme: "sip", User: a.p.aor.User}}
	local, err := a.u.stack.Local(to)
	for _, r := range a.flows {
		if err == nil && to.Transport == stack.TLS && to.Conn != 0 && r.flow.Conn == to.Conn && r.flow.Local.IsValid() {
			local = r.flow.Local
		}
	}
	if err == nil {
		h.Address.Host, h.Address.Port = local.Addr().Unmap().String(), int(local.Port())
	} else {
		h.Address.Host = "invalid.invalid" // nothing can be sent this way either
	}
	if to.Transport != stack.UDP {
		h.Address.UriParams.Add("transport", string(to.Transport))
	}
	h.Address.UriParams.Add("line", lineParam(a.id))
	return h
}

// dialogContact is the Contact of calls: the GRUU if there is one, else one that asks for requests to come by the
// flow the call was made on (RFC 5626 §4.3).
func (a *account) dialogContact(to stack.Target) *stack.ContactHeader {
	if a.p.UseGRUU && a.gruu.Host != "" {
		return &stack.ContactHeader{Address: *a.gruu.Clone()}
	}
	h := a.contact(to)
	if a.outbound {
		h.Address.UriParams.Add("ob", "")
	}
	return h
}

// lead gives a request that begins something the Route it must take by a server.
func (a *account) lead(req *stack.Request, to stack.Target) {
	if routes := a.routesBy(to); len(routes) > 0 {
		for i := range routes {
			req.AppendHeader(&stack.RouteHeader{Address: *routes[i].Clone()})
		}
	} else if a.p.Proxy != "" {
		route := a.p.server.Clone()
		route.UriParams.Add("lr", "")
		req.AppendHeader(&stack.RouteHeader{Address: *route})
	}
}

// ask is one request of an account, repeated with credentials as long as the
// challenges may be answered; on sees every other response.
type ask struct {
	acc     *account
	req     *stack.Request
	to      stack.Target
	seq     func() uint32 // the next CSeq number
	gate    func(func())  // when set, decides when it may go again with credentials
	spare   func() bool   // when set, decides whether it may be repeated while nobody answers
	again   func()        // when set, brings req up to date before a repeat
	on      func(*stack.Response, error)
	tx      *stack.ClientTx
	given   map[use]int
	refusal error // why the last challenge was not answered
	heard   bool  // the server lives
	stopped bool  // no repeats any more
}

// send starts the ask.
func (k *ask) send() {
	if k.given == nil {
		k.given = map[use]int{}
	}
	k.acc.cred.sign(k.req)
	var tx *stack.ClientTx
	tx = k.acc.u.stack.Send(k.req, k.to, func(res *stack.Response, err error) {
		if k.tx == tx {
			k.answer(res, err)
		}
	})
	if k.spare != nil {
		tx.Spare(k.spare)
	}
	k.tx = tx
}

func (k *ask) answer(res *stack.Response, err error) {
	k.heard = k.heard || res != nil
	if res != nil && (res.StatusCode == 401 || res.StatusCode == 407) && !k.stopped {
		k.refusal = k.acc.cred.learn(res, k.req.Method, k.given)
		if k.refusal == nil {
			again := k.repeat
			if k.gate != nil {
				k.gate(again)
			} else {
				again()
			}
			return
		}
	}
	k.on(res, err)
}

// repeat sends the request anew: as the same one, but with the next number
// (RFC 3261 §22.2).
func (k *ask) repeat() {
	if k.stopped {
		return
	}
	req := k.req.Clone()
	for req.RemoveHeader("Via") {
	}
	req.CSeq().SeqNo = k.seq()
	k.req = req
	if k.again != nil {
		k.again()
	}
	k.send()
}

// stop makes the ask end with whatever comes next.
func (k *ask) stop() { k.stopped = true }

// transient tells that another server may do what this one did not
// (RFC 3263 §4.3).
func transient(res *stack.Response, err error) bool {
	return err != nil || res.StatusCode == 503
}
