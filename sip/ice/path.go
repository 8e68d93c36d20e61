package ice

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/stun/v4"

	"opendeskphone/sip/offer"
)

// Path is the way of one call's media: RTP, and RTCP where it has a port of its own.
type Path struct {
	cfg       Config
	log       *slog.Logger
	rtp, rtcp *Link

	mu         sync.Mutex
	ufrag, pwd string
	agents     [2]*agent // of the present credentials, RTP first
	told       int       // candidates that the far side has been told
	ended      bool      // and that they are all
	tell       func([]byte)
	public     [2]netip.AddrPort
	server     netip.AddrPort // the STUN server, once found
	closed     bool
}

// New makes the path of a call whose sockets are bound to these addresses.
func New(rtp, rtcp Socket, rtpAt, rtcpAt netip.AddrPort, c Config, log *slog.Logger) *Path {
	return &Path{cfg: c, log: log, rtp: newLink(rtp, rtpAt, log), rtcp: newLink(rtcp, rtcpAt, log)}
}

// RTP is the first component, on which everything comes if RTP and RTCP share a port.
func (p *Path) RTP() *Link { return p.rtp }

// RTCP is the second component.
func (p *Path) RTCP() *Link { return p.rtcp }

// Gather finds out how we can be reached, and returns when all is found or ctx ends; what is found then is what Describe
// tells. Called again it begins anew, with other credentials: the checks of a call that stands go on until Start.
func (p *Path) Gather(ctx context.Context) error {
	server := p.find(ctx)
	p.mu.Lock()
	p.server = server
	p.mu.Unlock()
	if p.cfg.Mode == Full {
		return p.gather(ctx)
	}
	var wg sync.WaitGroup
	var found [2]netip.AddrPort
	for i, l := range [2]*Link{p.rtp, p.rtcp} {
		wg.Go(func() { found[i] = p.mapped(ctx, l, server) })
	}
	wg.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.public = found
	return nil
}

// find looks up the STUN server, if there is one.
func (p *Path) find(ctx context.Context) (at netip.AddrPort) {
	if p.cfg.STUN == "" {
		return at
	}
	server, err := stunServer(p.cfg.STUN)
	if err != nil {
		return at
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", server.Host)
	if err != nil || len(addrs) == 0 {
		p.log.Warn("the STUN server cannot be found", "server", p.cfg.STUN, "err", err)
		return at
	}
	return netip.AddrPortFrom(addrs[0].Unmap(), uint16(server.Port))
}

// mapped asks the STUN server by which address it sees a link's socket.
func (p *Path) mapped(ctx context.Context, l *Link, server netip.AddrPort) (at netip.AddrPort) {
	if !server.IsValid() {
		return at
	}
	for ctx.Err() == nil { // UDP loses packets
		x, err := l.mux.GetXORMappedAddrContext(ctx, net.UDPAddrFromAddrPort(server), again)
		if err == nil {
			addr, _ := netip.AddrFromSlice(x.IP)
			return netip.AddrPortFrom(addr.Unmap(), uint16(x.Port))
		}
	}
	p.log.Warn("the STUN server does not answer", "server", p.cfg.STUN)
	return at
}

// Keep keeps NATs from forgetting us while no packets flow, as when it rings: the STUN server is asked, and its answer
// dropped (RFC 6263 §4.4); TURN servers are told nothing in particular.
func (p *Path) Keep() {
	p.mu.Lock()
	server := p.server
	p.mu.Unlock()
	for _, l := range []*Link{p.rtp, p.rtcp} {
		l.mu.Lock()
		for _, r := range l.relays {
			r.keep()
		}
		l.mu.Unlock()
		if !server.IsValid() {
			continue
		}
		_, _ = l.socket.WriteTo(stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw, server) // the next one may get through
	}
}

// again is how long a STUN server may take before it is asked again (RFC 8489 §6.2.1).
const again = 200 * time.Millisecond

func (p *Path) gather(ctx context.Context) error {
	ufrag, pwd := rand.Text()[:8], rand.Text()
	var agents [2]*agent
	for i, l := range [2]*Link{p.rtp, p.rtcp} {
		a, err := newAgent(l, i+1, p.cfg, ufrag, pwd, p.more)
		if err != nil {
			for _, a := range agents[:i] {
				a.close()
			}
			return err
		}
		agents[i] = a
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		for _, a := range agents {
			a.close()
		}
		return net.ErrClosed
	}
	p.drop()
	p.ufrag, p.pwd, p.agents, p.tell = ufrag, pwd, agents, nil
	p.mu.Unlock()
	for _, a := range agents {
		a.wait(ctx)
	}
	if p.cfg.TURN != "" && agents[0].gathered() && agents[0].relays == 0 {
		p.log.Warn("the TURN server gives no address: wrong name, credentials or certificate, or it cannot be reached", "server", p.cfg.TURN)
	}
	return nil
}

// drop closes agents that were gathered with but are not in use.
func (p *Path) drop() {
	for i, l := range [2]*Link{p.rtp, p.rtcp} {
		if a := p.agents[i]; a != nil && l.agent.Load() != a {
			a.close()
		}
	}
	p.agents = [2]*agent{}
}

// Describe fills in what is known about how we can be reached.
func (p *Path) Describe(l *offer.Local) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.Public, l.PublicRTCP = p.public[0], p.public[1]
	if p.agents[0] == nil {
		return
	}
	l.ICE, l.RTCPMux = p.found(0), true
	p.told, p.ended = len(l.ICE.Candidates), l.ICE.Ended
	l.Public, l.PublicRTCP = reflexive(p.agents[0]), reflexive(p.agents[1])
}

// found is what is known of our ways, but for so many candidates that were told before.
func (p *Path) found(told int) *offer.ICE {
	i := &offer.ICE{Ufrag: p.ufrag, Pwd: p.pwd, Ended: true}
	var later []string
	for _, a := range p.agents {
		all, over := a.candidates()
		i.Ended = i.Ended && over
		early := min(len(all), a.told)
		i.Candidates, later = append(i.Candidates, all[:early]...), append(later, all[early:]...)
		a.told = len(all)
	}
	i.Candidates = append(i.Candidates, later...)[told:]
	return i
}

// Trickle has the far side told, by an INFO with the fragment, of what is found from now on and Describe has not told
// (RFC 8838 §9); tell must not block.
func (p *Path) Trickle(tell func(fragment []byte)) {
	p.mu.Lock()
	p.tell = tell
	p.mu.Unlock()
	p.more()
}

// more tells what is new.
func (p *Path) more() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tell == nil || p.ended || p.agents[0] == nil {
		return
	}
	i := p.found(p.told)
	if len(i.Candidates) == 0 && !i.Ended {
		return
	}
	p.told, p.ended = p.told+len(i.Candidates), i.Ended
	p.tell(i.Fragment())
}

// reflexive is the address that a server has seen of us: the best that one who knows no ICE can use. A relay would be of
// no use to him, for it lets nobody through whom no check has announced.
func reflexive(a *agent) (at netip.AddrPort) {
	found, _ := a.candidates()
	for _, v := range found {
		if c, ok := offer.Reflexive(v); ok && (!at.IsValid() || c.Addr().Is4()) {
			at = c
		}
	}
	return at
}

// Start puts an agreement to work: without ICE packets go straight; with it, the checks begin or go on.
func (p *Path) Start(m offer.Media) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return net.ErrClosed
	}
	links := []*Link{p.rtp, p.rtcp}
	if m.ICE == nil || m.RTCPMux {
		p.halt(p.rtcp)
		links = links[:1]
	}
	if m.ICE == nil {
		p.halt(p.rtp)
		return nil
	}
	var errs []error
	for i, l := range links {
		at := m.Remote
		if i == 1 {
			at = m.RemoteRTCP
		}
		l.remote.Store(&at)
		errs = append(errs, p.check(i, l, *m.ICE, m.Controlling))
	}
	return errors.Join(errs...)
}

// halt gives a link back to those who do without ICE.
func (p *Path) halt(l *Link) {
	if a := l.agent.Swap(nil); a != nil {
		a.close()
	}
}

// check begins the checks of a component, if they are not those under way.
func (p *Path) check(i int, l *Link, theirs offer.ICE, controlling bool) error {
	running, next := l.agent.Load(), p.agents[i]
	switch {
	case next == nil:
		return nil
	case running == next && running.theirs.Ufrag == theirs.Ufrag && running.theirs.Pwd == theirs.Pwd:
		running.add(theirs.Candidates[min(len(running.theirs.Candidates), len(theirs.Candidates)):])
		return nil
	case running == next: // another of several who ring has answered (RFC 3261 §13.2.2.4): the same of us, checked with him
		p.halt(l)
		again, err := newAgent(l, i+1, p.cfg, p.ufrag, p.pwd, p.more)
		if err != nil {
			return fmt.Errorf("ice: check anew: %w", err)
		}
		next, p.agents[i] = again, again
	default:
		p.halt(l)
	}
	if err := next.start(theirs, controlling); err != nil {
		return err
	}
	l.agent.Store(next)
	return nil
}

// Trickled takes candidates of theirs that came later than their description, by the fragment of an INFO. Those of another
// description than the present are too late.
func (p *Path) Trickled(fragment []byte) {
	i, ok := offer.ParseFragment(fragment)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range []*Link{p.rtp, p.rtcp} {
		if a := l.agent.Load(); a != nil && a.theirs.Ufrag == i.Ufrag && a.later < maxLater {
			a.later += len(i.Candidates)
			a.add(i.Candidates)
		}
	}
}

// maxLater bounds the candidates that a far side may add to a description: each costs checks.
const maxLater = 64

// Close closes both links and what was gathered.
func (p *Path) Close() error {
	p.mu.Lock()
	p.closed = true
	p.drop()
	p.mu.Unlock()
	return errors.Join(p.rtp.Close(), p.rtcp.Close())
}
