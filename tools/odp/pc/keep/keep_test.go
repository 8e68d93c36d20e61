package keep

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type thing struct{ Word string }

func TestWhatIsSavedIsLoadedAndPrivate(t *testing.T) {
	f := Folder(filepath.Join(t.TempDir(), "a", "odp"))
	got := thing{"default"}
	if err := f.Load("x.json", &got); err != nil || got.Word != "default" {
		t.Fatalf("no file: %v, %v", got, err)
	}
	for _, w := range []string{"one", "two"} {
		if err := f.Save("x.json", thing{w}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Load("x.json", &got); err != nil || got.Word != "two" {
		t.Fatalf("%v, %v", got, err)
	}
	for path, want := range map[string]os.FileMode{string(f): 0o700, f.Path("x.json"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if left, _ := filepath.Glob(f.Path("*")); len(left) != 1 {
		t.Errorf("left behind: %q", left)
	}
}

func TestOpenAndBrokenFilesAreRefused(t *testing.T) {
	f := Folder(t.TempDir())
	var v thing
	os.WriteFile(f.Path("broken.json"), []byte(`{"Word":`), 0o600)
	if err := f.Load("broken.json", &v); err == nil || !strings.Contains(err.Error(), "broken.json") {
		t.Errorf("broken: %v", err)
	}
	os.WriteFile(f.Path("open.json"), []byte(`{}`), 0o644)
	if err := f.Load("open.json", &v); err == nil || !strings.Contains(err.Error(), "chmod") {
		t.Errorf("open to others: %v", err)
	}
}

func TestFoldersFollowTheSpecification(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_STATE_HOME", "relative")
	t.Setenv("XDG_DATA_HOME", "/srv/d")
	if f, err := State(); err != nil || string(f) != home+"/.local/state/odp" {
		t.Errorf("state %s, %v", f, err)
	}
	if f, err := Data(); err != nil || string(f) != "/srv/d/odp" {
		t.Errorf("data %s, %v", f, err)
	}
	t.Setenv("XDG_RUNTIME_DIR", home)
	if f, err := Runtime(); err != nil || string(f) != home+"/odp" {
		t.Errorf("runtime %s, %v", f, err)
	}
	if err := os.Chmod(home+"/odp", 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Runtime(); err == nil {
		t.Error("a folder that others may enter was taken")
	}
}
