// Package dialog is the dialog of RFC 3261 §12: the state two user agents
// share, from which every later request between them is made. A Dialog is pure
// state; it sends nothing and knows no time. Set holds the dialogs that one
// forked INVITE made.
package dialog

import (
	"errors"
	"fmt"

	"opendeskphone/sip/stack"
)

// ID identifies a dialog from our side (RFC 3261 §12).
type ID struct{ CallID, LocalTag, RemoteTag string }

// IDOf is the dialog an incoming request belongs to; ok is false without a To
// tag, when it stands outside of any dialog.
func IDOf(req *stack.Request) (id ID, ok bool) {
	id = ID{callID(req.CallID()), stack.Tag(req.To().Params), stack.Tag(req.From().Params)}
	return id, id.LocalTag != ""
}

// IDOfResponse is the dialog a response to our request belongs to.
func IDOfResponse(res *stack.Response) ID {
	return ID{callID(res.CallID()), stack.Tag(res.From().Params), stack.Tag(res.To().Params)}
}

func callID(h *stack.CallIDHeader) string {
	if h == nil {
		return ""
	}
	return h.Value()
}

// State is how far a dialog has come.
type State uint8

// The states. A terminated dialog makes no requests but answers late ones.
const (
	Early State = iota
	Confirmed
	Terminated
)

// maxRoutes bounds a route set; a chain of proxies is shorter (Max-Forwards is 70).
const maxRoutes = 32

// Errors of a dialog.
var (
	ErrNoContact = errors.New("dialog: no usable Contact")   // the peer cannot be reached
	ErrRoutes    = errors.New("dialog: too many Route")      // more than any path of proxies
	ErrStale     = errors.New("dialog: CSeq out of order")   // answer 500 (RFC 3261 §12.2.2)
	ErrNoTag     = errors.New("dialog: response has no tag") // RFC 2543 peer: no dialog can be told from another
)

// Dialog is one dialog as we see it.
type Dialog struct {
	ID     ID
	State  State
	Caller bool // we sent the request that made it

	local, remote party
	target        stack.Uri
	routes        []stack.Uri
	localSeq      uint32
	remoteSeq     uint32 // 0: none seen yet
}

// party is a From or To without its tag.
type party struct {
	display string
	uri     stack.Uri
}

// New makes the dialog of a response to our INVITE (RFC 3261 §12.1.2): early
// for 101..199, confirmed for 2xx. An early one may lack a Contact.
func New(req *stack.Request, res *stack.Response) (*Dialog, error) {
	d := &Dialog{ID: IDOfResponse(res), Caller: true, localSeq: req.CSeq().SeqNo}
	if d.ID.RemoteTag == "" {
		return nil, ErrNoTag
	}
	from, to := req.From(), res.To()
	d.local = party{from.DisplayName, *from.Address.Clone()}
	d.remote = party{to.DisplayName, *to.Address.Clone()}
	d.target = *req.Recipient.Clone()
	return d, d.update(res)
}

// Progress takes what a later response of the same INVITE brings: a 2xx
// confirms the dialog and sets its route set anew (RFC 3261 §13.2.2.4).
func (d *Dialog) Progress(res *stack.Response) error { return d.update(res) }

func (d *Dialog) update(res *stack.Response) error {
	if d.State == Early {
		routes, err := recorded(res.GetHeaders("Record-Route"))
		if err != nil {
			return err
		}
		for i, j := 0, len(routes)-1; i < j; i, j = i+1, j-1 {
			routes[i], routes[j] = routes[j], routes[i]
		}
		d.routes = routes
	}
	ok := d.Refresh(res.Contact())
	if res.StatusCode < 200 {
		return nil
	}
	if d.State == Early {
		d.State = Confirmed
	}
	if !ok {
		return ErrNoContact
	}
	return nil
}

// Accept makes the dialog of an INVITE we received (RFC 3261 §12.1.1) under
// the tag we answer with.
func Accept(req *stack.Request, tag string) (*Dialog, error) {
	d := &Dialog{ID: ID{callID(req.CallID()), tag, stack.Tag(req.From().Params)}, remoteSeq: req.CSeq().SeqNo}
	from, to := req.From(), req.To()
	d.local = party{to.DisplayName, *to.Address.Clone()}
	d.remote = party{from.DisplayName, *from.Address.Clone()}
	routes, err := recorded(req.GetHeaders("Record-Route"))
	if err != nil {
		return nil, err
	}
	d.routes = routes
	if req.Contact() == nil { // RFC 2543 did not ask for one
		d.target = *from.Address.Clone()
		return d, nil
	}
	if !d.Refresh(req.Contact()) {
		return nil, ErrNoContact
	}
	return d, nil
}

func recorded(hs []stack.Header) ([]stack.Uri, error) {
	if len(hs) > maxRoutes {
		return nil, ErrRoutes
	}
	routes := make([]stack.Uri, 0, len(hs))
	for _, h := range hs {
		r, ok := h.(*stack.RecordRouteHeader)
		if !ok {
			continue
		}
		if r.Address.Host == "" {
			return nil, fmt.Errorf("dialog: Record-Route without a host")
		}
		routes = append(routes, *r.Address.Clone())
	}
	return routes, nil
}

// Refresh takes a Contact as the new remote target (RFC 3261 §12.2) and tells
// whether there was a usable one. A GRUU is a target like any other: it is
// used with all its parameters (RFC 5627 §4.4).
func (d *Dialog) Refresh(c *stack.ContactHeader) bool {
	if c == nil || c.Address.Wildcard || c.Address.Host == "" {
		return false
	}
	d.target = *c.Address.Clone()
	d.target.Headers = nil // a Request-URI carries no headers (RFC 3261 §19.1.1)
	return true
}

// Receive checks the order of a request of the peer (RFC 3261 §12.2.2); ACK
// and CANCEL bear the number of their INVITE and must not be given.
func (d *Dialog) Receive(req *stack.Request) error {
	seq := req.CSeq().SeqNo
	if d.remoteSeq != 0 && seq <= d.remoteSeq {
		return ErrStale
	}
	d.remoteSeq = seq
	return nil
}

// NextSeq takes the next CSeq number of ours.
func (d *Dialog) NextSeq() uint32 {
	d.localSeq++
	return d.localSeq
}

// Skip makes later requests begin after a number that was used outside, as by
// the INVITE repeated with credentials.
func (d *Dialog) Skip(seq uint32) { d.localSeq = max(d.localSeq, seq) }

// Request makes a request within the dialog with the next CSeq number
// (RFC 3261 §12.2.1.1). Contact and body are the caller's.
func (d *Dialog) Request(m stack.Method) *stack.Request { return d.request(m, d.NextSeq()) }

// Ack makes the ACK to the 2xx of the INVITE with this CSeq number
// (RFC 3261 §13.2.2.4).
func (d *Dialog) Ack(seq uint32) *stack.Request { return d.request(stack.ACK, seq) }

func (d *Dialog) request(m stack.Method, seq uint32) *stack.Request {
	recipient, routes := d.path()
	req := stack.NewRequest(m, recipient)
	for _, r := range routes {
		req.AppendHeader(&stack.RouteHeader{Address: r})
	}
	from := &stack.FromHeader{DisplayName: d.local.display, Address: *d.local.uri.Clone()}
	from.Params.Add("tag", d.ID.LocalTag)
	to := &stack.ToHeader{DisplayName: d.remote.display, Address: *d.remote.uri.Clone()}
	if d.ID.RemoteTag != "" {
		to.Params.Add("tag", d.ID.RemoteTag)
	}
	id := stack.CallIDHeader(d.ID.CallID)
	req.AppendHeader(from)
	req.AppendHeader(to)
	req.AppendHeader(&id)
	req.AppendHeader(&stack.CSeqHeader{SeqNo: seq, MethodName: m})
	return req
}

// path is the Request-URI and the Route headers: loose routing as RFC 3261
// wants it, or the strict routing of old proxies (§12.2.1.1).
func (d *Dialog) path() (stack.Uri, []stack.Uri) {
	if len(d.routes) == 0 || d.routes[0].UriParams.Has("lr") {
		return d.target, clone(d.routes)
	}
	return *d.routes[0].Clone(), append(clone(d.routes[1:]), *d.target.Clone())
}

func clone(uris []stack.Uri) []stack.Uri {
	out := make([]stack.Uri, len(uris))
	for i := range uris {
		out[i] = *uris[i].Clone()
	}
	return out
}

// NextHop is the URI whose address the requests are sent to.
func (d *Dialog) NextHop() stack.Uri {
	if len(d.routes) > 0 {
		return d.routes[0]
	}
	return d.target
}

// Remote is the address the peer is known by, without its tag.
func (d *Dialog) Remote() stack.Uri { return *d.remote.uri.Clone() }

// Target is where the peer is, its Contact.
func (d *Dialog) Target() stack.Uri { return d.target }

// Set holds the dialogs of one INVITE of ours by the tags of their peers.
type Set struct{ dialogs []*Dialog }

// maxDialogs bounds what a hostile fork may make us remember.
const maxDialogs = 16

// ErrFull is returned when a forked INVITE made more dialogs than a phone can use.
var ErrFull = errors.New("dialog: too many early dialogs")

// Find is the dialog with this remote tag and its number from 1, or nil.
func (s *Set) Find(tag string) (*Dialog, int) {
	for i, d := range s.dialogs {
		if d.ID.RemoteTag == tag {
			return d, i + 1
		}
	}
	return nil, 0
}

// Take brings a response to the set: it makes the dialog or updates it. The
// number of a dialog in the set begins with 1 and does not change.
func (s *Set) Take(req *stack.Request, res *stack.Response) (*Dialog, int, error) {
	if d, n := s.Find(stack.Tag(res.To().Params)); d != nil {
		return d, n, d.Progress(res)
	}
	if len(s.dialogs) >= maxDialogs {
		return nil, 0, ErrFull
	}
	d, err := New(req, res)
	if d == nil {
		return nil, 0, err
	}
	s.dialogs = append(s.dialogs, d)
	return d, len(s.dialogs), err
}
