package pc

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"strings"

	"opendeskphone/firmware/tpcp"
)

// Account is what a phone is to sign in with. Where the realm is known, digests of the password go to the phone
// and the password itself does not (RFC 7616 §3.4.2).
type Account struct {
	AOR       string `json:"aor"`
	Display   string `json:"display,omitempty"`
	Registrar string `json:"registrar,omitempty"`
	Transport string `json:"transport,omitempty"`
	Proxy     string `json:"proxy,omitempty"`
	User      string `json:"user,omitempty"` // empty: the user part of AOR
	Realm     string `json:"realm,omitempty"`
	Password  string `json:"password"`
}

func (a Account) user() string {
	if a.User != "" {
		return a.User
	}
	_, rest, _ := strings.Cut(a.AOR, ":")
	user, _, _ := strings.Cut(rest, "@")
	return user
}

// credential writes what is sealed to the phone, and its kind.
func (a Account) credential() (kind string, doc []byte, err error) {
	out := map[string]string{"kind": "sipPassword", "user": a.user(), "password": a.Password}
	if a.Realm != "" {
		out = map[string]string{"kind": "sipHa1", "user": a.user(), "realm": a.Realm}
		for name, h := range map[string]hash.Hash{"md5": md5.New(), "sha256": sha256.New(), "sha512-256": sha512.New512_256()} {
			h.Write([]byte(a.user() + ":" + a.Realm + ":" + a.Password))
			out["ha1-"+name] = hex.EncodeToString(h.Sum(nil))
		}
	}
	doc, err = json.Marshal(out)
	return out["kind"], doc, err
}

// SignIn gives a phone (empty: the selected one) an account and its credential, sealed to the phone. The person at the
// phone is asked, a minute at most.
func (a *Agent) SignIn(ctx context.Context, phone string, acc Account) (tpcp.CredStatus, error) {
	s, err := a.choose(phone)
	if err != nil {
		return tpcp.CredStatus{}, err
	}
	c, err := s.await(ctx)
	if err != nil {
		return tpcp.CredStatus{}, err
	}
	caps, err := c.CredCapabilities(ctx)
	if err != nil {
		return tpcp.CredStatus{}, refused(err)
	}
	boot := tpcp.BootstrapParams{AOR: acc.AOR, Display: acc.Display, Transport: acc.Transport, OutboundProxy: acc.Proxy}
	if acc.Registrar != "" {
		boot.Registrar = []string{acc.Registrar}
	}
	line, err := c.Bootstrap(ctx, boot)
	if err != nil {
		return tpcp.CredStatus{}, refused(err)
	}
	kind, doc, err := acc.credential()
	if err != nil {
		return tpcp.CredStatus{}, fmt.Errorf("pc: %w", err)
	}
	sealed, err := tpcp.SealCredential(caps.SealKey, c.SessionID(), doc)
	if err != nil {
		return tpcp.CredStatus{}, err
	}
	status, err := c.InstallCred(ctx, tpcp.CredParams{LineID: line.LineID, User: acc.user(), Kind: kind, Sealed: sealed})
	if err != nil {
		return status, refused(err)
	}
	return status, nil
}

// SignOut makes a phone forget what a line (empty: the first) signs in with.
func (a *Agent) SignOut(ctx context.Context, phone, line string) error {
	s, err := a.choose(phone)
	if err != nil {
		return err
	}
	if line == "" {
		line = "l-1"
	}
	var out tpcp.CredStatus
	if err := s.request(ctx, "cred.clear", tpcp.CredLineParams{LineID: line}, &out); err != nil {
		return refused(err)
	}
	return nil
}
