package contacts

import (
	"errors"
	"fmt"
	"io"
	"mime/quotedprintable"
	"strings"
)

// maxFile is the largest vCard file that is read, in bytes; photographs make them large.
const maxFile = 32 << 20

// ReadVCards reads a file of vCards (RFC 6350, and the older 3.0 and 2.1). Cards without a number
// are passed over; skipped says how many.
func ReadVCards(r io.Reader) (out []Contact, skipped int, err error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, 0, fmt.Errorf("contacts: %w", err)
	}
	if len(text) > maxFile {
		return nil, 0, fmt.Errorf("contacts: the file is larger than %d MB", maxFile>>20)
	}
	var card *Contact
	seen := false
	for l := range strings.SplitSeq(unfold(string(text)), "\n") {
		p := property(l)
		switch {
		case p.name == "BEGIN" && strings.EqualFold(p.value, "VCARD"):
			card, seen = &Contact{}, true
		case p.name == "END" && card != nil:
			if c, err := Clean(*card); err != nil {
				skipped++
			} else if out = append(out, c); len(out) > MaxContacts {
				return nil, 0, ErrFull
			}
			card = nil
		case card != nil:
			card.take(p)
		}
	}
	if !seen {
		return nil, 0, errors.New("contacts: this is no vCard file")
	}
	return out, skipped, nil
}

// unfold joins continued lines (RFC 6350 §3.2, and "=" at the end of quoted-printable ones).
func unfold(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.NewReplacer("\n ", "", "\n\t", "").Replace(s)
	return strings.ReplaceAll(s, "=\n", "=\r") // the soft line break stays to be decoded
}

type prop struct {
	name, params, value string
}

func property(l string) (p prop) {
	head, value, ok := cutOutside(l, ':')
	if !ok {
		return p
	}
	name, params, _ := strings.Cut(head, ";")
	if _, bare, grouped := strings.Cut(name, "."); grouped {
		name = bare
	}
	p = prop{strings.ToUpper(strings.TrimSpace(name)), strings.ToUpper(params), value}
	if strings.Contains(p.params, "QUOTED-PRINTABLE") {
		soft := strings.ReplaceAll(value, "=\r", "=\r\n")
		if b, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(soft))); err == nil {
			p.value = string(b)
		}
	}
	return p
}

// cutOutside cuts at the first sep that is not between quotes.
func cutOutside(s string, sep byte) (before, after string, ok bool) {
	quoted := false
	for i := range len(s) {
		switch s[i] {
		case '"':
			quoted = !quoted
		case sep:
			if !quoted {
				return s[:i], s[i+1:], true
			}
		}
	}
	return s, "", false
}

func (c *Contact) take(p prop) {
	switch p.name {
	case "FN":
		c.Name = unescape(p.value)
	case "N":
		if f := fields(p.value); c.Name == "" && len(f) > 1 {
			c.Name = strings.TrimSpace(f[1] + " " + f[0])
		}
	case "ORG":
		c.Company = fields(p.value)[0]
	case "TEL":
		v := strings.TrimPrefix(unescape(p.value), "tel:")
		c.number(Number{kind(p.params), v})
	case "IMPP", "X-SIP":
		if v, ok := strings.CutPrefix(unescape(p.value), "sip:"); ok || p.name == "X-SIP" {
			c.number(Number{kind(p.params), v})
		}
	}
}

func (c *Contact) number(n Number) {
	if strings.TrimSpace(n.Value) != "" && len(c.Numbers) < MaxNumbers {
		c.Numbers = append(c.Numbers, n)
	}
}

func kind(params string) string {
	switch {
	case strings.Contains(params, "CELL"), strings.Contains(params, "MOBILE"):
		return "mobile"
	case strings.Contains(params, "WORK"):
		return "work"
	case strings.Contains(params, "HOME"):
		return "home"
	}
	return "other"
}

// fields splits a structured value at its unescaped semicolons.
func fields(v string) []string {
	var out []string
	for start, i := 0, 0; i <= len(v); i++ {
		switch {
		case i == len(v) || v[i] == ';':
			out = append(out, unescape(v[start:i]))
			start = i + 1
		case v[i] == '\\':
			i++
		}
	}
	if len(out) == 0 { // the value ends in a backslash
		out = []string{unescape(v)}
	}
	return out
}

var escapes = strings.NewReplacer(`\n`, " ", `\N`, " ", `\,`, ",", `\;`, ";", `\\`, `\`)

func unescape(v string) string { return escapes.Replace(v) }
