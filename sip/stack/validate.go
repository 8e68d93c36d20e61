package stack

import (
	"mime"
	"slices"
	"strings"
)

// registered are the methods of the IANA registry: such a one that we do not
// take is "not allowed" (405), any other is "not implemented" (501).
var registered = []Method{
	INVITE, ACK, CANCEL, BYE, REGISTER, OPTIONS, SUBSCRIBE, NOTIFY, REFER, INFO, MESSAGE, PRACK, UPDATE, PUBLISH,
}

// schemes a phone may be called by.
var schemes = []string{"sip", "sips", "tel"}

// Validate inspects a well-formed request as a user agent must before it
// looks at its meaning (RFC 3261 §8.2): method, URI scheme, required
// extensions, body, and what the answer may hold. It returns 0 or the code
// and phrase to refuse with, and the headers the refusal needs. A
// Max-Forwards of 0 is no reason: it concerns proxies only (§8.2, RFC 4475
// §3.3.11). A Date that cannot be read is ignored.
func Validate(req *Request, r Rules) (code int, reason string, extra []Header) {
	switch {
	case req.Method == ACK || req.Method == CANCEL:
		return 0, "", nil // no answer, and no extension may stop these (§8.2.2.3)
	case !slices.Contains(r.Methods, req.Method):
		allow := []Header{NewHeader("Allow", r.Allow())}
		if slices.Contains(registered, req.Method) {
			return 405, phrases[405], allow
		}
		return 501, phrases[501], allow
	case !slices.Contains(schemes, strings.ToLower(req.Recipient.Scheme)):
		return 416, phrases[416], nil
	}
	if foreign := r.foreign(req); len(foreign) > 0 {
		return 420, phrases[420], []Header{NewHeader("Unsupported", strings.Join(foreign, ", "))}
	}
	if !r.takesBody(req) {
		return 415, phrases[415], []Header{NewHeader("Accept", strings.Join(r.Bodies, ", "))}
	}
	if req.Method == INVITE && !acceptsSDP(req) {
		return 406, phrases[406], nil
	}
	return 0, "", nil
}

// Allow is the value of the Allow header.
func (r Rules) Allow() string {
	var b strings.Builder
	for i, m := range r.Methods {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(m))
	}
	return b.String()
}

// Supported is the value of the Supported header; empty when there is none.
func (r Rules) Supported() string { return strings.Join(r.Extensions, ", ") }

// foreign lists the option tags a request requires and we do not have.
func (r Rules) foreign(req *Request) []string {
	return slices.DeleteFunc(Values(req, "Require"), func(tag string) bool {
		return slices.ContainsFunc(r.Extensions, func(x string) bool { return strings.EqualFold(x, tag) })
	})
}

// takesBody tells whether the body, if any, is of a kind we read and not
// encoded (§8.2.3). One that is marked optional is ignored (RFC 3261 §20.11).
func (r Rules) takesBody(req *Request) bool {
	if len(req.Body()) == 0 {
		return true
	}
	if req.Method == NOTIFY && (len(Values(req, "Content-Encoding")) == 0 || packed(req)) {
		return true // whoever has subscribed knows what it takes (RFC 6665 §4.1.3)
	}
	if d := req.GetHeader("Content-Disposition"); d != nil {
		if strings.Contains(strings.ToLower(strings.ReplaceAll(d.Value(), " ", "")), ";handling=optional") {
			return true
		}
	}
	for _, e := range Values(req, "Content-Encoding") {
		if !strings.EqualFold(e, "identity") {
			return false
		}
	}
	kind := "application/sdp" // §20.15 demands the header; without it guess the usual
	if h := req.ContentType(); h != nil {
		var err error
		if kind, _, err = mime.ParseMediaType(h.Value()); err != nil {
			return false
		}
	}
	return slices.Contains(r.Bodies, kind) || strings.HasPrefix(kind, "message/sipfrag")
}

// acceptsSDP tells whether the caller reads the answer an INVITE needs
// (RFC 4475 §3.3.15). Without Accept it does (§20.1).
func acceptsSDP(req *Request) bool {
	if req.GetHeader("Accept") == nil {
		return true
	}
	for _, v := range Values(req, "Accept") {
		kind, _, _ := strings.Cut(v, ";")
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "application/sdp", "application/*", "*/*", "multipart/mixed":
			return true
		}
	}
	return false
}

// Values returns all values of a list header, over lines and commas, trimmed,
// without empty ones.
func Values(msg interface{ GetHeaders(string) []Header }, name string) []string {
	var list []string
	for _, h := range msg.GetHeaders(name) {
		for _, v := range splitList(h.Value()) {
			if v != "" {
				list = append(list, v)
			}
		}
	}
	return list
}
