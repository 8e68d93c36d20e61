package logind

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"

	"opendeskphone/tools/odp/pc/desktop/session"
)

const patience = 10 * time.Second

const sessionPath = dbus.ObjectPath("/org/freedesktop/login1/session/_31")

// login is as much of logind as a desktop's session needs.
type login struct {
	conn  *dbus.Conn
	props *prop.Properties
}

type manager struct{ uid uint32 }

// GetUser implements the manager's method.
func (m manager) GetUser(uid uint32) (dbus.ObjectPath, *dbus.Error) {
	if uid != m.uid {
		return "", dbus.MakeFailedError(os.ErrNotExist)
	}
	return "/org/freedesktop/login1/user/_0", nil
}

func newLogin(t *testing.T, bus string, locked bool) *login {
	t.Helper()
	conn, err := dbus.Connect(bus)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	l := &login{conn: conn}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(conn.Export(manager{uint32(os.Getuid())}, managerPath, managerFace))
	_, err = prop.Export(conn, "/org/freedesktop/login1/user/_0", prop.Map{userFace: {"Display": {Value: struct {
		ID   string
		Path dbus.ObjectPath
	}{"1", sessionPath}}}})
	must(err)
	l.props, err = prop.Export(conn, sessionPath, prop.Map{sessionFace: {"LockedHint": {Value: locked, Emit: prop.EmitTrue}}})
	must(err)
	reply, err := conn.RequestName(service, dbus.NameFlagDoNotQueue)
	must(err)
	if reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatal("the name is taken")
	}
	return l
}

func TestScreenIsFollowed(t *testing.T) {
	bus := session.Bus(t)
	l := newLogin(t, bus, true)
	told := make(chan bool, 16)
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- New(bus, func(locked bool) { told <- locked }, slog.New(slog.DiscardHandler)).Run(ctx) }()
	want := func(what string, locked bool) {
		t.Helper()
		select {
		case got := <-told:
			if got != locked {
				t.Fatalf("%s: told that locked is %v", what, got)
			}
		case <-time.After(patience):
			t.Fatalf("%s: told nothing", what)
		}
	}
	want("at first", true)
	l.props.SetMust(sessionFace, "LockedHint", false)
	want("the desktop says so", false)
	for _, strange := range [][]any{{"org.example.Other.Lock"}, {sessionFace + ".PauseDevice", uint32(1)}, {propertyFace + ".PropertiesChanged", sessionFace}} {
		if err := l.conn.Emit(sessionPath, strange[0].(string), strange[1:]...); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.conn.Emit("/org/freedesktop/login1/session/_32", sessionFace+".Unlock"); err != nil { // somebody else's
		t.Fatal(err)
	}
	if err := l.conn.Emit(sessionPath, sessionFace+".Lock"); err != nil {
		t.Fatal(err)
	}
	want("loginctl lock-session", true)
	cancel()
	if err := <-over; err != nil {
		t.Error(err)
	}
	if len(told) != 0 {
		t.Errorf("strange signals were taken for news")
	}
}
