package lab

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// needRoot fails the test with a word when the lab cannot work here.
func need(t *testing.T, tools ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("real peers and namespaces are left to the long run")
	}
	if err := Require(tools...); err != nil {
		t.Fatal(err)
	}
}

// room makes a network, and has the test run beside others.
func room(t *testing.T) *LAN {
	t.Helper()
	t.Parallel()
	need(t, "ip")
	dir := t.TempDir()
	if keep := os.Getenv("LAB_KEEP"); keep != "" { // a directory: logs and recordings stay there
		dir = filepath.Join(keep, t.Name())
	}
	lan, err := NewLAN(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lan.Close(); err != nil {
			t.Error(err)
		}
	})
	return lan
}

func host(t *testing.T, lan *LAN, name string, n int) *Namespace {
	t.Helper()
	h, err := lan.Host(name, n)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func registrar(t *testing.T, lan *LAN) *Kamailio {
	t.Helper()
	ca, err := NewCA(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	good, err := ca.Issue(Leaf{File: "good", DNS: []string{"phone.test"}})
	if err != nil {
		t.Fatal(err)
	}
	old, err := ca.Issue(Leaf{File: "expired", DNS: []string{"phone.test"}, NotAfter: time.Now().AddDate(0, 0, -1)})
	if err != nil {
		t.Fatal(err)
	}
	if err := lan.AddAddr(2); err != nil {
		t.Fatal(err)
	}
	k, err := StartKamailio(t.Context(), lan.Core, KamailioConfig{Name: "kam", Domain: "phone.test",
		Listen: netip.MustParseAddrPort("10.77.0.1:5060"), TLS: []TLSAt{
			{netip.MustParseAddrPort("10.77.0.1:5061"), good, ""}, {netip.MustParseAddrPort("10.77.0.2:5061"), old, ""}}})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKamailioStartStop(t *testing.T) {
	k := registrar(t, room(t))
	if uris, err := k.Bindings("nobody"); err != nil || len(uris) != 0 {
		t.Errorf("bindings of a stranger: %v, %v", uris, err)
	}
	k.Stop()
	if err := k.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}
