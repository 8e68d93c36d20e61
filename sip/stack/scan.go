package stack

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// field is one header line: its name in the canonical spelling, its value
// unfolded and trimmed (RFC 3261 §7.3.1).
type field struct{ name, value string }

// raw is a message cut into lines, nothing understood yet.
type raw struct {
	start  string
	fields []field
	body   []byte
}

var (
	errNoHead  = errors.New("header section has no end")
	errLine    = errors.New("line without CRLF")
	errField   = errors.New("header line without a name")
	errTooMany = errors.New("too many header lines")
)

// fold undoes line folding.
var fold = strings.NewReplacer("\r\n ", " ", "\r\n\t", " ")

// scan cuts a whole message. What it can read it returns even with an error,
// so that a broken request can still be answered.
func scan(data []byte, maxFields int) (raw, error) {
	var m raw
	var bad error
	data = bytes.TrimLeft(data, "\r\n") // §7.5
	head, body, found := bytes.Cut(data, []byte("\r\n\r\n"))
	if !found {
		head, bad = bytes.TrimSuffix(data, []byte("\r\n")), errNoHead
	}
	m.body = body
	lines := strings.Split(fold.Replace(string(head)), "\r\n")
	m.start = lines[0]
	if strings.ContainsAny(m.start, "\r\n") {
		bad = errLine
	}
	if len(lines)-1 > maxFields {
		lines, bad = lines[:maxFields+1], errTooMany
	}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		name = strings.TrimRight(name, " \t")
		switch {
		case !ok || !isToken(name):
			bad = errField
			continue
		case strings.ContainsAny(line, "\r\n"):
			bad = errLine
			continue
		}
		m.fields = append(m.fields, field{canonical(name), strings.Trim(value, " \t")})
	}
	return m, bad
}

// all returns the values of a header, in order.
func (m *raw) all(name string) []string {
	var v []string
	for _, f := range m.fields {
		if f.name == name {
			v = append(v, f.value)
		}
	}
	return v
}

// first returns the first value of a header, or "".
func (m *raw) first(name string) string {
	i := slices.IndexFunc(m.fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return ""
	}
	return m.fields[i].value
}

// has tells whether there is such a header.
func (m *raw) has(name string) bool {
	return slices.ContainsFunc(m.fields, func(f field) bool { return f.name == name })
}

// names gives the canonical spelling for lower-case and compact names
// (RFC 3261 §7.3.3 and the registry of compact forms).
var names = func() map[string]string {
	m := map[string]string{
		"a": "Accept-Contact", "b": "Referred-By", "c": "Content-Type", "d": "Request-Disposition",
		"e": "Content-Encoding", "f": "From", "i": "Call-ID", "j": "Reject-Contact", "k": "Supported",
		"l": "Content-Length", "m": "Contact", "o": "Event", "r": "Refer-To", "s": "Subject", "t": "To",
		"u": "Allow-Events", "v": "Via", "x": "Session-Expires", "y": "Identity",
		"cseq": "CSeq", "call-id": "Call-ID", "www-authenticate": "WWW-Authenticate",
		"mime-version": "MIME-Version", "rack": "RAck", "rseq": "RSeq", "min-se": "Min-SE",
		"sip-etag": "SIP-ETag", "sip-if-match": "SIP-If-Match", "p-asserted-identity": "P-Asserted-Identity",
	}
	for _, n := range []string{
		"Via", "From", "To", "Contact", "Max-Forwards", "Content-Length", "Content-Type", "Route", "Record-Route",
		"Expires", "Min-Expires", "Require", "Proxy-Require", "Supported", "Unsupported", "Allow", "Accept",
		"Authorization", "Proxy-Authorization", "Proxy-Authenticate", "Authentication-Info", "User-Agent", "Server",
		"Date", "Retry-After", "Event", "Subscription-State", "Refer-To", "Referred-By", "Replaces", "Warning",
		"Reason", "Content-Disposition", "Content-Encoding", "Subject", "Timestamp", "Alert-Info", "Session-Expires",
	} {
		m[strings.ToLower(n)] = n
	}
	return m
}()

// canonical is the usual spelling of a header name; a name it does not know
// stays as it is.
func canonical(name string) string {
	if n, ok := names[strings.ToLower(name)]; ok {
		return n
	}
	return name
}

// singles may stand in a message once only (RFC 3261 §7.3.1, table 2).
var singles = []string{"From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length", "Content-Type", "Expires"}

var (
	errNoLength = errors.New("Content-Length missing")
	errLength   = errors.New("Content-Length wrong")
)

// contentLength reads Content-Length: -1 when there is none.
func (m *raw) contentLength() (int, error) {
	v := m.all("Content-Length")
	switch {
	case len(v) == 0:
		return -1, nil
	case len(v) > 1:
		return 0, errLength
	}
	n, ok := digits(v[0], 1<<31-1)
	if !ok {
		return 0, errLength
	}
	return int(n), nil
}

// digits reads 1*DIGIT that is at most limit.
func digits(s string, limit uint64) (uint64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil && n <= limit
}

// isToken checks token of RFC 3261 §25.1.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !alnum(c) && strings.IndexByte("-.!%*_+`'~", c) < 0 {
			return false
		}
	}
	return s != ""
}

func alnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}
