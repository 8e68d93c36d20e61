// Package lines joins the phone's lines to the SIP user agent: it turns the centre's effects into
// calls of the user agent and the user agent's events into facts for the centre, and negotiates each
// call's voice on the way. It decides nothing about calls.
//
//	phone.Effect -> Exec ----\                          /--> ua.UA (INVITE, 200, BYE, re-INVITE)
//	                          >-- inbox -- Run (1 goroutine) -- offer.Session, Voice
//	ua.Event -> Handle ------/                          \--> post(phone.Event)
package lines

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/ice"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/ua"
)

// Line is one account with its voice policy.
type Line struct {
	Account ua.Account
	SRTP    offer.SRTP
	Keys    offer.Keying // what is offered where encryption is insisted on
	Reach   ice.Config
	URIs    phone.URIForm
	Numbers []string // under which it is called, in E.164: what callers' proofs must be made out to
	Codecs  []string // names in order of preference; empty: those of the voice
	MWI     bool     // ask the server for news of the mailbox
	Handed  bool     // ask the server for what it hands down
	Shared  bool     // with the other phones of its address
}

// Voice is the media session of one call.
type Voice interface {
	// Local describes our end: port, codecs, packet time. Address and policy are the line's.
	// Local is our end, with the codecs named, or if none is, those that are usual.
	Local(codecs []string) offer.Local
	// Gather finds out how the far side can reach us, which Local then tells, until all is known or ctx ends. Called
	// again, it begins anew.
	Gather(ctx context.Context) error
	// Trickle has tell called with what is found out later, for the far side; Trickled takes the far side's.
	Trickle(tell func(fragment []byte))
	Trickled(fragment []byte)
	// Apply takes up what was agreed, at once and again after each change.
	Apply(m offer.Media) error
	// Expect asks for word, by Adapter.Heard, of the next sound from each of these addresses.
	Expect(from []netip.AddrPort)
	SendDTMF(digit rune)
	// Run carries the voice until ctx ends.
	Run(ctx context.Context) error
}

// Voices makes media sessions and is told which call each belongs to, and when it is over.
type Voices interface {
	Open(reach ice.Config) (Voice, error)
	// Listen opens a voice that hears a multicast group; Adapter.Heard, of no call, and Silenced tell of it.
	Listen(group netip.AddrPort) (Voice, error)
	Bind(call phone.CallID, v Voice)
	// Release takes a voice from its call, and the voice goes on.
	Release(call phone.CallID)
	Close(v Voice)
}

// UserAgent is what is used of ua.UA.
type UserAgent interface {
	AddAccount(id ua.AccountID, a ua.Account)
	RemoveAccount(id ua.AccountID)
	Renew()
	Invite(id ua.AccountID, target string, in ua.Invitation) ua.CallRef
	Ring(ref ua.CallRef)
	Accept(ref ua.CallRef, sdp []byte)
	Flush()
	Reject(ref ua.CallRef, code int)
	RejectOffer(ref ua.CallRef, code, warning int, text string)
	Deflect(ref ua.CallRef, target string, why ua.Diversion)
	Hangup(ref ua.CallRef)
	Offer(ref ua.CallRef, sdp []byte)
	AnswerOffer(ref ua.CallRef, sdp []byte)
	RefuseOffer(ref ua.CallRef, code int)
	Trickle(ref ua.CallRef, fragment []byte)
	Refer(ref ua.CallRef, target string)
	Control(ref ua.CallRef, order []byte)
	ReferTo(ref, place ua.CallRef)
	RefuseRefer(ref ua.ReferRef)
	TellReferrer(ref ua.ReferRef, code int, text string)
	Subscribe(id ua.AccountID, s ua.Subscription) ua.SubRef
	Unsubscribe(ref ua.SubRef)
	Refetch(ref ua.SubRef)
	Publish(id ua.AccountID, event, kind string, body []byte)
	PublishCategory(id ua.AccountID, category string, doc []byte)
}

// Adapter is the adapter of all lines.
type Adapter struct {
	agent  UserAgent
	voices Voices
	known  Callers
	route  func(ua.Account) netip.Addr
	post   func(phone.Event)
	log    *slog.Logger
	inbox  chan any
	named  func(call phone.CallID, callID string)

	// Of the goroutine of Run alone.
	run   context.Context
	wg    sync.WaitGroup
	lines []Line
	addrs []netip.Addr // our address as each line's server reaches it
	calls map[phone.CallID]*call
	refs  map[ua.CallRef]*call

	checks int // callers being checked
	paging Pages
	pages  []*page
	mails  []ua.SubRef // by line; 0: none
	boxes  []box       // by line
	downs  []ua.SubRef // for what is handed down, by line; 0: none
	handed func(aor string, doc []byte)

	watched  Watch
	watches  map[ua.SubRef]*watching
	own      phone.Published // of the user, as published
	rules    func(aor string) []byte
	me       string // how the names of our dialogs begin
	shares   map[phone.LineID]*share
	gateways Gateways
	up       map[phone.LineID]bool      // the line is registered
	silent   map[phone.LineID]time.Time // when its server was found to be silent
}

const inboxLen = 1024

// New makes the adapter. route finds the address that voice from an account's far sides can reach;
// post gives facts to the centre. Nothing moves until Run.
func New(lines []Line, agent UserAgent, voices Voices, known Callers, route func(ua.Account) netip.Addr, post func(phone.Event), log *slog.Logger) *Adapter {
	a := &Adapter{
		agent: agent, voices: voices, known: known, route: route, post: post, log: log, inbox: make(chan any, inboxLen),
		calls: map[phone.CallID]*call{}, refs: map[ua.CallRef]*call{}, up: map[phone.LineID]bool{}, silent: map[phone.LineID]time.Time{},
		me: newName(), shares: map[phone.LineID]*share{},
	}
	a.inbox <- configure(lines)
	return a
}

// OnName sets what is told the Call-ID of each call, once or, for a call that is sent anew, more often. Before Run.
func (a *Adapter) OnName(fn func(call phone.CallID, callID string)) { a.named = fn }

// name tells the Call-ID of a call.
func (a *Adapter) name(c *call, callID string) {
	if a.named != nil {
		a.named(c.id, callID)
	}
}

type configure []Line

// routed is an address that was found for a line.
type routed struct {
	line  phone.LineID
	addr  netip.Addr
	ready bool // the line works from it: calls that stand may move there
}

// Configure takes new accounts: those that differ register anew.
func (a *Adapter) Configure(lines []Line) { a.put(configure(slices.Clone(lines))) }

// Moved tells that the phone's own addresses have changed: calls from now on name the new ones, and
// those that stand are moved once their line is registered again.
func (a *Adapter) Moved() { a.put(moved{}) }

type moved struct{}

// Keyed tells that a handshake on the path of the voice has brought a call its keys, or why it has not; it never blocks.
func (a *Adapter) Keyed(call phone.CallID, ok bool, why string) { a.put(keyed{call, ok, why}) }

type keyed struct {
	call phone.CallID
	ok   bool
	why  string
}

// Heard tells that sound has come from an address that a voice expected it from.
func (a *Adapter) Heard(call phone.CallID, from netip.AddrPort) { a.put(heard{call, from}) }

type heard struct {
	call phone.CallID
	from netip.AddrPort
}

// Exec takes an effect; it never blocks.
func (a *Adapter) Exec(e phone.Effect) { a.put(e) }

// Handle takes an event of the user agent; it never blocks.
func (a *Adapter) Handle(e ua.Event) { a.put(e) }

func (a *Adapter) put(m any) {
	select {
	case a.inbox <- m:
	default: // more than a thousand waiting: whatever this is, it is no phone call
		a.log.Error("lines: inbox is full, something is lost")
	}
}

// Run works until ctx ends, and returns when the voices of all calls have.
func (a *Adapter) Run(ctx context.Context) error {
	a.run = ctx
	defer a.wg.Wait()
	for {
		select {
		case <-ctx.Done():
			for _, c := range a.calls {
				a.drop(c)
			}
			return nil
		case m := <-a.inbox:
			a.take(m)
		}
	}
}

func (a *Adapter) take(m any) {
	switch m := m.(type) {
	case configure:
		a.configure(m)
	case routed:
		if int(m.line) < len(a.addrs) {
			a.addrs[m.line] = m.addr
			a.follow(m)
		}
	case keyed:
		if c := a.calls[m.call]; c != nil {
			a.keyed(c, m)
		}
	case moved:
		for i := range a.lines {
			a.addrs[i] = netip.Addr{}
			a.seekRoute(phone.LineID(i), a.lines[i].Account.Direct)
		}
	case heard:
		if c := a.calls[m.call]; c != nil {
			a.heard(c, m.from)
		} else {
			a.pageHeard(m.from)
		}
	case silenced:
		a.pageSilent(netip.AddrPort(m))
	case Pages:
		a.setPages(m)
	case Watch:
		a.setWatch(m)
	case Gateways:
		a.setGateways(m)
	case askHanded:
		a.askHanded(string(m))
	case rejoin:
		if slices.Contains(a.pages, m.page) && m.stop == nil {
			a.listen(m.page)
		}
	case reached:
		m()
	case phone.Effect:
		a.exec(m)
	case checked:
		a.checked(m)
	case ua.Event:
		a.handle(m)
	}
}

func (a *Adapter) configure(lines []Line) {
	a.watchMail(lines)
	a.watchHanded(lines)
	a.setShares(lines)
	for i := range max(len(lines), len(a.lines)) {
		id := ua.AccountID(i)
		had, has := i < len(a.lines), i < len(lines)
		if had && has && a.lines[i].Account == lines[i].Account {
			continue
		}
		if had {
			a.agent.RemoveAccount(id)
		}
		if has {
			a.agent.AddAccount(id, lines[i].Account)
		}
	}
	a.lines = lines
	a.handRules()
	a.addrs = slices.Grow(a.addrs[:min(len(a.addrs), len(lines))], len(lines))[:len(lines)]
}

// local describes our end of a call.
func (a *Adapter) local(c *call, v Voice) offer.Local {
	cfg := a.lines[c.line]
	if c.detour.via != "" {
		cfg.Codecs = gatewayCodecs
	}
	l := v.Local(cfg.Codecs)
	l.SRTP, l.Keys, l.Open = cfg.SRTP, cfg.Keys, c.open
	if l.Addr = a.addrs[c.line]; !l.Addr.IsValid() {
		l.Addr = a.route(cfg.Account)
	}
	return l
}

// follow moves the voice of the calls that stand on a line to the address it has now.
func (a *Adapter) follow(m routed) {
	for _, c := range a.calls {
		if c.line == m.line && c.stands && m.ready && c.addr != m.addr {
			a.log.Info("call moves", "call", c.id, "to", m.addr)
			a.reach(c, func() { a.offer(c) })
		}
	}
}

// remapped tells the far sides of the calls on a line anew how they reach us, if servers help to find that out: it has changed.
func (a *Adapter) remapped(line phone.LineID) {
	for _, c := range a.calls {
		if c.line == line && c.stands && a.lines[line].Reach.Mode != ice.Off {
			a.log.Info("call is mapped anew", "call", c.id)
			a.reach(c, func() { a.offer(c) })
		}
	}
}

// seekRoute finds our address towards a line's server, off this goroutine: it may ask the DNS.
func (a *Adapter) seekRoute(line phone.LineID, ready bool) {
	account := a.lines[line].Account
	a.wg.Go(func() {
		if addr := a.route(account); addr.IsValid() {
			a.put(routed{line, addr, ready})
		}
	})
}
