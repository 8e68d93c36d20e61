package device

import (
	"context"

	"opendeskphone/firmware/dialplan"
	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/provision"
	"opendeskphone/firmware/settings"
	"opendeskphone/sip/ice"
)

// newHanded makes what keeps that which servers hand down to the lines, and what tries their relays.
func (d *Device) newHanded(f settings.File) {
	again := func(aor string) {
		if a := d.sip.adapter.Load(); a != nil {
			a.AskHanded(aor)
		}
	}
	d.handed = provision.New(dialplan.Read, d.handedDown, again, func(s string) { d.notice(phone.HandedRefused, s) }, d.log)
	d.handed.Configure(provisioned(f.Lines))
	try := func(ctx context.Context, c ice.Config) error { return c.Try(ctx, d.log) }
	d.relays = newRelays(d.relaysOf, try, func(s string) { d.notice(phone.RelayFails, s) }, d.refresh, d.log)
}

// provisioned names the lines to which something may be handed down.
func provisioned(all []settings.Line) (aors []string) {
	for _, l := range all {
		if l.Provisioned {
			aors = append(aors, l.AOR)
		}
	}
	return aors
}

// handedDown puts into force what servers hand down now. No line signs in anew for it.
func (d *Device) handedDown() {
	if a := d.sip.adapter.Load(); a != nil {
		a.Configure(d.accounts(d.settings.File().Lines))
	}
	var plans []*phone.Profile
	for _, aor := range provisioned(d.settings.File().Lines) {
		plans = append(plans, d.handed.For(aor).Plan...)
	}
	d.dialplan.Hand(plans)
	ctx, cancel := context.WithTimeout(context.Background(), applyTime)
	defer cancel()
	if err := d.settings.Again(ctx, "provisioning"); err != nil {
		d.log.Error("what a server hands down is not in force", "err", err)
	}
	d.relays.look()
}

// wholeLine fills in what its server hands down to a line and the settings do not say.
func (d *Device) wholeLine(l *settings.Line) {
	if !l.Provisioned {
		return
	}
	p := d.handed.For(l.AOR)
	if l.Collector == "" {
		l.Collector = p.Collector
	}
	if l.NAT == "ice" && l.TURN == "" {
		l.TURN, l.TURNUser, l.TURNPassword = p.Relay.Server, p.Relay.User, settings.NewSecret(string(p.Relay.Password))
	}
}

// wholePhone fills in what servers hand down to the centre.
func (d *Device) wholePhone(c *phone.Config) {
	for i := range c.Lines {
		l := &c.Lines[i]
		p := d.handed.For(l.AOR) // nothing, where nothing may be handed down
		if l.Factory == "" {
			l.Factory = p.Factory
		}
		if l.Mailbox == "" {
			l.Mailbox = p.Voicemail
		}
	}
	d.dialplan.Choose(c)
}
