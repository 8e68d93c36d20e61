package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The bundle is what Go's crypto/x509 reads, even from files that do not end in a line's end.
func TestBundleCertificates(t *testing.T) {
	from := t.TempDir()
	dir := filepath.Join(from, "usr/share/ca-certificates/mozilla")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	want := x509.NewCertPool()
	for i, name := range []string{"b.crt", "a.crt"} {
		c := &x509.Certificate{SerialNumber: big.NewInt(int64(i)), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
		der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		want.AppendCertsFromPEM(text)
		if err := os.WriteFile(filepath.Join(dir, name), text[:len(text)-1], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bundle := filepath.Join(t.TempDir(), "bundle.crt")
	if err := bundleCertificates(from, bundle); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(bundle)
	got := x509.NewCertPool()
	if err != nil || !got.AppendCertsFromPEM(text) || !got.Equal(want) {
		t.Errorf("the bundle lost a certificate (%v):\n%s", err, text)
	}
	if err := bundleCertificates(t.TempDir(), bundle); err == nil {
		t.Error("an image without authorities was made")
	}
}

func TestOnlyTheDebugPartHasAShell(t *testing.T) {
	shells := []string{"sh", "ash", "dash", "bash", "busybox"}
	for _, p := range rootParts {
		for _, f := range p.files {
			if strings.Contains(p.pkg, "busybox") || slices.Contains(shells, path.Base(f)) || path.Dir(f) == "bin" {
				t.Errorf("a release image has %s of %s", f, p.pkg)
			}
		}
	}
	if !slices.Equal(debugPart.files, []string{"bin/busybox"}) {
		t.Errorf("the debug image has %v", debugPart.files)
	}
}
