package ua

import (
	"net/netip"
	"testing"
	"time"

	"opendeskphone/sip/stack"
)

// answers are what a registrar may say; nil is nothing.
var answers = []func(tx *stack.ServerTx, req *stack.Request){
	nil,
	answering(200, "Expires: 600"),
	answering(200, "Expires: 60", "Require: outbound", "Flow-Timer: 12"),
	answering(200, "Expires: 0"),
	answering(200),
	answering(401, md5Challenge),
	answering(423, "Min-Expires: 1800"),
	answering(439),
	answering(503, "Retry-After: 20"),
	answering(500),
	answering(403),
	answering(302, "Contact: <sip:10.0.0.3>"),
}

func answering(code int, headers ...string) func(*stack.ServerTx, *stack.Request) {
	return func(tx *stack.ServerTx, req *stack.Request) { tx.Respond(reply(req, code, headers...)) }
}

// FuzzServers plays any script of servers that answer well, badly and not at all, of links and names that come and go.
// Whatever came: no server is stormed, and once all is well again and the network says so, the line is registered.
func FuzzServers(f *testing.F) {
	f.Add([]byte{0x12, 0x22, 0x03, 0x14, 0x05, 0x13, 0x04, 0x05}, false)
	f.Add([]byte{0x22, 0x21, 0x04, 0xf6, 0x14, 0xf6, 0x07, 0xf6, 0x16, 0x04, 0x05, 0x05, 0x05}, true)
	f.Add([]byte{0x21, 0x22, 0xe6, 0x04, 0xc6, 0x03, 0xe6, 0x13, 0x14, 0x51, 0x62, 0x71, 0x82, 0x07, 0x17, 0x27}, true)
	f.Fuzz(func(t *testing.T, script []byte, tcp bool) {
		onNet(t, func(b *bench) {
			transport := stack.UDP
			if tcp {
				transport = stack.TCP
			}
			second := twoServers(b, transport)
			b.line(func(a *Account) { a.Registrar, a.Transport, a.Instance = "", transport, instance })
			servers := []*far{b.far, second}
			b.pass(burstWindow)
			for _, op := range script[:min(len(script), 60)] {
				b.upset(servers, transport, op&15, op>>4)
			}
			for _, f := range servers {
				f.always(stack.REGISTER, 200, "Expires: 600")
				b.net.SetDown(f.addr, false)
			}
			b.net.SetDown(ourAddr, false)
			b.names(transport, farAddr, farAddr2)
			b.net.SetDeaf(false)
			b.pass(burstWindow)
			b.ua.Renew()
			b.pass(burstWindow)
			if s := b.last(); s.State != Registered {
				t.Errorf("all is well, but %+v", s)
			}
			for _, f := range servers {
				// A REGISTER over UDP may be there twice for its repeats.
				if most := f.densest(stack.REGISTER); most > 5 {
					t.Errorf("%d REGISTERs in 10 s", most)
				}
			}
		})
	})
}

// names sets the servers of the domain in the DNS.
func (b *bench) names(t stack.Transport, addrs ...netip.Addr) {
	var records []stack.SRV
	for i, a := range addrs {
		records = append(records, stack.SRV{Priority: uint16(i), Host: a.String(), Port: 5060})
	}
	b.net.SetSRV("_sip._"+string(t)+".phone.test", records...)
}

// upset does one thing to the network.
func (b *bench) upset(servers []*far, t stack.Transport, op, arg byte) {
	f := servers[arg&1]
	switch op {
	case 1, 2:
		say := answers[int(arg)%len(answers)]
		servers[op-1].when(stack.REGISTER, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			if say != nil {
				say(tx, req)
			}
		})
	case 3:
		b.net.SetDown(f.addr, arg&2 == 0)
	case 4:
		b.net.SetDown(ourAddr, arg&1 == 0)
	case 5:
		b.ua.Renew()
	case 6:
		b.pass(time.Duration(arg+1) * 15 * time.Second)
	case 7:
		b.net.SetDeaf(arg&1 == 0)
	case 8:
		b.names(t, [][]netip.Addr{nil, {farAddr}, {farAddr2}, {farAddr2, farAddr}, {netip.MustParseAddr("10.0.0.99")}}[arg%5]...)
	case 10:
		b.ua.Offline()
	case 9:
		b.ua.Call(1, "bob", []byte(anOffer))
	}
	b.pass(time.Duration(arg) * 300 * time.Millisecond)
}
