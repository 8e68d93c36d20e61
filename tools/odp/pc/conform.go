package pc

import (
	"context"
	"io"
	"net"
	"time"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/conformance"
)

// Conform holds a phone to the public description of TPCP, as this computer's controller, and writes a line for each
// rule to report. answering is a number that answers by itself; empty: no calls are made. It works over the network
// beside the agent's own control leg, since the cable carries one leg at a time.
func (a *Agent) Conform(ctx context.Context, phone, answering string, report io.Writer) (passed, failed int, err error) {
	s, err := a.choose(phone)
	if err != nil {
		return 0, 0, err
	}
	r, ok := a.self.find(s.id)
	if !ok {
		return 0, 0, a.why(s.id)
	}
	if len(r.Addresses) == 0 {
		return 0, 0, &Refusal{Kind: Unreachable, Words: "The phone is not on the network.", Hint: "The checks do not run through the cable."}
	}
	cert, err := a.self.certificate()
	if err != nil {
		return 0, 0, err
	}
	dial := func(ctx context.Context) (net.Conn, error) { return dialAny(ctx, r.Addresses, 5*time.Second) }
	secret := func() []byte {
		if _, at, _ := s.now(); at != nil {
			return at.Secret[:]
		}
		return nil
	}
	o := conformance.Options{Identity: tpcp.Identity{Certificate: cert, Phone: r.Pin()}, Secret: secret, Call: answering}
	passed, failed = conformance.Run(ctx, dial, o, report)
	return passed, failed, nil
}
