package ua

import (
	"net/url"
	"strings"
	"unicode"

	"opendeskphone/sip/names"
	"opendeskphone/sip/stack"
)

// Clean makes a text of the far side fit for a screen and a log.
func Clean(text string) string { return names.Clean(text) }

// maxURI is the longest URI of the far side that is kept to be used; one that is cut leads elsewhere.
const maxURI = 256

// WholeURI is a URI of the far side that is kept to be used: as it is, or empty if it is too long or no URI at all.
func WholeURI(uri string) string {
	if len(uri) > maxURI || strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return uri
}

// PeerOf is a name and a URI from an event's body as they may be shown; of what is no SIP URI only the name.
func PeerOf(display, uri string) Peer {
	parsed, err := sipURI(uri)
	if err != nil {
		return Peer{Display: names.Name(display)}
	}
	return peer(display, parsed)
}

// peer is a name and a URI as they may be shown. What telephony adds to a number stays out of it.
func peer(display string, uri stack.Uri) Peer {
	number, params, _ := strings.Cut(uri.User, ";")
	if uri.Scheme == "tel" {
		number, _, _ = strings.Cut(uri.Raw(), ";")
	} else {
		uri.User = number
		if i := strings.Index(params, "phone-context="); i >= 0 {
			context, _, _ := strings.Cut(params[i:], ";")
			uri.User += ";" + context
		}
		uri.UriParams, uri.Headers, uri.Password = nil, nil, ""
	}
	if user := unescape(number); !strings.ContainsFunc(user, func(r rune) bool { return r > unicode.MaxASCII }) {
		number = user // letters of other scripts stay escaped: a number must not look like another
	}
	return Peer{URI: Clean(uri.String()), User: Clean(number), Display: names.Name(display)}
}

// ReadPeer names whom a URI in the body of a message speaks of; false if it is none that can be called.
func ReadPeer(display, uri string) (Peer, bool) {
	u, err := stack.ParseURI(uri)
	if err != nil || u.Scheme != "tel" && (u.Host == "" || u.Scheme != "sip" && u.Scheme != "sips") || strings.ContainsAny(uri, "\r\n") {
		return Peer{}, false
	}
	return peer(display, u), true
}

// unescape undoes %XX of a user part; a broken escape is left as it is.
func unescape(user string) string {
	if s, err := url.PathUnescape(user); err == nil {
		return s
	}
	return user
}

// escape writes a user part so that it may stand in a URI (RFC 3261 §25.1).
func escape(user string) string {
	const plain = "-_.!~*'()&=+$,;?/"
	var b strings.Builder
	for _, c := range []byte(user) {
		if c < 0x80 && (unicode.IsLetter(rune(c)) || unicode.IsDigit(rune(c)) || strings.IndexByte(plain, c) >= 0) {
			b.WriteByte(c)
			continue
		}
		const hexDigit = "0123456789ABCDEF"
		b.Write([]byte{'%', hexDigit[c>>4], hexDigit[c&15]})
	}
	return b.String()
}
