package ua

import (
	"fmt"
	"testing"
	"time"

	"opendeskphone/sip/stack"
)

// keeper is a server that keeps what is published (RFC 3903 §6).
type keeper struct {
	f    *far
	etag string
	body string
	n    int
}

func (b *bench) keeper() *keeper {
	k := &keeper{f: b.far}
	b.far.when(stack.PUBLISH, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
		if match := header(req, "SIP-If-Match"); match != k.etag && match != "" {
			tx.Respond(reply(req, 412))
			return
		}
		if len(req.Body()) > 0 {
			k.body = string(req.Body())
		}
		k.n++
		k.etag = fmt.Sprint("e", k.n)
		if header(req, "Expires") == "0" {
			k.etag, k.body = "", ""
		}
		tx.Respond(reply(req, 200, "SIP-ETag: "+k.etag, "Expires: 300"))
	})
	return k
}

// stands wants that to be the next that is told of a publication.
func (b *bench) stands(state PublicationState, code int) {
	b.Helper()
	if e := take[Published](b); e.State != state || e.Code != code {
		b.Fatalf("%+v, not %d with %d", e, state, code)
	}
}

func TestPublish(t *testing.T) {
	onNet(t, func(b *bench) {
		k := b.keeper()
		b.ua.Publish(1, "presence", "application/pidf+xml", []byte("away")) // before there is a line
		registered(b)
		b.stands(Pending, 0)
		if b.stands(Kept, 0); k.body != "away" {
			t.Errorf("%q", k.body)
		}
		b.pass(10 * time.Minute)
		all := b.far.all(stack.PUBLISH)
		last := all[len(all)-1]
		if len(all) < 3 || len(last.Body()) > 0 || header(last, "SIP-If-Match") == "" || k.body != "away" {
			t.Errorf("%d: %s", len(all), last)
		}
		b.ua.Publish(1, "presence", "application/pidf+xml", []byte("busy"))
		b.ua.Publish(1, "presence", "application/pidf+xml", []byte("dnd")) // while the former is under way
		b.pass(time.Second)
		if k.body != "dnd" {
			t.Error(k.body)
		}
		k.etag, k.body = "other", "" // it has forgotten
		b.pass(10 * time.Minute)
		if k.body != "dnd" {
			t.Errorf("after a restart: %q", k.body)
		}
		b.ua.Publish(1, "presence", "", nil)
		b.pass(time.Second)
		if k.body != "" || len(b.ua.posts) != 0 {
			t.Errorf("%q, %d publications stay", k.body, len(b.ua.posts))
		}
	})
}

func TestPublishRefused(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		b.far.always(stack.PUBLISH, 489)
		b.ua.Publish(1, "presence", "application/pidf+xml", []byte("away"))
		b.stands(Pending, 0)
		b.stands(Pending, 489)
		b.pass(time.Hour)
		if n := len(b.far.all(stack.PUBLISH)); n > 12 {
			t.Errorf("%d in an hour", n)
		}
		b.ua.Publish(1, "presence", "", nil)
		b.pass(time.Second)
		if len(b.ua.posts) != 0 {
			t.Error("it stays")
		}
	})
}
