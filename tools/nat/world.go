package nat

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

// domain is the exchange's.
const domain = "phone.test"

// What phone and peer say, in Hz: neither is a multiple of the other.
const (
	phoneTone = 620
	peerTone  = 1000
)

// World is a LAN that stands for the Internet, with an exchange and a STUN and TURN server.
type World struct {
	dir    string
	lan    *lab.LAN
	ca     *lab.CA
	turn   *lab.Coturn
	number int
	stops  []func() error
}

// New makes a world; logs go to dir. Close it.
func New(ctx context.Context, dir string) (*World, error) {
	w := &World{dir: dir}
	if err := w.open(ctx); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *World) open(ctx context.Context) (err error) {
	if err := lab.Require("ip", "kamailio", "kamcmd", "baresip", "turnserver"); err != nil {
		return err
	}
	if w.lan, err = lab.NewLAN(w.dir); err != nil {
		return err
	}
	w.stops = append(w.stops, w.lan.Close)
	nowhere, err := w.lan.LosePrivate()
	if err != nil {
		return err
	}
	w.stops = append(w.stops, nowhere.Close)
	if w.ca, err = lab.NewCA(filepath.Join(w.dir, "ca")); err != nil {
		return err
	}
	here := lab.LANAddr(1).Addr()
	pair, err := w.ca.Issue(lab.Leaf{File: "turn", IPs: []netip.Addr{here}})
	if err != nil {
		return err
	}
	exchange, err := w.ca.Issue(lab.Leaf{File: "exchange", DNS: []string{domain}})
	if err != nil {
		return err
	}
	names, err := lab.StartDNS(ctx, w.lan.Core, here, map[string]netip.Addr{domain: here}, nil)
	if err != nil {
		return err
	}
	w.stops = append(w.stops, names.Close)
	if _, err = lab.StartKamailio(ctx, w.lan.Core, lab.KamailioConfig{Name: "kamailio", Domain: domain, Listen: netip.AddrPortFrom(here, 5060), NATs: true, HandsDown: true, TLS: []lab.TLSAt{{Listen: netip.AddrPortFrom(here, 5061), Pair: exchange}}}); err != nil {
		return err
	}
	w.turn, err = lab.StartCoturn(ctx, w.lan.Core, here, pair, "")
	return err
}

// Close ends the world.
func (w *World) Close() error {
	var errs []error
	for i := len(w.stops) - 1; i >= 0; i-- {
		errs = append(errs, w.stops[i]())
	}
	return errors.Join(errs...)
}

// nat makes the NAT of a kind.
func (w *World) nat(kind int, name string) (*lab.NAT, error) {
	w.number++
	c := kinds[kind].nat
	c.Name, c.Number = fmt.Sprintf("%s-%d", name, w.number), w.number
	return lab.NewNAT(w.lan, c)
}

// Call makes the call of a cell and listens at both ends.
func (w *World) Call(ctx context.Context, c Cell) Cell {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	c.Err = w.call(ctx, &c)
	return c
}

func (w *World) call(ctx context.Context, c *Cell) error {
	out, err := w.nat(c.NAT, "phone")
	if err != nil {
		return err
	}
	defer out.Close()
	user := fmt.Sprintf("2%02d", w.number)
	peer, gone, err := w.peer(ctx, c, user)
	if err != nil {
		return err
	}
	defer gone()
	p, err := desk.StartTwin(ctx, desk.Setup{Name: "phone", LAN: w.lan, Behind: out, Settings: w.settings(c, netip.PrefixFrom(out.Private(), 24), "100"), Roots: w.ca.RootFile()})
	if err != nil {
		return err
	}
	defer p.Close()
	if err := ready(ctx, p); err != nil {
		return err
	}
	mark := peer.Mark()
	if err := p.Do(ctx, phone.Dial{Number: user}); err != nil {
		return err
	}
	if err := peer.WaitRinging(ctx, mark); err != nil {
		return err
	}
	if d := kinds[c.NAT].nat.Forgets; d > 0 { // longer than the NAT remembers who was not kept alive
		select {
		case <-time.After(d + 5*time.Second):
		case <-ctx.Done():
		}
	}
	if err := peer.Answer(ctx); err != nil {
		return err
	}
	talking := func(s *phone.State) bool { return len(s.Calls) == 1 && s.Calls[0].State == phone.Talking }
	if _, err := p.WaitState(ctx, "a call", talking); err != nil {
		return err
	}
	if err := listen(ctx, c, p, peer); err != nil {
		return err
	}
	return named(ctx, p, kinds[c.NAT].nat.ALG)
}

// named tells whether the phone has found out, and says, that the router rewrites SIP; of one that does not it must not say so.
func named(ctx context.Context, p *desk.Twin, rewrites bool) error {
	if !rewrites {
		s, err := p.State()
		if text := s.Notices[phone.NetworkRewrites]; err == nil && text != "" {
			err = fmt.Errorf("an honest NAT is said to rewrite: %s", text)
		}
		return err
	}
	_, err := p.WaitState(ctx, "the phone's word on the router", func(s *phone.State) bool { return s.Notices[phone.NetworkRewrites] != "" })
	return err
}

// far is the far side of a call.
type far interface {
	Mark() int
	WaitRinging(ctx context.Context, mark int) error
	Answer(ctx context.Context) error
	Recording() string // of what it hears
}

// peer brings the far side on.
func (w *World) peer(ctx context.Context, c *Cell, user string) (f far, gone func(), err error) {
	if c.ours() {
		return w.second(ctx, c, user)
	}
	cfg := lab.BaresipConfig{User: user, Domain: domain, Registrar: netip.AddrPortFrom(lab.LANAddr(1).Addr(), 5060), Transport: transport(c),
		Codecs: []string{"PCMA"}, Speech: tone(peerTone), NAT: ways[c.Way].peer, STUN: w.turn.STUN(), Mux: c.Hidden}
	var host *lab.Namespace
	leave := func() {}
	if c.Hidden {
		n, err := w.nat(c.NAT, "peer")
		if err != nil {
			return nil, nil, err
		}
		host, cfg.Addr, leave = n.Host, n.Private(), func() { n.Close() }
	} else {
		w.number++
		if host, err = w.lan.Host(user, 100+w.number); err != nil {
			return nil, nil, err
		}
		cfg.Addr = lab.LANAddr(100 + w.number).Addr()
	}
	gone = func() { leave(); _ = w.lan.Remove(host) }
	b, err := lab.StartBaresip(ctx, host, cfg)
	if err == nil {
		err = b.WaitRegistered(ctx)
	}
	if err != nil {
		gone()
	}
	return b, gone, err
}

// twin is a second phone of ours as the far side.
type twin struct{ *desk.Twin }

func (twin) Mark() int { return 0 }

func (t twin) WaitRinging(ctx context.Context, _ int) error {
	_, err := t.WaitState(ctx, "ringing", func(s *phone.State) bool { return len(s.Calls) == 1 && s.Calls[0].State == phone.Ringing })
	return err
}

func (t twin) Answer(ctx context.Context) error {
	if err := t.Do(ctx, phone.Answer{Call: 1}); err != nil {
		return err
	}
	_, err := t.Say(ctx, tone(peerTone))
	return err
}

func (t twin) Recording() string { return t.Speaker() }

func (w *World) second(ctx context.Context, c *Cell, user string) (far, func(), error) {
	setup := desk.Setup{Name: "second-" + user, LAN: w.lan, Roots: w.ca.RootFile()}
	leave := func() {}
	var at netip.Prefix
	if c.Hidden {
		n, err := w.nat(c.NAT, "peer")
		if err != nil {
			return nil, nil, err
		}
		setup.Behind, at, leave = n, netip.PrefixFrom(n.Private(), 24), func() { n.Close() }
	} else {
		w.number++
		setup.Host = 100 + w.number
		at = lab.LANAddr(setup.Host)
	}
	setup.Settings = w.settings(c, at, user)
	p, err := desk.StartTwin(ctx, setup)
	if err != nil {
		leave()
		return nil, nil, err
	}
	return twin{p}, func() { p.Close(); leave() }, ready(ctx, p)
}

// ready waits until a phone is registered.
func ready(ctx context.Context, p *desk.Twin) error {
	_, err := p.WaitState(ctx, "registration", func(s *phone.State) bool { return len(s.Lines) > 0 && s.Lines[0].State == phone.LineRegistered })
	return err
}

// transport: a NAT that rewrites SIP does so over UDP; the others forget UDP too soon for a call to come in.
func transport(c *Cell) string {
	if kinds[c.NAT].nat.ALG {
		return "udp"
	}
	return "tcp"
}

func (w *World) settings(c *Cell, at netip.Prefix, user string) string {
	way := ways[c.Way]
	var s strings.Builder
	fmt.Fprintf(&s, "[[line]]\naor = \"sip:%s@%s\"\npassword = %q\ntransport = %q\nsrtp = \"off\"\nnat = %q\n", user, domain, lab.PasswordOf(user), transport(c), way.nat)
	if way.nat != "off" {
		fmt.Fprintf(&s, "stun_server = %q\n", w.turn.STUN())
	}
	if way.turn != "" {
		fmt.Fprintf(&s, "turn_server = %q\nturn_user = %q\nturn_password = %q\n", w.turn.TURN(way.turn), lab.TURNUser, lab.TURNPassword)
	}
	fmt.Fprintf(&s, "[sip]\nextra_roots = [%q]\n[media]\ncodecs = [\"PCMA\"]\n[sound]\nsuppress_noise = false\nlevel_voice = false\n", desk.RootsPath)
	fmt.Fprintf(&s, "[network]\ndhcp = false\naddress = %q\ndns = [%q]\n", at, lab.LANAddr(1).Addr())
	return s.String()
}

// tone is ten seconds of a sine.
func tone(hz float64) lab.Clip {
	c := lab.Clip{Rate: 8000, Samples: make([]float32, 80000)}
	for i := range c.Samples {
		c.Samples[i] = float32(0.3 * math.Sin(2*math.Pi*hz*float64(i)/8000))
	}
	return c
}

// patience is how long both may take to hear each other; who has not by then does not.
const patience = 15 * time.Second

func listen(ctx context.Context, c *Cell, p *desk.Twin, peer far) error {
	if _, err := p.Say(ctx, tone(phoneTone)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_ = lab.PollEvery(ctx, 100*time.Millisecond, "voice", func() (bool, error) {
		c.Heard = c.Heard || hears(p.Speaker(), peerTone)
		c.Said = c.Said || hears(peer.Recording(), phoneTone)
		return c.TwoWay(), nil
	})
	c.Relayed = strings.Contains(p.Log().Since(0), "component=1 local=relay")
	return nil
}

// hears tells whether the end of a recording that grows holds the tone, for a fifth of a second.
func hears(path string, hz float64) bool {
	clip, err := lab.ReadWAV(path)
	if err != nil || clip.Duration() < time.Second {
		return false
	}
	clip = clip.Cut(clip.Duration()-500*time.Millisecond, clip.Duration()-300*time.Millisecond)
	var re, im, all float64
	for i, v := range clip.Samples {
		a := 2 * math.Pi * hz * float64(i) / float64(clip.Rate)
		re, im, all = re+float64(v)*math.Cos(a), im+float64(v)*math.Sin(a), all+float64(v)*float64(v)
	}
	power := 2 * (re*re + im*im) / float64(max(len(clip.Samples), 1))
	return all/float64(max(len(clip.Samples), 1)) > 1e-5 && power > all/2
}

// All makes the calls of all cells, each told as it is done.
func All(ctx context.Context, dir string, told func(Cell)) ([]Cell, error) {
	w, err := New(ctx, dir)
	if err != nil {
		return nil, err
	}
	cells := Cells()
	for i, c := range cells {
		cells[i] = w.Call(ctx, c)
		told(cells[i])
	}
	return cells, w.Close()
}
