package pairing

import (
	"testing"
	"time"

	"opendeskphone/usbhid/link"
)

// tape is what a hostile peer does, read from bytes.
type tape struct{ bytes []byte }

func (p *tape) next() byte {
	if len(p.bytes) == 0 {
		return 0
	}
	b := p.bytes[0]
	p.bytes = p.bytes[1:]
	return b
}

// overheard are the messages of a pairing and an attachment that went well: toPhone and toHost.
func overheard(t testing.TB) (toPhone, toHost []link.Message, r Record, phone Phone) {
	d := newDuo(t)
	d.toPhoneTap = func(m link.Message) *link.Message { toPhone = append(toPhone, m); return &m }
	d.toHostTap = func(m link.Message) *link.Message { toHost = append(toHost, m); return &m }
	r = d.pair()
	d.attach(r)
	d.hostIn(LockIs{true})
	d.run()
	d.phoneIn(Unplugged{})
	return toPhone, toHost, r, d.phone
}

// message is one that was overheard, as it was or changed a little, or one made up.
func (p *tape) message(heard []link.Message) link.Received {
	m := heard[int(p.next())%len(heard)]
	b := m.Bytes()
	switch p.next() % 6 {
	case 0:
		b[int(p.next())%len(b)] ^= p.next()
	case 1:
		b = b[:len(b)-int(p.next())%len(b)]
	case 2:
		b = append([]byte(nil), p.bytes[:min(len(p.bytes), 40)]...)
	case 3:
		return link.Received{Err: link.ErrDesync}
	}
	got, err := link.ParseMessage(b)
	return link.Received{Message: got, Err: err}
}

// fresh is other randomness than the overheard conversation had.
func (p *tape) fresh(n int) (f Fresh) {
	for i := range f {
		f[i] = byte(n) ^ byte(i*17) ^ 0x80
	}
	return f
}

// FuzzPhone: whoever replays, changes, reorders and cuts what was overheard, with a person who says yes to everything,
// is neither attached nor paired nor believed, and the phone always finds back.
func FuzzPhone(f *testing.F) {
	heard, back, _, paired := overheard(f)
	f.Add([]byte{0, 0, 5, 0, 1, 5, 0, 2, 5, 1, 1, 0, 3, 5})
	f.Add([]byte{0, 0, 5, 0, 6, 5, 0, 7, 5})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, now := paired, noon.AddDate(1, 0, 0)
		all := append(heard[:len(heard):len(heard)], back...)
		for n, tp := 0, (&tape{b}); len(tp.bytes) > 0; n++ {
			var in PhoneInput
			switch tp.next() % 8 {
			case 1:
				in = Answered{Stage(tp.next() % 6), tp.next()%4 != 0}
			case 2:
				now = now.Add(time.Duration(tp.next()) * time.Second)
				in = Elapsed{}
			case 3:
				in = []PhoneInput{Unplugged{}, Slept{true}, Slept{false}, Kept{true}, Moved{}, Granted{ID{tp.next()}, Rights(tp.next())}}[tp.next()%6]
			default:
				in = Received{tp.message(all), tp.fresh(n)}
			}
			var out []Output
			p, out = p.Step(now, in)
			checkPhone(t, &p, out)
		}
	})
}

func checkPhone(t *testing.T, p *Phone, out []Output) {
	t.Helper()
	if len(out) > 8 {
		t.Fatalf("%d outputs of one input", len(out))
	}
	for _, o := range out {
		switch o := o.(type) {
		case Attached, HostLocked, Forget:
			t.Fatalf("a stranger got %+v", o)
		case Keep:
			t.Fatalf("a stranger is kept: %+v", o)
		case Send:
			if len(o.Message.Bytes()) > link.MaxMessage {
				t.Fatal("a message too long")
			}
		}
	}
	if p.state.pairs() && p.until.IsZero() || p.state == phoneChallenging && p.until.IsZero() {
		t.Fatalf("state %d waits for ever", p.state)
	}
	if len(p.Records()) != 1 {
		t.Fatalf("%d records", len(p.Records()))
	}
}

// FuzzHost is the same towards the PC, whose person agrees to everything too.
func FuzzHost(f *testing.F) {
	back, heard, record, _ := overheard(f)
	f.Add([]byte{0, 0, 4, 0, 4, 1, 5, 4, 2, 5, 4, 3, 5})
	f.Add([]byte{0, 1, 4, 0, 4, 5, 5, 4, 6, 5})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, now := NewHost(pcSelf(0)), noon.AddDate(1, 0, 0)
		all := append(heard[:len(heard):len(heard)], back...)
		for n, tp := 0, (&tape{b}); len(tp.bytes) > 0; n++ {
			var in HostInput
			switch tp.next() % 8 {
			case 0:
				in = []HostInput{Greet{}, Greet{Known: []Record{record}}}[tp.next()%2]
			case 1:
				in = Begin{Rights: AllRights, Fresh: tp.fresh(n)}
			case 2:
				now = now.Add(time.Duration(tp.next()) * time.Second)
				in = Elapsed{}
			case 3:
				in = []HostInput{Compared{true}, Compared{false}, Leave{}, LockIs{true}}[tp.next()%4]
			default:
				in = Received{tp.message(all), tp.fresh(n)}
			}
			var out []Output
			h, out = h.Step(now, in)
			checkHost(t, &h, out)
		}
	})
}

func checkHost(t *testing.T, h *Host, out []Output) {
	t.Helper()
	if len(out) > 8 {
		t.Fatalf("%d outputs of one input", len(out))
	}
	for _, o := range out {
		switch o := o.(type) {
		case Attached, Keep, Located:
			t.Fatalf("a stranger got %+v", o)
		case Send:
			if len(o.Message.Bytes()) > link.MaxMessage {
				t.Fatal("a message too long")
			}
		}
	}
	if s := h.state; s != hostIdle && s != hostGreeted && s != hostAttached && h.until.IsZero() {
		t.Fatalf("state %d waits for ever", s)
	}
}
