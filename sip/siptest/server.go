package siptest

import (
	"cmp"
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"opendeskphone/sip/stack"
)

// ServerConfig of a Server.
type ServerConfig struct {
	Local  netip.AddrPort    // where it listens, UDP and TCP; port 0 is any
	Realm  string            // of the digest, and the domain it serves
	Users  map[string]string // user -> password; an empty map lets everybody in
	Digest []string          // algorithms offered, strongest first; empty is SHA-256, MD5
	// AuthCalls asks for a digest (407) for INVITE too.
	AuthCalls bool
	// RecordRoute keeps the server in the dialogs that pass through it.
	RecordRoute bool
	// Reach is our own address as the phone sees it whose Contact names the given host, for
	// Record-Route; nil is where we listen. It is for phones that reach us under another address, such
	// as a machine on QEMU's user network.
	Reach func(contact string) netip.AddrPort
	// Body gives the session description to pass on in place of one that arrived; nil changes none.
	// It runs on the server's loop.
	Body func(Passing) []byte
	// MaxExpires bounds registrations, 0 is an hour; below MinExpires they get 423.
	MaxExpires, MinExpires time.Duration
	// Intercept sees each request first; true means that it dealt with it.
	// It runs on the server's loop.
	Intercept func(tx *stack.ServerTx, req *stack.Request) bool
}

// Passing is a session description on its way through the server.
type Passing struct {
	CallID string
	From   string // tag of the request's From, which its response bears too
	Answer bool   // it travels in a response
	To     string // host in the Contact of the phone it goes to
	Body   []byte
}

// Server is a registrar and a forking, stateful proxy for one domain. It keeps
// all in memory.
//
//	REGISTER -> digest -> bindings
//	other    -> Route on top is ours? go on by it : To us? all bindings at once : by the URI
type Server struct {
	cfg ServerConfig
	s   *stack.Stack
	log *slog.Logger

	mu       sync.Mutex
	bindings map[string][]binding // by user
	auth     *digester
	names    map[netip.AddrPort]bool // addresses of ours that were given to others; of the loop alone
	passing  map[string]int          // requests under way by what routes them; of the loop alone
}

// binding is one Contact of a user.
type binding struct {
	uri    stack.Uri
	flow   stack.Source // the way it registered on: responses to NAT and TLS go back there
	ends   time.Time
	callID string
	cseq   uint32
}

// NewServer makes a Server; nothing starts before Run.
func NewServer(cfg ServerConfig, n stack.Network, log *slog.Logger) *Server {
	sc := stack.Default()
	sc.Local, sc.Relay, sc.PingEvery = cfg.Local, true, 0
	sc.MaxConns, sc.MaxTransactions = 1024, 1<<16
	cfg.MaxExpires = cmp.Or(cfg.MaxExpires, time.Hour)
	if len(cfg.Digest) == 0 {
		cfg.Digest = []string{"SHA-256", "MD5"}
	}
	return &Server{
		cfg: cfg, s: stack.New(sc, n, log), log: log, bindings: map[string][]binding{}, names: map[netip.AddrPort]bool{}, passing: map[string]int{},
		auth: &digester{realm: cfg.Realm, users: cfg.Users, algorithms: cfg.Digest, nonces: map[string]uint64{}},
	}
}

// Run serves until ctx ends.
func (v *Server) Run(ctx context.Context) error { return v.s.Run(ctx, v) }

// Addr waits until the server listens and returns where.
func (v *Server) Addr(ctx context.Context) (netip.AddrPort, error) {
	got := make(chan netip.AddrPort, 1)
	v.s.Post(func() {
		a, _ := v.s.Local(stack.Target{Addr: netip.AddrPortFrom(v.cfg.Local.Addr(), 0)})
		got <- a
	})
	select {
	case a := <-got:
		return a, nil
	case <-ctx.Done():
		return netip.AddrPort{}, ctx.Err()
	}
}

// Stack is the stack the server runs on, for tools that call by it.
func (v *Server) Stack() *stack.Stack { return v.s }

// Bindings are the Contacts registered for a user.
func (v *Server) Bindings(user string) []stack.Uri {
	v.mu.Lock()
	defer v.mu.Unlock()
	var list []stack.Uri
	for _, b := range v.living(user) {
		list = append(list, b.uri)
	}
	return list
}

// Forget drops all bindings, as a registrar that was restarted has.
func (v *Server) Forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	clear(v.bindings)
}

// living removes what has expired. v.mu is held.
func (v *Server) living(user string) []binding {
	v.bindings[user] = slices.DeleteFunc(v.bindings[user], func(b binding) bool { return time.Now().After(b.ends) })
	return v.bindings[user]
}

// Request implements stack.Handler.
func (v *Server) Request(tx *stack.ServerTx, req *stack.Request, from stack.Source) {
	if v.cfg.Intercept != nil && v.cfg.Intercept(tx, req) {
		return
	}
	switch {
	case tx == nil:
		v.forwardAck(req)
	case req.Method == stack.REGISTER:
		v.register(tx, req, from)
	case req.Method == stack.OPTIONS && req.Recipient.User == "" && len(req.GetHeaders("Route")) == 0:
		tx.Respond(stack.Reply(req, 200, ""))
	default:
		v.proxy(tx, req)
	}
}

// Stray implements stack.Handler: a late 2xx goes back by its next Via.
func (v *Server) Stray(*stack.Response, stack.Source) {}

// Lost implements stack.Handler: who registered on that connection is gone.
func (v *Server) Lost(conn stack.ConnID, _ error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for user, list := range v.bindings {
		v.bindings[user] = slices.DeleteFunc(list, func(b binding) bool { return b.flow.Conn == conn })
	}
}

// register is RFC 3261 §10.3.
func (v *Server) register(tx *stack.ServerTx, req *stack.Request, from stack.Source) {
	user := req.To().Address.User
	if len(v.cfg.Users) > 0 {
		if c := v.auth.check(req, "Authorization", user); c != nil {
			tx.Respond(c)
			return
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	var contacts []*stack.ContactHeader
	for _, h := range req.GetHeaders("Contact") {
		contacts = append(contacts, h.(*stack.ContactHeader))
	}
	if len(contacts) == 1 && contacts[0].Address.Wildcard {
		delete(v.bindings, user)
		contacts = nil
	}
	for _, c := range contacts {
		expires := v.expires(req, c)
		if expires > 0 && expires < v.cfg.MinExpires {
			res := stack.Reply(req, 423, "")
			res.AppendHeader(stack.NewHeader("Min-Expires", strconv.Itoa(int(v.cfg.MinExpires.Seconds()))))
			tx.Respond(res)
			return
		}
		if !v.bind(user, c.Address, expires, req, from) {
			tx.Respond(stack.Reply(req, 500, "CSeq out of order"))
			return
		}
	}
	res := stack.Reply(req, 200, "")
	for _, b := range v.living(user) {
		c := &stack.ContactHeader{Address: *b.uri.Clone()}
		c.Params.Add("expires", strconv.Itoa(int(time.Until(b.ends).Round(time.Second).Seconds())))
		res.AppendHeader(c)
	}
	tx.Respond(res)
}

// expires is how long a Contact wants to be bound.
func (v *Server) expires(req *stack.Request, c *stack.ContactHeader) time.Duration {
	text := c.Params.GetOr("expires", "")
	if h := req.GetHeader("Expires"); text == "" && h != nil {
		text = h.Value()
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		n = 3600
	}
	return min(time.Duration(n)*time.Second, v.cfg.MaxExpires)
}

// bind sets, refreshes or removes one binding; v.mu is held.
func (v *Server) bind(user string, uri stack.Uri, expires time.Duration, req *stack.Request, from stack.Source) bool {
	list := v.living(user)
	id, seq := string(*req.CallID()), req.CSeq().SeqNo
	i := slices.IndexFunc(list, func(b binding) bool { return b.uri.String() == uri.String() })
	if i >= 0 && list[i].callID == id && seq <= list[i].cseq {
		return false
	}
	if i >= 0 {
		list = slices.Delete(list, i, i+1)
	}
	if expires > 0 {
		list = append(list, binding{*uri.Clone(), from, time.Now().Add(expires), id, seq})
	}
	v.bindings[user] = list
	return true
}

// proxy sends a request on (RFC 3261 §16).
func (v *Server) proxy(tx *stack.ServerTx, req *stack.Request) {
	if h := req.MaxForwards(); h != nil && h.Val() == 0 {
		tx.Respond(stack.Reply(req, 483, ""))
		return
	}
	if v.loops(req) {
		tx.Respond(stack.Reply(req, 482, ""))
		return
	}
	if v.cfg.AuthCalls && req.Method == stack.INVITE && req.To().Params.GetOr("tag", "") == "" {
		if c := v.auth.check(req, "Proxy-Authorization", req.From().Address.User); c != nil {
			tx.Respond(c)
			return
		}
	}
	v.hops(req, func(hops []hop, err error) {
		if len(hops) == 0 {
			v.log.Debug("siptest: no way on", "to", req.Recipient.String(), "err", err)
			tx.Respond(stack.Reply(req, cmp.Or(codeFor(err), 480), ""))
			return
		}
		f := &fork{v: v, tx: tx, req: req, back: contactHost(req), key: routing(req)}
		v.passing[f.key]++
		tx.OnCancel(func(*stack.Request) { f.cancel() })
		f.open = len(hops)
		for _, h := range hops {
			f.start(h)
		}
	})
}

// loops tells whether a request is one that has passed here, is still under way, and has come back with nothing changed
// that routes it (RFC 5393 §4.2).
func (v *Server) loops(req *stack.Request) bool {
	if v.passing[routing(req)] == 0 {
		return false
	}
	return slices.ContainsFunc(req.GetHeaders("Via"), func(h stack.Header) bool {
		via, ok := h.(*stack.ViaHeader)
		return ok && v.isUs(stack.Uri{Host: via.Host, Port: via.Port})
	})
}

// routing is what routes a request (RFC 5393 §4.2.1).
func routing(req *stack.Request) string {
	key := []string{req.Recipient.String(), req.From().Params.GetOr("tag", ""), req.To().Params.GetOr("tag", ""), req.CallID().Value(), req.CSeq().Value()}
	for _, r := range req.GetHeaders("Route") {
		key = append(key, r.Value())
	}
	return strings.Join(key, "\n")
}

// hop is one way on: the request as it goes there, and where that is.
type hop struct {
	req *stack.Request
	to  stack.Target
}

// hops finds the ways on for a request, which may take the DNS.
func (v *Server) hops(req *stack.Request, on func([]hop, error)) {
	next := req.Clone()
	if h := next.MaxForwards(); h != nil {
		less := stack.MaxForwardsHeader(h.Val() - 1)
		next.ReplaceHeader(&less)
	}
	dialog := next.To().Params.Has("tag")
	for r := next.Route(); r != nil && v.isUs(r.Address); r = next.Route() {
		next.RemoveHeader("Route")
	}
	if !dialog && (v.isUs(next.Recipient) || next.Recipient.Host == v.cfg.Realm) {
		on(v.toUser(next), nil)
		return
	}
	uri := next.Recipient
	if r := next.Route(); r != nil {
		uri = r.Address
	}
	if to, ok := v.flowOf(uri); ok {
		on([]hop{{next, to}}, nil)
		return
	}
	v.s.Resolve(context.Background(), uri, func(list []stack.Target, err error) {
		if err != nil {
			on(nil, err)
			return
		}
		on([]hop{{next, list[0]}}, nil)
	})
}

// toUser makes a copy of the request for each binding of its user.
func (v *Server) toUser(req *stack.Request) []hop {
	v.mu.Lock()
	defer v.mu.Unlock()
	var list []hop
	for _, b := range v.living(req.Recipient.User) {
		r := req.Clone()
		r.Recipient = *b.uri.Clone()
		list = append(list, hop{r, b.flow.Target()})
	}
	return list
}

// flowOf is the way to a Contact that is registered here.
func (v *Server) flowOf(uri stack.Uri) (stack.Target, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, list := range v.bindings {
		for _, b := range list {
			if b.uri.Host == uri.Host && b.uri.Port == uri.Port {
				return b.flow.Target(), true
			}
		}
	}
	return stack.Target{}, false
}

// isUs tells whether a URI names this server.
func (v *Server) isUs(uri stack.Uri) bool {
	host, err := netip.ParseAddr(strings.Trim(uri.Host, "[]"))
	if err != nil {
		return false
	}
	at := netip.AddrPortFrom(host, cmp.Or(uint16(uri.Port), 5060))
	us, err := v.s.Local(stack.Target{Addr: netip.AddrPortFrom(v.cfg.Local.Addr(), 0)})
	return err == nil && at == us || v.names[at]
}

// contactHost is the host of a request's Contact, if it has one.
func contactHost(req *stack.Request) string {
	if c := req.Contact(); c != nil {
		return c.Address.Host
	}
	return ""
}

// reach is our address as a phone sees it.
func (v *Server) reach(host string) netip.AddrPort {
	if v.cfg.Reach != nil {
		us := v.cfg.Reach(host)
		v.names[us] = true
		return us
	}
	us, err := v.s.Local(stack.Target{Addr: netip.AddrPortFrom(v.cfg.Local.Addr(), 0)})
	if err != nil {
		return v.cfg.Local
	}
	return us
}

// mark puts our Record-Route on a request that begins a dialog, as the phone it goes to sees us.
func (v *Server) mark(h hop) {
	if !v.cfg.RecordRoute || h.req.Method != stack.INVITE || h.req.To().Params.Has("tag") {
		return
	}
	h.req.PrependHeader(v.routeAt(h.req.Recipient.Host))
}

func (v *Server) routeAt(host string) *stack.RecordRouteHeader {
	us := v.reach(host)
	r := &stack.RecordRouteHeader{Address: stack.Uri{Scheme: "sip", Host: us.Addr().String(), Port: int(us.Port())}}
	r.Address.UriParams.Add("lr", "")
	return r
}

// unmark makes our Record-Route in a response the one that the phone it goes back to can use
// (RFC 3261 §16.7 step 8).
func (v *Server) unmark(res *stack.Response, there, back string) {
	if v.cfg.Reach == nil || v.reach(there) == v.reach(back) {
		return
	}
	was, now := v.routeAt(there), v.routeAt(back)
	for _, h := range res.GetHeaders("Record-Route") {
		if r, ok := h.(*stack.RecordRouteHeader); ok && r.Address.Host == was.Address.Host && r.Address.Port == was.Address.Port {
			r.Address = now.Address
		}
	}
}

// passed is the body to send on in place of body.
func (v *Server) passed(m stack.Message, answer bool, to string) {
	if v.cfg.Body == nil || len(m.Body()) == 0 {
		return
	}
	m.SetBody(v.cfg.Body(Passing{
		CallID: string(*m.CallID()), From: m.From().Params.GetOr("tag", ""), Answer: answer, To: to, Body: m.Body(),
	}))
}

// forwardAck sends the ACK to a 2xx on its way.
func (v *Server) forwardAck(req *stack.Request) {
	v.hops(req, func(hops []hop, err error) {
		for _, h := range hops {
			v.passed(h.req, false, h.req.Recipient.Host)
			err = v.s.Write(h.req, h.to)
		}
		if err != nil {
			v.log.Debug("siptest: ACK not forwarded", "err", err)
		}
	})
}

func codeFor(err error) int {
	if err != nil {
		return 404
	}
	return 0
}

// fork is a request sent on to several places at once (RFC 3261 §16.7).
type fork struct {
	v         *Server
	tx        *stack.ServerTx
	req       *stack.Request
	back      string // Contact host of where it came from
	key       string // what routes it
	open      int    // branches without a final response
	branches  []*stack.ClientTx
	best      *stack.Response
	answered  bool // a final response went back
	cancelled bool
}

func (f *fork) start(h hop) {
	done := false
	there := h.req.Recipient.Host
	f.v.mark(h)
	f.v.passed(h.req, false, there)
	tx := f.v.s.Send(h.req, h.to, func(res *stack.Response, err error) {
		if err != nil {
			res = stack.Reply(f.req, 408, "")
			f.final(res, false, &done)
			return
		}
		res = res.Clone()
		res.RemoveHeader("Via") // ours
		f.v.unmark(res, there, f.back)
		f.v.passed(res, true, f.back)
		switch {
		case res.StatusCode == 100:
		case res.StatusCode < 200:
			if !f.answered {
				f.tx.Respond(res)
			}
		default:
			f.final(res, true, &done)
		}
	})
	f.branches = append(f.branches, tx)
}

// final takes the final response of one branch. Each 2xx goes back at once;
// of failures the best, when no branch is left.
func (f *fork) final(res *stack.Response, real bool, done *bool) {
	if !*done {
		*done = true
		if f.open--; f.open == 0 {
			if f.v.passing[f.key]--; f.v.passing[f.key] == 0 {
				delete(f.v.passing, f.key)
			}
		}
	}
	if res.StatusCode < 300 && real {
		f.answered = true
		f.tx.Respond(res)
		f.cancel()
		return
	}
	if f.best == nil || rank(res) < rank(f.best) {
		f.best = res
	}
	if res.StatusCode >= 600 {
		f.cancel()
	}
	if f.open == 0 && !f.answered {
		f.answered = true
		f.tx.Respond(f.best)
	}
}

// rank orders failures: 6xx wins, then the lowest class; within one what the
// caller can act on comes first.
func rank(res *stack.Response) int {
	switch code := res.StatusCode; {
	case code >= 600:
		return 0
	case code == 401, code == 407, code == 484:
		return 1
	case code == 408, code == 487:
		return 900 + code
	default:
		return code
	}
}

// cancel ends all branches still open.
func (f *fork) cancel() {
	if f.cancelled {
		return
	}
	f.cancelled = true
	for _, b := range f.branches {
		f.v.s.Cancel(b)
	}
}
