package trace

import (
	"bytes"
	"slices"
	"strings"
)

// Redact overwrites every secret of a SIP message with x, where it stands: keys of media (a=crypto, k=,
// MIKEY), passwords of ICE, proofs of passwords, passwords in URIs, key presses (INFO, KPML) and whatever
// else is no session description. The length stays, so that Content-Length stays true. What cannot be
// understood is overwritten too. A message that a stranger bent to confuse this reader may lose more than
// it must, never less.
func Redact(msg []byte) {
	head, body := split(msg)
	var kind, encoding string
	for i, f := range fields(head) {
		mask(afterFold(f, "inline:"))
		maskURIs(f)
		name, value, ok := bytes.Cut(f, []byte(":"))
		switch key := strings.ToLower(strings.TrimSpace(string(name))); {
		case i == 0 && bytes.Contains(f, []byte("SIP/2.0")):
		case !ok || strings.Contains(key, "="): // no header: perhaps of a body that another reader sees here
			mask(f)
		case key == "content-type" || key == "c":
			kind, _, _ = strings.Cut(strings.ToLower(string(value)), ";")
			kind = strings.TrimSpace(kind)
		case key == "content-encoding" || key == "e":
			encoding = strings.ToLower(strings.TrimSpace(string(value)))
		case slices.Contains(secretHeaders, key):
			maskProof(value, !strings.HasSuffix(key, "-info"))
		}
	}
	maskBody(body, kind, encoding)
}

// secretHeaders hold proofs of passwords, or what is as good as one.
var secretHeaders = []string{
	"authorization", "proxy-authorization", "authentication-info", "proxy-authentication-info", "www-authenticate", "proxy-authenticate", "cookie", "set-cookie",
}

// split cuts a message after its head: at an empty line, whatever ends its lines.
func split(msg []byte) (head, body []byte) {
	for i := range msg {
		for _, end := range []string{"\r\n\r\n", "\n\n", "\n\r\n", "\r\r"} {
			if bytes.HasPrefix(msg[i:], []byte(end)) {
				return msg[:i], msg[i+len(end):]
			}
		}
	}
	return msg, nil
}

// lines cuts text at CR and LF alike.
func lines(b []byte) [][]byte {
	return bytes.FieldsFunc(b, func(r rune) bool { return r == '\r' || r == '\n' })
}

// fields cuts a head into its fields, each with the lines that continue it (RFC 3261 §7.3.1).
func fields(head []byte) (out [][]byte) {
	start := 0
	for i := 1; i <= len(head); i++ {
		if i < len(head) && (head[i-1] != '\n' && head[i-1] != '\r' || head[i] == ' ' || head[i] == '\t' || head[i] == '\n' || head[i] == '\r') {
			continue
		}
		out = append(out, head[start:i])
		start = i
	}
	return out
}

// mask overwrites all that is text; what separates lines and words stays.
func mask(b []byte) {
	for i, c := range b {
		if c > ' ' {
			b[i] = 'x'
		}
	}
}

// afterFold is what follows the first occurrence of an ASCII word in lower case, in any case; nil if there is none.
func afterFold(b []byte, word string) []byte {
	for i := 0; i+len(word) <= len(b); i++ {
		if equalFold(b[i:i+len(word)], word) {
			return b[i+len(word):]
		}
	}
	return nil
}

// equalFold compares with an ASCII word in lower case, byte for byte.
func equalFold(b []byte, word string) bool {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// public are the parameters of a digest that prove nothing without the response (RFC 7616 §3.3, §3.4).
var public = []string{
	"username", "realm", "nonce", "uri", "algorithm", "qop", "nc", "cnonce", "opaque", "stale", "domain", "nextnonce", "charset", "userhash",
}

// maskProof overwrites the secret parameters of a digest, and all of any other scheme. A header without a scheme
// is a digest's.
func maskProof(b []byte, scheme bool) {
	rest := b
	if scheme {
		word := bytes.TrimLeft(b, " \t\r\n")
		n := max(0, bytes.IndexAny(word, " \t\r\n"))
		rest = word[n:]
		if !is(word[:n], "digest") {
			mask(rest)
			return
		}
	}
	for {
		rest = bytes.TrimLeft(rest, " \t\r\n,")
		name, value, ok := bytes.Cut(rest, []byte("="))
		if !ok {
			mask(rest)
			return
		}
		n, sound := valueLen(value)
		if !slices.Contains(public, strings.ToLower(strings.TrimSpace(string(name)))) {
			mask(bytes.Trim(value[:n], `"`))
		}
		rest = value[n:]
		if next := bytes.TrimLeft(rest, " \t\r\n"); !sound || len(next) > 0 && next[0] != ',' {
			mask(rest)
			return
		}
	}
}

// valueLen is how long a token or quoted string at the beginning of b is.
func valueLen(b []byte) (n int, sound bool) {
	if len(b) == 0 || b[0] != '"' {
		n = bytes.IndexAny(b, " \t\r\n,\"")
		if n < 0 {
			n = len(b)
		}
		return n, true
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1, true
		}
	}
	return len(b), false
}

// maskURIs overwrites passwords in URIs (RFC 3261 §19.1.1) and the digits a URI has dialled after the answer
// (postd, RFC 2806).
func maskURIs(b []byte) {
	for _, word := range bytes.FieldsFunc(b, func(r rune) bool { return r <= ' ' || r == '<' || r == '>' || r == '"' }) {
		maskPasswords(word)
	}
	for rest := afterFold(b, "postd="); rest != nil; rest = afterFold(rest, "postd=") {
		end := bytes.IndexAny(rest, " \t\r\n;>,\"")
		if end < 0 {
			end = len(rest)
		}
		mask(rest[:end])
	}
}

// maskPasswords overwrites the passwords of the URIs in a word. No byte is read twice, however many URIs seem to
// begin in it.
func maskPasswords(word []byte) {
	for rest := afterFold(word, "sip"); rest != nil; rest = afterFold(rest, "sip") {
		if len(rest) > 0 && rest[0]|0x20 == 's' {
			rest = rest[1:]
		}
		if len(rest) == 0 || rest[0] != ':' {
			continue
		}
		user, _, ok := bytes.Cut(rest[1:], []byte("@"))
		if _, password, has := bytes.Cut(user, []byte(":")); ok && has {
			mask(password)
		}
		rest = rest[1+len(user):]
	}
}

// maskBody keeps of a body what is a session description, or written like a head; all else may hold key
// presses or what people write to each other.
func maskBody(b []byte, kind, encoding string) {
	switch {
	case encoding != "" && encoding != "identity":
		mask(b)
	case kind == "" || kind == "application/sdp":
		for _, line := range lines(b) {
			maskSDP(line)
		}
	case strings.HasPrefix(kind, "message/sipfrag") || kind == "application/simple-message-summary":
		head, rest := split(b)
		Redact(head) // a fragment's headers may hold secrets too; what follows them is none we know
		mask(rest)
	default:
		mask(b)
	}
}

// secretAttributes are those of RFC 4568, RFC 4567 and RFC 8839, and what OCS says its keys by.
var secretAttributes = []string{"crypto", "cryptoscale", "key-mgmt", "ice-pwd"}

// maskSDP overwrites the secret of one line of a session description.
func maskSDP(line []byte) {
	line = bytes.TrimLeft(line, " \t")
	if len(line) < 2 || line[1] != '=' {
		mask(line)
		return
	}
	value := line[2:]
	switch line[0] {
	case 'k', 'K':
		mask(value)
	case 'a', 'A':
		name, rest, _ := bytes.Cut(value, []byte(":"))
		key := strings.ToLower(strings.TrimSpace(string(name)))
		if key == "candidate" && oldCandidate(rest) {
			mask(rest)
		}
		if slices.Contains(secretAttributes, key) {
			maskKey(rest)
		}
	}
	mask(afterFold(value, "inline:"))
}

// maskKey overwrites the key of an attribute and leaves tag and suite, if it is written as RFC 4568 has it.
func maskKey(value []byte) {
	if key := afterFold(value, "inline:"); key != nil {
		mask(key)
		return
	}
	mask(value)
}

// oldCandidate tells a candidate of ICE's drafts up to 6, which OCS speaks: its third word is a password and
// not the transport (RFC 8839 §5.1).
func oldCandidate(value []byte) bool {
	words := bytes.Fields(value)
	return len(words) < 3 || !bytes.EqualFold(words[2], []byte("udp")) && !bytes.HasPrefix(bytes.ToLower(words[2]), []byte("tcp"))
}
