package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ending says what becomes of the machine.
type ending int

const (
	endNone ending = iota
	endReboot
	endPowerOff
)

// Exit codes by which the phone daemon asks for the machine's end, after sysexits' range.
const (
	exitReboot   = 80
	exitPowerOff = 81
)

// Restart times of a daemon: at once after the first fall, slower for one that keeps falling, and
// forgiven when it ran well.
const (
	firstPause = 200 * time.Millisecond
	longPause  = 30 * time.Second
	ranWell    = 60 * time.Second
)

// graceTime is how long a daemon may take to say goodbye to its registrar.
const graceTime = 4 * time.Second

// service keeps one daemon running under the phone's user.
type service struct {
	name, path string
	env        []string
	reaper     *reaper
	out        *output
	con        *console
	log        *slog.Logger
}

// Run starts the daemon and starts it again whenever it ends, until ctx ends or the daemon asks
// for the machine's end.
func (s *service) Run(ctx context.Context) ending {
	pause := firstPause
	for {
		began := time.Now()
		status, err := s.once(ctx)
		if how := endingOf(status, err); how != endNone || ctx.Err() != nil {
			return how
		}
		pause = nextPause(pause, time.Since(began))
		s.con.printf("%s ended: %s; again in %v", s.name, describe(status, err), pause)
		select {
		case <-ctx.Done():
			return endNone
		case <-time.After(pause):
		}
	}
}

// nextPause doubles the pause for a daemon that fell early.
func nextPause(pause, ran time.Duration) time.Duration {
	if ran >= ranWell {
		return firstPause
	}
	return min(2*pause, longPause)
}

func endingOf(status unix.WaitStatus, err error) ending {
	switch {
	case err != nil || !status.Exited():
		return endNone
	case status.ExitStatus() == exitReboot:
		return endReboot
	case status.ExitStatus() == exitPowerOff:
		return endPowerOff
	}
	return endNone
}

func describe(status unix.WaitStatus, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case status.Signaled():
		return "signal " + status.Signal().String()
	}
	return fmt.Sprintf("exit %d", status.ExitStatus())
}

// once runs the daemon to its end.
func (s *service) once(ctx context.Context) (unix.WaitStatus, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return 0, fmt.Errorf("init: %w", err)
	}
	defer r.Close()
	pid, ended, err := s.reaper.Start(s.path, []string{s.path}, &os.ProcAttr{
		Dir: "/data", Env: s.env, Files: []*os.File{nil, w, w},
		Sys: &syscall.SysProcAttr{
			Setsid:     true,
			Credential: &syscall.Credential{Uid: phoneUID, Gid: phoneGID, Groups: []uint32{audioGID, videoGID, inputGID}},
		},
	})
	w.Close()
	if err != nil {
		return 0, err
	}
	s.con.milestone(s.name + " started")
	last := make(chan []byte, 1)
	go func() { last <- s.out.Copy(r) }()
	status := s.await(ctx, pid, ended)
	if words := <-last; status != 0 && ctx.Err() == nil {
		s.out.Keep(s.name, describe(status, nil), words)
	}
	return status, nil
}

// await waits for the daemon's end. When the machine stops, the daemon is asked to end, then made to.
func (s *service) await(ctx context.Context, pid int, ended <-chan unix.WaitStatus) unix.WaitStatus {
	select {
	case status := <-ended:
		return status
	case <-ctx.Done():
	}
	_ = unix.Kill(-pid, unix.SIGTERM) // its whole session; gone already is fine
	select {
	case status := <-ended:
		return status
	case <-time.After(graceTime):
	}
	_ = unix.Kill(-pid, unix.SIGKILL)
	return <-ended
}

// allowUrgency lets the daemons of this process have the kernel prefer their threads of sound to all the
// rest, which needs no capability but this limit, and makes new files theirs alone.
func allowUrgency() {
	const mostUrgent = 20 + 20 // for a nice value of -20; getrlimit(2)
	// Where it cannot be had, sound merely stutters earlier under load.
	_ = unix.Setrlimit(unix.RLIMIT_NICE, &unix.Rlimit{Cur: mostUrgent, Max: mostUrgent})
	// Else nice values would count within one session alone, and each daemon has its own.
	_ = os.WriteFile("/proc/sys/kernel/sched_autogroup_enabled", []byte("0"), 0)
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	unix.Umask(0o027)
}

// stopMachine writes everything to disk and ends or restarts the machine; it does not return.
func stopMachine(how ending) {
	unix.Kill(-1, unix.SIGTERM)
	unix.Sync()
	err := errors.Join(unix.Unmount("/data", unix.MNT_DETACH), unix.Mount("", "/data", "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	if err != nil {
		unix.Sync()
	}
	cmd := unix.LINUX_REBOOT_CMD_RESTART
	if how == endPowerOff {
		cmd = unix.LINUX_REBOOT_CMD_POWER_OFF
	}
	unix.Reboot(cmd)
	runtime.Goexit() // only where the kernel has no power control
}

// runShell keeps a shell on the console of a debug image.
func runShell(ctx context.Context, r *reaper) {
	for ctx.Err() == nil {
		tty, err := os.OpenFile("/dev/console", os.O_RDWR, 0)
		if err != nil {
			return
		}
		_, ended, err := r.Start("/bin/busybox", []string{"sh"}, &os.ProcAttr{
			Dir: "/", Env: []string{"PATH=/bin:/sbin:/usr/bin", "PS1=odp# "}, Files: []*os.File{tty, tty, tty},
			Sys: &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0},
		})
		tty.Close()
		if err != nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-ended:
		}
	}
}
