package conformance

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestControllerOfAStranger: a program in another language, written from the document alone, works.
func TestControllerOfAStranger(t *testing.T) {
	t.Parallel()
	address, dir := startPhone(t), t.TempDir()
	own := certificate(t, hostKey)
	key, err := x509.MarshalPKCS8PrivateKey(hostKey)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name, kind string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "python3", "testdata/controller.py", "--phone", address, "--pin", pinOf(phoneKey).String(),
		"--cert", file("cert.pem", "CERTIFICATE", own.Certificate[0]), "--key", file("key.pem", "PRIVATE KEY", key), "--call", "600").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := []string{"hello from Simulator", "session detached observe control", "volume refused 1003", "made proceeding", "connected", "held True True",
		"back resumed", "still connected True True", "taken back connected False", "ended ended", "because localHangup True"}
	if got := strings.Split(strings.TrimSpace(string(out)), "\n"); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("it says\n%s\nwant\n%s", out, strings.Join(want, "\n"))
	}
}
