package stir

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"opendeskphone/sip/stir/stirtest"
)

const (
	caller = "+12155550121"
	called = "+12155550131"
	url    = "https://cert.example/shaken.pem"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func must[T any](t testing.TB, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func authority(t testing.TB) *stirtest.Authority {
	a, err := stirtest.NewAuthority(now)
	return must(t, a, err)
}

// verifier trusts an authority and carries the chains of signers.
func verifier(a *stirtest.Authority, signers ...*stirtest.Signer) *Verifier {
	v := &Verifier{Roots: x509.NewCertPool()}
	v.Roots.AddCert(a.Root)
	var carried [][]*x509.Certificate
	for _, s := range signers {
		carried = append(carried, s.Chain)
	}
	v.Certificates = NewCertificates(carried, nil)
	return v
}

// TestWhatATokenProves: a good token, and every way in which one can be bad.
func TestWhatATokenProves(t *testing.T) {
	a, stranger := authority(t), authority(t)
	signer := func(a *stirtest.Authority, change func(*x509.Certificate)) *stirtest.Signer {
		s, err := a.Signer(change, stirtest.Provider("1234"))
		return must(t, s, err)
	}
	s, old, other := signer(a, nil), signer(a, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) }), signer(stranger, nil)
	one, err := a.Signer(nil, stirtest.One("12155550199"), stirtest.Range("12155550120", 2))
	must(t, one, err)
	few, err := a.Signer(nil, stirtest.One("12155550199"), stirtest.Range("12155550119", 2))
	must(t, few, err)
	bare, err := a.Signer(nil)
	must(t, bare, err)
	none := func(*stirtest.Claims, *Call) {}
	rows := []struct {
		name   string
		by     *stirtest.Signer
		change func(*stirtest.Claims, *Call)
		want   Result
	}{
		{"good", s, none, Result{Passed, NoDoubt, "A", ""}},
		{"attested B", s, func(c *stirtest.Claims, _ *Call) { c.Payload["attest"] = "B" }, Result{Passed, NoDoubt, "B", ""}},
		{"attested Z", s, func(c *stirtest.Claims, _ *Call) { c.Payload["attest"] = "Z" }, Result{Passed, NoDoubt, "", ""}},
		{"named", s, func(c *stirtest.Claims, _ *Call) { c.Payload["rcd"] = map[string]any{"nam": "Anna Berg"} }, Result{Passed, NoDoubt, "A", "Anna Berg"}},
		{"one of a range", one, none, Result{Passed, NoDoubt, "A", ""}},
		{"number written in groups", s, func(c *stirtest.Claims, call *Call) { call.From = "+1 (215) 555-0121" }, Result{Passed, NoDoubt, "A", ""}},
		{"a minute old", s, func(_ *stirtest.Claims, c *Call) { c.Now = now.Add(Freshness) }, Result{Passed, NoDoubt, "A", ""}},
		{"older", s, func(_ *stirtest.Claims, c *Call) { c.Now = now.Add(Freshness + time.Second) }, Result{Failed, Stale, "", ""}},
		{"of the day before yesterday: the clock is wrong", s, func(_ *stirtest.Claims, c *Call) { c.Now = now.Add(25 * time.Hour) }, Result{NotChecked, Stale, "", ""}},
		{"of the future", s, func(_ *stirtest.Claims, c *Call) { c.Now = now.Add(-Freshness - time.Second) }, Result{Failed, Stale, "", ""}},
		{"another caller", s, func(_ *stirtest.Claims, c *Call) { c.From = "+12155550122" }, Result{Failed, OtherCaller, "", ""}},
		{"another called", s, func(_ *stirtest.Claims, c *Call) { c.To = []string{"+12155550132"} }, Result{Failed, OtherCalled, "", ""}},
		{"another called, forwarded", s, func(_ *stirtest.Claims, c *Call) { c.To, c.Forwarded = []string{"+12155550132"}, true }, Result{NotChecked, OtherCalled, "", ""}},
		{"own number unknown", s, func(_ *stirtest.Claims, c *Call) { c.To = nil }, Result{NotChecked, OtherCalled, "", ""}},
		{"certificate out of date", old, none, Result{Failed, Expired, "", ""}},
		{"authority unknown", other, none, Result{Failed, UnknownAuthority, "", ""}},
		{"certificate for other numbers", few, none, Result{Failed, NotEntitled, "", ""}},
		{"certificate for no numbers", bare, none, Result{Failed, NotEntitled, "", ""}},
		{"another algorithm", s, func(c *stirtest.Claims, _ *Call) { c.Header["alg"] = "none" }, Result{Failed, Unreadable, "", ""}},
		{"no caller", s, func(c *stirtest.Claims, _ *Call) { delete(c.Payload, "orig") }, Result{Failed, Unreadable, "", ""}},
		{"a diversion", s, func(c *stirtest.Claims, _ *Call) { c.Header["ppt"] = "div" }, Result{}},
	}
	for _, r := range rows {
		claims, call := stirtest.Shaken(url, "12155550121", "12155550131", now), Call{From: caller, To: []string{"100", called}, Now: now}
		r.change(&claims, &call)
		text, err := r.by.Sign(claims.Carry(r.by))
		if got := verifier(a).Check(t.Context(), []string{must(t, text, err)}, call); got != r.want {
			t.Errorf("%s: %+v, want %+v", r.name, got, r.want)
		}
	}
}

// TestChangedTokens: no bit of what was signed can be changed.
func TestChangedTokens(t *testing.T) {
	a := authority(t)
	s, err := a.Signer(nil, stirtest.Provider("1234"))
	must(t, s, err)
	text, err := s.Sign(stirtest.Shaken(url, "12155550121", "12155550131", now))
	must(t, text, err)
	call := Call{From: caller, To: []string{called}, Now: now}
	v := verifier(a, s)
	if got := v.Check(t.Context(), []string{text}, call); got.Verdict != Passed {
		t.Fatalf("%+v", got)
	}
	end := strings.IndexByte(text, ';')
	for i := 0; i < end; i += 7 {
		changed := []byte(text)
		if changed[i]++; changed[i] == '.' || changed[i] == ';' {
			continue
		}
		if got := v.Check(t.Context(), []string{string(changed)}, call); got.Verdict == Passed {
			t.Errorf("passed with byte %d changed", i)
		}
	}
	swapped := strings.Replace(text, "info=<https://cert.example", "info=<https://evil.example", 1)
	if got := v.Check(t.Context(), []string{swapped}, call); got.Doubt != Unreadable {
		t.Errorf("info and x5u differ: %+v", got)
	}
}

// TestSeveralTokens: the best of them counts, and only so many are looked at.
func TestSeveralTokens(t *testing.T) {
	a := authority(t)
	s, err := a.Signer(nil, stirtest.Provider("1234"))
	must(t, s, err)
	good, err := s.Sign(stirtest.Shaken(url, "12155550121", "12155550131", now))
	must(t, good, err)
	named := stirtest.Shaken(url, "12155550121", "12155550131", now)
	named.Header["ppt"], named.Payload["rcd"] = "rcd", map[string]any{"nam": "Anna Berg"}
	rcd, err := s.Sign(named)
	must(t, rcd, err)
	call := Call{From: caller, To: []string{called}, Now: now}
	v := verifier(a, s)
	if got := v.Check(t.Context(), []string{"junk", good, rcd}, call); got.Verdict != Passed || got.Name != "Anna Berg" {
		t.Errorf("%+v", got)
	}
	if got := v.Check(t.Context(), []string{"", "", "", "", good}, call); got.Verdict != Failed {
		t.Errorf("a fifth token counts: %+v", got)
	}
	v.Roots = nil
	if got := v.Check(t.Context(), []string{good}, call); got != (Result{}) {
		t.Errorf("without authorities: %+v", got)
	}
}

// TestCertificatesAreFetchedOnce from a server of https, and not at all where that is not wanted.
func TestCertificatesAreFetchedOnce(t *testing.T) {
	a := authority(t)
	s, err := a.Signer(nil, stirtest.Provider("1234"))
	must(t, s, err)
	asked := 0
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch r.URL.Path {
		case "/good":
			_, _ = w.Write(s.PEM())
		case "/long":
			_, _ = w.Write([]byte(strings.Repeat("x", maxPEM+1)))
		case "/other":
			http.Redirect(w, r, "/good", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	client := server.Client()
	client.CheckRedirect = Client().CheckRedirect
	v := verifier(a)
	v.Certificates = NewCertificates(nil, client)
	check := func(v *Verifier, url string) Result {
		text, err := s.Sign(stirtest.Shaken(url, "12155550121", "12155550131", now))
		return v.Check(t.Context(), []string{must(t, text, err)}, Call{From: caller, To: []string{called}, Now: now})
	}
	for range 3 {
		if got := check(v, server.URL+"/good"); got.Verdict != Passed {
			t.Errorf("%+v", got)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	for _, path := range []string{"/long", "/other", "/none", "/none", "/none"} {
		if got := check(v, server.URL+path); got != (Result{NotChecked, NoCertificate, "", ""}) {
			t.Errorf("%s: %+v", path, got)
		}
	}
	if asked != 4 {
		t.Errorf("asked %d times for what cannot be had", asked-1)
	}
	if got := check(v, strings.Replace(server.URL, "https", "http", 1)+"/good"); got.Doubt != NoCertificate {
		t.Errorf("without TLS: %+v", got)
	}
	if got := check(verifier(a), server.URL+"/good"); got.Doubt != NoCertificate || asked != 4 {
		t.Errorf("without leave to fetch: %+v", got)
	}
}

// TestNoDoorsOfTheHouse: a URL in a call never makes the phone connect to addresses inside.
func TestNoDoorsOfTheHouse(t *testing.T) {
	asked := false
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer server.Close()
	if _, err := NewCertificates(nil, Client()).get(context.Background(), server.URL); err == nil || asked || !strings.Contains(err.Error(), "no public address") {
		t.Errorf("%v, asked %v", err, asked)
	}
	for address, want := range map[string]bool{"10.0.0.1:443": false, "192.168.1.1:443": false, "172.16.0.1:443": false, "127.0.0.1:443": false, "169.254.1.1:443": false,
		"[::1]:443": false, "[fe80::1]:443": false, "[fd00::1]:443": false, "[::ffff:10.0.0.1]:443": false, "0.0.0.0:443": false, "224.0.0.1:443": false,
		"100.64.0.1:443": false, "[64:ff9b::a00:1]:443": false, "192.0.2.1:443": true, "[2001:db8::1]:443": true} {
		if got := public(address) == nil; got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}

func FuzzPassport(f *testing.F) {
	a := authority(f)
	s, err := a.Signer(nil, stirtest.Provider("1234"), stirtest.Range("12155550120", 2), stirtest.One("1"))
	must(f, s, err)
	text, err := s.Sign(stirtest.Shaken(url, "12155550121", "12155550131", now).Carry(s))
	f.Add(must(f, text, err))
	f.Add("e30.e30." + strings.Repeat("A", 86) + ";info=<x>")
	v, other := verifier(authority(f)), authority(f)
	f.Fuzz(func(t *testing.T, in string) {
		if got := v.Check(t.Context(), []string{in}, Call{From: caller, To: []string{called}, Now: now}); got.Verdict == Passed {
			t.Errorf("passed without the authority %v", other.Root.Subject)
		}
	})
}

func FuzzTNAuthList(f *testing.F) {
	s, err := authority(f).Signer(nil, stirtest.Range("12155550120", 2), stirtest.One("1"))
	must(f, s, err)
	for _, e := range s.Chain[0].Extensions {
		if e.Id.Equal(oidTNAuthList) {
			f.Add(e.Value, "12155550121")
		}
	}
	f.Fuzz(func(t *testing.T, der []byte, number string) { lists(der, Digits(number)) })
}

func BenchmarkCheck(b *testing.B) {
	a := authority(b)
	s, err := a.Signer(nil, stirtest.Provider("1234"))
	must(b, s, err)
	text, err := s.Sign(stirtest.Shaken(url, "12155550121", "12155550131", now))
	must(b, text, err)
	v := verifier(a, s)
	for b.Loop() {
		if v.Check(b.Context(), []string{text}, Call{From: caller, To: []string{called}, Now: now}).Verdict != Passed {
			b.Fatal("not passed")
		}
	}
}
