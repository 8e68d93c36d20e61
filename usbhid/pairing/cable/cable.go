// Package cable is what a PC's program does with a phone's pairing interface: pair, attach, carry a stream. It drives
// the PC's end of package pairing over the link of package link.
//
//	c := cable.New(device, self)
//	go c.Run(ctx)                                   until the cable is pulled
//	record, err := c.Pair(ctx, rights, confirm, progress)   once, with a person at each end
//	at, err := c.Attach(ctx, record)                at each plug-in, nobody is asked
//	conn, err := at.Dial(ctx)                       the stream for TPCP, where there is no network
package cable

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"opendeskphone/usbhid/link"
	"opendeskphone/usbhid/pairing"
)

// ErrOver says that the cable was pulled, or Run has ended.
var ErrOver = errors.New("cable: the phone is gone")

// Error is how a pairing or an attachment ended.
type Error struct {
	Reason pairing.Reason
	Remote bool // the phone said so
}

// Error implements error.
func (e *Error) Error() string {
	if e.Remote {
		return "cable: the phone says: " + e.Reason.String()
	}
	return "cable: " + e.Reason.String()
}

// ReasonOf gives the reason in an error of this package; NoReason if it has none.
func ReasonOf(err error) pairing.Reason {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Reason
	case errors.Is(err, ErrOver):
		return pairing.Gone
	}
	return pairing.NoReason
}

// Cable is one plug-in of a phone. Pair and Attach are for one goroutine at a time.
type Cable struct {
	dev  io.ReadWriteCloser
	link *link.Link
	asks chan ask
	over chan struct{} // Run has ended

	host   pairing.Host // of Run
	events chan any     // a pairing.Output, or a new *Attachment
	at     *Attachment
}

// ask is an input for the machine; events, if not nil, gets what comes of it from then on.
type ask struct {
	in     pairing.HostInput
	events chan any
}

// New makes the cable of an open pairing interface, whose Read gives and whose Write takes one report. Run must run.
func New(dev io.ReadWriteCloser, self pairing.Self) *Cable {
	return &Cable{dev: dev, link: link.New(dev, true), host: pairing.NewHost(self), asks: make(chan ask), over: make(chan struct{})}
}

// Run works until the cable is pulled or ctx ends; then the device is closed and everything on it is over. It gives the
// device's error.
func (c *Cable) Run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = c.dev.Close() })
	defer stop()
	var work sync.WaitGroup
	var failed error // of the link, once it has ended
	defer func() { work.Wait(); err = failed }()
	work.Go(func() { failed = c.link.Run(); cancel() })
	defer c.finish()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case r, ok := <-c.link.Messages():
			if !ok {
				return nil
			}
			c.step(received(r))
		case <-timer.C:
			c.step(pairing.Elapsed{})
		case a := <-c.asks:
			if a.events != nil {
				c.events = a.events
			}
			c.step(a.in)
		}
		if next := c.host.Next(); next.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(time.Until(next))
		}
	}
}

func received(r link.Received) pairing.Received {
	in := pairing.Received{Received: r}
	rand.Read(in.Fresh[:])
	return in
}

// finish ends what is left when the cable is gone.
func (c *Cable) finish() {
	close(c.over)
	c.detached(ErrOver)
}

func (c *Cable) step(in pairing.HostInput) {
	var out []pairing.Output
	c.host, out = c.host.Step(time.Now(), in)
	for _, o := range out {
		var news any = o
		switch o := o.(type) {
		case pairing.Send:
			_ = c.link.Send(o.Message) // a device that fails ends Run by its Read; a message lost is missed by the machine
			continue
		case pairing.Attached:
			c.at = newAttachment(c, o)
			news = c.at
		case pairing.Located:
			if c.at != nil {
				c.at.located(o.Places)
			}
			continue
		case pairing.Ended:
			c.detached(&Error{o.Reason, o.Remote})
		}
		select {
		case c.events <- news:
		default: // nobody listens, or a phone says far too much
		}
	}
}

func (c *Cable) detached(why error) {
	if c.at != nil {
		c.at.end(why)
		c.at = nil
	}
}

// give hands an input to the machine.
func (c *Cable) give(ctx context.Context, in pairing.HostInput, events chan any) error {
	select {
	case c.asks <- ask{in, events}:
		return nil
	case <-c.over:
		return ErrOver
	case <-ctx.Done():
		return ctx.Err()
	}
}

// talk gives an input and takes what comes of it until done says so, or it ended.
func (c *Cable) talk(ctx context.Context, in pairing.HostInput, done func(any) bool) error {
	events := make(chan any, 32)
	if err := c.give(ctx, in, events); err != nil {
		return err
	}
	for {
		select {
		case o := <-events:
			if e, ok := o.(pairing.Ended); ok {
				return &Error{e.Reason, e.Remote}
			}
			if done(o) {
				return nil
			}
		case <-c.over:
			return ErrOver
		case <-ctx.Done():
			_ = c.give(context.WithoutCancel(ctx), pairing.Leave{}, nil)
			return ctx.Err()
		}
	}
}

// Greet tells which phone it is; its Pairing, if any, says as what it believes to know this PC.
func (c *Cable) Greet(ctx context.Context) (pairing.Peer, error) {
	var phone pairing.Peer
	err := c.talk(ctx, pairing.Greet{}, func(o any) bool {
		m, ok := o.(pairing.Met)
		phone = m.Phone
		return ok
	})
	return phone, err
}

// Pair pairs with the phone. progress hears of each stage: Asked (a person must press a key at the phone), Comparing,
// Waiting (for the key at the phone), Paired. confirm asks the person at the PC whether the phone shows the same six
// digits; its context ends when the answer is no longer wanted.
func (c *Cable) Pair(ctx context.Context, rights pairing.Rights, confirm func(ctx context.Context, digits string) bool,
	progress func(pairing.Showed)) (pairing.Record, error) {
	if _, err := c.Greet(ctx); err != nil {
		return pairing.Record{}, err
	}
	begin := pairing.Begin{Rights: rights}
	rand.Read(begin.Fresh[:])
	asking, answered := context.WithCancel(ctx)
	defer answered()
	var record pairing.Record
	err := c.talk(ctx, begin, func(o any) bool {
		switch o := o.(type) {
		case pairing.Keep:
			record = o.Record
		case pairing.Showed:
			progress(o)
			if o.Stage == pairing.Comparing {
				go func() { _ = c.give(asking, pairing.Compared{Same: confirm(asking, o.Digits)}, nil) }()
			}
			return o.Stage == pairing.Paired
		}
		return false
	})
	return record, err
}

// Attach proves this PC to the phone of one of the records, and the phone to this PC. A phone that has forgotten this
// PC gives an Error of Unpaired; one that none of the records is of, ErrStranger.
func (c *Cable) Attach(ctx context.Context, records ...pairing.Record) (*Attachment, error) {
	var at *Attachment
	record, stranger := pairing.Record{}, false
	err := c.talk(ctx, pairing.Greet{Known: records}, func(o any) bool {
		switch o := o.(type) {
		case pairing.Met:
			stranger = !o.Paired
		case pairing.Keep:
			record = o.Record
		case *Attachment:
			at = o
			return true
		}
		return stranger
	})
	switch {
	case err != nil:
		return nil, err
	case stranger:
		return nil, ErrStranger
	}
	at.Record = record
	return at, nil
}

// ErrStranger says that no record is of the phone that is plugged in.
var ErrStranger = errors.New("cable: this phone is not paired with this computer")

// Attachment is a cable that both ends have proven themselves through.
type Attachment struct {
	Record pairing.Record // with what the phone calls itself now
	Secret pairing.Secret // of this plug-in
	Epoch  uint32

	cable *Cable
	done  chan struct{}
	mu    sync.Mutex
	why   error
	at    pairing.Places
	moved chan struct{}
}

func newAttachment(c *Cable, o pairing.Attached) *Attachment {
	return &Attachment{Secret: o.Secret, Epoch: o.Epoch, cable: c, done: make(chan struct{}), moved: make(chan struct{})}
}

// Done is closed when the attachment is over.
func (a *Attachment) Done() <-chan struct{} { return a.done }

// Err says why it is over, nil as long as it is not: ErrOver, or an Error.
func (a *Attachment) Err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.why
}

func (a *Attachment) end(why error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.why = why
	close(a.done)
}

func (a *Attachment) located(p pairing.Places) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = p
	close(a.moved)
	a.moved = make(chan struct{})
}

// Places tells where the phone listens on the network, and closes moved when that is no longer so.
func (a *Attachment) Places() (at pairing.Places, moved <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.at, a.moved
}

// Dial opens the stream of the cable, in place of any older one.
func (a *Attachment) Dial(ctx context.Context) (net.Conn, error) {
	select {
	case <-a.done:
		return nil, a.Err()
	default:
	}
	conn, err := a.cable.link.Dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("cable: %w", err)
	}
	return conn, nil
}

// Lock tells the phone whether this PC is locked.
func (a *Attachment) Lock(ctx context.Context, locked bool) error {
	return a.cable.give(ctx, pairing.LockIs{On: locked}, nil)
}

// Leave ends the attachment; with forget, the phone forgets the pairing too.
func (a *Attachment) Leave(ctx context.Context, forget bool) error {
	in := pairing.Leave{}
	if forget {
		in.Reason = pairing.Unpaired
	}
	return a.cable.give(ctx, in, nil)
}
