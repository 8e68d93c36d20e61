package lab

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

// The ports of a STUN and TURN server (RFC 8656 §6.1): UDP and TCP, and TLS.
const (
	turnPort  = 3478
	turnsPort = 5349
)

// The one user of the lab's TURN server, with long-term credentials.
const (
	TURNUser     = "desk"
	TURNPassword = "turn-secret"
)

// Coturn is a running STUN and TURN server.
type Coturn struct {
	proc *Process
	addr netip.Addr
}

// StartCoturn starts coturn at an address of a namespace and waits until it takes connections. With a secret it knows not the
// one user, but all whose credentials for a time Credentials makes.
func StartCoturn(ctx context.Context, ns *Namespace, addr netip.Addr, pair KeyPair, secret string) (*Coturn, error) {
	if err := Require("turnserver"); err != nil {
		return nil, err
	}
	dir := filepath.Join(ns.Dir(), "coturn")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("lab: make directory of coturn: %w", err)
	}
	c := &Coturn{addr: addr}
	users := []string{"--lt-cred-mech", "--user", TURNUser + ":" + TURNPassword}
	if secret != "" {
		users = []string{"--use-auth-secret", "--static-auth-secret", secret}
	}
	var err error
	c.proc, err = ns.Start(Command{Name: "coturn", Dir: dir, Argv: append([]string{"turnserver", "-n", "--no-cli", "--no-dtls", "--fingerprint",
		"--listening-ip", addr.String(), "--relay-ip", addr.String(),
		"--realm", "lab.test", "--cert", pair.CertFile, "--pkey", pair.KeyFile, "--userdb", filepath.Join(dir, "db"),
		"--pidfile", filepath.Join(dir, "pid"), "--log-file", "stdout", "--simple-log", "--verbose"}, users...)})
	if err != nil {
		return nil, err
	}
	return c, c.proc.WaitUp(ctx, "coturn", func(ctx context.Context) (bool, error) {
		conn, err := ns.Dial(ctx, "tcp", netip.AddrPortFrom(addr, turnsPort))
		if err != nil {
			return false, nil
		}
		return true, conn.Close()
	})
}

// Credentials are those of a user until then, at a server with a secret, as services that hand down relays make them
// (draft-uberti-behave-turn-rest).
func Credentials(secret, user string, until time.Time) (name, password string) {
	name = fmt.Sprintf("%d:%s", until.Unix(), user)
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(name))
	return name, base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// STUN is where it answers STUN.
func (c *Coturn) STUN() netip.AddrPort { return netip.AddrPortFrom(c.addr, turnPort) }

// TURN is its address over a transport, udp, tcp or tls, as a URI (RFC 7065).
func (c *Coturn) TURN(transport string) string {
	if transport == "tls" {
		return fmt.Sprintf("turns:%s:%d?transport=tcp", c.addr, turnsPort)
	}
	return fmt.Sprintf("turn:%s:%d?transport=%s", c.addr, turnPort, transport)
}

// Log is what it prints.
func (c *Coturn) Log() *Log { return c.proc.Log }
