package linux

import (
	"image"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"opendeskphone/hal"
)

// write makes a file below dir.
func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestLEDLamp(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "max_brightness", "255\n")
	write(t, dir, "brightness", "0")
	l := ledLamp(dir)
	if err := l.set(true); err != nil || read(t, dir, "brightness") != "255" {
		t.Error("lit:", read(t, dir, "brightness"), err)
	}
	if err := l.set(false); err != nil || read(t, dir, "brightness") != "0" {
		t.Error("dark:", read(t, dir, "brightness"), err)
	}
	if err := ledLamp(dir + "/none").set(true); err == nil {
		t.Error("lit a lamp that is not there")
	}
}

func TestBacklight(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "max_brightness", "31\n")
	write(t, dir, "brightness", "")
	b, err := backlightAt(dir)
	if err != nil {
		t.Fatal(err)
	}
	for percent, want := range map[int]string{0: "0", 1: "1", 50: "15", 100: "31", 200: "31", -1: "0"} {
		if err := b.set(percent); err != nil || read(t, dir, "brightness") != want {
			t.Errorf("%d %%: %s, want %s (%v)", percent, read(t, dir, "brightness"), want, err)
		}
	}
	write(t, dir, "max_brightness", "none")
	if _, err := backlightAt(dir); err == nil {
		t.Error("a backlight of no brightness was taken")
	}
	if none, err := openBacklight(""); err != nil || none.set(50) != nil {
		t.Error("a panel without backlight is an error")
	}
}

func TestLampPort(t *testing.T) {
	root := t.TempDir()
	write(t, root, "sys/class/virtio-ports/vport1p1/name", "other\n")
	write(t, root, "sys/class/virtio-ports/vport1p2/name", "lamps\n")
	if err := os.MkdirAll(filepath.Join(root, "dev"), 0o755); err != nil {
		t.Fatal(err)
	}
	fifo := filepath.Join(root, "dev/vport1p2")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	p, err := openLampPort(root, "lamps")
	if err != nil {
		t.Fatal(err)
	}
	l := &lamps{port: p}
	l.Set(hal.LampRing, true)
	l.Set(hal.LampLine2, false)
	const want = "ring 1\nline2 0\n"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(reader, got); err != nil || string(got) != want {
		t.Errorf("%q (%v)", got, err)
	}
	for range 100_000 { // far more than the port takes while nobody reads
		if err := l.Set(hal.LampRing, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := openLampPort(root, "none"); err == nil {
		t.Error("found a port that is not there")
	}
}

func TestWatchdog(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "watchdog", "")
	w, err := OpenWatchdog(filepath.Join(dir, "watchdog"))
	if err != nil {
		t.Fatal(err)
	}
	if w.Feed() != nil || w.Feed() != nil || w.Close() != nil {
		t.Error("feeding failed")
	}
	if got := read(t, dir, "watchdog"); got != "\x00\x00V" {
		t.Errorf("the device got %q", got)
	}
}

func TestPaintOnlyTheDamage(t *testing.T) {
	pic := image.NewRGBA(image.Rect(0, 0, 8, 4))
	for i := range pic.Pix {
		pic.Pix[i] = byte(i * 7)
	}
	pic.SetRGBA(2, 1, color.RGBA{0x12, 0x34, 0x56, 0xff})
	for _, c := range []struct {
		bits  int
		pixel []byte
	}{{32, []byte{0x56, 0x34, 0x12, 0}}, {16, []byte{0xaa, 0x11}}} { // 0x12>>3=2, 0x34>>2=13, 0x56>>3=10
		s := &screen{mem: make([]byte, 4*40), pitch: 40, size: image.Pt(8, 4), bits: c.bits}
		if got := s.paint(pic, image.Rect(2, 1, 3, 99)); got != image.Rect(2, 1, 3, 4) {
			t.Errorf("%d bits: painted %v", c.bits, got)
		}
		at := 40 + 2*c.bits/8
		if got := s.mem[at : at+c.bits/8]; string(got) != string(c.pixel) {
			t.Errorf("%d bits: pixel %x, want %x", c.bits, got, c.pixel)
		}
		if s.mem[at-1] != 0 || s.mem[at+c.bits/8] != 0 {
			t.Errorf("%d bits: painted beside the damage", c.bits)
		}
		if got := s.paint(pic, image.Rect(100, 100, 110, 110)); !got.Empty() {
			t.Errorf("%d bits: painted %v outside", c.bits, got)
		}
	}
}

func TestChooseMode(t *testing.T) {
	modes := []drmMode{{width: 640, height: 480}, {width: 1024, height: 600, kind: modePreferred}, {width: 800, height: 480}}
	if m := chooseMode(modes, image.Pt(800, 480)); m.size() != image.Pt(800, 480) {
		t.Error("wanted size not taken:", m.size())
	}
	if m := chooseMode(modes, image.Pt(1, 1)); m.size() != image.Pt(1024, 600) {
		t.Error("preference not taken:", m.size())
	}
	if m := chooseMode(modes[:1], image.Pt(1, 1)); m.size() != image.Pt(640, 480) {
		t.Error("only mode not taken:", m.size())
	}
}

// The kernel's structures have fixed sizes on every machine, which are part of the request numbers.
func TestStructureSizes(t *testing.T) {
	for name, c := range map[string]struct{ got, want uintptr }{
		"resources": {unsafe.Sizeof(drmResources{}), 64}, "connector": {unsafe.Sizeof(drmConnector{}), 80},
		"mode": {unsafe.Sizeof(drmMode{}), 68}, "crtc": {unsafe.Sizeof(drmCRTC{}), 104}, "dumb": {unsafe.Sizeof(drmDumb{}), 32},
		"map": {unsafe.Sizeof(drmMap{}), 16}, "fb": {unsafe.Sizeof(drmFB{}), 28}, "dirty": {unsafe.Sizeof(drmDirty{}), 24},
		"flip": {unsafe.Sizeof(drmFlip{}), 24}, "var": {unsafe.Sizeof(fbVar{}), 160},
		"fix": {unsafe.Sizeof(fbFix{}), map[int]uintptr{4: 68, 8: 80}[wordSize]},
	} {
		if c.got != c.want {
			t.Errorf("%s has %d bytes, want %d", name, c.got, c.want)
		}
	}
}

func BenchmarkPaint(b *testing.B) {
	pic := image.NewRGBA(image.Rect(0, 0, 800, 480))
	for bits, name := range map[int]string{16: "RGB565", 32: "XRGB8888"} {
		s := &screen{mem: make([]byte, 480*3200), pitch: 3200, size: pic.Rect.Max, bits: bits}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s.paint(pic, pic.Rect)
			}
		})
	}
}
