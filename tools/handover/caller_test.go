package handover

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/stir/stirtest"
	"opendeskphone/tools/lab"
)

// callerHost is where sipp calls from.
const callerHost = 14

// caller is a scenario of sipp: it calls by way of the exchange, which asks for credentials, with headers of its own, and
// goes on with steps.
func caller(from string, headers []string, steps string) string {
	invite := func(auth string, n int) string {
		return fmt.Sprintf(`<send retrans="500"><![CDATA[
INVITE sip:%[1]s@%[2]s SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: %[3]s;tag=[call_number]
To: <sip:%[1]s@%[2]s>
Call-ID: [call_id]
CSeq: %[4]d INVITE
Contact: <sip:201@[local_ip]:[local_port]>
Max-Forwards: 70
%[5]s
Content-Type: application/sdp
Content-Length: [len]

%[6]s
]]></send>`, PhoneUser, Domain, from, n, strings.Join(append(headers, auth)[:len(headers)+min(len(auth), 1)], "\n"), sippSDP)
	}
	return `<?xml version="1.0" encoding="UTF-8" ?><scenario name="caller">` + invite("", 1) + `<recv response="407" auth="true"/>
<send><![CDATA[
ACK sip:` + PhoneUser + "@" + Domain + ` SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch-3]
From: ` + from + `;tag=[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>` + invite("[authentication username=201 password="+lab.PasswordOf("201")+"]", 2) +
		`<recv response="100" optional="true"/><recv response="180" optional="true"/>` + steps + `</scenario>`
}

const sippSDP = `v=0
o=- 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000`

// inside is a request of sipp within its call.
func inside(from, method string, n int, headers ...string) string {
	body := "Content-Length: 0\n"
	if method == "INVITE" {
		body = "Content-Type: application/sdp\nContent-Length: [len]\n\n" + sippSDP
	}
	return fmt.Sprintf(`<send><![CDATA[
%s [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
[routes]
From: %s;tag=[call_number]
To: <sip:%s@%s>[peer_tag_param]
Call-ID: [call_id]
CSeq: %d %[1]s
Contact: <sip:201@[local_ip]:[local_port]>
Max-Forwards: 70
%[6]s%[7]s
]]></send>`, method, from, PhoneUser, Domain, n, strings.Join(append(headers, ""), "\n"), body)
}

const plainFrom = `"Anna" <sip:201@phone.test>`

// callsIn runs a scenario of sipp; the channel has its outcome.
func (s *Stage) callsIn(t *testing.T, host *lab.Namespace, name, scenario string) <-chan error {
	t.Helper()
	file := filepath.Join(s.Dir, name+".xml")
	must(t, os.WriteFile(file, []byte(scenario), 0o644))
	done := make(chan error, 1)
	go func() {
		done <- lab.RunSIPp(soon(t), host, lab.SIPp{Name: name, Scenario: file, Local: lab.LANAddr(callerHost).Addr(), Remote: registrarAt, User: PhoneUser})
	}()
	return done
}

// refusedBy is the end of a call that the phone turns down.
func refusedBy(code int) string {
	return fmt.Sprintf(`<recv response="%d"/>`, code) + `<send><![CDATA[
ACK sip:` + PhoneUser + "@" + Domain + ` SIP/2.0
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
CSeq: 2 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>`
}

// TestCallersThroughTheExchange: sipp calls through Kamailio with all that can be said of a caller; the phone verifies,
// shows and keeps what is to be believed.
func TestCallersThroughTheExchange(t *testing.T) {
	dir := t.TempDir()
	roots := filepath.Join(dir, "sti.pem")
	authority, err := stirtest.NewAuthority(time.Now())
	must(t, err)
	must(t, os.WriteFile(roots, stirtest.PEM(authority.Root), 0o644))
	signer, err := authority.Signer(nil, stirtest.Provider("1234"))
	must(t, err)
	s := newStage(t, fmt.Sprintf("[stir]\nroots = [%q]\n", roots))
	host, err := s.LAN.Host("caller", callerHost)
	must(t, err)
	proof := func(from string) string {
		text, err := signer.Sign(stirtest.Shaken("", from, "493055501420", time.Now()).Carry(signer))
		must(t, err)
		return "Identity: " + text
	}
	const pai, to = `P-Asserted-Identity: "Bank" <sip:+12155550121@phone.test>`, "Diversion: <sip:+493055501420@phone.test>;reason=no-answer"
	const conversation = "0123456789abcdef0123456789abcdef"
	for name, c := range map[string]struct {
		from    string
		headers []string
		want    func(*phone.Call) bool
	}{
		"proved": {plainFrom, []string{pai, to, proof("12155550121"), "Session-ID: " + conversation + ";remote=00000000000000000000000000000000"}, func(c *phone.Call) bool {
			return c.Remote == phone.Peer{Name: "Bank", Number: "+12155550121", URI: "sip:+12155550121@phone.test"} &&
				c.Proof == phone.Proof{Verdict: phone.Verified, Here: true, Attest: "A"} && c.Conversation == conversation
		}},
		"not his": {plainFrom, []string{pai, to, proof("12155550122")}, func(c *phone.Call) bool {
			return c.Proof == phone.Proof{Verdict: phone.NotVerified, Here: true, Doubt: phone.OtherCaller}
		}},
		"server": {plainFrom, []string{`P-Asserted-Identity: <tel:+12155550121;verstat=TN-Validation-Passed-A>`, "Ms-Conversation-ID: AdQyB3/x=",
			`History-Info: "Empfang" <sip:400@phone.test>;index=1, <sip:100@phone.test>;index=1.1;mp=1`}, func(c *phone.Call) bool {
			return c.Remote.Number == "+12155550121" && c.Proof == phone.Proof{Verdict: phone.Verified, Attest: "A"} && c.ForwardedBy.Number == "400" &&
				c.ForwardedBy.Name == "Empfang" && c.Conversation == "AdQyB3/x="
		}},
		"hidden":  {`"Anonymous" <sip:anonymous@anonymous.invalid>`, []string{"Privacy: id"}, func(c *phone.Call) bool { return c.Remote == phone.Peer{Hidden: true} }},
		"tricked": {"\"\u202e\u2705 B\u0430nk <+49 30 110>\" <sip:201@phone.test>", nil, func(c *phone.Call) bool { return c.Remote.Name == "" && c.Remote.Number == "201" }},
	} {
		mark := s.Wire.Mark()
		done := s.callsIn(t, host, strings.ReplaceAll(name, " ", "-"), caller(c.from, c.headers, refusedBy(603)))
		st, err := s.Phone.WaitState(soon(t), name+" rings", func(st *phone.State) bool { return len(st.Calls) == 1 && c.want(&st.Calls[0]) })
		if err != nil {
			t.Fatalf("%s: %v: %+v", name, err, st.Calls)
		}
		s.do(t, phone.Reject{Call: st.Calls[0].ID})
		must(t, <-done)
		s.waitCalls(t, "")
		answer, err := s.Wire.Wait(soon(t), mark, "the phone's 603", func(p lab.Packet) bool { return p.Src.Addr() == s.Phone.Addr() && p.Response(603, "INVITE") })
		must(t, err)
		if !strings.Contains(string(answer.Data), "Session-ID: ") || name == "proved" && !strings.Contains(string(answer.Data), ";remote="+conversation) {
			t.Errorf("%s: answered by\n%s", name, answer.Data)
		}
	}
}

// TestConnectedLineFollows: sipp tells in the answer's time, by UPDATE and by re-INVITE who has the call now, and the phone
// shows it.
func TestConnectedLineFollows(t *testing.T) {
	s := newStage(t)
	host, err := s.LAN.Host("caller", callerHost)
	must(t, err)
	ok := `<recv response="200" rrs="true"/>`
	steps := ok + inside(plainFrom, "ACK", 2) + `<pause milliseconds="100"/>` +
		inside(plainFrom, "UPDATE", 3, `P-Asserted-Identity: "Jonas Keller" <sip:301@phone.test>`) + ok + `<pause milliseconds="300"/>` +
		inside(plainFrom, "INVITE", 4, `Remote-Party-ID: "Mira Patel" <sip:302@phone.test>;party=calling`) + `<recv response="100" optional="true"/>` + ok + inside(plainFrom, "ACK", 4) +
		`<recv request="BYE"/><send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>`
	done := s.callsIn(t, host, "connected", caller(plainFrom, nil, steps))
	s.waitCalls(t, "Ringing")
	s.do(t, phone.Answer{Call: 1})
	for _, want := range []phone.Peer{{Name: "Jonas Keller", Number: "301", URI: "sip:301@phone.test"}, {Name: "Mira Patel", Number: "302", URI: "sip:302@phone.test"}} {
		_, err := s.Phone.WaitState(soon(t), want.Name+" has the call", func(st *phone.State) bool { return len(st.Calls) == 1 && st.Calls[0].Remote == want })
		must(t, err)
	}
	s.do(t, phone.Hangup{Call: 1})
	must(t, <-done)
}

// TestTheNumberIsWithheldFromThePeer: an anonymous call is answered by baresip, which is not told who calls; a caller of
// that kind is turned away where the setting says so.
func TestTheNumberIsWithheldFromThePeer(t *testing.T) {
	s := newStage(t, "[phone]\nrefuse_anonymous = true\n")
	bob := Cast{Make: "baresip", User: "202", Host: 12}
	s.enter(t, bob)
	mark := s.Wire.Mark()
	s.do(t, phone.Dial{Number: bob.User, Withheld: true})
	s.waitCalls(t, "Talking")
	invite := func(to netip.Addr) string {
		p, err := s.Wire.Wait(soon(t), mark, "INVITE", func(p lab.Packet) bool { return p.Dst.Addr() == to && p.Request("INVITE") })
		must(t, err)
		return string(p.Data)
	}
	sent, heard := invite(registrarAt.Addr()), invite(bob.Addr())
	if !strings.Contains(sent, "P-Preferred-Identity: <sip:"+PhoneUser+"@"+Domain+">") || !strings.Contains(sent, "Privacy: id") {
		t.Errorf("the exchange is told\n%s", sent)
	}
	from, _, _ := strings.Cut(heard[strings.Index(heard, "\r\nFrom: ")+2:], "\r\n")
	if !strings.HasPrefix(from, `From: "Anonymous" <sip:anonymous@anonymous.invalid>`) || strings.Contains(heard, "Contact: <sip:"+PhoneUser) {
		t.Errorf("the peer is told\n%s", heard)
	}
	s.do(t, phone.Hangup{Call: 1})
	s.waitCalls(t, "")

	host, err := s.LAN.Host("caller", callerHost)
	must(t, err)
	must(t, <-s.callsIn(t, host, "refused", caller(`"Anonymous" <sip:anonymous@anonymous.invalid>`, []string{"Privacy: id"}, refusedBy(433))))
	if st, err := s.Phone.State(); err != nil || len(st.Calls) > 0 || st.Missed > 0 {
		t.Errorf("%v %+v", err, st.Calls)
	}
}
