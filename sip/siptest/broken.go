package siptest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Breaker makes SIP messages with SDP and breaks them, the same for the same seed. It knows the grammar, so that what it
// breaks is mostly near enough to the real thing to get past the first check.
type Breaker struct {
	rand *rand.Rand
	n    int

	Target string // Request-URI of requests: who is to suffer
	Host   string // sent-by and Contact of whoever sends it
	// Dialogs that stand, and requests under way, which messages now and then claim to belong to.
	Dialogs  []BrokenDialog
	Branches []string
}

// BrokenDialog names a dialog as the one who is to suffer knows it.
type BrokenDialog struct{ CallID, LocalTag, RemoteTag string }

// NewBreaker makes a generator for whoever is reached by the URI target.
func NewBreaker(seed uint64, target, host string) *Breaker {
	return &Breaker{rand: rand.New(rand.NewPCG(seed, 0x51b)), Target: target, Host: host}
}

var (
	brokenMethods = []string{"INVITE", "OPTIONS", "ACK", "BYE", "CANCEL", "UPDATE", "PRACK", "INFO", "NOTIFY", "REFER", "REGISTER",
		"SUBSCRIBE", "MESSAGE", "PUBLISH", "invite", "INVITE\x00", "\xff\xfe", strings.Repeat("X", 3000)}
	brokenCodes   = []int{100, 180, 183, 200, 202, 301, 302, 401, 407, 408, 422, 423, 481, 487, 488, 491, 500, 503, 600, 603, 699, 0, 99, 700, 999, -1}
	brokenNumbers = []string{"", "-1", "0", "1", "00000000000000000001", "255", "256", "65535", "65536", "2147483647", "2147483648", "4294967295",
		"4294967296", "18446744073709551616", "1e9", "0x10", "1.5", "NaN", "١", " 7 ", strings.Repeat("9", 400)}
	brokenURIs = []string{"sip:", "sip:@", "sip:a@", "sip:@b", "sip:a@[", "sip:a@[::1", "sip:a@[::1]:99999", "sip:a@b:0", "sip:a@b:-1", "sips:a@b",
		"tel:+1", "tel:", "http://x/", "sip:%", "sip:%00@b", "sip:%zz@b", "sip:a@b;transport=", "sip:a@b;transport=udp;transport=tcp",
		"sip:a@b;lr;maddr=255.255.255.255", "sip:a@b?Route=%3Csip:c%3E&body=x", "sip:a:b:c@d:e:f", "sip:" + "a;b=c;", "*", "<sip:a@b>", "\"",
		"sip:" + strings.Repeat("a", 5000) + "@b", "sip:a@" + strings.Repeat("b.", 2000), "sip:a@255.255.255.255", "sip:a@0.0.0.0", "sip:a@224.0.0.1"}
	brokenTexts = []string{"", " ", "\t", "\x00", "\r", "\r\n ", "\r\n\t\r\n ", ",", ",,,", ";", ";;=", "=", "\"", "\"\\", "\"\\\"", "<", ">", "<>", "<<<<>>>>",
		"\xc0\x80", "\xff\xff\xff", "\u202e\u2066", "%", "%n%s%x", strings.Repeat("(", 500), strings.Repeat(",x", 2000), strings.Repeat("\"", 999),
		strings.Repeat("a", 9000), strings.Repeat("é", 500), "\x1b[2J", "'; --", "$(reboot)", "../../etc"}
	brokenHeaders = []string{"Via: SIP/2.0/UDP", "Via: SIP/3.0/XYZ [::1]:5060;branch=z9hG4bK", "v: SIP / 2.0 / UDP h;branch=z9hG4bKx;rport=;received=",
		"Via: ,", "f: x", "To: *", "Contact: *", "m: <sip:a@b>, *", "Route: <sip:a;lr>,", "Record-Route: \"", "Require: 100rel, timer, x", "Require: replaces",
		"Proxy-Require: y", "RAck: 1 1 INVITE", "RAck: a b", "RSeq: 0", "RSeq: 4294967296", "Replaces: x", "Replaces: a;to-tag=b;from-tag=c;early-only", "Session-Expires: 0",
		"Session-Expires: 90;refresher=me", "Min-SE: -5", "x: 90", "Refer-To: <sip:a@b?Replaces=%00>", "Refer-To: <<", "r: sip:*", "Referred-By: <", "Event: refer;id=",
		"Event: ", "Subscription-State: terminated;reason=", "Content-Type: multipart/mixed;boundary=", "Content-Type: application/sdp;charset=\"", "c: ", "Content-Encoding: gzip",
		"e: gzip", "Content-Disposition: ;handling=", "Max-Forwards: 0", "Max-Forwards: x", "Expires: -1", "Date: yesterday", "Accept: ", "Allow: ,,", "k: ,",
		"WWW-Authenticate: Digest realm=\"", "WWW-Authenticate: Digest " + strings.Repeat("a=b,", 500), "Proxy-Authenticate: Digest nonce=,qop=\"auth", "Authorization: x",
		"P-Asserted-Identity: <sip:\x00@b>, <tel:1", "Privacy: id;;", "Identity: a.b.c;info=<", "Reason: SIP;cause=999999999999;text=\"", "Alert-Info: <http://", "Call-Info: <x>;answer-after=-1",
		"Retry-After: -1 (", "Min-Expires: 1", "Service-Route: ", "Subject", ": x", "\x00: y", "X: " + strings.Repeat("\r\n fold", 300)}
	brokenLines = []string{"v=1", "v=", "o=", "o=- 1 1 IN IP4", "o=- 99999999999999999999 0 IN IP6 ::", "s=", "c=IN IP4 0.0.0.0", "c=IN IP4 255.255.255.255", "c=IN IP4 224.2.1.1/127/3",
		"c=IN IP6 ::ffff:1.2.3.4", "c=IN IP6 fe80::1%eth0", "c=NOPE", "t=", "t=-1 -1", "b=AS:-1", "b=x", "m=audio", "m=audio 0 RTP/AVP 0", "m=audio 65536 RTP/AVP 0", "m=audio -1 RTP/AVP 0",
		"m=audio 4000/99999 RTP/AVP 0", "m=audio 4000 RTP/SAVP 0", "m=audio 4000 RTP/SAVPF", "m=audio 4000 UDP/TLS/RTP/SAVPF 0 0 0", "m=audio 4000 RTP/AVP 128 -1 x 999", "m=video 4000 RTP/AVP 96",
		"m=image 4000 udptl t38", "a=rtpmap:0", "a=rtpmap:999 x/0", "a=rtpmap:96 opus/48000/0", "a=rtpmap:96 PCMU/-8000", "a=rtpmap:0 opus/48000/2", "a=rtpmap:101 telephone-event/0", "a=fmtp:",
		"a=fmtp:101 0-15,,-,99999999999", "a=fmtp:96 maxplaybackrate=-1;maxptime=x;stereo=;useinbandfec", "a=fmtp:100 0/0/0/0/0/0/0/0", "a=ptime:0", "a=ptime:-20", "a=ptime:99999999999", "a=ptime:x",
		"a=maxptime:0", "a=sendonly", "a=inactive", "a=recvonly", "a=sendrecv", "a=rtcp:", "a=rtcp:99999 IN IP4 x", "a=rtcp-mux", "a=crypto:", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:",
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:!!!!", "a=crypto:999999999999 X inline:AAAA|2^99|1:9", "a=fingerprint:", "a=fingerprint:sha-256 00:ZZ", "a=setup:", "a=setup:holdconn", "a=ice-ufrag:x",
		"a=ice-pwd:", "a=candidate:", "a=candidate:1 1 UDP 99999999999 999.1.1.1 70000 typ host", "a=candidate:" + strings.Repeat("1 ", 300), "a=end-of-candidates", "a=group:BUNDLE 0 0 0", "a=mid:",
		"a=extmap:1 urn", "a=ssrc:99999999999 cname:", "a=label:", "k=clear:x", "z=0 -1h", "r=7d 1h 0 25h", "=", "a", "\x00=\x00", "a=" + strings.Repeat("x", 20000)}
	brokenSDP = []string{"v=0", "o=- 1 1 IN IP4 10.0.0.2", "s=-", "c=IN IP4 10.0.0.2", "t=0 0", "m=audio 5000 RTP/AVP 0 8 9 96 101", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000",
		"a=rtpmap:9 G722/8000", "a=rtpmap:96 opus/48000/2", "a=fmtp:96 useinbandfec=1", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16", "a=ptime:20", "a=sendrecv"}
)

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// Next is the next broken message.
func (b *Breaker) Next() string {
	b.n++
	lines := b.message()
	body := b.body()
	for range b.rand.IntN(4) {
		lines = b.breakHeaders(lines)
	}
	length := strconv.Itoa(len(body))
	if b.rand.IntN(8) == 0 {
		length = pick(b.rand, brokenNumbers)
	}
	text := strings.Join(lines, "\r\n") + "\r\nContent-Length: " + length + "\r\n\r\n" + body
	if b.rand.IntN(4) == 0 {
		text = b.breakBytes(text)
	}
	return text[:min(len(text), 60_000)] // what fits a datagram
}

// message is a whole head, but for its length.
func (b *Breaker) message() []string {
	r := b.rand
	method := brokenMethods[0]
	if r.IntN(2) == 0 {
		method = pick(r, brokenMethods)
	}
	start, branch := method+" "+b.Target+" SIP/2.0", fmt.Sprintf("z9hG4bK%d", b.n)
	if r.IntN(4) == 0 {
		start = fmt.Sprintf("SIP/2.0 %d x", pick(r, brokenCodes))
		if len(b.Branches) > 0 && r.IntN(4) > 0 {
			branch = pick(r, b.Branches)
		}
	}
	d := BrokenDialog{CallID: fmt.Sprintf("broken-%d", b.n)}
	if len(b.Dialogs) > 0 && r.IntN(3) == 0 {
		d = pick(r, b.Dialogs)
	} else {
		d.RemoteTag = "r"
	}
	to := "<sip:100@phone.test>"
	if d.LocalTag != "" {
		to += ";tag=" + d.LocalTag
	}
	lines := []string{start, "Via: SIP/2.0/UDP " + b.Host + ";rport;branch=" + branch, "Max-Forwards: 70", "From: \"Eve\" <sip:eve@phone.test>;tag=" + d.RemoteTag,
		"To: " + to, "Call-ID: " + d.CallID, fmt.Sprintf("CSeq: %d %s", 1+b.n, method), "Contact: <sip:eve@" + b.Host + ">", "Content-Type: application/sdp"}
	for range r.IntN(3) {
		lines = append(lines, pick(r, brokenHeaders))
	}
	return lines
}

// body is SDP with a few lines too many, too few, or wrong.
func (b *Breaker) body() string {
	r := b.rand
	if r.IntN(6) == 0 {
		return pick(r, brokenTexts)
	}
	lines := append([]string(nil), brokenSDP...)
	for range r.IntN(5) {
		at := r.IntN(len(lines))
		switch r.IntN(5) {
		case 0:
			lines = append(lines[:at], lines[min(at+1, len(lines)):]...)
		case 1:
			lines = append(lines, lines[at])
		case 2:
			lines[at] = pick(r, brokenLines)
		case 3:
			lines = append(lines, pick(r, brokenLines))
		default:
			lines[at] = b.breakBytes(lines[at])
		}
		if len(lines) == 0 {
			return ""
		}
	}
	if r.IntN(200) == 0 {
		lines = append(lines, strings.Split(strings.Repeat(pick(r, brokenLines)[:1]+"=x\n", 3000), "\n")...)
	}
	return strings.Join(lines, pick(r, []string{"\r\n", "\r\n", "\r\n", "\n", "\r"})) + "\r\n"
}

// breakHeaders breaks one thing in the head.
func (b *Breaker) breakHeaders(lines []string) []string {
	r := b.rand
	at := r.IntN(len(lines))
	name, value, _ := strings.Cut(lines[at], ": ")
	switch r.IntN(9) {
	case 0:
		if len(lines) > 1 {
			lines = append(lines[:at], lines[at+1:]...)
		}
	case 1:
		lines = append(lines, lines[at])
	case 2:
		other := r.IntN(len(lines))
		lines[at], lines[other] = lines[other], lines[at]
	case 3:
		lines[at] = name + ": " + pick(r, brokenTexts)
	case 4:
		lines[at] = name + ": " + value + pick(r, brokenTexts)
	case 5:
		lines[at] = name + ": " + pick(r, brokenNumbers) + " " + pick(r, brokenMethods)
	case 6:
		lines[at] = name + ": <" + pick(r, brokenURIs) + ">"
	case 7:
		lines[at] = strings.Replace(lines[at], b.Target, pick(r, brokenURIs), 1)
	default:
		lines[at] = b.breakBytes(lines[at])
	}
	return lines
}

// breakBytes breaks a text without any regard for what it is.
func (b *Breaker) breakBytes(text string) string {
	r := b.rand
	if text == "" {
		return "\x00"
	}
	at := r.IntN(len(text))
	end := min(at+1+r.IntN(8), len(text))
	switch r.IntN(6) {
	case 0:
		return text[:at] // cut
	case 1:
		return text[:at] + text[end:]
	case 2:
		return text[:at] + pick(r, brokenTexts) + text[at:]
	case 3:
		return text[:at] + string([]byte{text[at] ^ byte(1<<r.IntN(8))}) + text[at+1:]
	case 4:
		return text[:at] + strings.Repeat(text[at:end], 1+r.IntN(300)) + text[end:]
	default:
		return text[:at] + pick(r, brokenNumbers) + text[end:]
	}
}
