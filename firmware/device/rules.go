package device

import (
	"context"
	"strings"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/routing"
	"opendeskphone/firmware/settings"
	"opendeskphone/firmware/tpcp"
)

// Rules are who gets the calls that come in, towards controllers.
func (d *Device) Rules() tpcp.Rules { return rulebook{d} }

// rulebook is the rules of calls that come in, towards controllers. They are kept with the settings.
type rulebook struct{ d *Device }

// Change implements tpcp.Rules.
func (b rulebook) Change(change func(*phone.Rules) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), applyTime)
	defer cancel()
	var refused error
	err := signIn(b).apply(ctx, func(f *settings.File) {
		r := f.Config().Rules
		if refused = change(&r); refused == nil {
			f.Rules = settings.NewRules(r)
		}
	})
	if refused != nil {
		return refused
	}
	return err
}

// Document implements tpcp.Rules.
func (b rulebook) Document() []byte {
	f := b.d.settings.File()
	c := f.Config()
	return routing.Write(&c)
}

// Read implements tpcp.Rules.
func (b rulebook) Read(doc []byte, r *phone.Rules) error {
	read, err := routing.Read(doc, *r)
	if err != nil {
		return tpcp.Refuse(tpcp.CodeBadParams, strings.TrimPrefix(err.Error(), "routing: "))
	}
	*r = read
	return nil
}

// handedRules writes the rules for the server of a line; nil: it is given none.
func (d *Device) handedRules(aor string) []byte {
	c := d.loop.State().HandedRules()
	if c == nil {
		return nil
	}
	return routing.Element(c, aor)
}

// SetRules implements screen.Settings.
func (s screenSettings) SetRules(r phone.Rules) error {
	return s.apply(func(f *settings.File) { f.Rules = settings.NewRules(r) })
}
