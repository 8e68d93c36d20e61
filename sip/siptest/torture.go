package siptest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"opendeskphone/sip/stack"
)

// Torture is one message of RFC 4475 or RFC 5118 and what a user agent that is
// no registrar answers to it. The answers are written as alternatives of status
// codes, or as
//
//	served   understood: any final or provisional answer that does not call
//	         the message malformed or unsupported
//	none     no byte back
//	closed   no answer, and the stream is closed after a while
//
// An empty TCP means as over UDP.
type Torture struct {
	File, Section string
	UDP, TCP      string
	Why           string
}

// Tortures lists RFC 4475 (49 messages, files in rfc4475/) and RFC 5118 (12, in
// rfc5118/).
var Tortures = []Torture{
	{"rfc4475/wsinv.dat", "3.1.1.1", "served", "", "blanks and folds everywhere; To has a tag of no dialog, so 481 is right too"},
	{"rfc4475/intmeth.dat", "3.1.1.2", "501|405", "", "unusual but legal tokens; the method is not ours"},
	{"rfc4475/esc01.dat", "3.1.1.3", "served", "", "escapes in URIs are legal"},
	{"rfc4475/escnull.dat", "3.1.1.4", "405|501", "", "escaped NUL is legal; a phone is no registrar"},
	{"rfc4475/esc02.dat", "3.1.1.5", "501|405", "", "RE%47IST%45R is not REGISTER: no escapes in methods"},
	{"rfc4475/lwsdisp.dat", "3.1.1.6", "200", "", "no blank between display name and < is legal"},
	{"rfc4475/longreq.dat", "3.1.1.7", "served", "", "long values are legal"},
	{"rfc4475/dblreq.dat", "3.1.1.8", "405|501", "", "UDP: only the first counts; TCP: the second is another message"},
	{"rfc4475/semiuri.dat", "3.1.1.9", "200", "", "semicolons may be part of the user"},
	{"rfc4475/transports.dat", "3.1.1.10", "200", "", "unknown transports in lower Vias do not matter"},
	{"rfc4475/mpart01.dat", "3.1.1.11", "200|202|405|415", "", "multipart MESSAGE: legal, but a phone may not take it"},
	{"rfc4475/unreason.dat", "3.1.1.12", "none", "", "a response to nothing we asked"},
	{"rfc4475/noreason.dat", "3.1.1.13", "none", "", "a response to nothing we asked"},

	{"rfc4475/badinv01.dat", "3.1.2.1", "400", "", "empty parameters"},
	{"rfc4475/clerr.dat", "3.1.2.2", "400", "closed", "UDP: body too short; TCP: wait for the rest, then close"},
	{"rfc4475/ncl.dat", "3.1.2.3", "400", "", "negative Content-Length"},
	{"rfc4475/scalar02.dat", "3.1.2.4", "400", "", "CSeq over 2^31"},
	{"rfc4475/scalarlg.dat", "3.1.2.5", "none", "", "a malformed response is dropped"},
	{"rfc4475/quotbal.dat", "3.1.2.6", "400", "", "quote not closed"},
	{"rfc4475/ltgtruri.dat", "3.1.2.7", "400", "", "Request-URI in brackets"},
	{"rfc4475/lwsruri.dat", "3.1.2.8", "400", "", "blank in the Request-URI"},
	{"rfc4475/lwsstart.dat", "3.1.2.9", "400|served", "", "two blanks in the request line: reject, or be liberal"},
	{"rfc4475/trws.dat", "3.1.2.10", "400|200", "", "blanks after the version: reject, or be liberal"},
	{"rfc4475/escruri.dat", "3.1.2.11", "400|served", "", "headers in the Request-URI: reject, or ignore them"},
	{"rfc4475/baddate.dat", "3.1.2.12", "served|400", "", "a Date that is not GMT may be ignored"},
	{"rfc4475/regbadct.dat", "3.1.2.13", "400|405|501", "", "a URI with ? must stand in brackets"},
	{"rfc4475/badaspec.dat", "3.1.2.14", "400|200", "", "blanks in the brackets: reject, or be liberal"},
	{"rfc4475/baddn.dat", "3.1.2.15", "400|200", "", "comma in an unquoted display name"},
	{"rfc4475/badvers.dat", "3.1.2.16", "505", "", "SIP/7.0"},
	{"rfc4475/mismatch01.dat", "3.1.2.17", "400", "", "CSeq names another method"},
	{"rfc4475/mismatch02.dat", "3.1.2.18", "501|400|405", "", "unknown method, and CSeq names another"},
	{"rfc4475/bigcode.dat", "3.1.2.19", "none", "", "status code over 32 bits"},

	{"rfc4475/badbranch.dat", "3.2.1", "200", "", "branch is the bare cookie: match as RFC 2543"},
	{"rfc4475/insuf.dat", "3.3.1", "400", "", "From, To and Call-ID missing"},
	{"rfc4475/unkscm.dat", "3.3.2", "416", "", "scheme nobody knows"},
	{"rfc4475/novelsc.dat", "3.3.3", "416", "", "known scheme, but no way to SIP"},
	{"rfc4475/unksm2.dat", "3.3.4", "405|501|400|416", "", "unknown schemes in headers; a phone is no registrar"},
	{"rfc4475/bext01.dat", "3.3.5", "420", "", "Require names what we have not"},
	{"rfc4475/invut.dat", "3.3.6", "415", "", "body of an unknown type"},
	{"rfc4475/regaut01.dat", "3.3.7", "405|501", "", "unknown authorization; a phone is no registrar"},
	{"rfc4475/multi01.dat", "3.3.8", "400", "", "single headers twice"},
	{"rfc4475/mcl01.dat", "3.3.9", "400", "", "two Content-Lengths"},
	{"rfc4475/bcast.dat", "3.3.10", "none", "", "a response with two Vias is not for us"},
	{"rfc4475/zeromf.dat", "3.3.11", "200", "", "Max-Forwards 0 stops proxies, not us"},
	{"rfc4475/cparam01.dat", "3.3.12", "405|501", "", "Contact parameter; a phone is no registrar"},
	{"rfc4475/cparam02.dat", "3.3.13", "405|501", "", "URI parameter; a phone is no registrar"},
	{"rfc4475/regescrt.dat", "3.3.14", "405|501", "", "escaped Route in a Contact; a phone is no registrar"},
	{"rfc4475/sdp01.dat", "3.3.15", "406", "", "the caller does not read SDP"},
	{"rfc4475/inv2543.dat", "3.4.1", "served", "400", "RFC 2543 INVITE; on a stream Content-Length is a must (RFC 3261 §20.14)"},

	{"rfc5118/ipv6-good", "4.1", "405|501", "", "IPv6 reference; a phone is no registrar"},
	{"rfc5118/ipv6-bad", "4.2", "400", "", "IPv6 address without brackets"},
	{"rfc5118/port-ambiguous", "4.3", "405|501", "", "the last group is no port"},
	{"rfc5118/port-unambiguous", "4.4", "405|501", "", "port after the brackets"},
	{"rfc5118/via-received-param-with-delim", "4.5", "481", "", "received in brackets; BYE of no dialog"},
	{"rfc5118/via-received-param-no-delim", "4.5", "200", "", "received without brackets"},
	{"rfc5118/ipv6-in-sdp", "4.6", "served", "", "IPv6 in SDP"},
	{"rfc5118/mult-ip-in-header", "4.7", "481", "", "both families in the Vias; BYE of no dialog"},
	{"rfc5118/mult-ip-in-sdp", "4.8", "served", "", "both families in the SDP"},
	{"rfc5118/ipv4-mapped-ipv6", "4.9", "served", "", "IPv4 address mapped into IPv6"},
	{"rfc5118/ipv6-bug-abnf-3-colons", "4.10", "200|400", "", "one colon too many: may be taken"},
	{"rfc5118/ipv6-correct-abnf-2-colons", "4.10", "200", "", "the right spelling"},
}

// Outcome is what one Torture came to.
type Outcome struct {
	Torture
	Codes   []int // of all that came back
	Closed  bool  // the stream was closed
	Conform bool
}

// String is the answer in a word or a code, for test output.
func (o Outcome) String() string {
	want := o.want(o.TCP != "" && o.Closed)
	return fmt.Sprintf("%s (§%s): got %v closed %v, want %s: %s", o.File, o.Section, o.Codes, o.Closed, want, o.Why)
}

func (c Torture) want(tcp bool) string {
	if tcp && c.TCP != "" {
		return c.TCP
	}
	return c.UDP
}

// Run sends the message (the file's content) from an address to a user agent
// and judges what comes back within patience. Over UDP the answer is awaited
// at the port which the message's Via names, as RFC 3261 §18.2.2 has it.
func (c Torture) Run(ctx context.Context, n stack.Network, t stack.Transport, from netip.Addr, to netip.AddrPort,
	data []byte, patience time.Duration) (Outcome, error) {
	o := Outcome{Torture: c}
	w, err := NewWire(ctx, n, t, netip.AddrPortFrom(from, viaPort(string(data))), to)
	if err != nil {
		return o, err
	}
	defer w.Close()
	if err := w.Send(string(data)); err != nil {
		return o, err
	}
	for {
		m, err := w.Next(patience)
		if err != nil {
			o.Closed = errors.Is(err, io.EOF)
			break
		}
		code := CodeOf(m)
		if code == 0 || !answers(m, string(data)) {
			continue // a repeat that belongs to an earlier message
		}
		o.Codes = append(o.Codes, code)
		if code >= 200 && (t == stack.UDP || c.File != "rfc4475/dblreq.dat") {
			break
		}
	}
	o.Conform = judge(c.want(t != stack.UDP), o)
	return o, nil
}

// answers tells whether a response belongs to the request: its Call-ID stands
// there (insuf has none) and so does its CSeq number.
func answers(response, request string) bool {
	seq, _, _ := strings.Cut(HeaderOf(response, "CSeq"), " ")
	return strings.Contains(request, HeaderOf(response, "Call-ID")) && strings.Contains(request, strings.TrimSpace(seq))
}

// judge compares the first final answer, or for want of one the last.
func judge(want string, o Outcome) bool {
	switch want {
	case "none":
		return len(o.Codes) == 0
	case "closed":
		return len(o.Codes) == 0 && o.Closed
	}
	if len(o.Codes) == 0 {
		return false
	}
	got := o.Codes[len(o.Codes)-1]
	if i := slices.IndexFunc(o.Codes, func(code int) bool { return code >= 200 }); i >= 0 {
		got = o.Codes[i]
	}
	for alternative := range strings.SplitSeq(want, "|") {
		if alternative == "served" && served(got) || strconv.Itoa(got) == alternative {
			return true
		}
	}
	return false
}

// served tells answers that come of understanding the request.
func served(code int) bool {
	switch code {
	case 400, 405, 413, 414, 415, 416, 420, 421, 482, 483, 484:
		return false
	}
	return code < 500 || code >= 600
}

// viaPort is the port in the top Via.
func viaPort(text string) uint16 {
	via := HeaderOf(text, "Via")
	via, _, _ = strings.Cut(via, ";")
	i, j := strings.LastIndexByte(via, ':'), strings.LastIndexByte(via, ']')
	if port, err := strconv.ParseUint(via[i+1:], 10, 16); i > j && err == nil {
		return uint16(port)
	}
	return 5060
}
