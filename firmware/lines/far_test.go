package lines_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"opendeskphone/firmware/lines"
	"opendeskphone/firmware/phone"
	"opendeskphone/sip/ice"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
	"opendeskphone/sip/ua"
)

var (
	quiet = slog.New(slog.DiscardHandler)
	pcma  = offer.Codec{Name: "PCMA", PT: 8, Clock: 8000}
	hosts = map[string]netip.Addr{}
)

const ourUser = "100"

func init() {
	for i, name := range []string{ourUser, "anna", "ben", "cora", "dave"} {
		hosts[name] = netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", 10+i))
	}
}

func uriOf(name string) string { return "sip:" + name + "@" + hosts[name].String() }

// agent makes a user agent on the network that everybody may call.
func agent(net *siptest.Net, name string, on ua.Handler) *ua.UA {
	cfg := stack.Default()
	cfg.Local = netip.AddrPortFrom(netip.Addr{}, 5060)
	cfg.TCP, cfg.Rules = false, ua.Rules()
	a := ua.Default()
	a.Strangers = true
	return ua.New(a, stack.New(cfg, net.Host(hosts[name]), quiet), on, quiet)
}

// mute is a voice that says nothing.
type mute struct{}

func (mute) Local([]string) offer.Local {
	return offer.Local{Port: 16384, Codecs: []offer.Codec{pcma}, DTMF: true, Ptime: 20}
}
func (mute) Gather(context.Context) error  { return nil }
func (mute) Trickle(func([]byte))          {}
func (mute) Trickled([]byte)               {}
func (mute) Apply(offer.Media) error       { return nil }
func (mute) Expect([]netip.AddrPort)       {}
func (mute) SendDTMF(rune)                 {}
func (mute) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// mutes counts the voices that are open.
type mutes struct {
	mu   sync.Mutex
	open int
}

func (m *mutes) Open(ice.Config) (lines.Voice, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open++
	return mute{}, nil
}
func (m *mutes) Listen(netip.AddrPort) (lines.Voice, error) { return m.Open(ice.Config{}) }
func (m *mutes) Release(phone.CallID)                       {}
func (m *mutes) Bind(phone.CallID, lines.Voice)             {}
func (m *mutes) Close(lines.Voice)                          { m.mu.Lock(); defer m.mu.Unlock(); m.open-- }

// mood is what a far side does with the next call, and with the next wish to be handed over.
type mood uint8

const (
	answers mood = iota // at once
	waits               // rings for a second, then answers
	rings               // until it is given up
	busy                // refuses
	moods
)

// far is a phone of somebody else: a user agent whose user does as the mood is.
type far struct {
	o     *orders
	name  string
	agent *ua.UA

	mu    sync.Mutex
	mood  mood
	calls map[ua.CallRef]*farCall
}

// farCall is a call as the far side sees it.
type farCall struct {
	f       *far
	ref     ua.CallRef
	peer    string
	sdp     *offer.Session
	stands  bool
	held    bool // they hold us
	holding bool // we hold them
	due     bool // an offer of ours waits for another to end
	refer   ua.ReferRef
}

func (f *far) local() *offer.Session {
	return offer.New(offer.Local{Addr: hosts[f.name], Port: 4000, Codecs: []offer.Codec{pcma}})
}

func (f *far) add(ref ua.CallRef, peer string) *farCall {
	c := &farCall{f: f, ref: ref, peer: peer, sdp: f.local()}
	f.calls[ref] = c
	return c
}

func (f *far) handle(e ua.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch e := e.(type) {
	case ua.Incoming:
		f.incoming(e)
	case ua.Progress:
		f.with(e.Call, func(c *farCall) { c.tell(e.Code) })
	case ua.Accepted:
		f.with(e.Call, func(c *farCall) { c.accept(e.SDP); c.stands = true; c.tell(200) })
	case ua.Failed:
		f.with(e.Call, func(c *farCall) { c.tell(e.Code); delete(f.calls, c.ref) })
	case ua.Confirmed:
		f.with(e.Call, func(c *farCall) { c.stands = true })
	case ua.Ended:
		f.with(e.Call, func(c *farCall) { c.tell(487); delete(f.calls, c.ref) })
	case ua.ReOffer:
		f.with(e.Call, func(c *farCall) { c.reOffered(e.SDP) })
	case ua.OfferAnswered:
		f.with(e.Call, func(c *farCall) { c.accept(e.SDP); c.offerAgain() })
	case ua.OfferRefused:
		f.with(e.Call, func(c *farCall) {
			c.sdp.Rollback()
			if c.due = c.due || e.Code == 491; !c.due {
				c.holding = !c.holding
			}
		})
	case ua.OfferDue:
		f.with(e.Call, func(c *farCall) { c.due = true; c.offerAgain() })
	case ua.ReferAsked:
		f.referAsked(e)
	}
}

func (f *far) with(ref ua.CallRef, do func(*farCall)) {
	if c := f.calls[ref]; c != nil {
		do(c)
	}
}

func (f *far) incoming(e ua.Incoming) {
	c := f.add(e.Call, e.From.User)
	answer, m, err := c.sdp.Answer(e.SDP, offer.SendRecv)
	if err != nil {
		f.o.Errorf("%s cannot answer %s: %v", f.name, e.SDP, err)
		return
	}
	c.held = m.RemoteHeld
	accept := func() { c.stands = true; f.agent.Accept(c.ref, answer) }
	switch {
	case e.Replaces != 0:
		f.o.replaced(f, f.calls[e.Replaces], e)
		accept()
		f.agent.Hangup(e.Replaces)
	case f.mood == answers:
		accept()
	case f.mood == busy:
		f.agent.Reject(c.ref, 486)
	default:
		f.agent.Ring(c.ref)
		if f.mood == waits {
			time.AfterFunc(time.Second, func() {
				f.mu.Lock()
				defer f.mu.Unlock()
				if f.calls[c.ref] == c {
					accept()
				}
			})
		}
	}
}

func (c *farCall) tell(code int) {
	if c.refer != 0 {
		c.f.agent.TellReferrer(c.refer, code, "")
	}
	if code >= 200 {
		c.refer = 0
	}
}

func (c *farCall) accept(sdp []byte) {
	m, err := c.sdp.Accept(sdp)
	if err != nil {
		c.f.o.Errorf("%s cannot take %s: %v", c.f.name, sdp, err)
	}
	c.held = m.RemoteHeld
}

func (c *farCall) direction() offer.Direction {
	if c.holding {
		return offer.SendOnly
	}
	return offer.SendRecv
}

func (c *farCall) reOffered(sdp []byte) {
	if sdp == nil {
		c.f.agent.RefuseOffer(c.ref, 488)
		return
	}
	answer, m, err := c.sdp.Answer(sdp, c.direction())
	if err != nil {
		c.f.agent.RefuseOffer(c.ref, 491)
		return
	}
	c.held = m.RemoteHeld
	c.f.agent.AnswerOffer(c.ref, answer)
}

// offerAgain offers the direction as it is meant now.
func (c *farCall) offerAgain() {
	if !c.due || c.sdp.Pending() || !c.stands {
		return
	}
	body, err := c.sdp.Offer(c.direction())
	if err != nil {
		c.f.o.Errorf("%s cannot offer: %v", c.f.name, err)
		return
	}
	c.due = false
	c.f.agent.Offer(c.ref, body)
}

func (f *far) referAsked(e ua.ReferAsked) {
	c := f.calls[e.Call]
	f.o.referAsked(f, c)
	if c == nil || f.mood == busy {
		f.agent.RefuseRefer(e.Refer)
		return
	}
	sdp := f.local()
	body, err := sdp.Offer(offer.SendRecv)
	if err != nil {
		f.o.Fatal(err)
	}
	n := f.add(f.agent.Invite(1, "", ua.Invitation{SDP: body, Refer: e.Refer}), e.To.User)
	n.sdp, n.refer = sdp, e.Refer
}

// withPhone is the call that the far side has with the phone; nil if it has none.
func (f *far) withPhone() *farCall {
	for _, c := range f.calls {
		if c.peer == ourUser {
			return c
		}
	}
	return nil
}

// dial calls the phone.
func (f *far) dial() {
	f.mu.Lock()
	defer f.mu.Unlock()
	sdp := f.local()
	body, err := sdp.Offer(offer.SendRecv)
	if err != nil {
		f.o.Fatal(err)
	}
	f.add(f.agent.Call(1, uriOf(ourUser), body), ourUser).sdp = sdp
}

// change holds the phone, takes it back, or offers what it has anyway.
func (f *far) change(hold bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.withPhone(); c != nil && c.stands {
		c.holding, c.due = hold, true
		c.offerAgain()
	}
}

func (f *far) hangup() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.calls {
		f.agent.Hangup(c.ref)
	}
}
