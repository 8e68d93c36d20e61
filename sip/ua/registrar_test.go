package ua

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
)

// badRegistrar is made of raw text and bare sockets, so that it can do what no SIP stack would. It misbehaves until it
// is cured; from then on it is what RFC 3261 §10.3 describes, with digest.
type badRegistrar struct {
	b     *bench
	addr  netip.AddrPort
	fault fault

	mu    sync.Mutex
	cured bool
	at    []time.Time // of each REGISTER that came, repeats too
	open  []net.Conn
}

// wayBack is the way back to whoever sent a REGISTER.
type wayBack struct {
	r    *badRegistrar
	n    int // of REGISTERs so far, this one included
	send func(text string)
	// other sends from a socket that nobody has asked, and hangUp ends the connection; on UDP it does nothing.
	other  func(text string)
	hangUp func()
}

// later sends after a time.
func (a wayBack) later(d time.Duration, text string) { time.AfterFunc(d, func() { a.send(text) }) }

// newBadRegistrar puts one on the network; it ends with the test.
func (b *bench) newBadRegistrar(f fault) *badRegistrar {
	b.Helper()
	r := &badRegistrar{b: b, addr: netip.AddrPortFrom(farAddr2, 5060), fault: f}
	host := b.net.Host(farAddr2)
	var open []func() error
	var all sync.WaitGroup
	if !f.refuses {
		pc, err := host.ListenPacket(r.addr)
		ok(b, err)
		other, err := host.ListenPacket(netip.AddrPortFrom(farAddr2, 5099))
		ok(b, err)
		open = append(open, pc.Close, other.Close)
		all.Go(func() { r.readDatagrams(pc, other) })
	}
	listen := func() {
		l, err := host.Listen(r.addr)
		ok(b, err)
		r.mu.Lock()
		open = append(open, l.Close)
		r.mu.Unlock()
		all.Go(func() { r.accept(l, &all) })
	}
	if f.refuses {
		time.AfterFunc(misbehaves, listen)
	} else {
		listen()
	}
	b.Cleanup(func() {
		r.mu.Lock()
		defer all.Wait()
		defer r.mu.Unlock()
		for _, end := range open {
			end()
		}
		for _, c := range r.open {
			c.Close()
		}
	})
	synctest.Wait()
	return r
}

func ok(b *bench, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (r *badRegistrar) readDatagrams(pc, other net.PacketConn) {
	buf := make([]byte, 1<<16)
	for {
		n, from, err := pc.ReadFrom(buf)
		if err != nil {
			return
		}
		write := func(c net.PacketConn) func(string) { return func(text string) { c.WriteTo([]byte(text), from) } }
		r.take(string(buf[:n]), wayBack{send: write(pc), other: write(other), hangUp: func() {}})
	}
}

func (r *badRegistrar) accept(l net.Listener, all *sync.WaitGroup) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		r.open = append(r.open, c)
		meet := r.fault.meet
		if r.cured {
			meet = nil
		}
		r.mu.Unlock()
		if meet != nil && !meet(c) {
			c.Close()
			continue
		}
		all.Go(func() { r.readStream(c) })
	}
}

func (r *badRegistrar) readStream(c net.Conn) {
	defer c.Close()
	w := siptest.WireOn(c)
	send := func(text string) { w.Send(text) }
	for {
		text, err := w.Next(24 * time.Hour)
		if err != nil {
			return
		}
		r.take(text, wayBack{send: send, other: r.callBack, hangUp: func() { c.Close() }})
	}
}

// callBack sends over a connection of the registrar's own.
func (r *badRegistrar) callBack(text string) {
	if c, err := r.b.net.Host(farAddr2).Dial(context.Background(), farAddr2, r.b.at()); err == nil {
		c.Write([]byte(text))
		r.mu.Lock()
		r.open = append(r.open, c)
		r.mu.Unlock()
	}
}

// take answers what came.
func (r *badRegistrar) take(text string, a wayBack) {
	method, _, _ := strings.Cut(text, " ")
	if method != string(stack.REGISTER) {
		if method == string(stack.OPTIONS) {
			a.send(siptest.Answer(text, 200, "t", ""))
		}
		return
	}
	r.mu.Lock()
	r.at = append(r.at, time.Now())
	a.r, a.n = r, len(r.at)
	cured := r.cured
	r.mu.Unlock()
	if cured {
		sane(a, text)
		return
	}
	r.fault.answer(a, text)
}

// sane is how a registrar should answer.
func sane(a wayBack, q string) {
	if !strings.Contains(q, "Authorization: Digest") || !strings.Contains(q, `nonce="sane"`) {
		a.send(siptest.Answer(q, 401, "t", "", `WWW-Authenticate: Digest realm="phone.test", nonce="sane", algorithm=SHA-256, qop="auth"`))
		return
	}
	a.send(siptest.Answer(q, 200, "t", "", "Contact: "+siptest.HeaderOf(q, "Contact"), "Expires: 600"))
}

// cure ends the misbehaviour.
func (r *badRegistrar) cure() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cured = true
}

// densest is the largest number of REGISTERs in any 10 s.
func (r *badRegistrar) densest() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return densest(r.at)
}

func (r *badRegistrar) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.at)
}

// latest is the time of the last REGISTER that came.
func (r *badRegistrar) latest() (at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.at); n > 0 {
		at = r.at[n-1]
	}
	return at
}
