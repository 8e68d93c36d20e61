package focus

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"opendeskphone/sip/dialog"
	"opendeskphone/sip/stack"
)

// sub is a subscription to who is in a room.
type sub struct {
	room *room
	d    *dialog.Dialog
}

// subscribe takes a SUBSCRIBE of the conference event package.
func (f *Focus) subscribe(tx *stack.ServerTx, req *stack.Request) {
	event := ""
	if h := req.GetHeader("Event"); h != nil {
		event, _, _ = strings.Cut(h.Value(), ";")
	}
	r := f.rooms[req.Recipient.User]
	switch {
	case strings.TrimSpace(event) != "conference":
		tx.Respond(stack.Reply(req, 489, ""))
		return
	case r == nil:
		tx.Respond(stack.Reply(req, 404, ""))
		return
	}
	res := stack.Reply(req, 200, "")
	d, err := dialog.Accept(req, stack.Tag(res.To().Params))
	if err != nil {
		tx.Respond(stack.Reply(req, 400, ""))
		return
	}
	s := &sub{room: r, d: d}
	f.subs[d.ID] = s
	r.subs = append(r.subs, s)
	s.grant(tx, req, res)
}

// renew takes a SUBSCRIBE within a subscription.
func (s *sub) renew(tx *stack.ServerTx, req *stack.Request) {
	if s.d.Receive(req) != nil || req.Method != stack.SUBSCRIBE {
		tx.Respond(stack.Reply(req, 500, ""))
		return
	}
	s.grant(tx, req, stack.Reply(req, 200, ""))
}

// grant answers a SUBSCRIBE and tells all there is.
func (s *sub) grant(tx *stack.ServerTx, req *stack.Request, res *stack.Response) {
	expires := 3600
	if h := req.GetHeader("Expires"); h != nil {
		expires, _ = strconv.Atoi(strings.TrimSpace(h.Value()))
	}
	res.AppendHeader(s.room.contact())
	res.AppendHeader(stack.NewHeader("Expires", strconv.Itoa(expires)))
	tx.Respond(res)
	state := "active;expires=" + strconv.Itoa(expires)
	if expires == 0 {
		state = "terminated;reason=timeout"
		s.end()
	}
	s.notify(state, s.room.document("full", s.room.members))
}

func (s *sub) end() {
	delete(s.room.f.subs, s.d.ID)
	s.room.subs = slices.DeleteFunc(s.room.subs, func(o *sub) bool { return o == s })
}

func (s *sub) notify(state string, body []byte) {
	f := s.room.f
	req := s.d.Request(stack.NOTIFY)
	req.AppendHeader(s.room.contact())
	req.AppendHeader(stack.NewHeader("Event", "conference"))
	req.AppendHeader(stack.NewHeader("Subscription-State", state))
	attach(req, "application/conference-info+xml", body)
	f.s.Send(req, f.way(s.d.NextHop()), func(res *stack.Response, err error) {
		if err != nil || res.StatusCode == 481 {
			s.end()
		}
	})
}

// tell tells all who have subscribed that something of a member has changed.
func (r *room) tell(m *member) {
	r.version++
	if r.f.cfg.Published {
		r.publish()
		return
	}
	body := r.document("partial", []*member{m})
	for _, s := range slices.Clone(r.subs) {
		s.notify("active;expires=3600", body)
	}
}

// publication is what the proxy has been told of a room (RFC 3903).
type publication struct {
	etag string
	busy bool // one is on its way
	more bool // something has changed since
}

// publish tells the proxy all there is, one after the other.
func (r *room) publish() {
	if r.news.busy {
		r.news.more = true
		return
	}
	r.news.busy, r.news.more = true, false
	uri := r.uri()
	req := stack.NewRequest(stack.PUBLISH, uri)
	us := &stack.FromHeader{Address: *uri.Clone()}
	us.Params.Add("tag", stack.NewTag())
	id := stack.CallIDHeader(stack.NewCallID())
	req.AppendHeader(us)
	req.AppendHeader(&stack.ToHeader{Address: *uri.Clone()})
	req.AppendHeader(&id)
	req.AppendHeader(&stack.CSeqHeader{SeqNo: 1, MethodName: stack.PUBLISH})
	req.AppendHeader(stack.NewHeader("Event", "conference"))
	req.AppendHeader(stack.NewHeader("Expires", "3600"))
	if r.news.etag != "" {
		req.AppendHeader(stack.NewHeader("SIP-If-Match", r.news.etag))
	}
	attach(req, "application/conference-info+xml", r.document("full", r.members))
	r.f.s.Send(req, r.f.way(uri), func(res *stack.Response, err error) {
		if err != nil || res.StatusCode >= 200 {
			r.published(res, err)
		}
	})
}

func (r *room) published(res *stack.Response, err error) {
	r.news.busy = false
	switch {
	case err != nil || res.StatusCode >= 300:
		r.f.log.Warn("focus: the proxy takes no news", "err", err)
	case res.GetHeader("SIP-ETag") != nil:
		r.news.etag = res.GetHeader("SIP-ETag").Value()
	}
	if r.news.more {
		r.publish()
	}
}

// document writes members as they are now; one who has left is written as deleted.
func (r *room) document(state string, members []*member) []byte {
	var b bytes.Buffer
	uri := r.uri()
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?>`+"\r\n"+`<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="%s" state="%s" version="%d">`, uri.String(), state, r.version)
	fmt.Fprintf(&b, `<conference-description><subject>Conference</subject></conference-description><conference-state><user-count>%d</user-count><active>true</active></conference-state><users state="%s">`, len(r.members), state)
	for _, m := range members {
		entity := escape((&stack.Uri{Scheme: "sip", User: m.uri.User, Host: r.f.cfg.Domain}).String())
		if m.status == "disconnected" && !slices.ContainsFunc(r.members, func(o *member) bool { return o.uri.User == m.uri.User }) {
			fmt.Fprintf(&b, `<user entity="%s" state="deleted"/>`, entity)
			continue
		}
		fmt.Fprintf(&b, `<user entity="%[1]s" state="full"><display-text>%[2]s</display-text><roles><entry>participant</entry></roles><endpoint entity="%[1]s" state="full"><status>%[3]s</status><joining-method>dialed-in</joining-method><media id="1" state="full"><type>audio</type><status>sendrecv</status><media-ingress-filter xmlns="%[4]s">%[5]s</media-ingress-filter></media></endpoint></user>`,
			entity, escape(m.name), m.status, extensions, filter(m.muted))
	}
	b.WriteString(`</users></conference-info>`)
	return b.Bytes()
}

func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}
