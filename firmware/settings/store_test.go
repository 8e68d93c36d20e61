package settings

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"opendeskphone/firmware/phone"
)

const canary = "correct horse battery"

const byHand = `# my phone
[[line]]
aor = "sip:100@pbx.example"
password = "` + canary + `"
expires = 3600

[screen]
language = "de"
`

func open(t *testing.T, user string) (*Store, Paths, *bytes.Buffer) {
	t.Helper()
	p := Paths{User: filepath.Join(t.TempDir(), "settings.toml")}
	if user != "" {
		put(t, p.User, user)
	}
	var log bytes.Buffer
	return Open(p, slog.New(slog.NewTextHandler(&log, nil))), p, &log
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestApplyOrder(t *testing.T) {
	s, p, _ := open(t, byHand)
	var got []string
	s.Use(Sinks{
		Phone: func(_ context.Context, by phone.Origin, c phone.Config) error {
			got = append(got, "phone", string(by))
			if text(t, p.User) != byHand {
				t.Error("the file was written before the centre agreed")
			}
			return nil
		},
		Lines: func(l []Line) { got = append(got, "lines") },
		SIP:   func(SIP) { got = append(got, "sip") },
		Media: func(Media) { got = append(got, "media") },
		Sound: func(Sound) { got = append(got, "sound") },
		Screen: func(sc Screen) {
			got = append(got, "screen")
			if text(t, p.User) == byHand {
				t.Error("a part was told before the file was written")
			}
		},
	})
	err := s.Apply(t.Context(), "ui", func(f *File) {
		f.Lines = append(f.Lines, Line{AOR: "sip:200@pbx.example", Transport: "tls", Expires: 60, SRTP: "off", Keys: "sdes", NAT: "off", Dialect: "rfc", NumberForm: "phone", VoicemailBy: "redirect", BargeIn: "ask"})
		f.Screen.Theme = "dark"
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"phone", "ui", "lines", "screen"}; !reflect.DeepEqual(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
	f, err := Load(p)
	if err != nil || !reflect.DeepEqual(f, s.File()) {
		t.Errorf("after a restart: %v\n%+v\n%+v", err, f, s.File())
	}
	if f.Lines[0].Password.Reveal() != canary {
		t.Error("the password did not survive")
	}
	if i, err := os.Stat(p.User); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("mode %v: others may read the passwords", i.Mode())
	}
}

func TestApplyRefused(t *testing.T) {
	s, p, _ := open(t, byHand)
	before := s.File()
	s.Use(Sinks{
		Phone: func(context.Context, phone.Origin, phone.Config) error { return phone.Busy },
		Lines: func([]Line) { t.Error("told though refused") },
	})
	for name, patch := range map[string]func(*File){
		"centre": func(f *File) { f.Lines = nil },
		"range":  func(f *File) { f.Screen.Brightness = 0 },
		"list":   func(f *File) { f.Lines[0].Codecs = []string{"MP3"} },
	} {
		err := s.Apply(t.Context(), "ui", patch)
		var problems Problems
		if name == "centre" && err != phone.Busy || name != "centre" && !errors.As(err, &problems) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !reflect.DeepEqual(before, s.File()) || text(t, p.User) != byHand {
		t.Error("a refused change has left something")
	}
}

// TestSinksMayAsk: who is handed a part of the settings may look at the rest, and finds what is in force now.
func TestSinksMayAsk(t *testing.T) {
	s, _, _ := open(t, byHand)
	var seen string
	s.Use(Sinks{Screen: func(Screen) { seen = s.File().Screen.Language }})
	if err := s.Apply(t.Context(), "ui", func(f *File) { f.Screen.Language = "ar" }); err != nil || seen != "ar" {
		t.Errorf("%v, seen %q", err, seen)
	}
}

func TestApplyOfNothingWritesNothing(t *testing.T) {
	s, p, _ := open(t, byHand)
	if err := s.Apply(t.Context(), "ui", func(f *File) { f.Screen.Language = "de" }); err != nil {
		t.Fatal(err)
	}
	if text(t, p.User) != byHand {
		t.Error("the flash was worn for nothing, and the comments are gone")
	}
}

func TestApplyOnAFullDisk(t *testing.T) {
	s, p, _ := open(t, byHand)
	if err := os.Rename(filepath.Dir(p.User), filepath.Dir(p.User)+".gone"); err != nil {
		t.Fatal(err)
	}
	told := false
	s.Use(Sinks{Screen: func(Screen) { told = true }})
	err := s.Apply(t.Context(), "ui", func(f *File) { f.Screen.Theme = "dark" })
	if !errors.Is(err, ErrNotSaved) || !told || s.File().Screen.Theme != "dark" {
		t.Errorf("%v, told %v", err, told)
	}
	if err := os.Rename(filepath.Dir(p.User)+".gone", filepath.Dir(p.User)); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(t.Context(), "ui", func(*File) {}); err != nil {
		t.Error(err)
	}
	if f, _ := Load(p); f.Screen.Theme != "dark" {
		t.Error("not written when there was room again")
	}
}

func TestDefaultsAreNotFrozen(t *testing.T) {
	s, p, _ := open(t, "")
	if err := s.Apply(t.Context(), "ui", func(f *File) { f.Screen.Theme = "dark" }); err != nil {
		t.Fatal(err)
	}
	if got, want := text(t, p.User), head+"\n[screen]\ntheme = 'dark'\n\n"+tail; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWrongFileLeavesTheLastGoodInForce(t *testing.T) {
	s, p, _ := open(t, byHand)
	if s.Problem() != "" {
		t.Fatal(s.Problem())
	}
	put(t, p.User, strings.Replace(byHand, "expires", "expiers", 1))
	s = Open(p, slog.New(slog.DiscardHandler))
	if f := s.File(); f.Screen.Language != "de" || f.Lines[0].Password.Reveal() != canary {
		t.Errorf("in force: %+v", f)
	}
	if got, want := s.Problem(), "settings.toml:5: line.0.expiers: unknown key, did you mean expires?"; got != want {
		t.Errorf("problem %q, want %q", got, want)
	}
	if err := s.Apply(t.Context(), "ui", func(f *File) { f.Screen.Language = "en" }); err != nil || s.Problem() != "" {
		t.Errorf("the phone's own file does not mend it: %v, %q", err, s.Problem())
	}
	if !strings.Contains(text(t, p.rejected()), "expiers") {
		t.Error("what the user wrote is lost")
	}
}

// cut at any byte, by the power or by an editor, the phone never starts with half of the settings.
func TestCutAnywhere(t *testing.T) {
	s, p, _ := open(t, byHand)
	if err := s.Apply(t.Context(), "ui", func(f *File) { f.Screen.Theme = "light" }); err != nil {
		t.Fatal(err)
	}
	want, whole := s.File(), text(t, p.User)
	for n := range len(strings.TrimSpace(whole)) {
		put(t, p.User, whole[:n])
		f, err := Load(p)
		if err == nil || !reflect.DeepEqual(f, want) {
			t.Fatalf("cut after %d bytes (%q): %v", n, whole[:n], err)
		}
	}
}

func TestHandWrittenFileCutWithinALine(t *testing.T) {
	s, p, _ := open(t, byHand)
	want := s.File()
	for n := range len(byHand) - 1 {
		if n > 0 && byHand[n-1] == '\n' {
			continue // may as well be somebody's wish
		}
		put(t, p.User, byHand[:n])
		if f, err := Load(p); err == nil || !reflect.DeepEqual(f, want) {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
	}
}

func TestStrangeFiles(t *testing.T) {
	p := Paths{User: filepath.Join(t.TempDir(), "settings.toml")}
	if f, err := Load(p); err != nil || !reflect.DeepEqual(f, Default()) {
		t.Errorf("absent: %v", err)
	}
	if err := os.Mkdir(p.User, 0o700); err != nil {
		t.Fatal(err)
	}
	if f, err := Load(p); err == nil || !reflect.DeepEqual(f, Default()) {
		t.Errorf("a folder: %v", err)
	}
	if s := Open(p, slog.New(slog.DiscardHandler)); s.Problem() == "" {
		t.Error("no notice")
	}
}

func TestCheck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "my.toml")
	if err := Check(path); err == nil {
		t.Error("an absent file passes")
	}
	put(t, path, byHand)
	if err := Check(path); err != nil {
		t.Error(err)
	}
	put(t, path, "[phone]\nring_time=1")
	if err := Check(path); err == nil || err.Error() != "my.toml:2: phone.ring_time: must be 5 to 600 s, not 1" {
		t.Error(err)
	}
	put(t, path, head)
	if err := Check(path); err == nil {
		t.Error("a cut file passes")
	}
}

func TestSecretStaysSecret(t *testing.T) {
	s, _, log := open(t, byHand)
	type inside struct{ f File }
	f := s.File()
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
		fmt.Fprintf(&out, verb, f.Lines[0].Password)
		fmt.Fprintf(&out, verb, f)
		fmt.Fprintf(&out, verb, inside{f})
		fmt.Fprintf(&out, verb, &f.Lines[0])
	}
	j, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(j)
	l := slog.New(slog.NewTextHandler(log, nil))
	l.Info("x", "secret", f.Lines[0].Password, "line", f.Lines[0], "file", f, "inside", inside{f})
	out.Write(log.Bytes())
	if got := out.String(); strings.Contains(got, canary) || strings.Contains(got, fmt.Sprintf("%x", canary)) {
		t.Errorf("the password shows: %s", got)
	}
	if f.Lines[0].Password != NewSecret(canary) || f.Lines[0].Password == NewSecret("x") || (Secret{}).Reveal() != "" {
		t.Error("secrets do not compare")
	}
}
