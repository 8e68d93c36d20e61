package desk

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"image"
	"io"
	"io/fs"
	"net/netip"
	"sync"
	"time"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/hal"
	"opendeskphone/hal/sim"
	"opendeskphone/tools/odp/pc"
	"opendeskphone/usbhid/link"
	"opendeskphone/usbhid/pairing"
)

// Cable is the phone's USB socket with the pairing behind it, and a finger on its keys. It is a pc.Finder, so
// it is also the computer's USB.
type Cable struct {
	*sim.USB
	Digits chan string // what the phone shows to be compared

	d       *Desk
	link    *link.Link
	plugged chan struct{} // one word at each change
	order   sync.Mutex    // one input after the other, with all it orders
	mu      sync.Mutex
	machine pairing.Phone
	there   bool
	denied  bool
	places  pairing.Places
}

// Cable gives the desk's phone a USB socket, not plugged in yet. With network false the phone tells no address, so
// that everything must go through the cable.
func (d *Desk) Cable(network bool) *Cable {
	d.t.Helper()
	twin := sim.New(image.Pt(8, 8))
	usb, err := twin.Devices().OpenUSB(hal.USBIdentity{Serial: d.ID, Product: "Desk phone"})
	if err != nil {
		d.t.Fatal(err)
	}
	pipe, err := usb.Reports(hal.USBPairing)
	if err != nil {
		d.t.Fatal(err)
	}
	var id pairing.ID
	if _, err := hex.Decode(id[:], []byte(d.ID)); err != nil {
		d.t.Fatal(err)
	}
	self := pairing.Self{Device: id, Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), Name: "Desk phone", Model: "Simulator", Version: "1"}
	c := &Cable{USB: twin.USB, Digits: make(chan string, 1), d: d, link: link.New(pipe, false), plugged: make(chan struct{}, 16),
		machine: pairing.NewPhone(self, nil, pairing.Limits{}, time.Now())}
	if network {
		c.places.Addresses = []netip.AddrPort{netip.MustParseAddrPort(d.Address)}
	}
	c.step(pairing.Moved{Places: c.places})
	var all sync.WaitGroup
	all.Go(func() { _ = c.link.Run() })
	all.Go(c.talk)
	all.Go(c.streams)
	d.t.Cleanup(func() { pipe.Close(); all.Wait(); usb.Close() })
	return c
}

// Plug plugs the phone in, or pulls the cable.
func (c *Cable) Plug(in bool) {
	c.mu.Lock()
	c.there = in
	c.mu.Unlock()
	if in {
		c.USB.Plug()
	} else {
		c.USB.Unplug()
		c.link.EndStream()
		c.step(pairing.Unplugged{})
	}
	c.plugged <- struct{}{}
}

// Deny takes the user's permission to open the phone.
func (c *Cable) Deny(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.denied = on
}

// Press is the person's answer at the phone to what stage asks.
func (c *Cable) Press(stage pairing.Stage, yes bool) {
	c.step(pairing.Answered{Stage: stage, Yes: yes})
}

// Forget makes the phone forget the computers it knows.
func (c *Cable) Forget() {
	c.mu.Lock()
	all := c.machine.Records()
	c.mu.Unlock()
	for _, r := range all {
		c.step(pairing.Revoked{ID: r.ID})
	}
}

func (c *Cable) talk() {
	for m := range c.link.Messages() {
		in := pairing.Received{Received: m}
		rand.Read(in.Fresh[:])
		c.step(in)
	}
}

func (c *Cable) streams() {
	for s := range c.link.Streams() {
		go func() { _ = c.d.server.ServeConn(context.Background(), s) }()
	}
}

// step moves the phone's end, and does what it orders.
func (c *Cable) step(in pairing.PhoneInput) {
	c.order.Lock()
	defer c.order.Unlock()
	c.do(in)
}

func (c *Cable) do(in pairing.PhoneInput) {
	c.mu.Lock()
	next, out := c.machine.Step(time.Now(), in)
	c.machine = next
	c.mu.Unlock()
	for _, o := range out {
		switch o := o.(type) {
		case pairing.Send:
			_ = c.link.Send(o.Message) // with the cable pulled there is nobody to tell
		case pairing.Keep:
			c.d.trust(tpcp.Pin(o.Record.Pin()), tpcp.Pairing{ID: o.Record.ID.String(), Name: o.Record.Name, Rights: tpcp.Rights(o.Record.Rights), LastAttach: time.Now()})
			if o.New {
				c.do(pairing.Kept{OK: true})
			}
		case pairing.Forget:
			c.d.forget(o.ID.String())
		case pairing.Attached:
			c.d.attached(o.Pairing.String(), o.Secret[:])
		case pairing.Detached:
			c.d.attached(o.Pairing.String(), nil)
		case pairing.Showed:
			c.showed(o)
		}
	}
}

func (c *Cable) showed(s pairing.Showed) {
	switch s.Stage {
	case pairing.Asked:
		go c.Press(pairing.Asked, true)
	case pairing.Comparing:
		c.Digits <- s.Digits
	}
}

// Watch implements pc.Finder.
func (c *Cable) Watch(ctx context.Context, changed func()) {
	for {
		changed()
		select {
		case <-ctx.Done():
			return
		case <-c.plugged:
		}
	}
}

// Phones implements pc.Finder.
func (c *Cable) Phones() ([]pc.Plugged, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.there {
		return nil, nil
	}
	return []pc.Plugged{{Node: "/dev/hidraw0", Serial: c.d.ID, Name: "Desk phone"}}, nil
}

// Open implements pc.Finder.
func (c *Cable) Open(string) (io.ReadWriteCloser, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.denied {
		return nil, fs.ErrPermission
	}
	return c.Host(hal.USBPairing)
}

// Seen implements pc.Finder.
func (c *Cable) Seen() []string { return nil }
