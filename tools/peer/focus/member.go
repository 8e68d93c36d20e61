package focus

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"opendeskphone/sip/dialog"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/stack"
)

// member is one who is in a room, or is being called into it.
type member struct {
	room   *room
	d      *dialog.Dialog
	uri    stack.Uri
	name   string
	status string // of RFC 4575 §5.7.3
	sdp    *offer.Session
	conn   net.PacketConn
	leg    *leg
	muted  bool
}

// voice opens the member's end of the voice.
func (m *member) voice() error {
	var err error
	if m.conn, err = m.room.f.listen(); err != nil {
		return err
	}
	at := m.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	m.sdp = offer.New(offer.Local{Addr: at.Addr().Unmap(), Port: at.Port(), Codecs: []offer.Codec{{Name: "PCMA", PT: 8, Clock: 8000}}, DTMF: true, Ptime: 20})
	m.leg = m.room.mix.add(m.conn)
	return nil
}

// open answers an offer, or makes one where there is none.
func (m *member) open(sdp []byte) ([]byte, error) {
	if err := m.voice(); err != nil {
		return nil, err
	}
	if len(sdp) == 0 {
		return m.sdp.Offer(offer.SendRecv)
	}
	return m.answer(sdp)
}

func (m *member) answer(sdp []byte) ([]byte, error) {
	body, media, err := m.sdp.Answer(sdp, offer.SendRecv)
	if err == nil {
		m.apply(media)
	}
	return body, err
}

func (m *member) apply(media offer.Media) {
	m.room.mix.set(m.leg, media.Remote, media.Direction.Sends())
	if m.status == "connected" || m.status == "on-hold" {
		m.status = "connected"
		if media.RemoteHeld {
			m.status = "on-hold"
		}
	}
}

// in lets the member into the room; everybody is told.
func (m *member) in() {
	m.room.f.members[m.d.ID] = m
	m.room.members = append(m.room.members, m)
	m.room.tell(m)
}

// out ends the member's part.
func (m *member) out() {
	r := m.room
	if m.d != nil {
		delete(r.f.members, m.d.ID)
	}
	if m.leg != nil {
		r.mix.remove(m.leg)
	}
	m.status = "disconnected"
	r.members = slices.DeleteFunc(r.members, func(o *member) bool { return o == m })
	r.tell(m)
}

// request takes a request within the call of a member.
func (m *member) request(tx *stack.ServerTx, req *stack.Request) {
	if m.d.Receive(req) != nil {
		tx.Respond(stack.Reply(req, 500, ""))
		return
	}
	switch req.Method {
	case stack.BYE:
		tx.Respond(stack.Reply(req, 200, ""))
		m.out()
	case stack.INVITE, stack.UPDATE:
		m.d.Refresh(req.Contact())
		res := stack.Reply(req, 200, "")
		if req.Method == stack.INVITE || len(req.Body()) > 0 {
			body, err := m.answer(req.Body())
			if err != nil {
				tx.Respond(stack.Reply(req, 488, ""))
				return
			}
			attach(res, "application/sdp", body)
		}
		m.room.dress(res)
		tx.Respond(res)
		m.room.tell(m)
	case stack.REFER:
		m.refer(tx, req)
	case stack.SUBSCRIBE:
		tx.Respond(stack.Reply(req, 489, ""))
	case stack.INFO:
		m.control(tx, req)
	default:
		tx.Respond(stack.Reply(req, 200, ""))
	}
}

// refer does what a member asks for.
func (m *member) refer(tx *stack.ServerTx, req *stack.Request) {
	value := ""
	if h := req.GetHeader("Refer-To"); h != nil {
		value = h.Value()
	}
	_, uri, _, err := stack.ParseAddress(value)
	replaces := ""
	for _, h := range uri.Headers {
		if strings.EqualFold(h.K, "Replaces") {
			replaces, _ = url.PathUnescape(h.V)
		}
	}
	switch {
	case err != nil || uri.Host == "":
		tx.Respond(stack.Reply(req, 400, ""))
		return
	case m.room.f.cfg.NoReplaces && replaces != "":
		tx.Respond(stack.Reply(req, 403, ""))
		return
	}
	res := stack.Reply(req, 202, "")
	res.AppendHeader(m.room.contact())
	tx.Respond(res)
	method, _ := uri.UriParams.Get("method")
	uri.Headers = nil
	uri.UriParams.Remove("method")
	seq := req.CSeq().SeqNo
	m.notify(seq, 100)
	if strings.EqualFold(method, "BYE") {
		m.notify(seq, m.room.putOut(uri))
		return
	}
	m.room.call(uri, replaces, m.room.user, func(code int) { m.notify(seq, code) })
}

// notify tells what became of a REFER.
func (m *member) notify(seq uint32, code int) {
	req := m.d.Request(stack.NOTIFY)
	req.AppendHeader(m.room.contact())
	req.AppendHeader(stack.NewHeader("Event", "refer;id="+strconv.Itoa(int(seq))))
	state := "active;expires=60"
	if code >= 200 {
		state = "terminated;reason=noresource"
	}
	req.AppendHeader(stack.NewHeader("Subscription-State", state))
	attach(req, "message/sipfrag;version=2.0", fmt.Appendf(nil, "SIP/2.0 %d %s\r\n", code, stack.Phrase(code)))
	m.send(req)
}

func (m *member) send(req *stack.Request) {
	m.room.f.s.Send(req, m.room.f.way(m.d.NextHop()), func(*stack.Response, error) {})
}

// putOut ends the calls of a member; the code is what its BYE has come to.
func (r *room) putOut(uri stack.Uri) int {
	code := 404
	for _, m := range slices.Clone(r.members) {
		if m.d != nil && m.uri.User == uri.User {
			m.send(m.d.Request(stack.BYE))
			m.out()
			code = 200
		}
	}
	return code
}

// call calls somebody into the room, in the place of another if Replaces says so.
func (r *room) call(uri stack.Uri, replaces, from string, on func(code int)) {
	f := r.f
	m := &member{room: r, uri: uri, status: "dialing-out"}
	if err := m.voice(); err != nil {
		on(503)
		return
	}
	body, err := m.sdp.Offer(offer.SendRecv)
	if err != nil {
		on(500)
		return
	}
	req := stack.NewRequest(stack.INVITE, uri)
	us := &stack.FromHeader{Address: stack.Uri{Scheme: "sip", User: from, Host: f.cfg.Domain}}
	us.Params.Add("tag", stack.NewTag())
	id := stack.CallIDHeader(stack.NewCallID())
	req.AppendHeader(us)
	req.AppendHeader(&stack.ToHeader{Address: *uri.Clone()})
	req.AppendHeader(&id)
	req.AppendHeader(&stack.CSeqHeader{SeqNo: 1, MethodName: stack.INVITE})
	r.dress(req)
	if replaces != "" {
		req.AppendHeader(stack.NewHeader("Replaces", replaces))
		req.AppendHeader(stack.NewHeader("Require", "replaces"))
	}
	attach(req, "application/sdp", body)
	r.members = append(r.members, m)
	r.tell(m)
	f.s.Send(req, f.way(uri), func(res *stack.Response, err error) { m.answered(req, res, err, on) })
}

// answered takes what the called says.
func (m *member) answered(req *stack.Request, res *stack.Response, err error, on func(code int)) {
	switch {
	case err != nil:
		m.out()
		on(408)
	case res.StatusCode < 200:
		if res.StatusCode >= 180 && m.status == "dialing-out" {
			m.status = "alerting"
			m.room.tell(m)
			on(res.StatusCode)
		}
	case res.StatusCode >= 300:
		m.out()
		on(res.StatusCode)
	default:
		d, err := dialog.New(req, res)
		if err != nil {
			m.out()
			on(500)
			return
		}
		m.d = d
		f := m.room.f
		if err := f.s.Write(d.Ack(req.CSeq().SeqNo), f.way(d.NextHop())); err != nil {
			f.log.Warn("focus: no ACK", "err", err)
		}
		f.members[d.ID] = m
		m.status = "connected"
		media, err := m.sdp.Accept(res.Body())
		if err != nil {
			m.send(d.Request(stack.BYE))
			m.out()
			on(488)
			return
		}
		m.apply(media)
		m.room.tell(m)
		on(200)
	}
}

// reached tells whether an address can be sent to.
func reached(a netip.AddrPort) bool { return a.IsValid() && !a.Addr().IsUnspecified() && a.Port() != 0 }
