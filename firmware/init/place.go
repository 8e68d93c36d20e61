package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"time"

	"github.com/vishvananda/netlink"

	"opendeskphone/firmware/lldp"
	"opendeskphone/firmware/settings"
	"opendeskphone/firmware/uplink"
)

// The sockets of the phone have these priorities (socket(7), SO_PRIORITY; sip/qos sets them), which are also what
// 802.1p has for voice and for critical applications when nobody says otherwise (IEEE 802.1Q annex I).
const (
	voicePriority     = 5
	signalingPriority = 3
)

// place is where the phone stands on the cable: on a VLAN, or in the untagged network.
type place struct {
	vlan             int // 0: untagged
	source           uplink.Source
	voice, signaling int // 802.1p on the VLAN
}

// Times of places. Who can send LLDP can move the phone: but not every moment.
const (
	dwell   = 4 * time.Second  // between two moves
	confirm = 20 * time.Second // a place that was learnt has to prove itself once the link is up
)

// learnt is what others have said of where to be; the strongest wins.
type learnt struct {
	heard            bool         // the switch has spoken since the link came up
	voice, signaling *lldp.Policy // the last word of a switch that speaks LLDP-MED
	offered          int          // VLAN that the untagged network's DHCP server named
	refused          int          // the one of these that gave no address
}

// hear takes a neighbour's word. A switch begins LLDP-MED only when it has heard us: without it, nothing is said about voice.
func (l *learnt) hear(n lldp.Neighbour) {
	l.heard = true
	if n.Switch {
		l.voice, l.signaling = n.Voice, n.Signaling
	}
}

// offer hears a DHCP server of the untagged network.
func (l *learnt) offer(vlan int) {
	if vlan != l.refused {
		l.offered = vlan
	}
}

// expire forgets what has not proven itself: the word of a switch that is no longer there, or a server's VLAN
// in which there is nobody.
func (l *learnt) expire(at place, bound bool) {
	if !l.heard {
		l.voice, l.signaling = nil, nil
	}
	if at.source == uplink.DHCP && !bound {
		l.refused, l.offered = l.offered, 0
	}
}

// decide says where to be: by the settings, by LLDP-MED, by DHCP, or untagged.
func (l *learnt) decide(s settings.Network) place {
	p := place{voice: voicePriority, signaling: signalingPriority}
	id, err := strconv.Atoi(s.VLAN)
	switch {
	case err == nil:
		p.vlan, p.source = id, uplink.Settings
	case s.VLAN != settings.AutoVLAN:
		return place{}
	case l.voice != nil && (!l.voice.Tagged || l.voice.VLAN == 0):
		return place{} // the switch wants voice here, in the untagged network
	case l.voice != nil:
		p.vlan, p.source = l.voice.VLAN, uplink.LLDP
	case l.offered != 0:
		p.vlan, p.source = l.offered, uplink.DHCP
	default:
		return place{}
	}
	if l.voice != nil && l.voice.Tagged {
		p.voice = l.voice.Priority
	}
	if l.signaling != nil && l.signaling.Tagged {
		p.signaling = l.signaling.Priority
	}
	if s.Priority >= 0 {
		p.voice = s.Priority
	}
	return p
}

// tell writes the state down for the phone.
func (l *learnt) tell(s *uplink.State) {
	s.DSCP, s.SignalingDSCP = nil, nil
	if l.voice != nil {
		s.DSCP = &l.voice.DSCP
	}
	if l.signaling != nil {
		s.SignalingDSCP = &l.signaling.DSCP
	}
}

// review moves to where the phone should be, if it is not there.
func (n *network) review(ctx context.Context, s *session) {
	if time.Since(n.since) > confirm {
		n.learnt.expire(n.at, n.bound.Load())
	}
	if to := n.learnt.decide(n.settings); to != n.at {
		s.stop()
		n.move(to)
		n.begin(ctx, s)
	}
	n.tell(n.learnt.tell)
}

// move leaves a place for another; no session may be running.
func (n *network) move(to place) {
	if to == n.at {
		return
	}
	n.log.Info("place", "vlan", to.vlan, "by", to.source, "priority", to.voice)
	if to.vlan != n.at.vlan {
		n.last = nil
	}
	if n.at.vlan != 0 {
		if old, err := netlink.LinkByName(vlanLink(n.nic, n.at.vlan)); err == nil {
			_ = netlink.LinkDel(old) // gone already is what we want
		}
	}
	n.at = to
	n.tell(func(s *uplink.State) {
		s.VLAN, s.Source, s.Priority = to.vlan, to.source, to.voice
		if to.vlan == 0 {
			s.Priority = 0
		}
	})
}

func vlanLink(nic string, vlan int) string { return fmt.Sprintf("%s.%d", nic, vlan) }

// enter makes the interface of the place and gives its name. Where VLANs cannot be had the untagged network must do:
// a phone off the network cannot be helped from afar.
func (n *network) enter() string {
	if n.at.vlan == 0 {
		n.silence(false)
		return n.nic
	}
	name := vlanLink(n.nic, n.at.vlan)
	if err := addVLAN(n.nic, name, n.at); err != nil {
		n.log.Error("no VLAN", "vlan", n.at.vlan, "err", err)
		n.con.printf("no VLAN %d: %v", n.at.vlan, err)
		n.tell(func(s *uplink.State) { s.VLAN, s.Source, s.Priority = 0, "", 0 })
		return n.nic
	}
	n.silence(true)
	n.con.milestone(fmt.Sprintf("vlan %d by %s", n.at.vlan, n.at.source))
	return name
}

// silence takes all addresses off the untagged network, or lets it have them.
func (n *network) silence(silent bool) {
	word := map[bool]string{true: "1", false: "0"}[silent]
	// Where there is no IPv6 there is nothing to switch off.
	_ = os.WriteFile("/proc/sys/net/ipv6/conf/"+n.nic+"/disable_ipv6", []byte(word), 0)
	if link, err := netlink.LinkByName(n.nic); err == nil && silent {
		removeOthers(link, netip.Addr{})
	}
}

// addVLAN makes an interface for a VLAN; one that is there already has been made by us, for the same place.
func addVLAN(nic, name string, p place) error {
	if link, err := netlink.LinkByName(name); err == nil {
		return netlink.LinkSetUp(link)
	}
	parent, err := netlink.LinkByName(nic)
	if err != nil {
		return fmt.Errorf("init: %s: %w", nic, err)
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.ParentIndex = name, parent.Attrs().Index
	link := &netlink.Vlan{LinkAttrs: attrs, VlanId: p.vlan, VlanProtocol: netlink.VLAN_PROTOCOL_8021Q,
		EgressQosMap: map[uint32]uint32{voicePriority: uint32(p.voice), signalingPriority: uint32(p.signaling)}}
	if err := netlink.LinkAdd(link); err != nil {
		return fmt.Errorf("init: make %s: %w", name, err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return errors.Join(err, netlink.LinkDel(link))
	}
	return nil
}

// listen runs LLDP on the cable until ctx ends.
func (n *network) listen(ctx context.Context) {
	socket, err := openLLDP(n.nic)
	if err != nil {
		n.log.Error("no LLDP", "err", err)
		return
	}
	defer socket.Close()
	a := &lldpAgent{via: socket, phone: n.phone, heard: func(nb lldp.Neighbour) { latest(n.heard, nb) }}
	a.Run(ctx)
}

// phone is what the switch is told of us, with the policy that we obey.
func (n *network) phone() lldp.Phone {
	p := n.about
	p.MAC, p.Port = hardwareAddress(n.nic), n.nic
	p.Name, _ = os.Hostname()
	n.mu.Lock()
	defer n.mu.Unlock()
	v := lldp.Policy{Tagged: n.state.VLAN != 0, VLAN: n.state.VLAN, Priority: n.state.Priority, DSCP: settings.VoiceDSCP(n.dscp, n.state.DSCP)}
	p.Voice = &v
	return p
}

// latest puts a value into a channel of one place, over an older one that nobody has read.
func latest[T any](c chan T, v T) {
	select {
	case <-c:
	default:
	}
	c <- v
}
