package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"opendeskphone/sip/qos"
)

// conn is one TCP or TLS connection. The loop owns it; one goroutine reads,
// one writes, so that a peer who does not read never stops the loop.
type conn struct {
	s         *Stack
	id        ConnID
	key       connKey
	transport Transport
	local     netip.AddrPort // valid once open
	remote    netip.AddrPort
	ours      bool // we opened it
	nc        net.Conn
	agreed    TLSState
	out       *outbox
	used      time.Time

	ping, pong *Timer
	pongs      bool          // the far side answers pings, so silence means death
	retired    bool          // nothing new goes by it
	every      time.Duration // between pings, where the far side wants more of them than we send; 0 otherwise
}

type connKey struct {
	transport Transport
	addr      netip.AddrPort
	name      string
	client    ClientCert
}

func (to Target) key() connKey { return connKey{to.Transport, to.Addr, to.ServerName, to.Client} }

type conns struct {
	last  ConnID
	byID  map[ConnID]*conn
	byKey map[connKey]*conn // newest to each far address
}

var (
	errStalled = errors.New("peer does not read")
	errMoved   = errors.New("our address has changed")
	errUnused  = errors.New("no longer wanted")
)

func (cs *conns) add(c *conn) {
	cs.last++
	c.id = cs.last
	cs.byID[c.id], cs.byKey[c.key] = c, c
}

func (cs *conns) remove(c *conn) {
	delete(cs.byID, c.id)
	if cs.byKey[c.key] == c {
		delete(cs.byKey, c.key)
	}
}

func (cs *conns) closeAll() {
	for _, c := range cs.byID {
		c.close()
	}
}

// count is how many we opened, or others did.
func (cs *conns) count(ours bool) int {
	n := 0
	for _, c := range cs.byID {
		if c.ours == ours {
			n++
		}
	}
	return n
}

// retire makes a connection one that is used for nothing new.
func (cs *conns) retire(c *conn) {
	c.retired = true
	if cs.byKey[c.key] == c {
		delete(cs.byKey, c.key)
	}
}

// find is the living connection a Target means, or nil.
func (cs *conns) find(to Target) *conn {
	if c := cs.byID[to.Conn]; c != nil && c.transport == to.Transport && !c.retired {
		return c
	}
	return cs.byKey[to.key()]
}

// open returns the connection for a Target, opening one if there is none. The
// work goes on in the background; what is written meanwhile waits.
func (s *Stack) open(to Target, within time.Duration) (*conn, error) {
	if c := s.conns.find(to); c != nil {
		return c, nil
	}
	if !to.Addr.IsValid() {
		return nil, fmt.Errorf("%w: no address", ErrTransport)
	}
	if s.conns.count(true) >= (s.cfg.MaxConns+1)/2 && !s.evict() {
		return nil, fmt.Errorf("%w: too many connections", ErrTransport)
	}
	c := &conn{
		s: s, key: to.key(),
		transport: to.Transport, remote: to.Addr, ours: true, out: newOutbox(), used: time.Now(),
	}
	s.conns.add(c)
	s.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(s.ctx, within)
		defer cancel()
		nc, agreed, err := s.dial(ctx, to)
		if !s.loop.post(func() { c.agreed = agreed; c.opened(nc, err) }) && nc != nil {
			nc.Close()
		}
	})
	return c, nil
}

// headStart is how long an address has for itself before the one of the other
// family is dialled too (RFC 8305 §5, §8).
const headStart = 250 * time.Millisecond

// race dials both addresses of a server and gives the connection that is there
// first. One that fails at once gives up its head start.
func (s *Stack) race(ctx context.Context, to Target) (net.Conn, error) {
	local := s.cfg.Local.Addr()
	if !to.Other.IsValid() {
		return s.net.Dial(ctx, local, to.Addr)
	}
	type ended struct {
		nc  net.Conn
		err error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan ended)
	dial := func(at netip.AddrPort) {
		s.tasks.Go(func() {
			nc, err := s.net.Dial(ctx, local, at)
			select {
			case results <- ended{nc, err}:
			case <-ctx.Done():
				if nc != nil {
					nc.Close()
				}
			}
		})
	}
	dial(to.Addr)
	start := time.NewTimer(headStart)
	defer start.Stop()
	var failed error
	for second, open := false, 1; ; {
		select {
		case e := <-results:
			if e.err == nil {
				return e.nc, nil
			}
			failed = cmp.Or(failed, e.err)
			if open--; open == 0 && second {
				return nil, failed
			}
			start.Reset(0)
		case <-start.C:
			if !second {
				second, open = true, open+1
				dial(to.Other)
			}
		case <-ctx.Done():
			return nil, cmp.Or(failed, ctx.Err())
		}
	}
}

// dial opens the stream and lays TLS over it.
func (s *Stack) dial(ctx context.Context, to Target) (net.Conn, TLSState, error) {
	nc, err := s.race(ctx, to)
	if err != nil {
		return nil, TLSState{}, fmt.Errorf("%w: %w", ErrTransport, err)
	}
	if to.Transport != TLS {
		return nc, TLSState{}, nil
	}
	tc, agreed, err := s.cfg.TLS.client(ctx, nc, to)
	if err != nil {
		nc.Close()
		return nil, TLSState{}, err
	}
	return tc, agreed, nil
}

// opened goes on after dial, on the loop.
func (c *conn) opened(nc net.Conn, err error) {
	s := c.s
	if s.conns.byID[c.id] != c { // closed meanwhile
		if nc != nil {
			nc.Close()
		}
		return
	}
	if err != nil {
		c.lost(err)
		return
	}
	c.start(nc)
	if s.cfg.PingEvery > 0 {
		c.ping = s.After(min(s.cfg.PingEvery, firstPing), c.keepAlive)
	}
}

// firstPing is how soon a new connection is asked for a sign of life, to learn whether it gives any.
const firstPing = 2 * time.Second

// start begins to read and write; what was given to write before goes first.
func (c *conn) start(nc net.Conn) {
	c.nc, c.local, c.remote = nc, addrPort(nc.LocalAddr()), addrPort(nc.RemoteAddr())
	qos.Set(nc, c.s.dscp, qos.Signaling)
	c.s.tasks.Go(func() { c.writeAll(nc) })
	c.s.tasks.Go(func() { c.readAll(nc) })
}

// write queues data; it never blocks.
func (c *conn) write(data []byte) error {
	c.used = time.Now()
	if err := c.out.put(data); err != nil {
		if err == errStalled {
			c.s.Post(func() { c.lost(err) })
		}
		return fmt.Errorf("%w: %w", ErrTransport, err)
	}
	return nil
}

// writeAll is the writer goroutine. When the outbox is closed it says good-bye
// to the far side, after all that was queued.
func (c *conn) writeAll(nc net.Conn) {
	for {
		list, open := c.out.take()
		for _, data := range list {
			c.s.show(true, c.way(), data)
		}
		nc.SetWriteDeadline(time.Now().Add(c.s.cfg.FrameTimeout))
		if _, err := list.WriteTo(nc); err != nil {
			c.s.Post(func() { c.unheard(err) })
			return // lost closes the connection; what is queued goes with it
		}
		if !open {
			break
		}
	}
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
}

// lastWords is how long what a far side has said before it closed may take to be read.
const lastWords = 200 * time.Millisecond

// unheard ends a connection on which nothing can be written any more. A TLS server that does not take us says so before
// it closes; who would hear that is the reader.
func (c *conn) unheard(err error) {
	if c.transport != TLS {
		c.lost(err)
		return
	}
	c.s.After(lastWords, func() { c.lost(err) })
}

// way is how messages on the connection travel, once it is open.
func (c *conn) way() Source {
	return Source{Transport: c.transport, Addr: c.remote, Local: c.local, Conn: c.id}
}

// readAll is the reader goroutine: it cuts messages out of the stream and
// answers pings, in order.
func (c *conn) readAll(nc net.Conn) {
	from := c.way()
	f := framer{max: c.s.cfg.MaxMessage}
	buf := make([]byte, 16384)
	for {
		nc.SetReadDeadline(c.deadline(f.partial()))
		n, err := nc.Read(buf)
		if err != nil {
			err = turnedAway(ended(err), c.key.name)
			if err == nil && f.partial() {
				err = errPartial
			}
			c.s.Post(func() { c.lost(err) })
			return
		}
		f.push(buf[:n])
		if !c.drain(&f, from) {
			c.farewell(nc)
			return
		}
	}
}

// farewell ends a stream that cannot be cut any more: our refusal is written,
// and what still comes is thrown away, for closing with unread bytes would
// take the refusal off the wire (RFC 1122 §4.2.2.13).
func (c *conn) farewell(nc net.Conn) {
	c.s.Post(c.out.close)
	nc.SetReadDeadline(time.Now().Add(c.s.cfg.FrameTimeout))
	io.Copy(io.Discard, nc)
	c.s.Post(func() { c.lost(errNoBoundary) })
}

// drain takes all whole messages out of the framer; false ends the reader.
func (c *conn) drain(f *framer, from Source) bool {
	s := c.s
	for {
		m, crlfs, ok := f.next()
		if crlfs > 0 {
			s.Post(func() { c.crlf(crlfs) })
		}
		if ok {
			s.show(false, from, m.data)
		}
		switch {
		case !ok:
			return true
		case m.code != 0:
			s.read(func() (arrival, error) { return s.intake.refuse(m) }, from)
			return false
		default:
			s.read(func() (arrival, error) { return s.intake.parse(m.data) }, from)
		}
	}
}

var (
	errNoBoundary = errors.New("stream without message boundary")
	errPartial    = errors.New("message begun and not ended")
)

// deadline is how long the next bytes may take.
func (c *conn) deadline(partial bool) time.Time {
	switch {
	case partial:
		return time.Now().Add(c.s.cfg.FrameTimeout)
	case c.ours:
		return time.Time{} // pings watch it
	default:
		return time.Now().Add(c.s.cfg.IdleTimeout)
	}
}

// ended makes a quiet end of a read error that is none.
func ended(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		return errors.New("closed by the far side")
	case errors.As(err, &timeout) && timeout.Timeout():
		return nil
	default:
		return err
	}
}

// crlf takes the keep-alives of RFC 5626 §3.5.1: two CRLF ask for one.
func (c *conn) crlf(n int) {
	c.used = time.Now()
	if n%2 == 1 {
		c.pongs = true
	}
	c.lives()
	if n >= 2 {
		c.write([]byte("\r\n"))
	}
}

// lives is told that something came.
func (c *conn) lives() {
	c.pong.Stop()
	c.pong = nil
}

// keepAlive asks the far side for a sign of life. Only when it has answered
// before, or KeepFlow was called, does silence end the connection: servers
// without RFC 5626 ignore the ping.
func (c *conn) keepAlive() {
	c.ping = c.s.After(cmp.Or(c.every, c.s.cfg.PingEvery), c.keepAlive)
	if c.write([]byte("\r\n\r\n")) == nil && c.pongs && c.pong == nil {
		c.pong = c.s.After(c.s.cfg.PongWait, func() { c.lost(errNoPong) })
	}
}

// probeWait is how long the answer to a Probe may take.
const probeWait = time.Second

// Probe asks the far side of a connection that answers keep-alives for a sign of
// life now, and ends the connection without one: TCP itself notices a far side
// that vanished only after minutes. On the loop.
func (s *Stack) Probe(id ConnID) {
	c := s.conns.byID[id]
	if c == nil || !c.pongs || c.write([]byte("\r\n\r\n")) != nil {
		return
	}
	c.pong.Stop()
	c.pong = s.After(probeWait, func() { c.lost(errNoPong) })
}

var errNoPong = errors.New("no answer to keep-alive")

// KeepFlow makes silence after a keep-alive end the connection from now on, and asks for a sign of life at least
// every so often; 0 is as before. Call it when the registrar said that it knows flows (RFC 5626 §4.4.1; Flow-Timer or
// Require: outbound). On the loop.
func (s *Stack) KeepFlow(id ConnID, every time.Duration) {
	c := s.conns.byID[id]
	if c == nil {
		return
	}
	c.pongs = true
	if every > 0 && every < s.cfg.PingEvery && every != c.every {
		c.every = every
		c.ping.Stop()
		c.ping = s.After(min(every, firstPing), c.keepAlive)
	}
}

// Hangup ends a connection whose far side has stopped to answer: the next request opens another. On the loop.
func (s *Stack) Hangup(id ConnID) {
	if c := s.conns.byID[id]; c != nil {
		c.lost(errSilent)
	}
}

var errSilent = errors.New("no answer to a request")

// Renew is told that the network has changed. Connections from addresses that
// are not ours any more end: whatever is sent on them goes nowhere, and it would
// take half a minute to show. The others may be half open, for a NAT or the far
// side has forgotten them; so what is sent from now on opens new ones, and the
// old ones end when what is under way on them has had its time. On the loop.
func (s *Stack) Renew() {
	for _, c := range s.conns.byID {
		if c.nc == nil {
			if c.ours { // a SYN that was lost is repeated ever more slowly
				s.conns.retire(c)
			}
			continue
		}
		if now, err := s.net.LocalFor(c.remote.Addr()); err == nil && now.Unmap() != c.local.Addr().Unmap() {
			c.lost(errMoved)
		} else if c.ours {
			s.conns.retire(c)
			s.After(64*s.cfg.T1, func() { c.lost(nil) })
		}
	}
}

// lost ends a connection, once, and tells everybody.
func (c *conn) lost(err error) {
	s := c.s
	if s.conns.byID[c.id] != c {
		return
	}
	s.conns.remove(c)
	c.close()
	s.log.Debug("sip connection ended", "conn", c.id, "to", c.remote, "err", err)
	cause := err
	if cause == nil {
		cause = errors.New("idle")
	}
	s.brokenClients(c, cause)
	if c.ours && c.nc == nil {
		return // it never lived; the transactions have been told
	}
	s.handler.Lost(c.id, err)
}

// close frees what the connection holds.
func (c *conn) close() {
	c.ping.Stop()
	c.pong.Stop()
	c.out.close()
	if c.nc != nil {
		c.nc.Close()
	}
}

// evict closes the connection of ours that was silent longest and carries no
// transaction.
func (s *Stack) evict() bool {
	var oldest *conn
	for _, c := range s.conns.byID {
		if c.ours && !s.carries(c) && (oldest == nil || c.used.Before(oldest.used)) {
			oldest = c
		}
	}
	if oldest != nil {
		oldest.lost(nil)
	}
	return oldest != nil
}

// accept takes connections until the listener is closed.
func (s *Stack) accept(l net.Listener) {
	for {
		nc, err := l.Accept()
		if err != nil {
			if s.ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			s.log.Warn("sip connection not accepted", "err", err)
			select { // out of descriptors, most likely: let some go first
			case <-s.ctx.Done():
				return
			case <-time.After(100 * time.Millisecond):
				continue
			}
		}
		from := Source{Transport: TCP, Addr: addrPort(nc.RemoteAddr()), Local: addrPort(nc.LocalAddr())}
		if !s.trusted(from) || !s.loop.post(func() { s.accepted(nc, from) }) {
			nc.Close()
		}
	}
}

// accepted takes a connection others opened, on the loop.
func (s *Stack) accepted(nc net.Conn, from Source) {
	if s.conns.count(false) >= s.cfg.MaxConns/2 {
		nc.Close()
		return
	}
	c := &conn{s: s, key: connKey{transport: TCP, addr: from.Addr}, transport: TCP, remote: from.Addr, out: newOutbox(), used: time.Now()}
	s.conns.add(c)
	c.start(nc)
}
