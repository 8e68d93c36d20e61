package device

import (
	"context"
	"image"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"opendeskphone/audio/codec"
	"opendeskphone/firmware/credentials"
	"opendeskphone/firmware/diag"
	"opendeskphone/firmware/lock"
	"opendeskphone/firmware/pairing"
	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/recording"
	"opendeskphone/firmware/settings"
	"opendeskphone/firmware/store"
	"opendeskphone/hal"
	"opendeskphone/hal/sim"
	"opendeskphone/sip/siptest"
	"opendeskphone/ui/screen"
)

// bench is a phone on simulated hardware and a network without anybody else.
type bench struct {
	*Device
	*sim.Twin
	t    *testing.T
	dir  string
	stop func()
}

type dog struct {
	mu    sync.Mutex
	meals int
}

func (d *dog) Feed() error  { d.mu.Lock(); defer d.mu.Unlock(); d.meals++; return nil }
func (d *dog) Close() error { return nil }
func (d *dog) fed() int     { d.mu.Lock(); defer d.mu.Unlock(); return d.meals }

func start(t *testing.T, dir, text string, prepare func(*sim.Twin, *hal.Devices)) *bench {
	t.Helper()
	path := filepath.Join(dir, "settings.toml")
	if text != "" {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log := slog.New(slog.DiscardHandler)
	twin := sim.New(image.Pt(800, 480))
	hardware := twin.Devices()
	if prepare != nil {
		prepare(twin, &hardware)
	}
	d, err := New(hardware, Options{
		DialPlan: filepath.Join(dir, "dialplan.json"), Settings: settings.Open(settings.Paths{User: path}, log), Store: store.Open(filepath.Join(dir, "phone.db"), log), Pairings: pairing.OpenFile(filepath.Join(dir, "pairings"), log), PIN: lock.OpenFile(filepath.Join(dir, "lock"), log), Vault: credentials.Open(dir, log),
		Recordings: recording.OpenShelves(filepath.Join(dir, "recordings"), func(string) int64 { return -1 }, log), Reports: filepath.Join(dir, "reports"),
		Recorder: diag.NewRecorder(), Codecs: codec.All(), Network: siptest.NewNet(1).Host(netip.MustParseAddr("192.0.2.1")),
		Version: "test", About: func() Facts { return Facts{Free: -1} }, Crashes: dir, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { defer close(over); _ = d.Run(ctx) }()
	b := &bench{d, twin, t, dir, func() { cancel(); <-over }}
	t.Cleanup(b.stop)
	return b
}

func (b *bench) until(what string, ok func(*phone.State) bool) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for seq := phone.Seq(0); ; {
		u, err := b.Control().Watch(ctx, seq)
		if err != nil {
			b.t.Fatalf("not in time: %s; notices %q", what, b.Control().State().Notices)
		}
		if seq = u.State.Seq; ok(u.State) {
			return
		}
	}
}

const oneLine = "[[line]]\naor = \"sip:100@192.0.2.9\"\nregister = false\npassword = \"old\"\n"

func TestMissingSoundCardIsSaidAndForgotten(t *testing.T) {
	b := start(t, t.TempDir(), oneLine, func(tw *sim.Twin, _ *hal.Devices) { tw.Card.Unplug() })
	b.until("notice", func(s *phone.State) bool { return strings.Contains(s.Notices[phone.NoSoundCard], "unplugged") })
	b.Card.Plug()
	b.until("all well", func(s *phone.State) bool { return s.Notices[phone.NoSoundCard] == "" })
}

// TestSoundTest: the phone hears its own loudspeaker, or not; a call ends the test.
func TestSoundTest(t *testing.T) {
	b := start(t, t.TempDir(), oneLine, nil)
	result := func() phone.SoundVerdict {
		b.press(phone.TestSound{})
		b.until("tested", func(s *phone.State) bool { return !s.Test.Running })
		return b.Control().State().Test.Verdict
	}
	hiss := func(mic []int16) {
		for i := range mic {
			mic[i] = int16(i%7 - 3)
		}
	}
	var last [480]int16
	b.Card.SetLoop(func(mic, spk []int16) {
		hiss(mic)
		for i := range mic {
			mic[i] += last[i] / 4
		}
		copy(last[:], spk)
	})
	if v := result(); v != phone.SoundWorks {
		t.Errorf("a phone on a desk: %v", v)
	}
	b.Card.SetLoop(func(mic, _ []int16) { hiss(mic) })
	if v := result(); v != phone.SpeakerSilent {
		t.Errorf("a pulled loudspeaker: %v", v)
	}
	b.Card.SetLoop(nil)
	if v := result(); v != phone.MicDead {
		t.Errorf("a pulled microphone: %v", v)
	}
	b.press(phone.TestSound{})
	b.Press(hal.Hook, true)
	b.until("broken off", func(s *phone.State) bool { return s.OffHook })
	if now := b.Control().State().Test; now != (phone.SoundTest{}) {
		t.Errorf("broken off: %+v", now)
	}
}

func TestBrokenSettingsAreNamedAndThePhoneStarts(t *testing.T) {
	dir := t.TempDir()
	start(t, dir, oneLine, nil).stop()
	b := start(t, dir, oneLine+"transprt = \"tls\"\n", nil)
	b.until("notice", func(s *phone.State) bool {
		return strings.Contains(s.Notices[phone.SettingsInvalid], "settings.toml:5") && strings.Contains(s.Notices[phone.SettingsInvalid], "transprt")
	})
	if l := b.Control().State().Lines; len(l) != 1 || l[0].AOR != "sip:100@192.0.2.9" {
		t.Errorf("the last good settings are not in force: %+v", l)
	}
}

func TestVolumesOutliveTheProcess(t *testing.T) {
	dir := t.TempDir()
	b := start(t, dir, oneLine, nil)
	b.until("ready", func(s *phone.State) bool { return s.Lines[0].State == phone.LineRegistered })
	for _, c := range []phone.Command{phone.SetVolume{Path: phone.Headset, Level: 3}, phone.SetRingVolume{Level: 1}} {
		if err := b.Control().Do(t.Context(), "test", c); err != nil {
			t.Fatal(err)
		}
	}
	deadline := time.After(10 * time.Second)
	for v, ok := b.store.Volumes(); !ok || v.Ring != 1; v, ok = b.store.Volumes() {
		select {
		case <-deadline:
			t.Fatalf("kept %+v", v)
		case <-time.After(10 * time.Millisecond):
		}
	}
	b.stop()
	b = start(t, dir, "", nil)
	b.until("restored", func(s *phone.State) bool { return s.Volume[phone.Headset] == 3 && s.RingVolume == 1 })
}

func TestSigningInKeepsWhatTheScreenDoesNotShow(t *testing.T) {
	b := start(t, t.TempDir(), oneLine+"srtp = \"required\"\n", nil)
	s := screenSettings{b.Device}
	a := s.Account(0)
	if a.Password != screen.PasswordSet || a.User != "100" || a.Server != "192.0.2.9" {
		t.Fatalf("the screen sees %+v", a)
	}
	a.User, a.Transport = "anna", "tcp"
	if err := s.SetAccount(0, a); err != nil {
		t.Fatal(err)
	}
	l := b.settings.File().Lines[0]
	if l.AOR != "sip:anna@192.0.2.9" || l.Password.Reveal() != "old" || l.SRTP != "required" || l.Transport != "tcp" {
		t.Errorf("the line is %+v", l)
	}
	a.Password = "new"
	if err := s.SetAccount(0, a); err != nil {
		t.Fatal(err)
	}
	if got := b.settings.File().Lines[0].Password.Reveal(); got != "new" {
		t.Errorf("password %q", got)
	}
	b.until("line renamed", func(s *phone.State) bool { return s.Lines[0].AOR == "sip:anna@192.0.2.9" })
}

func TestWatchdogIsFedOnlyWhileSoundAndCoreMove(t *testing.T) {
	d := new(dog)
	b := start(t, t.TempDir(), oneLine, func(_ *sim.Twin, h *hal.Devices) { h.Watchdog = d })
	deadline := time.After(10 * time.Second)
	for d.fed() < 2 {
		select {
		case <-deadline:
			t.Fatalf("fed %d times in 10 s", d.fed())
		case <-time.After(20 * time.Millisecond):
		}
	}
	block := make(chan struct{})
	b.Card.SetLoop(func(_, _ []int16) { <-block }) // the audio goroutine hangs
	time.AfterFunc(2500*time.Millisecond, func() { close(block) })
	before := -1
	select {
	case <-block:
		before = d.fed()
	case <-deadline:
	}
	if before > 4 {
		t.Errorf("a phone whose sound stands still was fed to the end: %d meals", before)
	}
}

func TestContactNamesTheCaller(t *testing.T) {
	b := start(t, t.TempDir(), oneLine, nil)
	if err := (&book{d: b.Device}).AddContact(screen.Contact{Name: "Jonas Keller", Numbers: []screen.Number{{Kind: "work", Value: "+49 30 5550 142"}}}); err != nil {
		t.Fatal(err)
	}
	if name, ok := b.callers(settings.STIR{}).NameOf("0305550142"); !ok || name != "Jonas Keller" {
		t.Errorf("0305550142 is %q, %v", name, ok)
	}
}

func TestHostOf(t *testing.T) {
	for in, want := range map[string]string{
		"sip:a@b.example:5061;transport=tls": "b.example", "b.example": "b.example", "b.example:5060": "b.example",
		"sips:[2001:db8::1]:5061": "2001:db8::1", "2001:db8::1": "2001:db8::1", "": "",
	} {
		if got := hostOf(in); got != want {
			t.Errorf("hostOf(%q) = %q, want %q", in, got, want)
		}
	}
}
