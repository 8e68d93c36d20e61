package lab

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
)

// Shark is a tshark that writes down what passes a link.
type Shark struct {
	proc *Process
	File string
}

// StartShark starts one on a device of a namespace, for the packets of a capture filter (pcap-filter(7)), and waits
// until it listens.
func StartShark(ctx context.Context, ns *Namespace, dev, filter, file string) (*Shark, error) {
	p, err := ns.Start(Command{Name: "tshark", Argv: []string{"tshark", "-i", dev, "-f", filter, "-w", file}})
	if err != nil {
		return nil, err
	}
	s := &Shark{p, file}
	if err := p.Log.WaitFor(ctx, 0, func(text string) bool { return strings.Contains(text, "Capture started") }); err != nil {
		p.Stop()
		return nil, fmt.Errorf("lab: tshark does not listen: %w", err)
	}
	return s, nil
}

// Close ends the capture; its file is whole then.
func (s *Shark) Close(ctx context.Context) error {
	if err := s.proc.Signal(syscall.SIGINT); err != nil {
		return err
	}
	return s.proc.Wait(ctx)
}

// SharkFields gives fields of the packets in a capture file that a display filter (wireshark-filter(4)) lets through, a row
// each.
func SharkFields(ctx context.Context, file, filter string, fields ...string) (rows [][]string, err error) {
	args := []string{"-r", file, "-Y", filter, "-T", "fields"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	cmd := exec.CommandContext(ctx, "tshark", args...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("lab: tshark reads %s: %w: %s", file, err, complaints.String())
	}
	for line := range strings.Lines(string(out)) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return rows, nil
}
