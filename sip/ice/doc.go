// Package ice finds a way for a call's media through NATs and firewalls: STUN (RFC 8489), TURN over UDP, TCP and TLS
// (RFC 8656), and ICE (RFC 8445) with consent (RFC 7675). It is the one importer of pion/ice.
//
// A Path is the two sockets of a call with what is known about reaching them. Each half is a Link, which is a datagram
// socket to its user, whatever the way:
//
//	socket ─► pump ─► no ICE agreed ───────────────────────────► inbox ─► ReadFrom
//	             └──► ICE agreed, or STUN ─► mux ─► agent ─► conn ─┘
//	WriteTo ─► no ICE agreed: socket, to the address given; ICE agreed: conn, by the pair the agent has chosen
//
// Everything of the network is hostile: until ICE has proven an address, nothing from it becomes media, and without the
// far side's consent for 30 seconds nothing more is sent.
package ice

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
	"github.com/pion/transport/v5/stdnet"
)

// Mode is how much is done to be reached.
type Mode uint8

// The modes.
const (
	Off  Mode = iota // our own address, symmetric RTP (RFC 4961)
	STUN             // the address that a STUN server sees
	Full             // ICE, with all addresses there are
)

// Config is how a line's calls get through NATs.
type Config struct {
	Mode     Mode
	STUN     string // host or host:port (3478), "" for none
	TURN     string // turn:host, turns:host:port?transport=udp or tcp (RFC 7065); "" for none
	User     string // of the TURN server (long-term credentials, RFC 8489 §9.2)
	Password Secret
	DSCP     int            // quality mark of packets to a TURN server, 0 to 63
	Roots    *x509.CertPool // who may sign the TURN server's certificate; nil: the system's
}

// Secret is a password; whatever prints it prints ***.
type Secret string

// String is *** whatever the secret.
func (Secret) String() string { return "***" }

// GoString is *** too.
func (Secret) GoString() string { return "***" }

// LogValue is *** in a log.
func (Secret) LogValue() slog.Value { return slog.StringValue("***") }

// MarshalText is *** in JSON and the like.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// ErrServer: the address of a STUN or TURN server makes no sense.
var ErrServer = errors.New("not the address of a server")

// servers are the STUN and TURN servers as pion knows them.
func (c Config) servers() (out []*stun.URI, err error) {
	if c.STUN != "" {
		u, err := stunServer(c.STUN)
		if err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	if c.TURN != "" {
		u, err := stun.ParseURI(c.TURN)
		if err != nil || u.Scheme != stun.SchemeTypeTURN && u.Scheme != stun.SchemeTypeTURNS || u.Host == "" || u.Port < 1 || u.Port > 65535 {
			return nil, fmt.Errorf("ice: turn server %q: %w", c.TURN, ErrServer)
		}
		u.Username, u.Password = c.User, string(c.Password)
		if u.Scheme == stun.SchemeTypeTURNS && !strings.Contains(c.TURN, "transport=") {
			u.Proto = stun.ProtoTypeTCP
		}
		out = append(out, u)
	}
	return out, nil
}

func stunServer(at string) (*stun.URI, error) {
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		host, port = strings.Trim(at, "[]"), "3478"
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || host == "" || strings.ContainsAny(host, " /?") {
		return nil, fmt.Errorf("ice: stun server %q: %w", at, ErrServer)
	}
	return &stun.URI{Scheme: stun.SchemeTypeSTUN, Host: host, Port: int(n), Proto: stun.ProtoTypeUDP}, nil
}

const (
	turnTime   = 3 * time.Second // a TURN server may take this long to take a connection
	serverTime = 2 * time.Second // and a STUN server to answer
	checkEvery = 100 * time.Millisecond
	// A pair is given up after so long: many a far side tries its pairs one by one, and until it comes to one its NAT lets
	// no check of ours in.
	checkFor  = 30 * time.Second
	keepAlive = 4 * time.Second  // between checks of a pair in use: 0.8 to 1.2 times 5 s (RFC 7675 §5.1)
	consent   = 30 * time.Second // without an answer to any of them, nothing more is sent (RFC 7675 §5.1)
)

// dialer connects to TURN servers over TCP; pion's own TLS knows no roots but the system's.
type dialer struct {
	secure bool
	host   string
	roots  *x509.CertPool
}

// Dial implements proxy.Dialer.
func (d dialer) Dial(network, address string) (net.Conn, error) {
	plain := &net.Dialer{Timeout: turnTime}
	if !d.secure {
		return plain.Dial(network, address)
	}
	return tls.DialWithDialer(plain, network, address, &tls.Config{ServerName: d.host, RootCAs: d.roots, MinVersion: tls.VersionTLS12})
}

// options of an agent with these credentials.
func (c Config) options(ufrag, pwd string, l *Link) ([]ice.AgentOption, error) {
	servers, err := c.servers()
	if err != nil {
		return nil, err
	}
	system, err := stdnet.NewNet()
	if err != nil {
		return nil, fmt.Errorf("ice: interfaces: %w", err)
	}
	turnBy := []ice.NetworkType{ice.NetworkTypeUDP4, ice.NetworkTypeUDP6, ice.NetworkTypeTCP4, ice.NetworkTypeTCP6}
	out := []ice.AgentOption{
		ice.WithNet(sockets{system, l, c.DSCP}), ice.WithUrls(servers), ice.WithLocalCredentials(ufrag, pwd), ice.WithUDPMux(l.mux), ice.WithUDPMuxSrflx(l.mux),
		ice.WithNetworkTypes([]ice.NetworkType{ice.NetworkTypeUDP4, ice.NetworkTypeUDP6}), ice.WithTURNTransportProtocols(turnBy),
		ice.WithDisableActiveTCP(), ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled), ice.WithSTUNGatherTimeout(serverTime),
		ice.WithKeepaliveInterval(keepAlive), ice.WithFailedTimeout(0), ice.WithDisconnectedTimeout(2 * keepAlive),
		// A person waits: what works first is taken, and a relay only shortly after all else.
		ice.WithSrflxAcceptanceMinWait(100 * time.Millisecond), ice.WithPrflxAcceptanceMinWait(200 * time.Millisecond),
		ice.WithRelayAcceptanceMinWait(400 * time.Millisecond), ice.WithCheckInterval(checkEvery),
		ice.WithMaxBindingRequests(uint16(checkFor / checkEvery)), ice.WithLoggerFactory(logs{l.log}),
	}
	for _, s := range servers {
		if s.Proto == stun.ProtoTypeTCP {
			out = append(out, ice.WithProxyDialer(dialer{s.Scheme == stun.SchemeTypeTURNS, s.Host, c.Roots}))
		}
	}
	return out, nil
}
