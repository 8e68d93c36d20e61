package tpcp

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// inboxLen is how many notifications may wait for a program that is slow to take them. One that falls
// further behind loses the leg, and gets what it missed by resume.
const inboxLen = 1024

// The errors of a leg's end, beside those of the network.
var (
	ErrClosed = errors.New("tpcp: the leg is closed")
	ErrSilent = errors.New("tpcp: the phone has been silent for too long")
	ErrBehind = errors.New("tpcp: notifications were not taken in time")
)

// ByeError is the end of a leg as the phone told it.
type ByeError struct{ Reason, Detail string }

// Error gives the reason.
func (e *ByeError) Error() string {
	if e.Detail != "" {
		return "tpcp: the phone said goodbye: " + e.Reason + ": " + e.Detail
	}
	return "tpcp: the phone said goodbye: " + e.Reason
}

// Client is a control leg as the controller sees it. Its methods may be called from any goroutine while
// Run runs.
type Client struct {
	conn  *tls.Conn
	in    *bufio.Reader
	hello Hello

	notes chan Notification
	told  atomic.Uint64 // notifications
	over  chan struct{}
	write sync.Mutex

	mu      sync.Mutex
	nextID  uint64
	waiting map[uint64]chan Message
	lastSeq uint64
	session string
	err     error // why it is over
}

// Connect makes a client of a TLS connection (see Secure) and waits for the phone's hello, HelloTime at
// most. Only with hello is it certain that the phone knows this controller: in TLS 1.3 the handshake ends
// before the phone has judged the controller's key.
func Connect(ctx context.Context, conn *tls.Conn) (*Client, error) {
	c := &Client{conn: conn, in: bufio.NewReader(conn), notes: make(chan Notification, inboxLen), over: make(chan struct{}), waiting: map[uint64]chan Message{}}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := conn.SetDeadline(time.Now().Add(HelloTime)); err != nil {
		return nil, fmt.Errorf("tpcp: connect: %w", err)
	}
	m, err := c.read()
	if err == nil && m.Method != NotifyHello {
		err = fmt.Errorf("%q instead of hello", m.Method)
	}
	if err == nil {
		err = json.Unmarshal(m.Params, &c.hello)
	}
	if err == nil && c.hello.Proto != Proto {
		err = fmt.Errorf("the phone speaks %q", c.hello.Proto)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("tpcp: connect: %w", err)
	}
	return c, conn.SetDeadline(time.Time{})
}

// Dial connects to a phone at an address, "host:port".
func Dial(ctx context.Context, address string, id Identity) (*Client, error) {
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("tpcp: dial: %w", err)
	}
	return Over(ctx, raw, id)
}

// Over connects to a phone over a stream that stands already, such as the cable's. It closes the stream
// if it fails.
func Over(ctx context.Context, raw net.Conn, id Identity) (*Client, error) {
	conn, err := Secure(ctx, raw, id)
	if err != nil {
		raw.Close()
		return nil, err
	}
	return Connect(ctx, conn)
}

// Hello is what the phone said of itself.
func (c *Client) Hello() Hello { return c.hello }

// Notifications gives what the phone tells, in order. It is closed when the leg is over.
func (c *Client) Notifications() <-chan Notification { return c.notes }

// Told counts the notifications that came so far. What a request changed is told before its answer: who has taken so many
// from Notifications as were told when the answer came knows it all.
func (c *Client) Told() uint64 { return c.told.Load() }

// SessionID names the session that Open has opened; credentials are sealed for it.
func (c *Client) SessionID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// LastSeq is the number of the last notification that was received, for Resume.
func (c *Client) LastSeq() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lastSeq
}

// Close ends the leg.
func (c *Client) Close() error {
	c.fail(ErrClosed)
	return nil
}

// Run reads what the phone sends and keeps the leg alive, until it is over; the error says why.
func (c *Client) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { c.fail(ctx.Err()) })
	defer stop()
	var wg sync.WaitGroup
	wg.Go(c.keepalive)
	for {
		_ = c.conn.SetReadDeadline(time.Now().Add(deadTime))
		m, err := c.read()
		if err == nil {
			err = c.take(m)
		}
		if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
			err = ErrSilent
		}
		if err != nil {
			c.fail(err)
			break
		}
	}
	close(c.notes)
	wg.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *Client) keepalive() {
	tick := time.NewTicker(pingTime)
	defer tick.Stop()
	for {
		select {
		case <-c.over:
			return
		case <-tick.C:
		}
		if err := c.send(wireMessage{Method: NotifyPing, Params: struct{}{}}); err != nil {
			c.fail(err)
		}
	}
}

// fail ends the leg once; only the first reason counts.
func (c *Client) fail(err error) {
	c.mu.Lock()
	first := c.err == nil
	if first {
		c.err = err
		close(c.over)
	}
	c.mu.Unlock()
	if first {
		c.conn.Close()
	}
}

func (c *Client) read() (Message, error) {
	b, err := ReadFrame(c.in)
	if err != nil {
		return Message{}, err
	}
	m, bad := ParseMessage(b)
	if bad != nil {
		return Message{}, bad
	}
	return m, nil
}

func (c *Client) take(m Message) error {
	switch {
	case m.Method == "" && m.ID == nil:
		return m.Error
	case m.Method == "":
		c.mu.Lock()
		answer := c.waiting[*m.ID]
		delete(c.waiting, *m.ID)
		c.mu.Unlock()
		if answer != nil {
			answer <- m
		}
		return nil
	case m.ID != nil: // the phone asks
		return c.send(wireMessage{ID: m.ID, Error: refuse(CodeUnknownMethod, "this controller serves no requests")})
	case m.Method == NotifyPing:
		return nil
	}
	return c.note(m)
}

func (c *Client) note(m Message) error {
	n := Notification{Name: m.Method, Params: m.Params}
	if err := json.Unmarshal(m.Params, &n.Stamp); err != nil {
		return fmt.Errorf("tpcp: %s: %w", m.Method, err)
	}
	c.mu.Lock()
	c.lastSeq = max(c.lastSeq, n.Seq)
	c.mu.Unlock()
	select {
	case c.notes <- n:
		c.told.Add(1)
	default:
		return ErrBehind
	}
	if n.Name != NotifyBye {
		return nil
	}
	var bye Bye
	if err := n.Decode(&bye); err != nil {
		return fmt.Errorf("tpcp: bye: %w", err)
	}
	return &ByeError{bye.Reason, bye.Detail}
}

func (c *Client) send(m wireMessage) error {
	m.JSONRPC = "2.0"
	b, err := frame(m)
	if err != nil {
		return err
	}
	c.write.Lock()
	defer c.write.Unlock()
	_ = c.conn.SetWriteDeadline(time.Now().Add(deadTime))
	_, err = c.conn.Write(b)
	return err
}

// Call asks the phone and waits for the answer, which is read into result (nil: not wanted). The error is
// an *Error if the phone refused.
func (c *Client) Call(ctx context.Context, method string, params, result any) error {
	if params == nil {
		params = struct{}{}
	}
	answer := make(chan Message, 1)
	c.mu.Lock()
	c.nextID++
	id := c.nextID
	c.waiting[id] = answer
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.waiting, id)
		c.mu.Unlock()
	}()
	if err := c.send(wireMessage{ID: &id, Method: method, Params: params}); err != nil {
		return fmt.Errorf("tpcp: %s: %w", method, err)
	}
	select {
	case m := <-answer:
		if m.Error != nil {
			return m.Error
		}
		if result == nil {
			return nil
		}
		if err := json.Unmarshal(m.Result, result); err != nil {
			return fmt.Errorf("tpcp: %s: %w", method, err)
		}
		return nil
	case <-c.over:
		c.mu.Lock()
		defer c.mu.Unlock()
		return fmt.Errorf("tpcp: %s: %w", method, c.err)
	case <-ctx.Done():
		return fmt.Errorf("tpcp: %s: %w", method, ctx.Err())
	}
}

// Open opens the session. secret is that of the live attach of the cable; nil without one. Run must run.
func (c *Client) Open(ctx context.Context, p OpenParams, secret []byte) (Opened, error) {
	var o Opened
	if secret != nil {
		proof, err := proofOn(c.conn, secret)
		if err != nil {
			return o, err
		}
		p.AttachProof = hex.EncodeToString(proof)
	}
	err := c.Call(ctx, "session.open", p, &o)
	if err == nil {
		c.mu.Lock()
		c.session = o.SessionID
		if !o.Resumed {
			c.lastSeq = max(c.lastSeq, o.Seq)
		} else if p.Resume != nil {
			c.lastSeq = max(c.lastSeq, p.Resume.LastSeq)
		}
		c.mu.Unlock()
	}
	return o, err
}
