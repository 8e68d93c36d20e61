package ice

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"

	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
)

// Why a TURN server lends no address.
var (
	ErrRelayAway        = errors.New("cannot be reached")
	ErrRelayCertificate = errors.New("shows a certificate that is not trusted")
	ErrRelayUser        = errors.New("refuses the name or the password")
)

// Check tells whether the addresses of servers make sense.
func (c Config) Check() error {
	_, err := c.servers()
	return err
}

// TURNHost is the name or address of the TURN server; empty where there is none.
func (c Config) TURNHost() string {
	u, err := stun.ParseURI(c.TURN)
	if err != nil {
		return ""
	}
	return u.Host
}

// Try borrows an address of the TURN server, as a call would, and gives it back. The error says why it gets none; there must
// be a server.
func (c Config) Try(ctx context.Context, log *slog.Logger) error {
	c.STUN = ""
	servers, err := c.servers()
	if err != nil {
		return err
	}
	s := servers[0]
	at := net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	conn, err := c.dial(s, at)
	if err != nil {
		return refusal(err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	client, err := turn.NewClient(&turn.ClientConfig{TURNServerAddr: at, Username: c.User, Password: string(c.Password), Conn: conn, LoggerFactory: logs{log}})
	if err != nil {
		return refusal(err)
	}
	defer client.Close()
	if err := client.Listen(); err != nil {
		return refusal(err)
	}
	relay, err := client.AllocateWithContext(ctx)
	if err != nil {
		return refusal(err)
	}
	return relay.Close()
}

// dial opens the way to a TURN server.
func (c Config) dial(s *stun.URI, at string) (net.PacketConn, error) {
	if s.Proto == stun.ProtoTypeUDP {
		return net.ListenPacket("udp", ":0")
	}
	conn, err := dialer{s.Scheme == stun.SchemeTypeTURNS, s.Host, c.Roots}.Dial("tcp", at)
	if err != nil {
		return nil, err
	}
	return turn.NewSTUNConn(conn), nil
}

// refusal says in few words why no address was lent.
func refusal(err error) error {
	var untrusted *tls.CertificateVerificationError
	var said *stun.TurnError
	switch {
	case errors.As(err, &untrusted):
		return fmt.Errorf("%w: %w", ErrRelayCertificate, untrusted.Err)
	case errors.As(err, &said) && said.ErrorCodeAttr.Code == stun.CodeUnauthorized:
		return ErrRelayUser
	case errors.As(err, &said):
		return fmt.Errorf("says %d %.60q", said.ErrorCodeAttr.Code, said.ErrorCodeAttr.Reason)
	}
	return fmt.Errorf("%w: %w", ErrRelayAway, err)
}
