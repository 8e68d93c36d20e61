package trace

import (
	"bufio"
	"encoding/binary"
	"io"
	"net/netip"
)

// Blocks and options of pcapng (draft-ietf-opsawg-pcapng §4).
const (
	sectionBlock   = 0x0a0d0d0a
	interfaceBlock = 1
	packetBlock    = 6
	byteOrder      = 0x1a2b3c4d
	rawIP          = 101 // LINKTYPE_RAW

	optComment  = 1
	optFlags    = 2 // epb_flags: 1 inbound, 2 outbound
	optHardware = 2 // shb_hardware
	optTsresol  = 9
)

// WritePCAP writes the messages of a ladder as pcapng with raw IP, for Wireshark and its like: each a UDP
// datagram, or a TCP segment of a stream whose sequence numbers fit, with the addresses and the time it had.
// A message that went by TLS stands as what was in it, in TCP, its port 5061 written as 5060 so that a reader
// does not look for TLS there. The comment of each packet says what it means.
func WritePCAP(to io.Writer, l *Ladder) error {
	w := bufio.NewWriter(to)
	head := binary.LittleEndian.AppendUint32(nil, byteOrder)
	head = append(head, 1, 0, 0, 0)                            // version 1.0
	head = append(head, "\xff\xff\xff\xff\xff\xff\xff\xff"...) // length not known
	head = option(head, optComment, "Open Desk Phone: SIP of one call or account. Keys, passwords and key presses are overwritten by x.")
	block(w, sectionBlock, endOptions(head))
	link := binary.LittleEndian.AppendUint32(nil, rawIP)
	link = append(link, 0, 0, 0, 0) // no limit of length
	block(w, interfaceBlock, endOptions(option(link, optTsresol, "\x09")))
	flows := map[[2]netip.AddrPort]*flow{} // by the ends as they are written
	for _, s := range Explain(l) {
		e := &l.Entries[s.Entry]
		if e.Data == nil {
			continue
		}
		ends := [2]netip.AddrPort{plain(e.Local, e), plain(e.Remote, e)}
		f := flows[ends]
		if f == nil {
			f = &flow{next: [2]uint32{1, 1}}
			flows[ends] = f
		}
		text := s.words()
		if e.Transport == "tls" {
			text += ". It went by TLS."
		}
		packet(w, e, f, text)
	}
	return w.Flush()
}

// flow is the state of a TCP stream: the next sequence number of theirs and of ours.
type flow struct{ next [2]uint32 }

// packet writes an Enhanced Packet Block.
func packet(w *bufio.Writer, e *Entry, f *flow, comment string) {
	ip := frame(e, f)
	ns := uint64(e.At.UnixNano())
	b := binary.LittleEndian.AppendUint32(nil, 0) // interface
	b = binary.LittleEndian.AppendUint32(b, uint32(ns>>32))
	b = binary.LittleEndian.AppendUint32(b, uint32(ns))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(ip)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(ip)))
	b = pad(append(b, ip...))
	b = option(b, optComment, comment)
	b = option(b, optFlags, string([]byte{byte(1 + side(e.Out)), 0, 0, 0}))
	block(w, packetBlock, endOptions(b))
}

// block writes a block of pcapng around its body, whose length is a multiple of 4.
func block(w *bufio.Writer, kind uint32, body []byte) {
	size := uint32(len(body) + 12)
	var b [8]byte
	binary.LittleEndian.PutUint32(b[:], kind)
	binary.LittleEndian.PutUint32(b[4:], size)
	w.Write(b[:]) // errors stay in w until Flush
	w.Write(body)
	w.Write(b[4:])
}

func option(b []byte, code uint16, value string) []byte {
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	return pad(append(b, value...))
}

func endOptions(b []byte) []byte { return append(b, 0, 0, 0, 0) }

func pad(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

const (
	protoTCP, protoUDP = 6, 17
	hops               = 64
	pushAck            = 0x18 // TCP flags PSH and ACK
)

// frame makes the IP datagram that carried a message.
func frame(e *Entry, f *flow) []byte {
	src, dst := plain(e.Remote, e), plain(e.Local, e)
	if e.Out {
		src, dst = dst, src
	}
	proto, segment := byte(protoUDP), make([]byte, 8, 8+len(e.Data))
	if e.Transport != "udp" {
		proto, segment = protoTCP, make([]byte, 20, 20+len(e.Data))
		ours := side(e.Out)
		binary.BigEndian.PutUint32(segment[4:], f.next[ours])
		binary.BigEndian.PutUint32(segment[8:], f.next[1-ours])
		f.next[ours] += uint32(len(e.Data))
		segment[12], segment[13] = 5<<4, pushAck
		binary.BigEndian.PutUint16(segment[14:], 0xffff) // window
	}
	binary.BigEndian.PutUint16(segment, src.Port())
	binary.BigEndian.PutUint16(segment[2:], dst.Port())
	segment = append(segment, e.Data...)
	at := 16 // of the checksum
	if proto == protoUDP {
		binary.BigEndian.PutUint16(segment[4:], uint16(len(segment)))
		at = 6
	}
	pseudo, head := ipHead(src.Addr(), dst.Addr(), proto, len(segment))
	sum := checksum(append(pseudo, segment...))
	if sum == 0 && proto == protoUDP {
		sum = 0xffff // RFC 768: 0 is no checksum
	}
	binary.BigEndian.PutUint16(segment[at:], sum)
	return append(head, segment...)
}

// ipHead makes the header of IPv4 (RFC 791) or IPv6 (RFC 8200), and the pseudo header of checksums.
func ipHead(src, dst netip.Addr, proto byte, size int) (pseudo, head []byte) {
	if src.Is4() && dst.Is4() {
		head = []byte{0x45, 0, 0, 0, 0, 0, 0x40, 0, hops, proto, 0, 0} // do not fragment
		binary.BigEndian.PutUint16(head[2:], uint16(20+size))
		head = append(append(head, src.AsSlice()...), dst.AsSlice()...)
		binary.BigEndian.PutUint16(head[10:], checksum(head))
		pseudo = append(pseudo, head[12:20]...)
		return binary.BigEndian.AppendUint16(append(pseudo, 0, proto), uint16(size)), head
	}
	a, b := src.As16(), dst.As16()
	head = []byte{0x60, 0, 0, 0, 0, 0, proto, hops}
	binary.BigEndian.PutUint16(head[4:], uint16(size))
	head = append(append(head, a[:]...), b[:]...)
	pseudo = append(pseudo, head[8:40]...)
	return append(binary.BigEndian.AppendUint32(pseudo, uint32(size)), 0, 0, 0, proto), head
}

// plain is an address as it stands in the frame: IPv4 as such, one that is not known as 0.0.0.0, and the port
// of TLS as that of TCP.
func plain(a netip.AddrPort, e *Entry) netip.AddrPort {
	ip, port := a.Addr().Unmap().WithZone(""), a.Port()
	if !ip.IsValid() {
		ip = netip.IPv4Unspecified()
	}
	if e.Transport == "tls" && port == 5061 {
		port = 5060
	}
	return netip.AddrPortFrom(ip, port)
}

// checksum is that of the Internet protocols (RFC 1071).
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		v := uint32(b[i]) << 8
		if i+1 < len(b) {
			v |= uint32(b[i+1])
		}
		sum += v
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
