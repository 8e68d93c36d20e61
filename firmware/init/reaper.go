package main

import (
	"fmt"
	"os"
	"os/signal"
	"sync"

	"golang.org/x/sys/unix"
)

// reaper collects every child that ends, its own and those whose parents died, and tells whoever
// started one how it ended.
type reaper struct {
	mu      sync.Mutex // held over a start, so that no child ends before its waiter is known
	waiters map[int]chan unix.WaitStatus
}

func newReaper() *reaper {
	r := &reaper{waiters: map[int]chan unix.WaitStatus{}}
	sig := make(chan os.Signal, 1)
	signal.Notify(sig, unix.SIGCHLD)
	go func() {
		for range sig {
			r.collect()
		}
	}()
	return r
}

func (r *reaper) collect() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if w := r.waiters[pid]; w != nil {
			w <- status
			delete(r.waiters, pid)
		}
	}
}

// Start starts a program; its status comes on the channel when it has ended.
func (r *reaper) Start(path string, args []string, attr *os.ProcAttr) (pid int, ended <-chan unix.WaitStatus, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, err := os.StartProcess(path, args, attr)
	if err != nil {
		return 0, nil, fmt.Errorf("init: start %s: %w", path, err)
	}
	w := make(chan unix.WaitStatus, 1)
	r.waiters[p.Pid] = w
	pid = p.Pid
	p.Release()
	return pid, w, nil
}

// Run runs a program of the system's to its end and gives its exit code; its words go to the console.
func (r *reaper) Run(path string, args ...string) (code int, err error) {
	_, ended, err := r.Start(path, append([]string{path}, args...),
		&os.ProcAttr{Env: []string{"PATH=/sbin:/usr/bin"}, Files: []*os.File{nil, os.Stderr, os.Stderr}})
	if err != nil {
		return -1, err
	}
	return (<-ended).ExitStatus(), nil
}
