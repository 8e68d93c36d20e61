package stack

import (
	"errors"
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"
)

var (
	errQuote   = errors.New("quotes do not balance")
	errBracket = errors.New("angle brackets do not match")
	errName    = errors.New("display name is no token")
	errURI     = errors.New("malformed URI")
	errParam   = errors.New("malformed parameter")
	errVia     = errors.New("malformed Via")
	errHost    = errors.New("malformed host")
)

// address is name-addr or addr-spec with header parameters (RFC 3261 §20.10).
type address struct {
	display string // what stands in the quotes, escapes kept, or the tokens
	uri     Uri
	params  HeaderParams
}

// parseAddress reads one value of From, To, Contact, Route and their like.
func parseAddress(text string) (address, error) {
	var a address
	var spec, rest string
	text = strings.Trim(text, " \t")
	switch {
	case strings.HasPrefix(text, `"`):
		end := quoted(text)
		if end < 0 {
			return a, errQuote
		}
		a.display, text = text[1:end-1], strings.TrimLeft(text[end:], " \t")
		if !strings.HasPrefix(text, "<") {
			return a, errBracket
		}
	case strings.Contains(text, "<"):
		i := strings.IndexByte(text, '<')
		a.display = strings.TrimRight(text[:i], " \t")
		for _, word := range strings.Fields(a.display) {
			if !isToken(word) {
				return a, errName
			}
		}
		text = text[i:]
	}
	if strings.HasPrefix(text, "<") {
		i := strings.IndexByte(text, '>')
		if i < 0 {
			return a, errBracket
		}
		spec, rest = text[1:i], text[i+1:]
	} else {
		// Without brackets a semicolon begins the header's parameters, and
		// neither comma nor question mark may stand in the URI (§20).
		i := strings.IndexByte(text, ';')
		if i < 0 {
			i = len(text)
		}
		spec, rest = strings.TrimRight(text[:i], " \t"), text[i:]
		if strings.ContainsAny(spec, ",?") {
			return a, errURI
		}
	}
	var err error
	if a.uri, err = ParseURI(spec); err != nil {
		return a, err
	}
	a.params, err = parseParams(rest)
	return a, err
}

// quoted returns the length of the quoted-string s begins with, or -1.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// known are the parameters which are looked up; their names are case
// insensitive (RFC 3261 §7.3.1) and stored in lower case.
var known = map[string]bool{
	"tag": true, "branch": true, "rport": true, "received": true, "maddr": true, "ttl": true,
	"lr": true, "transport": true, "expires": true, "q": true, "user": true, "reg-id": true, "ob": true,
}

// parseParams reads *( SEMI name [ EQUAL value ] ).
func parseParams(s string) (HeaderParams, error) {
	var p HeaderParams
	for {
		s = strings.TrimLeft(s, " \t")
		if s == "" {
			return p, nil
		}
		if s[0] != ';' {
			return nil, errParam
		}
		s = strings.TrimLeft(s[1:], " \t")
		n := strings.IndexAny(s, ";= \t")
		if n < 0 {
			n = len(s)
		}
		name := s[:n]
		if !isToken(name) {
			return nil, errParam
		}
		var value string
		if s = strings.TrimLeft(s[n:], " \t"); strings.HasPrefix(s, "=") {
			var err error
			if value, s, err = paramValue(strings.TrimLeft(s[1:], " \t")); err != nil {
				return nil, err
			}
		}
		if low := strings.ToLower(name); known[low] {
			name = low
		}
		if p.Has(name) { // §7.3.1: not more than once
			return nil, errParam
		}
		p = append(p, sip.HeaderKV{K: name, V: value})
	}
}

// paramValue reads token, host or quoted-string and returns what follows.
func paramValue(s string) (value, rest string, err error) {
	if strings.HasPrefix(s, `"`) {
		n := quoted(s)
		if n < 0 {
			return "", "", errQuote
		}
		value = s[:n]
		if strings.ContainsAny(value, " \t") {
			value = value[1 : n-1] // the serialiser puts quotes around blanks itself
		}
		return value, s[n:], nil
	}
	n := strings.IndexAny(s, "; \t")
	if n < 0 {
		n = len(s)
	}
	if n == 0 || strings.ContainsAny(s[:n], `"<>,`) {
		return "", "", errParam
	}
	return s[:n], s[n:], nil
}

// parseVia reads one Via value (RFC 3261 §20.42), with blanks wherever the
// grammar has them.
func parseVia(text string) (*ViaHeader, error) {
	protocol, rest, ok1 := strings.Cut(text, "/")
	version, rest, ok2 := strings.Cut(rest, "/")
	rest = strings.TrimLeft(rest, " \t")
	n := strings.IndexAny(rest, " \t")
	if !ok1 || !ok2 || n < 0 {
		return nil, errVia
	}
	h := &ViaHeader{
		ProtocolName: strings.Trim(protocol, " \t"), ProtocolVersion: strings.Trim(version, " \t"), Transport: rest[:n],
	}
	if !isToken(h.ProtocolName) || !isToken(h.ProtocolVersion) || !isToken(h.Transport) {
		return nil, errVia
	}
	sentBy, params, _ := strings.Cut(rest[n:], ";")
	host, port, err := splitHostPort(strings.ReplaceAll(strings.Trim(sentBy, " \t"), " ", ""))
	if err != nil {
		return nil, err
	}
	h.Host, h.Port = host, port // an IPv6 address keeps its brackets: sipgo forgets them on mapped IPv4
	if strings.Contains(rest, ";") {
		h.Params, err = parseParams(";" + params)
	}
	return h, err
}

// splitHostPort reads host [ ":" port ]; an IPv6 address stands in brackets
// and keeps them.
func splitHostPort(s string) (host string, port int, err error) {
	end := strings.LastIndexByte(s, ']') + 1
	host = s
	if i := strings.IndexByte(s[end:], ':'); i >= 0 {
		p, ok := digits(s[end+i+1:], 65535)
		if !ok {
			return "", 0, errHost
		}
		host, port = s[:end+i], int(p)
	}
	if !isHost(host) {
		return "", 0, errHost
	}
	return host, port, nil
}

// isHost checks hostname, IPv4address and IPv6reference (RFC 3261 §25.1).
func isHost(s string) bool {
	if strings.HasPrefix(s, "[") {
		a, err := netip.ParseAddr(strings.TrimSuffix(s[1:], "]"))
		return err == nil && a.Is6() && a.Zone() == "" && strings.HasSuffix(s, "]")
	}
	for i := range len(s) {
		if c := s[i]; !alnum(c) && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 255
}

// ParseURI reads a URI of any scheme. sip, sips and tel are checked in full,
// of others only that they are a scheme and printable.
func ParseURI(text string) (Uri, error) {
	var u Uri
	if text == "*" { // Contact: * (§10.2.2)
		return u, sip.ParseUri(text, &u)
	}
	scheme, rest, ok := strings.Cut(text, ":")
	if !ok || rest == "" || !isScheme(scheme) || strings.ContainsAny(text, " \t\"<>") {
		return u, errURI
	}
	switch strings.ToLower(scheme) {
	case "sip", "sips":
		// RFC 5118 §4.10: the grammar of RFC 3261 let ":::" through.
		if strings.Contains(rest, ":::") && strings.Contains(rest, "[") {
			text = strings.Replace(text, ":::", "::", 1)
			rest = strings.Replace(rest, ":::", "::", 1)
		}
		if err := checkSIP(rest); err != nil {
			return u, err
		}
	case "tel":
		number, _, _ := strings.Cut(rest, ";")
		if number == "" || strings.Trim(number, "+0123456789ABCDEFabcdef*#-.()") != "" {
			return u, errURI
		}
	}
	if err := sip.ParseUri(text, &u); err != nil {
		if strings.EqualFold(scheme, "sip") || strings.EqualFold(scheme, "sips") {
			return Uri{}, errURI
		}
		// sipgo takes letters only in a scheme (RFC 3986 §3.1 has more). Held
		// this way the URI is written out again as it came.
		return Uri{Scheme: strings.ToLower(scheme), Host: rest}, nil
	}
	for i, p := range u.UriParams {
		if low := strings.ToLower(p.K); known[low] {
			u.UriParams[i].K = low
		}
	}
	return u, nil
}

func isScheme(s string) bool {
	for i := range len(s) {
		if c := s[i]; !alnum(c) && (i == 0 || strings.IndexByte("+-.", c) < 0) {
			return false
		}
	}
	return s != ""
}

// checkSIP checks what follows "sip:" (RFC 3261 §19.1.1).
func checkSIP(s string) error {
	if !escaped(s) {
		return errURI
	}
	if user, host, ok := strings.Cut(s, "@"); ok {
		if user == "" || strings.ContainsAny(host, "@") || strings.ContainsAny(user, "[]{}|\\^`") {
			return errURI
		}
		s = host
	}
	end := strings.IndexAny(s, ";?")
	if end < 0 {
		end = len(s)
	}
	if _, _, err := splitHostPort(s[:end]); err != nil {
		return err
	}
	params, headers, _ := strings.Cut(s[end:], "?")
	if params != "" {
		for p := range strings.SplitSeq(params[1:], ";") {
			if name, _, _ := strings.Cut(p, "="); name == "" {
				return errParam
			}
		}
	}
	if strings.Contains(headers, "?") {
		return errURI
	}
	return nil
}

// escaped checks that each percent sign begins an escape and nothing stands
// bare that must be escaped.
func escaped(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c <= ' ' || c >= 0x7f:
			return false
		case c == '%':
			if i+2 >= len(s) || !hex(s[i+1]) || !hex(s[i+2]) {
				return false
			}
			i += 2
		}
	}
	return true
}

func hex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// splitList cuts a header value at its top-level commas, those outside of
// quotes and angle brackets.
func splitList(s string) []string {
	var list []string
	start, inBrackets := 0, false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			if inBrackets {
				continue
			}
			n := quoted(s[i:])
			if n < 0 {
				return append(list, strings.Trim(s[start:], " \t"))
			}
			i += n - 1
		case '<':
			inBrackets = true
		case '>':
			inBrackets = false
		case ',':
			if !inBrackets {
				list = append(list, strings.Trim(s[start:i], " \t"))
				start = i + 1
			}
		}
	}
	return append(list, strings.Trim(s[start:], " \t"))
}
