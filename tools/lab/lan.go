package lab

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
)

// LANDevice is the switch itself, as a device of the LAN's core: a Capture on it sees all traffic.
const LANDevice = "lan"

// LAN is an office network in small: a switch whose core host stands at 10.77.0.1, hosts with one
// address each in namespaces of their own, and sockets for QEMU guests. Every host has a stack of
// its own, so that what a peer sends really comes from its address.
type LAN struct {
	Core *Namespace // 10.77.0.1: where servers live
	dir  string

	mu    sync.Mutex
	hosts []*Namespace
}

// NewLAN makes an empty network; logs of what runs in it go to dir. Close it.
func NewLAN(dir string) (*LAN, error) {
	core, err := NewNamespace(UniqueName("lab"), filepath.Join(dir, "core"))
	if err != nil {
		return nil, err
	}
	l := &LAN{Core: core, dir: dir}
	// A switch without an address of its own takes the lowest of its ports' and changes it when hosts
	// come and go, which cuts off everybody for as long as the old one is remembered.
	err = errors.Join(core.IP("link", "add", LANDevice, "address", "02:00:00:4d:00:01", "type", "bridge", "forward_delay", "0"), core.up(LANDevice, LANAddr(1)))
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// LANAddr is the address of host number n, 1 to 254, with the network's length.
func LANAddr(n int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 77, 0, byte(n)}), 24)
}

// Host adds host number n to the network: a namespace whose eth0 is plugged into the switch, with
// the core as its way out and its name server.
func (l *LAN) Host(name string, n int) (*Namespace, error) {
	h, err := NewNamespace(UniqueName("lab"), filepath.Join(l.dir, name))
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.hosts = append(l.hosts, h)
	l.mu.Unlock()
	port := portOf(h)
	return h, errors.Join(
		l.Core.IP("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", h.name),
		l.plug(port),
		h.up("eth0", LANAddr(n)),
		h.IP("route", "add", "default", "via", LANAddr(1).Addr().String()),
		h.SetDNS(LANAddr(1).Addr()))
}

// Remove takes a host off the network, with what runs on it.
func (l *LAN) Remove(h *Namespace) error {
	l.mu.Lock()
	l.hosts = slices.DeleteFunc(l.hosts, func(have *Namespace) bool { return have == h })
	l.mu.Unlock()
	return h.Close()
}

// portOf names the switch's port of a host.
func portOf(h *Namespace) string { return "p-" + h.name }

func (l *LAN) plug(port string) error {
	return errors.Join(l.Core.IP("link", "set", port, "master", LANDevice), l.Core.IP("link", "set", port, "up"))
}

// Tap adds a socket for a QEMU guest: a tap device of the core, plugged into the switch.
func (l *LAN) Tap(dev string) error {
	return errors.Join(l.Core.IP("tuntap", "add", "dev", dev, "mode", "tap"), l.plug(dev))
}

// RemoveTap takes a guest's socket away.
func (l *LAN) RemoveTap(dev string) error { return l.Core.IP("link", "del", dev) }

// Readdress makes a host number n, as a DHCP server of another opinion would: its old address is gone.
func (l *LAN) Readdress(h *Namespace, n int) error {
	return errors.Join(h.IP("addr", "flush", "dev", "eth0", "scope", "global"), h.AddAddr("eth0", LANAddr(n)),
		h.IP("route", "add", "default", "via", LANAddr(1).Addr().String()))
}

// Cable pulls a host's cable out of the switch, or plugs it in again: the host sees its link go.
func (l *LAN) Cable(h *Namespace, plugged bool) error {
	state := map[bool]string{true: "up", false: "down"}[plugged]
	return l.Core.IP("link", "set", portOf(h), state)
}

// AddAddr gives the core one more address, for a second server.
func (l *LAN) AddAddr(n int) error { return l.Core.AddAddr(LANDevice, LANAddr(n)) }

// Close ends everything that runs in the network, and the network.
func (l *LAN) Close() error {
	l.mu.Lock()
	hosts := l.hosts
	l.hosts = nil
	l.mu.Unlock()
	var errs []error
	for _, h := range hosts {
		errs = append(errs, h.Close())
	}
	if err := errors.Join(append(errs, l.Core.Close())...); err != nil {
		return fmt.Errorf("lab: close network: %w", err)
	}
	return nil
}
