package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opendeskphone/hal"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

var (
	imageDir = flag.String("image", "", "directory of the system image to boot in QEMU; empty: the phone's twin")
	outDir   = flag.String("out", "", "directory for logs, recordings and pictures that differ; empty: a temporary one")
	update   = flag.Bool("update", false, "accept the screens as they are now")
)

func TestMain(m *testing.M) { desk.RunTests(m) }

// The cast and where it stands.
const (
	domain    = "phone.test"
	phoneUser = "100"
	phoneHost = 100
)

var registrarAt = netip.AddrPortFrom(lab.LANAddr(1).Addr(), 5060)

// scene is a phone on a network with a registrar.
type scene struct {
	dir      string
	lan      *lab.LAN
	ca       *lab.CA
	kamailio *lab.Kamailio
	wire     *lab.Capture
	phone    desk.Phone
	golden   lab.Golden
	held     bool          // the call was held once: baresip has stopped recording
	steps    int           // screens looked at
	said     time.Duration // how far into its speech the phone's microphone has come
}

// newScene sets up network, names and registrar; the phone comes with start.
func newScene(t *testing.T) *scene {
	t.Helper()
	if err := lab.Require("ip", "kamailio", "kamcmd", "baresip", "linphonec", "espeak-ng"); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if *outDir != "" {
		dir = filepath.Join(*outDir, strings.ReplaceAll(t.Name(), "/", "-"))
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	lan, err := lab.NewLAN(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lan.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &scene{dir: dir, lan: lan}
	s.golden = lab.Golden{Dir: "testdata", Out: filepath.Join(dir, "screens"), Accept: *update}
	if s.wire, err = lab.NewCapture(lan.Core, lab.LANDevice); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.wire.Close()
		if err := os.WriteFile(filepath.Join(dir, "sip.log"), []byte(lab.Transcript(s.wire.Since(0))), 0o644); err != nil {
			t.Error(err)
		}
	})
	s.startRegistrar(t)
	return s
}

// Names of the registrars that a phone must refuse, and their addresses.
const (
	expiredName = "expired." + domain
	otherName   = "other." + domain
)

var (
	expiredAt = netip.AddrPortFrom(lab.LANAddr(2).Addr(), 5061)
	otherAt   = netip.AddrPortFrom(lab.LANAddr(3).Addr(), 5061)
)

// startRegistrar starts one Kamailio with three faces: a good certificate, an expired one, and one
// that names somebody else.
func (s *scene) startRegistrar(t *testing.T) {
	t.Helper()
	ca, err := lab.NewCA(filepath.Join(s.dir, "ca"))
	if err != nil {
		t.Fatal(err)
	}
	s.ca = ca
	issue := func(l lab.Leaf) lab.KeyPair {
		pair, err := ca.Issue(l)
		if err != nil {
			t.Fatal(err)
		}
		return pair
	}
	good := issue(lab.Leaf{File: "good", DNS: []string{domain}})
	expired := issue(lab.Leaf{File: "expired", DNS: []string{expiredName}, NotAfter: time.Now().AddDate(0, 0, -2)})
	other := issue(lab.Leaf{File: "other", DNS: []string{"somebody.else.test"}})
	if err := errors.Join(s.lan.AddAddr(2), s.lan.AddAddr(3)); err != nil {
		t.Fatal(err)
	}
	goodAt := netip.AddrPortFrom(registrarAt.Addr(), 5061)
	s.kamailio, err = lab.StartKamailio(t.Context(), s.lan.Core, lab.KamailioConfig{
		Name: "kamailio", Domain: domain, Listen: registrarAt,
		TLS: []lab.TLSAt{{Listen: goodAt, Pair: good}, {Listen: expiredAt, Pair: expired}, {Listen: otherAt, Pair: other}},
	})
	if err != nil {
		t.Fatal(err)
	}
	names, err := lab.StartDNS(t.Context(), s.lan.Core, registrarAt.Addr(),
		map[string]netip.Addr{domain: registrarAt.Addr(), expiredName: expiredAt.Addr(), otherName: otherAt.Addr()},
		map[string][]lab.SRV{"_sips._tcp." + domain: {{Port: 5061, Target: domain}}, "_sip._udp." + domain: {{Port: 5060, Target: domain}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { names.Close() })
}

// start puts the phone on the desk.
func (s *scene) start(t *testing.T, setup desk.Setup) {
	t.Helper()
	setup.Name, setup.LAN, setup.Host, setup.Roots = "phone", s.lan, phoneHost, s.ca.RootFile()
	names := strings.NewReplacer("PHONE", lab.LANAddr(phoneHost).String(), "CORE", lab.LANAddr(1).Addr().String(), "ROOTS", desk.RootsPath)
	setup.Settings, setup.Good = names.Replace(setup.Settings), names.Replace(setup.Good)
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	var err error
	if *imageDir != "" && !setup.Twin {
		s.phone, err = desk.Boot(ctx, *imageDir, setup)
	} else {
		s.phone, err = desk.StartTwin(ctx, setup)
	}
	if err != nil {
		t.Fatal(err)
	}
	phone := s.phone
	t.Cleanup(func() {
		if err := phone.Close(); err != nil {
			t.Error(err)
		}
	})
}

// soon gives every step the same patience; the emulated phone is slow.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// must ends the scenario when a step has failed.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// press taps keys.
func (s *scene) press(t *testing.T, keys ...hal.Key) {
	t.Helper()
	must(t, s.phone.Press(soon(t), keys...))
}

// dial types a number and presses Call.
func (s *scene) dial(t *testing.T, number string) {
	t.Helper()
	for _, d := range number {
		s.press(t, hal.Digit0+hal.Key(d-'0'))
	}
	s.shows(t, "dial-"+number, masks.time, masks.matches)
	s.press(t, hal.Soft1)
}

// settle lets this much time pass where the design itself demands it.
func settle(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}

// guard is the time in which a screen that came by itself takes no keys (ui design §8.7), and a bit.
const guard = 400 * time.Millisecond

// shows waits until the screen is the kept picture of this name. When accepting pictures it takes
// the screen once it stands still.
func (s *scene) shows(t *testing.T, name string, masked ...image.Rectangle) {
	t.Helper()
	patience := 5 * time.Second
	if s.steps == 0 && *imageDir != "" {
		patience = 30 * time.Second // it has yet to boot
	}
	wait, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s.golden.Accept = *update && !t.Failed() // after a failure the screen may be any
	if s.golden.Accept {
		settle(t, 2*time.Second)
	}
	var last error
	var pic image.Image
	err := lab.PollEvery(wait, 100*time.Millisecond, "screen "+name, func() (bool, error) {
		var err error
		if pic, err = s.phone.Screenshot(wait); err != nil {
			return false, err
		}
		last = s.golden.Check(name, pic, masked...)
		return last == nil, nil
	})
	if err != nil {
		t.Errorf("%v (%v)", last, err)
	}
	// The whole picture, for those who read the results.
	s.steps++
	album := lab.Golden{Dir: filepath.Join(s.dir, "album"), Accept: true}
	must(t, album.Check(fmt.Sprintf("%03d-%s", s.steps, name), pic))
}

// atRegistrar waits until the phone has n contacts registered.
func (s *scene) atRegistrar(t *testing.T, user string, n int, within time.Duration) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	uris, err := s.kamailio.WaitBindings(ctx, user, n)
	must(t, err)
	return uris
}

// mainSettings is a phone with one line over TLS at the registrar.
func mainSettings(extra string) string {
	return fmt.Sprintf(`
[[line]]
aor = "sip:%[1]s@%[2]s"
display = "Anna Berg"
password = %[3]q
transport = "tls"
%[4]s
`, phoneUser, domain, lab.PasswordOf(phoneUser), extra) + noLine
}

// noLine is a phone that knows its network and whom to believe, and has no line.
const noLine = `
[sip]
extra_roots = ["ROOTS"]
[screen]
theme = "dark"
time_zone = "UTC"
[network]
dhcp = false
address = "PHONE"
gateway = "CORE"
dns = ["CORE"]
hostname = "desk"
`
