package device

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/hal"
	"opendeskphone/ui/screen"
)

// agree answers the question on the screen by a key, once it stands there.
func (b *bench) agree(key hal.Key) {
	b.until("question", func(s *phone.State) bool { return s.Question.Kind == phone.SignInQuestion })
	again := time.NewTicker(100 * time.Millisecond) // the screen takes no key in its first moment
	defer again.Stop()
	for b.Control().State().Question.Kind != phone.NoQuestion {
		b.Tap(key)
		<-again.C
	}
}

func TestPhoneWithoutAccountIsSignedInByAComputer(t *testing.T) {
	b := start(t, t.TempDir(), "[sip]\nport = 0\n", nil)
	desk, pc := signIn{b.Device}, tpcp.Pairing{ID: "p1", Name: "laptop"}
	const aor = "sip:anna@192.0.2.9"
	done := make(chan error, 1)
	var line phone.LineID
	go func() {
		var err error
		line, err = desk.Bootstrap(t.Context(), pc, tpcp.BootstrapParams{AOR: aor, Display: "Anna", Transport: "tcp"})
		done <- err
	}()
	b.agree(hal.Soft1)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if l := b.settings.File().Lines; int(line) >= len(l) || l[line].AOR != aor || l[line].Transport != "tcp" {
		t.Fatalf("line %d of %+v", line, l)
	}
	caps := desk.Capabilities()
	doc, err := json.Marshal(map[string]string{"kind": "sipPassword", "user": "anna", "password": "a secret"})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := tpcp.SealCredential(caps.SealKey, "s1", doc)
	if err != nil {
		t.Fatal(err)
	}
	install := tpcp.CredParams{User: "anna", Kind: "sipPassword", Sealed: sealed}
	if err := desk.Install(t.Context(), pc, "s1", install, aor); err != nil { // covered by what was agreed to
		t.Fatal(err)
	}
	if err := desk.Install(t.Context(), pc, "s2", install, aor); tpcp.CodeOf(err) != tpcp.CodeCredentialRejected {
		t.Errorf("a seal of another session: %v", err)
	}
	account := b.accounts(b.settings.File().Lines)[line].Account
	if string(account.Password) != "a secret" || account.User != "anna" {
		t.Errorf("the line signs in as %q", account.User)
	}
	if s, ok := desk.Status(aor); !ok || s.Kind != "sipPassword" || s.User != "anna" {
		t.Errorf("status %+v", s)
	}
	files, err := filepath.Glob(filepath.Join(b.dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if text, err := os.ReadFile(f); err == nil && strings.Contains(string(text), "a secret") {
			t.Errorf("%s tells the password", f)
		}
	}
	if err := (screenSettings{b.Device}).SetAccount(line, typed(b, line)); err != nil {
		t.Fatal(err)
	}
	if _, ok := desk.Status(aor); ok {
		t.Error("a password typed at the phone did not take the place of the installed one")
	}
}

// typed is the account as the screen has it after a password was typed.
func typed(b *bench, line phone.LineID) (a screen.Account) {
	a = screenSettings{b.Device}.Account(line)
	a.Password = "typed"
	return a
}

func TestDeclinedOrSenselessAccountChangesNothing(t *testing.T) {
	b := start(t, t.TempDir(), oneLine, nil)
	desk, pc := signIn{b.Device}, tpcp.Pairing{ID: "p1", Name: "laptop"}
	if _, err := desk.Bootstrap(t.Context(), pc, tpcp.BootstrapParams{AOR: "anna"}); tpcp.CodeOf(err) != tpcp.CodeBadParams {
		t.Errorf("an address that is none: %v", err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := desk.Bootstrap(t.Context(), pc, tpcp.BootstrapParams{AOR: "sip:anna@192.0.2.9"})
		done <- err
	}()
	b.agree(hal.Back)
	if err := <-done; tpcp.CodeOf(err) != tpcp.CodeUserDeclined {
		t.Errorf("declined: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, err := desk.Bootstrap(ctx, pc, tpcp.BootstrapParams{AOR: "sip:anna@192.0.2.9"})
		done <- err
	}()
	b.until("question", func(s *phone.State) bool { return s.Question.Kind == phone.SignInQuestion })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("left: %v", err)
	}
	b.until("question gone", func(s *phone.State) bool { return s.Question.Kind == phone.NoQuestion })
	if l := b.settings.File().Lines; len(l) != 1 {
		t.Errorf("lines %+v", l)
	}
}
