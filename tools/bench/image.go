package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"opendeskphone/hal"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

// bootSettings is a phone that registers over TLS and is called by the driver through the registrar.
func bootSettings() string {
	return fmt.Sprintf(`[[line]]
aor = "sip:100@phone.test"
password = %q
transport = "tls"
[sip]
extra_roots = [%q]
[network]
dhcp = false
address = %q
gateway = %[4]q
dns = [%[4]q]
`, lab.PasswordOf("100"), desk.RootsPath, lab.LANAddr(oursHost), lab.LANAddr(1).Addr())
}

// measureImage boots the image three times: the size on disk, the time from the kernel's start to
// the registrar's 200, and the daemon's memory before and in a call.
func measureImage(ctx context.Context, b *bench) error {
	size, err := treeSize(b.image)
	if err != nil {
		return err
	}
	b.ours("image_mib", "%.1f", float64(size)/(1<<20))
	s, err := newStage(ctx, filepath.Join(b.dir, "image"))
	if err != nil {
		return err
	}
	defer s.close()
	roots, kamailio, err := s.registrar(ctx)
	if err != nil {
		return err
	}
	setup := desk.Setup{Name: "phone", LAN: s.lan, Host: oursHost, Settings: bootSettings(), Roots: roots}
	best := time.Duration(0)
	for boot := range 3 {
		took, err := s.boot(ctx, b, setup, kamailio, boot == 0)
		if err != nil {
			return fmt.Errorf("boot %d: %w", boot+1, err)
		}
		if best == 0 || took < best {
			best = took
		}
	}
	b.ours("boot_to_registered_s", "%.1f", best.Seconds())
	return nil
}

// treeSize is the size of what goes into the phone's flash: the kernel, the first file system and
// the system.
func treeSize(dir string) (size int64, err error) {
	for _, name := range []string{"vmlinuz", "initramfs", "root.squashfs"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			return 0, fmt.Errorf("no image in %s: run make image", dir)
		}
		if err != nil {
			return 0, err
		}
		size += info.Size()
	}
	return size, nil
}

func (s *stage) registrar(ctx context.Context) (roots string, k *lab.Kamailio, err error) {
	ca, err := lab.NewCA(filepath.Join(s.lan.Core.Dir(), "ca"))
	if err != nil {
		return "", nil, err
	}
	pair, err := ca.Issue(lab.Leaf{File: "good", DNS: []string{"phone.test"}})
	if err != nil {
		return "", nil, err
	}
	at := lab.LANAddr(1).Addr()
	_, err = lab.StartDNS(ctx, s.lan.Core, at, map[string]netip.Addr{"phone.test": at}, map[string][]lab.SRV{"_sips._tcp.phone.test": {{Port: 5061, Target: "phone.test"}}})
	if err != nil {
		return "", nil, err
	}
	k, err = lab.StartKamailio(ctx, s.lan.Core, lab.KamailioConfig{Name: "kamailio", Domain: "phone.test",
		Listen: netip.AddrPortFrom(at, 5060), TLS: []lab.TLSAt{{Listen: netip.AddrPortFrom(at, 5061), Pair: pair}}})
	return ca.RootFile(), k, err
}

// boot boots the phone once and gives the time from the kernel's first word to its registration.
func (s *stage) boot(ctx context.Context, b *bench, setup desk.Setup, k *lab.Kamailio, memory bool) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	g, err := desk.Boot(ctx, b.image, setup)
	if err != nil {
		return 0, err
	}
	defer g.Close()
	if _, err := k.WaitBindings(ctx, "100", 1); err != nil {
		return 0, fmt.Errorf("%w\n%s", err, g.Log().Since(0))
	}
	took := time.Since(g.Machine().Began())
	if memory {
		if err := s.memory(ctx, b, g, k); err != nil {
			return 0, err
		}
	}
	if err := g.Close(); err != nil {
		return 0, err
	}
	k.Stop()
	return took, k.Start(ctx)
}

// memory reads the daemon's memory at rest and in an Opus call.
func (s *stage) memory(ctx context.Context, b *bench, g *desk.Guest, k *lab.Kamailio) error {
	if err := pause(ctx, 5*time.Second); err != nil {
		return err
	}
	if err := rss(ctx, b, g, "rss_registered_mb"); err != nil {
		return err
	}
	host, err := s.lan.Host("202", 12)
	if err != nil {
		return err
	}
	says, err := lab.Speech("en-gb", 48000, 30*time.Second)
	if err != nil {
		return err
	}
	peer, err := lab.StartBaresip(ctx, host, lab.BaresipConfig{User: "202", Addr: lab.LANAddr(12).Addr(), Domain: "phone.test",
		Registrar: netip.AddrPortFrom(lab.LANAddr(1).Addr(), 5060), Codecs: []string{"opus"}, Speech: says})
	if err != nil {
		return err
	}
	defer peer.Stop()
	if err := peer.WaitRegistered(ctx); err != nil {
		return err
	}
	mark, wire := peer.Mark(), s.wire.Mark()
	if err := peer.Dial(ctx, "sip:100@phone.test"); err != nil {
		return err
	}
	if _, err := s.wire.Wait(ctx, wire, "180", func(p lab.Packet) bool { return p.Response(180, "INVITE") }); err != nil {
		return err
	}
	if err := pause(ctx, 2*guard); err != nil {
		return err
	}
	if err := g.Press(ctx, hal.Soft1); err != nil {
		return err
	}
	if err := peer.WaitTalking(ctx, mark); err != nil {
		return err
	}
	if err := pause(ctx, 10*time.Second); err != nil {
		return err
	}
	return rss(ctx, b, g, "rss_in_call_mb")
}

// memoryLine is how the daemon logs its resident memory.
var memoryLine = regexp.MustCompile(`\brss_kib=(\d+)`)

// rss waits for the daemon's next word about its memory.
func rss(ctx context.Context, b *bench, g *desk.Guest, id string) error {
	ctx, cancel := context.WithTimeout(ctx, 70*time.Second)
	defer cancel()
	mark := g.Log().Len()
	var kib int64
	err := g.Log().WaitFor(ctx, mark, func(text string) bool {
		m := memoryLine.FindStringSubmatch(text)
		if m == nil {
			return false
		}
		kib, _ = strconv.ParseInt(m[1], 10, 64)
		return kib > 0
	})
	if err != nil {
		return fmt.Errorf("the daemon does not log its memory: %w", err)
	}
	b.ours(id, "%.1f", float64(kib)*1024/1e6)
	return nil
}
