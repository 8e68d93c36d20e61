package handover

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/tools/lab"
)

// carrierHost is where sipp answers for a carrier that takes tel: URIs.
const carrierHost = 95

// carrier is a scenario of sipp that takes calls to the URIs of a pattern alone, and is busy.
func carrier(pattern string) string {
	return `<?xml version="1.0" encoding="UTF-8" ?><scenario name="carrier">
<recv request="INVITE"><action><ereg regexp="^INVITE ` + pattern + ` SIP/2.0" search_in="msg" check_it="true" assign_to="1"/></action></recv><Reference variables="1"/>
<send><![CDATA[
SIP/2.0 486 Busy Here
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send><recv request="ACK"/></scenario>`
}

// asked is what the phone asked a server for since a mark of the wire, also what it sent again.
func (s *Stage) asked(mark int) []string {
	var out []string
	for _, p := range s.Wire.Since(mark) {
		if bytes.HasPrefix(p.Data, []byte("INVITE ")) && p.Src.Addr() == lab.LANAddr(phoneHost).Addr() {
			line, _, _ := bytes.Cut(p.Data, []byte("\r\n"))
			out = append(out, string(line))
		}
	}
	return out
}

// TestNumbersOnTheWire: what is typed by the rules of a location reaches whom it is to reach through Kamailio, with no
// key that sends it, and a carrier that takes tel: URIs, in the forms that they want. What has no meaning but there is a user there.
func TestNumbersOnTheWire(t *testing.T) {
	s := newStage(t, fmt.Sprintf(`
[[line]]
aor = "sip:200@%v"
register = false
number_form = "tel"
[[profile]]
name = "Redmond"
rules = ['^(7\d\d)$ => $1;phone-context=redmond.example internal', '^(\d{4})$ => +1425555$1 internal', '^1?(\d{10})$ => +1$1']
access_prefix = "9"
optimize_dialing = true
`, lab.LANAddr(carrierHost).Addr()))
	colleague, err := s.Enter(soon(t), Cast{Make: "baresip", User: "+14255551234", Host: 20, Manual: true})
	must(t, err)
	for typed, keys := range map[string][]hal.Key{
		"an extension": {hal.Digit1, hal.Digit2, hal.Digit3, hal.Digit4},
		"from outside": {hal.Digit9, hal.Digit1, hal.Digit4, hal.Digit2, hal.Digit5, hal.Digit5, hal.Digit5, hal.Digit5, hal.Digit1, hal.Digit2, hal.Digit3, hal.Digit4},
	} {
		mark, wire := colleague.Mark(), s.Wire.Mark()
		must(t, s.Phone.Press(soon(t), keys...))
		must(t, colleague.WaitRinging(soon(t), mark))
		for _, line := range s.asked(wire) {
			if line != "INVITE sip:+14255551234@phone.test;user=phone SIP/2.0" {
				t.Errorf("%s: %s", typed, line)
			}
		}
		st, err := s.WaitCalls(soon(t), "Ringback")
		must(t, err)
		must(t, s.Phone.Do(soon(t), phone.Hangup{Call: st.Calls[0].ID}))
		must(t, colleague.WaitEnded(soon(t), mark))
		_, err = s.WaitCalls(soon(t), "")
		must(t, err)
	}

	host, err := s.LAN.Host("carrier", carrierHost)
	must(t, err)
	file := filepath.Join(s.Dir, "carrier.xml")
	must(t, os.WriteFile(file, []byte(carrier(`(tel:\+14255551234|tel:712;phone-context=redmond\.example|sip:55@10\.77\.0\.95)`)), 0o644))
	done := make(chan error, 1)
	go func() {
		done <- lab.RunSIPp(t.Context(), host, lab.SIPp{Name: "carrier", Scenario: file, Local: lab.LANAddr(carrierHost).Addr(), Remote: netip.AddrPortFrom(lab.LANAddr(phoneHost).Addr(), 5060), Calls: 3})
	}()
	wire := s.Wire.Mark()
	for _, typed := range []string{"1234", "712", "55"} {
		must(t, s.Phone.Do(soon(t), phone.Dial{Line: 1, Number: typed}))
		st, err := s.WaitCalls(soon(t), "Failed")
		must(t, err)
		if c := st.Calls[0].Cause; c != phone.UserBusy {
			t.Errorf("%s: %v, want what the carrier says", typed, c)
		}
		must(t, s.Phone.Do(soon(t), phone.Hangup{Call: st.Calls[0].ID}))
	}
	must(t, <-done)
	if got := strings.Join(slices.Compact(s.asked(wire)), "|"); got != "INVITE tel:+14255551234 SIP/2.0|INVITE tel:712;phone-context=redmond.example SIP/2.0|INVITE sip:55@10.77.0.95 SIP/2.0" {
		t.Error(got)
	}
}
