package pc

import (
	"context"
	"errors"
	"io/fs"
	"time"
)

// RuleFile is where the udev rule belongs.
const RuleFile = "/etc/udev/rules.d/70-odp.rules"

// permission is what to type where the rule is missing.
const permission = "odp rule | sudo tee " + RuleFile + "\nsudo udevadm control --reload && sudo udevadm trigger"

// holdCable opens the pairing interface whenever the phone is plugged in, and works through it until it is
// pulled.
func (s *session) holdCable(ctx context.Context) {
	for ctx.Err() == nil {
		plugged, _, news := s.now()
		s.a.update(s.id, func(p *Phone) { s.shown(p, plugged) })
		if plugged.Node == "" {
			wait(ctx, news)
			continue
		}
		cable, err := s.a.cfg.Finder.Open(plugged.Node)
		switch {
		case errors.Is(err, fs.ErrPermission):
			s.link(Denied, "You may not open "+plugged.Node+": the udev rule "+RuleFile+" is missing.", permission)
			pause(ctx, news, reopenTime) // until somebody installs it
		case err != nil:
			s.a.cfg.Log.Warn("cannot open the cable", "phone", s.id, "err", err)
			s.link(Waiting, "The phone's pairing interface cannot be opened: "+err.Error(), "Pull the cable and plug it in again.")
			pause(ctx, news, reopenTime)
		default:
			s.work(ctx, cable)
			pause(ctx, news, reopenTime)
		}
	}
}

// shown puts what the USB tells to the phone.
func (s *session) shown(p *Phone, plugged Plugged) {
	p.Plugged = plugged.Node != ""
	if p.Product = plugged.Name; p.Name == "" {
		p.Name = plugged.Name
	}
	if !p.Plugged && (p.Link == Denied || p.Link == Unpaired || p.Link == Attaching) {
		p.Link, p.Problem, p.Hint = Absent, "", ""
	}
}

// attached gives the second loop a cable to build on, nil when it is gone.
func (s *session) attached(at *attachment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.attach != at {
		s.attach = at
		s.tell()
	}
}

// reopenTime is how long to wait before a cable that cannot be opened, or failed, is opened again.
const reopenTime = time.Second

// pause waits for news, but not for long.
func pause(ctx context.Context, news <-chan struct{}, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-news:
	case <-time.After(d):
	}
}
