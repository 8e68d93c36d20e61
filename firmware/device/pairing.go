package device

import (
	"context"
	"crypto/sha256"
	"net"
	"net/netip"

	"opendeskphone/firmware/lock"
	"opendeskphone/firmware/pairing"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/ui/screen"
	usbpairing "opendeskphone/usbhid/pairing"
)

// productName is what computers call a phone whose settings name it nothing else.
const productName = "Open Desk Phone"

// newPairs makes the desk where computers are paired.
func (d *Device) newPairs() *pairing.Desk {
	f := d.settings.File()
	name := f.USB.Name
	if name == "" {
		name = productName
	}
	return pairing.New(pairing.Config{
		File: d.opts.Pairings, Device: DeviceID(d.opts.Instance), Name: name, Model: d.opts.Board, Version: d.opts.Version, UAC2: f.USB.Audio == 2,
		Control: d.loop, Post: d.postFrom("pairing"), Changed: d.computersChanged, Forgot: d.computerForgotten,
		Serve: d.serveCable, HostLocked: d.hostLocked, Log: d.log,
	})
}

func (d *Device) serveCable(ctx context.Context, conn net.Conn) error {
	return d.controllers.ServeConn(ctx, conn)
}

// computersChanged tells everybody who goes by pairings and cables.
func (d *Device) computersChanged() {
	attached := false
	for _, c := range d.pairs.Computers() {
		attached = attached || c.Attached
	}
	d.keeper.Attached(attached)
	d.controllers.Review()
	d.refresh()
}

// computerForgotten drops what a computer has signed the phone in with, where the settings want that.
func (d *Device) computerForgotten(id string) {
	if d.settings.File().USB.Wipe {
		d.report("sign-in data of an unpaired computer", d.desk.ClearFrom(id))
	}
}

// hostLocked takes a computer's word on its screen, proven over the cable; the user is the one who paired it.
func (d *Device) hostLocked(c pairing.Computer, locked bool, counter uint64) {
	ctx, cancel := context.WithTimeout(context.Background(), applyTime)
	defer cancel()
	d.keeper.HostState(ctx, lock.Host{Pairing: c.ID + " by cable", Name: c.Name, Paired: c.User, User: c.User, Proven: true,
		Right: tpcp.Rights(c.Rights)&tpcp.LockRight != 0}, locked, counter)
}

// tellPlaces tells computers where they find the phone on the network.
func (d *Device) tellPlaces() {
	s := d.settings.File().TPCP
	var at usbpairing.Places
	if s.Listen && s.Port != 0 {
		for _, a := range d.opts.About().Addresses {
			if ip, err := netip.ParseAddr(a); err == nil && len(at.Addresses) < 8 {
				at.Addresses = append(at.Addresses, netip.AddrPortFrom(ip, uint16(s.Port)))
			}
		}
	}
	d.pairs.Moved(at)
}

// computers are the pairings towards controllers.
type computers struct{ desk *pairing.Desk }

// Find implements tpcp.Pairings.
func (c computers) Find(pin tpcp.Pin) (tpcp.Pairing, bool) {
	f, ok := c.desk.Find([sha256.Size]byte(pin))
	if !ok {
		return tpcp.Pairing{}, false
	}
	return tpcp.Pairing{ID: f.ID, Name: f.Name, User: f.User, Rights: tpcp.Rights(f.Rights), Secret: f.Secret, LastAttach: f.LastAttach}, true
}

// Count implements tpcp.Pairings.
func (c computers) Count() int { return c.desk.Count() }

// shownComputers are the pairings on the screen.
type shownComputers struct{ d *Device }

// Computers implements screen.Computers.
func (s shownComputers) Computers() (out []screen.Computer) {
	for _, c := range s.d.pairs.Computers() {
		out = append(out, screen.Computer{ID: c.ID, Name: c.Name, User: c.User, Seen: c.LastAttach, Attached: c.Attached, Rights: c.Rights})
	}
	return out
}

// Remove implements screen.Computers.
func (s shownComputers) Remove(id string) { s.d.pairs.Remove(id) }
