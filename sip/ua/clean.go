package ua

import (
	"net/url"
	"strings"
	"unicode"

	"opendeskphone/sip/stack"
)

// maxText is how many characters of a foreign text are kept.
const maxText = 64

// Clean makes a text of the far side fit for a screen and a log: no control
// and no bidirectional formatting characters, nothing invisible, at most two
// combining marks in a row, at most 64 characters, single blanks.
func Clean(text string) string {
	var b strings.Builder
	n, marks, blank := 0, 0, false
	for _, r := range strings.ToValidUTF8(text, "\uFFFD") {
		switch {
		case unicode.IsSpace(r):
			blank = n > 0
			continue
		case !unicode.IsPrint(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) || r == '\u115F' || r == '\u1160' || r == '\u3164' || r == '\uFFA0':
			continue // the last are Hangul fillers: letters that show nothing
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r):
			if marks++; marks > 2 || n == 0 {
				continue
			}
			b.WriteRune(r)
			continue
		}
		if n++; n > maxText {
			break
		}
		if blank {
			b.WriteByte(' ')
		}
		marks, blank = 0, false
		b.WriteRune(r)
	}
	return b.String()
}

// peer is a name and a URI as they may be shown.
func peer(display string, uri stack.Uri) Peer {
	user := unescape(uri.User)
	if uri.Scheme == "tel" {
		user, _, _ = strings.Cut(uri.Raw(), ";")
	}
	if uri.Scheme != "tel" {
		uri.UriParams, uri.Headers, uri.Password = nil, nil, ""
	}
	return Peer{URI: Clean(uri.String()), User: Clean(user), Display: Clean(display)}
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
