package lock

import (
	"context"
	"time"

	"opendeskphone/firmware/phone"
)

// maxHosts is how many computers' counters are kept; there are fewer pairings.
const maxHosts = 32

// Try takes a PIN that was typed. What comes of it shows in phone.State.Lock; while one is being looked at, a
// further one is passed over.
func (k *Keeper) Try(pin string) {
	select {
	case k.try <- pin:
	default:
	}
}

// check looks whether a PIN unlocks. Its waits hold over restarts, and a wrong PIN is counted before it is told.
func (k *Keeper) check(ctx context.Context, pin string) {
	k.mu.Lock()
	rec := k.rec
	k.mu.Unlock()
	now := time.Now()
	if rec.Kind == phone.Unlocked || rec.Kind == phone.HardLock || now.Before(rec.Until) {
		return
	}
	if rec.PIN.Matches(pin) {
		k.unlock(ctx)
		return
	}
	k.mu.Lock()
	rec = k.rec
	rec.Wrong++
	if over := rec.Wrong - freeTries; over >= 0 {
		rec.Until = now.Add(min(firstWait<<over, longWait))
	}
	hard := rec.Wrong >= hardTries
	if hard {
		rec.Kind, rec.Until = phone.HardLock, time.Time{}
	}
	k.keep(rec)
	k.mu.Unlock()
	if hard {
		k.set(ctx, phone.HardLock)
	}
	k.tellWrong(rec)
}

// provenFor is how long a PIN that was given lets its giver set another.
const provenFor = 2 * time.Minute

// Prove tells whether a PIN typed at a phone that is not locked is the one it has; SetPIN asks for that. Wrong ones count
// as they do on a locked phone, and lock it as soon as each would cost a wait. It takes some tenths of a second.
func (k *Keeper) Prove(pin string) bool {
	k.mu.Lock()
	rec := k.rec
	k.mu.Unlock()
	now := time.Now()
	if rec.Kind != phone.Unlocked || now.Before(rec.Until) {
		return false
	}
	right := rec.PIN.Matches(pin)
	k.mu.Lock()
	rec = k.rec
	if right {
		rec.Wrong, k.proven = 0, now
	} else if rec.Wrong++; rec.Wrong >= freeTries {
		rec.Until = now.Add(firstWait)
	}
	k.keep(rec)
	k.mu.Unlock()
	if !right && rec.Wrong >= freeTries {
		k.lock(context.Background(), phone.ManualLock)
		k.tellWrong(rec)
	}
	return right
}

// HostState takes news of a computer's screen and tells how the phone is locked afterwards. counter grows with
// each news of that computer; an old one is a replay and changes nothing.
func (k *Keeper) HostState(ctx context.Context, h Host, locked bool, counter uint64) phone.LockKind {
	k.mu.Lock()
	cfg, kind := k.cfg, k.rec.Kind
	last, known := k.counters[h.Pairing]
	heard := counter > last && (known || len(k.counters) < maxHosts) && h.Right && h.Proven && h.User != "" && h.User == h.Paired
	if heard {
		k.counters[h.Pairing] = counter
		k.followed, k.gone = true, time.Time{}
	}
	k.mu.Unlock()
	switch {
	case !heard:
	case locked && cfg.WithPC:
		k.lock(ctx, phone.HostLock)
	case !locked && cfg.UnlockWithPC && (kind == phone.IdleLock || kind == phone.HostLock):
		k.unlock(ctx)
	case !locked && kind == phone.HardLock: // its user is back: the PIN may be tried again, and nothing more
		k.soften(ctx)
	}
	return k.Kind()
}

// soften makes a hard lock one that the PIN opens.
func (k *Keeper) soften(ctx context.Context) {
	k.mu.Lock()
	k.keep(Record{PIN: k.rec.PIN, Kind: phone.ManualLock})
	k.mu.Unlock()
	k.set(ctx, phone.ManualLock)
}

// Kind tells how the phone is locked.
func (k *Keeper) Kind() phone.LockKind {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.rec.Kind
}

// Attached tells whether a computer is proven over the cable. One that goes unlocks nothing; after a while without
// it the phone locks by itself.
func (k *Keeper) Attached(there bool) {
	k.mu.Lock()
	switch {
	case there:
		k.gone = time.Time{}
	case k.followed && k.gone.IsZero():
		k.gone = time.Now()
	}
	k.mu.Unlock()
	k.stir()
}
