package lab

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Silence is the longest time that a listener's address got no voice from anybody.
func Silence(packets []Packet, listener netip.Addr) (longest time.Duration, err error) {
	var last time.Time
	for _, p := range packets {
		if !p.RTP() || p.Dst.Addr() != listener {
			continue
		}
		if !last.IsZero() {
			longest = max(longest, p.At.Sub(last))
		}
		last = p.At
	}
	if last.IsZero() {
		return 0, fmt.Errorf("lab: %v got no voice at all", listener)
	}
	return longest, nil
}

// Flow counts the packets of voice from one address to another.
func Flow(packets []Packet, from, to netip.Addr) (n int) {
	for _, p := range packets {
		if p.RTP() && p.Src.Addr() == from && p.Dst.Addr() == to {
			n++
		}
	}
	return n
}

// Dialog names a SIP dialog (RFC 3261 §12) as one end of it sees it.
type Dialog struct{ CallID, LocalTag, RemoteTag string }

// DialogOf finds the dialog that an INVITE from an address has made, by its 200 in the clear.
func DialogOf(packets []Packet, inviter netip.Addr) (d Dialog, err error) {
	for _, p := range packets {
		if !p.Response(200, "INVITE") || p.Dst.Addr() != inviter {
			continue
		}
		for line := range strings.Lines(string(p.Data)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			_, tag, _ := strings.Cut(value, ";tag=")
			switch name {
			case "Call-ID":
				d.CallID = strings.TrimSpace(value)
			case "From":
				d.LocalTag = tag
			case "To":
				d.RemoteTag = tag
			}
		}
	}
	if d.CallID == "" {
		err = fmt.Errorf("lab: %v has made no call", inviter)
	}
	return d, err
}
