package stack

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// arrival is what one received message came to: exactly one field is set, or
// none when it is to be dropped.
type arrival struct {
	req    *Request
	res    *Response
	refuse *Response // the answer to a request that cannot be understood
}

// intake turns bytes into messages. It is stateless and may be used by many
// readers at once.
type intake struct {
	rules      Rules
	relay      bool
	maxFields  int
	maxMessage int
}

// parse reads one whole message. The error says why a message is dropped or
// refused, for the log.
func (in *intake) parse(data []byte) (arrival, error) {
	if len(data) > in.maxMessage {
		return arrival{}, errTooLarge
	}
	m, err := scan(data, in.maxFields)
	if m.isResponse() {
		if err != nil {
			return arrival{}, err
		}
		res, err := m.response(in.relay)
		return arrival{res: res}, err
	}
	if err != nil {
		return m.refused(400, err)
	}
	return in.request(&m)
}

func (m *raw) isResponse() bool {
	return len(m.start) >= 4 && strings.EqualFold(m.start[:4], "SIP/")
}

// request checks and builds a request.
func (in *intake) request(m *raw) (arrival, error) {
	method, uri, version, ok := startLine(m.start)
	switch {
	case !ok:
		return m.refused(400, fmt.Errorf("malformed request line %.60q", m.start))
	case !strings.EqualFold(version, "SIP/2.0"):
		return m.refused(505, fmt.Errorf("version %.20q", version))
	}
	if err := m.checkFields(method); err != nil {
		return m.refused(400, err)
	}
	u, err := ParseURI(uri)
	if err != nil || u.Wildcard || u.Headers.Length() > 0 || !strings.Contains(uri, ":") {
		return m.refused(400, errURI) // headers may not stand in a Request-URI (§19.1.1)
	}
	req := NewRequest(Method(method), u)
	if err := m.appendTo(req); err != nil {
		return m.refused(400, err)
	}
	if in.relay {
		return arrival{req: req}, nil
	}
	if code, reason, extra := Validate(req, in.rules); code != 0 {
		res := Reply(req, code, reason)
		for _, h := range extra {
			res.AppendHeader(h)
		}
		return arrival{refuse: res}, errors.New(res.Reason)
	}
	if packed(req) {
		if err := unpack(req); err != nil {
			return m.refused(400, err)
		}
	}
	return arrival{req: req}, nil
}

// startLine cuts a Request-Line: exactly two single blanks (§7.1).
func startLine(s string) (method, uri, version string, ok bool) {
	p := strings.Split(s, " ")
	if len(p) != 3 || !isToken(p[0]) || p[1] == "" || strings.ContainsAny(s, "\t") {
		return "", "", "", false
	}
	name, number, found := strings.Cut(p[2], "/")
	major, minor, dot := strings.Cut(number, ".")
	_, ok1 := digits(major, 1<<31)
	_, ok2 := digits(minor, 1<<31)
	return p[0], p[1], p[2], found && dot && ok1 && ok2 && strings.EqualFold(name, "SIP")
}

// checkFields checks what must hold before a request can be understood:
// the mandatory headers, none twice, numbers in range (§8.1.1, §7.3.1).
func (m *raw) checkFields(method string) error {
	if err := m.checkCommon(); err != nil {
		return err
	}
	if _, got := splitCSeq(m.first("CSeq")); got != method {
		return errors.New("CSeq method differs") // §8.1.1.5
	}
	if method == string(INVITE) {
		n := 0
		for _, v := range m.all("Contact") {
			n += len(splitList(v))
		}
		if n > 1 { // §8.1.1.8
			return errors.New("several Contacts in an INVITE")
		}
	}
	return nil
}

// checkCommon is the part which holds for responses too.
func (m *raw) checkCommon() error {
	for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
		if m.first(name) == "" {
			return fmt.Errorf("%s missing", name)
		}
	}
	for _, name := range singles {
		if len(m.all(name)) > 1 {
			return fmt.Errorf("%s twice", name)
		}
	}
	if strings.ContainsAny(m.first("Call-ID"), " \t") {
		return errors.New("malformed Call-ID")
	}
	if number, _ := splitCSeq(m.first("CSeq")); number < 0 {
		return errors.New("malformed CSeq")
	}
	if m.has("Max-Forwards") {
		if _, ok := digits(m.first("Max-Forwards"), 255); !ok { // §20.22
			return errors.New("malformed Max-Forwards")
		}
	}
	n, err := m.contentLength()
	switch {
	case err != nil:
		return err
	case n > len(m.body):
		return errors.New("body shorter than Content-Length") // §18.3
	case n >= 0:
		m.body = m.body[:n]
	}
	return nil
}

// splitCSeq reads CSeq; the number is -1 when malformed or not below 2^31.
func splitCSeq(v string) (int64, string) {
	p := strings.Fields(v)
	if len(p) != 2 || !isToken(p[1]) {
		return -1, ""
	}
	n, ok := digits(p[0], 1<<31-1)
	if !ok {
		return -1, ""
	}
	return int64(n), p[1]
}

// response checks and builds a response; what is not right is dropped, for
// nobody can be told.
func (m *raw) response(relay bool) (*Response, error) {
	p := strings.SplitN(m.start, " ", 3)
	if len(p) < 2 || !strings.EqualFold(p[0], "SIP/2.0") || len(p[1]) != 3 {
		return nil, fmt.Errorf("malformed status line %.60q", m.start)
	}
	code, ok := digits(p[1], 699)
	if !ok || code < 100 {
		return nil, fmt.Errorf("status code %.10q", p[1])
	}
	if err := m.checkCommon(); err != nil {
		return nil, err
	}
	res := NewResponse(int(code), "")
	if len(p) == 3 {
		res.Reason = p[2]
	}
	if err := m.appendTo(res); err != nil {
		return nil, err
	}
	if !relay && len(res.GetHeaders("Via")) != 1 { // §8.1.3.3: it was meant for somebody else
		return nil, errors.New("several Vias in a response")
	}
	return res, nil
}

// parsers are sipgo's header parsers, with ours where sipgo's lose quoted
// strings, blanks or case (docs/adr/0001-sip-transactions.md).
var parsers = func() sip.HeadersParser {
	p := maps.Clone(sip.HeadersParser(sip.DefaultHeadersParser()))
	p["via"] = func(_ []byte, v string) (Header, error) { return parseVia(v) }
	p["from"] = func(_ []byte, v string) (Header, error) {
		a, err := parseAddress(v)
		return &FromHeader{DisplayName: a.display, Address: a.uri, Params: a.params}, noStar(a, err)
	}
	p["to"] = func(_ []byte, v string) (Header, error) {
		a, err := parseAddress(v)
		return &ToHeader{DisplayName: a.display, Address: a.uri, Params: a.params}, noStar(a, err)
	}
	p["contact"] = func(_ []byte, v string) (Header, error) {
		a, err := parseAddress(v)
		return &ContactHeader{DisplayName: a.display, Address: a.uri, Params: a.params}, err
	}
	p["route"] = func(_ []byte, v string) (Header, error) {
		a, err := parseAddress(v)
		return &RouteHeader{Address: a.uri}, noStar(a, err)
	}
	p["record-route"] = func(_ []byte, v string) (Header, error) {
		a, err := parseAddress(v)
		return &RecordRouteHeader{Address: a.uri}, noStar(a, err)
	}
	p["cseq"] = func(_ []byte, v string) (Header, error) {
		n, method := splitCSeq(v)
		if n < 0 {
			return nil, errors.New("malformed CSeq")
		}
		return &CSeqHeader{SeqNo: uint32(n), MethodName: Method(method)}, nil
	}
	// These two stay text: a Refer-To may carry headers and quoted display
	// names, which sipgo's type cannot hold.
	delete(p, "refer-to")
	delete(p, "referred-by")
	return p
}()

func noStar(a address, err error) error {
	if err == nil && a.uri.Wildcard {
		return errURI
	}
	return err
}

// lists are headers that may hold several values in one line and have a type
// of their own; they become one header a value.
var lists = []string{"Via", "Contact", "Route", "Record-Route"}

// appendTo hands the fields to sipgo's header parsers and sets the body.
func (m *raw) appendTo(msg sip.Message) error {
	var hs []Header
	for _, f := range m.fields {
		values := []string{f.value}
		if slices.Contains(lists, f.name) {
			values = splitList(f.value)
		}
		for _, v := range values {
			var err error
			if hs, err = parsers.ParseHeader(hs[:0], []byte(f.name+":"+v)); err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			for _, h := range hs {
				msg.AppendHeader(h)
			}
		}
	}
	msg.SetBody(bytes.Clone(m.body)) // the reader's buffer is used again
	return nil
}

// refuse answers a frame that ended its stream, with the framer's code.
func (in *intake) refuse(f frame) (arrival, error) {
	m, _ := scan(f.data, in.maxFields)
	if m.isResponse() {
		return arrival{}, errTooLarge
	}
	return m.refused(f.code, fmt.Errorf("no message boundary: %d", f.code))
}

// refused makes the answer to a request that could not be understood, from
// the lines that could be read (RFC 4475 §3.3.1: with a Via there is a way
// back). Without a readable top Via, and for an ACK, there is none.
func (m *raw) refused(code int, why error) (arrival, error) {
	if strings.HasPrefix(m.start, string(ACK)+" ") {
		return arrival{}, why
	}
	res := NewResponse(code, phrases[code])
	for i, f := range m.all("Via") {
		via, rest := f, ""
		if i == 0 { // only the top one must be understood
			via, rest, _ = strings.Cut(f, ",")
			h, err := lenientVia(via)
			if err != nil {
				return arrival{}, why
			}
			res.AppendHeader(h)
			via = strings.Trim(rest, " \t")
		}
		if via != "" {
			res.AppendHeader(NewHeader("Via", via))
		}
	}
	if res.Via() == nil {
		return arrival{}, why
	}
	for _, name := range []string{"From", "To", "Call-ID", "CSeq"} {
		if v := m.first(name); v != "" {
			res.AppendHeader(NewHeader(name, withTag(name, v, m)))
		}
	}
	res.SetBody(nil)
	return arrival{refuse: res}, why
}

// withTag adds our tag to a To that has none.
func withTag(name, v string, m *raw) string {
	if name != "To" || strings.Contains(strings.ToLower(strings.ReplaceAll(v, " ", "")), ";tag=") {
		return v
	}
	return v + ";tag=" + tagFor(m.first("Call-ID"), m.first("From"), m.first("CSeq"), m.first("Via"))
}

// lenientVia reads of a malformed Via what is needed to answer: the sent-by,
// and the branch when the parameters can be read.
func lenientVia(v string) (*ViaHeader, error) {
	if h, err := parseVia(v); err == nil {
		return h, nil
	}
	head, _, _ := strings.Cut(v, ";")
	return parseVia(head)
}

// tagSecret makes our tags unguessable and differ between two starts.
var tagSecret = func() []byte {
	b := make([]byte, 32)
	rand.Read(b)
	return b
}()

// tagFor is the To tag of all our responses to one request: they agree
// without being remembered, also between an INVITE and its CANCEL (§9.2).
func tagFor(parts ...string) string {
	h := hmac.New(sha256.New, tagSecret)
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:10])
}
