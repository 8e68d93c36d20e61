package lines

import (
	"context"
	"net/netip"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/offer"
)

// Pages are the multicast groups of paging, the most important first, and the codec in which we speak to them.
type Pages struct {
	Groups []netip.AddrPort
	Codec  string
}

// page is a group that is listened to.
type page struct {
	group netip.AddrPort
	no    uint8 // from 1
	voice Voice
	stop  context.CancelFunc
	heard bool
	call  phone.CallID // that hears it
}

// joinAgain is how long after a group could not be joined it is tried again: the network is not there yet.
const joinAgain = 5 * time.Second

// SetPages takes the groups that are listened to from now on.
func (a *Adapter) SetPages(p Pages) { a.put(p) }

// Silenced tells that nothing comes any more from where a voice expected it.
func (a *Adapter) Silenced(from netip.AddrPort) { a.put(silenced(from)) }

type (
	silenced netip.AddrPort
	rejoin   struct{ *page }
)

func (a *Adapter) setPages(p Pages) {
	for _, old := range a.pages {
		old.leave()
	}
	a.paging, a.pages = p, nil
	for i, group := range p.Groups {
		n := &page{group: group, no: uint8(i + 1)}
		a.pages = append(a.pages, n)
		a.listen(n)
	}
}

// leave stops listening.
func (p *page) leave() {
	if p.stop != nil {
		p.stop()
	}
	p.stop, p.heard, p.call = nil, false, 0
}

// listen joins a group anew; whose voice it hears then is open.
func (a *Adapter) listen(p *page) {
	p.leave()
	v, err := a.voices.Listen(p.group)
	if err != nil {
		a.log.Warn("cannot listen to a paging group", "group", p.group, "err", err)
		time.AfterFunc(joinAgain, func() { a.put(rejoin{p}) })
		return
	}
	p.voice = v
	ctx, stop := context.WithCancel(a.run)
	p.stop = stop
	a.wg.Go(func() {
		defer a.voices.Close(v)
		if err := v.Run(ctx); err != nil {
			a.log.Warn("paging ended", "group", p.group, "err", err)
		}
	})
	local := v.Local(nil)
	if err := v.Apply(offer.Media{Remote: p.group, Direction: offer.RecvOnly, Send: local.Codecs[0], Recv: local.Codecs, Ptime: local.Ptime}); err != nil {
		a.log.Error("paging cannot be heard", "group", p.group, "err", err)
		return
	}
	v.Expect([]netip.AddrPort{p.group})
}

func (a *Adapter) pageHeard(from netip.AddrPort) {
	for _, p := range a.pages {
		if p.group == from {
			p.heard = true
			a.post(phone.PageHeard{Group: p.no})
		}
	}
}

func (a *Adapter) pageSilent(from netip.AddrPort) {
	for _, p := range a.pages {
		if p.group == from && p.heard {
			a.post(phone.PageSilent{Group: p.no})
			a.listen(p)
		}
	}
}

// execPage carries out the effects of paging.
func (a *Adapter) execPage(e phone.Effect) {
	switch e := e.(type) {
	case phone.HearPage:
		if n := int(e.Group); n >= 1 && n <= len(a.pages) && a.pages[n-1].stop != nil {
			a.pages[n-1].call = e.Call
			a.voices.Bind(e.Call, a.pages[n-1].voice)
		}
	case phone.SendPage:
		if n := int(e.Group); n >= 1 && n <= len(a.paging.Groups) {
			a.sendPage(e.Call, a.paging.Groups[n-1])
		}
	case phone.EndPage:
		if c := a.calls[e.Call]; c != nil {
			a.drop(c)
		}
		for _, p := range a.pages {
			if p.call == e.Call && p.heard { // it may go on, unheard: Silenced tells when it is over
				p.call = 0
				a.voices.Release(e.Call)
			}
		}
	}
}

// sendPage speaks to a group.
func (a *Adapter) sendPage(id phone.CallID, group netip.AddrPort) {
	c := &call{id: id}
	err := a.open(c)
	if err == nil {
		a.calls[id] = c
		a.voices.Bind(id, c.voice)
		local := c.voice.Local([]string{a.paging.Codec})
		err = c.voice.Apply(offer.Media{Remote: group, Direction: offer.SendOnly, Send: local.Codecs[0], Recv: local.Codecs, Ptime: local.Ptime})
	}
	if err != nil {
		a.log.Error("cannot page", "group", group, "err", err)
		a.fail(c, phone.Incompatible, err.Error())
		return
	}
	a.post(phone.Accepted{Call: id})
}
