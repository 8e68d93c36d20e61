package qemu

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	imageDir = flag.String("image", "", "folder of an image to boot in TestImage...")
	debugDir = flag.String("debug-image", "", "folder of a debug image to boot in TestImageDebug...")
)

// bootTime is how long a boot may take, in a QEMU that shares its processors with others.
const bootTime = 90 * time.Second

// imageUnderTest gives the folder of the image under test.
func imageUnderTest(t *testing.T) string {
	t.Helper()
	if *imageDir == "" {
		t.Skip("no -image: booting the image is not tested")
	}
	return *imageDir
}

// boot boots the image, unless cfg names another, and waits for a line on the console.
func boot(t *testing.T, cfg Config, until string) *Machine {
	t.Helper()
	if cfg.Image == "" {
		cfg.Image = imageUnderTest(t)
	}
	cfg.Dir = t.TempDir()
	m, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Stop)
	wait(t, m, until)
	return m
}

func wait(t *testing.T, m *Machine, text string) {
	t.Helper()
	if _, err := m.WaitSerial(text, bootTime); err != nil {
		t.Fatal(err)
	}
}

// waitTimes waits until the console has said something so many times.
func waitTimes(t *testing.T, m *Machine, text string, times int) {
	t.Helper()
	waitUntil(t, m, text, func(console string) bool { return strings.Count(console, text) >= times })
}

// waitUntil waits until what the console has said is enough.
func waitUntil(t *testing.T, m *Machine, what string, enough func(console string) bool) {
	t.Helper()
	limit := time.After(bootTime)
	for {
		_, more := m.serial.find("")
		if enough(m.Serial()) {
			return
		}
		select {
		case <-more:
		case <-m.Done():
			t.Fatalf("the machine ended before %q:\n%s", what, m.Serial())
		case <-limit:
			t.Fatalf("no %q:\n%s", what, m.Serial())
		}
	}
}

// shutDown powers the phone off in order.
func shutDown(t *testing.T, m *Machine) {
	t.Helper()
	if err := m.PowerDown(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-m.Done():
	case <-time.After(bootTime):
		t.Fatal("the phone does not power off")
	}
}

// readData reads a file of the data partition of a machine that has ended.
func readData(t *testing.T, m *Machine, path string) string {
	t.Helper()
	cmd := exec.Command("debugfs", "-R", "cat "+path, m.cfg.Data)
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestImageStaticAddressAndCable(t *testing.T) {
	settings := "[network]\ndhcp = false\naddress = '10.0.2.77/24'\ngateway = '10.0.2.2'\nhostname = 'desk'\n"
	m := boot(t, Config{Settings: []byte(settings)}, "address 10.0.2.77")
	wait(t, m, "devices ready")
	if err := m.SetLink(false); err != nil {
		t.Fatal(err)
	}
	wait(t, m, "link down")
	if err := m.SetLink(true); err != nil {
		t.Fatal(err)
	}
	waitTimes(t, m, "link up", 2)
	shutDown(t, m)
}

func TestImageBrokenSettingsKeepTheNetwork(t *testing.T) {
	m := boot(t, Config{Settings: []byte("[network]\ndhcp = fal"), Files: []File{{"settings.good.toml", []byte("[network]\ndhcp = false\naddress = '10.0.2.78/24'\n")}}},
		"address 10.0.2.78")
	if !strings.Contains(m.Serial(), "init: settings") {
		t.Errorf("nothing about the settings:\n%s", m.Serial())
	}
}

// damaged makes a data image and damages it.
func damaged(t *testing.T, damage func(f *os.File) error) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.img")
	if err := MakeData(t.Context(), path, []File{{"settings.toml", []byte("[network]\nhostname = 'kept'\n")}}); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := damage(f); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestImageRepairsItsDataPartition(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(f *os.File) error
		want   string
		kept   bool
	}{
		"errors noted": {func(f *os.File) error { _, err := f.WriteAt([]byte{3}, 1024+0x3a); return err }, "data repaired", true},
		"blank":        {func(f *os.File) error { return f.Truncate(0) }, "data made anew", false},
		"overwritten": {func(f *os.File) error {
			_, err := f.WriteAt(slices.Repeat([]byte{0xa5}, 3<<20), 4096)
			return err
		}, "data ", false},
	} {
		t.Run(name, func(t *testing.T) {
			path := damaged(t, c.damage)
			if err := os.Truncate(path, DataSize); err != nil {
				t.Fatal(err)
			}
			m := boot(t, Config{Data: path}, "init: "+c.want)
			wait(t, m, "phoned started")
			shutDown(t, m)
			if why := readData(t, m, "/system/repair"); why == "" {
				t.Error("nobody is told why")
			}
			if c.kept && !strings.Contains(readData(t, m, "/settings.toml"), "kept") {
				t.Error("a repair lost the settings")
			}
		})
	}
}

func TestImageManifest(t *testing.T) {
	dir := imageUnderTest(t)
	text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Size     int64
		Debug    bool
		Packages []struct{ Name, Version, SHA256 string }
		Programs []struct{ Name, SHA256 string }
	}
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Packages {
		if p.Name == "" || p.Version == "" || len(p.SHA256) != 64 {
			t.Errorf("package %+v", p)
		}
	}
	if m.Size == 0 || m.Size > 32<<20 || len(m.Programs) < 2 {
		t.Errorf("size %d, %d programs", m.Size, len(m.Programs))
	}
}
