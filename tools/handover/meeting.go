package handover

import (
	"context"
	"log/slog"
	"net/netip"

	"opendeskphone/tools/lab"
	"opendeskphone/tools/peer/focus"
)

// The conference server's place on the LAN, and how it is called.
const focusHost = 70

var (
	focusAt = netip.AddrPortFrom(lab.LANAddr(focusHost).Addr(), 5060)
	factory = "sip:conf@" + Domain
)

// NewMeetingStage is NewStageBesidePBX where the phone's line knows a conference server. Nobody is there yet. The phone has
// kept these files from before.
func NewMeetingStage(ctx context.Context, dir string, files map[string][]byte) (*Stage, error) {
	return raise(ctx, &Stage{Dir: dir, line: "conference_factory = \"" + factory + "\"", beside: true, meets: true, files: files})
}

// OpenFocus starts the conference server; the error of its end comes with stop.
func (s *Stage) OpenFocus(c focus.Config) (stop func() error) {
	c.Local, c.Domain, c.Factory, c.Proxy = focusAt, Domain, "conf", registrarAt
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- focus.New(c, lab.Network{NS: s.hall}, slog.New(slog.DiscardHandler)).Run(ctx) }()
	return func() error {
		cancel()
		return <-done
	}
}
