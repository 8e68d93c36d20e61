package stack

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"time"
)

// Transport is how a message travels. In a Via it stands in capitals.
type Transport string

// The transports a phone speaks.
const (
	UDP Transport = "udp"
	TCP Transport = "tcp"
	TLS Transport = "tls"
)

// reliable tells whether the transport itself repeats what was lost, so that
// the transaction need not.
func (t Transport) reliable() bool { return t != UDP }

// ConnID names one connection for its whole life; 0 is none (a datagram).
type ConnID uint64

// Target is where a request goes.
type Target struct {
	Transport  Transport
	Addr       netip.AddrPort
	ServerName string // TLS: the name the certificate must bear (host of the URI, or an IP)
	Conn       ConnID // prefer this connection while it lives (RFC 5626 flow); 0 is any
	// Other is the same server in the other address family; a connection is had
	// from whichever answers first (RFC 8305). Invalid where there is none.
	Other netip.AddrPort
}

// Source is where a message came from.
type Source struct {
	Transport Transport
	Addr      netip.AddrPort // the far end, as the socket says
	Local     netip.AddrPort // our end
	Conn      ConnID         // 0 for UDP
}

// Target is the way back along the same flow.
func (s Source) Target() Target {
	return Target{Transport: s.Transport, Addr: s.Addr, Conn: s.Conn}
}

// Network is the world a Stack speaks to: System in the phone, siptest.Net in
// tests. All methods may be called from any goroutine.
type Network interface {
	ListenPacket(local netip.AddrPort) (net.PacketConn, error)
	Listen(local netip.AddrPort) (net.Listener, error)
	// Dial opens a stream; TLS is laid over it by the Stack.
	Dial(ctx context.Context, local netip.Addr, remote netip.AddrPort) (net.Conn, error)
	// LocalFor is the address of ours from which remote is reached.
	LocalFor(remote netip.Addr) (netip.Addr, error)
	Resolver
}

// Resolver asks the DNS. A name that does not exist, or has no record of the
// kind, is an empty answer and not an error; an error means that nobody
// answered.
type Resolver interface {
	LookupAddr(ctx context.Context, host string) ([]netip.Addr, error)
	LookupSRV(ctx context.Context, name string) ([]SRV, error)
	LookupNAPTR(ctx context.Context, domain string) ([]NAPTR, error)
}

// SRV is one record of RFC 2782.
type SRV struct {
	Priority, Weight uint16
	Host             string
	Port             uint16
}

// NAPTR is one record of RFC 3403, of which RFC 3263 uses these fields.
type NAPTR struct {
	Order, Preference           uint16
	Flags, Service, Replacement string
}

// Rules are what this user agent understands; requests outside of them are
// answered by the Stack (RFC 3261 §8.2).
type Rules struct {
	Methods    []Method // goes into Allow
	Extensions []string // option tags, go into Supported
	Bodies     []string // media types taken in requests, go into Accept
}

// TLSConfig says whom to believe and who we are.
type TLSConfig struct {
	SystemRoots bool             // trust the CA bundle of the system
	RootFiles   []string         // PEM files with further roots
	Certificate *tls.Certificate // ours, when a server asks; nil is none
}

// Config of a Stack. Default gives sound values; Local and the switches are
// the caller's.
type Config struct {
	Local netip.AddrPort // where to listen; an unspecified address is all, port 0 is any
	UDP   bool           // listen for datagrams
	TCP   bool           // listen for streams (TLS is client only)
	TLS   TLSConfig
	Rules Rules

	Relay bool // a proxy: Rules do not apply, responses keep the Vias of others, merged requests go through

	UserAgent string // User-Agent of requests and Server of responses, when they have none

	T1, T2, T4 time.Duration // RFC 3261 §17: round trip estimate, longest repeat, longest life in the net

	MaxMessage      int           // bytes of one message; longer ones are refused
	MaxHeaders      int           // header lines of one message
	MaxConns        int           // connections open at the same time, of which half may be the others'
	MaxTransactions int           // server transactions alive at the same time; over it requests get 503
	DialTimeout     time.Duration // TCP and TLS together
	IdleTimeout     time.Duration // a connection others opened is closed after this silence
	FrameTimeout    time.Duration // a message begun on a stream must end within this
	PingEvery       time.Duration // double CRLF on connections we opened (RFC 5626 §3.5.1); 0 is never
	PongWait        time.Duration // RFC 5626 §4.4.1: 10 s
}

// Default is a Config for a phone on an unspecified address, UDP and TCP.
func Default() Config {
	return Config{
		Local: netip.AddrPortFrom(netip.IPv4Unspecified(), 5060), UDP: true, TCP: true,
		TLS: TLSConfig{SystemRoots: true},
		Rules: Rules{
			Methods: []Method{INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, NOTIFY, REFER, UPDATE, PRACK},
			Bodies:  []string{"application/sdp"},
		},
		T1: 500 * time.Millisecond, T2: 4 * time.Second, T4: 5 * time.Second, // RFC 3261 table 4
		MaxMessage: 65535, MaxHeaders: 256, MaxConns: 64, MaxTransactions: 4096,
		DialTimeout: 8 * time.Second, IdleTimeout: 10 * time.Minute, FrameTimeout: 10 * time.Second,
		PingEvery: 20 * time.Second, PongWait: 10 * time.Second,
	}
}
