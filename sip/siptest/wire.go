package siptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"opendeskphone/sip/stack"
)

// Wire is an end of the network that speaks raw text: what it sends need not
// be SIP, and what it receives is not interpreted.
type Wire struct {
	packets net.PacketConn
	stream  net.Conn
	to      netip.AddrPort
	buf     []byte // of the stream
}

// NewWire opens a socket on local; for TCP it connects to to. A stack's Config
// should have PingEvery 0 when it talks to a Wire.
func NewWire(ctx context.Context, n stack.Network, t stack.Transport, local, to netip.AddrPort) (*Wire, error) {
	w := &Wire{to: to}
	var err error
	if t == stack.UDP {
		w.packets, err = n.ListenPacket(local)
	} else {
		w.stream, err = n.Dial(ctx, local.Addr(), to)
	}
	if err != nil {
		return nil, fmt.Errorf("siptest: open wire: %w", err)
	}
	return w, nil
}

// WireOn makes a Wire of a stream somebody else opened.
func WireOn(c net.Conn) *Wire { return &Wire{stream: c} }

// Close closes the socket.
func (w *Wire) Close() error {
	if w.packets != nil {
		return w.packets.Close()
	}
	return w.stream.Close()
}

// Local is our end.
func (w *Wire) Local() netip.AddrPort {
	var a net.Addr
	if w.packets != nil {
		a = w.packets.LocalAddr()
	} else {
		a = w.stream.LocalAddr()
	}
	ap, _ := netip.ParseAddrPort(a.String())
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// Send sends text as it is.
func (w *Wire) Send(text string) error {
	var err error
	if w.packets != nil {
		_, err = w.packets.WriteTo([]byte(text), net.UDPAddrFromAddrPort(w.to))
	} else {
		_, err = w.stream.Write([]byte(text))
	}
	return err
}

// ErrSilent is what Next returns when nothing came in time.
var ErrSilent = errors.New("siptest: nothing came")

// Next waits for a message: a datagram, or a head with its body, or a lone
// CRLF. The error is io.EOF when the stream was closed, ErrSilent after within.
// Over datagrams the sender becomes the one the next Send goes to.
func (w *Wire) Next(within time.Duration) (string, error) {
	if w.packets != nil {
		buf := make([]byte, 65536)
		w.packets.SetReadDeadline(time.Now().Add(within))
		n, from, err := w.packets.ReadFrom(buf)
		if err != nil {
			return "", silence(err)
		}
		ap, _ := netip.ParseAddrPort(from.String())
		w.to = netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
		return string(buf[:n]), nil
	}
	w.stream.SetReadDeadline(time.Now().Add(within))
	for {
		if m, ok := w.cut(); ok {
			return m, nil
		}
		buf := make([]byte, 16384)
		n, err := w.stream.Read(buf)
		w.buf = append(w.buf, buf[:n]...)
		if n == 0 && err != nil {
			return "", silence(err)
		}
	}
}

// cut takes one message off the stream.
func (w *Wire) cut() (string, bool) {
	if bytes.HasPrefix(w.buf, []byte("\r\n")) {
		w.buf = w.buf[2:]
		return "\r\n", true
	}
	end := bytes.Index(w.buf, []byte("\r\n\r\n"))
	if end < 0 {
		return "", false
	}
	length, _ := strconv.Atoi(HeaderOf(string(w.buf[:end+2]), "Content-Length"))
	end += 4 + length
	if len(w.buf) < end {
		return "", false
	}
	m := string(w.buf[:end])
	w.buf = w.buf[end:]
	return m, true
}

func silence(err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ErrSilent
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		return io.EOF
	default:
		return err
	}
}

// HeaderOf finds the first header of that name in the text of a message.
func HeaderOf(text, name string) string {
	for line := range strings.SplitSeq(text, "\r\n") {
		if n, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(strings.TrimSpace(n), name) {
			return strings.TrimSpace(v)
		}
		if line == "" {
			break
		}
	}
	return ""
}

// CodeOf is the status code in the text of a response, or 0.
func CodeOf(text string) int {
	f := strings.Fields(text)
	if len(f) < 2 || f[0] != "SIP/2.0" {
		return 0
	}
	code, _ := strconv.Atoi(f[1])
	return code
}

// Answer makes the text of a response to the text of a request, with a tag in
// To and, when body is not empty, SDP.
func Answer(request string, code int, tag, body string, extra ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", code, stack.Phrase(code))
	for line := range strings.SplitSeq(request, "\r\n") {
		if line == "" {
			break
		}
		name, _, _ := strings.Cut(line, ":")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "via", "from", "call-id", "cseq", "record-route":
			b.WriteString(line + "\r\n")
		case "to":
			if tag != "" && !strings.Contains(line, ";tag=") {
				line += ";tag=" + tag
			}
			b.WriteString(line + "\r\n")
		}
	}
	for _, h := range extra {
		b.WriteString(h + "\r\n")
	}
	if body != "" {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return b.String()
}
