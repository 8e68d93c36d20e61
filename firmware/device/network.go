package device

import (
	"context"
	"errors"
	"slices"
	"time"

	"opendeskphone/firmware/phone"
)

const settle = 300 * time.Millisecond // a link that comes up brings several changes: wait for the last

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
		if !first && len(now) > 0 && !slices.Equal(now, had) {
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
		for quiet := false; !quiet; {
			select {
			case <-ctx.Done():
				return nil
			case <-d.opts.NetChanged:
			case <-time.After(settle):
				quiet = true
			}
		}
	}
}
