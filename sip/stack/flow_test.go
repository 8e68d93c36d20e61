package stack_test

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
)

// TestBind: a Binding request is repeated until it is answered, from wherever it went; the address in the answer is
// told, and silence as well. Answers that nobody asked for are nothing.
func TestBind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNet(1)
		s, _ := start(t, n.Host(addrA), config(addrA), handler{})
		server := netip.AddrPortFrom(addrB, 3478)
		c, err := n.Host(addrB).ListenPacket(server)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		type answer struct {
			mapped netip.AddrPort
			err    error
		}
		got := make(chan answer, 2)
		ask := func() {
			s.Post(func() {
				s.Bind(server, func(mapped netip.AddrPort, err error) { got <- answer{mapped, err} })
			})
		}
		began := time.Now()
		ask()
		buf := make([]byte, 1500)
		var from net.Addr
		for range 3 {
			size, at, err := c.ReadFrom(buf)
			if err != nil || size != 20 {
				t.Fatal(size, err)
			}
			from = at
		}
		if d := time.Since(began); d != 1500*time.Millisecond {
			t.Errorf("the third after %v", d)
		}
		reply := append([]byte{1, 1, 0, 12}, buf[4:20]...)
		reply = append(reply, 0, 0x20, 0, 8, 0, 1)
		reply = binary.BigEndian.AppendUint16(reply, 40000^0x2112)
		reply = binary.BigEndian.AppendUint32(reply, 0x2112A442^0xCB007101) // 203.0.113.1
		bent := append([]byte(nil), reply...)
		bent[10] ^= 1 // of another transaction
		for _, b := range [][]byte{bent, reply, reply} {
			c.WriteTo(b, from)
		}
		if a := <-got; a.err != nil || a.mapped != netip.MustParseAddrPort("203.0.113.1:40000") {
			t.Errorf("%+v", a)
		}
		began = time.Now()
		ask()
		if a := <-got; !errors.Is(a.err, stack.ErrTimeout) || time.Since(began) != 7500*time.Millisecond {
			t.Errorf("%+v after %v", a, time.Since(began))
		}
	})
}

// TestHappyEyeballs: of the two families of a server the one that answers first is taken (RFC 8305); a dead IPv6 costs
// a quarter of a second, a refused one nothing.
func TestHappyEyeballs(t *testing.T) {
	six := netip.MustParseAddr("2001:db8::5")
	for _, c := range []struct {
		name   string
		listen []netip.Addr
		down   netip.Addr
		within time.Duration
		fail   bool
	}{
		{name: "both", listen: []netip.Addr{six, addrB}},
		{name: "IPv6 is silent", listen: []netip.Addr{six, addrB}, down: six, within: 250 * time.Millisecond},
		{name: "IPv6 refuses", listen: []netip.Addr{addrB}},
		{name: "IPv4 is silent", listen: []netip.Addr{six}, down: addrB},
		{name: "neither", fail: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := siptest.NewNet(1)
				n.SetAddr("dual.net", six, addrB)
				for _, a := range c.listen {
					cfg := config(a)
					cfg.Local = netip.AddrPortFrom(a, 5060)
					start(t, n.Host(a), cfg, handler{request: agent})
				}
				if c.down.IsValid() {
					n.SetDown(c.down, true)
				}
				cfg := config(addrA)
				cfg.Local = netip.AddrPortFrom(netip.IPv6Unspecified(), 5060)
				s, _ := start(t, n.Host(addrA), cfg, handler{})
				u, _ := stack.ParseURI("sip:dual.net;transport=tcp")
				targets := make(chan []stack.Target, 1)
				s.Resolve(t.Context(), u, func(list []stack.Target, _ error) { targets <- list })
				list := <-targets
				if len(list) != 2 || list[0].Addr.Addr() != six || list[0].Other.Addr() != addrB {
					t.Fatalf("%+v", list)
				}
				began := time.Now()
				results, _ := send(s, newRequest(stack.OPTIONS, ""), list[0])
				if r := next(t, results); (r.err != nil) != c.fail || time.Since(began) > c.within {
					t.Errorf("%+v after %v", r, time.Since(began))
				}
			})
		})
	}
}
