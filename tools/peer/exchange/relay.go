package exchange

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// relay carries the voice of every call through sockets on loopback, so that a phone behind QEMU's
// user network, whose address nobody else can reach, hears and is heard. Each side of a call gets a
// socket pair of its own; what comes in on one side goes out on the other, to where that side was
// last heard from.
//
//	side 0 <--> legs[0] ===== legs[1] <--> side 1
type relay struct {
	mu    sync.Mutex
	calls map[string]*relayed
}

const (
	quiet    = 2 * time.Minute // a call without a packet for so long is over
	maxCalls = 64
)

func newRelay() *relay { return &relay{calls: map[string]*relayed{}} }

// relayed is one call through the relay.
type relayed struct {
	caller string // tag of the side that began: side 0
	legs   [2]leg
	last   atomic.Int64 // unix nanoseconds of the last packet
}

// leg faces one side of a call: a socket for RTP and the next one for RTCP.
type leg struct {
	conns [2]*net.UDPConn
	peers [2]atomic.Pointer[netip.AddrPort]
}

func (l *leg) open() error {
	for range 32 {
		rtp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			return err
		}
		port := rtp.LocalAddr().(*net.UDPAddr).Port
		rtcp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port + 1})
		if err == nil && port%2 == 0 {
			l.conns = [2]*net.UDPConn{rtp, rtcp}
			return nil
		}
		rtp.Close()
		if err == nil {
			rtcp.Close()
		}
	}
	return fmt.Errorf("exchange: no free pair of ports")
}

func (l *leg) close() {
	for _, c := range l.conns {
		if c != nil {
			c.Close()
		}
	}
}

func (l *leg) port() int { return l.conns[0].LocalAddr().(*net.UDPAddr).Port }

// rewrite takes a body on its way from the side that bears tag from (of the request's From, even for
// a response, when answer is true) and gives the one to pass on: our address and port in place of theirs.
func (r *relay) rewrite(ctx context.Context, callID, from string, answer bool, toward netip.Addr, body []byte) ([]byte, error) {
	c, err := r.call(ctx, callID, from)
	if err != nil {
		return nil, err
	}
	origin := 0
	if (from == c.caller) == answer {
		origin = 1
	}
	host, port := describe(body)
	for i := range 2 {
		if addr, err := netip.ParseAddr(host); err == nil && !addr.IsUnspecified() && port > 0 && c.legs[origin].peers[i].Load() == nil {
			at := netip.AddrPortFrom(addr, uint16(port+i))
			c.legs[origin].peers[i].Store(&at)
		}
	}
	return replace(body, toward, c.legs[1-origin].port()), nil
}

func (r *relay) call(ctx context.Context, callID, from string) (*relayed, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.calls[callID]; c != nil {
		return c, nil
	}
	if len(r.calls) >= maxCalls {
		return nil, fmt.Errorf("exchange: more than %d calls", maxCalls)
	}
	c := &relayed{caller: from}
	for i := range c.legs {
		if err := c.legs[i].open(); err != nil {
			c.legs[0].close()
			return nil, err
		}
	}
	c.last.Store(time.Now().UnixNano())
	r.calls[callID] = c
	for side := range c.legs {
		for i := range 2 {
			go c.carry(side, i)
		}
	}
	go r.bury(ctx, callID, c)
	return c, nil
}

// carry moves packets from one side to the other until its socket closes.
func (c *relayed) carry(side, i int) {
	in, out := &c.legs[side], &c.legs[1-side]
	buf := make([]byte, 2048)
	for {
		n, from, err := in.conns[i].ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		c.last.Store(time.Now().UnixNano())
		if was := in.peers[i].Load(); was == nil || *was != from {
			in.peers[i].Store(&from)
		}
		if to := out.peers[i].Load(); to != nil && to.Addr().IsLoopback() {
			_, _ = out.conns[i].WriteToUDPAddrPort(buf[:n], *to) // a lost packet is a lost packet
		}
	}
}

// bury closes a call that has fallen silent.
func (r *relay) bury(ctx context.Context, callID string, c *relayed) {
	tick := time.NewTicker(quiet / 4)
	defer tick.Stop()
	for ctx.Err() == nil && time.Since(time.Unix(0, c.last.Load())) < quiet {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	r.mu.Lock()
	delete(r.calls, callID)
	r.mu.Unlock()
	for i := range c.legs {
		c.legs[i].close()
	}
}

// describe finds address and port of the first audio stream.
func describe(body []byte) (host string, port int) {
	for line := range strings.Lines(string(body)) {
		line = strings.TrimRight(line, "\r\n")
		if f := strings.Fields(line); strings.HasPrefix(line, "c=IN IP") && len(f) == 3 && host == "" {
			host = f[2]
		} else if strings.HasPrefix(line, "m=audio ") && len(f) > 1 && port == 0 {
			port, _ = strconv.Atoi(f[1])
		}
	}
	return host, port
}

// replace puts an address and port into a description. A stream that was refused stays so.
func replace(body []byte, addr netip.Addr, port int) []byte {
	var out bytes.Buffer
	for line := range strings.Lines(string(body)) {
		f := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "c=IN IP"):
			fmt.Fprintf(&out, "c=IN IP4 %s\r\n", addr)
		case strings.HasPrefix(line, "m=audio ") && len(f) > 2 && f[1] != "0":
			fmt.Fprintf(&out, "m=audio %d %s\r\n", port, strings.Join(f[2:], " "))
		case strings.HasPrefix(line, "a=rtcp:"):
			fmt.Fprintf(&out, "a=rtcp:%d\r\n", port+1)
		default:
			out.WriteString(line)
		}
	}
	return out.Bytes()
}
