package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// Times of the DHCP client. RFC 2131 §4.1 lets the first resend come after 4 s; a phone that has
// just been plugged in asks sooner, since switches drop the first frames.
const (
	dhcpFirst  = time.Second
	dhcpLast   = 32 * time.Second
	dhcpReboot = 2                // tries to get the old address back before a new one is asked for
	minLease   = 30 * time.Second // a shorter lease would be a flood
	maxLease   = 30 * 24 * time.Hour
)

// errRefused is a DHCPNAK: the address is no longer ours.
var errRefused = errors.New("init: DHCP server refused")

// packets is the way to DHCP servers: whole messages, received ones on a channel.
type packets interface {
	Send(msg []byte, server netip.Addr) error // the zero Addr means all servers
	Received() <-chan []byte
}

// lease is an address for a time.
type lease struct {
	config                ipConfig
	server                netip.Addr
	ack                   *dhcpv4.DHCPv4
	renew, rebind, expire time.Duration // since it was given: T1, T2 and the end (RFC 2131 §4.4.5)
}

// dhcpClient gets an address and keeps it. Its states are those of RFC 2131 figure 5: initReboot and
// acquire are INIT-REBOOT and INIT to BOUND, hold is BOUND, RENEWING and REBINDING.
type dhcpClient struct {
	hw       net.HardwareAddr
	hostname string
	class    string // what kind of device this is (RFC 2132 §9.13), by which servers give phones what is for phones
	via      packets
	bound    func(ipConfig) error // takes the address into use
	lost     func()               // gives it up
}

// Run keeps an address until ctx ends. last is the lease of an earlier run or nil; the newest one is
// returned, for the next.
func (c *dhcpClient) Run(ctx context.Context, last *lease) *lease {
	for ctx.Err() == nil {
		l, err := c.initReboot(ctx, last)
		if err != nil {
			l, err = c.acquire(ctx)
		}
		if err != nil {
			continue // ctx has ended, or a NAK: begin anew
		}
		last = l
		if c.bound(l.config) != nil {
			select {
			case <-ctx.Done():
			case <-time.After(dhcpFirst):
			}
			continue
		}
		if l = c.hold(ctx, l); l == nil {
			last = nil
			c.lost()
			continue
		}
		last = l
	}
	return last
}

// initReboot asks for the address we had; a phone whose cable was pulled is back at once.
func (c *dhcpClient) initReboot(ctx context.Context, last *lease) (*lease, error) {
	if last == nil {
		return nil, errRefused
	}
	msg, err := c.message(dhcpv4.WithMessageType(dhcpv4.MessageTypeRequest),
		dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(last.config.address.Addr().AsSlice())))
	if err != nil {
		return nil, err
	}
	ack, err := c.exchange(ctx, msg, netip.Addr{}, dhcpReboot, dhcpv4.MessageTypeAck)
	if err != nil {
		return nil, err
	}
	return leaseOf(ack)
}

// acquire finds a server and takes the address it offers.
func (c *dhcpClient) acquire(ctx context.Context) (*lease, error) {
	msg, err := c.message(dhcpv4.WithMessageType(dhcpv4.MessageTypeDiscover))
	if err != nil {
		return nil, err
	}
	offer, err := c.exchange(ctx, msg, netip.Addr{}, 0, dhcpv4.MessageTypeOffer)
	if err != nil {
		return nil, err
	}
	msg, err = c.message(dhcpv4.WithMessageType(dhcpv4.MessageTypeRequest), dhcpv4.WithTransactionID(offer.TransactionID),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(offer.ServerIdentifier())),
		dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(offer.YourIPAddr)))
	if err != nil {
		return nil, err
	}
	ack, err := c.exchange(ctx, msg, netip.Addr{}, 3, dhcpv4.MessageTypeAck)
	if err != nil {
		return nil, err
	}
	return leaseOf(ack)
}

// hold renews a lease until ctx ends, and gives nil when the lease could not be kept.
func (c *dhcpClient) hold(ctx context.Context, l *lease) *lease {
	for {
		given := time.Now()
		if !pause(ctx, l.renew) {
			return l
		}
		next, err := c.renewBy(ctx, l, l.server, l.rebind-time.Since(given))
		if err != nil && !errors.Is(err, errRefused) {
			next, err = c.renewBy(ctx, l, netip.Addr{}, l.expire-time.Since(given))
		}
		if ctx.Err() != nil {
			return l
		}
		if err != nil {
			return nil
		}
		if next.config.address != l.config.address {
			return nil // a server that moves us without asking: begin anew
		}
		l = next
	}
}

func (c *dhcpClient) renewBy(ctx context.Context, l *lease, server netip.Addr, limit time.Duration) (*lease, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	msg, err := c.message(dhcpv4.WithMessageType(dhcpv4.MessageTypeRequest), dhcpv4.WithClientIP(l.config.address.Addr().AsSlice()))
	if err != nil {
		return nil, err
	}
	msg.SetUnicast() // we have an address to answer to
	ack, err := c.exchange(ctx, msg, server, 0, dhcpv4.MessageTypeAck)
	if err != nil {
		return nil, err
	}
	return leaseOf(ack)
}

func (c *dhcpClient) message(mods ...dhcpv4.Modifier) (*dhcpv4.DHCPv4, error) {
	mods = append([]dhcpv4.Modifier{
		dhcpv4.WithHwAddr(c.hw), dhcpv4.WithBroadcast(true),
		dhcpv4.WithRequestedOptions(dhcpv4.OptionSubnetMask, dhcpv4.OptionRouter, dhcpv4.OptionDomainNameServer,
			dhcpv4.OptionDomainName, dhcpv4.OptionNTPServers, optionVLAN),
		dhcpv4.WithOption(dhcpv4.OptHostName(c.hostname)), dhcpv4.WithOption(dhcpv4.OptClassIdentifier(c.class)),
	}, mods...)
	m, err := dhcpv4.New(mods...)
	if err != nil {
		return nil, fmt.Errorf("init: make DHCP message: %w", err)
	}
	return m, nil
}

// exchange sends a message until the wanted answer comes; tries 0 means until ctx ends.
func (c *dhcpClient) exchange(ctx context.Context, msg *dhcpv4.DHCPv4, server netip.Addr, tries int, want dhcpv4.MessageType) (*dhcpv4.DHCPv4, error) {
	wait := dhcpFirst
	for try := 1; tries == 0 || try <= tries; try++ {
		_ = c.via.Send(msg.ToBytes(), server) // a link that is just going: the resend is the remedy
		timer := time.NewTimer(wait + rand.N(wait/4))
		answer, err := c.await(ctx, timer.C, msg, want)
		timer.Stop()
		if answer != nil || err != nil {
			return answer, err
		}
		wait = min(2*wait, dhcpLast)
	}
	return nil, errors.New("init: no DHCP server answers")
}

// await takes the first answer to msg of the wanted type; neither answer nor error means time-out.
func (c *dhcpClient) await(ctx context.Context, timeout <-chan time.Time, msg *dhcpv4.DHCPv4, want dhcpv4.MessageType) (*dhcpv4.DHCPv4, error) {
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timeout:
			return nil, nil
		case raw := <-c.via.Received():
			m, err := dhcpv4.FromBytes(raw)
			if err != nil || m.OpCode != dhcpv4.OpcodeBootReply || m.TransactionID != msg.TransactionID {
				continue
			}
			switch m.MessageType() {
			case dhcpv4.MessageTypeNak:
				return nil, errRefused
			case want:
				if _, err := leaseOf(m); err == nil {
					return m, nil
				}
			}
		}
	}
}

// leaseOf reads a server's answer, an offer or the final word, and refuses what cannot be used.
func leaseOf(ack *dhcpv4.DHCPv4) (*lease, error) {
	addr, ok := netip.AddrFromSlice(ack.YourIPAddr.To4())
	ones, bits := ack.SubnetMask().Size()
	server, okServer := netip.AddrFromSlice(ack.ServerIdentifier().To4())
	if !ok || !okServer || bits != 32 || ones == 0 || addr.IsUnspecified() || addr.IsMulticast() || addr.IsLoopback() {
		return nil, errors.New("init: DHCP server gave no usable address")
	}
	l := &lease{ack: ack, server: server, config: ipConfig{address: netip.PrefixFrom(addr, ones),
		dns: addrs(ack.DNS()), ntp: hostNames(addrs(ack.NTPServers()))}}
	l.config.vlan = vlanOf(ack.Options.Get(optionVLAN))
	if r := addrs(ack.Router()); len(r) > 0 {
		l.config.gateway = r[0]
	}
	if d := ack.DomainName(); isDomain(d) {
		l.config.domain = d
	}
	l.expire = min(max(ack.IPAddressLeaseTime(time.Hour), minLease), maxLease)
	l.renew = ack.IPAddressRenewalTime(l.expire / 2)
	l.rebind = ack.IPAddressRebindingTime(l.expire * 7 / 8)
	if l.renew < minLease/2 || l.renew >= l.rebind || l.rebind >= l.expire {
		l.renew, l.rebind = l.expire/2, l.expire*7/8
	}
	return l, nil
}

// optionVLAN names the VLAN of voice; no RFC has it, but makers of phones agree on its number.
const optionVLAN = dhcpv4.GenericOptionCode(132)

// vlanOf reads it as it is met: in digits, or as a number of two or four bytes. 0: none that can be.
func vlanOf(b []byte) int {
	id, err := strconv.ParseUint(strings.TrimRight(string(b), "\x00"), 10, 32)
	if err != nil {
		switch len(b) {
		case 2:
			id = uint64(binary.BigEndian.Uint16(b))
		case 4:
			id = uint64(binary.BigEndian.Uint32(b))
		}
	}
	if id > maxVLAN {
		return 0
	}
	return int(id)
}

const maxVLAN = 4094 // IEEE 802.1Q table 9-2

// maxServers bounds how many servers of a kind are taken from a DHCP answer.
const maxServers = 4

func addrs(ips []net.IP) []netip.Addr {
	var out []netip.Addr
	for _, ip := range ips {
		if a, ok := netip.AddrFromSlice(ip.To4()); ok && !a.IsUnspecified() && len(out) < maxServers {
			out = append(out, a)
		}
	}
	return out
}

func hostNames(as []netip.Addr) []string {
	var out []string
	for _, a := range as {
		out = append(out, a.String())
	}
	return out
}

// pause waits and says whether the whole time has passed.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
