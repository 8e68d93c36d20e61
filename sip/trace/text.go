package trace

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
)

// WriteText writes a ladder for people: first what happened, a line each, then the messages. Times are UTC.
func WriteText(to io.Writer, l *Ladder) error {
	w := bufio.NewWriter(to)
	fmt.Fprintf(w, "Open Desk Phone: %s. Keys, passwords and key presses are overwritten by x. Times are UTC.\n\n", l.title())
	steps := Explain(l)
	for i := range steps {
		s := &steps[i]
		fmt.Fprintf(w, "%s  %s  %-28s  %s\n", s.At.UTC().Format("2006-01-02 15:04:05.000"), s.arrow(), s.Tag, s.words())
		if do := English[s.Meaning].Do; do != "" {
			fmt.Fprintf(w, "%25s      %-28s  -> %s\n", "", "", do)
		}
		if i == First-1 && l.Omitted > 0 && l.Account == "" {
			fmt.Fprintf(w, "%25s%d messages are left out here.\n", "", l.Omitted)
		}
	}
	for i := range l.Entries {
		e := &l.Entries[i]
		if e.Data == nil {
			continue
		}
		from, dst := e.Remote, e.Local
		if e.Out {
			from, dst = dst, from
		}
		fmt.Fprintf(w, "\n---- %s  %s -> %s  %s\n%s\n", e.At.UTC().Format(time.RFC3339Nano), from, dst, e.Transport, clean(e.Data))
	}
	return w.Flush()
}

func (l *Ladder) title() string {
	switch {
	case l.Account != "":
		return "sign-in of " + printable(l.Account)
	case len(l.Calls) > 0:
		return fmt.Sprintf("call %d", l.Calls[0])
	}
	return "a call that did not ring"
}

// words say in English what a step means.
func (s *Step) words() string {
	text := English[s.Meaning].Of(s.Out)
	if s.Again {
		text += ", again: no answer had come"
	}
	return text
}

// arrow is where a step goes: from the phone, to it, or neither.
func (s *Step) arrow() string {
	switch {
	case !s.Message:
		return "  "
	case s.Out:
		return "->"
	}
	return "<-"
}

// clean is a message without what a terminal would obey.
func clean(data []byte) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return -1
		case r != '\n' && r != '\t' && !unicode.IsPrint(r):
			return '.'
		}
		return r
	}, string(data))
}

// Lines gives the text of an entry's message line by line, for a screen.
func (e *Entry) Lines() []string { return strings.Split(strings.TrimRight(clean(e.Data), "\n"), "\n") }
