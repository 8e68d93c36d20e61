package cable

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/usbhid"
	"opendeskphone/usbhid/link"
	"opendeskphone/usbhid/pairing"
)

type report [usbhid.PairingSize]byte

// end is one side of a plugged-in interface.
type end struct {
	in, out chan report
	pulled  chan struct{}
	pull    func()
}

func plug() (phone, pc *end) {
	up, down, pulled := make(chan report, 4), make(chan report, 64), make(chan struct{})
	pull := sync.OnceFunc(func() { close(pulled) })
	return &end{up, down, pulled, pull}, &end{down, up, pulled, pull}
}

func (e *end) Read(b []byte) (int, error) {
	select {
	case r := <-e.in:
		return copy(b, r[:]), nil
	case <-e.pulled:
		return 0, io.EOF
	}
}

func (e *end) Write(b []byte) (int, error) {
	select {
	case e.out <- report(b):
		return len(b), nil
	case <-e.pulled:
		return 0, io.ErrClosedPipe
	}
}

func (e *end) Close() error { e.pull(); return nil }

// phone is a phone whose person presses keys by himself.
type phone struct {
	machine pairing.Phone
	link    *link.Link
	yes     map[pairing.Stage]bool
	inputs  chan pairing.PhoneInput
	out     chan pairing.Output
	done    chan struct{}
}

func newPhone(dev io.ReadWriter, m pairing.Phone) *phone {
	p := &phone{machine: m, link: link.New(dev, false), yes: map[pairing.Stage]bool{pairing.Asked: true, pairing.Comparing: true},
		inputs: make(chan pairing.PhoneInput), out: make(chan pairing.Output, 100), done: make(chan struct{})}
	go func() { _ = p.link.Run() }()
	go p.run()
	return p
}

func (p *phone) run() {
	defer close(p.done)
	for {
		select {
		case r, ok := <-p.link.Messages():
			if !ok {
				p.step(pairing.Unplugged{})
				return
			}
			p.step(received(r))
		case in := <-p.inputs:
			p.step(in)
		}
	}
}

func (p *phone) step(in pairing.PhoneInput) {
	var out []pairing.Output
	p.machine, out = p.machine.Step(time.Now(), in)
	for _, o := range out {
		switch o := o.(type) {
		case pairing.Send:
			_ = p.link.Send(o.Message)
			continue
		case pairing.Keep:
			if o.New {
				p.step(pairing.Kept{OK: true})
			}
		case pairing.Showed:
			if yes, ask := p.yes[o.Stage]; ask {
				p.step(pairing.Answered{Stage: o.Stage, Yes: yes})
			}
		}
		p.out <- o
	}
}

func self(n byte, name string) pairing.Self {
	return pairing.Self{Device: pairing.ID{n}, Key: ed25519.NewKeyFromSeed(append(make([]byte, 31), n)), Name: name, User: "anna"}
}

// desk is a phone and a PC, plugged together until the end of the test.
type desk struct {
	phone *phone
	pc    *Cable
	pull  func()
}

func newDesk(t *testing.T, m pairing.Phone, pc pairing.Self) *desk {
	phoneEnd, pcEnd := plug()
	d := &desk{newPhone(phoneEnd, m), New(pcEnd, pc), phoneEnd.pull}
	over := make(chan error, 1)
	go func() { over <- d.pc.Run(context.Background()) }()
	t.Cleanup(func() {
		d.pull()
		if err := <-over; err == nil {
			t.Error("the cable ended without a reason")
		}
		<-d.phone.done
	})
	return d
}

func fresh() pairing.Phone {
	return pairing.NewPhone(self(1, "Phone"), nil, pairing.Limits{}, time.Now())
}

func agree(context.Context, string) bool { return true }

func quiet(pairing.Showed) {}

func TestPairAttachAndStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, fresh(), self(2, "PC"))
		d.phone.inputs <- pairing.Moved{Places: pairing.Places{Addresses: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:5588")}}}
		var stages []pairing.Stage
		var shown string
		record, err := d.pc.Pair(t.Context(), pairing.AllRights, func(_ context.Context, digits string) bool { shown = digits; return true },
			func(s pairing.Showed) { stages = append(stages, s.Stage) })
		if err != nil || len(shown) != 6 || len(stages) < 3 || stages[0] != pairing.Asked || stages[len(stages)-1] != pairing.Paired {
			t.Fatalf("%v, digits %q, stages %v", err, shown, stages)
		}
		at, err := d.pc.Attach(t.Context(), record)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // the places follow the attachment
		if p, _ := at.Places(); at.Record.ID != record.ID || len(p.Addresses) != 1 {
			t.Errorf("%+v, %+v", at.Record, p)
		}
		conn, err := at.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		echo := <-d.phone.link.Streams()
		go func() { _, _ = io.Copy(echo, echo) }()
		data, got := make([]byte, 5000), make([]byte, 5000)
		rand.Read(data)
		go func() { _, _ = conn.Write(data) }()
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != string(data) {
			t.Error("the stream lies", err)
		}
		conn.Close()
		_, moved := at.Places()
		d.phone.inputs <- pairing.Moved{}
		<-moved
		if err := at.Lock(t.Context(), true); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		d.pull()
		<-at.Done()
		if !errors.Is(at.Err(), ErrOver) {
			t.Error(at.Err())
		}
		if _, err := at.Dial(t.Context()); err == nil {
			t.Error("a stream over a pulled cable")
		}
		if _, err := d.pc.Attach(t.Context(), record); ReasonOf(err) != pairing.Gone {
			t.Error(err)
		}
		var locked bool
		for len(d.phone.out) > 0 {
			l, ok := (<-d.phone.out).(pairing.HostLocked)
			locked = locked || ok && l.Locked
		}
		if !locked {
			t.Error("the phone did not hear that the PC is locked")
		}
	})
}

func TestHowAPairingFails(t *testing.T) {
	for name, c := range map[string]struct {
		phone  func(p *phone)
		pc     func(ctx context.Context, digits string) bool
		reason pairing.Reason
	}{
		"declined at the phone":     {func(p *phone) { p.yes[pairing.Asked] = false }, agree, pairing.Declined},
		"not the same at the phone": {func(p *phone) { p.yes[pairing.Comparing] = false }, agree, pairing.Different},
		"not the same at the PC":    {func(p *phone) {}, func(context.Context, string) bool { return false }, pairing.Different},
		"nobody at the PC":          {func(p *phone) {}, func(ctx context.Context, _ string) bool { <-ctx.Done(); return true }, pairing.TimedOut},
		"nobody at the phone":       {func(p *phone) { delete(p.yes, pairing.Asked) }, agree, pairing.TimedOut},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t, fresh(), self(2, "PC"))
				c.phone(d.phone)
				_, err := d.pc.Pair(t.Context(), pairing.AllRights, c.pc, quiet)
				if ReasonOf(err) != c.reason {
					t.Errorf("%v, want %v", err, c.reason)
				}
			})
		})
	}
}

func TestGivingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, fresh(), self(2, "PC"))
		delete(d.phone.yes, pairing.Comparing)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := d.pc.Pair(ctx, pairing.AllRights, func(ctx context.Context, _ string) bool { cancel(); <-ctx.Done(); return true }, quiet)
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		synctest.Wait()
		d.phone.yes[pairing.Comparing] = true
		if _, err := d.pc.Pair(t.Context(), pairing.AllRights, agree, quiet); err != nil {
			t.Error("and then:", err)
		}
	})
}

func TestAttachingWhereNobodyIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, fresh(), self(2, "PC"))
		if _, err := d.pc.Attach(t.Context()); !errors.Is(err, ErrStranger) {
			t.Error(err)
		}
		record, err := d.pc.Pair(t.Context(), pairing.Observe, agree, quiet)
		if err != nil || record.Rights != pairing.Observe {
			t.Fatal(record.Rights, err)
		}
		d.phone.inputs <- pairing.Revoked{ID: record.ID}
		if _, err := d.pc.Attach(t.Context(), record); ReasonOf(err) != pairing.Unpaired {
			t.Error(err)
		}
	})
}

func TestForgettingAtThePC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, fresh(), self(2, "PC"))
		record, err := d.pc.Pair(t.Context(), pairing.AllRights, agree, quiet)
		if err != nil {
			t.Fatal(err)
		}
		at, err := d.pc.Attach(t.Context(), record)
		if err != nil {
			t.Fatal(err)
		}
		if err := at.Leave(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		<-at.Done()
		if _, err := d.pc.Attach(t.Context(), record); ReasonOf(err) != pairing.Unpaired {
			t.Error(err)
		}
	})
}

// A device that is no phone says nothing, or anything.
func TestDeviceThatIsNoPhone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other, dev := plug()
		c := New(dev, self(2, "PC"))
		over := make(chan error, 1)
		go func() { over <- c.Run(context.Background()) }()
		var noise sync.WaitGroup
		noise.Go(func() {
			for b := make([]byte, usbhid.PairingSize); ; {
				if _, err := other.Read(b); err != nil {
					return
				}
			}
		})
		noise.Go(func() {
			for i := 0; ; i++ {
				r := report{usbhid.PairingID, byte(i) & 0xcf, byte(i), byte(i % 60)}
				if _, err := other.Write(r[:]); err != nil {
					return
				}
				time.Sleep(time.Millisecond)
			}
		})
		if _, err := c.Attach(t.Context(), pairing.Record{}); ReasonOf(err) != pairing.TimedOut {
			t.Error(err)
		}
		other.pull()
		<-over
		noise.Wait()
	})
}
