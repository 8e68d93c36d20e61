package device

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"opendeskphone/sip/ice"
)

// Times of trying relays.
const (
	relayTime  = 10 * time.Second // a relay may take so long
	relayFirst = time.Minute      // after a relay failed it is tried again; doubled each time up to:
	relayLast  = 30 * time.Minute // also of one that works
)

// relays tries the TURN servers of the lines when a line has signed in and now and then, for who is outside must not be the
// first to find out that one fails.
type relays struct {
	of      func() []ice.Config // those of the lines
	try     func(context.Context, ice.Config) error
	tell    func(problem string)
	changed func()
	log     *slog.Logger
	news    chan struct{} // capacity 1: look now

	mu    sync.Mutex
	tried []relay
}

// relay is a TURN server that was tried.
type relay struct {
	host  string
	fault string // empty: it works
}

func newRelays(of func() []ice.Config, try func(context.Context, ice.Config) error, tell func(string), changed func(), log *slog.Logger) *relays {
	return &relays{of: of, try: try, tell: tell, changed: changed, log: log, news: make(chan struct{}, 1)}
}

// look has the relays tried now.
func (r *relays) look() {
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// Run tries the relays until ctx ends.
func (r *relays) Run(ctx context.Context) error {
	var told string
	pause := relayLast
	for {
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-r.news:
			timer.Stop()
			pause = relayFirst
		case <-timer.C:
			pause = min(2*pause, relayLast)
		}
		text := r.round(ctx)
		if ctx.Err() != nil {
			return nil
		}
		switch {
		case text == "":
			pause = relayLast
		case told == "": // it has worked until now
			pause = relayFirst
		}
		if text != told {
			told = text
			r.tell(text)
		}
		r.changed()
	}
}

// round tries all at once and says what fails.
func (r *relays) round(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, relayTime)
	defer cancel()
	all := r.of()
	tried := make([]relay, len(all))
	var wg sync.WaitGroup
	for i, c := range all {
		wg.Go(func() {
			tried[i].host = c.TURNHost()
			if err := r.try(ctx, c); err != nil {
				tried[i].fault = err.Error()
			}
		})
	}
	wg.Wait()
	var faults []string
	for i, t := range tried {
		if t.fault != "" {
			r.log.Warn("a relay fails", "relay", all[i].TURN, "fault", t.fault)
			faults = append(faults, all[i].TURN+" "+t.fault)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tried = tried
	return strings.Join(faults, "; ")
}

// all are the relays as they were when they were tried last.
func (r *relays) all() []relay {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tried
}

// relaysOf are the TURN servers of the lines, each with its credentials once.
func (d *Device) relaysOf() (all []ice.Config) {
	for _, l := range d.settings.File().Lines {
		d.wholeLine(&l)
		c := d.reach(l)
		if c.Mode != ice.Full || c.TURN == "" {
			continue
		}
		c.STUN = ""
		if !slices.ContainsFunc(all, func(o ice.Config) bool { return o.TURN == c.TURN && o.User == c.User && o.Password == c.Password }) {
			all = append(all, c)
		}
	}
	return all
}
