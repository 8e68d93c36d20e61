// Package logind hears from systemd-logind, over D-Bus, whether the screen of this user's session is locked
// (org.freedesktop.login1(5)). A machine without logind tells nothing, and phones then follow nothing.
package logind

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	service      = "org.freedesktop.login1"
	managerPath  = "/org/freedesktop/login1"
	managerFace  = service + ".Manager"
	userFace     = service + ".User"
	sessionFace  = service + ".Session"
	propertyFace = "org.freedesktop.DBus.Properties"
	again        = 10 * time.Second // until a logind that was not there is looked for once more
)

// Watcher watches the lock of the screen.
type Watcher struct {
	bus  string // address of the system bus, empty: the system's
	tell func(locked bool)
	log  *slog.Logger
}

// New makes a watcher for the system bus at an address, or the machine's if it is empty. tell hears the state at
// first and after every change, maybe the same twice.
func New(bus string, tell func(locked bool), log *slog.Logger) *Watcher {
	return &Watcher{bus, tell, log}
}

// Run watches until ctx ends. A session that ends and begins anew is found again.
func (w *Watcher) Run(ctx context.Context) error {
	for {
		if err := w.watch(ctx); ctx.Err() == nil {
			w.log.Debug("logind: screen not watched", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(again):
		}
	}
}

func (w *Watcher) connect(ctx context.Context) (*dbus.Conn, error) {
	if w.bus != "" {
		return dbus.Connect(w.bus, dbus.WithContext(ctx))
	}
	return dbus.ConnectSystemBus(dbus.WithContext(ctx))
}

// watch is the time with one session.
func (w *Watcher) watch(ctx context.Context) error {
	conn, err := w.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	path, err := display(ctx, conn)
	if err != nil {
		return err
	}
	signals := make(chan *dbus.Signal, 64)
	conn.Signal(signals)
	for _, m := range [][]dbus.MatchOption{
		{dbus.WithMatchObjectPath(path), dbus.WithMatchSender(service)},
		{dbus.WithMatchObjectPath(managerPath), dbus.WithMatchSender(service), dbus.WithMatchInterface(managerFace), dbus.WithMatchMember("SessionRemoved")},
	} {
		if err := conn.AddMatchSignalContext(ctx, m...); err != nil {
			return err
		}
	}
	var hint dbus.Variant
	if err := conn.Object(service, path).CallWithContext(ctx, propertyFace+".Get", 0, sessionFace, "LockedHint").Store(&hint); err != nil {
		return err
	}
	if locked, ok := hint.Value().(bool); ok {
		w.tell(locked)
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case s, ok := <-signals:
			if !ok || removed(s, path) {
				return fmt.Errorf("session %s has ended", path)
			}
			if locked, ok := lockOf(s, path); ok {
				w.tell(locked)
			}
		}
	}
}

// display finds the session of this user that has a screen.
func display(ctx context.Context, conn *dbus.Conn) (dbus.ObjectPath, error) {
	var user dbus.ObjectPath
	err := conn.Object(service, managerPath).CallWithContext(ctx, managerFace+".GetUser", 0, uint32(os.Getuid())).Store(&user)
	if err != nil {
		return "", err
	}
	var shown dbus.Variant
	if err := conn.Object(service, user).CallWithContext(ctx, propertyFace+".Get", 0, userFace, "Display").Store(&shown); err != nil {
		return "", err
	}
	var of struct {
		ID   string
		Path dbus.ObjectPath
	}
	if err := dbus.Store([]any{shown.Value()}, &of); err != nil {
		return "", err
	}
	if of.ID == "" || !of.Path.IsValid() {
		return "", fmt.Errorf("this user has no session with a screen")
	}
	return of.Path, nil
}

// lockOf reads what a signal of the session tells of the lock. Lock and Unlock ask the desktop to lock and unlock, and
// come from logind alone; LockedHint is what the desktop then says of itself.
func lockOf(s *dbus.Signal, path dbus.ObjectPath) (locked, ok bool) {
	if s.Path != path {
		return false, false
	}
	switch s.Name {
	case sessionFace + ".Lock":
		return true, true
	case sessionFace + ".Unlock":
		return false, true
	case propertyFace + ".PropertiesChanged":
		if len(s.Body) < 2 || s.Body[0] != sessionFace {
			return false, false
		}
		changed, _ := s.Body[1].(map[string]dbus.Variant)
		locked, ok = changed["LockedHint"].Value().(bool)
		return locked, ok
	}
	return false, false
}

func removed(s *dbus.Signal, path dbus.ObjectPath) bool {
	return s.Name == managerFace+".SessionRemoved" && len(s.Body) == 2 && s.Body[1] == path
}
