package device

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"opendeskphone/firmware/lines"
	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/settings"
	"opendeskphone/sip/ice"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/stack"
	"opendeskphone/sip/ua"
)

// sipSide is the SIP user agent with its stack and the lines above it. It is built anew whenever its
// part of the settings changes, and by the supervisor if it falls.
type sipSide struct {
	device   *Device
	adapter  atomic.Pointer[lines.Adapter]
	agent    atomic.Pointer[ua.UA]
	stack    atomic.Pointer[stack.Stack]
	again    chan struct{}                // capacity 1: build it anew
	settings atomic.Pointer[settings.SIP] // it was built by
}

func newSIPSide(d *Device) *sipSide { return &sipSide{device: d, again: make(chan struct{}, 1)} }

// renew asks for a new stack.
func (s *sipSide) renew() {
	select {
	case s.again <- struct{}{}:
	default:
	}
}

// offline tells that the phone has no address.
func (s *sipSide) offline() {
	if u := s.agent.Load(); u != nil {
		u.Offline()
	}
}

// moved tells that the phone has other addresses: registrations and calls must name them.
func (s *sipSide) moved() {
	if a := s.adapter.Load(); a != nil {
		a.Moved()
	}
	if u := s.agent.Load(); u != nil {
		u.Renew()
	}
}

// Run builds stack, user agent and lines, and runs them until ctx ends or the settings change.
func (s *sipSide) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := s.once(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *sipSide) once(ctx context.Context) error {
	d := s.device
	f := d.settings.File()
	s.settings.Store(&f.SIP)
	d.setMailboxes(f.Lines, f.SIP)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	st := stack.New(stackConfig(f.SIP, d.opts.Version), d.opts.Network, d.log)
	var adapter *lines.Adapter
	st.Observe(d.sipSeen)
	st.Mark(d.signalingDSCP())
	s.stack.Store(st)
	agent := ua.New(d.agentConfig(ctx, f), st, func(e ua.Event) { d.agentSaid(e); adapter.Handle(e) }, d.log)
	adapter = lines.New(d.accounts(f.Lines), agent, d.voices, d.callers(f.STIR), d.route, d.fromLines, d.log)
	adapter.SetPages(lines.Pages{Groups: f.Paging.Addresses(), Codec: f.Paging.Codec})
	adapter.SetWatch(watchOf(f.Keys))
	adapter.SetPresence(d.loop.State().Published())
	adapter.OnRules(d.handedRules)
	adapter.OnHanded(d.handed.Told)
	adapter.SetGateways(gateways(f.Gateways))
	adapter.OnName(func(call phone.CallID, callID string) {
		d.trace.Name(uint32(call), callID)
		d.voices.name(call, callID)
	})
	d.outbox.renew()
	s.adapter.Store(adapter)
	s.agent.Store(agent)

	var wg sync.WaitGroup
	failed := make(chan error, 2)
	// The user agent needs two seconds to say goodbye; lines and voices stay until it has.
	talk, hush := context.WithCancel(context.WithoutCancel(ctx))
	defer hush()
	wg.Go(func() {
		defer hush()
		failed <- agent.Run(ctx)
	})
	wg.Go(func() { failed <- adapter.Run(talk) })
	var err error
	select {
	case <-ctx.Done():
	case <-s.again:
	case err = <-failed:
		if err == nil && ctx.Err() == nil {
			err = fmt.Errorf("device: the user agent stopped")
		}
	}
	cancel()
	wg.Wait()
	return err
}

// watchOf are those who have keys.
func watchOf(k settings.Keys) lines.Watch {
	people, places := k.Numbers()
	return lines.Watch{Line: phone.LineID(k.Line - 1), People: people, Places: places, Presence: k.Presence, List: k.List}
}

// setKeys takes other keys of people and places.
func (d *Device) setKeys(k settings.Keys) {
	if a := d.sip.adapter.Load(); a != nil {
		a.SetWatch(watchOf(k))
	}
}

func stackConfig(c settings.SIP, version string) stack.Config {
	cfg := stack.Default()
	cfg.Local = netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(c.Port))
	cfg.UDP, cfg.TCP = c.UDP, c.TCP
	cfg.TLS = stack.TLSConfig{SystemRoots: c.SystemRoots, RootFiles: c.ExtraRoots}
	cfg.UserAgent = "OpenDeskPhone/" + version
	cfg.Rules = ua.Rules()
	return cfg
}

// agentConfig names who may call besides the servers of the accounts. A peer given by name is looked
// up once; one that cannot be found is not trusted.
func (d *Device) agentConfig(ctx context.Context, f settings.File) ua.Config {
	cfg := ua.Default()
	cfg.Strangers = f.SIP.Strangers
	ctx, cancel := context.WithTimeout(ctx, routeTime)
	defer cancel()
	var peers []string
	for _, l := range f.Lines {
		peers = append(peers, l.Peers...)
	}
	for _, r := range f.Gateways.Ways() {
		peers = append(peers, r.Host)
	}
	for _, p := range peers {
		if prefix, err := netip.ParsePrefix(p); err == nil {
			cfg.Peers = append(cfg.Peers, prefix)
			continue
		}
		addrs, err := d.addrsOf(ctx, hostOf(p))
		if err != nil || len(addrs) == 0 {
			d.log.Warn("a trusted peer cannot be found", "peer", p, "err", err)
		}
		for _, a := range addrs {
			cfg.Peers = append(cfg.Peers, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	return cfg
}

func (d *Device) addrsOf(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	return d.opts.Network.LookupAddr(ctx, host)
}

var srtpPolicies = map[string]offer.SRTP{"off": offer.Off, "optional": offer.Optional, "required": offer.Required}

var keyings = map[string]offer.Keying{"sdes": offer.SDES, "dtls": offer.ByDTLS}

// fromLines takes the facts of the lines.
func (d *Device) fromLines(e phone.Event) {
	d.loop.Post("lines", e)
	if m, ok := e.(phone.MailTold); ok {
		d.mail.Refresh(m.Line)
	}
	if l, ok := e.(phone.LineChanged); ok {
		d.certificates.line(l, time.Now())
		if line := d.loop.State().Line(l.Line); l.State == phone.LineRegistered && line != nil {
			d.queue.Back(line.AOR)
			d.relays.look()
		}
	}
}

// labelOf names a line as its key does.
func (d *Device) labelOf(line phone.LineID) string {
	if l := d.loop.State().Line(line); l != nil {
		return l.Label
	}
	return ""
}

// accounts makes the lines of the settings. A credential that a computer installed is younger than the password
// beside it, for typing one at the phone clears it.
func (d *Device) accounts(in []settings.Line) []lines.Line {
	out := make([]lines.Line, len(in))
	for i, l := range in {
		d.wholeLine(&l)
		out[i] = lines.Line{
			Account: ua.Account{
				AOR: l.AOR, Display: l.Display, User: l.AuthUser, Password: ua.Secret(l.Password.Reveal()),
				Registrar: l.Registrar, Direct: !l.Register, Proxy: l.OutboundProxy, Transport: stack.Transport(l.Transport),
				Client:  stack.ClientCert{CertFile: l.Certificate, KeyFile: l.CertificateKey},
				Expires: time.Duration(l.Expires) * time.Second, Instance: d.opts.Instance, UseGRUU: l.GRUU, Dialect: ua.Dialect(l.Dialect),
			},
			SRTP: srtpPolicies[l.SRTP], Keys: keyings[l.Keys], Codecs: l.Codecs, Numbers: l.Numbers, URIs: l.URIs(), Reach: d.reach(l), MWI: l.MWI, Handed: l.Provisioned, Shared: l.Appearances > 0,
		}
		if e, ok := d.opts.Vault.For(l.AOR); ok {
			a := &out[i].Account
			a.User, a.Realm, a.Password = e.User, e.Realm, ua.Secret(e.Password)
			a.HA1 = ua.HA1{MD5: ua.Secret(e.MD5), SHA256: ua.Secret(e.SHA256), SHA512256: ua.Secret(e.SHA512256)}
		}
	}
	return out
}

var natModes = map[string]ice.Mode{"off": ice.Off, "stun": ice.STUN, "ice": ice.Full}

// reach is how a line's calls get through NATs.
func (d *Device) reach(l settings.Line) ice.Config {
	c := ice.Config{Mode: natModes[l.NAT], STUN: l.STUN, TURN: l.TURN, User: l.TURNUser, Password: ice.Secret(l.TURNPassword.Reveal())}
	if strings.HasPrefix(l.TURN, "turns:") {
		var err error
		if c.Roots, err = stackConfig(d.settings.File().SIP, d.opts.Version).TLS.Roots(); err != nil {
			d.log.Warn("the authorities for the TURN server cannot be read", "err", err)
		}
	}
	return c
}

// route finds the address of ours from which an account's server is reached; its far sides send
// voice there.
func (d *Device) route(a ua.Account) netip.Addr {
	ctx, cancel := context.WithTimeout(context.Background(), routeTime)
	defer cancel()
	for _, server := range []string{a.Proxy, a.Registrar, a.AOR} {
		host := hostOf(server)
		if host == "" {
			continue
		}
		addrs, err := d.addrsOf(ctx, host)
		if err != nil {
			continue
		}
		for _, ip := range addrs {
			if local, err := d.opts.Network.LocalFor(ip); err == nil {
				return local
			}
		}
	}
	return netip.Addr{}
}

const routeTime = 2 * time.Second // the DNS may take this long before a call goes without

// gateways makes the gateways of the settings.
func gateways(g settings.Gateways) lines.Gateways {
	out := lines.Gateways{Transport: stack.Transport(g.Transport), Number: g.Number, Always: g.Always}
	for _, r := range g.Ways() {
		out.Routes = append(out.Routes, lines.Route(r))
	}
	return out
}
