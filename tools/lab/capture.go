package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Packet is one UDP datagram or TCP segment with data, as it passed a link.
type Packet struct {
	At       time.Time // by the kernel
	TCP      bool
	Src, Dst netip.AddrPort
	Data     []byte
}

// Capture takes down what passes one link of a namespace, with the kernel's time stamps. It sees
// datagrams and TCP payloads; with TLS only the fact that something was sent.
type Capture struct {
	file *os.File
	lo   bool
	over chan struct{}

	mu      sync.Mutex
	packets []Packet
	grown   chan struct{}
}

// NewCapture starts to listen on a device of the namespace. Close it.
func NewCapture(ns *Namespace, dev string) (*Capture, error) {
	c := &Capture{over: make(chan struct{}), grown: make(chan struct{}), lo: dev == "lo"}
	err := ns.Do(func() error {
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, int(htons(unix.ETH_P_ALL)))
		if err != nil {
			return err
		}
		c.file = os.NewFile(uintptr(fd), "capture "+dev)
		link, err := net.InterfaceByName(dev)
		if err != nil {
			return err
		}
		return errors.Join(
			unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: htons(unix.ETH_P_ALL), Ifindex: link.Index}),
			// A bridge shows what it forwards to promiscuous listeners only.
			unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &unix.PacketMreq{Ifindex: int32(link.Index), Type: unix.PACKET_MR_PROMISC}),
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20))
	})
	if err != nil {
		return nil, fmt.Errorf("lab: capture on %s: %w", dev, err)
	}
	go c.run()
	return c, nil
}

func htons(v uint16) uint16 { return v<<8 | v>>8 }

// Close ends the capture; its packets stay readable.
func (c *Capture) Close() error {
	err := c.file.Close()
	<-c.over
	return err
}

func (c *Capture) run() {
	defer close(c.over)
	conn, err := c.file.SyscallConn()
	if err != nil {
		return
	}
	frame, control := make([]byte, 64<<10), make([]byte, 256)
	for {
		var n, cn int
		var from unix.Sockaddr
		var fail error
		err := conn.Read(func(fd uintptr) bool {
			n, cn, _, from, fail = unix.Recvmsg(int(fd), frame, control, 0)
			return fail != unix.EAGAIN
		})
		if err != nil || fail != nil {
			return
		}
		// The loopback shows each frame twice: leaving and arriving.
		if link, ok := from.(*unix.SockaddrLinklayer); ok && c.lo && link.Pkttype == unix.PACKET_OUTGOING {
			continue
		}
		if p, ok := parseFrame(frame[:n]); ok {
			p.At = stamp(control[:cn])
			c.add(p)
		}
	}
}

func (c *Capture) add(p Packet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.packets = append(c.packets, p)
	close(c.grown)
	c.grown = make(chan struct{})
}

// stamp reads the kernel's receive time from the control messages.
func stamp(control []byte) time.Time {
	list, err := unix.ParseSocketControlMessage(control)
	if err == nil {
		for _, m := range list {
			if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= 16 {
				return time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:])))
			}
		}
	}
	return time.Now()
}

// parseFrame reads one Ethernet frame with an IPv4 datagram; fragments other than the first have no
// ports and are left out.
func parseFrame(b []byte) (Packet, bool) {
	if len(b) < 14+20 || b[12] != 8 || b[13] != 0 || b[14]>>4 != 4 {
		return Packet{}, false
	}
	ip := b[14:]
	head, total := int(ip[0]&15)*4, int(binary.BigEndian.Uint16(ip[2:]))
	if head < 20 || total > len(ip) || total < head+8 || binary.BigEndian.Uint16(ip[6:])&0x1fff != 0 {
		return Packet{}, false
	}
	body := ip[head:total]
	p := Packet{
		Src: netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[12:16])), binary.BigEndian.Uint16(body)),
		Dst: netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[16:20])), binary.BigEndian.Uint16(body[2:])),
	}
	switch ip[9] {
	case unix.IPPROTO_UDP:
		p.Data = slices.Clone(body[8:])
	case unix.IPPROTO_TCP:
		if len(body) < 20 || int(body[12]>>4)*4 > len(body) {
			return Packet{}, false
		}
		p.TCP, p.Data = true, slices.Clone(body[int(body[12]>>4)*4:])
	}
	return p, len(p.Data) > 0
}

// Mark is the number of packets so far.
func (c *Capture) Mark() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.packets)
}

// Since gives the packets from a mark on.
func (c *Capture) Since(mark int) []Packet {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.packets[min(mark, len(c.packets)):])
}

// Wait waits for the first packet after a mark that is as wanted.
func (c *Capture) Wait(ctx context.Context, mark int, what string, want func(Packet) bool) (Packet, error) {
	for {
		c.mu.Lock()
		packets, grown := c.packets[min(mark, len(c.packets)):], c.grown
		c.mu.Unlock()
		if i := slices.IndexFunc(packets, want); i >= 0 {
			return packets[i], nil
		}
		mark += len(packets)
		select {
		case <-grown:
		case <-c.over:
			return Packet{}, fmt.Errorf("lab: capture ended before %s", what)
		case <-ctx.Done():
			return Packet{}, fmt.Errorf("lab: capture: no %s: %w", what, ctx.Err())
		}
	}
}

// Request reports whether the packet is a SIP request of this method.
func (p Packet) Request(method string) bool {
	return strings.HasPrefix(string(p.Data[:min(len(p.Data), 40)]), method+" sip")
}

// Response reports whether the packet is a SIP response with this code to a request of this method.
func (p Packet) Response(code int, method string) bool {
	if !strings.HasPrefix(string(p.Data[:min(len(p.Data), 16)]), fmt.Sprintf("SIP/2.0 %d ", code)) {
		return false
	}
	for line := range strings.Lines(string(p.Data)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(strings.TrimSpace(name), "CSeq") {
			return strings.HasSuffix(strings.TrimSpace(value), " "+method)
		}
	}
	return false
}

// RTP reports whether the packet looks like RTP (and is neither RTCP nor STUN).
func (p Packet) RTP() bool {
	return !p.TCP && p.Src.Port() >= 1024 && p.Dst.Port() >= 1024 && len(p.Data) >= 12 && p.Data[0]>>6 == 2 && (p.Data[1] < 192 || p.Data[1] > 223)
}

// rtpHead is what tells one stream of RTP from another (RFC 3550 §5.1).
type rtpHead struct {
	Type int
	Seq  uint16
	Time uint32
	SSRC uint32
}

func (p Packet) rtpHead() rtpHead {
	be := binary.BigEndian
	return rtpHead{p.PayloadType(), be.Uint16(p.Data[2:]), be.Uint32(p.Data[4:]), be.Uint32(p.Data[8:])}
}

// follows says whether a packet is the next one of the same stream after another.
func (h rtpHead) follows(b rtpHead) bool {
	return h.SSRC == b.SSRC && h.Type == b.Type && h.Seq == b.Seq+1 && h.Time-b.Time <= 2880
}

// PayloadType is the RTP payload type of a packet that RTP says is one.
func (p Packet) PayloadType() int { return int(p.Data[1] & 0x7f) }

// Transcript gives the SIP messages among packets that went in the clear, as text with their times,
// and a line for each packet of RTP that does not follow on the one before it and for TCP's others.
func Transcript(packets []Packet) string {
	var b strings.Builder
	last := map[[2]netip.AddrPort]rtpHead{}
	for _, p := range packets {
		if p.RTP() {
			h, flow := p.rtpHead(), [2]netip.AddrPort{p.Src, p.Dst}
			before, known := last[flow]
			if last[flow] = h; !known || !h.follows(before) {
				fmt.Fprintf(&b, "---- %s %s -> %s RTP %+v after %+v\n", p.At.Format("15:04:05.000000"), p.Src, p.Dst, h, before)
			}
			continue
		}
		head, _, _ := strings.Cut(string(p.Data[:min(len(p.Data), 200)]), "\r\n")
		switch {
		case strings.Contains(head, "SIP/2.0"):
			fmt.Fprintf(&b, "---- %s %s -> %s\n%s\n", p.At.Format("15:04:05.000000"), p.Src, p.Dst, p.Data)
		case p.TCP:
			fmt.Fprintf(&b, "---- %s %s -> %s %d bytes of TCP\n", p.At.Format("15:04:05.000000"), p.Src, p.Dst, len(p.Data))
		}
	}
	return b.String()
}

// Spacing gives the times between consecutive packets of one RTP source, sorted.
func Spacing(packets []Packet, from netip.Addr) (gaps []time.Duration) {
	var last time.Time
	for _, p := range packets {
		if !p.RTP() || p.Src.Addr() != from {
			continue
		}
		if !last.IsZero() {
			gaps = append(gaps, p.At.Sub(last))
		}
		last = p.At
	}
	slices.Sort(gaps)
	return gaps
}

// Percentile reads a sorted list of times; 0 for an empty one.
func Percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(p/100*float64(len(sorted))), len(sorted)-1)]
}
