package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Debian package of each tool the lab starts, for the message when one is missing.
var debianPackage = map[string]string{
	"ip": "iproute2", "mediastream": "libmediastreamer-tools", "kamailio": "kamailio", "kamcmd": "kamailio", "baresip": "baresip-core", "linphonec": "linphone-cli",
	"sipp": "sip-tester", "espeak-ng": "espeak-ng", "qemu-system-arm": "qemu-system-arm", "mke2fs": "e2fsprogs", "iptables": "iptables", "tshark": "tshark", "turnserver": "coturn", "lldpd": "lldpd", "dnsmasq": "dnsmasq-base",
}

// Require says in one error which of the named tools are not installed and which Debian packages
// bring them, or that the program does not run as root (network namespaces need it).
func Require(tools ...string) error {
	var missing []string
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, fmt.Sprintf("%s (apt-get install %s)", tool, debianPackage[tool]))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("lab: tools missing: %s", strings.Join(missing, ", "))
	}
	if os.Geteuid() != 0 {
		return errors.New("lab: root is needed to make network namespaces")
	}
	return nil
}

// Namespace is a network namespace with its own loopback, links, addresses and name servers, and
// with the processes that run in it. It reaches nothing outside itself and its links.
type Namespace struct {
	name string
	dir  string // logs of its processes

	mu    sync.Mutex
	procs []*Process
}

// NewNamespace makes a namespace. name must be unique on the machine and at most 12 letters, so
// that link names can be built from it; dir takes the logs of the processes run in it. Close it.
func NewNamespace(name, dir string) (*Namespace, error) {
	if err := Require("ip"); err != nil {
		return nil, err
	}
	if len(name) == 0 || len(name) > 12 {
		return nil, fmt.Errorf("lab: namespace name %q is not 1 to 12 letters long", name)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("lab: make log directory: %w", err)
	}
	if err := Run("ip", "netns", "add", name); err != nil {
		return nil, err
	}
	n := &Namespace{name: name, dir: dir}
	if err := n.IP("link", "set", "lo", "up"); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// Name is the namespace's name as `ip netns` shows it.
func (n *Namespace) Name() string { return n.name }

// Dir is where the logs of its processes stand.
func (n *Namespace) Dir() string { return n.dir }

// Close ends every process of the namespace, newest first, and removes it with its links.
func (n *Namespace) Close() error {
	n.mu.Lock()
	procs := n.procs
	n.procs = nil
	n.mu.Unlock()
	for i := len(procs) - 1; i >= 0; i-- {
		procs[i].Stop()
	}
	err := Run("ip", "netns", "del", n.name)
	return errors.Join(err, os.RemoveAll(n.etc()))
}

// etc is the directory whose files stand over /etc for programs in this namespace (ip-netns(8)).
func (n *Namespace) etc() string { return filepath.Join("/etc/netns", n.name) }

// IP runs ip(8) inside the namespace, as in n.IP("link", "set", "eth0", "down").
func (n *Namespace) IP(args ...string) error {
	return Run("ip", append([]string{"-n", n.name}, args...)...)
}

func (n *Namespace) up(dev string, addr netip.Prefix) error {
	return errors.Join(n.AddAddr(dev, addr), n.IP("link", "set", dev, "up"))
}

// AddAddr gives a device of the namespace one more address, so that each peer can have its own.
func (n *Namespace) AddAddr(dev string, addr netip.Prefix) error {
	return n.IP("addr", "add", addr.String(), "dev", dev, "nodad")
}

// SetDNS makes programs started from now on in this namespace ask these name servers only.
func (n *Namespace) SetDNS(servers ...netip.Addr) error {
	if err := os.MkdirAll(n.etc(), 0o755); err != nil {
		return fmt.Errorf("lab: make %s: %w", n.etc(), err)
	}
	var b strings.Builder
	for _, s := range servers {
		fmt.Fprintf(&b, "nameserver %s\n", s)
	}
	if err := os.WriteFile(filepath.Join(n.etc(), "resolv.conf"), []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("lab: write resolv.conf: %w", err)
	}
	return nil
}

// Do calls fn with the calling goroutine's thread inside the namespace: sockets opened by fn itself
// (not by goroutines it starts) belong to the namespace for as long as they live.
func (n *Namespace) Do(fn func() error) error {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("lab: open own namespace: %w", err)
	}
	defer home.Close()
	there, err := os.Open(filepath.Join("/run/netns", n.name))
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("lab: open namespace: %w", err)
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("lab: enter namespace %s: %w", n.name, err)
	}
	err = fn()
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		// The thread stays locked: the runtime ends it with its goroutine rather than lend it out.
		return errors.Join(err, fmt.Errorf("lab: leave namespace %s: %w", n.name, back))
	}
	runtime.UnlockOSThread()
	return err
}

// Dial connects from inside the namespace to a numeric address. The dial runs on one thread
// because the resolver and "happy eyeballs" would start goroutines on threads of the host.
func (n *Namespace) Dial(ctx context.Context, network string, to netip.AddrPort) (net.Conn, error) {
	var conn net.Conn
	err := n.Do(func() (err error) {
		var d net.Dialer
		conn, err = d.DialContext(ctx, network, to.String())
		return err
	})
	return conn, err
}

// ListenPacket opens a UDP socket inside the namespace.
func (n *Namespace) ListenPacket(at netip.AddrPort) (*net.UDPConn, error) {
	var conn *net.UDPConn
	err := n.Do(func() (err error) {
		conn, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
		return err
	})
	return conn, err
}

// Run runs a program to its end; the error carries what it printed.
func Run(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("lab: %s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
