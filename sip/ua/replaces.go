package ua

import (
	"net/url"
	"strings"

	"opendeskphone/sip/cccp"
	"opendeskphone/sip/dialog"
	"opendeskphone/sip/stack"
)

// DialogID names a dialog as the user agent sees it that is to give it up (RFC 3891 §6.1): ToTag is
// its own tag.
type DialogID struct{ CallID, ToTag, FromTag string }

// header is the value of a Replaces or Join header.
func (d DialogID) header() string { return d.CallID + ";to-tag=" + d.ToTag + ";from-tag=" + d.FromTag }

// usable tells whether the name is whole and can stand in a header.
func (d DialogID) usable() bool {
	for _, s := range []string{d.CallID, d.ToTag, d.FromTag} {
		if s == "" || len(s) > 256 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == ';' || r == ',' }) {
			return false
		}
	}
	return true
}

// parseDialogID reads the value of a Replaces or Join header.
func parseDialogID(value string) (id DialogID, earlyOnly, ok bool) {
	callID, params, _ := strings.Cut(value, ";")
	id.CallID = strings.TrimSpace(callID)
	for p := range strings.SplitSeq(params, ";") {
		k, v, _ := strings.Cut(p, "=")
		switch v = strings.TrimSpace(v); strings.ToLower(strings.TrimSpace(k)) {
		case "to-tag":
			id.ToTag = v
		case "from-tag":
			id.FromTag = v
		case "early-only":
			earlyOnly = true
		}
	}
	return id, earlyOnly, id.usable()
}

// replaced finds the call whose place an INVITE takes; code is the refusal if there is none
// (RFC 3891 §3), 0 if all is well. Without a Replaces header there is no call and no refusal.
func (u *UA) replaced(req *stack.Request) (c *call, code int) {
	hs := req.GetHeaders("Replaces")
	if len(hs) == 0 {
		return nil, 0
	}
	id, earlyOnly, ok := parseDialogID(hs[0].Value())
	if len(hs) > 1 || !ok || req.GetHeader("Join") != nil {
		return nil, 400
	}
	c = u.dialogs[callKey{id.CallID, id.ToTag}]
	l := c.legOf(dialog.ID{CallID: id.CallID, LocalTag: id.ToTag, RemoteTag: id.FromTag})
	switch {
	case l == nil:
		return nil, 481
	case c.phase == over || c.phase == cancelled || l.State == dialog.Terminated:
		return nil, 603
	case c.phase == ringing: // an early dialog that we did not begin
		return nil, 481
	case c.phase == talking && l != c.leg:
		return nil, 603
	case earlyOnly && c.phase != dialing:
		return nil, 486
	}
	return c, 0
}

// Able is what the far side of a call can do, as far as it says.
type Able struct {
	Refers   bool   // take a REFER; true if it does not say what it takes
	Replaces bool   // take over a call by Replaces (RFC 3891)
	Focus    string // it is a conference, of this address (isfocus, RFC 4579 §4.1); empty: it is not
	Controls bool   // the focus takes orders of the conference control protocol (sip/cccp)
	Gateway  bool   // it is one into an old exchange, or as little able: hold is all that it takes in a call
}

// ableIn reads what the sender of a message can do.
func ableIn(msg interface {
	GetHeaders(string) []stack.Header
	Contact() *stack.ContactHeader
}) Able {
	refers := len(msg.GetHeaders("Allow")) == 0 || has(msg, "Allow", "REFER")
	for _, h := range msg.GetHeaders("Contact") {
		if contact, ok := h.(*stack.ContactHeader); ok && isGateway(contact) {
			refers = false
		}
	}
	able := Able{Refers: refers, Replaces: refers && has(msg, "Supported", "replaces"), Gateway: !refers}
	if c := msg.Contact(); c != nil && c.Params.Has("isfocus") && !c.Address.Wildcard {
		able.Focus = WholeURI(c.Address.String())
		able.Controls = able.Focus != "" && (has(msg, "Accept", cccp.Type) || cccp.IsFocus(able.Focus))
	}
	return able
}

// refocus tells whether the call leads to a conference since this message, or no more.
func (c *call) refocus(msg interface {
	GetHeaders(string) []stack.Header
	Contact() *stack.ContactHeader
}) {
	if able := ableIn(msg); msg.Contact() != nil && able.Focus != c.focus {
		c.focus = able.Focus
		c.u.on(Refocused{Call: c.ref, Focus: able.Focus, Controls: able.Controls})
	}
}

// uriHeaders gives the headers of a URI (RFC 3261 §19.1.1), escapes undone.
func uriHeaders(uri stack.Uri) [][2]string {
	var out [][2]string
	for _, kv := range uri.Headers {
		v, err := url.PathUnescape(kv.V)
		if err != nil {
			v = kv.V
		}
		out = append(out, [2]string{kv.K, v})
	}
	return out
}

// naming is the URI under which the far side of a leg can be called by others, with the dialog it
// has with us named for it to give up: its GRUU if it has one, else the address it is known by.
func (l *leg) naming() string {
	uri := l.Target()
	if !uri.UriParams.Has("gr") {
		uri = l.Remote()
	}
	uri.Headers = nil
	return uri.String() + "?Replaces=" + strings.ReplaceAll(url.QueryEscape(l.theirs().header()), "+", "%20")
}

// theirs names the dialog of a leg as the far side has it.
func (l *leg) theirs() DialogID {
	return DialogID{CallID: l.ID.CallID, ToTag: l.ID.RemoteTag, FromTag: l.ID.LocalTag}
}
