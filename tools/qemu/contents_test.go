package qemu

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// unsquashed runs unsquashfs on the system of an image.
func unsquashed(t *testing.T, image, option string, files ...string) string {
	t.Helper()
	args := append([]string{option, filepath.Join(image, "root.squashfs")}, files...)
	out, err := exec.Command("unsquashfs", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// shells are the programs that would take commands.
var shells = []string{"ash", "bash", "busybox", "dash", "ksh", "mksh", "perl", "python3", "sh", "toybox", "zsh"}

func TestImageReleaseHasNoShell(t *testing.T) {
	programs := 0
	for line := range strings.Lines(unsquashed(t, imageUnderTest(t), "-ll")) {
		fields := strings.Fields(line)
		if len(fields) < 6 || !strings.Contains(fields[0], "x") || strings.HasPrefix(fields[0], "d") {
			continue
		}
		programs++
		if slices.Contains(shells, path.Base(fields[5])) {
			t.Errorf("a release image has a shell: %s", fields[5])
		}
		if strings.ContainsAny(fields[0], "sS") {
			t.Errorf("a program runs as another than its caller: %s", line)
		}
	}
	if programs < 3 {
		t.Errorf("only %d programs were looked at", programs)
	}
	if *debugDir != "" && !strings.Contains(unsquashed(t, *debugDir, "-l"), "/bin/busybox\n") {
		t.Error("the debug image has no shell")
	}
}

// authorities is the first place where Go's crypto/x509 looks for certificate authorities on Linux.
const authorities = "etc/ssl/cert.pem"

func TestImageBelievesAuthorities(t *testing.T) {
	image := imageUnderTest(t)
	for line := range strings.Lines(unsquashed(t, image, "-ll", authorities)) {
		fields := strings.Fields(line)
		if len(fields) > 5 && len(fields[0]) == 10 && fields[0][7] != 'r' {
			t.Errorf("the daemon, which is not root, may not read %s", line)
		}
	}
	bundle := []byte(unsquashed(t, image, "-cat", authorities))
	if !x509.NewCertPool().AppendCertsFromPEM(bundle) {
		t.Fatalf("Go takes no certificate from %s", authorities)
	}
	n := bytes.Count(bundle, []byte("-----BEGIN CERTIFICATE-----"))
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil || !c.IsCA {
			t.Errorf("not an authority that Go understands: %v", err)
			continue
		}
		n--
	}
	if n != 0 {
		t.Errorf("%d certificates cannot be read", n)
	}
}
