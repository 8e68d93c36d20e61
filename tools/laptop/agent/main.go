// Command lab-agent runs on the lab's laptop: it runs the commands that tests send, as package wire
// says. It stands on the lab's private network alone and does whatever it is told.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
	"time"

	"opendeskphone/tools/laptop/wire"
)

func main() {
	for {
		fmt.Fprintln(os.Stderr, "lab-agent:", listen(fmt.Sprint(":", wire.Port)))
		time.Sleep(time.Second)
	}
}

func listen(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	defer l.Close()
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go serve(c)
	}
}

// serve runs one command for as long as the connection stands.
func serve(c net.Conn) {
	defer c.Close()
	r, w := bufio.NewReader(c), wire.NewWriter(c)
	exit := wire.Exit{Code: -1}
	if err := run(r, w, &exit); err != nil {
		exit.Fault = err.Error()
	}
	text, err := json.Marshal(exit)
	if err == nil {
		err = w.Frame(wire.End, text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab-agent:", err)
	}
}

func run(r *bufio.Reader, w *wire.Writer, exit *wire.Exit) error {
	c, err := wire.ReadCommand(r)
	if err != nil {
		return err
	}
	cmd := exec.Command(c.Argv[0], c.Argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.Dir, wire.Stream{To: w, Kind: wire.Output}, wire.Stream{To: w, Kind: wire.Errors}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second // children may hold its output open
	cmd.Env = append(os.Environ(), "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8")
	if err := become(cmd, c.User); err != nil {
		return err
	}
	cmd.Env = append(cmd.Env, c.Env...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		defer syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the test has gone, or has heard of the end
		defer in.Close()
		for {
			k, b, err := wire.ReadFrame(r)
			if err != nil || k != wire.Input {
				return
			}
			if len(b) == 0 {
				in.Close()
				continue
			}
			if _, err := in.Write(b); err != nil {
				continue // it does not read its input; its end is told all the same
			}
		}
	}()
	err = cmd.Wait()
	exit.Code = cmd.ProcessState.ExitCode()
	var ended *exec.ExitError
	if errors.As(err, &ended) && exit.Code >= 0 {
		return nil
	}
	return err
}

// become makes the command a user's, with the surroundings of the user's session.
func become(cmd *exec.Cmd, name string) error {
	if name == "" {
		return nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return err
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	runtime := "/run/user/" + u.Uid
	cmd.Env = append(cmd.Env, "HOME="+u.HomeDir, "USER="+name, "LOGNAME="+name,
		"XDG_RUNTIME_DIR="+runtime, "DBUS_SESSION_BUS_ADDRESS=unix:path="+runtime+"/bus")
	if cmd.Dir == "" {
		cmd.Dir = u.HomeDir
	}
	return nil
}
