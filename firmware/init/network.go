package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"opendeskphone/firmware/settings"
)

// ipConfig is what an interface is set to.
type ipConfig struct {
	address netip.Prefix
	gateway netip.Addr // zero for none
	dns     []netip.Addr
	domain  string
	ntp     []string
}

// defaultNTP are the time servers when nobody names any.
var defaultNTP = []string{"0.debian.pool.ntp.org", "1.debian.pool.ntp.org"}

// settingsPeriod is how often the settings file is looked at.
const settingsPeriod = 2 * time.Second

// network keeps the Ethernet interface configured: by DHCP or by the settings, anew when the cable
// comes back or the settings change.
type network struct {
	nic      string
	con      *console
	log      *slog.Logger
	settings settings.Network // in force
	last     *lease           // of the session before; read and written by the one session that runs
	setNTP   func([]string)
	ready    bool // the first address has been told
}

func newNetwork(nic string, con *console, log *slog.Logger) *network {
	return &network{nic: nic, con: con, log: log}
}

// Run keeps the interface up until ctx ends. setNTP is told the time servers.
func (n *network) Run(ctx context.Context, setNTP func([]string)) {
	n.setNTP = setNTP
	if lo, err := netlink.LinkByName("lo"); err == nil {
		err = netlink.LinkSetUp(lo)
		if err != nil {
			n.log.Error("no loopback", "err", err)
		}
	}
	updates := make(chan netlink.LinkUpdate, 16)
	err := netlink.LinkSubscribeWithOptions(updates, ctx.Done(), netlink.LinkSubscribeOptions{ListExisting: true})
	if err != nil {
		n.log.Error("no link events", "err", err)
	}
	n.use(n.readSettings())
	s := &session{}
	defer s.stop()
	tick := time.NewTicker(settingsPeriod)
	defer tick.Stop()
	stamp := readStamp(settingsFile)
	up := false
	for {
		select {
		case <-ctx.Done():
			return
		case u, ok := <-updates:
			if !ok {
				updates = nil
				continue
			}
			if u.Attrs().Name != n.nic {
				continue
			}
			if u.Attrs().RawFlags&unix.IFF_UP == 0 {
				n.raise(u.Link)
			}
			if now := u.Attrs().RawFlags&unix.IFF_LOWER_UP != 0; now != up {
				up = now
				n.linkChanged(ctx, s, up)
			}
		case <-tick.C:
			if t := readStamp(settingsFile); !t.Equal(stamp) {
				stamp = t
				n.settingsChanged(ctx, s, up)
			}
		}
	}
}

// raise switches the interface on; its link then comes as an update of its own.
func (n *network) raise(link netlink.Link) {
	if err := netlink.LinkSetUp(link); err != nil {
		n.log.Error("interface does not come up", "nic", n.nic, "err", err)
	}
}

// linkChanged starts and stops the configuration with the cable. The address stays while the cable
// is out, so that a call outlives a short break.
func (n *network) linkChanged(ctx context.Context, s *session, up bool) {
	n.log.Info("link", "nic", n.nic, "up", up)
	if up {
		n.con.milestone("link up")
		s.start(ctx, n.configure)
		return
	}
	n.con.milestone("link down")
	s.stop()
}

// settingsChanged puts new settings in force, if they are new.
func (n *network) settingsChanged(ctx context.Context, s *session, up bool) {
	now := n.readSettings()
	if reflect.DeepEqual(now, n.settings) {
		return
	}
	s.stop()
	n.use(now)
	n.last = nil
	if up {
		s.start(ctx, n.configure)
	}
}

// readSettings reads the settings in force and says what is wrong with the file.
func (n *network) readSettings() settings.Network {
	now, err := readNetwork(settingsFile)
	if err != nil {
		n.log.Warn("network settings", "err", err)
		n.con.printf("%v", err)
	}
	now.Hostname = cmp.Or(now.Hostname, defaultHostname(n.nic))
	return now
}

// use takes settings; no session may be running, since it reads them.
func (n *network) use(s settings.Network) {
	if err := unix.Sethostname([]byte(s.Hostname)); err != nil {
		n.log.Error("host name", "err", err)
	}
	n.settings = s
}

func defaultHostname(nic string) string {
	hw := hardwareAddress(nic)
	if len(hw) < 3 {
		return "odp"
	}
	return fmt.Sprintf("odp-%x", []byte(hw[len(hw)-3:]))
}

func hardwareAddress(nic string) net.HardwareAddr {
	i, err := net.InterfaceByName(nic)
	if err != nil {
		return nil
	}
	return i.HardwareAddr
}

// configure sets the interface, by DHCP until ctx ends or once by the settings.
func (n *network) configure(ctx context.Context) {
	if !n.settings.DHCP {
		if err := n.apply(staticConfig(n.settings)); err != nil {
			n.log.Error("static address", "err", err)
		}
		return
	}
	socket, err := openDHCPSocket(ctx, n.nic)
	if err != nil {
		n.log.Error("no DHCP", "err", err)
		return
	}
	defer socket.Close()
	c := &dhcpClient{hw: hardwareAddress(n.nic), hostname: n.settings.Hostname, via: socket,
		bound: func(ic ipConfig) error { return n.apply(withSettings(ic, n.settings)) }, lost: n.drop}
	n.last = c.Run(ctx, n.last)
}

// staticConfig is the configuration the settings spell out; they have been validated.
func staticConfig(s settings.Network) ipConfig {
	prefix, _ := netip.ParsePrefix(s.Address)
	gateway, _ := netip.ParseAddr(s.Gateway)
	return withSettings(ipConfig{address: prefix, gateway: gateway}, s)
}

// withSettings lets the user's servers go before the DHCP server's.
func withSettings(c ipConfig, s settings.Network) ipConfig {
	if len(s.DNS) > 0 {
		c.dns = nil
		for _, d := range s.DNS {
			// A zone may be any text, and this one goes into a file that others parse.
			if a, err := netip.ParseAddr(d); err == nil && (a.Zone() == "" || isLabel(a.Zone())) {
				c.dns = append(c.dns, a)
			}
		}
	}
	if len(s.NTP) > 0 {
		c.ntp = s.NTP
	}
	if len(c.ntp) == 0 {
		c.ntp = defaultNTP
	}
	return c
}

// apply sets the interface to the configuration and takes off what was on it before.
func (n *network) apply(c ipConfig) error {
	link, err := netlink.LinkByName(n.nic)
	if err != nil {
		return fmt.Errorf("init: %s: %w", n.nic, err)
	}
	want := &netlink.Addr{IPNet: &net.IPNet{IP: c.address.Addr().AsSlice(), Mask: net.CIDRMask(c.address.Bits(), c.address.Addr().BitLen())}}
	if err := netlink.AddrReplace(link, want); err != nil {
		return fmt.Errorf("init: set address %v: %w", c.address, err)
	}
	removeOthers(link, c.address.Addr())
	if c.gateway.IsValid() {
		r := &netlink.Route{LinkIndex: link.Attrs().Index, Gw: c.gateway.AsSlice()}
		if err := netlink.RouteReplace(r); err != nil {
			return fmt.Errorf("init: set router %v: %w", c.gateway, err)
		}
	}
	if err := writeAtomic("/run/resolv.conf", []byte(resolvConf(c))); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	n.log.Info("address", "nic", n.nic, "address", c.address, "gateway", c.gateway, "dns", c.dns)
	if !n.ready {
		n.ready = true
		n.con.milestone("address " + c.address.Addr().String())
	}
	n.setNTP(c.ntp)
	return nil
}

// drop takes the address off when its lease has ended.
func (n *network) drop() {
	n.log.Warn("address lost", "nic", n.nic)
	if link, err := netlink.LinkByName(n.nic); err == nil {
		removeOthers(link, netip.Addr{})
	}
}

func removeOthers(link netlink.Link, keep netip.Addr) {
	old, err := netlink.AddrList(link, netlink.FAMILY_V4)
	if err != nil {
		return
	}
	for _, a := range old {
		if !a.IP.Equal(keep.AsSlice()) {
			_ = netlink.AddrDel(link, &a) // gone already is what we want
		}
	}
}

// resolvConf names the DNS servers as resolvers read them (resolv.conf(5)).
func resolvConf(c ipConfig) string {
	var b strings.Builder
	for _, d := range c.dns {
		fmt.Fprintf(&b, "nameserver %v\n", d)
	}
	if c.domain != "" {
		fmt.Fprintf(&b, "search %s\n", c.domain)
	}
	b.WriteString("options timeout:2 attempts:2\n")
	return b.String()
}

// isLabel says whether s is one label of a host name (RFC 1123 §2.1).
func isLabel(s string) bool {
	if len(s) == 0 || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// isDomain says whether s is a DNS name; a DHCP server's word goes into a file that others parse.
func isDomain(s string) bool {
	return s != "" && len(s) <= 253 && !slices.ContainsFunc(strings.Split(s, "."), func(l string) bool { return !isLabel(l) })
}

// session is a running configuration that can be stopped.
type session struct {
	cancel context.CancelFunc
	done   chan struct{}
}

func (s *session) start(ctx context.Context, run func(context.Context)) {
	s.stop()
	ctx, s.cancel = context.WithCancel(ctx)
	done := make(chan struct{})
	s.done = done
	go func() {
		defer close(done)
		run(ctx)
	}()
}

func (s *session) stop() {
	if s.cancel == nil {
		return
	}
	s.cancel()
	<-s.done
	s.cancel = nil
}
