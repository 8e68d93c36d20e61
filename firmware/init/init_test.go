package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"opendeskphone/firmware/settings"
)

func TestWrongSettingsKeepTheNetwork(t *testing.T) {
	file := filepath.Join(t.TempDir(), "settings.toml")
	if f, err := readSettings(file); err != nil || !f.Network.DHCP {
		t.Error("without a file:", f.Network, err)
	}
	good := "[network]\ndhcp = false\naddress = '192.0.2.7/24'\n"
	if err := os.WriteFile(strings.TrimSuffix(file, ".toml")+".good.toml", []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{good, good[:20], "[network]\nx = 1\n", "[network]\ndhcp = 'no'\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := readSettings(file)
		if f.Network.Address != "192.0.2.7/24" || (text == good) != (err == nil) {
			t.Errorf("%q: %+v, %v", text, f.Network, err)
		}
	}
}

func FuzzStaticConfig(f *testing.F) {
	f.Add("192.0.2.7/24", "192.0.2.1", "192.0.2.53", "ntp.example.org")
	f.Fuzz(func(t *testing.T, address, gateway, dns, ntp string) {
		c := staticConfig(settings.Network{Address: address, Gateway: gateway, DNS: []string{dns}, NTP: []string{ntp}})
		if got := strings.Count(resolvConf(c), "\n"); got != len(c.dns)+1 {
			t.Fatalf("%q became %d lines", dns, got)
		}
	})
}

func TestUserServersGoFirst(t *testing.T) {
	dhcp := ipConfig{dns: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, ntp: []string{"192.0.2.2"}, domain: "example.org"}
	c := withSettings(dhcp, settings.Network{DNS: []string{"192.0.2.53"}})
	if got := resolvConf(c); got != "nameserver 192.0.2.53\nsearch example.org\noptions timeout:2 attempts:2\n" {
		t.Errorf("%q", got)
	}
	if c.ntp[0] != "192.0.2.2" {
		t.Error("time server", c.ntp)
	}
	if c := withSettings(ipConfig{}, settings.Network{NTP: []string{"ntp.example.org"}}); c.ntp[0] != "ntp.example.org" {
		t.Error("time server", c.ntp)
	}
	if c := withSettings(ipConfig{}, settings.Network{}); len(c.ntp) == 0 {
		t.Error("no time server at all")
	}
}

func TestUevent(t *testing.T) {
	msg := "add@/devices/x/input3/event2\x00ACTION=add\x00DEVPATH=/devices/x/input3/event2\x00SUBSYSTEM=input\x00DEVNAME=input/event2\x00"
	want := uevent{"add", "/devices/x/input3/event2", "input", "input/event2"}
	if e, ok := parseUevent([]byte(msg)); !ok || e != want {
		t.Errorf("%+v, %v", e, ok)
	}
	for _, bad := range []string{"", "libudev\x00\x01", "add@/x\x00ACTION=add\x00DEVPATH=/x\x00DEVNAME=../etc/passwd\x00", "x\x00ACTION=add\x00DEVPATH=/a/../b\x00"} {
		if e, ok := parseUevent([]byte(bad)); ok {
			t.Errorf("%q is %+v", bad, e)
		}
	}
	for node, want := range map[string]int{"input/event12": inputGID, "snd/pcmC0D0p": audioGID, "dri/card0": videoGID, "vport2p1": phoneGID} {
		if gid, ok := deviceGroup(node); !ok || gid != want {
			t.Errorf("%s belongs to %d", node, gid)
		}
	}
	for _, node := range []string{"vda", "mem", "input/mice", "snd/../vda", "tty0", ""} {
		if gid, ok := deviceGroup(node); ok {
			t.Errorf("%s was given to %d", node, gid)
		}
	}
}

func FuzzUevent(f *testing.F) {
	f.Add([]byte("add@/x\x00ACTION=add\x00DEVPATH=/x\x00DEVNAME=snd/seq\x00"))
	f.Fuzz(func(t *testing.T, msg []byte) {
		e, ok := parseUevent(msg)
		if ok && (strings.Contains(e.devname, "..") && !filepath.IsLocal(e.devname) || strings.Contains(e.devpath, "/../")) {
			t.Fatalf("%+v", e)
		}
	})
}

func TestModuleList(t *testing.T) {
	steps, err := parseModules(strings.NewReader("boot virtio_pci\nsound snd_aloop pcm_substreams=1 index=2\n"))
	if err != nil || len(steps) != 2 || steps[1] != (moduleStep{"sound", "snd_aloop", "pcm_substreams=1 index=2"}) {
		t.Errorf("%v, %v", steps, err)
	}
	for _, bad := range []string{"boot\n", "boot ../evil\n", "\n"} {
		if _, err := parseModules(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestDataHealth(t *testing.T) {
	good := make([]byte, superblockAt+superblockSize)
	good[magicAt], good[magicAt+1], good[stateAt] = 0x53, 0xef, 1
	hurt := bytes.Clone(good)
	hurt[stateAt] |= stateErrors
	for want, head := range map[dataHealth][]byte{dataGood: good, dataHurt: hurt, dataBlank: make([]byte, 2048)} {
		if got := health(head); got != want {
			t.Errorf("health %d, want %d", got, want)
		}
	}
	if health(good[:100]) != dataBlank {
		t.Error("a partition of 100 bytes is not blank")
	}
}

func TestLogIsCapped(t *testing.T) {
	dir := t.TempDir()
	l := newCappedLog(dir, "x.log")
	line := bytes.Repeat([]byte("0123456789abcde\n"), 64)
	for range 4 * maxLog / len(line) {
		if n, err := l.Write(line); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Fatalf("%d files (%v)", len(entries), err)
	}
	for _, e := range entries {
		if st, err := e.Info(); err != nil || st.Size() > maxLog+int64(len(line)) {
			t.Errorf("%s has %d bytes (%v)", e.Name(), st.Size(), err)
		}
	}
	if n, err := newCappedLog(dir+"/none", "x").Write(line); n != len(line) || err != nil {
		t.Error("a disk that fails stops the phone:", n, err)
	}
}

func TestDaemonOutput(t *testing.T) {
	var log, serial bytes.Buffer
	o := &output{dir: t.TempDir(), log: &log, con: &console{w: &serial}}
	text := "level=INFO msg=hello\nodp: phoned: registered 5.93\n" + strings.Repeat("x", 3*maxLine) + "\npanic: broken"
	last := o.Copy(strings.NewReader(text))
	if log.String() != text || string(last) != text {
		t.Errorf("logged %d of %d bytes, last words %d", log.Len(), len(text), len(last))
	}
	if serial.String() != "odp: phoned: registered 5.93\r\n" {
		t.Errorf("console %q", serial.String())
	}
	if last := o.Copy(io.LimitReader(strings.NewReader(strings.Repeat("line\n", lastWords)), 4*lastWords)); len(last) != lastWords {
		t.Errorf("kept %d bytes of last words", len(last))
	}
	o.Keep("phoned", "exit 2", []byte("panic: broken\n"))
	kept, err := os.ReadFile(filepath.Join(o.dir, "phoned.last"))
	if err != nil || !strings.HasPrefix(string(kept), "phoned ended: exit 2 at ") || !strings.HasSuffix(string(kept), "panic: broken\n") {
		t.Errorf("%q (%v)", kept, err)
	}
}

func TestRestartPauses(t *testing.T) {
	pause, sum := firstPause, time.Duration(0)
	for range 20 {
		pause = nextPause(pause, time.Second)
		sum += pause
	}
	if first := nextPause(firstPause, time.Second); first > time.Second || pause != longPause {
		t.Errorf("pauses from %v to %v", first, pause)
	}
	if nextPause(pause, ranWell) != firstPause {
		t.Error("a daemon that ran well is not forgiven")
	}
}

func TestExitCodes(t *testing.T) {
	exit := func(code int) unix.WaitStatus { return unix.WaitStatus(code << 8) }
	for code, want := range map[int]ending{0: endNone, 1: endNone, 2: endNone, exitReboot: endReboot, exitPowerOff: endPowerOff} {
		if got := endingOf(exit(code), nil); got != want {
			t.Errorf("exit %d: %d", code, got)
		}
	}
	if got := describe(unix.WaitStatus(unix.SIGKILL), nil); got != "signal killed" {
		t.Errorf("killed: %s", got)
	}
}

func TestPowerKey(t *testing.T) {
	word := 8
	if ^uint(0)>>32 == 0 {
		word = 4
	}
	ev := func(kind, code, value byte) []byte {
		return append(make([]byte, 2*word), kind, 0, code, 0, value, 0, 0, 0)
	}
	if !readPowerKey(bytes.NewReader(append(ev(0, 0, 0), ev(evKey, keyPower, 1)...))) {
		t.Error("the power key was not seen")
	}
	if readPowerKey(bytes.NewReader(append(ev(evKey, 30, 1), ev(evKey, keyPower, 0)...))) {
		t.Error("another key was taken for it")
	}
}

func TestReleaseFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "os-release")
	if err := os.WriteFile(file, []byte("NAME=\"x\"\nVERSION=\"1.2-3\"\nBUILD_EPOCH=1790000000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := readRelease(file); r.version != "1.2-3" || r.built.Unix() != 1790000000 {
		t.Errorf("%+v", r)
	}
	if r := readRelease(file + "x"); !r.built.IsZero() {
		t.Errorf("%+v", r)
	}
}

// timeServers are the servers of a clock under test and what it did with their answers.
type timeServers struct {
	mu        sync.Mutex
	answers   map[string]time.Duration
	asked     int
	corrected []time.Duration
}

func (s *timeServers) query(server string) (time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if off, ok := s.answers[server]; ok {
		return off, nil
	}
	return 0, errors.New("no answer")
}

func (s *timeServers) correct(off time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.corrected = append(s.corrected, off)
	return nil
}

// after lets time pass and gives how often the servers were asked in it.
func (s *timeServers) after(d time.Duration) int {
	s.mu.Lock()
	before := s.asked
	s.mu.Unlock()
	time.Sleep(d)
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked - before
}

func TestClockAsksUntilItKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &timeServers{}
		c := newClock(time.Now().Add(-time.Hour), &console{w: io.Discard}, slog.New(slog.DiscardHandler))
		c.query, c.correct = s.query, s.correct
		go c.Run(t.Context())
		if n := s.after(time.Hour); n != 0 {
			t.Errorf("asked nobody %d times", n)
		}
		c.SetServers([]string{"a", "b"})
		if n := s.after(10 * time.Minute); n < 16 || n > 30 { // at 0, 2, 4 ... seconds after one another, two servers each
			t.Errorf("asked %d times in 10 minutes", n)
		}
		s.mu.Lock()
		s.answers = map[string]time.Duration{"a": -1000 * time.Hour, "b": 3 * time.Second} // a lives before this firmware was built
		s.mu.Unlock()
		c.SetServers([]string{"a", "b"})
		s.after(time.Second)
		if len(s.corrected) != 1 || s.corrected[0] != 3*time.Second {
			t.Errorf("corrected by %v", s.corrected)
		}
		if n := s.after(5 * time.Hour); n != 10 {
			t.Errorf("asked %d times in 5 hours", n)
		}
	})
}

// The daemons' umask is init's own: what init writes for them must be readable all the same.
func TestWriteAtomicIsForEverybody(t *testing.T) {
	defer unix.Umask(unix.Umask(0o027))
	file := filepath.Join(t.TempDir(), "resolv.conf")
	if err := writeAtomic(file, []byte("nameserver 192.0.2.53\n")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
