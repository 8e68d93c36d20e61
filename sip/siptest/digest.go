package siptest

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"opendeskphone/sip/stack"
)

// digester is the server's half of RFC 7616 and RFC 8760.
type digester struct {
	realm      string
	users      map[string]string
	algorithms []string
	nonces     map[string]uint64 // the highest nc seen with it
}

// hashes are the algorithms by their names (RFC 8760 §2.1).
var hashes = map[string]func() hash.Hash{"MD5": md5.New, "SHA-256": sha256.New, "SHA-512-256": sha512.New512_256}

// maxNonces bounds what is remembered; then all are forgotten, and clients are
// told that theirs are stale.
const maxNonces = 4096

// check verifies the credentials of a request in the header named; it returns
// nil, or the challenge to answer with.
func (d *digester) check(req *stack.Request, header, user string) *stack.Response {
	stale := false
	for _, h := range req.GetHeaders(header) {
		c := params(h.Value())
		last, known := d.nonces[c["nonce"]]
		nc, err := strconv.ParseUint(c["nc"], 16, 32)
		fresh := known && err == nil && nc > last
		switch {
		case c["username"] != user || c["realm"] != d.realm || !d.right(c, string(req.Method)):
		case !fresh:
			stale = true
		default:
			d.nonces[c["nonce"]] = nc
			return nil
		}
	}
	return d.challenge(req, header, stale)
}

// right tells whether the response was made with the user's password.
func (d *digester) right(c map[string]string, method string) bool {
	password, ok := d.users[c["username"]]
	name := c["algorithm"]
	if name == "" {
		name = "MD5"
	}
	mk := hashes[name]
	offered := false
	for _, a := range d.algorithms {
		offered = offered || a == name
	}
	if !ok || mk == nil || !offered || c["qop"] != "auth" {
		return false
	}
	sum := func(parts ...string) string {
		h := mk()
		h.Write([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(h.Sum(nil))
	}
	want := sum(sum(c["username"], d.realm, password), c["nonce"], c["nc"], c["cnonce"], c["qop"], sum(method, c["uri"]))
	return want == c["response"]
}

// challenge offers each algorithm in a header of its own (RFC 8760 §2.3).
func (d *digester) challenge(req *stack.Request, header string, stale bool) *stack.Response {
	code, name := 401, "WWW-Authenticate"
	if header == "Proxy-Authorization" {
		code, name = 407, "Proxy-Authenticate"
	}
	if len(d.nonces) >= maxNonces {
		clear(d.nonces)
	}
	nonce := rand.Text()
	d.nonces[nonce] = 0
	res := stack.Reply(req, code, "")
	for _, a := range d.algorithms {
		v := fmt.Sprintf(`Digest realm="%s", nonce="%s", qop="auth", algorithm=%s`, d.realm, nonce, a)
		if stale {
			v += ", stale=true"
		}
		res.AppendHeader(stack.NewHeader(name, v))
	}
	return res
}

// params reads the comma-separated name=value of a Digest header.
func params(v string) map[string]string {
	m := map[string]string{}
	v, ok := strings.CutPrefix(v, "Digest ")
	if !ok {
		return m
	}
	for v != "" {
		name, rest, found := strings.Cut(v, "=")
		if !found {
			break
		}
		var value string
		if quoted, ok := strings.CutPrefix(rest, `"`); ok {
			value, rest, _ = strings.Cut(quoted, `"`)
		} else {
			end := strings.IndexByte(rest, ',')
			if end < 0 {
				end = len(rest)
			}
			value, rest = rest[:end], rest[end:]
		}
		m[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
		v = strings.TrimLeft(rest, ", ")
	}
	return m
}
