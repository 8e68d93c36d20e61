package credentials

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/hpke"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"opendeskphone/firmware/phone"
)

const (
	session  = "s-1"
	aor      = "sip:anna@pbx.example"
	password = "correct horse battery"
)

var doc = fmt.Sprintf(`{"kind":"sipPassword","user":"anna","realm":"pbx.example","password":%q}`, password)

// sealTo seals as a computer does.
func sealTo(t testing.TB, key []byte, session, doc string) []byte {
	t.Helper()
	pub, err := ecdh.X25519().NewPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	to, err := hpke.NewDHKEMPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	out, err := hpke.Seal(to, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), info(session), []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// desk is a phone with somebody at it.
type desk struct {
	*Desk
	vault   *Vault
	log     *bytes.Buffer
	dir     string
	asked   []phone.Ask
	dropped []phone.QuestionDropped
	changed []string
	verdict func() (phone.Verdict, bool) // false: he does not answer
	refuse  error
}

func newDesk(t *testing.T, dir string) *desk {
	d := &desk{log: new(bytes.Buffer), dir: dir, verdict: func() (phone.Verdict, bool) { return phone.Agreed, true }}
	d.vault = Open(dir, slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	d.Desk = NewDesk(d.vault, d, func(e phone.Event) { d.dropped = append(d.dropped, e.(phone.QuestionDropped)) },
		func(aor string) { d.changed = append(d.changed, aor) })
	return d
}

func (d *desk) Do(_ context.Context, _ phone.Origin, c phone.Command) error {
	ask := c.(phone.Ask)
	d.asked = append(d.asked, ask)
	if d.refuse != nil {
		return d.refuse
	}
	if v, ok := d.verdict(); ok {
		d.Answered(phone.QuestionAnswered{Ref: ask.Ref, Verdict: v})
	}
	return nil
}
func (d *desk) State() *phone.State { return &phone.State{} }
func (d *desk) Watch(context.Context, phone.Seq) (phone.Update, error) {
	return phone.Update{}, errors.New("not watched")
}

func (d *desk) request(t testing.TB) Request {
	return Request{Pairing: "p1", From: "laptop", AOR: aor, Session: session, Kind: SIPPassword, User: "anna",
		Sealed: sealTo(t, d.vault.SealKey(), session, doc)}
}

func TestAgreedCredentialIsKeptEncryptedAndOutlivesARestart(t *testing.T) {
	d := newDesk(t, t.TempDir())
	if err := d.Install(t.Context(), d.request(t)); err != nil {
		t.Fatal(err)
	}
	if len(d.asked) != 1 || d.asked[0].From != "laptop" || d.asked[0].Subject != aor {
		t.Fatalf("asked %+v", d.asked)
	}
	if len(d.changed) != 1 || d.changed[0] != aor {
		t.Errorf("the lines heard %v", d.changed)
	}
	files, err := filepath.Glob(filepath.Join(d.dir, "*"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil || bytes.Contains(b, []byte(password)) || bytes.Contains(b, []byte("anna")) {
			t.Errorf("%s is readable: %v", f, err)
		}
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f, info.Mode(), err)
		}
	}
	again := newDesk(t, d.dir)
	e, ok := again.vault.For(aor)
	if !ok || e.User != "anna" || string(e.Password) != password || e.From != "laptop" || e.Installed.IsZero() {
		t.Errorf("after the restart: %v %+v", ok, e)
	}
	if text := fmt.Sprintf("%v %+v %#v", e, e, e) + d.log.String() + again.log.String(); strings.Contains(text, password) {
		t.Errorf("the password can be read in %s", text)
	}
	if err := again.Clear(aor); err != nil {
		t.Fatal(err)
	}
	if _, ok := newDesk(t, d.dir).vault.For(aor); ok {
		t.Error("what was cleared came back")
	}
}

func TestSealOfAnotherSessionPhoneOrTimeIsRefused(t *testing.T) {
	d := newDesk(t, t.TempDir())
	other := newDesk(t, t.TempDir())
	good := d.request(t)
	for name, change := range map[string]func(*Request){
		"another session": func(r *Request) { r.Session = "s-2" },
		"another phone":   func(r *Request) { r.Sealed = sealTo(t, other.vault.SealKey(), session, doc) },
		"one bit":         func(r *Request) { r.Sealed = bytes.Clone(r.Sealed); r.Sealed[40] ^= 1 },
		"cut short":       func(r *Request) { r.Sealed = r.Sealed[:20] },
		"nothing":         func(r *Request) { r.Sealed = nil },
		"too long":        func(r *Request) { r.Sealed = make([]byte, maxSealed+1) },
		"another user":    func(r *Request) { r.User = "eve" },
		"another kind":    func(r *Request) { r.Kind = SIPHA1 },
	} {
		r := good
		change(&r)
		if err := d.Install(t.Context(), r); !errors.Is(err, ErrSealed) && !errors.Is(err, ErrCredential) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(d.asked) != 0 || len(d.changed) != 0 {
		t.Errorf("asked %v, changed %v", d.asked, d.changed)
	}
	restarted := newDesk(t, d.dir) // the key is another after a restart
	if err := restarted.Install(t.Context(), good); !errors.Is(err, ErrSealed) {
		t.Errorf("an old seal after a restart: %v", err)
	}
}

func TestNothingIsKeptWithoutTheVerdictYes(t *testing.T) {
	for name, c := range map[string]struct {
		verdict phone.Verdict
		refuse  error
		want    error
	}{
		"no":               {phone.Declined, nil, ErrDeclined},
		"nobody there":     {phone.Unanswered, nil, ErrUnanswered},
		"another question": {0, phone.Busy, phone.Busy},
	} {
		d := newDesk(t, t.TempDir())
		d.verdict = func() (phone.Verdict, bool) { return c.verdict, true }
		d.refuse = c.refuse
		if err := d.Install(t.Context(), d.request(t)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, ok := d.vault.For(aor); ok {
			t.Errorf("%s: kept all the same", name)
		}
	}
}

func TestComputerThatLeavesTakesItsQuestionAlong(t *testing.T) {
	d := newDesk(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	d.verdict = func() (phone.Verdict, bool) { cancel(); return 0, false }
	if err := d.Install(ctx, d.request(t)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if len(d.dropped) != 1 || d.dropped[0].Ref != d.asked[0].Ref {
		t.Errorf("dropped %+v of %+v", d.dropped, d.asked)
	}
}

func TestSameUserOfTheSameComputerIsNotAskedTwice(t *testing.T) {
	d := newDesk(t, t.TempDir())
	if err := d.Consent(t.Context(), "p1", "laptop", aor); err != nil {
		t.Fatal(err)
	}
	r := d.request(t)
	if err := errors.Join(d.Install(t.Context(), r), d.Install(t.Context(), r)); err != nil || len(d.asked) != 1 {
		t.Fatalf("asked %d times: %v", len(d.asked), err)
	}
	r.Pairing, r.From = "p2", "another laptop"
	if err := d.Install(t.Context(), r); err != nil || len(d.asked) != 2 {
		t.Fatalf("another computer: asked %d times: %v", len(d.asked), err)
	}
	if was, err := d.vault.ClearFrom("p2"); len(was) != 1 || err != nil {
		t.Error(was, err)
	}
	if _, ok := d.vault.For(aor); ok {
		t.Error("an unpaired computer's credential stayed")
	}
}

func TestFullDiskIsSaid(t *testing.T) {
	d := newDesk(t, t.TempDir())
	if err := os.MkdirAll(filepath.Join(d.dir, vaultFile, "full"), 0o700); err != nil { // a file cannot take its place
		t.Fatal(err)
	}
	if err := d.Install(t.Context(), d.request(t)); !errors.Is(err, ErrStorage) || len(d.changed) != 0 {
		t.Errorf("%v, lines heard %v", err, d.changed)
	}
}

func TestVaultOfAnotherPhoneIsSetAside(t *testing.T) {
	d := newDesk(t, t.TempDir())
	if err := d.Install(t.Context(), d.request(t)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.dir, keyFile), bytes.Repeat([]byte{1}, 32), 0o600); err != nil {
		t.Fatal(err)
	}
	other := newDesk(t, d.dir)
	if _, ok := other.vault.For(aor); ok || !strings.Contains(other.log.String(), "lost") {
		t.Errorf("%v, log %s", ok, other.log)
	}
	if err := other.Install(t.Context(), other.request(t)); err != nil {
		t.Errorf("the phone cannot be signed in anew: %v", err)
	}
}

func TestCredentials(t *testing.T) {
	md5, sha := strings.Repeat("0a", 16), strings.Repeat("0b", 32)
	for doc, ok := range map[string]bool{
		`{"kind":"sipPassword","user":"a","password":"x"}`:                                  true,
		`{"kind":"sipHa1","user":"a","realm":"r","ha1-md5":"` + md5 + `"}`:                  true,
		`{"kind":"sipHa1","user":"a","realm":"r","ha1-sha256":"` + sha + `"}`:               true,
		`{"kind":"sipHa1","user":"a","realm":"r","ha1-md5":"` + strings.ToUpper(md5) + `"}`: false,
		`{"kind":"sipHa1","user":"a","realm":"r","ha1-md5":"` + md5 + md5 + `"}`:            false,
		`{"kind":"sipHa1","user":"a","realm":"r","ha1-sha256":"` + md5 + `"}`:               false,
		`{"kind":"sipHa1","user":"a","ha1-md5":"` + md5 + `"}`:                              false,
		`{"kind":"sipHa1","user":"a","realm":"r"}`:                                          false,
		`{"kind":"sipPassword","user":"a"}`:                                                 false,
		`{"kind":"sipPassword","user":"","password":"x"}`:                                   false,
		`{"kind":"sipPassword","user":"a\u0000","password":"x"}`:                            false,
		`{"kind":"sipPassword","user":"a","password":"x","more":1}`:                         false,
		`{"kind":"sipPassword","user":"a","password":"x"} {}`:                               false,
		`{"kind":"oauthRefresh","user":"a","password":"x"}`:                                 false,
		`{"kind":"sipPassword","user":"` + strings.Repeat("a", 256) + `","password":"x"}`:   false,
		`[]`: false, ``: false,
	} {
		if _, err := Parse([]byte(doc)); (err == nil) != ok || err != nil && !errors.Is(err, ErrCredential) {
			t.Errorf("%s: %v", doc, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(doc))
	f.Add([]byte(`{"kind":"sipHa1","user":"a","realm":"r","ha1-md5":"00000000000000000000000000000000"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Parse(b)
		if err != nil {
			return
		}
		if _, err := c.wire().credential(); err != nil || c.User == "" {
			t.Fatalf("%+v does not pass a second time: %v", c, err)
		}
	})
}
