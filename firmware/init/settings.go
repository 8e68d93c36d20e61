package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

const (
	settingsFile = "/data/settings.toml"
	// lastNetworkFile is the [network] table that was last found good. It stays in force when the
	// settings file cannot be read: a phone off the network cannot be helped from afar.
	lastNetworkFile = "/data/system/network.toml"
	maxSettings     = 1 << 20 // bytes
)

// networkSettings is the [network] table of the phone's settings file, the only part init reads.
type networkSettings struct {
	DHCP     bool     `toml:"dhcp"`     // ask a DHCP server; all below then only adds to its answer
	Address  string   `toml:"address"`  // own address with prefix length, "192.0.2.7/24"
	Gateway  string   `toml:"gateway"`  // router, "" for none
	DNS      []string `toml:"dns"`      // name servers; the DHCP server's if empty
	Hostname string   `toml:"hostname"` // one label; "" for odp- and the end of the hardware address
	NTP      []string `toml:"ntp"`      // time servers; the DHCP server's if empty, else the pool
}

// parseNetwork reads the [network] table of a settings file; no table means DHCP. It is strict about
// this table and blind for all others.
func parseNetwork(text []byte) (networkSettings, error) {
	n := networkSettings{DHCP: true}
	var whole map[string]any
	if err := toml.Unmarshal(text, &whole); err != nil {
		return n, fmt.Errorf("init: settings: %w", err)
	}
	table, ok := whole["network"]
	if !ok {
		return n, nil
	}
	part, err := toml.Marshal(table)
	if err != nil {
		return n, fmt.Errorf("init: settings [network]: %w", err)
	}
	d := toml.NewDecoder(bytes.NewReader(part)).DisallowUnknownFields()
	if err := d.Decode(&n); err != nil {
		return n, fmt.Errorf("init: settings [network]: %w", err)
	}
	return n, n.validate()
}

func (n networkSettings) validate() error {
	if !n.DHCP {
		if _, err := netip.ParsePrefix(n.Address); err != nil {
			return fmt.Errorf("init: settings [network] address: %w", err)
		}
	}
	if n.Gateway != "" {
		if _, err := netip.ParseAddr(n.Gateway); err != nil {
			return fmt.Errorf("init: settings [network] gateway: %w", err)
		}
	}
	for _, s := range n.DNS {
		if _, err := netip.ParseAddr(s); err != nil {
			return fmt.Errorf("init: settings [network] dns: %w", err)
		}
	}
	if n.Hostname != "" && !isLabel(n.Hostname) {
		return fmt.Errorf("init: settings [network] hostname %q is not one DNS label", n.Hostname)
	}
	for _, s := range n.NTP {
		if s == "" || len(s) > 253 || strings.ContainsAny(s, " \t\r\n/") {
			return fmt.Errorf("init: settings [network] ntp: %q is no host", s)
		}
	}
	return nil
}

// isLabel says whether s is one label of a host name (RFC 1123 §2.1).
func isLabel(s string) bool {
	if len(s) == 0 || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// readNetwork reads the settings in force: those of the file, or the last good ones when the file
// is broken, with the fault.
func readNetwork(file, last string) (networkSettings, error) {
	text, err := readSmall(file)
	if os.IsNotExist(err) {
		return networkSettings{DHCP: true}, nil
	}
	var n networkSettings
	if err == nil {
		n, err = parseNetwork(text)
	}
	if err == nil {
		if part, err := toml.Marshal(map[string]any{"network": n}); err == nil {
			_ = writeAtomic(last, part) // a full disk keeps the older one
		}
		return n, nil
	}
	if old, lastErr := readSmall(last); lastErr == nil {
		if n, lastErr := parseNetwork(old); lastErr == nil {
			return n, err
		}
	}
	return networkSettings{DHCP: true}, err
}

func readSmall(file string) ([]byte, error) {
	st, err := os.Lstat(file)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Size() > maxSettings {
		return nil, fmt.Errorf("init: %s is not a settings file", file)
	}
	return os.ReadFile(file)
}

// writeAtomic replaces a file so that a power cut leaves either the old or the new one.
func writeAtomic(file string, data []byte) error {
	tmp := file + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp, file)
}
