package device

import (
	"context"
	"fmt"

	"opendeskphone/firmware/settings"
)

func (d *Device) setRecording(r settings.Recording) {
	d.sounder.announce(r.Tone)
	d.tape.SetQuota(int64(r.Quota) * 1_000_000)
	d.opts.Recordings.UseStick(r.On == settings.OnStick)
	select {
	case d.stickChanged <- struct{}{}:
	default: // the change before has not been taken up; this one will be with it
	}
}

// sticks follows the USB stick at the phone while recordings go there. Without that wish no stick is looked at: file systems
// from strangers are not read for nothing.
func (d *Device) sticks(ctx context.Context) error {
	for ctx.Err() == nil {
		if wanted, _ := d.opts.Recordings.Place(); !wanted {
			select {
			case <-d.stickChanged:
			case <-ctx.Done():
			}
			continue
		}
		if err := d.followStick(ctx); err != nil {
			return err
		}
	}
	return nil
}

// followStick follows the stick until the settings change or ctx ends.
func (d *Device) followStick(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	came, err := d.hardware.Sticks(ctx)
	if err != nil {
		return fmt.Errorf("device: %w", err)
	}
	defer d.refresh()
	defer d.opts.Recordings.SetStick("")
	for {
		select {
		case s, ok := <-came:
			if !ok {
				return fmt.Errorf("device: nobody looks after USB sticks any more")
			}
			if s.Fault != "" {
				d.log.Error("USB stick", "err", s.Fault)
			}
			d.opts.Recordings.SetStick(s.Dir)
			d.refresh()
		case <-d.stickChanged:
			if wanted, _ := d.opts.Recordings.Place(); !wanted {
				return nil
			}
		case <-ctx.Done():
			return nil
		}
	}
}
