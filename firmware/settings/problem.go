package settings

import (
	"fmt"
	"strings"
)

// Problem is one thing wrong with a settings file.
type Problem struct {
	File string // base name
	Line int    // from 1; 0: the file as a whole
	Key  string // "line.0.transport"; empty: the file as a whole
	Text string // what is wrong and what would be right
}

// Error writes the problem as compilers do: settings.toml:12: line.0.transport: must be udp, tcp or tls.
func (p Problem) Error() string {
	s := p.File
	if p.Line > 0 {
		s += fmt.Sprintf(":%d", p.Line)
	}
	if p.Key != "" {
		s += ": " + p.Key
	}
	return s + ": " + p.Text
}

// Problems are all that is wrong with a file, in its order.
type Problems []Problem

// Error gives one problem a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].Error()
	}
	return strings.Join(lines, "\n")
}

// Summary is the first problem and how many more there are: what fits on a screen.
func (p Problems) Summary() string {
	switch len(p) {
	case 0:
		return ""
	case 1:
		return p[0].Error()
	}
	return fmt.Sprintf("%v (and %d more)", p[0], len(p)-1)
}
