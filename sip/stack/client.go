package stack

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// txKey names a transaction. Of a client transaction it is branch and method
// (RFC 3261 §17.1.3); of a server transaction the sent-by is in it, or the
// fields RFC 2543 matched by (§17.2.3).
type txKey struct {
	branch, sentBy string
	method         Method
}

// maxDatagram is the size over which a request goes by TCP (RFC 3261 §18.1.1).
const maxDatagram = 1300

// upgradeTimeout is how long a request that is too large for UDP waits for the
// TCP connection before it goes by UDP after all.
const upgradeTimeout = 3 * time.Second

// refusalHolds is how long a refused TCP connection is remembered for that.
const refusalHolds = 5 * time.Minute

// ClientTx is a request of ours under way. It belongs to the loop.
type ClientTx struct {
	runner
	key      txKey
	req      *Request
	to       Target
	from     netip.AddrPort
	data     []byte
	conn     *conn // nil on UDP
	upgraded bool  // went by TCP for its size; UDP is still open
	on       func(res *Response, err error)
	res      *Response // latest
	err      error     // why the transport broke

	cancel []Header // extra headers of a CANCEL that waits for a provisional response
	wanted bool     // a CANCEL was asked for
	sent   bool     // at least once
	spare  func() bool
	told   bool // on has had its error
}

// Request is what was sent, with its Via.
func (tx *ClientTx) Request() *Request { return tx.req }

// Flow is the way the request went: its transport, both addresses and its
// connection. Local is invalid while the connection is being opened.
func (tx *ClientTx) Flow() Source {
	f := Source{Transport: tx.to.Transport, Addr: tx.to.Addr, Local: tx.from}
	if tx.conn != nil {
		f.Conn, f.Local = tx.conn.id, tx.conn.local
	}
	return f
}

// Spare makes repeats rare: the first comes after 2*T1, and each only if may says so. One that may not go is as one
// lost on its way. Call it right after Send. On the loop.
func (tx *ClientTx) Spare(may func() bool) {
	tx.spare = may
	tx.retry.Stop()
	tx.runner.do(againT2)
}

// Send starts a client transaction (see the package comment). req is the
// Stack's from now on. on is never called before Send has returned. On the
// loop.
func (s *Stack) Send(req *Request, to Target, on func(res *Response, err error)) *ClientTx {
	tx := &ClientTx{req: req, to: to, on: on}
	branch := NewBranch()
	tx.key = txKey{branch: branch, method: req.Method}
	tx.runner = runner{s: s, m: requestClient, act: tx.do, done: tx.drop}
	if req.Method == INVITE {
		tx.m = inviteClient
	}
	s.clients[tx.key] = tx
	s.asked.add(to.Addr, 1)
	s.complete(req)
	err := tx.route(branch)
	if err == nil && to.Transport == UDP && len(tx.data) > maxDatagram {
		err = tx.upgrade(branch)
	}
	if err != nil {
		tx.breaks(err)
		return tx
	}
	tx.reliable = tx.to.Transport.reliable()
	tx.fire(begin)
	return tx
}

// complete adds what every request needs and the caller may leave out.
func (s *Stack) complete(req *Request) {
	if req.MaxForwards() == nil {
		h := MaxForwardsHeader(70)
		req.AppendHeader(&h)
	}
	if s.cfg.UserAgent != "" && req.GetHeader("User-Agent") == nil {
		req.AppendHeader(NewHeader("User-Agent", s.cfg.UserAgent))
	}
	req.SetBody(req.Body()) // Content-Length
}

// route writes the Via for tx.to and the bytes that go out. A Via that stands
// there already for this branch is replaced.
func (tx *ClientTx) route(branch string) error {
	local, err := tx.s.Local(tx.to)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTransport, err)
	}
	via := newVia(tx.to.Transport, local, branch)
	if old := tx.req.Via(); old != nil && old.Params.GetOr("branch", "") == branch {
		*old = *via
	} else {
		tx.req.PrependHeader(via)
	}
	tx.from = local
	tx.data = []byte(tx.req.String())
	return nil
}

func newVia(t Transport, local netip.AddrPort, branch string) *ViaHeader {
	via := &ViaHeader{
		ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: strings.ToUpper(string(t)),
		Host: local.Addr().String(), Port: int(local.Port()),
	}
	via.Params.Add("branch", branch)
	via.Params.Add("rport", "") // RFC 3581
	return via
}

// upgrade moves a request too large for a datagram to TCP, unless the far side
// is known to refuse it.
func (tx *ClientTx) upgrade(branch string) error {
	if at, refused := tx.s.noTCP[tx.to.Addr]; refused && time.Since(at) < refusalHolds {
		return nil
	}
	tx.to.Transport, tx.upgraded = TCP, true
	return tx.route(branch)
}

// downgrade goes back to UDP when TCP was refused (RFC 3261 §18.1.1).
func (tx *ClientTx) downgrade() {
	s := tx.s
	if len(s.noTCP) >= 256 {
		clear(s.noTCP)
	}
	s.noTCP[tx.to.Addr] = time.Now()
	tx.to.Transport, tx.upgraded, tx.conn = UDP, false, nil
	if err := tx.route(tx.key.branch); err != nil {
		tx.breaks(err)
		return
	}
	tx.reliable = false
	tx.runner.do(startRetry)
	tx.send()
}

// do carries out the actions that concern messages.
func (tx *ClientTx) do(a action) {
	switch a {
	case send:
		if !tx.sent || tx.spare == nil || tx.spare() {
			tx.sent = true
			tx.send()
		}
	case sendAck:
		tx.sendAck()
	case pass:
		tx.passUp()
	case failTime:
		tx.fail(ErrTimeout)
	case failNet:
		tx.fail(tx.err)
	}
}

// fail tells the user agent, once and last.
func (tx *ClientTx) fail(err error) {
	if !tx.told {
		tx.told = true
		tx.on(nil, err)
	}
}

// passUp gives the latest response to the user agent and sends a CANCEL that
// waited for it.
func (tx *ClientTx) passUp() {
	res := tx.res
	if tx.wanted && res.StatusCode < 200 {
		tx.wanted = false
		tx.sendCancel()
	}
	tx.on(res, nil)
}

// send puts the request on its way.
func (tx *ClientTx) send() { tx.transmit(tx.data) }

func (tx *ClientTx) transmit(data []byte) {
	if tx.to.Transport == UDP {
		if err := tx.s.sendDatagram(data, tx.to.Addr); err != nil {
			tx.breaks(err)
		}
		return
	}
	within := tx.s.cfg.DialTimeout
	if tx.upgraded {
		within = min(within, upgradeTimeout)
	}
	c, err := tx.s.open(tx.to, within)
	if err == nil {
		tx.conn = c
		err = c.write(data)
	}
	if err != nil {
		tx.breaks(err)
	}
}

// breaks reports a transport failure to the machine, later on the loop, so
// that no callback runs inside of Send.
func (tx *ClientTx) breaks(err error) {
	tx.s.Post(func() {
		tx.err = err
		tx.fire(broken)
	})
}

// drop forgets the transaction.
func (tx *ClientTx) drop() {
	tx.s.clients = without(tx.s.clients, tx.key)
	tx.s.asked.add(tx.to.Addr, -1)
}

// sendAck acknowledges a failure on the same way, with the same Via
// (RFC 3261 §17.1.1.3).
func (tx *ClientTx) sendAck() {
	ack := tx.follow(ACK)
	if to := tx.res.To(); to != nil {
		ack.ReplaceHeader(CloneHeader(to))
	}
	ack.SetBody(nil)
	tx.transmit([]byte(ack.String()))
}

// follow makes the ACK or CANCEL that belongs to this INVITE.
func (tx *ClientTx) follow(m Method) *Request {
	r := NewRequest(m, *tx.req.Recipient.Clone())
	r.AppendHeader(tx.req.Via().Clone())
	copyHeaders(tx.req, r, "Route", "From", "To", "Call-ID")
	r.AppendHeader(&CSeqHeader{SeqNo: tx.req.CSeq().SeqNo, MethodName: m})
	h := MaxForwardsHeader(70)
	r.AppendHeader(&h)
	return r
}

// Cancel sends CANCEL for an INVITE, now or as soon as a provisional response
// is in (RFC 3261 §9.1). The final response, a 487 most of the time, comes to
// the INVITE's callback; ErrTimeout when none comes in 64*T1. On the loop.
func (s *Stack) Cancel(tx *ClientTx, extra ...Header) {
	if tx == nil || tx.req.Method != INVITE {
		return
	}
	tx.cancel = extra
	switch tx.state {
	case idle, calling:
		tx.wanted = true
	case proceeding:
		tx.sendCancel()
	}
}

// Drop ends a request of ours that is not an INVITE: it is not repeated, nor sent on a connection that is only being
// opened, and nothing comes of it any more. It tells whether an answer was still to come. On the loop.
func (s *Stack) Drop(tx *ClientTx) bool {
	if tx == nil || tx.req.Method == INVITE || tx.state == terminated {
		return false
	}
	waited := tx.state == trying || tx.state == proceeding
	tx.told, tx.state = true, terminated
	tx.stop()
	tx.drop()
	if c := tx.conn; c != nil && c.nc == nil && !s.carries(c) {
		c.lost(errUnused)
	}
	return waited
}

// sendCancel runs the CANCEL's own transaction, on the INVITE's branch.
func (tx *ClientTx) sendCancel() {
	s := tx.s
	req := tx.follow(CANCEL)
	for _, h := range tx.cancel {
		req.AppendHeader(h)
	}
	key := txKey{branch: tx.key.branch, method: CANCEL}
	if _, twice := s.clients[key]; twice {
		return
	}
	s.complete(req)
	c := &ClientTx{
		key: key, req: req, to: tx.to, from: tx.from, data: []byte(req.String()), conn: tx.conn,
		on: func(*Response, error) {}, // what matters comes to the INVITE
	}
	c.runner = runner{s: s, m: requestClient, act: c.do, done: c.drop, reliable: tx.reliable}
	s.clients[key] = c
	s.asked.add(c.to.Addr, 1)
	tx.fire(cancelled)
	c.fire(begin)
}

// Write sends a request outside of any transaction: the ACK to a 2xx. A Via
// with a new branch is set when there is none, and always by a relay. On the
// loop.
func (s *Stack) Write(req *Request, to Target) error {
	s.complete(req)
	if s.cfg.Relay || req.Via() == nil {
		local, err := s.Local(to)
		if err != nil {
			return err
		}
		req.PrependHeader(newVia(to.Transport, local, NewBranch()))
	}
	data := []byte(req.String())
	if to.Transport == UDP {
		return s.sendDatagram(data, to.Addr)
	}
	c, err := s.open(to, s.cfg.DialTimeout)
	if err != nil {
		return err
	}
	return c.write(data)
}

// response finds the transaction of a response (RFC 3261 §17.1.3).
func (s *Stack) response(res *Response, from Source) {
	branch, _ := res.Via().Params.Get("branch")
	tx := s.clients[txKey{branch: branch, method: res.CSeq().MethodName}]
	if tx == nil {
		s.handler.Stray(res, from)
		return
	}
	if !tx.asked(res) {
		s.log.Debug("sip response to something else", "from", from.Addr, "cseq", res.CSeq().Value())
		return
	}
	tx.res = res
	tx.fire(kind(res.StatusCode))
}

// asked tells whether a response is to our request and not only bears its branch: Call-ID and CSeq come back as they
// were sent (RFC 3261 §8.2.6.2).
func (tx *ClientTx) asked(res *Response) bool {
	return *res.CallID() == *tx.req.CallID() && res.CSeq().SeqNo == tx.req.CSeq().SeqNo
}

// kind is the event a status code is.
func kind(code int) event {
	switch {
	case code < 200:
		return provision
	case code < 300:
		return success
	default:
		return failure
	}
}

// brokenClients tells the transactions on a connection that it ended.
func (s *Stack) brokenClients(c *conn, cause error) {
	var refused *TLSError
	if !errors.As(cause, &refused) && !errors.Is(cause, ErrTransport) {
		cause = fmt.Errorf("%w: %w", ErrTransport, cause)
	}
	for _, tx := range s.clients {
		if tx.conn != c {
			continue
		}
		if tx.upgraded && c.nc == nil && tx.state < proceeding {
			tx.downgrade()
			continue
		}
		tx.err = cause
		tx.fire(broken)
	}
}

// carries tells whether a transaction waits on c.
func (s *Stack) carries(c *conn) bool {
	for _, tx := range s.clients {
		if tx.conn == c {
			return true
		}
	}
	return false
}
