package tpcp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// Limits of strangers: who has not shown a paired key yet.
const (
	handshakeTime  = 5 * time.Second
	maxHandshakes  = 8 // at once
	maxOfOneHost   = 3 // at once from one address
	maxConnections = 2 * MaxLegs
	readBuffer     = 64 << 10 // bytes the system keeps of what is not read yet: a flood must not fill the memory
)

// keepPort opens the port when there is a pairing, and closes it when there is none.
func (s *Server) keepPort(ctx context.Context) {
	var pause time.Duration
	for ctx.Err() == nil {
		listen, turn := s.port()
		var again <-chan time.Time
		if listen != nil && s.pairings.Count() > 0 {
			began := time.Now()
			err := s.openPort(ctx, listen, turn)
			if err == nil {
				continue
			}
			if time.Since(began) > calmTime {
				pause = 0
			}
			pause = min(max(2*pause, time.Second), 30*time.Second)
			s.log.Error("controllers cannot connect", "err", err, "again", pause)
			again = time.After(pause)
		}
		select {
		case <-ctx.Done():
		case <-again:
		case <-s.poked:
		}
	}
}

func (s *Server) port() (Listen, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.listen, s.turn
}

// Addr is where controllers connect now; nil if the port is closed.
func (s *Server) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

func (s *Server) opened(a net.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addr = a
}

// openPort serves a port until it is to be another, nobody is paired any more, or ctx ends.
func (s *Server) openPort(ctx context.Context, listen Listen, turn int) error {
	l, err := listen()
	if err != nil {
		return err
	}
	s.opened(l.Addr())
	defer s.opened(nil)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	over := make(chan error, 1)
	go func() { over <- s.Serve(ctx, l) }()
	for {
		select {
		case err := <-over:
			return err
		case <-s.poked:
		}
		if _, now := s.port(); now != turn || s.pairings.Count() == 0 {
			stop()
			return <-over
		}
	}
}

const acceptPause = 100 * time.Millisecond // after an accept that failed, for want of files or memory

// Serve takes legs from a listener until ctx ends or somebody closes it; then the listener and the legs are closed.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	legs, cut := context.WithCancel(ctx)
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cut()
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			s.log.Warn("a controller could not connect", "err", err)
			select {
			case <-ctx.Done():
			case <-time.After(acceptPause):
			}
			continue
		}
		if c, ok := conn.(*net.TCPConn); ok {
			_ = c.SetReadBuffer(readBuffer) // what cannot be set is the system's default
		}
		wg.Go(func() { _ = s.ServeConn(legs, conn) }) // how it ended is logged there
	}
}

// ServeConn serves one leg over a stream, the network's or the cable's, until it is over; then the stream
// is closed.
func (s *Server) ServeConn(ctx context.Context, raw net.Conn) error {
	defer raw.Close()
	host := hostOf(raw.RemoteAddr())
	if !s.door.enter(host) {
		s.log.Warn("a controller was turned away: too many at the door", "from", host)
		return refuse(CodeResource, "too many connections")
	}
	conn, pairing, err := s.welcome(ctx, raw)
	s.door.leave(host)
	if err != nil {
		s.log.Info("a controller was turned away", "from", host, "err", err)
		return err
	}
	return s.run(ctx, newLeg(s, conn, pairing, host))
}

// welcome shakes hands and finds out whose controller it is.
func (s *Server) welcome(ctx context.Context, raw net.Conn) (*tls.Conn, Pairing, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	conn := tls.Server(raw, s.tls)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, Pairing{}, err
	}
	pin, err := peerPin(conn.ConnectionState().PeerCertificates)
	if err != nil {
		return nil, Pairing{}, err
	}
	p, ok := s.pairings.Find(pin)
	if !ok {
		return nil, p, ErrPin
	}
	return conn, p, nil
}

func hostOf(a net.Addr) string {
	if a == nil {
		return "stream"
	}
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}

// door counts who is shaking hands, so that a flood of strangers costs little and shuts out nobody else.
type door struct {
	mu    sync.Mutex
	all   int
	hosts map[string]int
}

func newDoor() door { return door{hosts: map[string]int{}} }

func (d *door) enter(host string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all >= maxHandshakes || d.hosts[host] >= maxOfOneHost {
		return false
	}
	d.all++
	d.hosts[host]++
	return true
}

func (d *door) leave(host string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all--
	if d.hosts[host]--; d.hosts[host] == 0 {
		delete(d.hosts, host)
	}
}
