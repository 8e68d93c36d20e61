package settings

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// a file of the greatest size, however nasty, is read in a moment: what grows with the square of the size takes minutes.
func TestHostileFilesAreReadQuickly(t *testing.T) {
	var keys, tables, lines strings.Builder
	for i := range 6000 {
		fmt.Fprintf(&keys, "k%d=1\n", i)
		fmt.Fprintf(&tables, "[t%d]\n", i)
		fmt.Fprintf(&lines, "[[line]]\n")
	}
	deep := func(open, close string) string {
		return "a=" + strings.Repeat(open, 20000) + strings.Repeat(close, 20000)
	}
	for name, doc := range map[string]string{
		"keys": keys.String(), "tables": tables.String(), "lines": lines.String(),
		"arrays": deep("[", "]"), "inline": "a=" + strings.Repeat("{a=", 12000), "dots": strings.Repeat("a.", 30000) + "a=1",
		"list": "[network]\ndns=[" + strings.Repeat("'',", 20000) + "]",
	} {
		began := time.Now()
		_, err := Parse("s.toml", []byte(doc), Default())
		if took := time.Since(began); err == nil || took > 5*time.Second {
			t.Errorf("%s: %v, %.100v", name, took, err)
		}
	}
}
