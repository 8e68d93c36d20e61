package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// stopGrace is how long a process may take to end after SIGTERM before it is killed.
const stopGrace = 3 * time.Second

// Process is one program running in a namespace, in a process group of its own.
type Process struct {
	Log   *Log
	name  string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	done  chan struct{}
	err   error // after done: how it ended
}

// Command describes a program to start in a namespace.
type Command struct {
	Name string   // of the log file, NAME.log in the namespace's directory; unique in it
	Argv []string // program and arguments
	Dir  string   // working directory; empty: the caller's
	Env  []string // additions to the caller's environment, as "KEY=value"
}

// Start starts a program inside the namespace. Output and errors go to its Log and to a file. It
// ends with Stop, with the namespace's Close, or with the death of this program.
func (n *Namespace) Start(c Command) (*Process, error) {
	file, err := os.Create(filepath.Join(n.dir, c.Name+".log"))
	if err != nil {
		return nil, fmt.Errorf("lab: make log: %w", err)
	}
	argv := append([]string{"netns", "exec", n.name}, c.Argv...)
	p := &Process{Log: NewLog(file), name: c.Name, cmd: exec.Command("ip", argv...), done: make(chan struct{})}
	p.cmd.Dir = c.Dir
	p.cmd.Env = append(os.Environ(), c.Env...)
	p.cmd.Stdout, p.cmd.Stderr = p.Log, p.Log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("lab: %s: make pipe: %w", c.Name, err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("lab: start %s: %w", c.Name, err), file.Close())
	}
	go p.wait(file)
	n.mu.Lock()
	n.procs = append(n.procs, p)
	n.mu.Unlock()
	return p, nil
}

func (p *Process) wait(file *os.File) {
	p.err = p.cmd.Wait()
	p.Log.End(fmt.Errorf("lab: %s has ended: %v", p.name, p.cmd.ProcessState))
	file.Close()
	close(p.done)
}

// PID is the program's process ID: `ip netns exec` becomes the program, so there is no wrapper.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits for the program's own end and gives its exit error.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return fmt.Errorf("lab: %s: wait for its end: %w", p.name, ctx.Err())
	}
}

// Signal sends a signal to the program and its children.
func (p *Process) Signal(s syscall.Signal) error { return syscall.Kill(-p.PID(), s) }

// Type writes one line to the program's standard input.
func (p *Process) Type(line string) error {
	if _, err := io.WriteString(p.stdin, line+"\n"); err != nil {
		return fmt.Errorf("lab: %s: type %q: %w", p.name, line, err)
	}
	return nil
}

// Stop ends the program: SIGTERM, and SIGKILL for what is left of its group after a grace time.
// A program that has ended already is left alone.
func (p *Process) Stop() {
	select {
	case <-p.done:
		return
	default:
	}
	_ = p.Signal(syscall.SIGTERM)
	grace := time.NewTimer(stopGrace)
	defer grace.Stop()
	select {
	case <-p.done:
	case <-grace.C:
		p.Kill()
	}
}

// Kill ends the program and its children without a warning, and waits until they are gone.
func (p *Process) Kill() {
	select {
	case <-p.done:
	default:
		_ = p.Signal(syscall.SIGKILL)
		<-p.done
	}
}

// Log is the output of a program: kept, written to a file, and awaited by its text.
type Log struct {
	mu    sync.Mutex
	text  []byte
	over  error         // the program's end, after which nothing more comes
	grown chan struct{} // closed and replaced whenever text grows or over is set
	file  io.Writer
}

// NewLog makes a log that copies what it gets to a file.
func NewLog(file io.Writer) *Log { return &Log{file: file, grown: make(chan struct{})} }

// Write takes output from the program; it never fails.
func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b...)
	_, _ = l.file.Write(b) // the kept text is what counts; a full disk must not stop the program
	l.wake()
	return len(b), nil
}

// End says that nothing more comes, and why.
func (l *Log) End(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = err
	l.wake()
}

func (l *Log) wake() {
	close(l.grown)
	l.grown = make(chan struct{})
}

// Len is the number of bytes logged so far: a mark to look from later.
func (l *Log) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.text)
}

// Since is what was logged from a mark on.
func (l *Log) Since(mark int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text[min(mark, len(l.text)):])
}

// WaitFor waits until match finds what it looks for in the text logged from mark on. match gets
// the whole of that text at each growth.
func (l *Log) WaitFor(ctx context.Context, mark int, match func(text string) bool) error {
	for {
		l.mu.Lock()
		text, over, grown := string(l.text[min(mark, len(l.text)):]), l.over, l.grown
		l.mu.Unlock()
		if match(text) {
			return nil
		}
		if over != nil {
			return over
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// startPatience is how long a program may take to start, on a busy machine too.
const startPatience = 40 * time.Second

// WaitUp waits until a server that was started does what it is for.
func (p *Process) WaitUp(ctx context.Context, name string, up func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	return Poll(ctx, name+" ready", func() (bool, error) {
		select {
		case <-p.Done():
			return false, fmt.Errorf("it has ended: %s", lastLines(p.Log.Since(0), 4))
		default:
			return up(ctx)
		}
	})
}

// Poll calls ready every few milliseconds until it says yes, fails, or ctx ends: for states of
// other programs that cannot be waited for. The error names what was awaited.
func Poll(ctx context.Context, what string, ready func() (bool, error)) error {
	return PollEvery(ctx, 20*time.Millisecond, what, ready)
}

// PollEvery is Poll at another pace, for what costs the polled program something.
func PollEvery(ctx context.Context, pace time.Duration, what string, ready func() (bool, error)) error {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		ok, err := ready()
		if err != nil {
			return fmt.Errorf("lab: %s: %w", what, err)
		}
		if ok {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("lab: %s did not happen: %w", what, ctx.Err())
		}
	}
}
