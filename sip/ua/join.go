package ua

import (
	"opendeskphone/sip/dialog"
	"opendeskphone/sip/stack"
)

// joined finds the call that an INVITE is to join; code is the refusal if there is none (RFC 3911 §4), 0 if all is well.
// Without a Join header there is no call and no refusal. Only another phone of the account's own address may join: the server
// says that it is one by letting it call by that address, and by the tags of the dialog it shows that it was told of the call.
func (u *UA) joined(req *stack.Request, acc *account, from stack.Source) (c *call, code int) {
	hs := req.GetHeaders("Join")
	if len(hs) == 0 {
		return nil, 0
	}
	id, _, ok := parseDialogID(hs[0].Value())
	if len(hs) > 1 || !ok {
		return nil, 400
	}
	c = u.dialogs[callKey{id.CallID, id.ToTag}]
	l := c.legOf(dialog.ID{CallID: id.CallID, LocalTag: id.ToTag, RemoteTag: id.FromTag})
	switch {
	case l == nil || c.acc != acc:
		return nil, 481
	case c.phase == over || c.phase == cancelled || l.State == dialog.Terminated:
		return nil, 603
	case c.phase != talking || l != c.leg:
		return nil, 488
	case !acc.own(req, from):
		return nil, 403
	}
	return c, 0
}

// own tells whether who calls is of the account's own address, by the word of its server.
func (a *account) own(req *stack.Request, from stack.Source) bool {
	p, _ := a.caller(req, from)
	return a.vouches(from.Addr) && p.URI == peer("", a.p.aor).URI
}
