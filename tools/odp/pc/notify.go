package pc

import (
	"context"
	"slices"

	"opendeskphone/firmware/tpcp"
)

// maxMissed is how many missed calls a View tells of.
const maxMissed = 8

// notified takes one notification of a phone.
func (s *session) notified(ctx context.Context, c *tpcp.Client, n tpcp.Notification) {
	if err := s.apply(ctx, c, n); err != nil {
		s.a.cfg.Log.Warn("notification not understood", "phone", s.id, "name", n.Name, "err", err)
	}
	s.a.mu.Lock()
	defer s.a.mu.Unlock()
	s.a.events.news(News{Phone: s.id, Method: n.Name, Params: n.Params})
}

func (s *session) apply(ctx context.Context, c *tpcp.Client, n tpcp.Notification) error {
	switch n.Name {
	case tpcp.NotifyCallOffered, tpcp.NotifyCallChanged:
		return with(s, n, func(p *Phone, b tpcp.CallChanged) { p.put(b.Call) })
	case tpcp.NotifyCallEnded:
		return with(s, n, func(p *Phone, b tpcp.CallEnded) { s.ended(p, b) })
	case tpcp.NotifyLineChanged:
		return with(s, n, func(p *Phone, b tpcp.LineChanged) {
			p.Lines = slices.Clone(p.Lines)
			switch i := slices.IndexFunc(p.Lines, func(l tpcp.Line) bool { return l.LineID == b.LineID }); {
			case i < 0 && b.State != tpcp.LineGone:
				p.Lines = append(p.Lines, b.Line)
			case i >= 0 && b.State == tpcp.LineGone:
				p.Lines = slices.Delete(p.Lines, i, i+1)
			case i >= 0:
				p.Lines[i] = b.Line
			}
		})
	case tpcp.NotifyDeviceChanged:
		return with(s, n, func(p *Phone, b tpcp.DeviceChanged) { p.Device = &b.Device })
	case tpcp.NotifyLockChanged:
		return with(s, n, func(p *Phone, b tpcp.LockChanged) { p.Lock = &b.LockState })
	case tpcp.NotifySessionRights:
		return with(s, n, func(p *Phone, b tpcp.SessionRights) { p.Rights, p.Attached = b.Rights, b.Attached })
	case tpcp.NotifyResync:
		return with(s, n, func(p *Phone, b tpcp.Resync) { p.take(b.Snapshot) })
	case tpcp.NotifyLogChanged:
		s.a.logChanged()
	case tpcp.NotifyContacts:
		s.a.phoneContacts(ctx, s.id, c)
	}
	return nil
}

// with decodes a notification and lets it change the phone.
func with[B any](s *session, n tpcp.Notification, change func(*Phone, B)) error {
	var body B
	if err := n.Decode(&body); err != nil {
		return err
	}
	s.a.update(s.id, func(p *Phone) { change(p, body) })
	return nil
}

// ended takes a call away, and remembers it if its caller gave up before anybody answered.
func (s *session) ended(p *Phone, b tpcp.CallEnded) {
	if c := p.call(b.CallID); c != nil && Ringing(*c) && b.By == "remote" && b.Cause != "answeredElsewhere" {
		m := append(slices.Clone(s.a.missed), Missed{Phone: s.id, Call: *c})
		s.a.missed = m[max(0, len(m)-maxMissed):]
	}
	p.drop(b.CallID)
}

// logChanged tells everybody to read the call log anew.
func (a *Agent) logChanged() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events.log()
}
