package lab

import (
	"bytes"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const sipPort = 5060

var (
	mediaLine  = regexp.MustCompile(`(?m)^m=audio (\d+) `)
	lengthLine = regexp.MustCompile(`(?mi)^(Content-Length|l):\s*\d+`)
	ofALG      = regexp.MustCompile(`(?m)^(Via|Contact|v|m|c=|o=)(.*)$`)
)

// rewriteOut does to SIP what home routers do: the host's address becomes the NAT's in Via, Contact, and the session
// description but for what the router has never heard of, such as ICE. The way of the media is opened for everybody.
func (n *NAT) rewriteOut(d *datagram, sip *way) {
	head, body, ok := bytes.Cut(d.payload(), []byte("\r\n\r\n"))
	if !ok {
		return
	}
	private, public := n.private.String(), n.public.String()
	ours := regexp.MustCompile(regexp.QuoteMeta(private) + `:(\d+)`)
	change := func(text []byte) []byte {
		return ofALG.ReplaceAllFunc(text, func(line []byte) []byte {
			line = ours.ReplaceAll(line, fmt.Appendf(nil, "%s:%d", public, sip.port))
			return bytes.ReplaceAll(line, []byte(private), []byte(public))
		})
	}
	// The stream's own address comes last, and counts (RFC 8866 §5.7).
	if at := bytes.LastIndex(body, []byte("c=IN IP4 ")); at >= 0 && bytes.HasPrefix(body[at+9:], []byte(private+"\r")) {
		body = mediaLine.ReplaceAllFunc(body, func(line []byte) []byte {
			port, _ := strconv.ParseUint(string(mediaLine.FindSubmatch(line)[1]), 10, 16)
			w := n.media(uint16(port), d.dst)
			return fmt.Appendf(nil, "m=audio %d ", w.port)
		})
	}
	body = change(body)
	n.put(d, change(head), body)
}

// media opens the way of a media port, and of the one for its reports.
func (n *NAT) media(port uint16, to netip.AddrPort) *way {
	var first *way
	for i := range uint16(2) {
		w := n.way(unix.IPPROTO_UDP, netip.AddrPortFrom(n.private, port+i), to)
		w.open, w.used = true, time.Now()
		if first == nil {
			first = w
		}
	}
	return first
}

// rewriteIn undoes it where the phone must find itself: in the request line and in Via.
func (n *NAT) rewriteIn(d *datagram, sip *way) {
	head, body, ok := bytes.Cut(d.payload(), []byte("\r\n\r\n"))
	if !ok {
		return
	}
	lines := bytes.Split(head, []byte("\r\n"))
	at := fmt.Appendf(nil, "%s:%d", n.public, sip.port)
	for i, line := range lines {
		if i == 0 || bytes.HasPrefix(line, []byte("Via:")) {
			lines[i] = bytes.Replace(line, at, []byte(sip.key.from.String()), 1)
		}
	}
	n.put(d, bytes.Join(lines, []byte("\r\n")), body)
}

// put writes a changed message back, with its length.
func (n *NAT) put(d *datagram, head, body []byte) {
	head = lengthLine.ReplaceAll(head, fmt.Appendf(nil, "${1}: %d", len(body)))
	whole := append(append(append([]byte(nil), head...), "\r\n\r\n"...), body...)
	if !bytes.Equal(whole, d.payload()) {
		n.meddled++
		d.setPayload(whole)
	}
}
