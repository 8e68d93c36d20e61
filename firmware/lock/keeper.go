// Package lock keeps the lock of the phone: it knows the PIN, counts wrong ones, locks a phone that nobody uses,
// and follows the paired computer's screen. What a locked phone still does is the centre's business
// (phone.SetLock); a phone without a PIN is never locked, since nobody could unlock it once its computer is gone.
//
//	PIN typed, computer locked or unlocked, cable pulled, nobody there --> Keeper -- SetLock, PINRefused --> centre
//
// It fails closed: whatever is lost, silent, late or not proven never unlocks.
package lock

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"opendeskphone/firmware/phone"
)

// Config is how the phone locks.
type Config struct {
	Idle         time.Duration // locks after so long without use; 0: never by itself
	WithPC       bool          // locks when the computer is locked
	UnlockWithPC bool          // unlocks when the computer is unlocked
}

// Record is what outlives a restart.
type Record struct {
	PIN   PIN
	Kind  phone.LockKind
	Wrong int
	Until time.Time // by the wall clock: a power cut shortens no wait
}

// Memory keeps the record.
type Memory interface {
	Lock() Record
	KeepLock(Record)
}

// Host is the computer that tells of its screen.
type Host struct {
	Pairing string // its pairing's ID
	Name    string
	Paired  string // the user at pairing
	User    string // the user now
	Proven  bool   // it is proven over the cable that is plugged in now
	Right   bool   // it has the right to move the lock
}

// The rules of wrong PINs.
const (
	freeTries = 5 // then each costs a wait, doubled every time
	firstWait = 30 * time.Second
	longWait  = time.Hour
	hardTries = 10 // then no PIN is taken at all
)

// The rules of a computer that goes.
const (
	grace       = time.Minute      // before its absence counts
	idleWithout = 10 * time.Minute // and then, at most, until the phone locks by itself
)

// Keeper keeps the lock. Its methods may be called from any goroutine and never block for long.
type Keeper struct {
	control phone.Control
	post    func(phone.Event)
	memory  Memory
	log     *slog.Logger
	try     chan string   // a PIN to check; the screen must not wait for the digest
	poke    chan struct{} // something that decides when to lock has changed

	mu       sync.Mutex
	cfg      Config
	rec      Record
	used     time.Time
	proven   time.Time // when somebody at the unlocked phone last gave the PIN
	gone     time.Time // since when the computer that followed is gone; zero: it is there, or there was none
	followed bool
	counters map[string]uint64 // the last counter of each computer
}

// New makes the keeper of a phone.
func New(cfg Config, control phone.Control, post func(phone.Event), m Memory, log *slog.Logger) *Keeper {
	return &Keeper{control: control, post: post, memory: m, log: log, try: make(chan string, 1), poke: make(chan struct{}, 1),
		cfg: cfg, rec: m.Lock(), used: time.Now(), counters: map[string]uint64{}}
}

// Restore locks a phone that was locked when it was switched off. It comes before anything takes a key or a command.
func (k *Keeper) Restore(ctx context.Context) {
	k.mu.Lock()
	rec := k.rec
	k.mu.Unlock()
	if rec.PIN.IsSet() && rec.Kind != phone.Unlocked {
		k.set(ctx, rec.Kind)
		k.tellWrong(rec)
	}
}

// Run keeps the lock until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	k.mu.Lock()
	k.used = time.Now()
	k.mu.Unlock()
	watching, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	defer watch.Wait()
	defer stop()
	watch.Go(func() { k.follow(watching) })
	for {
		late := time.NewTimer(k.lockIn(time.Now()))
		select {
		case <-ctx.Done():
			late.Stop()
			return nil
		case pin := <-k.try:
			k.check(ctx, pin)
		case <-k.poke:
		case <-late.C:
			if k.lockIn(time.Now()) <= 0 {
				k.lock(ctx, phone.IdleLock)
			}
		}
		late.Stop()
	}
}

// never is a time that does not come while anybody waits.
const never = 1000 * time.Hour

// lockIn tells in how long the phone locks by itself, as things are.
func (k *Keeper) lockIn(now time.Time) time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	idle := k.cfg.Idle
	if !k.gone.IsZero() && k.cfg.WithPC && (idle == 0 || idle > idleWithout) {
		idle = max(idleWithout, k.gone.Add(grace).Sub(k.used)) // the grace comes first
	}
	if idle == 0 || !k.rec.PIN.IsSet() || k.rec.Kind != phone.Unlocked {
		return never
	}
	return k.used.Add(idle).Sub(now)
}

// follow notices that the phone is used: whatever a person at it does is a change by screen or panel, and a call
// is use as long as it goes on.
func (k *Keeper) follow(ctx context.Context) {
	for seq := phone.Seq(0); ; {
		u, err := k.control.Watch(ctx, seq)
		if err != nil {
			return
		}
		seq = u.State.Seq
		if slices.ContainsFunc(u.Changes, func(c phone.Change) bool { return c.By == "ui" || c.By == "panel" || c.What == phone.CallChanged }) {
			k.Used()
		}
	}
}

// Used tells that somebody uses the phone.
func (k *Keeper) Used() {
	k.mu.Lock()
	k.used = time.Now()
	k.mu.Unlock()
	k.stir()
}

func (k *Keeper) stir() {
	select {
	case k.poke <- struct{}{}:
	default:
	}
}

// Configure takes other settings.
func (k *Keeper) Configure(cfg Config) {
	k.mu.Lock()
	k.cfg = cfg
	k.mu.Unlock()
	k.stir()
}

// HasPIN tells whether the phone can be locked at all.
func (k *Keeper) HasPIN() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.rec.PIN.IsSet()
}

// SetPIN sets a PIN, or takes it away (empty). It is for somebody at a phone that is not locked, who has just proven to
// know the PIN there is; phone.Locked if not.
func (k *Keeper) SetPIN(pin string) error {
	p := PIN{}
	if pin != "" {
		var err error
		if p, err = NewPIN(pin); err != nil {
			return err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.rec.Kind != phone.Unlocked || k.rec.PIN.IsSet() && time.Since(k.proven) > provenFor {
		return phone.Locked
	}
	k.keep(Record{PIN: p})
	k.proven = time.Time{}
	k.stir()
	return nil
}

// Lock locks the phone now, as somebody at it wishes; only the PIN unlocks it then.
func (k *Keeper) Lock() { k.lock(context.Background(), phone.ManualLock) }

// lock locks, unless the phone is locked more strictly already, or could not be unlocked.
func (k *Keeper) lock(ctx context.Context, kind phone.LockKind) {
	k.mu.Lock()
	ok := k.rec.PIN.IsSet() && kind > k.rec.Kind
	if ok {
		rec := k.rec
		rec.Kind = kind
		k.keep(rec)
	}
	k.mu.Unlock()
	if ok {
		k.set(ctx, kind)
	}
}

func (k *Keeper) unlock(ctx context.Context) {
	k.mu.Lock()
	k.keep(Record{PIN: k.rec.PIN})
	k.used = time.Now()
	k.mu.Unlock()
	k.set(ctx, phone.Unlocked)
}

// keep makes the record and remembers it; the caller holds mu.
func (k *Keeper) keep(r Record) {
	k.rec = r
	k.memory.KeepLock(r)
}

func (k *Keeper) set(ctx context.Context, kind phone.LockKind) {
	if err := k.control.Do(ctx, "lock", phone.SetLock{Kind: kind}); err != nil && ctx.Err() == nil {
		k.log.Error("lock", "to", kind, "err", err)
	}
}

func (k *Keeper) tellWrong(r Record) {
	if r.Wrong > 0 {
		k.post(phone.PINRefused{Wrong: r.Wrong, Until: r.Until})
	}
}
