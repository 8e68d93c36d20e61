package device

import (
	"context"
	"time"

	"opendeskphone/firmware/lock"
	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/settings"
	"opendeskphone/firmware/tpcp"
)

func lockConfig(s settings.Lock) lock.Config {
	return lock.Config{Idle: time.Duration(s.Idle) * time.Minute, WithPC: s.WithPC, UnlockWithPC: s.UnlockWithPC}
}

// hostLock lets paired computers tell of their screens.
type hostLock struct{ d *Device }

func lockState(k phone.LockKind) tpcp.LockState {
	if k == phone.Unlocked {
		return tpcp.LockState{}
	}
	return tpcp.LockState{Locked: true, Why: k.String()}
}

// HostState implements tpcp.Lock.
func (l hostLock) HostState(p tpcp.Pairing, attached bool, s tpcp.HostState) (tpcp.LockState, error) {
	ctx, cancel := context.WithTimeout(context.Background(), applyTime)
	defer cancel()
	host := lock.Host{Pairing: p.ID, Name: p.Name, Paired: p.User, User: s.User, Proven: attached, Right: p.Rights&tpcp.LockRight != 0}
	return lockState(l.d.keeper.HostState(ctx, host, s.State == "locked", s.Ctr)), nil
}
