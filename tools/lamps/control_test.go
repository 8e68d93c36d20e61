package lamps

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/lab/desk"
	"opendeskphone/tools/lab/pc"
)

// controller is odp at the computer of one of the phones.
type controller struct{ *pc.Program }

// control sits down at the computer of a phone.
func (s *Stage) control(ctx context.Context, t *testing.T, odp string, p *desk.Twin, user string) controller {
	t.Helper()
	program, err := s.computer.Install(ctx, s.LAN.Core, user, odp, p.Addr())
	must(t, err)
	t.Cleanup(program.Stop)
	return controller{program}
}

// does has the phone do something.
func (c controller) does(ctx context.Context, t *testing.T, args ...string) {
	t.Helper()
	_, err := c.Run(ctx, args...)
	must(t, err)
}

// refused has it refuse something in these words.
func (c controller) refused(ctx context.Context, t *testing.T, words string, args ...string) {
	t.Helper()
	if said, err := c.Run(ctx, args...); err == nil || !strings.Contains(said, words) {
		t.Errorf("odp %v: %v, %q, not %q", args, err, said, words)
	}
}

// watched is who has a key.
func (c controller) watched(ctx context.Context, t *testing.T) []tpcp.Watched {
	t.Helper()
	said, err := c.Run(ctx, "--json", "keys")
	must(t, err)
	var r struct{ Watched []tpcp.Watched }
	must(t, json.Unmarshal([]byte(said), &r))
	if len(r.Watched) != 3 {
		t.Fatalf("%d have a key: %s", len(r.Watched), said)
	}
	return r.Watched
}
