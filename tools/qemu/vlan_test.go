package qemu

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"
)

// A phone whose settings name a VLAN sends nothing but LLDP and IPv6's search for its own network untagged, and its SIP with
// the marks of signalling: priority 3 in the tag (IEEE 802.1Q), CS3 in the packet (RFC 4594). The test is the switch's port
// and a registrar that says nothing.
func TestImageIsTaggedForItsVLAN(t *testing.T) {
	imageUnderTest(t)
	wire, phone := cable(t)
	boot(t, Config{
		Network: []string{"socket", fmt.Sprintf("udp=%v", wire.LocalAddr()), fmt.Sprintf("localaddr=%v", phone)},
		Settings: []byte("[network]\nvlan = '60'\ndhcp = false\naddress = '10.0.2.77/24'\n" +
			"[[line]]\naor = 'sip:100@10.0.2.2'\ntransport = 'udp'\n"),
	}, "vlan 60 by settings")
	wire.SetReadDeadline(time.Now().Add(bootTime))
	for buf := make([]byte, 2048); ; {
		n, err := wire.Read(buf)
		if err != nil {
			t.Fatalf("no REGISTER: %v", err)
		}
		f, ok := readFrame(buf[:n])
		if !ok {
			t.Fatalf("not a frame: %x", buf[:n])
		}
		switch {
		case f.vlan != 60 && (f.kind == etherARP || f.kind == etherIPv4):
			t.Fatalf("untagged: %x", buf[:n])
		case f.kind == etherARP && bytes.Equal(f.body[24:28], []byte{10, 0, 2, 2}):
			if _, err := wire.WriteToUDPAddrPort(f.arpReply(), phone); err != nil {
				t.Fatal(err)
			}
		case f.kind == etherIPv4 && bytes.Contains(f.body, []byte("REGISTER sip:10.0.2.2 ")):
			if tos := f.body[1]; f.priority != 3 || tos != 24<<2 {
				t.Errorf("priority %d, DSCP %d", f.priority, tos>>2)
			}
			return
		}
	}
}

// cable gives the test's end of a cable that QEMU plugs into the phone, one datagram a frame, and the address of the other.
func cable(t *testing.T) (wire *net.UDPConn, phone netip.AddrPort) {
	t.Helper()
	ours, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	theirs, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	theirs.Close() // QEMU takes the port
	return ours, theirs.LocalAddr().(*net.UDPAddr).AddrPort()
}

const (
	etherIPv4 = 0x0800
	etherARP  = 0x0806
	etherVLAN = 0x8100
)

// frame is an Ethernet frame with its tag taken off.
type frame struct {
	from           []byte
	vlan, priority int // 0: untagged
	kind           uint16
	body           []byte
}

func readFrame(b []byte) (f frame, ok bool) {
	if len(b) < 18 {
		return f, false
	}
	f.from, f.kind, f.body = b[6:12], binary.BigEndian.Uint16(b[12:]), b[14:]
	if f.kind == etherVLAN {
		tag := binary.BigEndian.Uint16(b[14:])
		f.vlan, f.priority = int(tag&0xfff), int(tag>>13)
		f.kind, f.body = binary.BigEndian.Uint16(b[16:]), b[18:]
	}
	return f, len(f.body) >= 28 // as long as ARP's
}

// arpReply tells the asker that the address it looks for is ours (RFC 826), in the same VLAN.
func (f frame) arpReply() []byte {
	ours := []byte{2, 0, 0, 0, 0, 2} // locally administered
	b := append(bytes.Clone(f.from), ours...)
	b = binary.BigEndian.AppendUint16(b, etherVLAN)
	b = binary.BigEndian.AppendUint16(b, uint16(f.vlan))
	b = binary.BigEndian.AppendUint16(b, etherARP)
	b = append(b, f.body[:6]...) // Ethernet and IPv4
	b = binary.BigEndian.AppendUint16(b, 2)
	b = append(b, ours...)
	b = append(b, f.body[24:28]...)
	b = append(b, f.body[8:18]...)
	return append(b, make([]byte, max(0, 64-len(b)))...)
}
