package ua

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"opendeskphone/sip/stack"
)

// TestDigestVectors has the examples of RFC 2617 §3.5, RFC 7616 §3.9.1 and, by
// the formulas of RFC 8760, SHA-512-256 computed by hand with openssl.
func TestDigestVectors(t *testing.T) {
	rows := []struct{ challenge, user, password, cnonce, method, uri, want string }{
		{`Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"`,
			"Mufasa", "Circle Of Life", "0a4f113b", "GET", "/dir/index.html", "6629fae49393a05397450978507c4ef1"},
		{`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="x"`,
			"Mufasa", "Circle of Life", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "GET", "/dir/index.html",
			"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
		{`Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"`,
			"Mufasa", "Circle Of Life", "", "GET", "/dir/index.html", "670fd8c2df070c60b045671b8b24ff02"},
	}
	for _, r := range rows {
		c := parseChallenges(r.challenge)
		if len(c) != 1 {
			t.Fatalf("%d challenges in %s", len(c), r.challenge)
		}
		g := &grant{challenge: c[0], nc: 1}
		if got := g.answer(r.user, g.h(r.user, g.realm, r.password), r.method, r.uri, r.cnonce); !strings.Contains(got, `response="`+r.want+`"`) {
			t.Errorf("%s, want %s", got, r.want)
		}
	}
}

func TestChallenges(t *testing.T) {
	rows := []struct {
		text string
		want string // algorithms with nonces
	}{
		{`Digest realm="a", nonce="1"`, "MD5:1"},
		{`Digest realm="a,b", nonce="1,2", algorithm=SHA-256, Digest realm="a", nonce="3"`, "SHA-256:1,2 MD5:3"},
		{`Basic realm="x", Digest realm="a",nonce="1",algorithm="md5"`, "md5:1"},
		{`Digest realm="a", nonce="1", algorithm=MD5-sess`, ""},
		{`Digest realm="a", nonce="1", qop="auth-int"`, ""},
		{`Digest realm="a", nonce=""`, ""},
		{`NTLM realm="a"`, ""},
		{"Digest realm=\"a\x01\", nonce=\"1\"", ""},
		{`Digest realm="a\"b", nonce="1"`, "MD5:1"},
		{``, ""},
	}
	for _, r := range rows {
		var got []string
		for _, c := range parseChallenges(r.text) {
			got = append(got, c.algorithm+":"+c.nonce)
		}
		if strings.Join(got, " ") != r.want {
			t.Errorf("%s: %v", r.text, got)
		}
	}
}

// TestForeignRealm: the realm the registrar named first is the only one answered.
func TestForeignRealm(t *testing.T) {
	c := &credentials{user: "a", password: "b", grants: map[use]*grant{}}
	response := func(code int, header, realm string) *stack.Response {
		res := stack.NewResponse(code, "")
		res.AppendHeader(stack.NewHeader(header, fmt.Sprintf(`Digest realm=%q, nonce="n"`, realm)))
		return res
	}
	if err := c.learn(response(401, "WWW-Authenticate", "home"), stack.REGISTER, map[use]int{}); err != nil {
		t.Fatal(err)
	}
	if err := c.learn(response(407, "Proxy-Authenticate", "evil"), stack.INVITE, map[use]int{}); err != errOtherRealm {
		t.Error(err)
	}
	given := map[use]int{}
	if err := c.learn(response(407, "Proxy-Authenticate", "home"), stack.INVITE, given); err != nil {
		t.Error(err)
	}
	if err := c.learn(response(407, "Proxy-Authenticate", "home"), stack.INVITE, given); err != errRejected {
		t.Error(err)
	}
}

func TestSecretStaysSecret(t *testing.T) {
	a := Account{AOR: "sip:a@b", Password: "hunter2"}
	var b strings.Builder
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "account", a, "password", a.Password)
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "account", a, "password", a.Password)
	fmt.Fprintf(&b, "%v %+v %#v %s %q", a, a, a, a.Password, a.Password)
	if strings.Contains(b.String(), "hunter2") {
		t.Error(b.String())
	}
}

// FuzzChallenge reads any challenge and answers it in one header line.
func FuzzChallenge(f *testing.F) {
	f.Add(`Digest realm="a,b", nonce="1\"2", algorithm=SHA-256, qop="auth", Digest realm="a", nonce="3"`)
	f.Add(`Basic realm="x",Digest nonce=1,userhash=true,opaque="`)
	f.Fuzz(func(t *testing.T, text string) {
		best, ok := strongest(parseChallenges(text))
		if !ok {
			return
		}
		g := grant{challenge: best, nc: 1}
		out := g.answer("user", "secret", "REGISTER", "sip:x", "c")
		if strings.ContainsAny(out, "\r\n\x00") || strings.Contains(out, "secret") {
			t.Errorf("%q", out)
		}
	})
}

// TestSignsInByHA1: an account without a password answers with the digests it has, in their realm alone, and never with
// an algorithm it has none for, however strong.
func TestSignsInByHA1(t *testing.T) {
	md5 := &grant{challenge: challenge{rank: 0, realm: "home", nonce: "n"}}
	byPassword := newCredentials(profile{Account: Account{User: "a", Password: "b", Realm: "home"}})
	byHA1 := newCredentials(profile{Account: Account{User: "a", Realm: "home", HA1: HA1{MD5: Secret(md5.h("a", "home", "b"))}}})
	res := stack.NewResponse(401, "")
	res.AppendHeader(stack.NewHeader("WWW-Authenticate", `Digest realm="home", nonce="n", algorithm=SHA-256, Digest realm="home", nonce="n", algorithm=MD5`))
	if err := byHA1.learn(res, stack.REGISTER, map[use]int{}); err != nil {
		t.Fatal(err)
	}
	g := byHA1.grants[use{register: true, realm: "home"}]
	if g == nil || g.algorithm != "MD5" {
		t.Fatalf("chose %+v", g)
	}
	if got, want := byHA1.a1(g), byPassword.a1(g); got != want {
		t.Errorf("H(A1) %s, want %s", got, want)
	}
	only := stack.NewResponse(401, "")
	only.AppendHeader(stack.NewHeader("WWW-Authenticate", `Digest realm="home", nonce="n", algorithm=SHA-256`))
	if err := byHA1.learn(only, stack.REGISTER, map[use]int{}); err != errNoChallenge {
		t.Errorf("an algorithm without a digest: %v", err)
	}
}
