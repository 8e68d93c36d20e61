// Package hostile has names as hostile and honest callers send them, with what may be shown of each, for the tests of every
// place where names are shown, kept or sent on.
package hostile

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed hostile.txt
var list string

// Name is one name.
type Name struct {
	Trick string // what it tries
	Sent  string // as it comes
	Shown string // what is shown; empty: the number stands alone
}

// Names gives them all.
func Names() (out []Name) {
	for line := range strings.Lines(list) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		row := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(row) != 3 {
			panic(fmt.Sprintf("hostile: %q has %d columns", line, len(row)))
		}
		sent, err := strconv.Unquote(row[1])
		shown, err2 := strconv.Unquote(row[2])
		if err != nil || err2 != nil {
			panic(fmt.Sprintf("hostile: %q: %v %v", line, err, err2))
		}
		out = append(out, Name{row[0], sent, shown})
	}
	return out
}
