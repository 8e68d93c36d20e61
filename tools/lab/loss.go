package lab

import (
	"errors"
	"fmt"
	"strconv"
)

// Lose makes a host lose a share, 0 to 1, of the UDP packets that it sends to ports first to last, at random and one by one.
// They go out by a device that leads nowhere: whoever sends them is not told, as it is of what a filter drops.
func (n *Namespace) Lose(share float64, first, last int) error {
	const mark = "7"
	return errors.Join(
		n.IP("link", "add", "hole", "type", "bridge"),
		n.IP("link", "set", "hole", "arp", "off", "up"),
		n.IP("rule", "add", "fwmark", mark, "table", mark),
		n.IP("route", "add", "default", "dev", "hole", "table", mark),
		n.pick(share, "mangle", "OUTPUT", "--dport", first, last, "MARK", "--set-mark", mark))
}

// LoseFrom makes it lose a share of those that come from ports first to last.
func (n *Namespace) LoseFrom(share float64, first, last int) error {
	return n.pick(share, "filter", "INPUT", "--sport", first, last, "DROP")
}

// pick does something with a share of the UDP packets in a chain.
func (n *Namespace) pick(share float64, table, chain, ports string, first, last int, target ...string) error {
	args := append([]string{"netns", "exec", n.name, "iptables", "-t", table, "-A", chain, "-p", "udp", ports, fmt.Sprintf("%d:%d", first, last),
		"-m", "statistic", "--mode", "random", "--probability", strconv.FormatFloat(share, 'f', 4, 64), "-j"}, target...)
	return Run("ip", args...)
}
