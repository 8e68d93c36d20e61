package handover

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
)

// intercomCall is sipp calling and asking the phone to answer by itself.
const intercomCall = `<?xml version="1.0" encoding="ISO-8859-1" ?><scenario name="intercom">
<send retrans="500"><![CDATA[
INVITE sip:100@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:WHO@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:100@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:WHO@[local_ip]:[local_port]>
Max-Forwards: 70
Call-Info: <sip:[local_ip]>;answer-after=0
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio 6000 RTP/AVP 8
a=rtpmap:8 PCMA/8000
]]></send>
<recv response="100" optional="true"/><recv response="180"/><recv response="ANSWER" rrs="true"/>
<send><![CDATA[
ACK sip:100@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:WHO@[local_ip]:[local_port]>;tag=[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
MORE</scenario>`

// TestIntercom: sipp asks the phone to answer by itself. Who may is answered after the warning, muted; who may not rings.
func TestIntercom(t *testing.T) {
	twin, host := newTwin(t, "[phone]\nintercom = [\"201\"]\n")
	for _, row := range []struct{ who, code, more, state string }{
		{"201", "200", `<recv request="BYE"/>` + reply("200", "BYE", ""), "Talking"},
		{"666", "603", "", "Ringing"},
	} {
		work := filepath.Join(host.Dir(), "intercom"+row.who)
		must(t, os.MkdirAll(work, 0o755))
		file := filepath.Join(work, "scenario.xml")
		text := strings.NewReplacer("WHO", row.who, "ANSWER", row.code, "MORE", row.more).Replace(intercomCall)
		must(t, os.WriteFile(file, []byte(text), 0o644))
		done := make(chan error, 1)
		go func() {
			done <- lab.RunSIPp(soon(t), host, lab.SIPp{Name: "intercom" + row.who, Scenario: file, Local: lab.LANAddr(sippHost).Addr(),
				Remote: netip.AddrPortFrom(twin.Addr(), 5060)})
		}()
		st, err := twin.WaitState(soon(t), row.state, func(s *phone.State) bool {
			return len(s.Calls) == 1 && s.Calls[0].State.String() == row.state && !s.Calls[0].Auto
		})
		must(t, err)
		if muted := row.state == "Talking"; st.Muted != muted || st.Path != phone.Speaker {
			t.Errorf("%s: muted %v on the %v", row.who, st.Muted, st.Path)
		}
		must(t, twin.Do(soon(t), phone.Hangup{Call: st.Calls[0].ID}))
		must(t, <-done)
	}
}
