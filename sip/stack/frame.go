package stack

import (
	"bytes"
	"errors"
	"strings"
)

var errTooLarge = errors.New("message too large")

// frame is one message cut from a stream. After a fatal one the stream has no
// boundary left: it is answered, then the connection is closed.
type frame struct {
	data []byte
	code int // 0, or what a fatal one is refused with
}

// framer cuts a byte stream into messages by Content-Length (RFC 3261 §18.3)
// and finds the keep-alives of RFC 5626 §3.5.1 between them.
type framer struct {
	max  int // bytes of one message
	buf  []byte
	seen int // bytes of buf known to hold no end of head, so that slow peers cost no more than fast ones
	need int // bytes of the message that begins buf, once its head is complete
}

// push appends what was read.
func (f *framer) push(data []byte) { f.buf = append(f.buf, data...) }

// partial tells whether a message has begun and not ended.
func (f *framer) partial() bool { return len(f.buf) > 0 }

// next cuts the next message; ok is false when more bytes are needed. crlfs
// is the number of CRLF that stood before it: two are a ping, one is a pong.
func (f *framer) next() (m frame, crlfs int, ok bool) {
	for bytes.HasPrefix(f.buf, []byte("\r\n")) {
		f.buf = f.buf[2:]
		crlfs++
	}
	if len(f.buf) == 0 {
		f.buf = nil // let the array go
		return frame{}, crlfs, false
	}
	if f.need == 0 {
		from := max(0, f.seen-3)
		end := bytes.Index(f.buf[from:], []byte("\r\n\r\n"))
		if end < 0 {
			if f.seen = len(f.buf); f.seen > f.max {
				return f.fatal(f.seen, 513), crlfs, true
			}
			return frame{}, crlfs, false
		}
		head := from + end + 4
		n, err := length(f.buf[:from+end])
		switch {
		case err != nil:
			return f.fatal(head, 400), crlfs, true
		case n > f.max-head: // the sum may not fit an int of 32 bits
			return f.fatal(head, 513), crlfs, true
		}
		f.need = head + n
	}
	if f.need > len(f.buf) {
		return frame{}, crlfs, false
	}
	m.data = bytes.Clone(f.buf[:f.need])
	f.buf, f.need, f.seen = f.buf[f.need:], 0, 0
	return m, crlfs, true
}

// length finds the Content-Length in a head. On a stream it must be there
// (RFC 3261 §20.14).
func length(head []byte) (int, error) {
	m := raw{}
	for line := range strings.SplitSeq(fold.Replace(string(head)), "\r\n") {
		name, value, found := strings.Cut(line, ":")
		if found && canonical(strings.TrimRight(name, " \t")) == "Content-Length" {
			m.fields = append(m.fields, field{"Content-Length", strings.Trim(value, " \t")})
		}
	}
	n, err := m.contentLength()
	if n < 0 {
		err = errNoLength
	}
	return n, err
}

// fatal takes n bytes as the message to refuse and drops the rest.
func (f *framer) fatal(n, code int) frame {
	m := frame{data: bytes.Clone(f.buf[:min(n, f.max)]), code: code}
	f.buf, f.need, f.seen = nil, 0, 0
	return m
}
