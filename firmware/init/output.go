package main

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// maxLog is the size in bytes at which a log file is put aside; one older file is kept, so that logs
// never take more than twice that from the data partition.
const maxLog = 512 << 10

// cappedLog is a log file that starts anew when it is full. Faults of the disk are swallowed: a
// phone with a full disk still calls.
type cappedLog struct {
	mu   sync.Mutex
	path string
	file *os.File
	size int64
}

func newCappedLog(dir, name string) *cappedLog { return &cappedLog{path: filepath.Join(dir, name)} }

func (l *cappedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size > maxLog {
		l.file.Close()
		l.file, l.size = nil, 0
		_ = os.Rename(l.path, l.path+".1") // a log that cannot be put aside is written on
	}
	if l.file == nil {
		f, err := os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			return len(p), nil
		}
		if st, err := f.Stat(); err == nil {
			l.size = st.Size()
		}
		l.file = f
	}
	n, _ := l.file.Write(p)
	l.size += int64(n)
	return len(p), nil
}

// lastWords is how much of a daemon's output is kept aside when it ends badly, in bytes.
const lastWords = 64 << 10

// output is where a daemon's words go: all to the log, milestones to the console as well.
type output struct {
	dir string
	log io.Writer
	con *console
	all bool // a debug image says everything on the console
}

// maxLine is the longest line taken from a daemon, in bytes; the rest of a longer one starts a new line.
const maxLine = 4096

// Copy reads a daemon's output to its end and gives the last of it.
func (o *output) Copy(r io.Reader) []byte {
	var last []byte
	br := bufio.NewReaderSize(r, maxLine)
	for {
		line, err := br.ReadSlice('\n')
		if len(line) > 0 {
			o.log.Write(line)
			if s := strings.TrimRight(string(line), "\r\n"); o.all || strings.HasPrefix(s, "odp: ") {
				o.con.line(s)
			}
			last = append(last, line...)
			if len(last) > 2*lastWords {
				last = append([]byte(nil), last[len(last)-lastWords:]...)
			}
		}
		if err != nil && err != bufio.ErrBufferFull {
			return last[max(0, len(last)-lastWords):]
		}
	}
}

// Keep puts a daemon's last words where the phone finds them after its restart.
func (o *output) Keep(name, how string, last []byte) {
	head := name + " ended: " + how + " at " + time.Now().UTC().Format(time.RFC3339) + "\n"
	_ = os.WriteFile(filepath.Join(o.dir, name+".last"), append([]byte(head), last...), 0o644) // the log has it, too
}
