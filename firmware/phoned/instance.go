package main

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"opendeskphone/firmware/durable"
)

// urn tells whether a text is a name such as instance makes.
func urn(s string) bool {
	hex, ok := strings.CutPrefix(s, "urn:uuid:")
	groups := strings.Split(hex, "-")
	return ok && len(hex) == 36 && len(groups) == 5 && strings.Trim(hex, "0123456789abcdef-") == "" &&
		len(groups[0]) == 8 && len(groups[1]) == 4 && len(groups[2]) == 4 && len(groups[3]) == 4
}

// instance gives the device its name towards registrars (RFC 5626 §4.1): made once, kept for ever.
func instance(dir string, log *slog.Logger) string {
	path := filepath.Join(dir, "instance")
	if text, err := os.ReadFile(path); err == nil && urn(strings.TrimSpace(string(text))) {
		return strings.TrimSpace(string(text))
	}
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // RFC 9562 §5.4: version 4
	name := fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	if err := durable.Write(path, []byte(name+"\n")); err != nil {
		log.Warn("the instance name is new at every start", "err", err)
	}
	return name
}
