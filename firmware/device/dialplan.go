package device

import (
	"context"
	"crypto/x509"
	"time"

	"opendeskphone/firmware/dialplan"
	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/settings"
)

func planConfig(n settings.Numbers) dialplan.Config {
	return dialplan.Config{Files: n.Files, URL: n.URL, Poll: time.Duration(n.Poll) * time.Minute}
}

// newDialPlan makes the keeper of the location profiles.
func (d *Device) newDialPlan(f settings.File) *dialplan.Keeper {
	roots := func() (*x509.CertPool, error) {
		return stackConfig(d.settings.File().SIP, d.opts.Version).TLS.Roots()
	}
	fetch := dialplan.HTTPS("OpenDeskPhone/"+d.opts.Version, roots)
	return dialplan.New(d.opts.DialPlan, planConfig(f.Numbers), fetch, d.newProfiles, func(s string) { d.notice(phone.DialPlanRefused, s) }, d.log)
}

// newProfiles puts into force what the keeper has now.
func (d *Device) newProfiles() {
	ctx, cancel := context.WithTimeout(context.Background(), applyTime)
	defer cancel()
	if err := d.settings.Again(ctx, "dialplan"); err != nil {
		d.log.Error("the location profile in force is the old one", "err", err)
	}
}

// locations names the profiles there are, those of the settings first.
func (d *Device) locations() []string {
	var names []string
	for _, p := range d.settings.File().Profiles {
		names = append(names, p.Name)
	}
	for _, p := range d.dialplan.All() {
		names = append(names, p.Name)
	}
	return names
}
