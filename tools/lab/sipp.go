package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// SIPp describes one run of sipp in a namespace.
type SIPp struct {
	Name     string     // of its log
	Scenario string     // path of an XML scenario, or "uac", "uas" for those built in
	Local    netip.Addr // sends from here
	Remote   netip.AddrPort
	Calls    int
	Rate     int           // calls a second
	Limit    int           // calls at a time; 0: as many as come
	Patience time.Duration // for the whole run; 0: a minute
	TCP      bool
	Echo     bool              // sends the voice back that comes to [media_port]
	User     string            // the number it calls
	Messages string            // file that takes every message, see SIPpReceived
	Keys     map[string]string // what the scenario has as [name]
}

// RunSIPp runs a scenario to its end; calls that did not go by the scenario are an error with the
// end of sipp's own log.
func RunSIPp(ctx context.Context, ns *Namespace, s SIPp) error {
	if err := Require("sipp"); err != nil {
		return err
	}
	dir := filepath.Join(ns.Dir(), s.Name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("lab: make directory of sipp: %w", err)
	}
	patience := s.Patience
	if patience == 0 {
		patience = time.Minute
	}
	argv := []string{"sipp", s.Remote.String(), "-i", s.Local.String(), "-m", fmt.Sprint(max(s.Calls, 1)), "-r", fmt.Sprint(max(s.Rate, 1)),
		"-s", s.User, "-nostdin", "-trace_err", "-timeout", fmt.Sprintf("%.0fs", patience.Seconds()), "-timeout_error", "-t", map[bool]string{false: "u1", true: "t1"}[s.TCP]}
	if s.Messages != "" {
		argv = append(argv, "-trace_msg", "-message_file", s.Messages)
	}
	if s.Echo {
		argv = append(argv, "-rtp_echo")
	}
	if s.Limit > 0 {
		argv = append(argv, "-l", fmt.Sprint(s.Limit))
	}
	for name, value := range s.Keys {
		argv = append(argv, "-key", name, value)
	}
	if s.Scenario == "uac" || s.Scenario == "uas" {
		argv = append(argv, "-sn", s.Scenario)
	} else {
		argv = append(argv, "-sf", s.Scenario)
	}
	p, err := ns.Start(Command{Name: s.Name, Argv: argv, Dir: dir})
	if err != nil {
		return err
	}
	if err := p.Wait(ctx); err != nil {
		p.Kill()
		return fmt.Errorf("lab: sipp %s: %w: %s", s.Name, errors.Join(err, ctx.Err()), lastLines(p.Log.Since(0), 12))
	}
	return nil
}

// SIPpReceived gives the messages in a file of SIPp.Messages that it has received whole, oldest first.
func SIPpReceived(file string) (out [][]byte, err error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for part := range bytes.SplitSeq(text, []byte("\n-----------------------------------------------")) {
		_, after, ok := bytes.Cut(part, []byte(" message received ["))
		length, rest, _ := bytes.Cut(after, []byte("]"))
		n, err := strconv.Atoi(string(length))
		_, msg, found := bytes.Cut(rest, []byte("\n\n"))
		if ok && err == nil && found && len(msg) >= n {
			out = append(out, msg[:n])
		}
	}
	return out, err
}
