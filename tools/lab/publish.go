package lab

import (
	"context"
	_ "embed"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
)

//go:embed publish.xml
var publishScenario string

// Publication is the state of somebody or something, as another than its user tells it (RFC 3903).
type Publication struct {
	Entity, Event string
	Type, Body    string
}

// Publish has sipp tell a server a state from an address of a namespace, by the name of server.
func Publish(ctx context.Context, ns *Namespace, from netip.Addr, server netip.AddrPort, p Publication) error {
	file := filepath.Join(ns.Dir(), "publish.xml")
	if err := os.WriteFile(file, []byte(publishScenario), 0o644); err != nil {
		return fmt.Errorf("lab: write scenario: %w", err)
	}
	return RunSIPp(ctx, ns, SIPp{Name: "publish", Scenario: file, Local: from, Remote: server, User: "server", Rate: 50,
		Keys: map[string]string{"entity": p.Entity, "event": p.Event, "type": p.Type, "body": p.Body}})
}
