package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

func TestInstanceIsKeptAndNonsenseIsNot(t *testing.T) {
	dir, log := t.TempDir(), slog.New(slog.DiscardHandler)
	name := instance(dir, log)
	if !urn(name) {
		t.Fatalf("made %q", name)
	}
	if again := instance(dir, log); again != name {
		t.Errorf("%q became %q", name, again)
	}
	for _, bad := range []string{"", "urn:uuid:", name[:len(name)-1], name + "0", "urn:uuid:" + name[10:] + "g",
		"urn:uuid:00000000-0000-4000-80000-00000000000", "urn:uuid:000000000000-0000-4000-8000-00000000"} {
		if err := os.WriteFile(filepath.Join(dir, "instance"), []byte(bad+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := instance(dir, log); got == bad || !urn(got) {
			t.Errorf("%q became %q", bad, got)
		}
	}
}
