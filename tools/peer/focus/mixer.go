package focus

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	packet    = 160 // samples of 20 ms at 8 kHz
	maxQueued = 8   // packets of a leg that wait; more are thrown away, the oldest first
)

// mixer gives everybody the sum of what all others say, each 20 ms.
type mixer struct {
	mu   sync.Mutex
	legs []*leg
}

// leg is the voice of one member.
type leg struct {
	conn   net.PacketConn
	to     netip.AddrPort
	sends  bool
	queue  [][packet]int16
	now    [packet]int16 // what it says in this packet
	muted  bool          // nobody hears it
	seq    uint16
	stamp  uint32
	source uint32
}

func newMixer(ctx context.Context) *mixer {
	x := &mixer{}
	go func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				x.mu.Lock()
				defer x.mu.Unlock()
				for _, l := range x.legs {
					l.conn.Close()
				}
				return
			case <-tick.C:
				x.mix()
			}
		}
	}()
	return x
}

func (x *mixer) add(c net.PacketConn) *leg {
	l := &leg{conn: c, source: rand.Uint32()}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.legs = append(x.legs, l)
	go x.hear(l)
	return l
}

func (x *mixer) remove(l *leg) {
	l.conn.Close()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.legs = slices.DeleteFunc(x.legs, func(o *leg) bool { return o == l })
}

// set says where a leg hears, and whether it does now.
func (x *mixer) set(l *leg, to netip.AddrPort, sends bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	l.to, l.sends = to, sends
}

func (x *mixer) mute(l *leg, on bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	l.muted = on
}

// hear takes the packets of a leg until it is closed.
func (x *mixer) hear(l *leg) {
	b := make([]byte, 2048)
	for {
		n, _, err := l.conn.ReadFrom(b)
		if err != nil {
			return
		}
		if n != 12+packet || b[0] != 0x80 || b[1]&0x7f != 8 {
			continue
		}
		var p [packet]int16
		for i, v := range b[12 : 12+packet] {
			p[i] = alaw(v)
		}
		x.mu.Lock()
		if l.queue = append(l.queue, p); len(l.queue) > maxQueued {
			l.queue = l.queue[1:]
		}
		x.mu.Unlock()
	}
}

func (x *mixer) mix() {
	x.mu.Lock()
	defer x.mu.Unlock()
	var sum [packet]int
	for _, l := range x.legs {
		l.now = [packet]int16{}
		if len(l.queue) > 0 {
			if !l.muted {
				l.now = l.queue[0]
			}
			l.queue = l.queue[1:]
		}
		for i, v := range l.now {
			sum[i] += int(v)
		}
	}
	for _, l := range x.legs {
		if l.sends && reached(l.to) {
			l.say(&sum)
		}
	}
}

// say sends a leg the sum without what it says itself.
func (l *leg) say(sum *[packet]int) {
	b := make([]byte, 12, 12+packet)
	l.seq++
	l.stamp += packet
	b[0], b[1] = 0x80, 8
	binary.BigEndian.PutUint16(b[2:], l.seq)
	binary.BigEndian.PutUint32(b[4:], l.stamp)
	binary.BigEndian.PutUint32(b[8:], l.source)
	for i, v := range sum {
		b = append(b, alawOf(max(-32768, min(32767, v-int(l.now[i])))))
	}
	_, _ = l.conn.WriteTo(b, net.UDPAddrFromAddrPort(l.to)) // who is gone hears nothing
}

// alaw decodes a sample of G.711 A-law (ITU-T G.711 table 1a).
func alaw(b byte) int16 {
	b ^= 0x55
	v := int16(b&0x0f)<<4 + 8
	if e := b >> 4 & 7; e > 0 {
		v = (v + 0x100) << (e - 1)
	}
	if b&0x80 == 0 {
		return -v
	}
	return v
}

// alawOf encodes one.
func alawOf(v int) byte {
	sign := byte(0x80)
	if v < 0 {
		sign, v = 0, -v-1
	}
	e := 0
	for v>>(e+8) > 0 {
		e++
	}
	m := v >> 4
	if e > 0 {
		m = v >> (e + 3)
	}
	return (sign | byte(e<<4) | byte(m&0x0f)) ^ 0x55
}
