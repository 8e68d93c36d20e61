package siege

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Blast sends broken media to the phone's ports for RTP and RTCP, so many packets a second: from a stranger's address,
// or, with forged set, from the friend's own address and port.
func (c *Call) Blast(rate int, seed uint64, forged bool) Attack {
	return func(ctx context.Context) (int, error) {
		var raw *forger
		err := c.siege.stranger.Do(func() (err error) { raw, err = newForger(); return err })
		if err != nil {
			return 0, err
		}
		defer raw.close()
		from := netip.AddrPortFrom(at(strangerHost), 6666)
		if forged {
			from = c.theirs
		}
		b := blaster{rand: rand.New(rand.NewPCG(seed, 0xb1a57)), ssrc: c.ssrc}
		return send(ctx, rate, func(n int) {
			to := c.ours
			if n%4 == 3 {
				to = netip.AddrPortFrom(to.Addr(), to.Port()+1)
			}
			raw.send(from, to, b.next())
		}), nil
	}
}

// forger sends datagrams from whatever address it likes.
type forger struct{ fd int }

func newForger() (*forger, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
	if err != nil {
		return nil, fmt.Errorf("siege: open raw socket: %w", err)
	}
	return &forger{fd}, nil
}

func (f *forger) close() { unix.Close(f.fd) }

// send sends one datagram. The kernel fills in the length, the ID and the checksum of the IP header (raw(7)); UDP does
// without one.
func (f *forger) send(from, to netip.AddrPort, data []byte) {
	be := binary.BigEndian
	p := make([]byte, 28, 28+len(data))
	p[0], p[8], p[9] = 0x45, 64, unix.IPPROTO_UDP
	src, dst := from.Addr().As4(), to.Addr().As4()
	copy(p[12:], src[:])
	copy(p[16:], dst[:])
	be.PutUint16(p[20:], from.Port())
	be.PutUint16(p[22:], to.Port())
	be.PutUint16(p[24:], uint16(8+len(data)))
	_ = unix.Sendto(f.fd, append(p, data...), 0, &unix.SockaddrInet4{Addr: dst}) // a full queue loses it, as a network may
}

// blaster makes broken media.
type blaster struct {
	rand *rand.Rand
	ssrc uint32 // of the friend
	n    uint16
}

// next is a packet: half of them a loud tone as the friend's own voice would come, the others broken.
func (b *blaster) next() []byte {
	b.n++
	switch b.rand.IntN(12) {
	case 0:
		return b.damaged(b.rtp())
	case 1:
		return b.damaged(b.rtcp())
	case 2:
		return b.rtcp()
	case 3: // SRTP: something behind the voice that is no tag
		return append(b.rtp(), b.noise(10)...)
	case 4:
		return b.stun()
	case 5:
		return b.dtls()
	case 6:
		return b.noise(b.rand.IntN(1472))
	}
	return b.rtp()
}

// rtp is a tone in G.711 A.
func (b *blaster) rtp() []byte {
	p := make([]byte, 12+160)
	p[0], p[1] = 0x80, 8
	binary.BigEndian.PutUint16(p[2:], b.n)
	binary.BigEndian.PutUint32(p[4:], uint32(b.n)*160)
	binary.BigEndian.PutUint32(p[8:], b.ssrc)
	for i := range p[12:] {
		p[12+i] = byte(0x2a + 0x80*(i/4%2)) // full scale, 1 kHz
	}
	return p
}

// rtcp is a report of any kind about anybody, or the friend's good-bye.
func (b *blaster) rtcp() []byte {
	kind, count := byte(200+b.rand.IntN(8)), byte(b.rand.IntN(32))
	body := b.noise(4 * b.rand.IntN(40))
	p := append([]byte{0x80 | count, kind, 0, 0}, binary.BigEndian.AppendUint32(nil, b.ssrc)...)
	p = append(p, body...)
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)/4-1))
	if kind == 203 {
		p[0] = 0x81
	}
	return p
}

// stun is a request, an answer or an indication with attributes of any kind (RFC 8489 §5).
func (b *blaster) stun() []byte {
	p := append([]byte{byte(b.rand.IntN(2)), byte(b.rand.Uint32()), 0, 0, 0x21, 0x12, 0xa4, 0x42}, b.noise(12)...)
	for range b.rand.IntN(5) {
		value := b.noise(b.rand.IntN(64))
		p = binary.BigEndian.AppendUint16(p, uint16([]int{1, 6, 8, 9, 0x14, 0x15, 0x20, 0x24, 0x25, 0x8022, 0x8028, 0x802a, b.rand.IntN(1 << 16)}[b.rand.IntN(13)]))
		p = binary.BigEndian.AppendUint16(p, uint16(len(value)+b.rand.IntN(2)*b.rand.IntN(5000)))
		p = append(p, value...)
	}
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)-20+b.rand.IntN(2)*b.rand.IntN(99)))
	return p
}

// dtls is a record of any kind (RFC 6347 §4.1), most often the beginning of a handshake.
func (b *blaster) dtls() []byte {
	body := b.noise(b.rand.IntN(300))
	p := append([]byte{byte(20 + b.rand.IntN(6)), 0xfe, []byte{0xff, 0xfd, 0xfc}[b.rand.IntN(3)], 0, byte(b.rand.IntN(2))}, b.noise(6)...)
	if p[0] == 22 { // ClientHello in fragments that do not fit
		body = append(append([]byte{1}, b.noise(11)...), body...)
	}
	p = binary.BigEndian.AppendUint16(p, uint16(len(body)+b.rand.IntN(2)*b.rand.IntN(9999)))
	return append(p, body...)
}

// damaged changes, cuts or lengthens a packet.
func (b *blaster) damaged(p []byte) []byte {
	switch b.rand.IntN(4) {
	case 0:
		return p[:b.rand.IntN(len(p))]
	case 1:
		return append(p, b.noise(b.rand.IntN(1200))...)
	default:
		for range 1 + b.rand.IntN(8) {
			p[b.rand.IntN(min(len(p), 24))] = byte(b.rand.Uint32())
		}
		return p
	}
}

func (b *blaster) noise(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(b.rand.Uint32())
	}
	return p
}
