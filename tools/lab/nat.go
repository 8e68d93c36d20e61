package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// NATConfig describes a NAT with one host behind it.
type NATConfig struct {
	Name      string        // of the host behind it
	Number    int           // 1 to 99, one of its own in a LAN: the NAT's address is 198.18.0.N, the host's 192.168.N.2
	Symmetric bool          // another port for each peer (address and port dependent mapping, RFC 4787 §4.1)
	Open      bool          // lets everybody in by a port that is in use (endpoint independent filtering, §5)
	Forgets   time.Duration // UDP: a way nobody has used outwards for so long is gone; 0: never
	ALG       bool          // rewrites addresses in SIP over UDP, and opens ways for the media it finds there
}

// NAT is a network address translator in user space: what the host sends comes out of one tun device, what the LAN sends
// goes into another, and all between the two is decided here.
type NAT struct {
	Host *Namespace // behind it
	cfg  NATConfig
	lan  *LAN

	public, private netip.Addr
	inside, outside *os.File
	work            sync.WaitGroup

	mu      sync.Mutex
	next    uint16
	ways    map[wayKey]*way
	byPort  map[portKey]*way
	meddled int // SIP messages that were changed
}

// wayKey is what one mapping serves: an endpoint of the host, or one towards one peer.
type wayKey struct {
	proto byte
	from  netip.AddrPort
	to    netip.AddrPort // of a symmetric NAT only
}

type portKey struct {
	proto byte
	port  uint16
}

type way struct {
	key   wayKey
	port  uint16 // at the NAT's address
	peers map[netip.AddrPort]bool
	open  bool
	used  time.Time // outwards
}

// NewNAT makes a NAT in a LAN and the host behind it. The LAN's Close closes the host too, Close the NAT.
func NewNAT(l *LAN, c NATConfig) (*NAT, error) {
	h, err := NewNamespace(UniqueName("lab"), filepath.Join(l.dir, c.Name))
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.hosts = append(l.hosts, h)
	l.mu.Unlock()
	n := &NAT{Host: h, cfg: c, lan: l, next: 40000, ways: map[wayKey]*way{}, byPort: map[portKey]*way{},
		public:  netip.AddrFrom4([4]byte{198, 18, 0, byte(c.Number)}),
		private: netip.AddrFrom4([4]byte{192, 168, byte(c.Number), 2})}
	out := fmt.Sprintf("nat%d", c.Number)
	if n.inside, err = tun(h, "eth0"); err != nil {
		return nil, err
	}
	if n.outside, err = tun(l.Core, out); err != nil {
		return nil, errors.Join(err, n.inside.Close())
	}
	// Nothing is taken apart on the way, since nobody here would put it together again.
	err = errors.Join(h.IP("link", "set", "eth0", "mtu", "9000"), l.Core.IP("link", "set", out, "mtu", "9000"), h.up("eth0", netip.PrefixFrom(n.private, 24)),
		h.IP("route", "add", "default", "dev", "eth0"), h.SetDNS(LANAddr(1).Addr()),
		l.Core.IP("link", "set", out, "up"), l.Core.IP("route", "add", n.public.String(), "dev", out),
		l.Core.forward())
	n.work.Go(func() { n.carry(n.inside, n.outside, n.outwards) })
	n.work.Go(func() { n.carry(n.outside, n.inside, n.inwards) })
	if err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// forward makes a namespace a router. /proc/sys shows the network of whoever opens a file of it.
func (n *Namespace) forward() error {
	return n.Do(func() error { return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644) })
}

// LosePrivate gives the LAN a way to everywhere else, on which all is lost without a word: that is what becomes of packets
// for private addresses on the Internet, while a machine without a way refuses to send them. Close it.
func (l *LAN) LosePrivate() (io.Closer, error) {
	nowhere, err := tun(l.Core, "nowhere")
	if err != nil {
		return nil, err
	}
	return nowhere, errors.Join(l.Core.IP("link", "set", "nowhere", "up"), l.Core.IP("route", "add", "default", "dev", "nowhere"))
}

// Public is the NAT's address, by which the host is known outside.
func (n *NAT) Public() netip.Addr { return n.public }

// Private is the address of the host.
func (n *NAT) Private() netip.Addr { return n.private }

// Meddled counts the SIP messages it has changed.
func (n *NAT) Meddled() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.meddled
}

// Reboot forgets all ways, as after a power cut.
func (n *NAT) Reboot() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.ways)
	clear(n.byPort)
}

// Close ends the translation; the host stays, cut off.
func (n *NAT) Close() error {
	err := errors.Join(n.inside.Close(), n.outside.Close())
	n.work.Wait()
	return err
}

// tun makes a tun device in a namespace.
func tun(ns *Namespace, name string) (f *os.File, err error) {
	err = ns.Do(func() error {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("lab: open tun: %w", err)
		}
		req, err := unix.NewIfreq(name)
		if err == nil {
			req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
			err = unix.IoctlIfreq(fd, unix.TUNSETIFF, req)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("lab: make tun %s: %w", name, err), unix.Close(fd))
		}
		f = os.NewFile(uintptr(fd), name)
		return nil
	})
	return f, err
}

// carry takes packets from one device to the other, as far as they are let through.
func (n *NAT) carry(from, to *os.File, translate func(*datagram) bool) {
	buf := make([]byte, 65536)
	for {
		k, err := from.Read(buf)
		if errors.Is(err, os.ErrClosed) {
			return
		}
		if d, ok := readDatagram(buf[:max(k, 0)]); err == nil && ok && translate(d) {
			_, _ = to.Write(d.bytes()) // a device may go before its reader
		}
	}
}

// outwards gives a packet of the host the NAT's address.
func (n *NAT) outwards(d *datagram) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if d.src.Addr() != n.private {
		return false
	}
	w := n.way(d.proto, d.src, d.dst)
	w.peers[d.dst], w.used = true, time.Now()
	if n.cfg.ALG && d.proto == unix.IPPROTO_UDP && d.dst.Port() == sipPort {
		n.rewriteOut(d, w)
	}
	d.src = netip.AddrPortFrom(n.public, w.port)
	return true
}

// inwards gives a packet for the NAT's address to the host, if anybody expects it.
func (n *NAT) inwards(d *datagram) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	w := n.byPort[portKey{d.proto, d.dst.Port()}]
	if d.dst.Addr() != n.public || w == nil || n.gone(w) || !w.open && !n.cfg.Open && !w.peers[d.src] {
		return false
	}
	if n.cfg.ALG && d.proto == unix.IPPROTO_UDP && d.src.Port() == sipPort {
		n.rewriteIn(d, w)
	}
	d.dst = w.key.from
	return true
}

func (n *NAT) gone(w *way) bool {
	return w.key.proto == unix.IPPROTO_UDP && n.cfg.Forgets > 0 && time.Since(w.used) > n.cfg.Forgets
}

// way finds the mapping of an endpoint, or makes it.
func (n *NAT) way(proto byte, from, to netip.AddrPort) *way {
	key := wayKey{proto: proto, from: from}
	if n.cfg.Symmetric {
		key.to = to
	}
	w := n.ways[key]
	if w != nil && n.gone(w) {
		delete(n.byPort, portKey{proto, w.port})
		w = nil
	}
	if w == nil {
		n.next += 7 // nobody can guess a port from another
		w = &way{key: key, port: n.next, peers: map[netip.AddrPort]bool{}, used: time.Now()}
		n.ways[key], n.byPort[portKey{proto, w.port}] = w, w
	}
	return w
}

// datagram is an IPv4 packet of TCP or UDP.
type datagram struct {
	head     []byte // IP header
	proto    byte
	src, dst netip.AddrPort
	body     []byte // from the ports on
}

func readDatagram(b []byte) (*datagram, bool) {
	if len(b) < 20 || b[0]>>4 != 4 {
		return nil, false
	}
	size, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	fragment := binary.BigEndian.Uint16(b[6:])&0x3fff != 0
	least := map[byte]int{unix.IPPROTO_TCP: 20, unix.IPPROTO_UDP: 8}[b[9]]
	if fragment || least == 0 || size < 20 || total > len(b) || total < size+least {
		return nil, false
	}
	at := func(ip, port []byte) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip)), binary.BigEndian.Uint16(port))
	}
	body := b[size:total]
	return &datagram{head: b[:size], proto: b[9], src: at(b[12:16], body), dst: at(b[16:20], body[2:]), body: body}, true
}

// payload is what UDP carries.
func (d *datagram) payload() []byte { return d.body[8:] }

// setPayload puts something else into a UDP packet.
func (d *datagram) setPayload(p []byte) {
	d.body = append(d.body[:8:8], p...)
	binary.BigEndian.PutUint16(d.body[4:], uint16(len(d.body)))
}

// bytes is the packet with its sums made anew.
func (d *datagram) bytes() []byte {
	b := append(append([]byte(nil), d.head...), d.body...)
	head, body := b[:len(d.head)], b[len(d.head):]
	src, dst := d.src.Addr().As4(), d.dst.Addr().As4()
	copy(head[12:], src[:])
	copy(head[16:], dst[:])
	binary.BigEndian.PutUint16(head[2:], uint16(len(b)))
	binary.BigEndian.PutUint16(head[10:], 0)
	binary.BigEndian.PutUint16(head[10:], checksum(head, 0))
	binary.BigEndian.PutUint16(body, d.src.Port())
	binary.BigEndian.PutUint16(body[2:], d.dst.Port())
	at := 16 // of TCP's checksum
	if d.proto == unix.IPPROTO_UDP {
		at = 6
	}
	binary.BigEndian.PutUint16(body[at:], 0)
	pseudo := uint32(d.proto) + uint32(len(body))
	for _, a := range [][4]byte{src, dst} {
		pseudo += uint32(binary.BigEndian.Uint16(a[:])) + uint32(binary.BigEndian.Uint16(a[2:]))
	}
	binary.BigEndian.PutUint16(body[at:], checksum(body, pseudo))
	return b
}

// checksum is that of RFC 1071, begun with sum.
func checksum(b []byte, sum uint32) uint16 {
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
