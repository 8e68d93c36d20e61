package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"opendeskphone/hal"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
	"opendeskphone/tools/qemu"
)

// TestStick records two calls onto a USB stick, which is pulled in the midst of the second: that call goes on, and what was
// said in both lies on the stick, but for the last seconds before it was pulled.
func TestStick(t *testing.T) {
	if *imageDir == "" {
		t.Skip("no -image: the twin has no USB port")
	}
	s := newScene(t)
	s.start(t, desk.Setup{Settings: mainSettings("") + "[recording]\nallowed = true\non = \"stick\"\ntone = false\n"})
	guest := s.phone.(*desk.Guest)
	s.atRegistrar(t, phoneUser, 1, 60*time.Second)
	stick := filepath.Join(s.dir, "stick.img")
	must(t, qemu.MakeStick(stick, "vfat"))
	must(t, guest.Stick(stick))
	said := func(what string) {
		t.Helper()
		must(t, guest.Log().WaitFor(soon(t), 0, func(text string) bool { return strings.Contains(text, what) }))
	}
	said("stick vfat")

	p := s.enter(t, cast{make: "baresip", user: "201", host: 11, codecs: []string{"G722"}})
	const talk = 12 * time.Second // of which syncing every 5 s leaves 7 at the least
	record := func() (mark int, heard *lab.Tape) {
		t.Helper()
		mark = p.Mark()
		must(t, p.Dial(soon(t), "sip:"+phoneUser+"@"+domain))
		s.rings(t, callRow{peer: cast{make: "baresip", user: "201"}})
		s.press(t, hal.Speaker)
		must(t, p.WaitTalking(soon(t), mark))
		s.press(t, hal.Soft4)
		s.shows(t, "call-menu", masks.time)
		s.press(t, hal.Digit3)
		tape := s.tape(t, p.Recording())
		t.Cleanup(func() { tape.Close() })
		must(t, tape.WaitLength(soon(t), tape.Length()+talk))
		return mark, tape
	}
	mark, _ := record()
	must(t, p.Hangup(soon(t)))
	must(t, p.WaitEnded(soon(t), mark))
	s.calm(t)

	mark, heard := record()
	must(t, guest.Stick(""))
	said("stick gone")
	must(t, heard.WaitLength(soon(t), heard.Length()+3*time.Second))
	must(t, p.Hangup(soon(t)))
	must(t, p.WaitEnded(soon(t), mark))

	recordings := takenFrom(t, stick)
	if len(recordings) != 2 {
		t.Fatalf("%d recordings are on the stick", len(recordings))
	}
	for i, least := range []time.Duration{talk - time.Second, talk - 6*time.Second} {
		rec := recordings[i]
		if rec.Duration() < least {
			t.Errorf("recording %d lasts %v, of %v", i+1, rec.Duration(), talk)
		}
		// They stand on one of two channels, of which the mean is taken: 6 dB less.
		if _, err := s.score(t, "recording", theirVoice(t).Cut(2*time.Second, 5*time.Second), rec, 0.8, -6); err != nil {
			t.Error(err)
		}
	}
}

// takenFrom reads the recordings off a stick, as a PC would that it is plugged into, in the order of their times.
func takenFrom(t *testing.T, image string) (all []lab.Clip) {
	t.Helper()
	at := t.TempDir()
	must(t, lab.Run("mcopy", "-n", "-s", "-i", image, "::/recordings", at))
	names, err := filepath.Glob(filepath.Join(at, "recordings", "*.wav"))
	must(t, err)
	slices.Sort(names)
	for _, name := range names {
		info, err := os.Stat(name)
		must(t, err)
		clip, err := lab.ReadWAV(name)
		must(t, err)
		t.Logf("%s: %d octets, %v", filepath.Base(name), info.Size(), clip.Duration())
		all = append(all, clip)
	}
	return all
}
