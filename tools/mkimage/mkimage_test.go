package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"opendeskphone/boards"
)

func TestHostSources(t *testing.T) {
	etc := t.TempDir()
	for name, text := range map[string]string{
		"os-release": "ID=debian\nVERSION_CODENAME=bookworm\n",
		"apt/sources.list": "# comment\ndeb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib\n" +
			"deb-src http://mirror.example/debian bookworm main\ndeb http://mirror.example/debian sid main\n",
		"apt/sources.list.d/debian.sources": "Types: deb\n# hint\nURIs: http://mirror.example/security\nSuites: bookworm-security\nComponents: main\nSigned-By: /d.gpg\n\nTypes: deb\nURIs: http://other.example\nSuites: nodistro\nComponents: main\n",
		"apt/sources.list.d/other.list":     "deb http://other.example/apt other-bookworm main\n",
	} {
		path := filepath.Join(etc, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := hostSources(etc)
	want := "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main contrib\nSigned-By: /k.gpg\n\n" +
		"Types: deb\nURIs: http://mirror.example/security\nSuites: bookworm-security\nComponents: main\nSigned-By: /d.gpg\n\n"
	if err != nil || got != want {
		t.Errorf("%v\ngot\n%s\nwant\n%s", err, got, want)
	}
	if _, err := hostSources(t.TempDir()); err == nil {
		t.Error("a host of no release has sources")
	}
}

func TestPackageURIs(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	pkgs, err := parseURIs(strings.NewReader("'http://m/l/libc6_2.36-9%2bdeb12u14_armhf.deb' busybox-static_1%3a1.35.0-4+b1_armhf.deb 815288 SHA256:" + sum + "\n"))
	want := Package{Name: "busybox-static", Version: "1:1.35.0-4+b1", Arch: "armhf", SHA256: sum, file: "busybox-static_1%3a1.35.0-4+b1_armhf.deb"}
	if err != nil || pkgs["busybox-static"] != want {
		t.Errorf("%+v (%v)", pkgs, err)
	}
	for _, bad := range []string{"E: broken", "'u' ../x_1_armhf.deb 1 SHA256:00", "'u' x_1_armhf.deb 1 MD5:00", "'u' x.deb 1 SHA256:00"} {
		if _, err := parseURIs(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestArchiveIsReadByCpio(t *testing.T) {
	if _, err := exec.LookPath("cpio"); err != nil {
		t.Skip("cpio is not installed: its reading of our archive is not tested")
	}
	var b bytes.Buffer
	c := &cpioWriter{w: &b, mtime: time.Unix(1790000000, 0)}
	c.Dir("modules")
	c.File("modules/list", 0o640, []byte("boot ext4\n"))
	c.File("init", 0o755, []byte("x"))
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.Command("cpio", "-idm", "--quiet")
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(b.Bytes())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	st, err := os.Stat(filepath.Join(dir, "modules/list"))
	if err != nil || st.Mode().Perm() != 0o640 || st.ModTime().Unix() != 1790000000 {
		t.Errorf("%v (%v)", st, err)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "modules/list")); err != nil || string(data) != "boot ext4\n" {
		t.Errorf("%q (%v)", data, err)
	}
	if b.Len()%4 != 0 {
		t.Errorf("archive of %d bytes", b.Len())
	}
}

func TestArchiveDeviceNode(t *testing.T) {
	var b bytes.Buffer
	c := &cpioWriter{w: &b, mtime: time.Unix(0, 0)}
	c.Char("dev/console", 0o600, 5, 1)
	const want = "070701" + "00000001" + "00002180" + "00000000" + "00000000" + "00000001" + "00000000" + "00000000" +
		"00000000" + "00000000" + "00000005" + "00000001" + "0000000C" + "00000000" + "dev/console\x00"
	if got := b.String(); !strings.HasPrefix(got, want) {
		t.Errorf("\n%q\n%q", got, want)
	}
}

func TestUnsigned(t *testing.T) {
	module, signature := []byte("ELF and all that"), bytes.Repeat([]byte{7}, 300)
	signed := append(slices.Concat(module, signature, make([]byte, 8)), binary.BigEndian.AppendUint32(nil, 300)...)
	signed = append(signed, signatureMark...)
	for name, m := range map[string][]byte{"signed": signed, "unsigned": module} {
		if got := unsigned(m); !bytes.Equal(got, module) {
			t.Errorf("%s: %q", name, got)
		}
	}
	lying := append(append([]byte("short"), make([]byte, 8)...), 0xff, 0xff, 0xff, 0xff)
	if got := unsigned(append(lying, signatureMark...)); len(got) != len(lying)+len(signatureMark) {
		t.Errorf("a lying signature cut %d bytes", len(lying)+len(signatureMark)-len(got))
	}
}

func FuzzUnsigned(f *testing.F) {
	f.Add([]byte("xxxxxxxxxxxxxxxxxxxxx" + signatureMark))
	f.Fuzz(func(t *testing.T, b []byte) {
		if !bytes.HasPrefix(b, unsigned(b)) {
			t.Fatal("more than the end was cut")
		}
	})
}

// TestModuleOrder gives tiny object files of the host's C compiler the metadata of modules.
func TestModuleOrder(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("gcc is not installed: reading needs from modules is not tested")
	}
	root := t.TempDir()
	dir := filepath.Join(root, "lib/modules/6.1")
	for name, depends := range map[string]string{"upper-half": "middle,lower", "middle": "lower", "lower": "", "alone": ""} {
		src := "const char info[] __attribute__((section(\".modinfo\"))) = \"license=GPL\\0depends=" + depends + "\";"
		path := filepath.Join(dir, "kernel", name+".ko")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(gcc, "-c", "-x", "c", "-", "-o", path)
		cmd.Stdin = strings.NewReader(src)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "modules.builtin"), []byte("kernel/fs/built-in.ko\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := readModules(root)
	if err != nil {
		t.Fatal(err)
	}
	groups := []boards.ModuleGroup{{Name: "boot", Modules: []string{"middle", "built_in"}}, {Name: "sound", Modules: []string{"upper_half a=1 b=2", "middle", "alone"}}}
	steps, err := k.order(groups)
	const want = "boot lower\nboot middle\nsound upper_half a=1 b=2\nsound alone\n"
	if got := string(list(steps)); err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
	if _, err := k.order([]boards.ModuleGroup{{Name: "boot", Modules: []string{"missing"}}}); err == nil {
		t.Error("a module that is not there was found")
	}
}

func TestTakeNamesWhatIsMissing(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	if err := errors.Join(os.MkdirAll(filepath.Join(from, "usr/share/alsa/pcm"), 0o755), os.WriteFile(filepath.Join(from, "usr/share/alsa/pcm/a.conf"), []byte("x"), 0o640),
		os.Symlink("a.conf", filepath.Join(from, "usr/share/alsa/pcm/b.conf")), os.WriteFile(filepath.Join(from, "usr/other"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := take(from, to, []string{"usr/share/alsa"}); err != nil {
		t.Fatal(err)
	}
	if target, err := os.Readlink(filepath.Join(to, "usr/share/alsa/pcm/b.conf")); err != nil || target != "a.conf" {
		t.Errorf("link to %q (%v)", target, err)
	}
	if _, err := os.Stat(filepath.Join(to, "usr/other")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("more was taken than asked for")
	}
	if err := take(from, to, []string{"lib/moved.so*"}); err == nil || !strings.Contains(err.Error(), "lib/moved.so*") {
		t.Errorf("fault %v does not name the file", err)
	}
}
