package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is measured again takes the place of what was; all else stays as it was.
func TestOtherRowsStay(t *testing.T) {
	cli.Write = filepath.Join(t.TempDir(), "FIGURES.md")
	defer func() { cli.Write = "" }()
	write := func(below string, values map[string]int) {
		t.Helper()
		b := &bench{got: map[string]row{}, below: below}
		for id, v := range values {
			b.ours(id, "%d", v)
		}
		if err := b.tell(); err != nil {
			t.Fatal(err)
		}
	}
	write("\na table\n", map[string]int{"image_mib": 1, "soak_leaks": 2, "jb_drift_ms": 3})
	write("", map[string]int{"key_to_invite_ms": 4, "soak_leaks": 5})
	text, err := os.ReadFile(cli.Write)
	if err != nil {
		t.Fatal(err)
	}
	_, rows, _ := strings.Cut(string(text), "---|\n")
	want := "| image_mib | 1 | ≤ 16 | – | MiB | `build/bench --only image_mib` |\n" +
		"| key_to_invite_ms | 4 | – | – | ms | `build/bench --only key_to_invite_ms` |\n" +
		"| soak_leaks | 5 | 0 | – | goroutines and descriptors | `build/bench --only soak_leaks` |\n" +
		"| jb_drift_ms | 3 | – | – | ms | `build/bench --only jb_drift_ms` |\n" +
		"\na table\n"
	if rows != want {
		t.Errorf("got\n%s\nwant\n%s", rows, want)
	}
	if !strings.HasPrefix(string(text), "# Figures\n") {
		t.Error("the head is missing")
	}
}
