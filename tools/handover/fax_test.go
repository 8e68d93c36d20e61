package handover

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

// faxPause is how long the far side leaves things as they are.
const faxPause = 200 * time.Millisecond

// What fax machines behind gateways ask for (ITU-T T.38 annex D): voice and fax, or fax alone, in the place of the voice.
const (
	faxAudio  = "m=audio [rtpstream_audio_port] RTP/AVP 8\na=rtpmap:8 PCMA/8000\n"
	faxImage  = "m=image 6004 udptl t38\na=T38FaxVersion:0\na=T38FaxRateManagement:transferredTCF\na=T38FaxUdpEC:t38UDPRedundancy\n"
	faxInvite = `<send retrans="500"><![CDATA[
INVITE [$at] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From:[$fax];tag=a
To:[$phone]
Call-ID: [call_id]
CSeq: %[1]d INVITE
Contact: <sip:300@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 %[1]d IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
%[2]s]]></send>
<recv response="100" optional="true"/>
<recv response="%[3]d">%[4]s</recv>
<send><![CDATA[
ACK [$at] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch-3]
From:[$fax];tag=a
To:[$phone]
Call-ID: [call_id]
CSeq: %[1]d ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
<pause milliseconds="200"/>`
)

// faxScenario is a called who answers with voice, asks for fax in every way there is, and hangs up.
func faxScenario() string {
	const wants = `<action><ereg regexp="m=audio [1-9][0-9]* .*m=image 0 " search_in="body" check_it="true" assign_to="kept"/></action>`
	out := []string{`<?xml version="1.0" encoding="ISO-8859-1" ?><scenario name="fax">`,
		`<recv request="INVITE"><action><ereg regexp=".*" search_in="hdr" header="From:" assign_to="phone"/><ereg regexp=".*" search_in="hdr" header="To:" assign_to="fax"/><ereg regexp="sip:[^>]*" search_in="hdr" header="Contact:" assign_to="at"/></action></recv>`,
		strings.Replace(provisional("200 a sdp"), "Progress", "OK", 1), `<recv request="ACK"/>`, provisional("sound")}
	for i, r := range []struct {
		media, check string
		code         int
	}{
		{faxImage, "", 488},
		{"m=audio 0 RTP/AVP 8\n" + faxImage, "", 488},
		{faxAudio + faxImage, wants, 200},
		{faxAudio + strings.Replace(faxImage, " 6004 ", " 0 ", 1), wants, 200}, // back to voice alone
	} {
		out = append(out, fmt.Sprintf(faxInvite, i+1, r.media, r.code, r.check))
	}
	bye := strings.NewReplacer("INVITE", "BYE", `retrans="500"`, "").Replace(faxInvite[:strings.Index(faxInvite, "Contact:")])
	out = append(out, fmt.Sprintf(bye, 9)+"Max-Forwards: 70\nContent-Length: 0\n\n]]></send>", `<recv response="200"/><Reference variables="kept"/>`, `</scenario>`)
	return strings.Join(out, "\n")
}

// fax: sipp, called by the phone, asks for T.38 in the midst of the call. The phone has none to give: it refuses fax alone,
// takes the voice of both, and goes on talking. Called with fax alone it does not ring.
func fax(t *testing.T, twin *desk.Twin, host *lab.Namespace) {
	work := filepath.Join(host.Dir(), "fax")
	must(t, os.MkdirAll(work, 0o755))
	file := filepath.Join(work, "scenario.xml")
	must(t, os.WriteFile(file, []byte(faxScenario()), 0o644))
	must(t, os.WriteFile(filepath.Join(work, "tone.pcma"), bytes.Repeat([]byte{0x35, 0xb5}, 4000), 0o644))
	shark, err := lab.StartShark(soon(t), host, "eth0", "udp", filepath.Join(work, "fax.pcapng"))
	must(t, err)
	far := lab.SIPp{Name: "fax", Scenario: file, Local: lab.LANAddr(sippHost).Addr(), Remote: netip.AddrPortFrom(twin.Addr(), 5060)}
	done := make(chan error, 1)
	go func() { done <- lab.RunSIPp(soon(t), host, far) }()
	must(t, twin.Do(soon(t), phone.Dial{Number: "300"}))
	_, err = twin.WaitState(soon(t), "talking", func(s *phone.State) bool { return len(s.Calls) == 1 && s.Calls[0].State == phone.Talking })
	must(t, err)
	must(t, <-done)
	st, err := twin.WaitState(soon(t), "the end", func(s *phone.State) bool { return len(s.Calls) == 0 })
	must(t, err)

	call := strings.NewReplacer("WHO", "300", "ANSWER", "488", `<recv response="180"/>`, "", "m=audio 6000 RTP/AVP 8\na=rtpmap:8 PCMA/8000\n", faxImage, "MORE", "").Replace(intercomCall)
	must(t, os.WriteFile(file, []byte(call), 0o644))
	must(t, lab.RunSIPp(soon(t), host, far))
	if now, err := twin.State(); err != nil || now.Missed != st.Missed {
		t.Errorf("a fax that was refused is told as %d missed calls, %v", now.Missed-st.Missed, err)
	}
	must(t, shark.Close(soon(t)))
	rows, err := lab.SharkFields(soon(t), shark.File, fmt.Sprintf("sip.Status-Code and ip.src == %v and sip.CSeq.method == INVITE", twin.Addr()), "sip.Status-Code", "frame.time_epoch", "sip.Call-ID", "sip.CSeq.seq")
	must(t, err)
	rows = slices.CompactFunc(rows, func(a, b []string) bool { return slices.Equal(a[2:], b[2:]) }) // sent again until it is acknowledged
	var codes []string
	for _, r := range rows {
		codes = append(codes, r[0])
	}
	if got := strings.Join(codes, " "); got != "488 488 200 200 488" {
		t.Fatalf("tshark sees the phone answer %s", got)
	}
	voice, err := lab.SharkFields(soon(t), shark.File, fmt.Sprintf("rtp and ip.src == %v", twin.Addr()), "frame.time_epoch")
	must(t, err)
	for i, r := range rows[:4] {
		from, n := seconds(t, r[1]), 0
		for _, v := range voice {
			if after := seconds(t, v[0]) - from; after > 0 && after < faxPause.Seconds() {
				n++
			}
		}
		if least := int(faxPause/(20*time.Millisecond)) / 2; n < least { // it goes on after each
			t.Errorf("after answer %d tshark sees %d packets of voice, %d at least are right", i+1, n, least)
		}
	}
}

// seconds reads a time of tshark's.
func seconds(t *testing.T, text string) float64 {
	t.Helper()
	at, err := strconv.ParseFloat(text, 64)
	must(t, err)
	return at
}
