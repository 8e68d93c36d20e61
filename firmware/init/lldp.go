package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"reflect"
	"time"

	"golang.org/x/sys/unix"

	"opendeskphone/firmware/lldp"
)

// Times of LLDP (IEEE 802.1AB §9.2.5, TIA-1057 §11.2.1).
const (
	lldpPeriod = 30 * time.Second
	lldpTTL    = 121 // seconds: four periods and one
	lldpFast   = time.Second
	lldpFastly = 4 // so many frames go fast when the link or a neighbour is new
)

// frames is the way to the other end of the cable: whole frames out, and in what they hold, on a channel.
type frames interface {
	Send(frame []byte) error
	Received() <-chan []byte
}

// lldpAgent tells the switch who we are, and listens to it.
type lldpAgent struct {
	via   frames
	phone func() lldp.Phone
	heard func(lldp.Neighbour) // a neighbour says something new

	now   lldp.Neighbour // the last word of the one we listen to
	until time.Time      // it is good
}

// Run sends and listens until ctx ends, and says good-bye then.
func (a *lldpAgent) Run(ctx context.Context) {
	fast := lldpFastly
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			a.send(0)
			return
		case <-timer.C:
			a.send(lldpTTL)
			if fast--; fast > 0 {
				timer.Reset(lldpFast)
			} else {
				timer.Reset(lldpPeriod)
			}
		case b := <-a.via.Received():
			n, err := lldp.Parse(b)
			if err != nil || !a.believes(n) {
				continue
			}
			switch {
			case n.Chassis != a.now.Chassis:
				fast = lldpFastly
				timer.Reset(0)
			case !reflect.DeepEqual(n, a.now): // soon we have something new to say ourselves
				timer.Reset(lldpFast)
			}
			a.now, a.until = n, time.Now().Add(n.TTL)
			a.heard(n)
		}
	}
}

// believes says whether a neighbour is the one to listen to: the first, until it falls silent, and rather one
// that speaks LLDP-MED. Other phones behind the same hub are none.
func (a *lldpAgent) believes(n lldp.Neighbour) bool {
	same := n.Chassis == a.now.Chassis // its port may have another name now
	switch {
	case n.TTL == 0:
		if same {
			a.until = time.Time{} // the next that comes is listened to; what was said still counts
		}
		return false
	case n.Phone:
		return false
	}
	return same || time.Now().After(a.until) || n.Switch && !a.now.Switch
}

// send sends a frame; a link that is just going needs none.
func (a *lldpAgent) send(ttl uint16) { _ = a.via.Send(a.phone().Frame(ttl)) }

// maxLLDP is the largest frame taken, with its header.
const maxLLDP = 1514

// lldpSocket sends and receives LLDP frames on an interface. It is init's alone: the phone's own user may not.
type lldpSocket struct {
	file *os.File
	in   chan []byte
}

func openLLDP(nic string) (*lldpSocket, error) {
	link, err := net.InterfaceByName(nic)
	if err != nil {
		return nil, fmt.Errorf("init: open LLDP socket: %w", err)
	}
	const protocol = lldp.EtherType<<8&0xff00 | lldp.EtherType>>8 // in network order, which is not ours on any board
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("init: open LLDP socket: %w", err)
	}
	group := unix.PacketMreq{Ifindex: int32(link.Index), Type: unix.PACKET_MR_MULTICAST, Alen: uint16(len(lldp.Group))}
	copy(group.Address[:], lldp.Group)
	err = unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &group)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: protocol, Ifindex: link.Index})
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("init: open LLDP socket: %w", err)
	}
	s := &lldpSocket{os.NewFile(uintptr(fd), "lldp"), make(chan []byte, 4)}
	go s.read()
	return s, nil
}

// read ends when the socket is closed, or its interface goes.
func (s *lldpSocket) read() {
	const header = 14
	buf := make([]byte, maxLLDP)
	for {
		n, err := s.file.Read(buf)
		if err != nil {
			return
		}
		if n <= header || [6]byte(buf) != [6]byte(lldp.Group) {
			continue
		}
		select {
		case s.in <- append([]byte(nil), buf[header:n]...):
		default: // a flood
		}
	}
}

func (s *lldpSocket) Send(frame []byte) error {
	_, err := s.file.Write(frame)
	return err
}

func (s *lldpSocket) Received() <-chan []byte { return s.in }

func (s *lldpSocket) Close() error { return s.file.Close() }
