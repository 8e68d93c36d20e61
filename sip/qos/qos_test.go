package qos

import (
	"crypto/tls"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// marks reads what the kernel will put on a socket's packets.
func marks(t *testing.T, c *net.UDPConn) (tos, class, priority int) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = raw.Control(func(fd uintptr) {
		tos, _ = unix.GetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TOS)
		class, _ = unix.GetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_TCLASS)
		priority, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PRIORITY)
	})
	if err != nil {
		t.Fatal(err)
	}
	return tos, class, priority
}

func TestSocketsAreMarked(t *testing.T) {
	for _, network := range []string{"udp", "udp4"} {
		c, err := net.ListenUDP(network, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		Set(c, 46, Voice)
		tos, class, priority := marks(t, c)
		six := c.LocalAddr().(*net.UDPAddr).IP.To4() == nil
		if tos != 46<<2 || six && class != 46<<2 || priority != Voice {
			t.Errorf("%s: TOS %#x, class %#x, priority %d", network, tos, class, priority)
		}
		Set(tls.Client(c, nil), 24, Signaling)
		if tos, _, priority := marks(t, c); tos != 24<<2 || priority != Signaling {
			t.Errorf("%s over TLS: TOS %#x, priority %d", network, tos, priority)
		}
	}
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	Set(a, 46, Voice) // has nothing to mark
}
