package handover

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"

	"opendeskphone/sip/stack"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/peer/focus"
)

// The conference server's place on the LAN, and how it is called.
var (
	focusAt = netip.AddrPortFrom(lab.LANAddr(70).Addr(), 5060)
	factory = "sip:conf@" + Domain
)

// NewMeetingStage is NewStage with a conference server that the phone's line knows.
func NewMeetingStage(ctx context.Context, dir string, c focus.Config) (*Stage, error) {
	c.Local, c.Domain, c.Factory, c.Proxy = focusAt, Domain, "conf", registrarAt
	return raise(ctx, &Stage{Dir: dir, line: "conference_factory = \"" + factory + "\"", focus: &c})
}

// openFocus starts the conference server.
func (s *Stage) openFocus() error {
	host, err := s.LAN.Host("focus", 70)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- focus.New(*s.focus, within{host}, slog.Default()).Run(ctx) }()
	s.stops = append(s.stops, func() error {
		cancel()
		return errors.Join(<-done, s.LAN.Remove(host))
	})
	return nil
}

// within is a namespace as a network for SIP by UDP, without names.
type within struct{ ns *lab.Namespace }

func (w within) ListenPacket(local netip.AddrPort) (net.PacketConn, error) {
	return w.ns.ListenPacket(local)
}
func (w within) Listen(netip.AddrPort) (net.Listener, error) { return nil, errors.ErrUnsupported }
func (w within) Dial(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
	return nil, errors.ErrUnsupported
}
func (w within) LocalFor(netip.Addr) (netip.Addr, error)                    { return focusAt.Addr(), nil }
func (w within) LookupAddr(context.Context, string) ([]netip.Addr, error)   { return nil, nil }
func (w within) LookupSRV(context.Context, string) ([]stack.SRV, error)     { return nil, nil }
func (w within) LookupNAPTR(context.Context, string) ([]stack.NAPTR, error) { return nil, nil }
