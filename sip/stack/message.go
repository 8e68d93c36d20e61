package stack

import (
	"crypto/rand"
	"encoding/base32"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// The message vocabulary, by alias, so that no other package imports sipgo.
type (
	Request           = sip.Request
	Message           = sip.Message
	Response          = sip.Response
	Uri               = sip.Uri
	Method            = sip.RequestMethod
	Header            = sip.Header
	HeaderParams      = sip.HeaderParams
	ViaHeader         = sip.ViaHeader
	FromHeader        = sip.FromHeader
	ToHeader          = sip.ToHeader
	ContactHeader     = sip.ContactHeader
	CSeqHeader        = sip.CSeqHeader
	CallIDHeader      = sip.CallIDHeader
	RouteHeader       = sip.RouteHeader
	RecordRouteHeader = sip.RecordRouteHeader
	MaxForwardsHeader = sip.MaxForwardsHeader
	ContentTypeHeader = sip.ContentTypeHeader
)

// The methods of RFC 3261, 3262, 3265, 3311, 3428, 3515, 3903 and 6086.
const (
	INVITE    = sip.INVITE
	ACK       = sip.ACK
	CANCEL    = sip.CANCEL
	BYE       = sip.BYE
	REGISTER  = sip.REGISTER
	OPTIONS   = sip.OPTIONS
	SUBSCRIBE = sip.SUBSCRIBE
	NOTIFY    = sip.NOTIFY
	REFER     = sip.REFER
	INFO      = sip.INFO
	MESSAGE   = sip.MESSAGE
	PRACK     = sip.PRACK
	UPDATE    = sip.UPDATE
	PUBLISH   = sip.PUBLISH
)

// cookie begins every branch made since RFC 3261 (§8.1.1.7).
const cookie = "z9hG4bK"

// NewRequest makes an empty request; no header is set.
func NewRequest(m Method, to Uri) *Request { return sip.NewRequest(m, to) }

// NewResponse makes an empty response; no header is set. Reply is what a user
// agent wants.
func NewResponse(code int, reason string) *Response { return sip.NewResponse(code, reason) }

// NewHeader makes a header of any name.
func NewHeader(name, value string) Header { return sip.NewHeader(name, value) }

// CloneHeader copies a header deeply.
func CloneHeader(h Header) Header { return sip.HeaderClone(h) }

// NewTag makes a tag for From or To with 80 random bits (RFC 3261 §19.3 asks
// for 32).
func NewTag() string { return token(10) }

// NewCallID makes a Call-ID that names neither the host nor the user.
func NewCallID() string { return token(15) }

// NewBranch makes a branch with the cookie of RFC 3261 §8.1.1.7. Send makes
// its own; this is for requests given to Write.
func NewBranch() string { return cookie + token(10) }

// token returns n random bytes in lower-case base 32, which is safe in every
// place of a SIP message and equal under case folding.
func token(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails (crypto/rand, Go 1.24)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}
