package ua

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"opendeskphone/sip/stack"
)

// Secret is a password that never reaches a log.
type Secret string

// String hides the secret.
func (Secret) String() string { return "***" }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return "***" }

// LogValue hides the secret from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue("***") }

// MarshalText hides the secret from encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// Account is an address of record with what is needed to use it.
type Account struct {
	AOR       string           // "sip:alice@example.com"
	Display   string           // our name as others see it, may be empty
	User      string           // user name for digest, empty: the user part of the AOR
	Password  Secret           // empty where HA1 is known instead
	HA1       HA1              // for an account whose password the phone was never told; needs Realm
	Realm     string           // the only realm the password is for; empty: the one the registrar names first
	Registrar string           // "sip:host:port"; empty: the domain of the AOR
	Direct    bool             // no registrar: calls go straight to their targets
	Whole     bool             // calls to everybody come here that are to no other account, as to an exchange
	Proxy     string           // outbound proxy "sip:host:port", empty for none
	Client    stack.ClientCert // what we show the server of a TLS connection that asks who we are
	Transport stack.Transport  // forced on registrar or proxy; empty: as their URI and the DNS say
	Expires   time.Duration    // asked of the registrar, 60 s .. 24 h; 0 is 600 s
	Instance  string           // urn:uuid:… of the device (RFC 5626 §4.1), empty: none is sent
	Dialect   Dialect          // how the server is spoken to
	UseGRUU   bool             // name ourselves in dialogs by the GRUU the registrar gives (RFC 5627); not every one can route what it gives
}

// HA1 holds the digests H(user:realm:password) in hex, one for each algorithm (RFC 7616 §3.4.2). They sign in to their
// one realm as the password would and give nothing away that works elsewhere; an empty one is not known.
type HA1 struct{ MD5, SHA256, SHA512256 Secret }

// of gives the digest for the algorithm of a rank.
func (h HA1) of(rank int) Secret { return [...]Secret{h.MD5, h.SHA256, h.SHA512256}[rank] }

// Limits of Account.Expires.
const (
	minExpires     = time.Minute
	maxExpires     = 24 * time.Hour
	defaultExpires = 10 * time.Minute
)

// profile is an Account taken apart.
type profile struct {
	Account
	aor    stack.Uri
	server stack.Uri // where requests go: the proxy, else the registrar; of a Direct account the zero value
	home   stack.Uri // Request-URI of REGISTER
}

// read checks an account and takes it apart.
func (a Account) read() (p profile, err error) {
	p.Account = a
	if p.aor, err = sipURI(a.AOR); err != nil {
		return p, fmt.Errorf("ua: address of record: %w", err)
	}
	if p.aor.User == "" {
		return p, errors.New("ua: address of record has no user part")
	}
	if a.HA1 != (HA1{}) && a.Realm == "" {
		return p, errors.New("ua: digests without their realm")
	}
	p.aor.UriParams, p.aor.Headers, p.aor.Password = nil, nil, ""
	p.UseGRUU = a.UseGRUU || a.Dialect.needsGRUU()
	if p.User == "" {
		p.User = unescape(p.aor.User)
	}
	if p.Expires == 0 {
		p.Expires = defaultExpires
	}
	p.Expires = min(max(p.Expires, minExpires), maxExpires)
	if a.Direct {
		return p, nil
	}
	p.home = stack.Uri{Scheme: p.aor.Scheme, Host: p.aor.Host, Port: p.aor.Port}
	if a.Registrar != "" {
		if p.home, err = sipURI(a.Registrar); err != nil {
			return p, fmt.Errorf("ua: registrar: %w", err)
		}
		p.home.User, p.home.Password = "", "" // RFC 3261 §10.2: no userinfo
	}
	p.server = p.home
	if a.Proxy != "" {
		if p.server, err = sipURI(a.Proxy); err != nil {
			return p, fmt.Errorf("ua: outbound proxy: %w", err)
		}
	}
	if a.Transport != "" {
		p.server.UriParams = p.server.UriParams.Clone()
		p.server.UriParams.Add("transport", string(a.Transport))
	}
	// The Request-URI names the domain, not the way there.
	p.home.UriParams, p.home.Headers = nil, nil
	return p, nil
}

// sipURI reads a sip or sips URI; a bare host is taken for one.
func sipURI(text string) (stack.Uri, error) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "sip:") && !strings.HasPrefix(text, "sips:") {
		text = "sip:" + text
	}
	u, err := stack.ParseURI(text)
	if err != nil {
		return u, err
	}
	if u.Host == "" || strings.ContainsAny(text, "\r\n") {
		return u, fmt.Errorf("%q has no host", text)
	}
	return u, nil
}
