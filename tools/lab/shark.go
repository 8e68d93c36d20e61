package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
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

// blocks is for how long the kernel and dumpcap, which captures for tshark, keep packets that do not fill a block; what they
// have when they are ended is lost.
const blocks = 500 * time.Millisecond

// Close ends the capture; its file is whole then.
func (s *Shark) Close(ctx context.Context) error {
	select {
	case <-time.After(blocks):
	case <-ctx.Done():
		return ctx.Err()
	}
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

// SharkCounts counts the packets in a capture file that each display filter lets through, in one reading. No comma may be in
// a filter.
func SharkCounts(ctx context.Context, file string, filters ...string) ([]int, error) {
	cmd := exec.CommandContext(ctx, "tshark", "-r", file, "-q", "-z", "io,stat,0,"+strings.Join(filters, ","))
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("lab: tshark reads %s: %w: %s", file, err, complaints.String())
	}
	for line := range strings.Lines(string(out)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.Contains(cells[0], "<>") || len(cells) < 1+2*len(filters) { // the interval, frames and bytes of each, and what fills the line
			continue
		}
		counts := make([]int, len(filters))
		for i := range counts {
			if counts[i], err = strconv.Atoi(strings.TrimSpace(cells[1+2*i])); err != nil {
				return nil, fmt.Errorf("lab: tshark counts %q: %w", line, err)
			}
		}
		return counts, nil
	}
	return nil, fmt.Errorf("lab: tshark counts nothing in %s: %s", file, out)
}

// RTPStream is what tshark's own analysis says of a stream of RTP.
type RTPStream struct {
	Src, Dst      netip.AddrPort
	SSRC          uint32
	Packets, Lost int           // those that came, and the holes between their numbers
	Mean, Max     time.Duration // jitter (RFC 3550 §6.4.1)
}

var rtpStream = regexp.MustCompile(`(\S+)\s+(\d+)\s+(\S+)\s+(\d+)\s+(0x[0-9A-Fa-f]+)\s+.+?\s+(\d+)\s+(-?\d+)\s+\(-?[\d.]+%\)\s+[\d.]+\s+[\d.]+\s+[\d.]+\s+[\d.]+\s+([\d.]+)\s+([\d.]+)`)

// SharkStreams has tshark analyse the streams of RTP in a capture file (tshark -z rtp,streams).
func SharkStreams(ctx context.Context, file string) (out []RTPStream, err error) {
	cmd := exec.CommandContext(ctx, "tshark", "-r", file, "-q", "--enable-heuristic", "rtp_udp", "-z", "rtp,streams")
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("lab: tshark reads %s: %w: %s", file, err, complaints.String())
	}
	for _, m := range rtpStream.FindAllStringSubmatch(string(text), -1) {
		var s RTPStream
		src, err1 := netip.ParseAddrPort(m[1] + ":" + m[2])
		dst, err2 := netip.ParseAddrPort(m[3] + ":" + m[4])
		ssrc, err3 := strconv.ParseUint(m[5], 0, 32)
		mean, err4 := time.ParseDuration(m[8] + "ms")
		most, err5 := time.ParseDuration(m[9] + "ms")
		if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
			return nil, fmt.Errorf("lab: tshark says %q: %w", m[0], err)
		}
		s.Src, s.Dst, s.SSRC, s.Mean, s.Max = src, dst, uint32(ssrc), mean, most
		s.Packets, _ = strconv.Atoi(m[6]) // digits
		s.Lost, _ = strconv.Atoi(m[7])
		out = append(out, s)
	}
	return out, nil
}
