package device

import (
	"net"
	"strings"
)

// hostOf finds the host in "sip:user@host:port;x", "host:port" or "host".
func hostOf(s string) string {
	for _, scheme := range []string{"sip:", "sips:"} {
		s = strings.TrimPrefix(s, scheme)
	}
	if _, after, ok := strings.Cut(s, "@"); ok {
		s = after
	}
	s, _, _ = strings.Cut(s, ";")
	if host, _, err := net.SplitHostPort(s); err == nil {
		return host
	}
	return strings.Trim(s, "[]")
}
