package screen

import (
	"fmt"
	"image"
	"strings"

	"opendeskphone/firmware/phone"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/font"
	"opendeskphone/ui/theme"
	"opendeskphone/ui/widget"
)

// caller is the party of a call that came in: what its number is worth shows in the shape of its avatar.
func (v *view) caller(c *phone.Call) party {
	who := v.party(c.Remote)
	if c.Proof.Verdict == phone.NotVerified {
		who.kind = widget.Unverified
	}
	return who
}

// worth says what a number is worth and why: nothing is said of one that nobody looked at. A signature that does not
// vouch for the number (SHAKEN attestation B and C, RFC 8588) is no verification of it.
func (v *view) worth(p phone.Proof) (icon draw.Icon, words, why string, ink theme.RGB) {
	w := &v.Words.Caller
	switch {
	case p.Verdict == phone.NotVerified:
		return draw.IconSuspect, w.NotVerified, w.Doubts[p.Doubt], v.Hold
	case p.Verdict != phone.Verified:
		return draw.NoIcon, "", "", v.T2
	case p.Attest == "B":
		return draw.IconInfo, w.Known, w.NotVouched, v.T2
	case p.Attest == "C":
		return draw.IconInfo, w.NotKnown, w.Gateway, v.T2
	}
	return draw.IconVerified, w.Verified, "", v.Talk
}

// origin draws on a caller's page what the number is worth and who sent the call on, one below the other.
func (incoming) origin(v *view, c *phone.Call, l *callerLayout) {
	y := l.origin
	line := func(icon draw.Icon, st font.Style, words string, ink theme.RGB) {
		if words == "" {
			return
		}
		x, size := l.name.X, v.By(20, 14, 20)
		gap := size * 3 / 2
		if l.align == draw.Middle {
			x -= (min(v.Width(st, words), l.width-gap) + gap) / 2
		}
		v.Icon(icon, image.Pt(x+size/2, y-v.Type.Label*36/100), size, ink)
		v.FitText(st, x+gap, y, draw.Start, l.width-gap, words, ink)
		y += l.pitch
	}
	icon, words, why, ink := v.worth(c.Proof)
	line(icon, widget.Semi(v.Type.Label), words, ink)
	line(draw.NoIcon, widget.Regular(v.Type.Note), why, v.T2)
	if c.ForwardedBy != (phone.Peer{}) {
		line(draw.IconForward, widget.Regular(v.Type.Label), v.forwarded(c.ForwardedBy), v.T2)
	}
}

// forwarded names who sent a call on.
func (v *view) forwarded(by phone.Peer) string {
	return fmt.Sprintf(v.Words.Caller.Forwarded, v.party(by).name)
}

// recordWords says how a past call went, and what of its caller is worth knowing.
func (v *view) recordWords(r *phone.Record) string {
	words := []string{v.timeOf(r)}
	if _, worth, why, _ := v.worth(r.Proof); worth != "" {
		words = append(words, worth)
		if r.Proof.Verdict == phone.NotVerified {
			words = append(words, why)
		}
	}
	if r.ForwardedBy != (phone.Peer{}) {
		words = append(words, v.forwarded(r.ForwardedBy))
	}
	return strings.Join(words, ", ")
}

// claimed is the number to show beside a name that only its bearer has told us: of a contact the name is ours.
func (p *party) claimed() string {
	if p.known && p.contact == nil {
		return p.number
	}
	return ""
}

// surely is what to call a party where there is no room for name and number: of the two the one that is sure.
func (p *party) surely() string {
	if number := p.claimed(); number != "" {
		return number
	}
	return p.name
}
