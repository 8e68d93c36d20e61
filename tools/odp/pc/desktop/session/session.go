// Package session is the desktop session of a computer without a screen: its message bus, and the service that shows notifications
// (freedesktop.org, Desktop Notifications 1.2), which a test reads and clicks on.
package session

import (
	"bufio"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	object   = dbus.ObjectPath("/org/freedesktop/Notifications")
	service  = "org.freedesktop.Notifications"
	patience = 20 * time.Second
)

// Bus starts a session bus that ends with the test, and gives its address.
func Bus(t *testing.T) string {
	t.Helper()
	cmd := exec.Command("dbus-daemon", "--session", "--nofork", "--print-address=1", "--address=unix:dir="+t.TempDir())
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("dbus-daemon is missing (make test installs dbus): %v", err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// Note is a notification as the desktop shows it. Actions are keys and words in turn.
type Note struct {
	ID          uint32
	Title, Body string
	Actions     []string
}

// Screen is what shows notifications.
type Screen struct {
	conn    *dbus.Conn
	mu      sync.Mutex
	last    uint32
	notes   map[uint32]Note
	changed chan struct{}
}

// NewScreen puts a screen onto a bus.
func NewScreen(t *testing.T, bus string) *Screen {
	t.Helper()
	conn, err := dbus.Connect(bus)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	s := &Screen{conn: conn, notes: map[uint32]Note{}, changed: make(chan struct{}, 100)}
	if err := conn.Export((*served)(s), object, service); err != nil {
		t.Fatal(err)
	}
	if r, err := conn.RequestName(service, dbus.NameFlagDoNotQueue); err != nil || r != dbus.RequestNameReplyPrimaryOwner {
		t.Fatal(r, err)
	}
	return s
}

// served is what programs see of a screen.
type served Screen

// GetCapabilities is of the service's interface.
func (s *served) GetCapabilities() ([]string, *dbus.Error) {
	return []string{"actions", "body", "body-markup"}, nil
}

// Notify is of the service's interface.
func (s *served) Notify(_ string, replaces uint32, _, title, body string, actions []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := replaces
	if id == 0 {
		s.last++
		id = s.last
	}
	s.notes[id] = Note{id, title, body, actions}
	s.changed <- struct{}{}
	return id, nil
}

// CloseNotification is of the service's interface.
func (s *served) CloseNotification(id uint32) *dbus.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.notes, id)
	s.changed <- struct{}{}
	return nil
}

// Until waits for what is shown to be as wanted, and gives it.
func (s *Screen) Until(t *testing.T, what string, ok func([]Note) bool) []Note {
	t.Helper()
	late := time.After(patience)
	for {
		s.mu.Lock()
		var all []Note
		for _, n := range s.notes {
			all = append(all, n)
		}
		s.mu.Unlock()
		if ok(all) {
			return all
		}
		select {
		case <-s.changed:
		case <-late:
			t.Fatalf("not in time: %s; shown %+v", what, all)
		}
	}
}

// Press is the user's click on a button.
func (s *Screen) Press(t *testing.T, id uint32, action string) {
	t.Helper()
	if err := s.conn.Emit(object, service+".ActionInvoked", id, action); err != nil {
		t.Fatal(err)
	}
}
