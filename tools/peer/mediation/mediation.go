// Package mediation is a mediation server for tests: a back-to-back user agent (RFC 7092) between phones, with ICE,
// encryption and wide codecs, and a network that knows plain RTP and G.711 alone. Both halves of a call are lines of ours;
// voice, keys pressed and hold pass from one to the other.
//
//	phones <- Opus, G.722, DTLS-SRTP, ICE -> line 0 <= call => line 1 <- G.711, RTP -> network
package mediation

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"

	"opendeskphone/audio/codec"
	"opendeskphone/audio/codec/opus"
	"opendeskphone/firmware/lines"
	"opendeskphone/firmware/media"
	"opendeskphone/firmware/phone"
	"opendeskphone/sip/ice"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/stack"
	"opendeskphone/sip/stir"
	"opendeskphone/sip/ua"
)

// Config of a mediation server.
type Config struct {
	Local    netip.AddrPort // where it listens, UDP and TCP
	Server   netip.AddrPort // the phones' exchange, where it signs in
	AOR      string         // as this: calls to it go to the network
	Password string
	Codecs   []string // for phones, in order of preference
	Network  string   // URI of whom phones reach in the network
	Entry    string   // user part by which the network calls in
	Phone    string   // URI of whom it reaches
}

// The sides of a call, which are its lines.
const (
	phones phone.LineID = iota
	network
)

// Mediation is a running server.
type Mediation struct {
	cfg    Config
	agent  *ua.UA
	lines  *lines.Adapter
	voices *voices

	mu    sync.Mutex
	last  phone.CallID
	calls map[phone.CallID]phone.CallID // each half to the other
}

// New makes a server; nothing runs yet.
func New(cfg Config, log *slog.Logger) *Mediation {
	sc := stack.Default()
	sc.Local, sc.Rules = cfg.Local, ua.Rules()
	uc := ua.Default()
	uc.Strangers, uc.MaxCalls = true, 64
	m := &Mediation{cfg: cfg, calls: map[phone.CallID]phone.CallID{}}
	m.voices = newVoices(m.heard)
	m.voices.factory = media.New(media.Default(), append([]codec.Codec{opus.Codec}, codec.All()...), nil, m.voices.happened, log)
	m.agent = ua.New(uc, stack.New(sc, stack.System{}, log), func(e ua.Event) { m.lines.Handle(e) }, log)
	m.lines = lines.New([]lines.Line{
		phones:  {Account: ua.Account{AOR: cfg.AOR, Password: ua.Secret(cfg.Password), Proxy: "sip:" + cfg.Server.String()}, SRTP: offer.Required, Keys: offer.ByDTLS, Reach: ice.Config{Mode: ice.Full}, Codecs: cfg.Codecs},
		network: {Account: ua.Account{AOR: "sip:" + cfg.Entry + "@" + cfg.Local.String(), Direct: true}, Codecs: []string{"PCMA", "PCMU"}},
	}, m.agent, m.voices, strangers{}, func(ua.Account) netip.Addr { return cfg.Local.Addr() }, m.told, log)
	return m
}

// Run works until ctx ends.
func (m *Mediation) Run(ctx context.Context) error {
	talk, hush := context.WithCancel(context.WithoutCancel(ctx)) // lines and voices stay until the user agent has said goodbye
	defer hush()
	var all sync.WaitGroup
	var failed error
	all.Go(func() { failed = m.lines.Run(talk) })
	all.Go(func() { m.voices.run(talk) })
	err := m.agent.Run(ctx)
	hush()
	all.Wait()
	return errors.Join(err, failed)
}

// told takes the facts of both lines.
func (m *Mediation) told(e phone.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch e := e.(type) {
	case phone.Invited:
		m.invited(e)
	case phone.Accepted:
		if other, ok := m.calls[e.Call]; ok {
			m.lines.Exec(phone.SendAccept{Call: other})
			m.voices.join(e.Call, other)
		}
	case phone.CallFailed:
		if other, ok := m.over(e.Call); ok {
			m.lines.Exec(phone.SendReject{Call: other, Cause: e.Cause})
		}
	case phone.Byed:
		if other, ok := m.over(e.Call); ok {
			m.lines.Exec(phone.SendBye{Call: other})
		}
	case phone.RemoteHeld:
		if other, ok := m.calls[e.Call]; ok {
			m.lines.Exec(phone.SendHold{Call: other, On: e.On})
		}
	}
}

// invited has a call rung on the other side.
func (m *Mediation) invited(e phone.Invited) {
	in, out := m.last+1, m.last+2
	m.last = out
	m.calls[in], m.calls[out] = out, in
	onward := phone.SendInvite{Call: out, Line: network, Target: m.cfg.Network, Conversation: e.Conversation}
	if e.Line == network {
		onward.Line, onward.Target = phones, m.cfg.Phone
	}
	m.lines.Exec(phone.SendRinging{Ref: e.Ref, Call: in})
	m.lines.Exec(onward)
}

// over forgets a call, and gives its other half.
func (m *Mediation) over(call phone.CallID) (other phone.CallID, ok bool) {
	other, ok = m.calls[call]
	delete(m.calls, call)
	delete(m.calls, other)
	m.voices.part(call, other)
	return other, ok
}

// heard takes what media tells of a half.
func (m *Mediation) heard(call phone.CallID, e media.Event) {
	switch e.Kind {
	case media.Digit:
		m.mu.Lock()
		defer m.mu.Unlock()
		if other, ok := m.calls[call]; ok {
			m.lines.Exec(phone.PlayDTMF{Call: other, Digit: e.Digit})
		}
	case media.Keyed, media.Unkeyed:
		m.lines.Keyed(call, e.Kind == media.Keyed, e.Why)
	case media.Expected:
		m.lines.Heard(call, e.From)
	}
}

// strangers is what the server knows of callers: nothing.
type strangers struct{}

func (strangers) NameOf(string) (string, bool)                               { return "", false }
func (strangers) Imitates(string) bool                                       { return false }
func (strangers) Canonical(number string) string                             { return number }
func (strangers) Check(context.Context, []string, stir.Call) (r stir.Result) { return r }
