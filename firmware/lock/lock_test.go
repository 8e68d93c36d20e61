package lock

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/firmware/phone"
)

// desk is a keeper with the real centre of a phone before it.
type desk struct {
	*Keeper
	kept *memory
	loop *phone.Loop
	stop func()
}

type memory struct {
	mu  sync.Mutex
	rec Record
}

func (m *memory) Lock() Record      { m.mu.Lock(); defer m.mu.Unlock(); return m.rec }
func (m *memory) KeepLock(r Record) { m.mu.Lock(); defer m.mu.Unlock(); m.rec = r }

type unrecorded struct{}

func (unrecorded) Record(*phone.State, time.Time, phone.Origin, phone.Input) {}

const pin = "2580"

// start runs a phone on what a memory holds.
func start(t *testing.T, cfg Config, m *memory) *desk {
	log := slog.New(slog.DiscardHandler)
	loop := phone.NewLoop(phone.DefaultConfig(), func(phone.Effect) {}, unrecorded{}, log)
	d := &desk{kept: m, loop: loop}
	d.Keeper = New(cfg, loop, func(e phone.Event) { loop.Post("lock", e) }, m, log)
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { _ = loop.Run(ctx) })
	d.Restore(ctx)
	parts.Go(func() { _ = d.Run(ctx) })
	d.stop = func() { cancel(); parts.Wait() }
	t.Cleanup(d.stop)
	synctest.Wait()
	return d
}

func withPIN(t *testing.T) *memory {
	p, err := NewPIN(pin)
	if err != nil {
		t.Fatal(err)
	}
	return &memory{rec: Record{PIN: p}}
}

func (d *desk) kind() phone.LockKind {
	synctest.Wait()
	return d.loop.State().Lock.Kind
}

func (d *desk) try(pin string) phone.Lock {
	d.Try(pin)
	synctest.Wait()
	return d.loop.State().Lock
}

var anna = Host{Pairing: "p1", Name: "laptop", Paired: "anna", User: "anna", Proven: true, Right: true}

func bubble(t *testing.T, f func(t *testing.T)) { t.Helper(); synctest.Test(t, f) }

func TestLocksByItselfAndOpensByPIN(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := start(t, Config{Idle: 5 * time.Minute}, withPIN(t))
		time.Sleep(4 * time.Minute)
		if err := d.loop.Do(t.Context(), "ui", phone.SetRingVolume{Level: 3}); err != nil { // somebody is there
			t.Fatal(err)
		}
		time.Sleep(4 * time.Minute)
		if k := d.kind(); k != phone.Unlocked {
			t.Fatalf("locked %v though it was used", k)
		}
		time.Sleep(time.Minute + time.Second)
		if k := d.kind(); k != phone.IdleLock {
			t.Fatalf("not locked: %v", k)
		}
		if l := d.try("0000"); l.Kind != phone.IdleLock || l.Wrong != 1 {
			t.Errorf("wrong PIN: %+v", l)
		}
		if l := d.try(pin); l != (phone.Lock{}) {
			t.Errorf("right PIN: %+v", l)
		}
	})
}

func TestPhoneWithoutPINIsNeverLocked(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := start(t, Config{Idle: time.Minute, WithPC: true}, &memory{})
		d.Lock()
		d.HostState(t.Context(), anna, true, 1)
		time.Sleep(time.Hour)
		if k := d.kind(); k != phone.Unlocked {
			t.Errorf("locked for ever: %v", k)
		}
		if err := d.SetPIN("12"); !errors.Is(err, ErrPIN) {
			t.Errorf("two digits: %v", err)
		}
		if err := d.SetPIN(pin); err != nil {
			t.Fatal(err)
		}
		if d.Lock(); d.kind() != phone.ManualLock {
			t.Error("a PIN was set, and the phone does not lock")
		}
		if err := d.SetPIN(""); !errors.Is(err, phone.Locked) {
			t.Errorf("the PIN of a locked phone was taken away: %v", err)
		}
	})
}

func TestWrongPINsCostEverMoreTimeAlsoOverARestart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := start(t, Config{}, withPIN(t))
		d.Lock()
		for range 5 {
			d.try("1111")
		}
		l := d.try(pin) // right, but too soon
		if l.Wrong != 5 || time.Until(l.Until) != 30*time.Second {
			t.Fatalf("after five: %+v, %v", l, time.Until(l.Until))
		}
		d.stop()
		d = start(t, Config{}, d.kept)
		if l := d.try(pin); l.Kind != phone.ManualLock || l.Wrong != 5 {
			t.Fatalf("after a restart: %+v", l)
		}
		wait := 30 * time.Second
		for wrong := 6; wrong < 10; wrong++ {
			time.Sleep(wait)
			wait *= 2
			if l = d.try("1111"); l.Wrong != wrong || time.Until(l.Until) != wait {
				t.Fatalf("after %d: %+v, %v", wrong, l, time.Until(l.Until))
			}
		}
		time.Sleep(wait)
		if l = d.try("1111"); l.Kind != phone.HardLock {
			t.Fatalf("after ten: %+v", l)
		}
		time.Sleep(24 * time.Hour)
		if l = d.try(pin); l.Kind != phone.HardLock {
			t.Fatal("the PIN opened a hard lock")
		}
		if d.HostState(t.Context(), anna, false, 1); d.kind() != phone.ManualLock {
			t.Fatalf("the computer does not let the PIN be tried again: %v", d.kind())
		}
		if l = d.try(pin); l.Kind != phone.Unlocked {
			t.Errorf("and the PIN does not open: %+v", l)
		}
	})
}

func TestFollowsTheComputer(t *testing.T) {
	for name, c := range map[string]struct {
		cfg    Config
		before phone.LockKind
		host   func(h *Host, counter *uint64)
		locked bool
		want   phone.LockKind
	}{
		"locks with it":        {Config{WithPC: true}, phone.Unlocked, nil, true, phone.HostLock},
		"unless told not to":   {Config{}, phone.Unlocked, nil, true, phone.Unlocked},
		"opens with it":        {Config{UnlockWithPC: true}, phone.HostLock, nil, false, phone.Unlocked},
		"opens an idle lock":   {Config{UnlockWithPC: true}, phone.IdleLock, nil, false, phone.Unlocked},
		"not a lock by hand":   {Config{UnlockWithPC: true}, phone.ManualLock, nil, false, phone.ManualLock},
		"not when told not to": {Config{}, phone.HostLock, nil, false, phone.HostLock},
		"cable not plugged in": {Config{UnlockWithPC: true}, phone.HostLock, func(h *Host, _ *uint64) { h.Proven = false }, false, phone.HostLock},
		"right taken away":     {Config{UnlockWithPC: true}, phone.HostLock, func(h *Host, _ *uint64) { h.Right = false }, false, phone.HostLock},
		"another user":         {Config{UnlockWithPC: true}, phone.HostLock, func(h *Host, _ *uint64) { h.User = "eve" }, false, phone.HostLock},
		"no user":              {Config{UnlockWithPC: true}, phone.HostLock, func(h *Host, _ *uint64) { h.User, h.Paired = "", "" }, false, phone.HostLock},
		"a replay":             {Config{UnlockWithPC: true}, phone.HostLock, func(_ *Host, n *uint64) { *n = 5 }, false, phone.HostLock},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				m := withPIN(t)
				m.rec.Kind = c.before
				d := start(t, c.cfg, m)
				d.HostState(t.Context(), anna, !c.cfg.WithPC, 5) // changes nothing, but counts
				h, counter := anna, uint64(6)
				if c.host != nil {
					c.host(&h, &counter)
				}
				if got := d.HostState(t.Context(), h, c.locked, counter); got != c.want || d.kind() != c.want {
					t.Errorf("%v, and the centre says %v; want %v", got, d.kind(), c.want)
				}
			})
		})
	}
}

// A computer that is pulled or killed unlocks nothing, and its absence locks after a while.
func TestComputerThatGoes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := withPIN(t)
		m.rec.Kind = phone.HostLock
		d := start(t, Config{WithPC: true, UnlockWithPC: true}, m)
		d.Attached(true)
		d.Attached(false)
		time.Sleep(time.Hour)
		if k := d.kind(); k != phone.HostLock {
			t.Fatalf("pulling the cable opened the phone: %v", k)
		}
		d.Attached(true)
		d.HostState(t.Context(), anna, false, 1)
		if k := d.kind(); k != phone.Unlocked {
			t.Fatal(k)
		}
		d.Attached(false)
		time.Sleep(9 * time.Minute)
		if k := d.kind(); k != phone.Unlocked {
			t.Fatalf("locked too soon: %v", k)
		}
		time.Sleep(2 * time.Minute)
		if k := d.kind(); k != phone.IdleLock {
			t.Errorf("the phone stays open without its computer: %v", k)
		}
	})
}

func TestPINIsNotKeptAsItIs(t *testing.T) {
	a, err := NewPIN(pin)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := NewPIN(pin)
	if string(a.Digest) == string(b.Digest) || !a.Matches(pin) || a.Matches("2581") || a.Matches("") || (PIN{}).Matches("") {
		t.Error("digests tell PINs apart wrongly")
	}
	for _, bad := range []string{"", "123", "123456789", "12a4", "١٢٣٤"} {
		if _, err := NewPIN(bad); !errors.Is(err, ErrPIN) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestFileKeepsTheRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	log := slog.New(slog.DiscardHandler)
	f := OpenFile(path, log)
	p, err := NewPIN(pin)
	if err != nil || f.Lock().PIN.IsSet() {
		t.Fatal(err, f.Lock())
	}
	f.KeepLock(Record{PIN: p, Kind: phone.ManualLock, Wrong: 7})
	if r := OpenFile(path, log).Lock(); !r.PIN.Matches(pin) || r.Kind != phone.ManualLock || r.Wrong != 7 {
		t.Errorf("read %+v", r)
	}
	for _, damaged := range []string{"", "{", `{"Kind":9}`, `{"Wrong":-1}`} {
		if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := OpenFile(path, log).Lock(); r.PIN.IsSet() || r.Kind != phone.Unlocked || r.Wrong != 0 {
			t.Errorf("%q gives %+v", damaged, r)
		}
	}
}

// Whoever finds an unlocked phone neither changes its PIN nor guesses it: the fifth wrong one locks.
func TestThePINIsChangedByWhoKnowsIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := start(t, Config{}, withPIN(t))
		if err := d.SetPIN(""); !errors.Is(err, phone.Locked) {
			t.Errorf("the PIN was taken away unproven: %v", err)
		}
		if d.Prove("1111") || !d.Prove(pin) {
			t.Fatal("a PIN is not told from another")
		}
		time.Sleep(provenFor + time.Second)
		if err := d.SetPIN("1122"); !errors.Is(err, phone.Locked) {
			t.Errorf("the PIN was set long after it was proven: %v", err)
		}
		d.Prove(pin)
		if err := d.SetPIN("1122"); err != nil {
			t.Fatal(err)
		}
		if err := d.SetPIN("2580"); !errors.Is(err, phone.Locked) {
			t.Errorf("one proof set two PINs: %v", err)
		}
		for range freeTries {
			if d.Prove(pin) {
				t.Error("the old PIN is taken")
			}
		}
		if k := d.kind(); k != phone.ManualLock {
			t.Errorf("after %d guesses the phone is %v", freeTries, k)
		}
		if l := d.try("1122"); l.Kind != phone.ManualLock || l.Wrong != freeTries {
			t.Errorf("guesses cost no wait: %+v", l)
		}
		time.Sleep(firstWait + time.Second)
		if l := d.try("1122"); l.Kind != phone.Unlocked {
			t.Errorf("the right PIN after the wait: %+v", l)
		}
	})
}
