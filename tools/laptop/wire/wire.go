// Package wire is how tests speak with the agent on the lab's laptop: one connection a command. The
// test sends a Command as a line of JSON; then frames go both ways: input to the program, output and
// end from it. Who closes the connection ends the program.
package wire

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Port is the agent's TCP port.
const Port = 2222

// Command is a program to run on the laptop.
type Command struct {
	Argv []string
	Env  []string // additions, KEY=value
	Dir  string
	User string // who runs it; empty: root
}

// Exit is how a program ended.
type Exit struct {
	Code  int    // its exit status; -1 for a signal or if it did not start
	Fault string // why it did not start, or which signal ended it
}

// Kind is what a frame carries.
type Kind byte

// The kinds. An empty Input is its end.
const (
	Input Kind = iota
	Output
	Errors
	End // an Exit as JSON; the last frame
)

// maxFrame is the longest payload, in bytes.
const maxFrame = 64 << 10

const maxCommand = 64 << 10

// ErrFrame is a peer that does not speak this.
var ErrFrame = errors.New("wire: bad frame")

// WriteCommand sends the command that a connection begins with.
func WriteCommand(w io.Writer, c Command) error {
	b, err := json.Marshal(c)
	if err == nil {
		_, err = w.Write(append(b, '\n'))
	}
	return err
}

// ReadCommand reads the command.
func ReadCommand(r *bufio.Reader) (Command, error) {
	var c Command
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if line = append(line, part...); len(line) > maxCommand {
			return c, fmt.Errorf("%w: a command of more than %d bytes", ErrFrame, maxCommand)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return c, err
		}
	}
	if err := json.Unmarshal(line, &c); err != nil {
		return c, fmt.Errorf("%w: %w", ErrFrame, err)
	}
	if len(c.Argv) == 0 {
		return c, fmt.Errorf("%w: a command without program", ErrFrame)
	}
	return c, nil
}

// Writer writes frames; several goroutines may.
type Writer struct {
	mu sync.Mutex
	w  io.Writer
}

// NewWriter writes to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Frame writes one frame, or as many as the payload takes.
func (w *Writer) Frame(k Kind, payload []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		n := min(len(payload), maxFrame)
		head := binary.BigEndian.AppendUint32([]byte{byte(k)}, uint32(n))
		if _, err := w.w.Write(append(head, payload[:n]...)); err != nil {
			return err
		}
		if payload = payload[n:]; len(payload) == 0 {
			return nil
		}
	}
}

// ReadFrame reads one frame.
func ReadFrame(r io.Reader) (Kind, []byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxFrame || Kind(head[0]) > End {
		return 0, nil, fmt.Errorf("%w: kind %d of %d bytes", ErrFrame, head[0], n)
	}
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return Kind(head[0]), b, err
}

// Stream is a kind of frame as an io.Writer.
type Stream struct {
	To   *Writer
	Kind Kind
}

// Write implements io.Writer.
func (s Stream) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	return len(b), s.To.Frame(s.Kind, b)
}
