package mediation

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"opendeskphone/tools/lab"
)

// env makes a program that calls Main a mediation server.
const env = "ODP_MEDIATION"

// Main makes the calling process a mediation server if it was started as one, and then does not return.
func Main() {
	text := os.Getenv(env)
	if text == "" {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	var cfg Config
	err := json.Unmarshal([]byte(text), &cfg)
	if err == nil {
		err = New(cfg, slog.New(slog.NewTextHandler(os.Stderr, nil))).Run(ctx)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mediation:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Start starts a server in a namespace, as its ICE wants to see the addresses there; the program must call Main first thing
// in its main.
func Start(ns *lab.Namespace, cfg Config) (*lab.Process, error) {
	text, err := json.Marshal(cfg)
	if err != nil {
		return nil, fmt.Errorf("mediation: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("mediation: find own program: %w", err)
	}
	return ns.Start(lab.Command{Name: "mediation", Argv: []string{self}, Env: []string{env + "=" + string(text)}})
}
