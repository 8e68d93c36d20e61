package conformance

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"opendeskphone/firmware/tpcp"
)

type object = map[string]any

// bent is a phone with one fault: it stands before a right one, speaks TLS with the same keys, and bends what
// passes.
type bent struct {
	tls   func(*tls.Config)
	down  func(object) []object         // what the phone says
	up    func(object) (object, object) // what the controller says, and what is answered at once
	hasty bool                          // takes a frame only if it comes in one piece
	least int                           // bytes of a frame it does not take any more; 0: none
	stay  bool                          // does not close when the phone does
}

// front is TLS as it should be.
func front(t *testing.T) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate(t, phoneKey)}, NextProtos: []string{tpcp.Proto},
		ClientAuth: tls.RequireAnyClientCert, SessionTicketsDisabled: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			if s.NegotiatedProtocol != tpcp.Proto {
				return fmt.Errorf("no %s", tpcp.Proto)
			}
			if len(s.PeerCertificates) == 0 || sha256.Sum256(s.PeerCertificates[0].RawSubjectPublicKeyInfo) != pinOf(hostKey) {
				return tpcp.ErrPin
			}
			return nil
		},
	}
}

// dial opens a way to the phone through b.
func (b bent) dial(t *testing.T, address string) Dial {
	cfg := front(t)
	if b.tls != nil {
		b.tls(cfg)
	}
	id := tpcp.Identity{Certificate: certificate(t, hostKey), Phone: pinOf(phoneKey)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			theirs, err := l.Accept()
			if err != nil {
				return
			}
			go b.serve(tls.Server(theirs, cfg), address, id)
		}
	}()
	return dialer(l.Addr().String())
}

func (b bent) serve(in *tls.Conn, address string, id tpcp.Identity) {
	defer in.Close()
	if in.Handshake() != nil {
		return
	}
	raw, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	if out, err := tpcp.Secure(context.Background(), raw, id); err == nil {
		b.pass(in, out)
	}
}

func (b bent) pass(in, out *tls.Conn) {
	var write sync.Mutex
	say := func(m object) error {
		text, err := json.Marshal(m)
		if err != nil {
			return err
		}
		write.Lock()
		defer write.Unlock()
		_, err = in.Write(frame(string(text)))
		return err
	}
	go func() {
		defer out.Close()
		for b.upward(in, out, say) == nil {
		}
	}()
	for {
		text, err := tpcp.ReadFrame(out)
		if err != nil {
			break
		}
		var m object
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.UseNumber()
		if d.Decode(&m) != nil {
			break
		}
		all := []object{m}
		if b.down != nil {
			all = b.down(m)
		}
		for _, m := range all {
			_ = say(m)
		}
	}
	if b.stay {
		_, _ = io.Copy(io.Discard, in)
	}
	in.Close()
}

// upward carries one frame of the controller, also one that makes no sense.
func (b bent) upward(in, out *tls.Conn, say func(object) error) error {
	head := make([]byte, 4)
	if n, err := in.Read(head); err != nil || n < 4 && b.hasty {
		return io.ErrUnexpectedEOF
	} else if _, err := io.ReadFull(in, head[n:]); err != nil {
		return err
	}
	n := int(head[0])<<24 | int(head[1])<<16 | int(head[2])<<8 | int(head[3])
	if n > 65536 {
		_, err := out.Write(head)
		return err
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(in, text); err != nil {
		return err
	}
	if b.least > 0 && n >= b.least {
		return io.ErrShortBuffer
	}
	var m object
	if json.Unmarshal(text, &m) == nil && m != nil {
		b.prove(m, in, out)
		var answer object
		if b.up != nil {
			m, answer = b.up(m)
		}
		if answer != nil {
			_ = say(answer)
		}
		if better, err := json.Marshal(m); err == nil && fmt.Sprint(m["method"]) != "ping" {
			text = better
		}
	}
	_, err := out.Write(frame(string(text)))
	return err
}

// prove makes the cable's proof of one connection that of the other.
func (b bent) prove(m object, in, out *tls.Conn) {
	p, _ := m["params"].(object)
	if p["attachProof"] == proofOf(in) {
		p["attachProof"] = proofOf(out)
	}
}

func proofOf(c *tls.Conn) string {
	s := c.ConnectionState()
	exporter, err := s.ExportKeyingMaterial("EXPORTER-tpcp-attach", nil, 32)
	if err != nil {
		return ""
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(append([]byte("tpcp/1 attach proof\x00"), exporter...))
	return hex.EncodeToString(mac.Sum(nil))
}

// code turns one error into another.
func code(from, to int) bent {
	return edit(func(m object) {
		if e, ok := m["error"].(object); ok && fmt.Sprint(e["code"]) == fmt.Sprint(from) {
			e["code"] = to
		}
	})
}

// edit changes every message of the phone.
func edit(f func(object)) bent {
	return bent{down: func(m object) []object { f(m); return []object{m} }}
}

// result changes a member of results that have it.
func result(member string, to any) bent {
	return edit(func(m object) {
		if r, ok := m["result"].(object); ok {
			if _, has := r[member]; has {
				if r[member] = to; to == nil {
					delete(r, member)
				}
			}
		}
	})
}

// drop swallows a notification.
func drop(name string) bent {
	return bent{down: func(m object) []object {
		if m["method"] == name {
			return nil
		}
		return []object{m}
	}}
}

// inCalls changes every call in whatever the phone says.
func inCalls(f func(object)) bent {
	return edit(func(m object) {
		for _, part := range []string{"result", "params"} {
			p, _ := m[part].(object)
			if c, ok := p["call"].(object); ok {
				f(c)
			}
			list, _ := p["calls"].([]any)
			for _, c := range list {
				f(c.(object))
			}
		}
	})
}

// ask changes the params of a method.
func ask(method string, f func(object)) bent {
	return bent{up: func(m object) (object, object) {
		if p, ok := m["params"].(object); ok && m["method"] == method {
			f(p)
		}
		return m, nil
	}}
}

var told = object{"jsonrpc": "2.0", "method": "contacts.changed", "params": object{"seq": 1, "bootId": "x", "at": "2026-01-01T00:00:00.000Z", "by": "local"}}

// late holds contacts.changed back until an answer has passed.
func late() bent {
	var held []object
	return bent{down: func(m object) []object {
		if m["method"] == "contacts.changed" {
			held = append(held, m)
			return nil
		}
		out := append([]object{m}, held...)
		held = nil
		return out
	}}
}

// faults are for each check a phone that must fail it.
func faults(t *testing.T) map[string]bent {
	other := certificate(t, key(0x33))
	return map[string]bent{
		"hello is the first frame, within 3 s, and has its members": edit(func(m object) { delete(m["params"].(object), "bootId") }),
		"the phone's key has the pin":                               {tls: func(c *tls.Config) { c.Certificates = []tls.Certificate{other} }},
		"an unknown key gets no hello":                              {tls: func(c *tls.Config) { c.VerifyConnection = nil }},
		"no key gets no hello":                                      {tls: func(c *tls.Config) { c.VerifyConnection, c.ClientAuth = nil, tls.NoClientCert }},
		"TLS 1.2 is refused":                                        {tls: func(c *tls.Config) { c.MinVersion = tls.VersionTLS12 }},
		"a controller without ALPN is refused":                      {tls: func(c *tls.Config) { c.VerifyConnection = nil }},
		"another ALPN is refused":                                   {tls: func(c *tls.Config) { c.VerifyConnection, c.NextProtos = nil, nil }},
		"no session tickets are given":                              {tls: func(c *tls.Config) { c.SessionTicketsDisabled = false }},

		"a frame in pieces, and two frames at once, are read":                        {hasty: true},
		"a frame of 65536 bytes is read":                                             {least: 65536},
		"a frame too long is answered -32700, and the leg ends":                      code(-32700, -32600),
		"an empty frame is answered -32700, and the leg ends":                        {stay: true},
		"what is not JSON is answered -32700, and the leg ends":                      code(-32700, -32603),
		"what is not UTF-8 is answered -32700, and the leg ends":                     edit(func(m object) { m["id"] = 1 }),
		"a batch is answered -32600":                                                 code(-32600, -32700),
		"another version of JSON-RPC is answered -32600":                             code(-32600, -32603),
		"an id that is no whole number is answered -32600":                           edit(func(m object) { delete(m, "error"); m["result"] = object{} }),
		"an id of 2^53 is answered -32600":                                           code(-32600, -32602),
		"params that are no object are answered -32600":                              code(-32600, -32602),
		"unknown members are passed over":                                            edit(func(m object) { m["jsonrpc"] = "2.1" }),
		"an unknown notification is passed over, and not answered":                   {up: singing},
		"before session.open all but ping is refused with 1001":                      code(1001, 1006),
		"a session opens, with all members of the result":                            result("attached", nil),
		"a wrong controllerId or topic is -32602":                                    ask("session.open", func(p object) { p["controllerId"] = "x" }),
		"a second leg of one controller replaces the first":                          drop("bye"),
		"opening again on the same leg makes a new session":                          result("sessionId", "always-the-same"),
		"at most four controllers have sessions, the next gets 1008":                 code(1008, 1006),
		"a false proof is 1003":                                                      ask("session.open", func(p object) { delete(p, "attachProof") }),
		"the cable's proof attaches; on another connection it is 1003":               result("attached", false),
		"a detached session may neither provision nor move the lock":                 result("rights", []string{"observe", "provision"}),
		"a session resumes where it was":                                             ask("session.open", func(p object) { delete(p, "resume") }),
		"another boot, or a number not reached yet, gets a snapshot":                 result("resumed", true),
		"what was missed follows the answer, numbered, and none else":                drop("contacts.changed"),
		"topics that were not subscribed to are not told":                            ask("session.open", func(p object) { delete(p, "subscribe") }),
		"after session.close all is 1001 again, and the leg stands":                  {up: deaf("session.close")},
		"a leg without a session is closed after 10 s":                               {stay: true},
		"an unknown method is -32601":                                                code(-32601, 1011),
		"params of the wrong type are -32602":                                        code(-32602, 1004),
		"what a request changed is told before its answer":                           late(),
		"idem: done once, answered twice, also on another leg":                       ask("contacts.put", func(p object) { delete(p, "idem") }),
		"more than 40 requests at once get 1015 with retryMs, and later all is well": edit(noRetry),
		"methods that hello does not list are refused with 1011":                     code(1011, -32601),
		"methods on a call that is not there are 1004":                               code(1004, 1006),
		"a conference that no server holds is 1006":                                  code(1006, 1011),
		"call.make: no line is 1005, no destination 1012":                            code(1012, 1006),
		"call.list has calls":                                                        result("calls", nil),
		"line.list has the lines of hello":                                           result("lines", []any{}),
		"what keys show is listed, no key that is not there is pressed":              result("watched", []object{{"number": "201", "lamp": "lit", "presence": "away"}}),
		"voice messages are listed, or 1011 where no server gives them out":          withoutID(),
		"a voice message that is not there is 1004, nothing to pause or stop 1006":   code(1006, 1010),
		"device.get shows the device":                                                result("device", object{"hook": "sideways"}),
		"volumes are set, told, and bounded":                                         drop("device.changed"),
		"log.list: pages, and limits":                                                result("more", nil),
		"the log takes what a computer tells of, and notes":                          ask("log.add", func(p object) { delete(p, "conversationId") }),
		"contacts come, are changed, and go":                                         ask("contacts.put", func(p object) { delete(p["contact"].(object), "organisation") }),
		"diag.stats has calls":                                                       result("calls", nil),
		"a number is explained":                                                      result("steps", []any{}),
		"traces come whole, in both formats":                                         result("more", nil),
		"ping tells the time":                                                        result("t", "noon"),
		"no secret is read back":                                                     edit(leaky),
		"a call is made, told, held, taken back and ended":                           inCalls(func(c object) { delete(c, "actions") }),
		"the same call.make does not call twice":                                     ask("call.make", func(p object) { delete(p, "idem") }),
		"a late request is 1009, with the revision":                                  ask("call.hold", func(p object) { delete(p, "ifRev") }),
		"what actions does not list is refused, what it lists is not":                inCalls(func(c object) { c["actions"] = []string{"resume"} }),
		"a consultation holds its call, and call.reconnect takes that back":          inCalls(func(c object) { delete(c, "consultOf") }),
		"two calls become a conference, are held as one, and part":                   inCalls(func(c object) { delete(c, "conf") }),
		"a call outlives the leg that made it, and is there on resume":               result("calls", []any{}),
	}
}

func singing(m object) (object, object) {
	if m["method"] == "controller.sang" {
		return m, object{"jsonrpc": "2.0", "id": 99, "error": object{"code": -32601, "message": "no"}}
	}
	return m, nil
}

// deaf makes a ping of a method.
func deaf(method string) func(object) (object, object) {
	return func(m object) (object, object) {
		if m["method"] == method {
			m = object{"jsonrpc": "2.0", "id": m["id"], "method": "line.list"}
		}
		return m, nil
	}
}

// withoutID lists a voice message that cannot be asked for.
func withoutID() bent {
	return bent{up: func(m object) (object, object) {
		if m["method"] != "voicemail.list" {
			return m, nil
		}
		if p, _ := m["params"].(object); p["lineId"] != "l-1" {
			return m, nil
		}
		message := object{"receivedAt": "2026-01-01T00:00:00.000Z", "new": true, "urgent": false}
		return object{"jsonrpc": "2.0", "method": "controller.listened"}, object{"jsonrpc": "2.0", "id": m["id"],
			"result": object{"lineId": "l-1", "messages": []object{message}, "total": 1, "more": false}}
	}}
}

func noRetry(m object) {
	if e, ok := m["error"].(object); ok {
		delete(e["data"].(object), "retryMs")
	}
}

func leaky(m object) {
	if r, ok := m["result"].(object); ok && r["lastResult"] != nil {
		r["password"] = "correct horse"
	}
}

func TestEveryCheckFindsAFault(t *testing.T) {
	t.Parallel()
	address := startPhone(t)
	bad := faults(t)
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			b, ok := bad[c.name]
			if !ok {
				t.Fatal("no phone is known that fails it")
			}
			r := &run{Options: options(t), ctx: t.Context(), dial: dialer(address), name: "test"}
			r.Patience = 800 * time.Millisecond
			l, err := r.greeted()
			if err != nil {
				t.Fatal(err)
			}
			l.close()
			r.dial = b.dial(t, address)
			if err = c.do(r); err == nil {
				t.Error("it does not find the fault")
			}
			t.Log(err)
			b.hangUp(t, address)
		})
	}
}

// TestRightPhoneBehindARelay: what finds the faults below is the fault, not that something stands between.
func TestRightPhoneBehindARelay(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.Call = ""
	var report strings.Builder
	if _, failed := Run(t.Context(), bent{}.dial(t, startPhone(t)), o, &report); failed > 0 {
		t.Error(report.String())
	}
}

// hangUp ends the calls that a check which failed has left.
func (bent) hangUp(t *testing.T, address string) {
	r := &run{Options: options(t), ctx: t.Context(), dial: dialer(address), name: "broom"}
	r.Patience = 2 * time.Second
	l, _, err := r.opened("broom")
	if err != nil {
		return // four legs are there still: no calls of theirs
	}
	defer l.close()
	var list struct{ Calls []call }
	if err := l.ask("call.list", params{}, &list); err != nil {
		t.Fatal(err)
	}
	for _, c := range list.Calls {
		_ = l.ask("call.hangup", params{"callId": c.CallID}, nil)
	}
}
