package outage

import (
	"context"
	"net/netip"
	"time"

	"opendeskphone/tools/lab"
)

// Patience is how long every step may take.
const Patience = 90 * time.Second

// FailOver takes the first exchange away without a word and has the phone call: it gives how long the answer
// takes, which must come through the second, and, with the call still on, how long it takes until the phone is
// registered with the first again once that is back. The call must not notice.
func (s *Stage) FailOver(ctx context.Context) (over, back time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	if err := s.Cut(0, true); err != nil {
		return 0, 0, err
	}
	if over, err = s.talk(ctx, 1); err != nil {
		return over, 0, err
	}
	if _, err = s.registered(ctx, 0, func(a netip.Addr) bool { return a == exchange[1].Addr() }); err != nil {
		return over, 0, err
	}
	mark, began := s.Wire.Mark(), time.Now()
	if err = s.Cut(0, false); err != nil {
		return over, 0, err
	}
	at, err := s.registered(ctx, mark, func(a netip.Addr) bool { return a == exchange[0].Addr() })
	if err != nil {
		return over, 0, err
	}
	if err = s.hears(ctx, lab.LANAddr(farAt[1]).Addr()); err != nil {
		return over, 0, err
	}
	return over, at.Sub(began), s.hangUp(ctx)
}

// LinkLoss pulls the phone's cable for a while and gives how long it takes from its return until an exchange has
// the phone's registration anew.
func (s *Stage) LinkLoss(ctx context.Context, away time.Duration) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, away+Patience)
	defer cancel()
	if err := s.Phone.Cable(ctx, false); err != nil {
		return 0, err
	}
	select {
	case <-time.After(away):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	mark, began := s.Wire.Mark(), time.Now()
	if err := s.Phone.Cable(ctx, true); err != nil {
		return 0, err
	}
	at, err := s.registered(ctx, mark, func(netip.Addr) bool { return true })
	return at.Sub(began), err
}

// Readdress gives the phone another address in a call and gives how long it takes until voice comes from it and
// goes to it.
func (s *Stage) Readdress(ctx context.Context, n int) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	if _, err := s.talk(ctx, 0); err != nil {
		return 0, err
	}
	mark, began := s.Wire.Mark(), time.Now()
	if err := s.Phone.Readdress(n); err != nil {
		return 0, err
	}
	var last time.Time
	far, now := lab.LANAddr(farAt[0]).Addr(), s.Phone.Addr()
	for _, way := range [][2]netip.Addr{{far, now}, {now, far}} {
		p, err := s.Wire.Wait(ctx, mark, "voice", func(p lab.Packet) bool {
			return p.RTP() && p.Src.Addr() == way[0] && p.Dst.Addr() == way[1]
		})
		if err != nil {
			return 0, err
		}
		if p.At.After(last) {
			last = p.At
		}
	}
	if err := s.hears(ctx, far); err != nil {
		return 0, err
	}
	return last.Sub(began), s.hangUp(ctx)
}

// Anchor takes the first exchange away and has baresip call by the domain's name; it gives how long the answer
// takes, or an error when none comes within a minute and a half.
func (s *Stage) Anchor(ctx context.Context, transport string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	host, err := s.LAN.Host("anchor", anchorHost)
	if err != nil {
		return 0, err
	}
	defer s.LAN.Remove(host)
	at := lab.LANAddr(anchorHost).Addr()
	b, err := lab.StartBaresip(ctx, host, lab.BaresipConfig{User: "300", Addr: at, Domain: domain, Codecs: []string{"PCMA"}, Speech: silence})
	if err != nil {
		return 0, err
	}
	defer b.Stop()
	if err := s.Cut(0, true); err != nil {
		return 0, err
	}
	defer s.Cut(0, false)
	mark, began := s.Wire.Mark(), time.Now()
	if err := b.Dial(ctx, "sip:"+farUser+"@"+domain+";transport="+transport); err != nil {
		return 0, err
	}
	p, err := s.Wire.Wait(ctx, mark, "answer to baresip", func(p lab.Packet) bool {
		return p.Response(200, "INVITE") && p.Dst.Addr() == at
	})
	return p.At.Sub(began), err
}
