package pc

import (
	"testing"

	"opendeskphone/firmware/tpcp"
)

func TestCallersAsTheyAreShown(t *testing.T) {
	v := &View{Names: map[string]string{"sip:201@pbx.example": "Mira Patel"}}
	for _, c := range []struct {
		b                   tpcp.LegB
		name, number, worth string
	}{
		{tpcp.LegB{URI: "sip:201@pbx.example", Number: "201", Verified: tpcp.VerifiedNone}, "Mira Patel", "201", ""},
		{tpcp.LegB{Withheld: true, Verified: tpcp.VerifiedNone}, "Number withheld", "", ""},
		{tpcp.LegB{Number: "+1 215 555 0121", Display: "Bank", Verified: tpcp.VerifiedPassport, Attest: "A"}, "Bank", "+1 215 555 0121", "verified caller"},
		{tpcp.LegB{Number: "+1 215 555 0121", Verified: tpcp.VerifiedNetwork}, "+1 215 555 0121", "", "verified caller"},
		{tpcp.LegB{Number: "+1 215 555 0121", Verified: tpcp.VerifiedPassport, Attest: "C"}, "+1 215 555 0121", "", ""},
		{tpcp.LegB{Number: "+1 215 555 0121", Verified: tpcp.VerifiedFailed, Doubt: "stale"}, "+1 215 555 0121", "", "number not verified"},
	} {
		if name, number := v.Party(tpcp.Call{LegB: c.b}); name != c.name || number != c.number || Worth(c.b) != c.worth {
			t.Errorf("%+v is shown as %q, %q, %q", c.b, name, number, Worth(c.b))
		}
	}
}
