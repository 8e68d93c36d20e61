// Package pairing is the phone's end of the cable: it runs the conversation of package usbhid/pairing over the pairing
// interface, keeps the phone's key and the computers it knows, has the person at the phone asked, and hands the
// cable's stream to whoever serves controllers.
//
//	PC <- reports -> link.Link <- messages -> Desk (pairing.Phone) <- events, answers -> centre and screen
//	                     +----- stream ----------------------------> serve
package pairing

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"math"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/usbhid/link"
	"opendeskphone/usbhid/pairing"
)

// Config is what a desk is made of.
type Config struct {
	File           *File
	Device         [16]byte // the phone's number; the serial number on the USB
	Name           string   // as computers show it
	Model, Version string
	UAC2           bool

	Control phone.Control
	Post    func(phone.Event)
	// Changed is told whenever Find may answer otherwise: a pairing came or went, a cable was proven or pulled.
	Changed func()
	// Forgot is told of a pairing that has ended.
	Forgot func(id string)
	// Serve takes the stream of a cable, and ends with it.
	Serve func(context.Context, net.Conn) error
	// HostLocked is told of a computer's screen, proven over the cable; counter grows with every news.
	HostLocked func(c Computer, locked bool, counter uint64)
	Log        *slog.Logger
}

// Computer is a computer the phone is paired with.
type Computer struct {
	ID         string // of the pairing, in hex
	Name, User string
	Rights     uint16
	Created    time.Time
	LastAttach time.Time
	Attached   bool
	Secret     []byte // of the present attachment; nil without
}

// Desk runs the phone's end. Its methods may be called from any goroutine.
type Desk struct {
	cfg    Config
	inputs chan input
	link   atomic.Pointer[link.Link]
	locks  atomic.Uint64

	mu      sync.Mutex
	records []pairing.Record
	live    pairing.Attached // zero Secret: none

	// Of Run alone.
	phone   pairing.Phone
	limits  pairing.Limits
	greeted uint64 // the plug-in in which a computer last said hello
}

// input is an input of the conversation. Of a message, plug is the plug-in in which it came; of Unplugged, the last one
// that is over.
type input struct {
	pairing.PhoneInput
	plug uint64
}

// New makes a desk; nothing runs yet.
func New(cfg Config) *Desk {
	d := &Desk{cfg: cfg, inputs: make(chan input, 32)}
	d.records, d.limits = cfg.File.records()
	self := pairing.Self{Device: cfg.Device, Key: cfg.File.Key(), Name: cfg.Name, Model: cfg.Model, Version: cfg.Version, UAC2: cfg.UAC2}
	rand.Read(self.Boot[:])
	d.phone = pairing.NewPhone(self, d.records, d.limits, time.Now())
	return d
}

func (d *Desk) computer(r pairing.Record) Computer {
	c := Computer{ID: r.ID.String(), Name: r.Name, User: r.User, Rights: uint16(r.Rights), Created: r.Created, LastAttach: r.LastAttach}
	if d.live.Pairing == r.ID && d.live.Secret != (pairing.Secret{}) {
		c.Attached, c.Secret = true, slices.Clone(d.live.Secret[:])
	}
	return c
}

// Computers lists the computers the phone is paired with, the one seen last first.
func (d *Desk) Computers() []Computer {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []Computer
	for _, r := range d.records {
		out = append(out, d.computer(r))
	}
	slices.SortFunc(out, func(a, b Computer) int { return b.LastAttach.Compare(a.LastAttach) })
	return out
}

// Find gives the computer whose TLS key hashes to pin.
func (d *Desk) Find(pin [sha256.Size]byte) (Computer, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.records {
		if r.Pin() == pin {
			return d.computer(r), true
		}
	}
	return Computer{}, false
}

// Count tells how many computers the phone is paired with.
func (d *Desk) Count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.records)
}

// Remove ends a pairing; one that is attached is told.
func (d *Desk) Remove(id string) {
	for _, c := range d.ids() {
		if c.String() == id {
			d.inputs <- input{PhoneInput: pairing.Revoked{ID: c}}
		}
	}
}

// Grant gives a computer more rights, to which the person at the phone has agreed.
func (d *Desk) Grant(id string, rights pairing.Rights) {
	for _, c := range d.ids() {
		if c.String() == id {
			d.inputs <- input{PhoneInput: pairing.Granted{ID: c, Rights: rights}}
		}
	}
}

func (d *Desk) ids() (out []pairing.ID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.records {
		out = append(out, r.ID)
	}
	return out
}

// stages are the stages as the centre names them.
var stages = [...]phone.PairingStage{
	pairing.NoPairing: phone.NotPairing, pairing.Asked: phone.PairingAsked, pairing.Comparing: phone.PairingCompare,
	pairing.Waiting: phone.PairingWaits, pairing.Paired: phone.PairingDone, pairing.Failed: phone.PairingFailed,
}

// faults are the reasons as the person at the phone understands them.
var faults = map[pairing.Reason]phone.PairingFault{
	pairing.Declined: phone.PairingDeclined, pairing.Policy: phone.PairingDeclined, pairing.Busy: phone.PairingDeclined,
	pairing.TimedOut: phone.PairingTimedOut, pairing.BadCommit: phone.PairingDifferent, pairing.BadSignature: phone.PairingDifferent,
	pairing.Different: phone.PairingDifferent, pairing.RateLimited: phone.PairingTooOften, pairing.Desync: phone.PairingLost,
	pairing.Version: phone.PairingLost, pairing.Unpaired: phone.PairingLost, pairing.Gone: phone.PairingLost, pairing.Storage: phone.PairingFull,
}

// Exec takes the person's word; it does not block. A word too many is one on a question that is gone.
func (d *Desk) Exec(e phone.PairingAnswered) {
	stage := pairing.Stage(slices.Index(stages[:], e.Stage))
	select {
	case d.inputs <- input{PhoneInput: pairing.Answered{Stage: stage, Yes: e.Yes}}:
	default:
	}
}

// Moved tells where the phone listens for controllers.
func (d *Desk) Moved(p pairing.Places) { d.inputs <- input{PhoneInput: pairing.Moved{Places: p}} }

// Run keeps the conversation until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
	var parts sync.WaitGroup
	defer parts.Wait()
	parts.Go(func() { d.followLock(ctx) })
	for {
		late := time.NewTimer(wait(d.phone.Next()))
		select {
		case <-ctx.Done():
			late.Stop()
			return nil
		case in := <-d.inputs:
			d.take(in)
		case <-late.C:
			d.step(pairing.Elapsed{})
		}
		late.Stop()
	}
}

func wait(next time.Time) time.Duration {
	if next.IsZero() {
		return time.Hour
	}
	return max(0, time.Until(next))
}

// followLock tells whether the phone is locked: then nobody may pair.
func (d *Desk) followLock(ctx context.Context) {
	was := false
	for seq := phone.Seq(0); ; {
		u, err := d.cfg.Control.Watch(ctx, seq)
		if err != nil {
			return
		}
		seq = u.State.Seq
		if now := u.State.Lock.Kind != phone.Unlocked; now != was {
			was = now
			select {
			case d.inputs <- input{PhoneInput: pairing.Shut{On: now}}:
			case <-ctx.Done():
				return
			}
		}
	}
}

// take gives an input to the machine. The news that the cable was pulled may come after the first words through it since
// it is back; those began everything anew already.
func (d *Desk) take(in input) {
	switch word := in.PhoneInput.(type) {
	case pairing.Received:
		if word.Message.Type == pairing.TypeHello {
			d.greeted = in.plug
		}
	case pairing.Unplugged:
		if in.plug < d.greeted {
			return
		}
	}
	d.step(in.PhoneInput)
}

func (d *Desk) step(in pairing.PhoneInput) {
	next, out := d.phone.Step(time.Now(), in)
	d.phone = next
	for _, o := range out {
		d.do(o)
	}
}

func (d *Desk) do(o pairing.Output) {
	switch o := o.(type) {
	case pairing.Send:
		if l := d.link.Load(); l != nil {
			if err := l.Send(o.Message); err != nil {
				d.cfg.Log.Info("the computer does not take messages", "err", err)
			}
		}
	case pairing.Keep:
		ok := d.save()
		if o.New {
			d.step(pairing.Kept{OK: ok})
		}
		d.cfg.Changed()
	case pairing.Forget:
		d.save()
		d.cfg.Forgot(o.ID.String())
		d.cfg.Changed()
	case pairing.KeepLimits:
		d.limits = o.Limits
		d.save()
	case pairing.Showed:
		d.cfg.Post(phone.PairingMoved{Stage: stages[o.Stage], With: o.Name, WithUser: o.User, Digits: o.Digits, Fault: faults[o.Reason]})
	case pairing.Attached:
		d.attach(o)
	case pairing.Detached:
		if l := d.link.Load(); l != nil {
			l.EndStream()
		}
		d.attach(pairing.Attached{})
	case pairing.HostLocked:
		d.hostLocked(o)
	}
}

// save keeps what the machine knows; it tells whether that went well.
func (d *Desk) save() bool {
	records := d.phone.Records()
	d.mu.Lock()
	d.records = records
	d.mu.Unlock()
	if err := d.cfg.File.keep(records, d.limits); err != nil {
		d.cfg.Log.Error("pairings cannot be kept", "err", err)
		return false
	}
	return true
}

func (d *Desk) attach(a pairing.Attached) {
	d.mu.Lock()
	d.live = a
	now := phone.PCAttached{}
	for _, r := range d.records {
		if r.ID == a.Pairing && a.Secret != (pairing.Secret{}) {
			now = phone.PCAttached{On: true, Name: r.Name, User: r.User}
		}
	}
	d.mu.Unlock()
	d.cfg.Post(now)
	d.cfg.Changed()
}

func (d *Desk) hostLocked(o pairing.HostLocked) {
	d.mu.Lock()
	i := slices.IndexFunc(d.records, func(r pairing.Record) bool { return r.ID == o.Pairing })
	var c Computer
	if i >= 0 {
		c = d.computer(d.records[i])
	}
	d.mu.Unlock()
	if i >= 0 {
		d.cfg.HostLocked(c, o.Locked, d.locks.Add(1))
	}
}

// Plug lives on a USB port until ctx ends.
func (d *Desk) Plug(ctx context.Context, port hal.USB) error {
	dev, err := port.Reports(hal.USBPairing)
	if err != nil {
		return fmt.Errorf("pairing: %w", err)
	}
	l := link.New(dev, false)
	d.link.Store(l)
	ctx, cancel := context.WithCancel(ctx)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer func() { cancel(); d.link.Store(nil); dev.Close() }()
	failed := make(chan error, 1)
	parts.Go(func() { failed <- l.Run() })
	parts.Go(func() { d.listen(ctx, l, port) })
	parts.Go(func() { d.serve(ctx, l) })
	ended := uint64(0) // the last plug-in that is over
	statuses := port.Watch(ctx)
	for {
		select {
		case <-ctx.Done():
			d.give(context.WithoutCancel(ctx), input{pairing.Unplugged{}, math.MaxUint64})
			return nil
		case err := <-failed:
			return fmt.Errorf("pairing: %w", err)
		case st, ok := <-statuses:
			if !ok {
				statuses = nil
				continue
			}
			over := st.Plug
			if st.State != hal.USBUnplugged && over > 0 {
				over-- // a pull too short to be seen lies before this one
			}
			if over > ended {
				ended = over
				d.give(ctx, input{pairing.Unplugged{}, ended})
			}
			d.give(ctx, input{PhoneInput: pairing.Slept{On: st.State == hal.USBSuspended}})
		}
	}
}

func (d *Desk) give(ctx context.Context, in input) {
	select {
	case d.inputs <- in:
	case <-ctx.Done():
	case <-time.After(time.Second): // nobody runs the conversation any more
	}
}

// listen passes on what the computer says.
func (d *Desk) listen(ctx context.Context, l *link.Link, port hal.USB) {
	for m := range l.Messages() {
		in := pairing.Received{Received: m}
		rand.Read(in.Fresh[:])
		var plug uint64
		if m.Message.Type == pairing.TypeHello {
			plug = port.Now().Plug
		}
		d.give(ctx, input{in, plug})
	}
}

// serve hands each stream on; a new one takes the old one's place by itself.
func (d *Desk) serve(ctx context.Context, l *link.Link) {
	var streams sync.WaitGroup
	defer streams.Wait()
	for conn := range l.Streams() {
		streams.Go(func() {
			defer conn.Close()
			stop := context.AfterFunc(ctx, func() { conn.Close() })
			defer stop()
			if err := d.cfg.Serve(ctx, conn); err != nil && ctx.Err() == nil {
				d.cfg.Log.Info("control leg through the cable", "err", err)
			}
		})
	}
}
