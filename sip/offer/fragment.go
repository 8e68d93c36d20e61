package offer

import (
	"bytes"
	"strings"
)

// mid names our one stream, for fragments to refer to (RFC 5888).
const mid = "a"

// Fragment is the body of an INFO that tells candidates which came later than their description (RFC 8840 §9).
func (i ICE) Fragment() []byte {
	var b bytes.Buffer
	b.WriteString("a=ice-ufrag:" + i.Ufrag + "\r\na=ice-pwd:" + i.Pwd + "\r\nm=audio 9 RTP/AVP 0\r\na=mid:" + mid + "\r\n")
	for _, c := range i.Candidates {
		b.WriteString("a=candidate:" + c + "\r\n")
	}
	if i.Ended {
		b.WriteString("a=end-of-candidates\r\n")
	}
	return b.Bytes()
}

// ParseFragment reads such a body; of one that is too long or names no user fragment nothing is taken.
func ParseFragment(body []byte) (i ICE, ok bool) {
	if len(body) > MaxSize {
		return i, false
	}
	lines := 0
	for line := range strings.Lines(string(body)) {
		if lines++; lines > MaxLines {
			return ICE{}, false
		}
		if a, found := strings.CutPrefix(strings.TrimRight(line, "\r\n \t"), "a="); found {
			key, value, _ := strings.Cut(a, ":")
			i.note(key, value)
		}
	}
	return i, i.Ufrag != ""
}
