package provision

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// Keeper has what was handed down to each line. A document in which something is wrong changes nothing, and is told of.
type Keeper struct {
	plans   Plans
	changed func()               // something else is handed down to a line
	again   func(aor string)     // have its server tell it anew
	tell    func(problem string) // what is wrong with a document now; empty: nothing
	log     *slog.Logger
	news    chan struct{} // capacity 1

	mu    sync.Mutex
	lines map[string]*line // by address of record
	gone  bool             // what was handed to a line that is none any more
}

// line is what is known of one line.
type line struct {
	came    []byte // the last document, not yet looked at; nil: there is none
	doc     []byte // the last one that was looked at
	profile Profile
	wrong   string
	ends    time.Time // of the relay's credentials; zero: never
	renew   time.Time // when its server is asked for others
}

// New makes a keeper. changed, again and tell are called from Run alone.
func New(plans Plans, changed func(), again func(aor string), tell func(problem string), log *slog.Logger) *Keeper {
	return &Keeper{plans: plans, changed: changed, again: again, tell: tell, log: log, news: make(chan struct{}, 1), lines: map[string]*line{}}
}

// Configure names the lines to which something may be handed down; what was handed to others is forgotten.
func (k *Keeper) Configure(aors []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	maps.DeleteFunc(k.lines, func(aor string, _ *line) bool {
		gone := !slices.Contains(aors, aor)
		k.gone = k.gone || gone
		return gone
	})
	for _, aor := range aors {
		if k.lines[aor] == nil {
			k.lines[aor] = &line{}
		}
	}
	k.wake()
}

// Told takes what a line's server hands down: a document, or one without a byte for nothing. It does not block.
func (k *Keeper) Told(aor string, doc []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if l := k.lines[aor]; l != nil {
		l.came = append([]byte{}, doc[:min(len(doc), maxDocument+1)]...)
		k.wake()
	}
}

func (k *Keeper) wake() {
	select {
	case k.news <- struct{}{}:
	default:
	}
}

// For is what is handed down to a line.
func (k *Keeper) For(aor string) Profile {
	k.mu.Lock()
	defer k.mu.Unlock()
	if l := k.lines[aor]; l != nil {
		return l.profile
	}
	return Profile{}
}

// Run looks at what comes, and after credentials that end, until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	var told string
	for {
		at, news, ask := k.look(time.Now())
		if news {
			k.changed()
		}
		for _, aor := range ask {
			k.again(aor)
		}
		if text := k.problem(); text != told {
			told = text
			k.tell(text)
		}
		timer := time.NewTimer(time.Until(at))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-k.news:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// look takes what came and lets go what ended. It gives the time of the next look, whether something is another, and the
// lines whose credentials want to be renewed.
func (k *Keeper) look(now time.Time) (next time.Time, news bool, ask []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	next, news, k.gone = now.Add(mostLifetime), k.gone, false
	for _, aor := range slices.Sorted(maps.Keys(k.lines)) {
		l := k.lines[aor]
		had := l.profile
		if l.came != nil {
			k.take(aor, l, now)
		}
		if !l.ends.IsZero() && !now.Before(l.ends) {
			k.log.Warn("the credentials of the relay have ended, and the server has handed down no others", "line", aor, "relay", l.profile.Relay.Server)
			l.profile.Relay, l.ends, l.renew = Relay{}, time.Time{}, time.Time{}
		}
		if !l.renew.IsZero() && !now.Before(l.renew) {
			ask = append(ask, aor)
			// Once more at half of what is left then, but not without end.
			if l.renew = now.Add(l.ends.Sub(now) / 2); l.ends.Sub(l.renew) < leastLifetime/4 {
				l.renew = time.Time{}
			}
		}
		news = news || !reflect.DeepEqual(had, l.profile)
		for _, at := range []time.Time{l.ends, l.renew} {
			if !at.IsZero() && at.Before(next) {
				next = at
			}
		}
	}
	return next, news, ask
}

// take reads a document that came. The same one again has credentials of the same life again.
func (k *Keeper) take(aor string, l *line, now time.Time) {
	doc := l.came
	l.came = nil
	p, err := Profile{}, error(nil)
	switch {
	case bytes.Equal(doc, l.doc) && l.wrong == "" && l.profile.Relay.Lifetime == 0:
		return
	case len(doc) > 0:
		p, err = Read(doc, k.plans)
	}
	l.doc = doc
	if err != nil {
		l.wrong = err.Error()
		k.log.Error("what a server hands down is refused", "line", aor, "err", err)
		return
	}
	l.wrong, l.profile, l.ends, l.renew = "", p, time.Time{}, time.Time{}
	if life := p.Relay.Lifetime; life > 0 {
		l.ends, l.renew = now.Add(life), now.Add(life/2)
	}
	k.log.Info("handed down", "line", aor, "relay", p.Relay.Server, "collector", p.Collector, "voicemail", p.Voicemail, "factory", p.Factory, "profiles", len(p.Plan))
}

// problem says what is wrong with the documents.
func (k *Keeper) problem() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []string
	for _, aor := range slices.Sorted(maps.Keys(k.lines)) {
		if w := k.lines[aor].wrong; w != "" {
			all = append(all, aor+": "+w)
		}
	}
	return strings.Join(all, "; ")
}
