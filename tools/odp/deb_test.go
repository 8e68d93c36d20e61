package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func program(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// TestPackage makes the Debian package twice, has it judged, and installs it into an empty root.
func TestPackage(t *testing.T) {
	dir := t.TempDir()
	var packages [2]string
	for i := range packages {
		out := filepath.Join(dir, fmt.Sprint(i))
		packages[i] = strings.TrimSpace(program(t, []string{"SOURCE_DATE_EPOCH=1780000000"}, "dist/deb.sh", built, "0.1", out))
	}
	one, err := os.ReadFile(packages[0])
	if err != nil {
		t.Fatal(err)
	}
	if two, err := os.ReadFile(packages[1]); err != nil || !bytes.Equal(one, two) {
		t.Errorf("the same source gives two packages: %v", err)
	}
	program(t, nil, "lintian", "--allow-root", "--fail-on", "error,warning", packages[0])

	root := filepath.Join(dir, "root")
	program(t, nil, "dpkg-deb", "-x", packages[0], root)
	if v := program(t, nil, filepath.Join(root, "usr/bin/odp"), "--version"); v != "odp 0.1\n" {
		t.Errorf("it says %q", v)
	}
	for _, f := range []string{"odp", "odp-url"} {
		program(t, nil, "desktop-file-validate", filepath.Join(root, "usr/share/applications", f+".desktop"))
	}
	for _, f := range []string{"usr/lib/systemd/user/odp-agent.service", "lib/udev/rules.d/70-odp.rules", "usr/share/man/man1/odp.1.gz"} {
		if info, err := os.Stat(filepath.Join(root, f)); err != nil || info.Mode().Perm() != 0o644 {
			t.Errorf("%s: %v", f, err)
		}
	}
	page := program(t, []string{"MANWIDTH=80"}, "man", "--warnings", "-l", filepath.Join(root, "usr/share/man/man1/odp.1.gz"))
	for _, want := range []string{"odp transfer", "EXIT STATUS", "--complete"} {
		if !strings.Contains(page, want) {
			t.Errorf("the manual does not speak of %q", want)
		}
	}
	if strings.Contains(page, "warning:") {
		t.Errorf("the manual is faulty:\n%s", page)
	}
}
