package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"opendeskphone/firmware/lldp"
	"opendeskphone/firmware/settings"
	"opendeskphone/firmware/uplink"
)

// ipConfig is what an interface is set to.
type ipConfig struct {
	address netip.Prefix
	gateway netip.Addr // zero for none
	dns     []netip.Addr
	domain  string
	ntp     []string
	vlan    int // for voice, that the server of the untagged network names; 0: none
}

// defaultNTP are the time servers when nobody names any.
var defaultNTP = []string{"0.debian.pool.ntp.org", "1.debian.pool.ntp.org"}

// settingsPeriod is how often the settings file is looked at.
const settingsPeriod = 2 * time.Second

// network keeps the phone on the network: on the VLAN where it should be, with an address by DHCP or by the
// settings, anew when the cable comes back, the settings change or the switch has another opinion.
type network struct {
	nic      string
	about    lldp.Phone // what the switch is told of us
	con      *console
	log      *slog.Logger
	settings settings.Network // in force
	setNTP   func([]string)
	heard    chan lldp.Neighbour // capacity 1
	offers   chan int            // capacity 1: a VLAN that DHCP named
	learnt   learnt
	at       place
	since    time.Time // the session has run

	// Read and written by the one session that runs, or while none does.
	last  *lease // of the session before
	ready bool   // the first address has been told
	bound atomic.Bool

	mu    sync.Mutex // over what phone and switch are told
	state uplink.State
	dscp  int // of voice, by the settings; negative: they do not say
	file  string
}

func newNetwork(nic string, about lldp.Phone, con *console, log *slog.Logger) *network {
	return &network{nic: nic, about: about, con: con, log: log, heard: make(chan lldp.Neighbour, 1), offers: make(chan int, 1), file: uplink.File}
}

// tell changes what the phone is told.
func (n *network) tell(change func(*uplink.State)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.state
	change(&now)
	if reflect.DeepEqual(now, n.state) {
		return
	}
	n.state = now
	n.log.Info("network", "state", string(now.Encode()))
	if err := writeAtomic(n.file, now.Encode()); err != nil {
		n.log.Warn("the phone is not told of its network", "err", err)
	}
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
	n.move(n.learnt.decide(n.settings))
	s, lldp := &session{}, &session{}
	defer s.stop()
	defer lldp.stop()
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
				n.linkChanged(ctx, s, lldp, up)
			}
		case nb := <-n.heard:
			n.learnt.hear(nb)
			n.tell(func(s *uplink.State) { s.Switch, s.Port = cmp.Or(nb.Name, nb.Chassis), nb.Port })
			if up && (n.at == (place{}) || time.Since(n.since) > dwell) {
				n.review(ctx, s)
			}
		case vlan := <-n.offers:
			n.learnt.offer(vlan)
			n.review(ctx, s)
		case <-tick.C:
			if t := readStamp(settingsFile); !t.Equal(stamp) {
				stamp = t
				n.settingsChanged(ctx, s, up)
			}
			if up && time.Since(n.since) > dwell {
				n.review(ctx, s)
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
func (n *network) linkChanged(ctx context.Context, s, lldp *session, up bool) {
	n.log.Info("link", "nic", n.nic, "up", up)
	if up {
		n.con.milestone("link up")
		n.learnt.heard, n.learnt.refused = false, 0
		lldp.start(ctx, n.listen)
		n.begin(ctx, s)
		return
	}
	n.con.milestone("link down")
	s.stop()
	lldp.stop()
}

// begin starts the configuration of the place where the phone is.
func (n *network) begin(ctx context.Context, s *session) {
	n.since = time.Now()
	n.bound.Store(false)
	s.start(ctx, n.configure)
}

// settingsChanged puts new settings in force, if they are new.
func (n *network) settingsChanged(ctx context.Context, s *session, up bool) {
	now := n.readSettings()
	if reflect.DeepEqual(now.Network, n.settings) {
		n.use(now)
		return
	}
	s.stop()
	n.use(now)
	n.last = nil
	n.move(n.learnt.decide(n.settings))
	if up {
		n.begin(ctx, s)
	}
}

// readSettings reads the settings in force and says what is wrong with the file.
func (n *network) readSettings() settings.File {
	now, err := readSettings(settingsFile)
	if err != nil {
		n.log.Warn("network settings", "err", err)
		n.con.printf("%v", err)
	}
	now.Network.Hostname = cmp.Or(now.Network.Hostname, defaultHostname(n.nic))
	return now
}

// use takes settings; if those of the network are others no session may be running, since it reads them.
func (n *network) use(f settings.File) {
	n.mu.Lock()
	n.dscp = f.Media.DSCP
	n.mu.Unlock()
	if reflect.DeepEqual(f.Network, n.settings) {
		return
	}
	if err := unix.Sethostname([]byte(f.Network.Hostname)); err != nil {
		n.log.Error("host name", "err", err)
	}
	n.settings = f.Network
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
	nic := n.enter()
	if !n.settings.DHCP {
		if err := n.apply(nic, staticConfig(n.settings)); err != nil {
			n.log.Error("static address", "err", err)
		}
		return
	}
	socket, err := openDHCPSocket(ctx, nic)
	if err != nil {
		n.log.Error("no DHCP", "err", err)
		return
	}
	defer socket.Close()
	c := &dhcpClient{hw: hardwareAddress(n.nic), hostname: n.settings.Hostname, via: socket,
		class: strings.Join([]string{n.about.Maker, n.about.Model, n.about.Version}, " "), lost: func() { n.drop(nic) }}
	asked := n.at.vlan != 0 // a server there has no say in this
	c.bound = func(ic ipConfig) error {
		if ic.vlan != 0 && !asked {
			asked = true
			latest(n.offers, ic.vlan)
			return errElsewhere // unless we are still here after a moment
		}
		return n.apply(nic, withSettings(ic, n.settings))
	}
	n.last = c.Run(ctx, n.last)
}

// errElsewhere is a DHCP server of the untagged network that names a VLAN for voice.
var errElsewhere = errors.New("init: voice is on a VLAN")

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
func (n *network) apply(nic string, c ipConfig) error {
	link, err := netlink.LinkByName(nic)
	if err != nil {
		return fmt.Errorf("init: %s: %w", nic, err)
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
	n.bound.Store(true)
	n.log.Info("address", "nic", nic, "address", c.address, "gateway", c.gateway, "dns", c.dns)
	if !n.ready {
		n.ready = true
		n.con.milestone("address " + c.address.Addr().String())
	}
	n.setNTP(c.ntp)
	return nil
}

// drop takes the address off when its lease has ended.
func (n *network) drop(nic string) {
	n.log.Warn("address lost", "nic", nic)
	n.bound.Store(false)
	if link, err := netlink.LinkByName(nic); err == nil {
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
