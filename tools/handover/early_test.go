package handover

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

const sippHost = 13

// provisional is a step of a scenario before the answer: "180 a", "183 a sdp" and "sound", where a or b is the To tag,
// which is to say the branch of a fork.
func provisional(step string) string {
	word := strings.Fields(step)
	if word[0] == "sound" {
		return `<nop><action><exec rtp_stream="tone.pcma,-1,8"/></action></nop>`
	}
	body := ""
	if len(word) > 2 {
		body = `Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
`
	} else {
		body = "Content-Length: 0\n"
	}
	return fmt.Sprintf(`<send><![CDATA[
SIP/2.0 %s Progress
[last_Via:]
[last_From:]
[last_To:];tag=%s
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
%s
]]></send>`, word[0], word[1], body)
}

// reply is an answer without a body.
func reply(code, cseq, tag string) string {
	return fmt.Sprintf(`<send><![CDATA[
SIP/2.0 %s Done
[last_Via:]
[last_From:]
[last_To:]%s
[last_Call-ID:]
CSeq: [cseq] %s
Content-Length: 0

]]></send>`, code, tag, cseq)
}

// scenario is a callee that says these things and is given up.
func scenario(steps []string) string {
	out := []string{`<?xml version="1.0" encoding="ISO-8859-1" ?><scenario name="early">`, `<recv request="INVITE"/>`}
	for _, s := range steps {
		out = append(out, provisional(s), `<pause milliseconds="40"/>`)
	}
	out = append(out, `<recv request="CANCEL"/>`, reply("200", "CANCEL", ";tag=a"), reply("487", "INVITE", ";tag=a"), `<recv request="ACK"/>`, `</scenario>`)
	return strings.Join(out, "\n")
}

// newTwin is a phone whose line has sipp for its exchange, with more settings, and the place where sipp is to run.
func newTwin(t *testing.T, more string) (*desk.Twin, *lab.Namespace) {
	t.Helper()
	t.Parallel()
	must(t, lab.Require("ip", "sipp"))
	lan, err := lab.NewLAN(t.TempDir())
	must(t, err)
	t.Cleanup(func() { must(t, lan.Close()) })
	twin, err := desk.StartTwin(soon(t), desk.Setup{Name: "phone", LAN: lan, Host: phoneHost, Settings: strings.NewReplacer(
		"@"+Domain, "@"+lab.LANAddr(sippHost).Addr().String(), "display =", "register = false\npeers = [\""+lab.LANAddr(sippHost).Addr().String()+"\"]\ndisplay =").Replace(settings(PhoneUser, phoneHost, "")) + more})
	must(t, err)
	t.Cleanup(func() { must(t, twin.Close()) })
	_, err = twin.WaitState(soon(t), "line", func(s *phone.State) bool { return len(s.Lines) > 0 && s.Lines[0].State == phone.LineRegistered })
	must(t, err)
	host, err := lan.Host("sipp", sippHost)
	must(t, err)
	return twin, host
}

// TestFarSidesThatSIPpPlays: sipp does what no other make does when one wants it.
func TestFarSidesThatSIPpPlays(t *testing.T) {
	twin, host := newTwin(t, "")
	t.Run("early sound in every order", func(t *testing.T) { earlySound(t, twin, host) })
	t.Run("fax", func(t *testing.T) { fax(t, twin, host) })
}

// earlySound: sipp rings with 180 and 183, with a description of sound and without, with sound and
// without, in one branch and in two. The phone's own ringback tone is there exactly where no sound is.
func earlySound(t *testing.T, twin *desk.Twin, host *lab.Namespace) {
	for i, row := range []struct {
		steps         string
		sound, oneWay bool
	}{
		{"180 a", false, false},
		{"183 a sdp", false, false},
		{"180 a,183 a sdp", false, false},
		{"183 a sdp,180 a", false, false},
		{"183 a sdp,sound", true, false},
		{"180 a,183 a sdp,sound", true, false},
		{"183 a sdp,sound,180 a", true, false},
		{"183 a sdp,sound,180 b", true, true},
		{"183 a sdp,183 b sdp,180 a", false, true},
	} {
		name := fmt.Sprint("early", i)
		work := filepath.Join(host.Dir(), name)
		must(t, os.MkdirAll(work, 0o755))
		file := filepath.Join(work, "scenario.xml")
		must(t, os.WriteFile(file, []byte(scenario(strings.Split(row.steps, ","))), 0o644))
		must(t, os.WriteFile(filepath.Join(work, "tone.pcma"), bytes.Repeat([]byte{0x35, 0xb5}, 4000), 0o644))
		done := make(chan error, 1)
		go func() {
			done <- lab.RunSIPp(soon(t), host, lab.SIPp{Name: name, Scenario: file, Local: lab.LANAddr(sippHost).Addr(),
				Remote: netip.AddrPortFrom(twin.Addr(), 5060)})
		}()
		must(t, twin.Do(soon(t), phone.Dial{Number: "300"}))
		var c phone.Call
		same := 0 // looks in a row: what is so must stay so
		err := lab.PollEvery(soon(t), 40*time.Millisecond, row.steps, func() (bool, error) {
			st, err := twin.State()
			if err != nil || len(st.Calls) != 1 {
				return false, err
			}
			c = st.Calls[0]
			if same++; c.State != phone.Ringback || c.Early != row.sound || c.Heard != row.sound || c.OneWay != row.oneWay {
				same = 0
			}
			return same > 400/40, nil
		})
		if err != nil {
			t.Fatalf("%s: %v; the call is %+v", row.steps, err, c)
		}
		must(t, twin.Do(soon(t), phone.Hangup{Call: c.ID}))
		if err := <-done; err != nil {
			t.Errorf("%s: %v", row.steps, err)
		}
	}
}
