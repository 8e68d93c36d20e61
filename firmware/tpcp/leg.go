package tpcp

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"opendeskphone/firmware/phone"
)

// leg is one connection of a controller.
type leg struct {
	server *Server
	conn   *tls.Conn
	from   string
	life   context.Context // of the phone, longer than the leg's
	out    *queue
	work   chan struct{} // places of requests that take long

	pairing Pairing  // guarded by server.mu, as is all below
	session *session // nil before session.open
}

// session is what session.open made of a leg.
type session struct {
	id           string
	controllerID string
	origin       phone.Origin
	topics       map[string]bool
	secret       []byte // that the attach proof was made with; nil: detached
	rights       Rights
	attached     bool
}

const maxWork = 4 // requests of one leg that may wait for a person at the same time

func newLeg(s *Server, conn *tls.Conn, p Pairing, from string) *leg {
	return &leg{server: s, conn: conn, pairing: p, from: from, out: newQueue(), work: make(chan struct{}, maxWork)}
}

// run is the life of a leg.
func (s *Server) run(ctx context.Context, l *leg) error {
	if !s.join(l) {
		return refuse(CodeResource, "too many connections")
	}
	defer s.part(l)
	l.life = ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { s.dismiss(l, "shutdown", "") })
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() {
		defer cancel()
		defer l.conn.Close()
		_ = l.guard(l.write)
	})
	began := time.Now()
	err := l.guard(func() error { return l.read(ctx, &wg) })
	l.out.end(nil)
	cancel()
	s.part(l)
	wg.Wait()
	s.log.Info("a control leg ended", "from", l.from, "pairing", l.pairing.ID, "lasted", time.Since(began).Round(time.Millisecond), "err", err)
	return err
}

// guard keeps a bug that one controller has found from ending calls.
func (l *leg) guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("tpcp: panic: %v", r)
			l.server.log.Error("a control leg fell", "panic", r, "stack", string(debug.Stack()))
		}
	}()
	return f()
}

// join adds a leg and greets it.
func (s *Server) join(l *leg) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.legs) >= maxConnections {
		return false
	}
	s.catchUp()
	now := time.Now()
	hello, err := frame(wireMessage{JSONRPC: "2.0", Method: NotifyHello, Params: Hello{
		Proto: Proto, Minor: Minor, DeviceID: s.cfg.DeviceID, Model: s.cfg.Model, Firmware: s.cfg.Firmware, BootID: s.bootID,
		PairingID: l.pairing.ID, Rights: l.pairing.Rights, Lines: s.lines, Features: s.features(), MaxCalls: phone.MaxCalls,
		AttachRequired: rightsOf(l.pairing, nil, now) == 0, Time: Time{now},
	}})
	if err != nil {
		s.log.Error("hello cannot be said", "err", err)
		return false
	}
	s.legs[l] = true
	l.out.note(hello)
	return true
}

func (s *Server) part(l *leg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.legs, l)
	if l.session != nil {
		delete(s.made, l.session.origin)
		l.session = nil
	}
}

// bye says goodbye to a leg; the caller holds mu.
func (s *Server) bye(l *leg, reason, detail string) {
	b, err := frame(wireMessage{JSONRPC: "2.0", Method: NotifyBye, Params: Bye{Stamp: s.legStamp(), Reason: reason, Detail: detail}})
	if err != nil {
		b = nil
	}
	l.out.end(b)
	l.session = nil
}

const byeTime = time.Second // how long a leg that is told goodbye may take to hear it

// write writes what stands in line, pings when idle, and closes the leg when nothing comes any more.
func (l *leg) write() error {
	ping, err := frame(wireMessage{JSONRPC: "2.0", Method: NotifyPing, Params: struct{}{}})
	if err != nil {
		return err
	}
	idle := time.NewTimer(pingTime)
	defer idle.Stop()
	for {
		b, resync, over := l.out.next()
		switch {
		case over:
			return nil
		case resync:
			l.server.resync(l)
			continue
		case b == nil:
			select {
			case <-l.out.wake:
				continue
			case <-idle.C:
				b = ping
			}
		}
		if err := l.send(b); err != nil {
			return err
		}
		idle.Reset(pingTime)
	}
}

// send writes one frame; a leg that is ended has but byeTime left to take it.
func (l *leg) send(b []byte) error {
	stop := context.AfterFunc(l.out.leaving, func() { _ = l.conn.SetWriteDeadline(time.Now().Add(byeTime)) })
	defer stop()
	_ = l.conn.SetWriteDeadline(time.Now().Add(deadTime))
	_, err := l.conn.Write(b)
	return err
}

// read takes requests until the leg is over.
func (l *leg) read(ctx context.Context, wg *sync.WaitGroup) error {
	in := bufio.NewReader(l.conn)
	var tokens bucket
	deadline := time.Now().Add(openTime)
	for {
		if l.opened() {
			deadline = time.Now().Add(deadTime)
		}
		_ = l.conn.SetReadDeadline(deadline)
		b, err := ReadFrame(in)
		if CodeOf(err) == CodeParse {
			return l.unreadable(ctx, err)
		}
		if err != nil {
			return l.silent(err)
		}
		m, bad := ParseMessage(b)
		switch {
		case bad != nil && bad.Code == CodeParse:
			return l.unreadable(ctx, bad)
		case !tokens.take(time.Now()):
			l.tooMany(ctx, m)
		case bad != nil && m.ID == nil:
			l.put(ctx, unread{JSONRPC: "2.0", Error: bad})
		case bad != nil:
			l.put(ctx, wireMessage{ID: m.ID, Error: bad})
		case m.Method != "" && m.ID != nil:
			l.server.request(ctx, l, m, wg)
		}
	}
}

// floodPause is how long a leg that asks too fast is not listened to after each refusal: a flood costs the
// phone no more than so many refusals a second.
const floodPause = 5 * time.Millisecond

func (l *leg) tooMany(ctx context.Context, m Message) {
	if m.ID != nil && m.Method != "" {
		e := refuse(CodeRateLimited, fmt.Sprintf("more than %d requests a second", rate))
		e.Data.RetryMs = 1000 / rate
		l.put(ctx, wireMessage{ID: m.ID, Error: e})
	}
	select {
	case <-time.After(floodPause):
	case <-ctx.Done():
	}
}

// unreadable ends a leg whose stream makes no sense.
func (l *leg) unreadable(ctx context.Context, err error) error {
	var e *Error
	if errors.As(err, &e) {
		l.put(ctx, unread{JSONRPC: "2.0", Error: e})
	}
	l.server.dismiss(l, "protocol", err.Error())
	return err
}

// silent ends a leg that says nothing.
func (l *leg) silent(err error) error {
	if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
		l.server.dismiss(l, "timeout", "")
		return ErrSilent
	}
	return err
}

func (s *Server) dismiss(l *leg, reason, detail string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bye(l, reason, detail)
}

func (l *leg) opened() bool {
	l.server.mu.Lock()
	defer l.server.mu.Unlock()
	return l.session != nil
}

// put puts an answer in line.
func (l *leg) put(ctx context.Context, m any) {
	if w, ok := m.(wireMessage); ok {
		w.JSONRPC = "2.0"
		m = w
	}
	b, err := frame(m)
	if w, ok := m.(wireMessage); ok && err != nil {
		l.server.log.Error("an answer cannot be sent", "err", err)
		b, err = frame(wireMessage{JSONRPC: "2.0", ID: w.ID, Error: refuse(CodeInternal, "the answer does not fit a frame")})
	}
	if err == nil {
		l.out.answer(ctx, b)
	}
}

// resync sends the whole phone to a leg that lost notifications.
func (s *Server) resync(l *leg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	b, err := frame(wireMessage{JSONRPC: "2.0", Method: NotifyResync, Params: Resync{Stamp: s.legStamp(), Snapshot: s.snapshot()}})
	if err != nil {
		s.log.Error("a resync cannot be sent", "err", err)
		l.out.end(nil)
		return
	}
	l.out.caughtUp(b)
}

// review looks at what a leg may do now; the caller holds mu.
func (s *Server) review(l *leg) {
	pin, err := peerPin(l.conn.ConnectionState().PeerCertificates)
	if err != nil {
		return
	}
	p, ok := s.pairings.Find(pin)
	if !ok {
		s.bye(l, "unpaired", "")
		return
	}
	l.pairing = p
	n := l.session
	if n == nil {
		return
	}
	rights, attached := rightsOf(p, n.secret, time.Now()), attachedBy(p, n.secret)
	if rights == n.rights && attached == n.attached {
		return
	}
	n.rights, n.attached = rights, attached
	b, err := frame(wireMessage{JSONRPC: "2.0", Method: NotifySessionRights, Params: SessionRights{Stamp: s.legStamp(), Rights: rights, Attached: attached}})
	if err == nil {
		l.out.note(b)
	}
}

// attachedBy tells whether a proof made with secret speaks of the cable as it is plugged in now.
func attachedBy(p Pairing, secret []byte) bool {
	return len(p.Secret) > 0 && bytes.Equal(p.Secret, secret)
}

const clockSlack = 5 * time.Minute // by which the clock may have been set back

// rightsOf gives what a session may do: with the cable plugged in and proven all that was granted, without
// it to see and to control for detachedTime after it was. An attach that lies ahead counts for nothing.
func rightsOf(p Pairing, secret []byte, now time.Time) Rights {
	if attachedBy(p, secret) {
		return p.Rights
	}
	since := now.Sub(p.LastAttach)
	if len(p.Secret) > 0 || since < detachedTime && since > -clockSlack {
		return p.Rights & (Observe | Control)
	}
	return 0
}

func randomID() string {
	b := make([]byte, 16)
	rand.Read(b)
	return hex.EncodeToString(b)
}
