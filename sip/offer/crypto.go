package offer

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

const maxKeys = 16 // a=crypto lines read of one stream

// suites maps the names we speak to the length of key and salt in bytes
// (RFC 4568 §6.2, RFC 6188 §4, RFC 7714 §14.2).
var suites = map[string]int{
	"AEAD_AES_128_GCM":        28,
	"AEAD_AES_256_GCM":        44,
	"AES_CM_128_HMAC_SHA1_80": 30,
	"AES_CM_128_HMAC_SHA1_32": 30,
	"AES_256_CM_HMAC_SHA1_80": 46,
	"AES_256_CM_HMAC_SHA1_32": 46,
	// As drafts of RFC 6188 had it, and as linphone writes it to this day.
	"AES_CM_256_HMAC_SHA1_80": 46,
	"AES_CM_256_HMAC_SHA1_32": 46,
}

// canonical is the registered name of a suite.
func canonical(suite string) string {
	if tail, ok := strings.CutPrefix(suite, "AES_CM_256_"); ok {
		return "AES_256_CM_" + tail
	}
	return suite
}

// offered are the suites of our offers, best first; longer keys and the short
// tag are only ever answered.
var offered = [...]string{"AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"}

// keyLine is one a=crypto attribute.
type keyLine struct {
	tag   int
	suite string
	key   []byte
}

// parseKey reads "1 AES_CM_128_HMAC_SHA1_80 inline:key|lifetime|mki:len
// session-params". Lifetime and MKI are tolerated, several keys and session
// parameters that change the packet format are not: such a line is left out.
func parseKey(v string) (keyLine, bool) {
	f := strings.Fields(v)
	if len(f) < 3 {
		return keyLine{}, false
	}
	tag, err := strconv.Atoi(f[0])
	if err != nil || tag < 0 || len(f[0]) > 9 {
		return keyLine{}, false
	}
	for _, p := range f[3:] {
		if p = strings.ToUpper(p); strings.HasPrefix(p, "UNENCRYPTED_") || p == "UNAUTHENTICATED_SRTP" || strings.HasPrefix(p, "KDR=") {
			return keyLine{}, false
		}
	}
	inline, ok := strings.CutPrefix(f[2], "inline:")
	if !ok || strings.Contains(inline, ";") {
		return keyLine{}, false
	}
	inline, params, _ := strings.Cut(inline, "|")
	if strings.Contains(params, ":") { // an MKI would change every packet
		return keyLine{}, false
	}
	key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(inline, "="))
	suite := strings.ToUpper(f[1])
	if err != nil || len(key) != suites[suite] {
		return keyLine{}, false
	}
	return keyLine{tag: tag, suite: suite, key: key}, true
}

func (k keyLine) String() string {
	return fmt.Sprintf("%d %s inline:%s", k.tag, k.suite, base64.StdEncoding.EncodeToString(k.key))
}

// key is our master key for a suite, made once a session: an unchanged key
// tells the peer that the stream goes on (RFC 4568 §7.1.4).
func (s *Session) key(suite string) []byte {
	k, ok := s.keys[suite]
	if !ok {
		k = make([]byte, suites[suite])
		rand.Read(k)
		s.keys[suite] = k
	}
	return k
}

// ownKeys are the a=crypto lines of an offer of these suites.
func (s *Session) ownKeys(suites []string) []keyLine {
	lines := make([]keyLine, len(suites))
	for i, suite := range suites {
		lines[i] = keyLine{tag: i + 1, suite: suite, key: s.key(suite)}
	}
	return lines
}

// agree finds the keys of an answer: its line must name a tag and suite of our offer.
func agree(offered, answer []keyLine) *Crypto {
	for _, a := range answer {
		for _, o := range offered {
			if a.tag == o.tag && a.suite == o.suite && !bytes.Equal(a.key, o.key) {
				return &Crypto{Suite: a.suite, LocalKey: o.key, RemoteKey: a.key}
			}
		}
	}
	return nil
}
