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
	"slices"
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

// measureImage takes the size on disk, boots the image three times for the time from the kernel's
// start to the registrar's 200, and its debug twin, which has a shell to ask, for the daemon's memory.
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
	var boots []float64
	for n := range 3 {
		err := s.boot(ctx, b.image, setup, kamailio, func(ctx context.Context, g *desk.Guest) error {
			seconds, err := bootTime(ctx, g, kamailio)
			boots = append(boots, seconds)
			return err
		})
		if err != nil {
			return fmt.Errorf("boot %d: %w", n+1, err)
		}
	}
	slices.Sort(boots)
	b.ours("boot_to_registered_s", "%.1f", boots[len(boots)/2])
	setup.Console = true
	return s.boot(ctx, b.image+"-debug", setup, kamailio, func(ctx context.Context, g *desk.Guest) error {
		if _, err := bootTime(ctx, g, kamailio); err != nil {
			return err
		}
		return s.memory(ctx, b, g)
	})
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

// boot boots the phone once, has it looked at, and gives the registrar a fresh start.
func (s *stage) boot(ctx context.Context, image string, setup desk.Setup, k *lab.Kamailio, look func(context.Context, *desk.Guest) error) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	g, err := desk.Boot(ctx, image, setup)
	if err != nil {
		return err
	}
	if err := errors.Join(look(ctx, g), g.Close()); err != nil {
		return err
	}
	k.Stop()
	return k.Start(ctx)
}

// memory reads the daemon's memory at rest and in an Opus call.
func (s *stage) memory(ctx context.Context, b *bench, g *desk.Guest) error {
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
	if err := rss(ctx, b, g, "rss_in_call_mb"); err != nil {
		return err
	}
	delay, err := mouthToEar(ctx, g, peer)
	if err != nil {
		return err
	}
	b.ours("mouth_to_ear_qemu_ms", "%.0f", ms(delay))
	return nil
}

// mouthToEar says something into the phone's microphone and gives the time until it stands in the recording of the far side,
// whose end is being written while it is looked at.
func mouthToEar(ctx context.Context, g *desk.Guest, peer *lab.Baresip) (time.Duration, error) {
	const slack = 2 * time.Second
	says, err := lab.Speech("en-us", 48000, 5*time.Second)
	if err != nil {
		return 0, err
	}
	at, err := g.Say(ctx, says)
	if err != nil {
		return 0, err
	}
	if err := pause(ctx, says.Duration()+slack); err != nil {
		return 0, err
	}
	tape, err := lab.OpenTape(ctx, func() (string, error) { return peer.Recording(), nil })
	if err != nil {
		return 0, err
	}
	defer tape.Close()
	end, now := tape.Length(), time.Now()
	from := max(0, end-says.Duration()-2*slack)
	heard, err := tape.Cut(from, end)
	if err != nil {
		return 0, err
	}
	score, err := lab.Find(says, heard)
	if err != nil {
		return 0, fmt.Errorf("mouth to ear: %w", err)
	}
	return now.Add(-(end - from - score.Delay)).Sub(at), nil
}

// memoryLine is the answer to the question for the daemon's memory.
var memoryLine = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// rss asks the debug image's shell for the daemon's resident memory.
func rss(ctx context.Context, b *bench, g *desk.Guest, id string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	mark := g.Log().Len()
	if err := g.Type("for p in /proc/[0-9]*; do grep -q phoned $p/comm && grep VmRSS $p/status; done"); err != nil {
		return err
	}
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
		return fmt.Errorf("the shell does not tell the daemon's memory: %w", err)
	}
	b.ours(id, "%.1f", float64(kib)*1024/1e6)
	return nil
}

// registeredLine tells the time since the kernel's start at which the line was registered.
var registeredLine = regexp.MustCompile(`odp: phoned: line 100 registered (\d+\.\d+)`)

// bootTime waits for the phone's own word that it is registered, which the registrar must confirm.
func bootTime(ctx context.Context, g *desk.Guest, k *lab.Kamailio) (seconds float64, err error) {
	if _, err := k.WaitBindings(ctx, "100", 1); err != nil {
		return 0, fmt.Errorf("%w\n%s", err, g.Log().Since(0))
	}
	err = g.Log().WaitFor(ctx, 0, func(text string) bool {
		m := registeredLine.FindStringSubmatch(text)
		if m == nil {
			return false
		}
		seconds, _ = strconv.ParseFloat(m[1], 64)
		return seconds > 0
	})
	return seconds, err
}
