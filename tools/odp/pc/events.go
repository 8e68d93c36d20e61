package pc

import "context"

// Event is something that happened. One of its members is set.
type Event struct {
	View     *View `json:"view,omitempty"`     // all there is to know, after a change
	News     *News `json:"news,omitempty"`     // a phone's own notification
	Log      bool  `json:"log,omitempty"`      // the call log of a phone has changed
	Contacts bool  `json:"contacts,omitempty"` // the address book has changed
}

// maxNews is how many notifications wait for a slow listener. More are dropped: it gets the View.
const maxNews = 256

// events tells listeners of changes. It is guarded by the agent's mutex.
type events struct {
	listeners []*listener
}

type listener struct {
	dirty, log, contacts bool
	news                 []News
	wake                 chan struct{}
}

func (e *events) each(do func(*listener)) {
	for _, l := range e.listeners {
		do(l)
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

func (e *events) view()     { e.each(func(l *listener) { l.dirty = true }) }
func (e *events) log()      { e.each(func(l *listener) { l.log = true }) }
func (e *events) contacts() { e.each(func(l *listener) { l.contacts = true }) }
func (e *events) news(n News) {
	e.each(func(l *listener) {
		if len(l.news) < maxNews {
			l.news = append(l.news, n)
		}
	})
}

// Follow calls tell with the View and then with every event until ctx ends or tell errs. A slow tell
// gets the newest View, not every one, and delays nobody.
func (a *Agent) Follow(ctx context.Context, tell func(Event) error) error {
	l := &listener{dirty: true, wake: make(chan struct{}, 1)}
	a.mu.Lock()
	a.events.listeners = append(a.events.listeners, l)
	a.mu.Unlock()
	defer a.leave(l)
	for {
		for _, e := range a.take(l) {
			if err := tell(e); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.wake:
		}
	}
}

// take empties a listener: notifications first, then the View that they led to.
func (a *Agent) take(l *listener) []Event {
	a.mu.Lock()
	news, dirty, log, contacts := l.news, l.dirty, l.log, l.contacts
	l.news, l.dirty, l.log, l.contacts = nil, false, false, false
	a.mu.Unlock()
	var out []Event
	for i := range news {
		out = append(out, Event{News: &news[i]})
	}
	if dirty {
		v := a.View()
		out = append(out, Event{View: &v})
	}
	if log {
		out = append(out, Event{Log: true})
	}
	if contacts {
		out = append(out, Event{Contacts: true})
	}
	return out
}

func (a *Agent) leave(l *listener) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, o := range a.events.listeners {
		if o == l {
			a.events.listeners = append(a.events.listeners[:i], a.events.listeners[i+1:]...)
			return
		}
	}
}

// ContactsChanged tells everybody that the address book has changed, and names the calls anew.
func (a *Agent) ContactsChanged() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events.contacts()
	a.events.view()
}
