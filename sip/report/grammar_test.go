package report

import (
	"strings"
	"testing"

	"opendeskphone/sip/report/vqtest"
)

// What the RFC's own grammar refuses, the test must too.
func TestTheGrammarIsStrict(t *testing.T) {
	good := string(WriteText(full()))
	for what, bad := range map[string]string{
		"no timestamps":         strings.Replace(good, "Timestamps", "Times", 1),
		"items out of order":    strings.Replace(good, "NLR=2.50 JDR=0.50", "JDR=0.50 NLR=2.50", 1),
		"a share of 4 digits":   strings.Replace(good, "NLR=2.50", "NLR=1002.5", 1),
		"an SSRC without 0x":    strings.Replace(good, "SSRC=0x", "SSRC=", 1),
		"a bare line feed":      strings.Replace(good, "\r\n", "\n", 1),
		"a MOS of two digits":   strings.Replace(good, "MOSLQ=4", "MOSLQ=14", 1),
		"no RemoteGroup":        strings.Replace(good, "RemoteGroup", "RemoteGroups", 1),
		"no RemoteAddr":         strings.Replace(good, "RemoteAddr", "LocalAddr", 1),
		"local time":            strings.Replace(good, "Z STOP", "+01:00 STOP", 1),
		"a severity of its own": strings.Replace(good, "VQSessionReport: CallTerm", "VQAlertReport: Type=NLR Severity=Bad Dir=local", 1),
	} {
		if bad == good || vqtest.Valid([]byte(bad)) == nil {
			t.Errorf("%s passes", what)
		}
	}
}
