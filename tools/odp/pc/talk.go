package pc

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/usbhid/pairing"
	"opendeskphone/usbhid/pairing/cable"
)

// greetAgain is how long to wait before a phone that did not answer, or let go of us, is greeted again.
const greetAgain = 3 * time.Second

// wantedRights are asked for at pairing; whoever stands at the phone may give more later.
const wantedRights = pairing.AllRights &^ pairing.Provision

// reasons say why something came to nothing, for people.
var reasons = map[pairing.Reason]string{
	pairing.Declined: "It was declined on the phone.", pairing.TimedOut: "The phone, or the person at it, did not answer in time.",
	pairing.BadCommit:    "The phone's answers do not fit together: somebody may sit in between.",
	pairing.BadSignature: "The phone cannot prove who it is: it was reset, or it is another one.",
	pairing.Different:    "The digits were not the same: somebody may sit in between. Do not go on.",
	pairing.RateLimited:  "There were too many attempts. The phone waits ten minutes before the next.",
	pairing.Busy:         "The phone is busy with another pairing.", pairing.Policy: "The phone does not allow it now. Unlock it and try again.",
	pairing.Desync: "Data were lost on the cable.", pairing.Version: "The phone and this program speak different versions: bring both up to date.",
	pairing.Unpaired: "The phone has forgotten this computer.", pairing.Storage: "The phone cannot keep another pairing: remove one there.",
	pairing.Gone: "The cable was pulled.",
}

// work is the time between one plug and its pull.
func (s *session) work(ctx context.Context, dev io.ReadWriteCloser) {
	ctx, pulled := context.WithCancel(ctx)
	defer pulled()
	c := cable.New(dev, s.a.self.Self(&s.a.cfg))
	over := make(chan struct{})
	go func() {
		defer close(over)
		defer pulled()
		if err := c.Run(ctx); err != nil && ctx.Err() == nil {
			s.a.cfg.Log.Debug("the cable ended", "phone", s.id, "err", err)
		}
	}()
	defer func() { pulled(); <-over }()
	plugged, _, _ := s.now()
	s.link(Attaching, "", "")
	for ctx.Err() == nil {
		if now, _, _ := s.now(); now != plugged {
			return
		}
		s.attachOrPair(ctx, c)
	}
}

// attachOrPair attaches to the phone and holds that, or pairs if the user wants to, or waits for something to change.
func (s *session) attachOrPair(ctx context.Context, c *cable.Cable) {
	_, _, news := s.now()
	if run := s.wanted(); run != nil {
		s.pair(run, c)
		return
	}
	r, known := s.a.self.find(s.id)
	if !known {
		s.meet(ctx, c, news)
		return
	}
	at, err := c.Attach(ctx, r.record())
	switch cable.ReasonOf(err) {
	case pairing.NoReason:
	case pairing.Gone:
		return
	case pairing.Unpaired:
		s.strange(ctx, news)
		return
	case pairing.BadSignature:
		s.link(Refused, reasons[pairing.BadSignature], "If it was reset, unpair it here and pair it anew.")
		wait(ctx, news)
		return
	default:
		s.silent(ctx, news, err)
		return
	}
	switch {
	case errors.Is(err, cable.ErrStranger):
		s.strange(ctx, news)
	case err != nil:
		s.silent(ctx, news, err)
	default:
		s.hold(ctx, at)
	}
}

// strange: the phone does not know us, though we know it.
func (s *session) strange(ctx context.Context, news <-chan struct{}) {
	s.link(Unpaired, reasons[pairing.Unpaired], "\"odp pair\" pairs it anew.")
	wait(ctx, news)
}

// silent: the phone does not answer. It will be greeted again.
func (s *session) silent(ctx context.Context, news <-chan struct{}, err error) {
	if ctx.Err() == nil {
		s.link(Waiting, "The phone does not answer on the cable. "+reasons[cable.ReasonOf(err)], "")
	}
	pause(ctx, news, greetAgain)
}

// meet finds out which phone it is that we do not know.
func (s *session) meet(ctx context.Context, c *cable.Cable, news <-chan struct{}) {
	p, err := c.Greet(ctx)
	if err != nil {
		s.silent(ctx, news, err)
		return
	}
	s.a.update(s.id, func(q *Phone) { q.Name, q.Model, q.Firmware = p.Name, p.Model, p.Version })
	s.link(Unpaired, "", "")
	wait(ctx, news)
}

// hold is the time of one attachment.
func (s *session) hold(ctx context.Context, at *cable.Attachment) {
	s.keep(at.Record)
	s.a.update(s.id, func(p *Phone) { p.Name = at.Record.Name })
	mine := &attachment{Attachment: at}
	defer s.attached(nil)
	for {
		places, moved := at.Places()
		s.located(places)
		s.attached(mine)
		_, _, news := s.now()
		select {
		case <-ctx.Done():
			return
		case <-at.Done():
			s.a.cfg.Log.Debug("detached", "phone", s.id, "err", at.Err())
			return
		case <-moved:
		case <-news:
			if !s.a.self.has(s.id) {
				_ = at.Leave(ctx, true) // a cable that is gone needs no goodbye
				return
			}
		}
	}
}

// keep stores the news of a pairing.
func (s *session) keep(p pairing.Record) {
	r, ok := s.a.self.find(s.id)
	if !ok {
		return // it was unpaired meanwhile
	}
	r.set(s.id, p)
	if err := s.a.self.put(r); err != nil {
		s.a.cfg.Log.Warn("a pairing cannot be kept", "phone", s.id, "err", err)
	}
}

// located remembers where the phone listens, for the time without the cable.
func (s *session) located(p pairing.Places) {
	all := addresses(p)
	if r, ok := s.a.self.find(s.id); ok && !slices.Equal(r.Addresses, all) {
		r.Addresses = all
		if err := s.a.self.put(r); err != nil {
			s.a.cfg.Log.Warn("the phone's addresses cannot be kept", "phone", s.id, "err", err)
		}
	}
}

func addresses(p pairing.Places) []string {
	var all []string
	for _, a := range p.Addresses {
		all = append(all, a.String())
	}
	return all
}

// wanted is the pairing that the user has asked for, nil if none.
func (s *session) wanted() *pairingRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pairing
}

// pair carries a pairing out.
func (s *session) pair(run *pairingRun, c *cable.Cable) {
	defer run.cancel()
	p, err := c.Pair(run.ctx, wantedRights, run.compare, func(st pairing.Showed) {
		switch st.Stage {
		case pairing.Comparing:
			s.pairingStep(Compare, st.Digits)
		case pairing.Waiting:
			s.pairingStep(Key, st.Digits)
		}
	})
	if err == nil {
		var r record
		r.set(s.id, p)
		err = s.a.self.put(r)
	}
	if err == nil {
		s.a.update(s.id, func(q *Phone) { q.Paired, q.Link, q.Problem, q.Hint = true, Attaching, "", "" })
		s.pairingOver(Done, "")
		return
	}
	why, ok := reasons[cable.ReasonOf(err)]
	switch {
	case errors.Is(err, context.Canceled):
		why = "It was cancelled."
	case !ok:
		why = sentence(err)
	}
	s.pairingOver(Failed, why)
}

// pairingOver shows the end of a pairing; who sees it can begin the next.
func (s *session) pairingOver(step Step, problem string) {
	s.a.mu.Lock()
	defer s.a.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pairing = nil
	s.a.showPairing(s.id, step, "", problem)
}

// compare waits for the user's word on the digits.
func (r *pairingRun) compare(ctx context.Context, _ string) bool {
	select {
	case same := <-r.match:
		return same
	case <-ctx.Done():
		return false
	}
}

// Self is who this computer is in the conversation.
func (s *identity) Self(c *Config) pairing.Self {
	return pairing.Self{Device: s.id, Key: s.key, Name: c.Host, User: c.User, Version: c.Version}
}

func (r record) record() pairing.Record {
	out := pairing.Record{Key: r.Key, Name: r.Name, Rights: pairing.Rights(r.Rights), Created: r.CreatedAt, LastAttach: r.LastAttach}
	copy(out.ID[:], r.PairingID)
	copy(out.Device[:], r.Device)
	copy(out.LinkKey[:], r.LinkKey)
	return out
}

func (r *record) set(phone string, p pairing.Record) {
	r.PhoneID, r.Name, r.Key, r.Rights, r.CreatedAt, r.LastAttach = phone, p.Name, p.Key, tpcp.Rights(p.Rights), p.Created, p.LastAttach
	r.PairingID, r.Device, r.LinkKey = p.ID[:], p.Device[:], slices.Clone(p.LinkKey[:])
}
