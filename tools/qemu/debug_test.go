package qemu

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// restartTime is how long the phone may be away when its daemon dies, in seconds of the guest: about one, but the host
// may have other work.
const restartTime = 10.0

// shell is a debug image's console.
type shell struct {
	*Machine
	keyboard *os.File
}

// bootShell boots the debug image until its shell is there.
func bootShell(t *testing.T) shell { t.Helper(); return bootShellWith(t, Config{}) }

func bootShellWith(t *testing.T, cfg Config) shell {
	t.Helper()
	if *debugDir == "" {
		t.Skip("no -debug-image: the debug image is not tested")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	cfg.Image, cfg.Console = *debugDir, r
	m := boot(t, cfg, "built-in shell")
	r.Close() // the machine has its own
	return shell{m, w}
}

// run types a command and waits until the console says what matches.
func (s shell) run(t *testing.T, command, want string) []string {
	t.Helper()
	if _, err := fmt.Fprintln(s.keyboard, command); err != nil {
		t.Fatal(err)
	}
	return waitMatch(t, s.Machine, want)
}

// waitMatch waits until the console says what matches and gives the match and its groups.
func waitMatch(t *testing.T, m *Machine, want string) []string {
	t.Helper()
	re := regexp.MustCompile(want)
	var got []string
	waitUntil(t, m, want, func(console string) bool {
		got = re.FindStringSubmatch(console)
		return got != nil
	})
	return got
}

func TestImageDebugHasAShell(t *testing.T) {
	s := bootShellWith(t, Config{Settings: []byte("[recording]\non = 'stick'\n")})
	s.run(t, "echo answer $((6*7)) of $(id -u)", `answer 42 of 0\n`)
	s.run(t, "ps | grep -c '[/]usr/bin/phoned'", `\n1\n`)
	s.sticks(t)
	shutDown(t, s.Machine)
}

// sticks of every kind are mounted with care and left when they are pulled; the phone's folder on them is its own alone.
func (s shell) sticks(t *testing.T) {
	wait(t, s.Machine, "modules stick")
	for n, kind := range []string{"vfat", "exfat", "ext4"} {
		image := filepath.Join(t.TempDir(), kind)
		if err := MakeStick(image, kind); err != nil {
			t.Fatal(err)
		}
		if err := s.Stick(image); err != nil {
			t.Fatal(err)
		}
		wait(t, s.Machine, "stick "+kind)
		s.run(t, "grep /run/stick /proc/mounts", ` /run/stick `+kind+` rw,dirsync,nosuid,nodev,noexec,noatime,nosymfollow`)
		s.run(t, "stat -c '%u %a of "+kind+"' /run/stick/recordings", `\n1000 700 of `+kind)
		if err := s.Stick(""); err != nil {
			t.Fatal(err)
		}
		waitTimes(t, s.Machine, "stick gone", n+1)
	}
	s.run(t, "echo mounts $(grep -c /run/stick /proc/mounts)", `mounts 0\n`)
}

// The board's mixer table fits the card as the guest's kernel shows it, each time it comes.
func TestImageDebugSetsTheMixer(t *testing.T) {
	s := bootShell(t)
	if err := s.USBCard(true); err != nil {
		t.Fatal(err)
	}
	waitMatch(t, s.Machine, `"mixer set" card=Audio path=\w+ controls="[^"]*Switch=1, [^"]*Volume=[1-9]`)
	if err := s.USBCard(false); err != nil {
		t.Fatal(err)
	}
	s.run(t, "while test -e /proc/asound/Audio; do sleep 1; done; echo card $((0)) left", `card 0 left\n`)
	if err := s.USBCard(true); err != nil {
		t.Fatal(err)
	}
	waitMatch(t, s.Machine, `(?s)card 0 left\n.*"mixer set" card=Audio path=\w+ controls="[^"]*Switch=1, [^"]*Volume=[1-9]`)
}

// The guest measures: when the daemon was killed, and when init started the next.
func TestImageDebugRestartsTheDaemon(t *testing.T) {
	s := bootShell(t)
	waitTimes(t, s.Machine, "sound card works", 1)
	died := s.run(t, "echo died at $(cut -d' ' -f1 /proc/uptime); kill -SEGV $(pidof phoned)", `died at (\d+\.\d+)\n`)
	back := waitMatch(t, s.Machine, `(?s)phoned ended: .*phoned started (\d+\.\d+)\n`)
	from, _ := strconv.ParseFloat(died[1], 64)
	to, _ := strconv.ParseFloat(back[1], 64)
	if away := to - from; away < 0 || away > restartTime {
		t.Errorf("the daemon was away for %.2f s", away)
	}
	waitTimes(t, s.Machine, "sound card works", 2)
	s.run(t, "head -n1 /data/system/log/phoned.last", `\nphoned ended: `)
	t.Logf("died at %s, started at %s", died[1], back[1])
	shutDown(t, s.Machine)
}

// A sound card that is plugged in while the phone runs is played on, and again after it was pulled while it played. The times
// are the guest's, and told only: they are those of the host's other work.
func TestImageDebugPlaysOnACardThatIsPluggedIn(t *testing.T) {
	s := bootShellWith(t, Config{Settings: []byte("[sound]\nplayback = 'hw:CARD=Audio'\ncapture = 'none'\n")})
	waitTimes(t, s.Machine, "no sound card", 1)
	waitTimes(t, s.Machine, "modules usb", 1)
	for n := range 3 {
		if err := s.USBCard(true); err != nil {
			t.Fatal(err)
		}
		times := s.run(t, fmt.Sprintf("until test -e /proc/asound/Audio; do usleep 20000; done; read in x </proc/uptime; "+
			"until grep -q RUNNING /proc/asound/Audio/pcm0p/sub0/status; do usleep 20000; done; read on x </proc/uptime; echo plug%d $in $on", n),
			fmt.Sprintf(`plug%d (\d+\.\d+) (\d+\.\d+)\n`, n))
		t.Logf("there at %s s, played on at %s s", times[1], times[2])
		if err := s.USBCard(false); err != nil {
			t.Fatal(err)
		}
		waitTimes(t, s.Machine, "no sound card", n+2)
		s.run(t, fmt.Sprintf("while test -e /proc/asound/Audio; do sleep 1; done; echo pulled%d $((0))", n), fmt.Sprintf(`pulled%d 0\n`, n))
	}
	shutDown(t, s.Machine)
}
