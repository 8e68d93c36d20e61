package lamps

import (
	"context"
	"testing"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/lab/desk"
)

// controller is the computer at one of the phones.
type controller struct{ *tpcp.Client }

// control sits down at the computer of a phone.
func (s *Stage) control(ctx context.Context, t *testing.T, p *desk.Twin) controller {
	t.Helper()
	c, leave, err := s.computer.Control(ctx, s.LAN.Core, p.Addr(), func(tpcp.Notification) {})
	must(t, err)
	t.Cleanup(leave)
	return controller{c}
}

// asks has the phone do something.
func (c controller) asks(ctx context.Context, t *testing.T, method string, params any) {
	t.Helper()
	if err := c.Call(ctx, method, params, nil); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
}

// refused has it refuse something.
func (c controller) refused(ctx context.Context, t *testing.T, code tpcp.Code, method string, params any) {
	t.Helper()
	if err := c.Call(ctx, method, params, nil); tpcp.CodeOf(err) != code {
		t.Errorf("%s: %v, want %v", method, err, code)
	}
}

// watched is who has a key.
func (c controller) watched(ctx context.Context, t *testing.T) []tpcp.Watched {
	t.Helper()
	var r tpcp.WatchedResult
	must(t, c.Call(ctx, "presence.list", tpcp.KeysParams{}, &r))
	if len(r.Watched) != 3 {
		t.Fatalf("%d have a key: %+v", len(r.Watched), r)
	}
	return r.Watched
}
