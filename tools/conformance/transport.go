package conformance

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"
)

var transportChecks = []check{
	{"4.1", "hello is the first frame, within 3 s, and has its members", "", func(r *run) error {
		l, err := r.open(nil)
		if err != nil {
			return err
		}
		defer l.close()
		began := time.Now()
		m, err := l.readAny()
		switch {
		case err != nil:
			return err
		case m.Method != "hello" || m.ID != nil:
			return fmt.Errorf("the first frame is %q", m.Method)
		case time.Since(began) > 3*time.Second:
			return fmt.Errorf("hello came after %v", time.Since(began))
		}
		l.close()
		if l, err = r.greeted(); err != nil {
			return err
		}
		defer l.close()
		return r.hello.check()
	}},
	{"2.3", "the phone's key has the pin", "", func(r *run) error {
		l, err := r.open(nil)
		if err != nil {
			return err
		}
		defer l.close()
		pin := sha256.Sum256(l.conn.ConnectionState().PeerCertificates[0].RawSubjectPublicKeyInfo)
		if !bytes.Equal(pin[:], r.Identity.Phone[:]) {
			return fmt.Errorf("the pin is %x", pin)
		}
		return nil
	}},
	{"2.2", "an unknown key gets no hello", "", func(r *run) error {
		cert, err := stranger()
		if err != nil {
			return err
		}
		return r.shut(func(c *tls.Config) { c.Certificates = []tls.Certificate{cert} })
	}},
	{"2.2", "no key gets no hello", "", func(r *run) error { return r.shut(func(c *tls.Config) { c.Certificates = nil }) }},
	{"2.2", "TLS 1.2 is refused", "", func(r *run) error {
		return r.shut(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 })
	}},
	{"2.2", "a controller without ALPN is refused", "", func(r *run) error { return r.shut(func(c *tls.Config) { c.NextProtos = nil }) }},
	{"2.2", "another ALPN is refused", "", func(r *run) error { return r.shut(func(c *tls.Config) { c.NextProtos = []string{"h2"} }) }},
	{"2.2", "no session tickets are given", "", func(r *run) error {
		tickets := &ticketBox{}
		l, err := r.open(func(c *tls.Config) { c.ClientSessionCache = tickets })
		if err != nil {
			return err
		}
		defer l.close()
		if _, err := l.read(); err != nil {
			return err
		}
		if tickets.got {
			return errors.New("a session ticket was given")
		}
		return nil
	}},
}

// ticketBox notes that a ticket came.
type ticketBox struct{ got bool }

func (b *ticketBox) Get(string) (*tls.ClientSessionState, bool) { return nil, false }
func (b *ticketBox) Put(_ string, s *tls.ClientSessionState)    { b.got = b.got || s != nil }

// shut wants a connection bent by change to get no byte.
func (r *run) shut(change func(*tls.Config)) error {
	l, err := r.open(change)
	if err != nil {
		if strings.HasPrefix(err.Error(), "cannot connect") {
			return err
		}
		return nil
	}
	defer l.close()
	if m, err := l.readAny(); err == nil {
		return fmt.Errorf("got %q", m.Method)
	}
	return nil
}

var frameChecks = []check{
	{"3.1", "a frame in pieces, and two frames at once, are read", "", func(r *run) error {
		l, err := r.greeted()
		if err != nil {
			return err
		}
		defer l.close()
		one := frame(`{"jsonrpc":"2.0","id":1,"method":"ping","params":{}}`)
		for i := range one {
			if err := l.write(one[i : i+1]); err != nil {
				return err
			}
		}
		if _, err := l.answer("1"); err != nil {
			return err
		}
		both := append(frame(`{"jsonrpc":"2.0","id":2,"method":"ping"}`), frame(`{"jsonrpc":"2.0","id":3,"method":"ping"}`)...)
		if err := l.write(both); err != nil {
			return err
		}
		if _, err := l.answer("2"); err != nil {
			return err
		}
		_, err = l.answer("3")
		return err
	}},
	{"3.1", "a frame of 65536 bytes is read", "", func(r *run) error {
		l, err := r.greeted()
		if err != nil {
			return err
		}
		defer l.close()
		text := `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":""}}`
		text = strings.Replace(text, `""`, `"`+strings.Repeat("x", 65536-len(text))+`"`, 1)
		if err := l.write(frame(text)); err != nil {
			return err
		}
		_, err = l.answer("1")
		return err
	}},
	{"3.1", "a frame too long is answered -32700, and the leg ends", "", func(r *run) error { return r.unreadable([]byte{0, 1, 0, 1}) }},
	{"3.1", "an empty frame is answered -32700, and the leg ends", "", func(r *run) error { return r.unreadable([]byte{0, 0, 0, 0}) }},
	{"3.1", "what is not JSON is answered -32700, and the leg ends", "", func(r *run) error { return r.unreadable(frame(`{"jsonrpc":"2.0",`)) }},
	{"3.1", "what is not UTF-8 is answered -32700, and the leg ends", "", func(r *run) error {
		return r.unreadable(frame("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"a\":\"\xff\"}}"))
	}},
	{"3.2", "a batch is answered -32600", "", odd(`[{"jsonrpc":"2.0","id":1,"method":"ping"}]`)},
	{"3.2", "another version of JSON-RPC is answered -32600", "", odd(`{"jsonrpc":"1.0","id":1,"method":"ping"}`)},
	{"3.2", "an id that is no whole number is answered -32600", "", odd(`{"jsonrpc":"2.0","id":"1","method":"ping"}`)},
	{"3.2", "an id of 2^53 is answered -32600", "", odd(`{"jsonrpc":"2.0","id":9007199254740992,"method":"ping"}`)},
	{"3.2", "params that are no object are answered -32600", "", odd(`{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}`)},
	{"3.2", "unknown members are passed over", "", func(r *run) error {
		l, err := r.greeted()
		if err != nil {
			return err
		}
		defer l.close()
		if err := l.write(frame(`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"later":[]},"trace":{}}`)); err != nil {
			return err
		}
		m, err := l.answer("1")
		if err == nil && m.Error != nil {
			err = m.Error
		}
		return err
	}},
	{"3.2", "an unknown notification is passed over, and not answered", "", func(r *run) error {
		l, err := r.greeted()
		if err != nil {
			return err
		}
		defer l.close()
		if err := l.write(frame(`{"jsonrpc":"2.0","method":"controller.sang","params":{}}`)); err != nil {
			return err
		}
		return l.ask("ping", map[string]any{}, nil)
	}},
}

// unreadable sends bytes that end a leg.
func (r *run) unreadable(b []byte) error {
	l, err := r.greeted()
	if err != nil {
		return err
	}
	defer l.close()
	if err := l.write(b); err != nil {
		return err
	}
	m, err := l.read()
	switch {
	case err != nil:
		return fmt.Errorf("no answer: %w", err)
	case m.Error == nil || m.Error.Code != -32700:
		return fmt.Errorf("answered %+v", m)
	case string(m.ID) != "null" && m.ID != nil:
		return fmt.Errorf("the answer has id %s, must be null", m.ID)
	}
	return l.ended()
}

// odd sends JSON that is no message; the leg must go on.
func odd(text string) func(*run) error {
	return func(r *run) error {
		l, err := r.greeted()
		if err != nil {
			return err
		}
		defer l.close()
		if err := l.write(frame(text)); err != nil {
			return err
		}
		m, err := l.read()
		if err != nil {
			return fmt.Errorf("no answer: %w", err)
		}
		if m.Error == nil || m.Error.Code != -32600 {
			return fmt.Errorf("answered %+v", m)
		}
		return l.ask("ping", map[string]any{}, nil)
	}
}
