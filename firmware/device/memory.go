package device

import (
	"context"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/store"
)

// restore gives the centre what the phone remembers from before it was switched off, and tells of
// what was found broken.
func (d *Device) restore() {
	ctx := context.Background()
	if v, ok := d.store.Volumes(); ok {
		for p, level := range v.Path {
			_ = d.loop.Do(ctx, "store", phone.SetVolume{Path: phone.Path(p), Level: level}) // out of range: the file is older than the scale
		}
		_ = d.loop.Do(ctx, "store", phone.SetRingVolume{Level: v.Ring})
	} else {
		s := d.settings.File().Sound
		for p, level := range [phone.PathCount]int{s.HandsetVolume, s.HeadsetVolume, s.SpeakerVolume} {
			_ = d.loop.Do(ctx, "settings", phone.SetVolume{Path: phone.Path(p), Level: uint8(level)})
		}
		_ = d.loop.Do(ctx, "settings", phone.SetRingVolume{Level: uint8(s.RingVolume)})
	}
	d.loop.Post("store", phone.Recalled{Unseen: d.store.Unseen()})
	d.store.Notify(func(problem string) { d.notice(phone.StoreFull, problem) })
	d.notice(phone.StoreFull, d.store.Problem())
	d.notice(phone.SettingsInvalid, d.settings.Problem())
}

// keep remembers what the user turned or has not seen yet: volumes and calls that came in.
func (d *Device) keep(ctx context.Context) error {
	for seq := phone.Seq(0); ; {
		u, err := d.loop.Watch(ctx, seq)
		if err != nil {
			return nil // the phone is stopping
		}
		seq = u.State.Seq
		d.store.KeepUnseen(u.State.Unseen)
		d.store.KeepVolumes(store.Volumes{Path: u.State.Volume, Ring: u.State.RingVolume})
	}
}
