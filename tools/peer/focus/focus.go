// Package focus is a small conference server for tests: a factory that makes conferences (RFC 4579), each with a focus that
// mixes G.711 A-law and tells who is in it (RFC 4575). It does what phones ask of a focus by REFER: call somebody, take
// somebody's place in a call (Replaces), and put somebody out.
//
//	factory  INVITE -> a new room, which answers in its stead
//	room     INVITE -> in; REFER -> calls, replaces, ends; SUBSCRIBE Event: conference -> NOTIFY
//	         INFO application/cccp+xml, modifyEndpointMedia -> mutes, and says so by an INFO of its own ([MS-CONFAV])
//
// It has no accounts and believes everybody: it belongs in a network of its own.
package focus

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"time"

	"opendeskphone/sip/dialog"
	"opendeskphone/sip/stack"
)

// Config of a Focus.
type Config struct {
	Local   netip.AddrPort // where it listens, by UDP
	Domain  string         // of those it calls
	Factory string         // user part of the factory; rooms are called Factory-1, Factory-2 ...
	Proxy   netip.AddrPort // by which it calls

	NoMute     bool // it takes no order to mute, and does not say that it does
	NoReplaces bool // it takes nobody's place: a REFER with Replaces is refused
	NoRefer    bool // it takes no REFER at all
	Published  bool // who is in a conference is published to Proxy, which tells it; its address is then of Domain
}

// Focus is a running conference server.
type Focus struct {
	cfg Config
	s   *stack.Stack
	net stack.Network
	log *slog.Logger
	run context.Context

	// Of the stack's loop alone.
	rooms   map[string]*room
	members map[dialog.ID]*member
	subs    map[dialog.ID]*sub
	n       int
}

// New makes a Focus on a network; nothing runs yet.
func New(cfg Config, n stack.Network, log *slog.Logger) *Focus {
	sc := stack.Default()
	sc.Local, sc.TCP, sc.PingEvery = cfg.Local, false, 0
	sc.UserAgent = "focus"
	sc.Rules.Methods = append(sc.Rules.Methods, stack.SUBSCRIBE)
	sc.Rules.Extensions = []string{"replaces"}
	if !cfg.NoMute {
		sc.Rules.Bodies = append(sc.Rules.Bodies, cccp)
	}
	if cfg.NoRefer {
		sc.Rules.Methods = []stack.Method{stack.INVITE, stack.ACK, stack.CANCEL, stack.BYE, stack.OPTIONS, stack.INFO, stack.UPDATE, stack.SUBSCRIBE}
	}
	return &Focus{cfg: cfg, s: stack.New(sc, n, log), net: n, log: log,
		rooms: map[string]*room{}, members: map[dialog.ID]*member{}, subs: map[dialog.ID]*sub{}}
}

// farewell is how long those who are in may take to answer the last BYE.
const farewell = 300 * time.Millisecond

// Run works until ctx ends; everybody is put out then.
func (f *Focus) Run(ctx context.Context) error {
	inner, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	f.run = inner
	context.AfterFunc(ctx, func() {
		f.s.Post(func() {
			for _, m := range f.members {
				m.send(m.d.Request(stack.BYE))
			}
			f.s.After(farewell, stop)
		})
	})
	return f.s.Run(inner, f)
}

// room is a conference.
type room struct {
	f       *Focus
	user    string
	members []*member
	subs    []*sub
	version int
	news    publication
	mix     *mixer
}

func (f *Focus) room(user string) *room {
	if r := f.rooms[user]; r != nil {
		return r
	}
	r := &room{f: f, user: user, mix: newMixer(f.run)}
	f.rooms[user] = r
	return r
}

// uri names the room for everybody.
func (r *room) uri() stack.Uri {
	if r.f.cfg.Published {
		uri := stack.Uri{Scheme: "sip", User: r.user, Host: r.f.cfg.Domain}
		uri.UriParams.Add("gr", "") // a GRUU, as RFC 4579 §3 wants: for any other address of its own a proxy would take us for a strict router
		return uri
	}
	return stack.Uri{Scheme: "sip", User: r.user, Host: r.f.cfg.Local.Addr().String(), Port: int(r.f.cfg.Local.Port())}
}

func (r *room) contact() *stack.ContactHeader {
	c := &stack.ContactHeader{Address: r.uri()}
	c.Params.Add("isfocus", "")
	return c
}

// Request implements stack.Handler.
func (f *Focus) Request(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
	id, inside := dialog.IDOf(req)
	switch {
	case tx == nil: // ACK
	case inside && f.members[id] != nil:
		f.members[id].request(tx, req)
	case inside && f.subs[id] != nil:
		f.subs[id].renew(tx, req)
	case inside:
		tx.Respond(stack.Reply(req, 481, ""))
	case req.Method == stack.INVITE:
		f.enter(tx, req)
	case req.Method == stack.SUBSCRIBE:
		f.subscribe(tx, req)
	case req.Method == stack.OPTIONS:
		tx.Respond(stack.Reply(req, 200, ""))
	default:
		tx.Respond(stack.Reply(req, 405, ""))
	}
}

// Stray implements stack.Handler.
func (f *Focus) Stray(*stack.Response, stack.Source) {}

// Lost implements stack.Handler.
func (f *Focus) Lost(stack.ConnID, error) {}

// enter takes a call to the factory or to a room.
func (f *Focus) enter(tx *stack.ServerTx, req *stack.Request) {
	user := req.Recipient.User
	if user == f.cfg.Factory {
		f.n++
		user = f.cfg.Factory + "-" + strconv.Itoa(f.n)
	} else if f.rooms[user] == nil {
		tx.Respond(stack.Reply(req, 404, ""))
		return
	}
	r := f.room(user)
	res := stack.Reply(req, 200, "")
	d, err := dialog.Accept(req, stack.Tag(res.To().Params))
	if err != nil {
		tx.Respond(stack.Reply(req, 400, ""))
		return
	}
	m := &member{room: r, d: d, uri: d.Remote(), name: req.From().DisplayName, status: "connected"}
	body, err := m.open(req.Body())
	if err != nil {
		f.log.Warn("focus: no voice", "err", err)
		tx.Respond(stack.Reply(req, 488, ""))
		return
	}
	r.dress(res)
	attach(res, "application/sdp", body)
	tx.Respond(res)
	m.in()
}

// dress gives a message what everybody must know of a focus.
func (r *room) dress(msg interface{ AppendHeader(stack.Header) }) {
	msg.AppendHeader(r.contact())
	allow := "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, SUBSCRIBE, NOTIFY, REFER"
	if r.f.cfg.NoRefer {
		allow = allow[:len(allow)-len(", NOTIFY, REFER")]
	}
	msg.AppendHeader(stack.NewHeader("Allow", allow))
	msg.AppendHeader(stack.NewHeader("Allow-Events", "conference"))
	if !r.f.cfg.NoMute {
		msg.AppendHeader(stack.NewHeader("Accept", "application/sdp, "+cccp))
	}
	msg.AppendHeader(stack.NewHeader("Supported", "replaces"))
}

// attach gives a message a body.
func attach(msg interface {
	AppendHeader(stack.Header)
	SetBody([]byte)
}, kind string, body []byte) {
	h := stack.ContentTypeHeader(kind)
	msg.AppendHeader(&h)
	msg.SetBody(body)
}

// way is where a request of ours goes: to the address of its next hop, or by the proxy if that is a name.
func (f *Focus) way(uri stack.Uri) stack.Target {
	port := uri.Port
	if port == 0 {
		port = 5060
	}
	if ip, err := netip.ParseAddr(uri.Host); err == nil {
		return stack.Target{Transport: stack.UDP, Addr: netip.AddrPortFrom(ip, uint16(port))}
	}
	return stack.Target{Transport: stack.UDP, Addr: f.cfg.Proxy}
}

// listen opens a socket for voice.
func (f *Focus) listen() (net.PacketConn, error) {
	for port := uint16(30000); port < 30400; port += 2 {
		if c, err := f.net.ListenPacket(netip.AddrPortFrom(f.cfg.Local.Addr(), port)); err == nil {
			return c, nil
		}
	}
	return nil, fmt.Errorf("focus: no port is free")
}
