package stack

import (
	"fmt"
	"strconv"
	"strings"
)

// mergeKey finds the same request come twice over different ways (RFC 3261
// §8.2.2.2).
type mergeKey struct {
	fromTag, callID string
	seq             uint32
	method          Method
}

// ServerTx is a request of others under way. It belongs to the loop.
type ServerTx struct {
	runner
	key      txKey
	merge    mergeKey
	req      *Request
	from     Source
	last     []byte // latest response as sent
	onCancel func(*Request)
	onFail   func(error)
	complete func(*Response)
	acked    *Request // the ACK that came in accepted
	up       func()   // what pass does with the request
}

// Request is the request as it came.
func (tx *ServerTx) Request() *Request { return tx.req }

// Source is where it came from.
func (tx *ServerTx) Source() Source { return tx.from }

// OnCancel sets what is called when a CANCEL comes before the final response.
// The Stack has answered the CANCEL; the caller answers the INVITE (487). On
// the loop.
func (tx *ServerTx) OnCancel(fn func(cancel *Request)) { tx.onCancel = fn }

// OnFail sets what is called when a final response could not be delivered, or
// no ACK came for a failure (timer H). On the loop.
func (tx *ServerTx) OnFail(fn func(err error)) { tx.onFail = fn }

// Complete sets what is done with each response before it is sent. On the loop.
func (tx *ServerTx) Complete(fn func(res *Response)) { tx.complete = fn }

// Respond sends a response: provisional ones as many as wanted, then a final
// one. After a 2xx to an INVITE the same 2xx may be given again. It returns
// ErrState when the transaction is past that. On the loop.
func (tx *ServerTx) Respond(res *Response) error {
	before := tx.last
	if tx.complete != nil {
		tx.complete(res)
	}
	tx.s.dress(res)
	tx.last = []byte(res.String())
	if !tx.fire(kind(res.StatusCode)) {
		tx.last = before
		return fmt.Errorf("%w: %d in state %v", ErrState, res.StatusCode, tx.state)
	}
	return nil
}

// serverKey names the transaction of a request (RFC 3261 §17.2.3). ACK and
// CANCEL name that of their INVITE; a CANCEL's own differs by method.
func serverKey(req *Request, m Method) txKey {
	via := req.Via()
	sentBy := strings.ToLower(via.Host) + ":" + strconv.Itoa(via.Port)
	branch, _ := via.Params.Get("branch")
	if strings.HasPrefix(branch, cookie) && len(branch) > len(cookie) {
		return txKey{branch: branch, sentBy: sentBy, method: m}
	}
	// RFC 2543: Request-URI, From tag, Call-ID, CSeq number and top Via. The To
	// tag is left out, for the ACK bears ours and the INVITE does not.
	return txKey{
		branch: strings.Join([]string{
			branch, req.Recipient.String(), Tag(req.From().Params), string(*req.CallID()), strconv.Itoa(int(req.CSeq().SeqNo)),
		}, "\x00"),
		sentBy: sentBy, method: m,
	}
}

// request runs a request through its transaction.
func (s *Stack) request(req *Request, from Source) {
	if req.Method == ACK {
		s.ack(req, from)
		return
	}
	key := serverKey(req, req.Method)
	if tx := s.servers[key]; tx != nil {
		tx.fire(repeat)
		return
	}
	if len(s.servers) >= s.cfg.MaxTransactions {
		res := Reply(req, 503, "")
		res.AppendHeader(NewHeader("Retry-After", "5"))
		s.reply(res, from)
		return
	}
	tx := s.serve(key, req, from)
	switch {
	case req.Method == CANCEL:
		tx.up = func() { s.cancelled(tx) }
	case s.isMerged(tx):
		tx.up = func() { tx.Respond(Reply(req, 482, "")) }
	default:
		tx.up = func() { s.handler.Request(tx, req, from) }
	}
	tx.fire(begin)
}

// serve starts a server transaction.
func (s *Stack) serve(key txKey, req *Request, from Source) *ServerTx {
	tx := &ServerTx{key: key, req: req, from: from}
	tx.runner = runner{s: s, m: requestServer, act: tx.do, done: tx.drop, reliable: from.Transport.reliable()}
	if req.Method == INVITE {
		tx.m = inviteServer
	}
	s.servers[key] = tx
	return tx
}

// isMerged notes a request outside of a dialog and tells whether it has come
// before on another branch.
func (s *Stack) isMerged(tx *ServerTx) bool {
	req := tx.req
	if s.cfg.Relay || req.To().Params.Has("tag") {
		return false
	}
	tx.merge = mergeKey{Tag(req.From().Params), string(*req.CallID()), req.CSeq().SeqNo, req.Method}
	if s.merged[tx.merge] != nil {
		return true
	}
	s.merged[tx.merge] = tx
	return false
}

// drop forgets the transaction.
func (tx *ServerTx) drop() {
	tx.s.servers = without(tx.s.servers, tx.key)
	if tx.s.merged[tx.merge] == tx {
		tx.s.merged = without(tx.s.merged, tx.merge)
	}
}

// without takes a key out of a map. One that has become empty is let go: Go's maps keep the room of their busiest
// hour for ever, and a flood is over at some time.
func without[K comparable, V any](m map[K]V, key K) map[K]V {
	delete(m, key)
	if len(m) == 0 {
		return map[K]V{}
	}
	return m
}

// do carries out the actions that concern messages.
func (tx *ServerTx) do(a action) {
	switch a {
	case send:
		if tx.last == nil {
			return // nothing was answered yet that could be repeated
		}
		if err := tx.s.sendBack(tx.last, tx.req.Via(), tx.from); err != nil {
			tx.s.Post(func() { tx.fire(broken) })
		}
	case sendTrying:
		tx.last = []byte(Reply(tx.req, 100, "").String())
		tx.do(send)
	case pass:
		if tx.acked != nil {
			tx.s.handler.Request(nil, tx.acked, tx.from)
			return
		}
		tx.up()
	case failTime:
		tx.fail(ErrTimeout)
	case failNet:
		tx.fail(ErrTransport)
	}
}

func (tx *ServerTx) fail(err error) {
	if tx.onFail != nil {
		tx.onFail(err)
	}
}

// ack takes an ACK: one for a failure ends its transaction, one for a 2xx is a
// matter of dialogs.
func (s *Stack) ack(req *Request, from Source) {
	if tx := s.servers[serverKey(req, INVITE)]; tx != nil {
		tx.acked = req
		tx.fire(ack)
		return
	}
	s.handler.Request(nil, req, from)
}

// cancelled answers a CANCEL and tells the INVITE it is for (RFC 3261 §9.2).
func (s *Stack) cancelled(tx *ServerTx) {
	invite := s.servers[serverKey(tx.req, INVITE)]
	if invite == nil {
		tx.Respond(Reply(tx.req, 481, ""))
		return
	}
	tx.Respond(Reply(tx.req, 200, ""))
	if invite.state == proceeding && invite.onCancel != nil {
		invite.onCancel(tx.req)
	}
}
