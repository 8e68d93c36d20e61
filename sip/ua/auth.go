package ua

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"

	"opendeskphone/sip/stack"
)

// Errors of answering a challenge.
var (
	errRejected    = errors.New("ua: credentials rejected")         // they were answered for this very nonce
	errOtherRealm  = errors.New("ua: challenge of a foreign realm") // the password is not for them
	errNoChallenge = errors.New("ua: no challenge we may answer")   // Basic, or an algorithm we do not know
	errNoPassword  = errors.New("ua: challenged, and no password is set")
)

// algorithm is one digest of RFC 8760, strongest last.
type algorithm struct {
	name string
	hash func() hash.Hash
}

var algorithms = []algorithm{{"MD5", md5.New}, {"SHA-256", sha256.New}, {"SHA-512-256", sha512.New512_256}}

// challenge is one digest challenge (RFC 7616 §3.3).
type challenge struct {
	realm, nonce, opaque, algorithm string
	stale, qop, userhash            bool
	rank                            int // place in algorithms
}

// maxChallenges bounds what is read of one response.
const maxChallenges = 16

// challenges reads the challenges in headers of this name and leaves out what
// we must not or cannot answer: Basic, -sess variants, qop without "auth".
func challenges(res *stack.Response, header string) []challenge {
	var out []challenge
	for _, h := range res.GetHeaders(header) {
		for _, c := range parseChallenges(h.Value()) {
			if len(out) < maxChallenges {
				out = append(out, c)
			}
		}
	}
	return out
}

func parseChallenges(text string) []challenge {
	var out []challenge
	for _, part := range splitChallenges(text) {
		if c, ok := parseChallenge(part); ok {
			out = append(out, c)
		}
	}
	return out
}

// splitChallenges cuts "Digest a=b, c=d, Digest e=f" before each scheme: an
// element of the list that begins with a word, a blank and another word.
func splitChallenges(text string) []string {
	var out []string
	for _, e := range splitQuoted(text, ',') {
		head, _, _ := strings.Cut(e, "=")
		if scheme, _, ok := strings.Cut(strings.TrimSpace(head), " "); ok && scheme != "" || len(out) == 0 {
			out = append(out, e)
		} else {
			out[len(out)-1] += "," + e
		}
	}
	return out
}

// splitQuoted splits at a separator outside of quoted strings.
func splitQuoted(text string, sep byte) []string {
	var out []string
	start, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == sep && !quoted:
			out = append(out, text[start:i])
			start = i + 1
		}
	}
	return append(out, text[start:])
}

// unquote is the text of a quoted string, or a token as it is.
func unquote(v string) string {
	v = strings.TrimSpace(v)
	if len(v) >= 2 && v[0] == '"' && v[len(v)-1] == '"' {
		return stack.Unquote(v[1 : len(v)-1])
	}
	return v
}

func parseChallenge(text string) (c challenge, ok bool) {
	scheme, params, _ := strings.Cut(strings.TrimSpace(text), " ")
	if !strings.EqualFold(scheme, "Digest") {
		return c, false
	}
	c.algorithm = "MD5"
	qop := ""
	for _, p := range splitQuoted(params, ',') {
		key, v, _ := strings.Cut(p, "=")
		v = unquote(v)
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "realm":
			c.realm = v
		case "nonce":
			c.nonce = v
		case "opaque":
			c.opaque = v
		case "algorithm":
			c.algorithm = v
		case "stale":
			c.stale = strings.EqualFold(v, "true")
		case "userhash":
			c.userhash = strings.EqualFold(v, "true")
		case "qop":
			qop = v
		}
	}
	c.rank = slices.IndexFunc(algorithms, func(a algorithm) bool { return strings.EqualFold(a.name, c.algorithm) })
	for q := range strings.SplitSeq(qop, ",") {
		c.qop = c.qop || strings.EqualFold(strings.TrimSpace(q), "auth")
	}
	printable := !strings.ContainsFunc(c.realm+c.nonce+c.opaque, func(r rune) bool { return r < ' ' || r == 0x7f })
	return c, c.rank >= 0 && c.nonce != "" && printable && (c.qop || qop == "")
}

// strongest is the challenge to answer (RFC 8760 §2.4: of those offered for a
// realm the one we rate highest).
func strongest(cs []challenge) (best challenge, ok bool) {
	for _, c := range cs {
		if !ok || c.rank > best.rank {
			best, ok = c, true
		}
	}
	return best, ok
}

// use is what a nonce is good for: the header it came in and whether for
// REGISTER, for registrar and proxy count nonces apart.
type use struct {
	proxy, register bool
	realm           string
}

// grant is a challenge being used again and again.
type grant struct {
	challenge
	nc uint32 // nonce count of the last use (RFC 7616 §3.4)
}

// maxGrants bounds how many realms an account remembers.
const maxGrants = 8

// credentials answer challenges for one account.
type credentials struct {
	user     string
	password Secret
	ha1      HA1
	realm    string // the only one answered; empty until the registrar named it
	proven   bool   // the registrar has taken credentials for it, or it was in the settings
	grants   map[use]*grant
}

func newCredentials(p profile) *credentials {
	return &credentials{user: p.User, password: p.Password, ha1: p.HA1, realm: p.Realm, proven: p.Realm != "", grants: map[use]*grant{}}
}

// learn takes the challenge of a response to a request of this method. answered holds
// what this request has answered already; a second challenge for the same use
// means that the password is wrong, unless the nonce was only stale.
func (c *credentials) learn(res *stack.Response, m stack.Method, answered map[use]int) error {
	proxy, header := res.StatusCode == 407, "WWW-Authenticate"
	if proxy {
		header = "Proxy-Authenticate"
	}
	all := challenges(res, header)
	if len(all) == 0 {
		return errNoChallenge
	}
	if c.password == "" && c.ha1 == (HA1{}) {
		return errNoPassword
	}
	if !c.proven && m == stack.REGISTER && len(answered) == 0 {
		c.realm = all[0].realm // the registrar itself names its realm, until it has taken credentials for one
	}
	mine := slices.DeleteFunc(all, func(x challenge) bool { return c.realm != "" && x.realm != c.realm })
	if len(mine) == 0 {
		return errOtherRealm
	}
	best, ok := strongest(slices.DeleteFunc(mine, func(x challenge) bool { return !c.knows(x.rank) }))
	if !ok {
		return errNoChallenge
	}
	k := use{proxy: proxy, register: m == stack.REGISTER, realm: best.realm}
	answered[k]++
	if n := answered[k]; n > 1 && !best.stale || n > 3 {
		delete(c.grants, k)
		return errRejected
	}
	if _, known := c.grants[k]; !known && len(c.grants) >= maxGrants {
		clear(c.grants)
	}
	c.grants[k] = &grant{challenge: best}
	return nil
}

// knows tells whether a challenge of this algorithm can be answered.
func (c *credentials) knows(rank int) bool { return c.password != "" || c.ha1.of(rank) != "" }

// a1 is H(A1) for a grant, made from the password or known from the start.
func (c *credentials) a1(g *grant) string {
	if c.password == "" {
		return string(c.ha1.of(g.rank))
	}
	return g.h(c.user, g.realm, string(c.password))
}

// sign puts credentials for all that is known to be asked on a request.
func (c *credentials) sign(req *stack.Request) {
	for req.RemoveHeader("Authorization") || req.RemoveHeader("Proxy-Authorization") {
	}
	for k, g := range c.grants {
		if k.register != (req.Method == stack.REGISTER) {
			continue
		}
		name := "Authorization"
		if k.proxy {
			name = "Proxy-Authorization"
		}
		g.nc++
		req.AppendHeader(stack.NewHeader(name, g.answer(c.user, c.a1(g), string(req.Method), req.Recipient.String(), cnonce())))
	}
}

func cnonce() string {
	var b [12]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// h is the digest of parts joined by colons, in hex (RFC 7616 §3.3).
func (g *grant) h(parts ...string) string {
	d := algorithms[g.rank].hash()
	d.Write([]byte(strings.Join(parts, ":")))
	return hex.EncodeToString(d.Sum(nil))
}

// answer computes the response (RFC 7616 §3.4.1) from H(A1) and writes the header value in the
// quoting of RFC 3261 §25.1.
func (g *grant) answer(user, a1, method, uri, cnonce string) string {
	h := g.h
	a2 := h(method, uri)
	name := user
	if g.userhash {
		name = h(user, g.realm)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `Digest username="%s", realm="%s", nonce="%s", uri="%s", algorithm=%s`,
		stack.Quote(name), stack.Quote(g.realm), stack.Quote(g.nonce), uri, g.algorithm)
	if g.qop {
		nc := fmt.Sprintf("%08x", g.nc)
		fmt.Fprintf(&b, `, qop=auth, nc=%s, cnonce="%s", response="%s"`, nc, cnonce, h(a1, g.nonce, nc, cnonce, "auth", a2))
	} else {
		fmt.Fprintf(&b, `, response="%s"`, h(a1, g.nonce, a2))
	}
	if g.opaque != "" {
		fmt.Fprintf(&b, `, opaque="%s"`, stack.Quote(g.opaque))
	}
	if g.userhash {
		b.WriteString(", userhash=true")
	}
	return b.String()
}
