package device

import (
	"context"
	"crypto/x509"
	"net/http"
	"os"

	"opendeskphone/firmware/settings"
	"opendeskphone/sip/stir"
)

// callers is what the phone knows of those who call: its address book, its number plan, and whom it trusts to sign for numbers.
type callers struct {
	*stir.Verifier
	d *Device
}

func (c callers) NameOf(number string) (string, bool) {
	return c.d.store.NameOf(number, c.d.loop.State().Config.Numbering)
}
func (c callers) Imitates(name string) bool { return c.d.store.Imitates(name) }

func (c callers) Canonical(number string) string {
	st := c.d.loop.State()
	return st.Config.Canonical(number)
}

// callers reads the files of the settings; one that cannot be read is logged and does without.
func (d *Device) callers(s settings.STIR) callers {
	v := &stir.Verifier{}
	read := func(files []string, take func([]byte) bool) {
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil || !take(b) {
				d.log.Warn("no certificates for callers' numbers", "file", file, "err", err)
			}
		}
	}
	if len(s.Roots) > 0 {
		v.Roots = x509.NewCertPool()
		read(s.Roots, v.Roots.AppendCertsFromPEM)
	}
	var carried [][]*x509.Certificate
	read(s.Certificates, func(b []byte) bool {
		chain, err := stir.ParsePEM(b)
		if err == nil {
			carried = append(carried, chain)
		}
		return err == nil
	})
	var client *http.Client
	if s.Fetch {
		client = stir.Client()
	}
	v.Certificates = stir.NewCertificates(carried, client)
	return callers{v, d}
}

// Check verifies the PASSporTs of a call.
func (c callers) Check(ctx context.Context, identities []string, about stir.Call) stir.Result {
	r := c.Verifier.Check(ctx, identities, about)
	c.d.log.Info("caller checked", "verdict", r.Verdict, "doubt", r.Doubt, "attest", r.Attest)
	return r
}
