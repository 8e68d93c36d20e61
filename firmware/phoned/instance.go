package main

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"opendeskphone/firmware/durable"
)

var urn = regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// instance gives the device its name towards registrars (RFC 5626 §4.1): made once, kept for ever.
func instance(dir string, log *slog.Logger) string {
	path := filepath.Join(dir, "instance")
	if text, err := os.ReadFile(path); err == nil && urn.MatchString(strings.TrimSpace(string(text))) {
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
