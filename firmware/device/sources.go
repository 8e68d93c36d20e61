package device

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"opendeskphone/audio/tone"
	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/settings"
	"opendeskphone/firmware/store"
	"opendeskphone/ui/screen"
)

// book lets the screens read and write the address book.
type book struct {
	d *Device

	mu   sync.Mutex
	from []store.Contact // what seen was made from: the store gives the same slice until the book changes
	seen []screen.Contact
}

// Contacts implements screen.Contacts.
func (b *book) Contacts() []screen.Contact {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.d.store.Contacts()
	if len(all) == len(b.from) && (len(all) == 0 || &all[0] == &b.from[0]) {
		return b.seen
	}
	var out []screen.Contact
	for _, c := range all {
		s := screen.Contact{ID: c.ID, Name: c.Name, Organisation: c.Organisation}
		for _, n := range c.Numbers {
			s.Numbers = append(s.Numbers, screen.Number(n))
		}
		out = append(out, s)
	}
	b.from, b.seen = all, out
	return out
}

// AddContact implements screen.Contacts.
func (b *book) AddContact(c screen.Contact) error {
	s := store.Contact{ID: c.ID, Name: c.Name, Organisation: c.Organisation}
	for _, n := range c.Numbers {
		s.Numbers = append(s.Numbers, store.Number(n))
	}
	_, err := b.d.store.PutContact(s)
	b.d.controllers.ContactsChanged("ui")
	return err
}

// DeleteContact implements screen.Contacts.
func (b *book) DeleteContact(id string) error {
	err := b.d.store.DeleteContact(id)
	b.d.controllers.ContactsChanged("ui")
	return err
}

const applyTime = 5 * time.Second // the centre and the disk may take this long to take a setting

// screenSettings lets the screens read and write the settings.
type screenSettings struct{ d *Device }

// Account implements screen.Settings.
func (s screenSettings) Account(line phone.LineID) screen.Account {
	f := s.d.settings.File()
	if int(line) >= len(f.Lines) {
		return screen.Account{Transport: settings.DefaultLine().Transport}
	}
	l := f.Lines[line]
	out := screen.Account{Server: l.Registrar, User: l.User(), Display: l.Display, Transport: l.Transport}
	if out.Server == "" {
		out.Server = l.Domain()
	}
	if _, installed := s.d.opts.Vault.For(l.AOR); installed || l.Password.Reveal() != "" {
		out.Password = screen.PasswordSet
	}
	return out
}

// SetAccount implements screen.Settings. What the screen does not show stays as it is.
func (s screenSettings) SetAccount(line phone.LineID, a screen.Account) error {
	if f := s.d.settings.File(); int(line) < len(f.Lines) && a.Password != screen.PasswordSet {
		if err := s.d.desk.Clear(f.Lines[line].AOR); err != nil {
			return err
		}
	}
	return s.apply(func(f *settings.File) {
		for len(f.Lines) <= int(line) {
			f.Lines = append(f.Lines, settings.DefaultLine())
		}
		l := &f.Lines[line]
		domain := l.Domain()
		if host := hostOf(a.Server); l.Registrar == "" || domain == "" {
			domain = host
		}
		l.AOR = "sip:" + a.User + "@" + domain
		l.Display, l.Transport = a.Display, a.Transport
		if l.Registrar = a.Server; a.Server == domain {
			l.Registrar = ""
		}
		if a.Password != screen.PasswordSet {
			l.Password = settings.NewSecret(a.Password)
		}
	})
}

// Options implements screen.Settings.
func (s screenSettings) Options() screen.Options {
	f := s.d.settings.File()
	theme, contrast := f.Screen.Theme, false
	if base, ok := map[string]string{"hc_dark": "dark", "hc_light": "light"}[theme]; ok {
		theme, contrast = base, true
	}
	return screen.Options{
		RingTone: tone.Ring(f.Sound.RingTone).Name, HandsFree: f.Config().HandsFree, Theme: theme, Contrast: contrast,
		LargeText: f.Screen.LargeText, Language: f.Screen.Language, Brightness: f.Screen.Brightness, Location: f.Numbers.Location,
	}
}

// SetOptions implements screen.Settings.
func (s screenSettings) SetOptions(o screen.Options) error {
	return s.apply(func(f *settings.File) {
		f.Sound.RingTone, f.Phone.HandsFree = o.RingTone, o.HandsFree.String()
		f.Screen.Theme, f.Screen.Language, f.Screen.Brightness = o.Theme, o.Language, o.Brightness
		f.Screen.LargeText = o.LargeText
		f.Numbers.Location = o.Location
		if o.Contrast {
			f.Screen.Theme = map[string]string{"light": "hc_light"}[o.Theme]
			if f.Screen.Theme == "" {
				f.Screen.Theme = "hc_dark"
			}
		}
	})
}

func (s screenSettings) apply(patch func(*settings.File)) error {
	ctx, cancel := context.WithTimeout(context.Background(), applyTime)
	defer cancel()
	err := s.d.settings.Apply(ctx, "ui", patch)
	if errors.Is(err, settings.ErrNotSaved) { // in force all the same: the notice says what it needs
		s.d.notice(phone.StoreFull, err.Error())
		err = nil
	}
	s.d.notice(phone.SettingsInvalid, s.d.settings.Problem())
	return err
}

// RingTones implements screen.Settings.
func (s screenSettings) RingTones() []string {
	var names []string
	for _, t := range tone.Rings() {
		names = append(names, t.Name)
	}
	return names
}

// Locations implements screen.Settings.
func (s screenSettings) Locations() []string { return s.d.locations() }

// About implements screen.Settings.
func (s screenSettings) About() screen.About {
	f := s.d.opts.About()
	u := f.Uplink
	hardware := s.d.opts.Board
	if f.MAC != "" {
		hardware += ", " + f.MAC
	}
	var tried []screen.Relay
	for _, r := range s.d.relays.all() {
		tried = append(tried, screen.Relay{Host: r.host, Works: r.fault == ""})
	}
	return screen.About{Version: s.d.opts.Version, Addresses: f.Addresses, Hardware: hardware, Hostname: f.Hostname, Free: f.Free,
		Network: screen.Network{VLAN: u.VLAN, By: string(u.Source), Priority: u.Priority, Switch: u.Switch, Port: u.Port, Relays: tried}}
}

// LocalFacts reads name and addresses of the machine, but for those of a link that has no carrier: there is
// nobody to talk to. free tells the room left for data.
func LocalFacts(hostname string, free func() int64) Facts {
	out := Facts{Hostname: hostname, Free: free()}
	ifs, err := net.Interfaces()
	if err != nil {
		return out
	}
	for _, i := range ifs {
		if i.Flags&net.FlagLoopback != 0 || i.Flags&net.FlagUp == 0 {
			continue
		}
		if out.MAC == "" {
			out.MAC = i.HardwareAddr.String()
		}
		if i.Flags&net.FlagRunning == 0 {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addrs {
			if ip, ok := a.(*net.IPNet); ok && !ip.IP.IsLinkLocalUnicast() {
				out.Addresses = append(out.Addresses, ip.IP.String())
			}
		}
	}
	slices.Sort(out.Addresses)
	return out
}
