package device

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/settings"
	"opendeskphone/firmware/uplink"
)

// A link that comes up brings several changes: the last is waited for, but not for long, since an address
// of IPv6 may need seconds until it is good.
const (
	settle    = 100 * time.Millisecond
	settleMax = 400 * time.Millisecond
)

// mark marks packets as the network wants it now.
func (d *Device) mark() {
	d.report("quality marks", d.setMedia(d.settings.File().Media))
	if s := d.sip.stack.Load(); s != nil {
		s.Mark(d.signalingDSCP())
	}
}

func (d *Device) signalingDSCP() int {
	return settings.SignalingDSCP(d.settings.File().SIP.DSCP, d.opts.About().Uplink.SignalingDSCP)
}

// followNetwork registers anew whenever the phone's addresses have changed, and tells the user when
// it has none. Calls from then on are marked as the network wants it.
func (d *Device) followNetwork(ctx context.Context) error {
	var had []string
	var told uplink.State
	for first := true; ; first = false {
		facts := d.opts.About()
		now := facts.Addresses
		if first || !reflect.DeepEqual(facts.Uplink, told) {
			told = facts.Uplink
			d.mark()
		}
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
