package lines

import (
	"net/netip"
	"slices"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/ua"
)

// early is the sound before the answer of a call of ours. Each far side that rings may describe its own: what is
// rendered is the newest that sends any, and none of several hears us (RFC 3960 §2.2).
type early struct {
	branches []branch // in the order in which they were heard of
	plays    int      // of them; whose sound is rendered
	gate     ua.Gate
}

// branch is a far side that rings: one early dialog.
type branch struct {
	dialog    int
	media     offer.Media
	described bool // media is known
	sends     bool // and has come
}

// of gives the far side of an early dialog.
func (e *early) of(dialog int) int {
	if i := slices.IndexFunc(e.branches, func(s branch) bool { return s.dialog == dialog }); i >= 0 {
		return i
	}
	e.branches = append(e.branches, branch{dialog: dialog})
	return len(e.branches) - 1
}

// through is what of our sound and theirs may pass.
func (e *early) through() offer.Direction {
	d := offer.SendRecv
	if len(e.branches) > 1 {
		d = offer.RecvOnly
	}
	switch e.gate {
	case ua.GateBackward:
		return d.And(offer.RecvOnly)
	case ua.GateForward:
		return d.And(offer.SendOnly)
	case ua.GateShut:
		return offer.Inactive
	}
	return d
}

// sources are the addresses from which sound may come that is to be heard.
func (e *early) sources() []netip.AddrPort {
	var out []netip.AddrPort
	for _, s := range e.branches {
		if s.described && s.media.Direction.And(e.through()).Receives() {
			out = append(out, s.media.Remote)
		}
	}
	return out
}

func (a *Adapter) progress(c *call, e ua.Progress) {
	if e.Code < 180 {
		return
	}
	a.tell(c, e.Code, "")
	if e.Gate != ua.GateUnsaid {
		c.early.gate = e.Gate
	}
	i := c.early.of(e.Dialog)
	if e.SDP != nil {
		if m, err := c.sdp.Accept(e.SDP); err == nil {
			m.RemoteHeld = false // who only sends before the answer holds nobody
			c.early.branches[i].media, c.early.branches[i].described = m, true
			if !c.early.branches[c.early.plays].sends {
				c.early.plays = i
			}
		}
	}
	sources := a.render(c)
	if e.Code != 180 && e.Code != 183 && e.SDP == nil { // forwarded, queued: nothing rings yet
		return
	}
	early := len(sources) > 0
	a.post(phone.Progressed{Call: c.id, Early: early, OneWay: early && !c.early.direction().Sends()})
}

// direction is that of the sound that is rendered.
func (e *early) direction() offer.Direction {
	return e.branches[e.plays].media.Direction.And(e.through())
}

// render takes up the sound that is to be heard now, and asks for word of all that may be.
func (a *Adapter) render(c *call) []netip.AddrPort {
	s := c.early.branches[c.early.plays]
	if s.described {
		m := s.media
		m.Direction = c.early.direction()
		a.apply(c, m)
	}
	sources := c.early.sources()
	c.voice.Expect(sources)
	return sources
}

// heard: a far side that rings sends sound.
func (a *Adapter) heard(c *call, from netip.AddrPort) {
	if c.stands {
		return
	}
	for i := range slices.Backward(c.early.branches) {
		s := &c.early.branches[i]
		if !s.described || s.media.Remote != from {
			continue
		}
		s.sends = true
		if plays := c.early.plays; i > plays || i != plays && !c.early.branches[plays].sends {
			c.early.plays = i
			a.render(c)
		}
		a.post(phone.EarlyHeard{Call: c.id})
		return
	}
}
