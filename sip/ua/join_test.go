package ua

import (
	"slices"
	"testing"

	"opendeskphone/sip/stack"
)

// own is how the server says that a call comes from the account's own address.
const own = "P-Asserted-Identity: <sip:alice@phone.test>"

// TestJoin: another phone of the same address asks to join a call, and nobody else may.
func TestJoin(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		c, ref := b.answered()
		name := c.d.ID.CallID + ";to-tag=" + c.d.ID.RemoteTag + ";from-tag=" + c.d.ID.LocalTag
		for _, r := range []struct {
			headers []string
			want    int
		}{
			{[]string{"Join: " + name}, 403},
			{[]string{"Join: " + name, "P-Asserted-Identity: <sip:alice@elsewhere.test>"}, 403},
			{[]string{"Join: " + name, own, "Privacy: id"}, 403},
			{[]string{"Join: nobody;to-tag=1;from-tag=2", own}, 481},
			{[]string{"Join: " + c.d.ID.CallID + ";to-tag=" + c.d.ID.RemoteTag + ";from-tag=x", own}, 481},
			{[]string{"Join: " + name, "Join: " + name, own}, 400},
			{[]string{"Join: " + name, "Replaces: " + name, own}, 400},
			{[]string{"Join: garbage", own}, 400},
			{[]string{"Join: ;;;to-tag=,;from-tag", own}, 400},
		} {
			if x := b.call(anOffer, r.headers...); !slices.Contains(x.codes, r.want) {
				t.Errorf("%q: %v, want %d", r.headers, x.codes, r.want)
			}
		}
		none[Incoming](b)
		x := b.call(anOffer, "Join: "+name, "Require: join", own)
		e := take[Incoming](b)
		if e.Joins != ref || e.Replaces != 0 {
			t.Errorf("%+v", e)
		}
		b.ua.Accept(e.Call, []byte(anAnswer))
		take[Confirmed](b)
		if !slices.Contains(x.codes, 200) || len(b.far.all(stack.BYE)) != 0 {
			t.Errorf("%v, %d BYE", x.codes, len(b.far.all(stack.BYE)))
		}
		b.ua.Hangup(ref)
		b.pass(0)
		if x := b.call(anOffer, "Join: "+name, own); !slices.Contains(x.codes, 603) {
			t.Errorf("a call that is over: %v, want 603", x.codes)
		}

		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			tx.Respond(b.far.branch(req, 180, "c4", ""))
		})
		b.ua.Invite(1, "alice", Invitation{SDP: []byte(anOffer), Join: DialogID{CallID: "x", ToTag: "1", FromTag: "2"}})
		take[Progress](b)
		invite := b.far.all(stack.INVITE)[0]
		if header(invite, "Join") != "x;to-tag=1;from-tag=2" || header(invite, "Require") != "join" {
			t.Errorf("sent\n%s", invite)
		}
		dialog := "Join: " + invite.CallID().Value() + ";to-tag=" + stack.Tag(invite.From().Params) + ";from-tag=c4"
		if x := b.call(anOffer, dialog, own); !slices.Contains(x.codes, 488) {
			t.Errorf("a call that is not answered: %v, want 488", x.codes)
		}
	})
}
