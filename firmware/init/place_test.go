package main

import (
	"context"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"opendeskphone/firmware/lldp"
	"opendeskphone/firmware/settings"
	"opendeskphone/firmware/uplink"
)

func medSwitch(name string, voice *lldp.Policy) lldp.Neighbour {
	return lldp.Neighbour{Chassis: name, Port: "1", TTL: 2 * time.Minute, Name: name, Switch: true, Voice: voice}
}

func TestWhoNamesTheVLAN(t *testing.T) {
	on60 := &lldp.Policy{Tagged: true, VLAN: 60, Priority: 6, DSCP: 46}
	auto := settings.Default().Network
	set := func(change func(*settings.Network)) settings.Network { n := auto; change(&n); return n }
	for _, c := range []struct {
		name     string
		settings settings.Network
		learnt   learnt
		want     place
	}{
		{"nobody", auto, learnt{}, place{}},
		{"the switch", auto, learnt{voice: on60}, place{60, uplink.LLDP, 6, 3}},
		{"the switch, before DHCP", auto, learnt{voice: on60, offered: 70}, place{60, uplink.LLDP, 6, 3}},
		{"DHCP", auto, learnt{offered: 70}, place{70, uplink.DHCP, 5, 3}},
		{"the switch wants voice untagged", auto, learnt{voice: &lldp.Policy{DSCP: 46}, offered: 70}, place{}},
		{"the switch wants a priority alone", auto, learnt{voice: &lldp.Policy{Tagged: true, Priority: 5}}, place{}},
		{"the settings, before all", set(func(n *settings.Network) { n.VLAN = "80" }), learnt{voice: on60, offered: 70}, place{80, uplink.Settings, 6, 3}},
		{"the settings: none", set(func(n *settings.Network) { n.VLAN = "none" }), learnt{voice: on60, offered: 70}, place{}},
		{"a priority set", set(func(n *settings.Network) { n.Priority = 2 }), learnt{voice: on60, signaling: &lldp.Policy{Tagged: true, VLAN: 60, Priority: 4}}, place{60, uplink.LLDP, 2, 4}},
	} {
		if got := c.learnt.decide(c.settings); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestWhatIsForgotten(t *testing.T) {
	auto, on60 := settings.Default().Network, &lldp.Policy{Tagged: true, VLAN: 60, Priority: 5}
	var l learnt
	l.hear(medSwitch("sw", on60))
	l.hear(lldp.Neighbour{Chassis: "sw", Name: "sw"}) // it has started anew and not heard us yet
	if l.expire(place{60, uplink.LLDP, 5, 3}, true); l.decide(auto).vlan != 60 {
		t.Error("a switch that began anew moved the phone")
	}
	l.heard = false // the cable was pulled, and plugged in elsewhere
	if l.expire(place{60, uplink.LLDP, 5, 3}, true); l.decide(auto) != (place{}) {
		t.Error("the word of a switch that is gone counts")
	}
	l.hear(medSwitch("sw", on60))
	l.hear(medSwitch("sw", nil))
	if l.decide(auto) != (place{}) {
		t.Error("a policy taken back counts")
	}
	l.offer(70)
	if l.expire(place{70, uplink.DHCP, 5, 3}, true); l.decide(auto).vlan != 70 {
		t.Error("a VLAN with an address was left")
	}
	l.expire(place{70, uplink.DHCP, 5, 3}, false)
	if l.offer(70); l.decide(auto) != (place{}) {
		t.Error("a VLAN without a server is tried for ever")
	}
	if l.offer(71); l.decide(auto).vlan != 71 {
		t.Error("another VLAN is not tried")
	}
}

// cable is the other end of a cable, on virtual time.
type cable struct {
	in   chan []byte
	sent []time.Duration
	ttls []time.Duration
	from time.Time
}

func (c *cable) Received() <-chan []byte { return c.in }

func (c *cable) Send(frame []byte) error {
	n, err := lldp.Parse(frame[14:])
	if err != nil {
		return err
	}
	c.sent, c.ttls = append(c.sent, time.Since(c.from)), append(c.ttls, n.TTL)
	return nil
}

// lldpOver runs an agent for a time with what the script puts on the cable, and gives what it heard.
func lldpOver(t *testing.T, d time.Duration, script func(put func(lldp.Phone))) (c *cable, heard []lldp.Neighbour) {
	c = &cable{in: make(chan []byte, 4), from: time.Now()}
	a := &lldpAgent{via: c, phone: func() lldp.Phone { return lldp.Phone{MAC: testHW, Name: "odp"} }, heard: func(n lldp.Neighbour) { heard = append(heard, n) }}
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	go script(func(p lldp.Phone) { c.in <- p.Frame(120)[14:] })
	a.Run(ctx)
	return c, heard
}

func TestPhoneTellsWhoItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := lldpOver(t, 64*time.Second, func(func(lldp.Phone)) {})
		want := []time.Duration{0, 1, 2, 3, 33, 63, 64}
		for i := range want {
			want[i] *= time.Second
		}
		if !reflect.DeepEqual(c.sent, want) || c.ttls[0] != 121*time.Second || c.ttls[len(c.ttls)-1] != 0 {
			t.Errorf("sent at %v, good for %v", c.sent, c.ttls)
		}
	})
}

func TestOtherPhonesDecideNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, heard := lldpOver(t, 10*time.Second, func(put func(lldp.Phone)) {
			put(lldp.Phone{MAC: testHW, Name: "another", Voice: &lldp.Policy{Tagged: true, VLAN: 66}})
		})
		if len(heard) != 0 {
			t.Errorf("heard %+v", heard)
		}
	})
}

func TestOneSwitchIsListenedTo(t *testing.T) {
	a := &lldpAgent{}
	first, plain, second := medSwitch("a", nil), lldp.Neighbour{Chassis: "c", Port: "1", TTL: time.Minute}, medSwitch("b", nil)
	for i, c := range []struct {
		n    lldp.Neighbour
		take bool
	}{{plain, true}, {first, true}, {plain, false}, {second, false}, {first, true}, {lldp.Neighbour{Chassis: "a", Port: "1"}, false}, {second, true}} {
		got := a.believes(c.n)
		if got != c.take {
			t.Errorf("%d: %s believed: %v", i, c.n.Chassis, got)
		}
		if got {
			a.now, a.until = c.n, time.Now().Add(c.n.TTL)
		}
	}
}

func TestVLANOfDHCP(t *testing.T) {
	for text, want := range map[string]int{"60": 60, "60\x00": 60, "\x00\x3c": 60, "\x00\x00\x00\x3c": 60, "4094": 4094, "4095": 0, "0": 0, "-1": 0, "": 0, "\xff\xff": 0, "VLAN": 0, "x": 0} {
		if got := vlanOf([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	ack, err := dhcpv4.New(dhcpv4.WithMessageType(dhcpv4.MessageTypeAck), dhcpv4.WithYourIP(testAddress), dhcpv4.WithOption(dhcpv4.OptServerIdentifier(testServer.AsSlice())),
		dhcpv4.WithNetmask(testAddress.DefaultMask()), dhcpv4.WithGeneric(optionVLAN, []byte("60")))
	if err != nil {
		t.Fatal(err)
	}
	if l, err := leaseOf(ack); err != nil || l.config.vlan != 60 {
		t.Errorf("%+v, %v", l, err)
	}
}
