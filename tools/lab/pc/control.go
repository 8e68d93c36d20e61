package pc

import (
	"context"
	"net/netip"
	"sync"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/lab"
)

// controllers is the port of phones for those who control them.
const controllers = 5588

// Control opens a session of a computer that a phone knows, from a host over the network, and gives heard what the phone tells.
// Leave ends it.
func (c *Computer) Control(ctx context.Context, host *lab.Namespace, phone netip.Addr, heard func(tpcp.Notification)) (client *tpcp.Client, leave func(), err error) {
	own, err := tpcp.Certificate(c.Self.Key)
	if err != nil {
		return nil, nil, err
	}
	raw, err := host.Dial(ctx, "tcp", netip.AddrPortFrom(phone, controllers))
	if err != nil {
		return nil, nil, err
	}
	if client, err = tpcp.Over(ctx, raw, tpcp.Identity{Certificate: own, Phone: c.Record.Pin()}); err != nil {
		return nil, nil, err
	}
	var all sync.WaitGroup
	all.Go(func() { _ = client.Run(context.Background()) }) // ends with the client
	all.Go(func() {
		for n := range client.Notifications() {
			heard(n)
		}
	})
	leave = func() { client.Close(); all.Wait() }
	if _, err = client.Open(ctx, tpcp.OpenParams{ControllerID: "desk"}, nil); err != nil {
		leave()
		return nil, nil, err
	}
	return client, leave, nil
}
