package stack

import (
	"strconv"
	"strings"
)

// phrases are the reason phrases of RFC 3261 §21 and of the extensions used
// here.
var phrases = map[int]string{
	100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued", 183: "Session Progress",
	200: "OK", 202: "Accepted", 204: "No Notification",
	300: "Multiple Choices", 301: "Moved Permanently", 302: "Moved Temporarily", 305: "Use Proxy", 380: "Alternative Service",
	400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
	406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Timeout", 410: "Gone",
	413: "Request Entity Too Large", 414: "Request-URI Too Long", 415: "Unsupported Media Type",
	416: "Unsupported URI Scheme", 420: "Bad Extension", 421: "Extension Required", 422: "Session Interval Too Small",
	423: "Interval Too Brief", 433: "Anonymity Disallowed", 480: "Temporarily Unavailable",
	481: "Call/Transaction Does Not Exist", 482: "Loop Detected", 483: "Too Many Hops", 484: "Address Incomplete",
	485: "Ambiguous", 486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here", 489: "Bad Event",
	491: "Request Pending", 493: "Undecipherable",
	500: "Server Internal Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
	504: "Server Time-out", 505: "Version Not Supported", 513: "Message Too Large",
	600: "Busy Everywhere", 603: "Decline", 604: "Does Not Exist Anywhere", 606: "Not Acceptable",
}

// Phrase is the standard reason phrase of a status code, or its number.
func Phrase(code int) string {
	if p, ok := phrases[code]; ok {
		return p
	}
	return strconv.Itoa(code)
}

// Reply makes a response to req: Via, From, To, Call-ID and CSeq are copied, a
// To tag is added but for 100, Record-Route is copied where a dialog may be
// made (RFC 3261 §8.2.6, §12.1.1). An empty reason takes the standard phrase.
// Each call for a request without a To tag makes the same tag, so that all
// responses of one transaction agree.
func Reply(req *Request, code int, reason string) *Response {
	if reason == "" {
		reason = Phrase(code)
	}
	res := NewResponse(code, reason)
	copyHeaders(req, res, "Via")
	if code > 100 && code < 300 && (req.Method == INVITE || req.Method == SUBSCRIBE || req.Method == REFER || req.Method == NOTIFY) {
		copyHeaders(req, res, "Record-Route")
	}
	copyHeaders(req, res, "From", "To", "Call-ID", "CSeq")
	if code == 100 {
		copyHeaders(req, res, "Timestamp")
	} else if to := res.To(); to != nil && !to.Params.Has("tag") {
		to.Params.Add("tag", ReplyTag(req))
	}
	res.SetBody(nil)
	return res
}

// ReplyTag is the To tag which Reply gives to responses to req.
func ReplyTag(req *Request) string {
	var callID, from, branch string
	var seq uint64
	if h := req.CallID(); h != nil {
		callID = string(*h)
	}
	if h := req.From(); h != nil {
		from, _ = h.Params.Get("tag")
	}
	if h := req.CSeq(); h != nil {
		seq = uint64(h.SeqNo)
	}
	if h := req.Via(); h != nil {
		branch, _ = h.Params.Get("branch")
	}
	return tagFor(callID, from, strconv.FormatUint(seq, 10), branch)
}

// copyHeaders copies the headers of these names, deeply and in order.
func copyHeaders(from *Request, to interface{ AppendHeader(Header) }, names ...string) {
	for _, name := range names {
		for _, h := range from.GetHeaders(name) {
			to.AppendHeader(CloneHeader(h))
		}
	}
}

// Tag is the tag parameter of a From or To; empty when there is none.
func Tag(params HeaderParams) string {
	tag, _ := params.Get("tag")
	return tag
}

// Unquote undoes the escapes of a quoted-string whose quotes are off already,
// such as FromHeader.DisplayName.
func Unquote(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Quote escapes a text so that it may stand in a DisplayName; line ends, which
// could begin a header, become blanks.
func Quote(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", " ", "\n", " ", "\x00", "").Replace(s)
}

// ParseAddress reads a name-addr or addr-spec with header parameters, as in
// Refer-To, P-Asserted-Identity or a Contact of a setting.
func ParseAddress(text string) (display string, uri Uri, params HeaderParams, err error) {
	a, err := parseAddress(text)
	return Unquote(a.display), a.uri, a.params, err
}
