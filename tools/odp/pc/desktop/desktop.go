// Package desktop shows calls as notifications of the desktop (freedesktop.org Desktop Notifications
// Specification 1.2, over D-Bus) and takes what the user answers there. A desktop without them is no
// error: the page and the phone itself tell of calls too.
package desktop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"opendeskphone/tools/odp/pc"
)

const (
	service = "org.freedesktop.Notifications"
	object  = "/org/freedesktop/Notifications"
	again   = 10 * time.Second // until a desktop that was not there is looked for once more
)

// Notifier shows what an agent has to tell.
type Notifier struct {
	agent *pc.Agent
	bus   string // address of the session bus, empty: the environment's
	log   *slog.Logger
}

// New makes a notifier for the session bus at an address, or the environment's if it is empty.
func New(agent *pc.Agent, bus string, log *slog.Logger) *Notifier { return &Notifier{agent, bus, log} }

// Run shows notifications until ctx ends. A desktop that goes and comes back is found again.
func (n *Notifier) Run(ctx context.Context) error {
	for {
		if err := n.session(ctx); ctx.Err() == nil {
			n.log.Debug("desktop: no notifications", "err", err)
		}
		n.agent.SetDesktop(false)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(again):
		}
	}
}

func (n *Notifier) connect(ctx context.Context) (*dbus.Conn, error) {
	if n.bus != "" {
		return dbus.Connect(n.bus, dbus.WithContext(ctx))
	}
	return dbus.ConnectSessionBus(dbus.WithContext(ctx))
}

// session is the time with one bus.
func (n *Notifier) session(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	conn, err := n.connect(ctx)
	if err != nil {
		return fmt.Errorf("desktop: %w", err)
	}
	defer conn.Close()
	if err := conn.AddMatchSignalContext(ctx, dbus.WithMatchSender(service), dbus.WithMatchObjectPath(object), dbus.WithMatchInterface(service)); err != nil {
		return fmt.Errorf("desktop: %w", err)
	}
	signals := make(chan *dbus.Signal, 64)
	conn.Signal(signals)
	b := &board{n: n, server: conn.Object(service, object), shown: map[string]shown{}}
	if err := b.server.CallWithContext(ctx, service+".GetCapabilities", 0).Store(&b.can); err != nil {
		return fmt.Errorf("desktop: %w", err)
	}
	n.agent.SetDesktop(slices.Contains(b.can, "actions"))
	views := make(chan pc.View)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = n.agent.Follow(ctx, func(e pc.Event) error { return deliver(ctx, views, e) }) // it ends with ctx
	}()
	defer func() { stop(); <-done }()
	return b.run(ctx, views, signals)
}

func deliver(ctx context.Context, views chan<- pc.View, e pc.Event) error {
	if e.View == nil {
		return nil
	}
	select {
	case views <- *e.View:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// board is the notifications that are shown.
type board struct {
	n      *Notifier
	server dbus.BusObject
	can    []string
	shown  map[string]shown
}

type shown struct {
	note
	id uint32
}

func (b *board) run(ctx context.Context, views <-chan pc.View, signals <-chan *dbus.Signal) error {
	defer b.clear()
	var last pc.View
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case v := <-views:
			notes := wanted(v)
			maps.Copy(notes, missed(last, v))
			maps.Copy(notes, met(last, v))
			if last = v; b.show(ctx, notes) != nil {
				return errors.New("desktop: the notification service has gone")
			}
		case s, open := <-signals:
			if !open {
				return errors.New("desktop: the bus has gone")
			}
			b.heard(ctx, s)
		}
	}
}

// show makes the board as wanted. Notes that stay (missed calls) are left to the user.
func (b *board) show(ctx context.Context, notes map[string]note) error {
	for key, s := range b.shown {
		if _, still := notes[key]; !still && !s.stays {
			delete(b.shown, key)
			b.server.CallWithContext(ctx, service+".CloseNotification", 0, s.id) // it may have been closed by the user: no matter
		}
	}
	for key, w := range notes {
		old, there := b.shown[key]
		if there && old.equal(w) {
			continue
		}
		id, err := b.notify(ctx, old.id, w)
		if err != nil {
			return err
		}
		b.shown[key] = shown{w, id}
	}
	return nil
}

func (b *board) notify(ctx context.Context, replaces uint32, w note) (id uint32, err error) {
	body := w.body
	if slices.Contains(b.can, "body-markup") {
		body = markup.Replace(body)
	}
	var actions []string
	if slices.Contains(b.can, "actions") {
		for _, a := range w.actions {
			actions = append(actions, a.key, a.label)
		}
	}
	hints := map[string]dbus.Variant{"urgency": dbus.MakeVariant(w.urgency), "category": dbus.MakeVariant(w.category), "desktop-entry": dbus.MakeVariant("odp")}
	timeout := int32(0) // until it is taken back
	if w.stays {
		timeout = -1 // as the desktop thinks fit
	}
	err = b.server.CallWithContext(ctx, service+".Notify", 0, "Desk phone", replaces, "odp", w.title, body, actions, hints, timeout).Store(&id)
	return id, err
}

var markup = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// heard takes what the user did with a notification.
func (b *board) heard(ctx context.Context, s *dbus.Signal) {
	if len(s.Body) != 2 {
		return
	}
	id, _ := s.Body[0].(uint32)
	key, _ := s.Body[1].(string)
	for k, n := range b.shown {
		if n.id != id {
			continue
		}
		switch s.Name {
		case service + ".NotificationClosed":
			n.id = 0 // gone from sight; it is not shown again
			if b.shown[k] = n; n.stays {
				delete(b.shown, k)
			}
		case service + ".ActionInvoked":
			b.act(ctx, n.note, key)
		}
		return
	}
}

func (b *board) act(ctx context.Context, n note, key string) {
	for _, a := range n.actions {
		if a.key != key {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		go func() {
			defer cancel()
			if err := a.do(ctx, b.n.agent); err != nil {
				b.n.log.Info("desktop: not done", "action", key, "err", err)
			}
		}()
	}
}

// clear takes back what asks for an answer that nobody would hear any more.
func (b *board) clear() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, s := range b.shown {
		if !s.stays && s.id != 0 {
			b.server.CallWithContext(ctx, service+".CloseNotification", 0, s.id)
		}
	}
}
