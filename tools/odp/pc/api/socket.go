package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"opendeskphone/tools/odp/pc/keep"
)

const socketName, lockName = "agent.sock", "agent.pid"

// ErrRunning says that another agent of this user is at work.
var ErrRunning = errors.New("the agent is running already")

// Socket is the agent's end of the commands' socket. There is one a user.
type Socket struct {
	ln   net.Listener
	lock *os.File
	log  *slog.Logger
}

// Listen takes the socket, or gives ErrRunning. What a killed agent left behind is replaced.
func Listen(folder keep.Folder, log *slog.Logger) (*Socket, error) {
	lock, err := os.OpenFile(folder.Path(lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		lock.Close()
		return nil, ErrRunning
	}
	if err := errors.Join(lock.Truncate(0), writePID(lock)); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	path := folder.Path(socketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("api: %w", err)
	}
	ln, err := net.Listen("unix", path)
	if err == nil {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	return &Socket{ln: ln, lock: lock, log: log}, nil
}

// writePID leaves the process number for whoever wants to end the agent.
func writePID(f *os.File) error {
	_, err := fmt.Fprintln(f, os.Getpid())
	return err
}

// Run serves the handler until ctx ends.
func (s *Socket) Run(ctx context.Context, h http.Handler) error {
	defer s.lock.Close()
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	defer context.AfterFunc(ctx, func() { srv.Close() })()
	if err := srv.Serve(&ours{s.ln, s.log}); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("api: %w", err)
	}
	return nil
}

// ours accepts connections of this user alone, whatever the modes of files say.
type ours struct {
	net.Listener
	log *slog.Logger
}

// Accept implements net.Listener.
func (o *ours) Accept() (net.Conn, error) {
	for {
		c, err := o.Listener.Accept()
		if err != nil {
			return nil, err
		}
		uid, err := peer(c)
		if err == nil && uid == os.Getuid() {
			return c, nil
		}
		o.log.Warn("api: a stranger was turned away", "uid", uid, "err", err)
		c.Close()
	}
}

func peer(c net.Conn) (uid int, err error) {
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return -1, err
	}
	uid = -1
	ctl := raw.Control(func(fd uintptr) {
		var cred *unix.Ucred
		if cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			uid = int(cred.Uid)
		}
	})
	return uid, errors.Join(err, ctl)
}
