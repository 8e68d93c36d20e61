package ua

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"opendeskphone/sip/stack"
)

// translated answers as a server does to whom everything comes from another address than the phone thinks.
func translated(tx *stack.ServerTx, req *stack.Request, port func() string, headers ...string) {
	res := reply(req, 200, headers...)
	via := res.Via()
	via.Params.Remove("rport")
	via.Params.Remove("received")
	via.Params.Add("received", "198.51.100.7")
	via.Params.Add("rport", port())
	tx.Respond(res)
}

func middleboxes(b *bench) (all []Middlebox) {
	for _, e := range b.events {
		if m, ok := e.(Middlebox); ok {
			all = append(all, m)
		}
	}
	return all
}

// echo sends the OPTIONS that the phone sent itself back to it, as a server does, with this address in the place of its own.
func (f *far) echo(b *bench, req *stack.Request, via, contact, sdp string, port int) {
	out := f.request(stack.OPTIONS)
	id := *req.CallID()
	out.ReplaceHeader(&id)
	v := *req.Via()
	v.Host = via
	out.AppendHeader(&v)
	c := *req.Contact()
	c.Address.Host, c.Address.Port = contact, port
	out.ReplaceHeader(&c)
	setSDP(out, []byte(strings.ReplaceAll(string(req.Body()), ourAddr.String(), sdp)))
	f.s.Send(out, stack.Target{Addr: b.at(), Transport: stack.UDP}, func(*stack.Response, error) {})
}

// TestMirrorFindsWhatIsRewritten: behind a NAT the phone sends itself an OPTIONS, and names what came back otherwise.
func TestMirrorFindsWhatIsRewritten(t *testing.T) {
	ours, nat := ourAddr.String(), "198.51.100.7"
	for name, c := range map[string]struct {
		via, contact, sdp string
		port              int
		want              []string
	}{
		"an honest NAT":         {ours, ours, ours, 5060, nil},
		"all of it":             {nat, nat, nat, 40007, []string{"Via", "Contact", "session description"}},
		"Contact":               {ours, nat, ours, 5060, []string{"Contact"}},
		"the port of Contact":   {ours, ours, ours, 40007, []string{"Contact"}},
		"the voice's":           {ours, ours, nat, 5060, []string{"session description"}},
		"a server that rewrote": {nat, ours, ours, 5060, []string{"Via"}},
	} {
		t.Run(name, func(t *testing.T) {
			onNet(t, func(b *bench) {
				b.far.when(stack.REGISTER, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
					translated(tx, req, func() string { return "40007" }, "Expires: 600")
				})
				b.far.when(stack.OPTIONS, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
					translated(tx, req, func() string { return "40007" })
					if req.Recipient.User != "" {
						b.far.echo(b, req, c.via, c.contact, c.sdp, c.port)
					}
				})
				b.line()
				b.pass(time.Minute)
				var got []string
				for _, m := range middleboxes(b) {
					got = m.Changes
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("found %q, want %q", got, c.want)
				}
				if n := len(b.far.all(stack.OPTIONS)); n > 5 {
					t.Errorf("%d OPTIONS in a minute", n)
				}
			})
		})
	}
}

// TestMirrorIsQuietWithoutNAT: who sits in the open sends itself nothing.
func TestMirrorIsQuietWithoutNAT(t *testing.T) {
	onNet(t, func(b *bench) {
		b.line()
		b.pass(time.Minute)
		for _, req := range b.far.all(stack.OPTIONS) {
			if req.Recipient.User != "" {
				t.Errorf("sent itself %s", req.Short())
			}
		}
		none[Middlebox](b)
	})
}

// TestMirrorFindsOutWhoForgets: a NAT that forgets ways after 8 s gives a new port to each beat that comes later. The phone
// registers anew by it, beats faster until the way holds, and says so once it cannot be chance.
func TestMirrorFindsOutWhoForgets(t *testing.T) {
	onNet(t, func(b *bench) {
		port, last := 40000, time.Now()
		way := func() string {
			if time.Since(last) > 8*time.Second {
				port += 7
			}
			last = time.Now()
			return strconv.Itoa(port)
		}
		for _, m := range []stack.Method{stack.REGISTER, stack.OPTIONS} {
			b.far.when(m, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) { translated(tx, req, way, "Expires: 600") })
		}
		b.line()
		b.pass(2 * time.Minute)
		remapped := 0
		for _, e := range b.events {
			if _, ok := e.(Remapped); ok {
				remapped++
			}
		}
		if remapped != 2 {
			t.Errorf("told %d times of another way", remapped)
		}
		boxes := middleboxes(b)
		if len(boxes) != 1 || boxes[0].Forgets != 10*time.Second {
			t.Errorf("found %+v", boxes)
		}
		held, registers := port, len(b.far.all(stack.REGISTER))
		if registers != 3 {
			t.Errorf("%d registrations, want one for each way", registers)
		}
		b.pass(5 * time.Minute)
		if port != held {
			t.Error("the way is still forgotten")
		}
	})
}
