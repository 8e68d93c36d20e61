package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// System is the Network of the operating system: its sockets, its hosts file
// and the name servers of ResolvConf.
type System struct {
	ResolvConf string // empty is /etc/resolv.conf

	dnsPort string // tests only; empty is 53
}

// ListenPacket opens a UDP socket.
func (System) ListenPacket(local netip.AddrPort) (net.PacketConn, error) {
	return net.ListenUDP("udp", net.UDPAddrFromAddrPort(local))
}

// Listen opens a TCP listener.
func (System) Listen(local netip.AddrPort) (net.Listener, error) {
	return net.ListenTCP("tcp", net.TCPAddrFromAddrPort(local))
}

// Dial opens a TCP connection which the kernel finds dead within about a
// minute when the far side is gone.
func (System) Dial(ctx context.Context, local netip.Addr, remote netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 20 * time.Second, Interval: 10 * time.Second, Count: 3,
	}}
	if local.IsValid() && !local.IsUnspecified() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 0))
	}
	return d.DialContext(ctx, "tcp", remote.String())
}

// LocalFor asks the routing table; nothing is sent.
func (System) LocalFor(remote netip.Addr) (netip.Addr, error) {
	c, err := net.Dial("udp", netip.AddrPortFrom(remote, 5060).String())
	if err != nil {
		return netip.Addr{}, err
	}
	defer c.Close()
	return addrPort(c.LocalAddr()).Addr(), nil
}

// resolutionDelay is how long the addresses of one family are waited for when those of the other are there: some name
// servers never answer for IPv6 (RFC 8305 §3).
const resolutionDelay = 50 * time.Millisecond

// LookupAddr finds the addresses of a host, by the hosts file and the DNS: those that can be reached first, and of
// them those of IPv6 (RFC 6724 §6).
func (sys System) LookupAddr(ctx context.Context, host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		addrs []netip.Addr
		err   error
	}
	answers := make(chan answer, 2)
	for _, family := range []string{"ip6", "ip4"} {
		go func() {
			addrs, err := sys.lookupFamily(ctx, family, host)
			answers <- answer{addrs, err}
		}()
	}
	var addrs []netip.Addr
	var failed error
	var late <-chan time.Time
	for open := 2; open > 0; {
		select {
		case a := <-answers:
			open--
			addrs, failed = append(addrs, a.addrs...), cmp.Or(failed, a.err)
			if len(addrs) > 0 {
				late = time.After(resolutionDelay)
			}
		case <-late:
			open = 0
		}
	}
	if len(addrs) == 0 {
		return nil, failed
	}
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int { return cmp.Compare(sys.farness(a), sys.farness(b)) })
	return addrs, nil
}

// lookupFamily finds the addresses of one family; none is no error.
func (sys System) lookupFamily(ctx context.Context, family, host string) ([]netip.Addr, error) {
	r := net.Resolver{PreferGo: true, Dial: sys.dialServers()}
	addrs, err := r.LookupNetIP(ctx, family, host)
	var none *net.DNSError
	if errors.As(err, &none) && none.IsNotFound {
		return nil, nil
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	return addrs, err
}

// farness puts addresses in order: what cannot be reached comes last, and IPv6 before IPv4.
func (sys System) farness(a netip.Addr) (n int) {
	if _, err := sys.LocalFor(a); err != nil {
		n += 2
	}
	if a.Is4() {
		n++
	}
	return n
}

// dialServers reaches the name servers that are set now, in turn. The resolver of the standard library
// keeps what it once read, and a phone that looked up a name before it had an address would go on
// asking itself.
func (sys System) dialServers() func(ctx context.Context, network, address string) (net.Conn, error) {
	var turn atomic.Uint32
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		conf, err := sys.servers()
		if err != nil {
			return nil, err
		}
		server := conf.Servers[int(turn.Add(1)-1)%len(conf.Servers)]
		var d net.Dialer
		return d.DialContext(ctx, network, net.JoinHostPort(server, cmp.Or(sys.dnsPort, conf.Port)))
	}
}

// servers reads which name servers are set.
func (sys System) servers() (*dns.ClientConfig, error) {
	file := cmp.Or(sys.ResolvConf, "/etc/resolv.conf")
	conf, err := dns.ClientConfigFromFile(file)
	if err != nil {
		return nil, fmt.Errorf("stack: read %s: %w", file, err)
	}
	if len(conf.Servers) == 0 {
		return nil, fmt.Errorf("stack: %s names no server", file)
	}
	return conf, nil
}

// LookupSRV finds SRV records.
func (sys System) LookupSRV(ctx context.Context, name string) ([]SRV, error) {
	m, err := sys.ask(ctx, name, dns.TypeSRV)
	return srvIn(m), err
}

// LookupNAPTR finds NAPTR records.
func (sys System) LookupNAPTR(ctx context.Context, domain string) ([]NAPTR, error) {
	m, err := sys.ask(ctx, domain, dns.TypeNAPTR)
	return naptrIn(m), err
}

// askTimeout is how long one name server may take.
const askTimeout = 2 * time.Second

// ask puts a question to the name servers in turn.
func (sys System) ask(ctx context.Context, name string, kind uint16) (*dns.Msg, error) {
	conf, err := sys.servers()
	if err != nil {
		return nil, err
	}
	q := new(dns.Msg).SetQuestion(dns.Fqdn(name), kind)
	q.SetEdns0(1232, false)
	for _, server := range conf.Servers[:min(len(conf.Servers), 3)] {
		var m *dns.Msg
		if m, err = exchange(ctx, q, net.JoinHostPort(server, cmp.Or(sys.dnsPort, conf.Port))); err == nil {
			return m, nil
		}
	}
	return nil, err
}

// exchange asks one server, by TCP when the answer does not fit a datagram.
func exchange(ctx context.Context, q *dns.Msg, server string) (*dns.Msg, error) {
	c := dns.Client{Net: "udp", Timeout: askTimeout}
	m, _, err := c.ExchangeContext(ctx, q, server)
	if err == nil && m.Truncated {
		c.Net = "tcp"
		m, _, err = c.ExchangeContext(ctx, q, server)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("stack: ask %s: %w", server, err)
	case m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError:
		return nil, fmt.Errorf("stack: ask %s: %s", server, dns.RcodeToString[m.Rcode])
	}
	return m, nil
}

// maxAnswers bounds how many records of one answer are looked at.
const maxAnswers = 64

// records are the answers of one kind, bounded.
func records[T dns.RR](m *dns.Msg) []T {
	var list []T
	if m == nil {
		return nil
	}
	for _, rr := range m.Answer[:min(len(m.Answer), maxAnswers)] {
		if r, ok := rr.(T); ok {
			list = append(list, r)
		}
	}
	return list
}

func srvIn(m *dns.Msg) []SRV {
	var list []SRV
	for _, r := range records[*dns.SRV](m) {
		if name := plain(r.Target); name != "" {
			list = append(list, SRV{Priority: r.Priority, Weight: r.Weight, Host: name, Port: r.Port})
		}
	}
	return list
}

func naptrIn(m *dns.Msg) []NAPTR {
	var list []NAPTR
	for _, r := range records[*dns.NAPTR](m) {
		if name := plain(r.Replacement); name != "" {
			list = append(list, NAPTR{
				Order: r.Order, Preference: r.Preference, Flags: r.Flags, Service: r.Service, Replacement: name,
			})
		}
	}
	return list
}

// plain is a domain name without its final dot, or "" when it holds anything
// a host or service name does not: it may go into logs and messages.
func plain(name string) string {
	name = strings.TrimSuffix(name, ".")
	if !isHost(name) || strings.HasPrefix(name, "[") {
		return ""
	}
	return name
}
