package stack_test

import (
	"bufio"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
)

// TestRenegotiationIsRefused: a server that wants another handshake in mid-connection (TLS 1.2) loses the connection;
// what was checked of it once is not put in question.
func TestRenegotiationIsRefused(t *testing.T) {
	ca, root := authority(t)
	leaf, err := ca.Issue(siptest.Leaf{Names: []string{"a.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "server.pem")
	pair := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Certificate[0]}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	if err := os.WriteFile(file, pair, 0o600); err != nil {
		t.Fatal(err)
	}
	server := exec.CommandContext(t.Context(), "openssl", "s_server", "-accept", "127.0.0.1:0", "-tls1_2", "-cert", file)
	say, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Kill(); server.Wait() })
	lines := bufio.NewScanner(out)
	port := ""
	for port == "" && lines.Scan() { // "ACCEPT 127.0.0.1:43210"
		if at, ok := strings.CutPrefix(lines.Text(), "ACCEPT "); ok {
			port = at[strings.LastIndex(at, ":")+1:]
		}
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatalf("openssl does not listen: %v", err)
	}
	cfg := config(netip.MustParseAddr("127.0.0.1"))
	cfg.TLS = stack.TLSConfig{RootFiles: []string{root}}
	s, _ := start(t, stack.System{}, cfg, handler{})
	to := stack.Target{Transport: stack.TLS, Addr: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(n)), ServerName: "a.example.com"}
	results, _ := send(s, newRequest(stack.OPTIONS, ""), to)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "OPTIONS ") {
	}
	go io.Copy(io.Discard, out)
	if _, err := io.WriteString(say, "R\n"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if r := next(t, results); r.err == nil || time.Since(began) > 5*time.Second {
		t.Errorf("after %v: %v", time.Since(began), r)
	}
}
