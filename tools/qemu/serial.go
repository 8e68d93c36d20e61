package qemu

import (
	"bufio"
	"io"
	"iter"
	"strings"
	"sync"
)

// maxSerial is how much of the serial console is kept, in bytes.
const maxSerial = 4 << 20

// serial keeps what the serial console says and wakes those who wait for more.
type serial struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{} // closed at the next output
	copy io.Writer
}

func newSerial(w io.Writer) *serial { return &serial{more: make(chan struct{}), copy: w} }

func (s *serial) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.copy != nil {
		s.copy.Write(p)
	}
	if s.text.Len() < maxSerial {
		s.text.Write(p)
	}
	close(s.more)
	s.more = make(chan struct{})
	return len(p), nil
}

func (s *serial) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.ReplaceAll(s.text.String(), "\r", "")
}

// find gives the first whole line with text in it, and the channel to wait on for more.
func (s *serial) find(text string) (string, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.text.String()
	for line := range strings.Lines(all) {
		if strings.HasSuffix(line, "\n") && strings.Contains(line, text) {
			return strings.TrimRight(line, "\r\n"), s.more
		}
	}
	return "", s.more
}

// lines gives the lines of a stream until its end.
func lines(r io.Reader) iter.Seq[string] {
	return func(yield func(string) bool) {
		for sc := bufio.NewScanner(r); sc.Scan(); {
			if !yield(sc.Text()) {
				return
			}
		}
	}
}
