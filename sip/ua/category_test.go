package ua

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"opendeskphone/sip/stack"
)

// counter is a server that keeps categories and counts their versions ([MS-PRES] §3.2).
type counter struct {
	version int
	doc     string
}

const wrongDelta = `<Fault xmlns="http://schemas.microsoft.com/sip/faults"><Faultcode>Client.BadCall.WrongDelta</Faultcode><details><operation index="1" version="0" curVersion="%d"/></details></Fault>`

func (b *bench) counter(version int) *counter {
	c := &counter{version: version}
	b.far.when(SERVICE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) { tx.Respond(c.take(req)) })
	return c
}

func (c *counter) take(req *stack.Request) *stack.Response {
	before, rest, _ := strings.Cut(string(req.Body()), fmt.Sprintf(`<publication categoryName="routing" instance="0" container="0" version="%d" expireType="static">`, c.version))
	doc, after, whole := strings.Cut(rest, "</publication>")
	if !whole || after != "</publications></publish>" || before != `<publish xmlns="http://schemas.microsoft.com/2006/09/sip/rich-presence"><publications uri="sip:alice@phone.test">` {
		res := reply(req, 409)
		res.SetBody([]byte(fmt.Sprintf(wrongDelta, c.version)))
		return res
	}
	c.version, c.doc = c.version+1, doc
	return reply(req, 200)
}

func TestPublishCategory(t *testing.T) {
	onNet(t, func(b *bench) {
		c := b.counter(7)                                  // another has told it before
		b.ua.PublishCategory(1, "routing", []byte("<a/>")) // before there is a line
		registered(b)
		b.stands(Pending, 0)
		if b.stands(Kept, 0); c.doc != "<a/>" || c.version != 8 {
			t.Errorf("%+v", c)
		}
		b.ua.PublishCategory(1, "routing", []byte("<b/>"))
		b.ua.PublishCategory(1, "routing", []byte("<c/>")) // while the former is under way
		b.stands(Pending, 0)
		if b.stands(Kept, 0); c.doc != "<c/>" || c.version != 10 || len(b.far.all(SERVICE)) != 4 {
			t.Errorf("%+v after %d", c, len(b.far.all(SERVICE)))
		}
		req := b.far.all(SERVICE)[3]
		if req.Recipient.String() != "sip:alice@phone.test" || header(req, "Content-Type") != categoryType || req.Contact() == nil {
			t.Errorf("%s", req)
		}
		b.pass(24 * time.Hour)
		if n := len(b.far.all(SERVICE)); n != 4 {
			t.Errorf("what lasts was told %d times", n)
		}
		b.far.always(stack.REGISTER, 503)
		b.pass(2 * time.Hour)
		b.stands(Pending, 0) // nobody knows whether it is kept
		b.far.when(stack.REGISTER, nil)
		c.version, c.doc = 0, "" // a server in place of the former
		b.pass(time.Hour)
		if b.stands(Kept, 0); c.doc != "<c/>" {
			t.Errorf("%+v", c)
		}
		b.ua.PublishCategory(1, "routing", nil)
		if b.stands(Withdrawn, 0); len(b.ua.posts) != 0 || c.doc != "<c/>" {
			t.Errorf("%+v, %d publications stay", c, len(b.ua.posts))
		}
	}, func(c *Config) { c.Pulse = 0 })
}

// Servers that know no categories, and such as answer nonsense.
func TestPublishCategoryRefused(t *testing.T) {
	for code, body := range map[int]string{403: "", 404: "", 405: "", 415: "", 489: "", 501: "", 409: "<Fault", 410: fmt.Sprintf(wrongDelta, 3), 503: ""} {
		onNet(t, func(b *bench) {
			registered(b)
			b.far.when(SERVICE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
				res := reply(req, code)
				res.SetBody([]byte(body))
				tx.Respond(res)
			})
			b.ua.PublishCategory(1, "routing", []byte("<a/>"))
			b.stands(Pending, 0)
			b.stands(Pending, code)
			b.pass(6 * time.Hour)
			if n := len(b.far.all(SERVICE)); n < 10 || n > 35 {
				t.Errorf("%d: told %d times in 6 h", code, n)
			}
			c := b.counter(0)
			b.pass(time.Hour)
			if b.stands(Kept, 0); c.doc != "<a/>" {
				t.Errorf("%d: %+v", code, c)
			}
		}, func(c *Config) { c.Pulse = 0 })
	}
}

// A server that names another version whatever it is told gets no more of it than one that refuses.
func TestPublishCategoryUponNoVersion(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		c := b.counter(1)
		b.far.when(SERVICE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			c.version++
			tx.Respond(c.take(req))
			c.version++
		})
		b.ua.PublishCategory(1, "routing", []byte("<a/>"))
		b.stands(Pending, 0)
		b.stands(Pending, 409)
		b.pass(24 * time.Hour)
		if n := len(b.far.all(SERVICE)); n > 220 {
			t.Errorf("told %d times in a day", n)
		}
	}, func(c *Config) { c.Pulse = 0 })
}

// The time that a server names holds whatever happens: neither a change nor a new sign-in is told before.
func TestPublishWhenTheServerWants(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		b.far.always(SERVICE, 503, "Retry-After: 600")
		b.ua.PublishCategory(1, "routing", []byte("<a/>"))
		b.stands(Pending, 0)
		b.stands(Pending, 503)
		c := b.counter(0)
		b.ua.PublishCategory(1, "routing", []byte("<b/>"))
		b.stands(Pending, 0)
		b.ua.Renew()
		b.pass(9 * time.Minute)
		if n := len(b.far.all(SERVICE)); n != 1 {
			t.Errorf("told %d times", n)
		}
		b.pass(time.Minute + 5*time.Second)
		if b.stands(Kept, 0); c.doc != "<b/>" {
			t.Errorf("%+v", c)
		}
	})
}

// That time is the server's own: another one that the line has gone to is told at once.
func TestPublishAtAnotherServer(t *testing.T) {
	onNet(t, func(b *bench) {
		second := twoServers(b, stack.TCP)
		b.far.always(SERVICE, 503, "Retry-After: 3000")
		b.ua.PublishCategory(1, "routing", []byte("<a/>"))
		b.stands(Pending, 0)
		b.stands(Pending, 503)
		b.net.SetDown(farAddr, true)
		b.until("told there", 15*time.Minute, func() bool { return len(second.all(SERVICE)) > 0 })
	})
}

// FuzzPublications plays any script of documents, answers and sign-ins. Whatever comes, nothing is Kept but what the server took
// last, the server is not stormed, and in the end a server that takes all has the newest.
func FuzzPublications(f *testing.F) {
	f.Add([]byte{0x10, 0x0d, 0x20, 0x03, 0x30, 0x15, 0x00, 0x4f, 0x50})
	f.Add([]byte{0x02, 0x1d, 0x22, 0x0c, 0x14, 0x24, 0x06, 0x16})
	f.Add([]byte("\x05\x10\x21\x30\x46\x52\x63\x74\x05\x16"))
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 40 {
			script = script[:40]
		}
		onNet(t, func(b *bench) {
			registered(b)
			s := &moody{counter: counter{version: len(script)}}
			b.far.when(SERVICE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) { s.answer(tx, req) })
			wanted := ""
			for _, op := range script {
				switch arg := op >> 3; op & 7 {
				case 0, 1, 2:
					wanted = fmt.Sprint("<a", arg, "/>")
					b.ua.PublishCategory(1, "routing", []byte(wanted))
				case 3:
					wanted = ""
					b.ua.PublishCategory(1, "routing", nil)
				case 4:
					b.far.always(stack.REGISTER, 200+int(arg&1)*303)
					b.ua.Renew()
				default:
					b.moods(s, op)
				}
				b.pass(time.Duration(op) * 400 * time.Millisecond)
				b.kept(wanted, s.took)
			}
			b.far.when(stack.REGISTER, nil)
			b.moods(s, 0)
			b.pass(3 * time.Hour)
			if b.kept(wanted, s.took); wanted != "" && s.took != wanted {
				t.Errorf("the server has %q, not %q", s.took, wanted)
			}
			if n := b.far.densest(SERVICE); n > 40 {
				t.Errorf("%d in 10 s", n)
			}
		}, func(c *Config) { c.Pulse = 0 })
	})
}

// moody is a server that takes a document, or says anything else.
type moody struct {
	counter
	mood byte
	took string
}

func (b *bench) moods(s *moody, mood byte) {
	b.scripts.Lock()
	s.mood = mood
	b.scripts.Unlock()
}

func (s *moody) answer(tx *stack.ServerTx, req *stack.Request) {
	switch code := []int{200, 0, 403, 409, 423, 503, 302, 500}[s.mood>>3&7]; code {
	case 0:
	case 200:
		res := s.take(req)
		if res.StatusCode == 200 {
			s.took = s.doc
		}
		tx.Respond(res)
	default:
		res := reply(req, code, "Retry-After: "+fmt.Sprint(s.mood>>5), "Min-Expires: 7000")
		res.SetBody(fmt.Appendf(nil, wrongDelta, s.mood))
		tx.Respond(res)
	}
}

// kept checks what was told last of a publication.
func (b *bench) kept(wanted, took string) {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	state := Withdrawn
	for _, e := range b.events {
		if p, ok := e.(Published); ok {
			state = p.State
		}
	}
	if (state == Withdrawn) != (wanted == "") || state == Kept && took != wanted {
		b.Errorf("told to be %d, the server has %q, wanted is %q", state, took, wanted)
	}
}

// Whatever a server says, a version is read or refused.
func FuzzCurrentVersion(f *testing.F) {
	f.Add([]byte(fmt.Sprintf(wrongDelta, 7)))
	f.Add([]byte(`<!DOCTYPE a [<!ENTITY b "c">]><operation curVersion="1"/>`))
	f.Add([]byte(`<operation curVersion="99999999999"/>`))
	f.Add([]byte(strings.Repeat("<a>", 2000)))
	f.Fuzz(func(t *testing.T, fault []byte) {
		if v, err := currentVersion(fault); err == nil && (len(fault) > maxFaultBytes || !strings.Contains(string(fault), "operation")) {
			t.Errorf("version %d of %q", v, fault)
		}
	})
}
