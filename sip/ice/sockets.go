package ice

import (
	"net"
	"sync/atomic"

	"github.com/pion/stun/v4"
	"github.com/pion/transport/v5/stdnet"

	"opendeskphone/sip/qos"
)

// sockets is the system's network as pion sees it: the sockets it opens to TURN servers bear our quality mark, and are kept
// open. It opens no others.
type sockets struct {
	*stdnet.Net
	link *Link
	dscp int
}

// ListenPacket opens a socket to a TURN server over UDP.
func (s sockets) ListenPacket(network, address string) (net.PacketConn, error) {
	c, err := s.Net.ListenPacket(network, address)
	if err != nil {
		return nil, err
	}
	qos.Set(c, s.dscp, qos.Voice)
	r := &relaySocket{PacketConn: c}
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	s.link.relays = append(s.link.relays, r)
	return r, nil
}

// relaySocket remembers where its server is.
type relaySocket struct {
	net.PacketConn
	server atomic.Pointer[net.Addr]
}

func (r *relaySocket) WriteTo(b []byte, to net.Addr) (int, error) {
	r.server.Store(&to)
	return r.PacketConn.WriteTo(b, to)
}

// keep keeps the way to the server open by an indication, which has no answer (RFC 8489 §5).
func (r *relaySocket) keep() {
	if to := r.server.Load(); to != nil {
		_, _ = r.PacketConn.WriteTo(stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodBinding, stun.ClassIndication)).Raw, *to)
	}
}
