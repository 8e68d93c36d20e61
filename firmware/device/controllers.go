package device

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"opendeskphone/firmware/credentials"
	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/settings"
	"opendeskphone/firmware/store"
	"opendeskphone/firmware/tpcp"
	usbpairing "opendeskphone/usbhid/pairing"
)

// newControllers makes the server that computers control the phone through.
func (d *Device) newControllers(s settings.TPCP) {
	key, known := d.opts.Pairings.Key(), tpcp.Pairings(computers{d.pairs})
	if d.opts.Computers != nil {
		key, known = d.opts.Identity, d.opts.Computers
	}
	id := DeviceID(d.opts.Instance)
	desk := signIn{d}
	d.controllers = tpcp.NewServer(
		tpcp.Config{Key: key, DeviceID: hex.EncodeToString(id[:]), Model: d.opts.Board, Firmware: d.opts.Version},
		d.loop, known,
		tpcp.Services{Log: d.History(), Contacts: phonebook{d}, Stats: d.voices, Traces: d.Traces(), Lock: hostLock{d}, Credentials: desk, Accounts: desk, Backlight: desk, Rules: d.Rules(), Voicemail: d.Voicemail()},
		d.log)
	d.setTPCP(s)
}

// Controllers is where computers come in: the pairing tells it of changes, the cable brings it streams.
func (d *Device) Controllers() *tpcp.Server { return d.controllers }

func (d *Device) setTPCP(s settings.TPCP) {
	defer d.tellPlaces()
	if !s.Listen {
		d.controllers.SetListen(nil)
		return
	}
	d.controllers.SetListen(func() (net.Listener, error) {
		return d.opts.Network.Listen(netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(s.Port)))
	})
}

// keyHeard passes on a key that the far side of a call pressed.
func (d *Device) keyHeard(c phone.CallID, key rune) {
	d.sounder.key(c, key)
	d.controllers.HeardDigit(c, key)
}

// soundHeard tells the lines that sound has come before the answer.
func (d *Device) soundHeard(c phone.CallID, from netip.AddrPort) {
	if a := d.sip.adapter.Load(); a != nil {
		a.Heard(c, from)
	}
}

// pageSilent tells the lines that a page is over.
func (d *Device) pageSilent(group netip.AddrPort) {
	if a := d.sip.adapter.Load(); a != nil {
		a.Silenced(group)
	}
}

// History is the call log, towards controllers.
func (d *Device) History() tpcp.Log { return history{d} }

// history is the call log towards controllers.
type history struct{ d *Device }

// Calls implements tpcp.Log.
func (h history) Calls() []phone.Record { return h.d.store.Calls() }

// Note implements tpcp.Log.
func (h history) Note(call phone.CallID, text string) error {
	return logError(h.d.store.Note(call, h.d.loop.State().Call(call) != nil, text, time.Now()))
}

// NoteLogged implements tpcp.Log.
func (h history) NoteLogged(id, text string) error {
	defer h.d.refresh()
	return logError(h.d.store.NoteLogged(id, text))
}

// AddPC implements tpcp.Log.
func (h history) AddPC(r phone.Record) (string, error) {
	defer h.d.refresh()
	id, err := h.d.store.AddPC(r)
	return id, logError(err)
}

// Import implements tpcp.Log.
func (h history) Import(in []phone.Record) (added, known int, err error) {
	defer h.d.refresh()
	n, err := h.d.store.Import(in)
	return n.Added, n.Known, logError(err)
}

// DeleteCalls implements tpcp.Log.
func (h history) DeleteCalls(ids ...string) int {
	defer h.d.refresh()
	return h.d.store.DeleteCalls(ids...)
}

func logError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNoCall):
		return tpcp.Refuse(tpcp.CodeNoSuchCall, "the log has no such call")
	case errors.Is(err, store.ErrLogFull):
		return tpcp.Refuse(tpcp.CodeResource, "the call log is full; nothing of it was pushed out")
	}
	return tpcp.Refuse(tpcp.CodeBadParams, strings.TrimPrefix(err.Error(), "store: "))
}

// phonebook is the address book towards controllers.
type phonebook struct{ d *Device }

// Contacts implements tpcp.Contacts.
func (p phonebook) Contacts() []tpcp.Contact {
	all := p.d.store.Contacts()
	out := make([]tpcp.Contact, len(all))
	for i, c := range all {
		out[i] = tpcp.Contact{ContactID: c.ID, Name: c.Name, Organisation: c.Organisation, Favourite: c.Favourite}
		for _, n := range c.Numbers {
			out[i].Numbers = append(out[i].Numbers, tpcp.Number(n))
		}
	}
	return out
}

// PutContact implements tpcp.Contacts.
func (p phonebook) PutContact(c tpcp.Contact) (string, error) {
	s := store.Contact{ID: c.ContactID, Name: c.Name, Organisation: c.Organisation, Favourite: c.Favourite}
	for _, n := range c.Numbers {
		s.Numbers = append(s.Numbers, store.Number(n))
	}
	id, err := p.d.store.PutContact(s)
	p.d.refresh()
	return id, contactError(err)
}

// DeleteContact implements tpcp.Contacts.
func (p phonebook) DeleteContact(id string) error {
	err := p.d.store.DeleteContact(id)
	p.d.refresh()
	return contactError(err)
}

func contactError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrFull):
		return tpcp.Refuse(tpcp.CodeResource, "the address book is full")
	}
	return tpcp.Refuse(tpcp.CodeBadParams, strings.TrimPrefix(err.Error(), "store: "))
}

// CallStats implements tpcp.CallStats.
func (v *voices) CallStats(call phone.CallID) (tpcp.Stats, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	c := v.calls[call]
	if c == nil {
		return tpcp.Stats{}, false
	}
	ms := func(t time.Duration) float64 { return float64(t) / float64(time.Millisecond) }
	s := c.last
	return tpcp.Stats{
		Codec: s.Codec, Suite: s.Suite, Sent: s.Sent, Received: s.Received, LossPercent: s.Loss, JitterMs: ms(s.Jitter), RTTMs: ms(s.RTT),
		DelayMs: ms(s.Delay), MOS: s.LQ, ConversationalMOS: s.CQ, FarLossPercent: 100 * s.Far.Loss, FarJitterMs: ms(s.Far.Jitter), FarMOS: s.Far.LQ, Fault: c.fault().Name(),
	}, true
}

// signIn is what lines sign in with, towards controllers, and the lines themselves.
type signIn struct{ d *Device }

// Capabilities implements tpcp.Credentials.
func (s signIn) Capabilities() tpcp.CredCapabilities {
	out := tpcp.CredCapabilities{SealKey: tpcp.SealKey{KEM: "DHKEM-X25519", Pub: s.d.opts.Vault.SealKey()}}
	for _, k := range credentials.Kinds() {
		out.Kinds = append(out.Kinds, string(k))
	}
	if l := s.d.settings.File().Lines; len(l) > 0 {
		e, _ := s.d.opts.Vault.For(l[0].AOR)
		out.User = e.User
	}
	return out
}

// credentialErrors says how the desk's refusals read to controllers.
var credentialErrors = []struct {
	err  error
	code tpcp.Code
}{
	{credentials.ErrCredential, tpcp.CodeCredentialRejected}, {credentials.ErrSealed, tpcp.CodeCredentialRejected},
	{credentials.ErrDeclined, tpcp.CodeUserDeclined}, {credentials.ErrUnanswered, tpcp.CodeTimeout}, {credentials.ErrStorage, tpcp.CodeStorage},
}

func credentialError(err error) error {
	for _, row := range credentialErrors {
		if errors.Is(err, row.err) {
			return tpcp.Refuse(row.code, strings.TrimPrefix(err.Error(), "credentials: "))
		}
	}
	return err
}

// Install implements tpcp.Credentials.
func (s signIn) Install(ctx context.Context, p tpcp.Pairing, session string, r tpcp.CredParams, aor string) error {
	err := s.d.desk.Install(ctx, credentials.Request{
		Pairing: p.ID, From: p.Name, AOR: aor, Session: session, Kind: credentials.Kind(r.Kind), User: r.User, Sealed: r.Sealed,
	})
	if err == nil {
		s.agreed(p)
	}
	return credentialError(err)
}

// agreed: a computer that the person at the phone has let sign the phone in may look after that from now on.
func (s signIn) agreed(p tpcp.Pairing) { s.d.pairs.Grant(p.ID, usbpairing.Provision) }

// Status implements tpcp.Credentials.
func (s signIn) Status(aor string) (tpcp.CredStatus, bool) {
	e, ok := s.d.opts.Vault.For(aor)
	if !ok {
		return tpcp.CredStatus{}, false
	}
	return tpcp.CredStatus{Kind: string(e.Kind), User: e.User, Realm: e.Realm, InstalledAt: &tpcp.Time{Time: e.Installed}}, true
}

// Clear implements tpcp.Credentials.
func (s signIn) Clear(aor string) error { return credentialError(s.d.desk.Clear(aor)) }

// Bootstrap implements tpcp.Accounts: an account that is new or other than it was needs a yes at the phone.
func (s signIn) Bootstrap(ctx context.Context, p tpcp.Pairing, r tpcp.BootstrapParams) (phone.LineID, error) {
	if len(r.Registrar) > 1 {
		return 0, tpcp.Refuse(tpcp.CodeNotSupported, "one registrar: its name may have many servers in the DNS")
	}
	at := -1
	patch := func(f *settings.File) {
		at = slices.IndexFunc(f.Lines, func(l settings.Line) bool { return l.AOR == r.AOR })
		if at < 0 {
			at, f.Lines = len(f.Lines), append(f.Lines, settings.DefaultLine())
		}
		l := &f.Lines[at]
		l.AOR, l.Display, l.OutboundProxy, l.Registrar = r.AOR, r.Display, r.OutboundProxy, strings.Join(r.Registrar, "")
		if r.Transport != "" {
			l.Transport = r.Transport
		}
	}
	if err := s.taken(s.d.settings.Try(patch)); err != nil { // nobody is asked for what cannot be done
		return 0, err
	}
	if err := s.d.desk.Consent(ctx, p.ID, p.Name, r.AOR); err != nil {
		return 0, credentialError(err)
	}
	s.agreed(p)
	return phone.LineID(at), s.apply(ctx, patch)
}

// SetBacklight implements tpcp.Backlight.
func (s signIn) SetBacklight(percent int) error {
	ctx, cancel := context.WithTimeout(context.Background(), applyTime)
	defer cancel()
	return s.apply(ctx, func(f *settings.File) { f.Screen.Brightness = percent })
}

func (s signIn) apply(ctx context.Context, patch func(*settings.File)) error {
	return s.taken(s.d.settings.Apply(ctx, "tpcp", patch))
}

// taken turns what became of a change of the settings into the words of the protocol.
func (s signIn) taken(err error) error {
	var wrong settings.Problems
	switch {
	case errors.Is(err, settings.ErrNotSaved): // in force all the same: the notice says what it needs
		s.d.notice(phone.StoreFull, err.Error())
		return nil
	case errors.As(err, &wrong):
		return tpcp.Refuse(tpcp.CodeBadParams, wrong.Summary())
	case err != nil:
		return fmt.Errorf("device: settings: %w", err)
	}
	return nil
}
