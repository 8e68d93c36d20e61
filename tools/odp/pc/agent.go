// Package pc is the program for the PC behind its commands and pages: the agent, which owns the way to
// every phone, keeps what it last knew of each, and takes all requests. It has no window and no cgo:
// the USB comes in by Finder, the page and the commands go out by package api.
//
//	Finder (USB) ---> Agent ---> one session a phone: cable, attach, control leg, resume
//	                    |
//	                    +--> View and Events: page, commands, desktop
package pc

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc/contacts"
	"opendeskphone/tools/odp/pc/keep"
)

// Plugged is a phone's pairing interface as the PC lists it.
type Plugged struct {
	Node   string // what Open takes
	Serial string // the USB serial number: the device ID in hex
	Name   string
}

// Finder is the USB.
type Finder interface {
	// Watch calls changed at the start and whenever something may have been plugged in or pulled.
	Watch(ctx context.Context, changed func())
	// Phones lists the pairing interfaces that are plugged in.
	Phones() ([]Plugged, error)
	// Open opens one; a Read gives one report of 64 bytes, a Write sends one. An error that wraps
	// fs.ErrPermission says that the user may not.
	Open(node string) (io.ReadWriteCloser, error)
	// Seen lists all USB devices, for people.
	Seen() []string
}

// Config is what an agent is made of.
type Config struct {
	Finder   Finder
	State    keep.Folder // identity and pairings
	Data     keep.Folder // preferences
	Contacts *contacts.Book
	Version  string
	Host     string // this computer's name, as the phone shows it
	User     string
	Log      *slog.Logger
}

// Agent owns the phones. Its methods may be called from any goroutine.
type Agent struct {
	cfg  Config
	self *identity

	mu       sync.Mutex
	phones   []*Phone // in the order of their first appearance
	sessions map[string]*session
	looked   bool
	seen     []string
	pairing  *Pairing
	asks     []Ask
	prefs    Prefs
	missed   []Missed
	desktop  bool
	screen   screen
	events   events

	wait sync.WaitGroup // sessions
}

const prefsFile = "preferences.json"

// New reads what earlier agents kept; nothing runs yet.
func New(cfg Config) (*Agent, error) {
	a := &Agent{cfg: cfg, sessions: map[string]*session{}, prefs: Prefs{Notify: true}, screen: screen{news: make(chan struct{})}}
	if err := cfg.Data.Load(prefsFile, &a.prefs); err != nil {
		return nil, fmt.Errorf("pc: %w", err)
	}
	self, err := openIdentity(cfg.State)
	if err != nil {
		return nil, err
	}
	a.self = self
	return a, nil
}

// Run looks after the phones until ctx ends.
func (a *Agent) Run(ctx context.Context) error {
	for _, r := range a.self.all() {
		a.session(ctx, r.PhoneID)
	}
	a.cfg.Finder.Watch(ctx, func() { a.look(ctx) })
	a.wait.Wait()
	return nil
}

// look compares what is plugged in with what was.
func (a *Agent) look(ctx context.Context) {
	plugged, err := a.cfg.Finder.Phones()
	if err != nil {
		a.cfg.Log.Error("cannot list the USB", "err", err)
	}
	var seen []string
	if len(plugged) == 0 {
		seen = a.cfg.Finder.Seen()
	}
	nodes := map[string]Plugged{}
	for _, p := range plugged {
		nodes[p.Serial] = p
		a.session(ctx, p.Serial)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.looked || !slices.Equal(seen, a.seen) {
		a.looked, a.seen = true, seen
		a.events.view()
	}
	for id, s := range a.sessions {
		s.plug(nodes[id])
	}
}

// session gives the session of a phone, a new one if need be.
func (a *Agent) session(ctx context.Context, id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sessions[id] != nil || ctx.Err() != nil {
		return
	}
	p := &Phone{ID: id, Link: Absent}
	if r, ok := a.self.find(id); ok {
		p.Paired, p.Name, p.Model, p.Link = true, r.Name, r.Model, Connecting
	}
	a.phones = append(a.phones, p)
	s := newSession(a, id)
	a.sessions[id] = s
	a.wait.Go(func() { s.run(ctx) })
}

// update changes what is known of a phone and tells everybody.
func (a *Agent) update(id string, change func(*Phone)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.phones {
		if p.ID == id {
			change(p)
			a.events.view()
		}
	}
}

// View gives all that is known now. It is the caller's.
func (a *Agent) View() View {
	a.mu.Lock()
	defer a.mu.Unlock()
	v := View{Version: a.cfg.Version, Phones: []Phone{}, Selected: a.selected(), Looked: a.looked, Seen: a.seen, Asks: slices.Clone(a.asks), Missed: slices.Clone(a.missed), Desktop: a.desktop, Prefs: a.prefs}
	for _, p := range a.phones {
		if p.Paired || p.Plugged {
			q := *p
			q.Calls = slices.Clone(p.Calls)
			if q.Calls == nil {
				q.Calls = []tpcp.Call{}
			}
			v.Phones = append(v.Phones, q)
		}
	}
	if a.pairing != nil {
		p := *a.pairing
		v.Pairing = &p
	}
	v.Names = a.names(&v)
	v.Chats = v.chats()
	return v
}

// names looks everybody a view speaks of up in the address book.
func (a *Agent) names(v *View) map[string]string {
	out := map[string]string{}
	put := func(uri string) {
		if c, ok := a.cfg.Contacts.Named(uri); ok {
			out[uri] = c.Name
		}
	}
	for _, p := range v.Phones {
		for _, c := range p.Calls {
			put(c.LegB.URI)
			if c.Conf != nil {
				for _, m := range c.Conf.Roster {
					put(m.URI)
				}
			}
		}
	}
	for _, m := range v.Missed {
		put(m.LegB.URI)
	}
	for _, k := range v.Asks {
		put(k.To)
	}
	return out
}

// selected is the phone to work with: the one the user chose, else the best there is.
func (a *Agent) selected() string {
	rank := func(p *Phone) int {
		switch {
		case !p.Paired && !p.Plugged:
			return 0
		case !p.Paired:
			return 1
		case p.Link == Online:
			return 3
		}
		return 2
	}
	var best *Phone
	for _, p := range a.phones {
		if p.ID == a.prefs.Phone && p.Paired {
			return p.ID
		}
		if rank(p) > 0 && (best == nil || rank(p) > rank(best)) {
			best = p
		}
	}
	if best == nil {
		return ""
	}
	return best.ID
}

// SetPrefs keeps the user's choices; change gets them as they are.
func (a *Agent) SetPrefs(change func(*Prefs)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.prefs
	change(&p)
	if err := a.cfg.Data.Save(prefsFile, p); err != nil {
		return fmt.Errorf("pc: %w", err)
	}
	a.prefs = p
	a.events.view()
	return nil
}

// SetDesktop says whether the desktop shows notifications with buttons.
func (a *Agent) SetDesktop(shows bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.desktop != shows {
		a.desktop = shows
		a.events.view()
	}
}
