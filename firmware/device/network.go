package device

import (
	"context"
	"errors"
	"slices"
	"time"

	"opendeskphone/firmware/phone"
)

// A link that comes up brings several changes: the last is waited for, but not for long, since an address
// of IPv6 may need seconds until it is good.
const (
	settle    = 100 * time.Millisecond
	settleMax = 400 * time.Millisecond
)

// followNetwork registers anew whenever the phone's addresses have changed, and tells the user when
// it has none.
func (d *Device) followNetwork(ctx context.Context) error {
	var had []string
	for first := true; ; first = false {
		now := d.opts.About().Addresses
		text := ""
		if len(now) == 0 {
			text = "no address"
		}
		d.notice(phone.NoNetwork, text)
		switch {
		case first || slices.Equal(now, had):
		case len(now) == 0:
			d.log.Info("there is no network")
			d.sip.offline()
		default:
			d.log.Info("the network is another", "addresses", now)
			d.sip.moved()
			d.tellPlaces()
			d.refresh()
		}
		had = now
		select {
		case <-ctx.Done():
			return nil
		case _, open := <-d.opts.NetChanged:
			if !open {
				return errors.New("device: nobody watches the network any more")
			}
		}
		latest := time.After(settleMax)
		for quiet := false; !quiet; {
			select {
			case <-ctx.Done():
				return nil
			case <-d.opts.NetChanged:
			case <-time.After(settle):
				quiet = true
			case <-latest:
				quiet = true
			}
		}
	}
}
