package trace

import (
	"bytes"
	"strings"
	"testing"
)

const canary = "Geheim0815"

// secrets are messages with a canary where a secret may stand, and the header or line after which it comes.
var secrets = map[string]string{
	"digest":            "REGISTER sip:a SIP/2.0\r\nAuthorization: Digest username=\"anna\", realm=\"r\", nonce=\"n0nce\", uri=\"sip:a\", response=\"" + canary + "\"\r\n\r\n",
	"token":             "REGISTER sip:a SIP/2.0\r\nAuthorization: Digest response=" + canary + ",nonce=abc\r\n\r\n",
	"no comma":          "REGISTER sip:a SIP/2.0\r\nAuthorization: Digest nonce=abc response=" + canary + "\r\n\r\n",
	"folded":            "REGISTER sip:a SIP/2.0\r\nProxy-Authorization:\r\n Digest nonce=abc,\r\n\tresponse=\"" + canary + "\"\r\n\r\n",
	"bare LF":           "REGISTER sip:a SIP/2.0\nAUTHORIZATION : digest nonce=abc,response=\"" + canary + "\"\n\n",
	"basic":             "REGISTER sip:a SIP/2.0\r\nAuthorization: Basic " + canary + "==\r\n\r\n",
	"ntlm":              "REGISTER sip:a SIP/2.0\r\nAuthorization: NTLM qop=\"auth\", gssapi-data=\"" + canary + "\"\r\n\r\n",
	"bearer":            "REGISTER sip:a SIP/2.0\r\nAuthorization: Bearer " + canary + "\r\n\r\n",
	"proof of server":   "SIP/2.0 200 OK\r\nAuthentication-Info: rspauth=\"" + canary + "\", nextnonce=\"abc\"\r\n\r\n",
	"URI":               "INVITE sip:anna:" + canary + "@example.com SIP/2.0\r\nTo: <sips:b:" + canary + "@c>\r\n\r\n",
	"digits after":      "INVITE sip:100@a SIP/2.0\r\nTo: <tel:+49;postd=" + canary + ">\r\n\r\n",
	"INFO relay":        "INFO sip:a SIP/2.0\r\nContent-Type: application/dtmf-relay\r\n\r\nSignal=" + canary + "\r\nDuration=160\r\n",
	"INFO dtmf":         "INFO sip:a SIP/2.0\r\nc: application/dtmf\r\n\r\n" + canary,
	"INFO untyped":      "INFO sip:a SIP/2.0\r\n\r\nSignal=" + canary + "\r\n",
	"KPML":              "NOTIFY sip:a SIP/2.0\r\nContent-Type: application/kpml-response+xml\r\n\r\n<kpml-response digits=\"" + canary + "\"/>",
	"MESSAGE":           "MESSAGE sip:a SIP/2.0\r\nContent-Type: text/plain\r\n\r\n" + canary,
	"crypto":            "INVITE sip:a SIP/2.0\r\nContent-Type: application/sdp\r\n\r\nv=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + canary + "|2^20|1:4\r\n",
	"crypto with FEC":   "INVITE sip:a SIP/2.0\r\nContent-Type: application/sdp\r\n\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc FEC_KEY=inline:" + canary + "\r\n",
	"crypto in no form": "INVITE sip:a SIP/2.0\r\nContent-Type: application/sdp\r\n\r\na=Crypto : " + canary + "\r\n",
	"cryptoscale":       "INVITE sip:a SIP/2.0\r\nContent-Type: application/sdp\r\n\r\na=cryptoscale:1 client AES_CM_128_HMAC_SHA1_80 inline:" + canary + "\r\n",
	"k line":            "INVITE sip:a SIP/2.0\r\nContent-Type: application/sdp\r\n\r\nk=clear:" + canary + "\r\n",
	"MIKEY":             "INVITE sip:a SIP/2.0\r\nContent-Type: application/sdp\r\n\r\na=key-mgmt:mikey " + canary + "\r\n",
	"ICE":               "INVITE sip:a SIP/2.0\r\nContent-Type: application/sdp\r\n\r\na=ice-pwd:" + canary + "\r\n",
	"ICE of OCS":        "INVITE sip:a SIP/2.0\r\nContent-Type: application/sdp\r\n\r\na=candidate:user 1 " + canary + " UDP 0.8 192.0.2.1 4000\r\n",
	"multipart":         "INVITE sip:a SIP/2.0\r\nContent-Type: multipart/mixed;boundary=x\r\n\r\n--x\r\n\r\na=crypto:1 S inline:" + canary + "\r\n--x--",
	"packed":            "INVITE sip:a SIP/2.0\r\nContent-Encoding: gzip\r\nContent-Type: application/sdp\r\n\r\nv=" + canary,
	"fragment":          "NOTIFY sip:a SIP/2.0\r\nContent-Type: message/sipfrag;version=2.0\r\n\r\nSIP/2.0 401 No\r\nAuthorization: Digest response=\"" + canary + "\"\r\n",
	"key in a header":   "INVITE sip:a SIP/2.0\r\nX: a=crypto:1 S inline:" + canary + "\r\nk=clear:" + canary + "\r\na=ice-pwd:" + canary + "\r\n\r\n",
}

func TestSecretsAreRemoved(t *testing.T) {
	for name, msg := range secrets {
		got := []byte(msg)
		Redact(got)
		if bytes.Contains(got, []byte(canary)) {
			t.Errorf("%s: %q", name, got)
		}
		if len(got) != len(msg) {
			t.Errorf("%s: %d bytes of %d: Content-Length lies", name, len(got), len(msg))
		}
	}
}

// TestTheRestIsKept: what a technician needs stays as it was.
func TestTheRestIsKept(t *testing.T) {
	msg := "INVITE sip:200@example.com:5061;transport=tls SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx\r\nFrom: \"Anna\" <sip:anna@example.com>;tag=1\r\n" +
		"Route: <sip:192.0.2.9:5060;lr>\r\nProxy-Authorization: Digest username=\"anna\", realm=\"example.com\", nonce=\"abc\", uri=\"sip:200@example.com\", algorithm=MD5, response=\"xxxxxxxxxx\"\r\n" +
		"Content-Type: application/sdp\r\nContent-Length: 137\r\n\r\nv=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nm=audio 16384 RTP/SAVP 0 101\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xxxxxx\r\n" +
		"a=fingerprint:sha-256 AB:CD\r\na=candidate:1 1 UDP 2130706431 192.0.2.1 16384 typ host\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
	got := []byte(msg)
	if Redact(got); string(got) != msg {
		t.Errorf("became\n%s", got)
	}
}

// FuzzRedact puts junk of a stranger's before each secret, on the same line and on lines of its own: whatever
// it is, the secret goes.
func FuzzRedact(f *testing.F) {
	for _, junk := range []string{"", "\r\n\r\n", "nonce=\"", "uri=\"a\\", "Content-Type: text/plain\r\n", "c: message/sipfrag\r\n\r\n", "a=b\rX: \"", " \r\n\t", "nonce=a b="} {
		f.Add([]byte(junk))
	}
	f.Fuzz(func(t *testing.T, junk []byte) {
		if bytes.Contains(junk, []byte(canary)) {
			return
		}
		j := string(junk)
		for _, msg := range []string{
			j,
			"INVITE sip:a SIP/2.0\r\n" + j + "\r\nAuthorization: Digest username=\"anna\", response=\"" + canary + "\"\r\n\r\n",
			"INVITE sip:a SIP/2.0\r\nAuthorization: Digest " + strings.NewReplacer("\r", "", "\n", "").Replace(j) + ", response=\"" + canary + "\"\r\n\r\n",
			"INVITE sip:a SIP/2.0\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n" + j + "\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + canary + "\r\n",
			"INVITE sip:a SIP/2.0\r\n" + j + "\r\nContent-Type: application/dtmf-relay\r\n\r\nSignal=" + canary + "\r\n",
			"INFO sip:a SIP/2.0\r\nContent-Type: application/dtmf-relay\r\n\r\n" + j + "\r\nSignal=" + canary + "\r\n",
			"INVITE sip:a SIP/2.0\r\nTo: " + strings.NewReplacer("\r", "", "\n", "").Replace(j) + " <sip:anna:" + canary + "@example.com>\r\n\r\n",
		} {
			got := []byte(msg)
			Redact(got)
			if len(got) != len(msg) || bytes.Contains(got, []byte(canary)) {
				t.Fatalf("%q becomes %q", msg, got)
			}
			read(got)
			glance(got)
		}
	})
}
