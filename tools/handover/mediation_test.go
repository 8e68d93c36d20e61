package handover

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/peer/mediation"
)

// The mediation server's place, and its numbers: phones call mediationUser, the network calls entry and reaches the phone's
// second line.
const (
	mediationHost = 50
	mediationUser = "204"
	entry         = "9100"
	wideUser      = "101"
)

// plainest knows plain RTP and G.711 alone.
var plainest = Cast{Make: "baresip", User: "705", Host: 51, Apart: true}

// wideLine is a second line of the phone, which wants all that plainest has not.
var wideLine = fmt.Sprintf("[[line]]\naor = \"sip:%s@%s\"\npassword = %q\nsrtp = \"required\"\nkeys = \"dtls\"\nnat = \"ice\"\ncodecs = [\"opus\", \"G722\"]\n",
	wideUser, Domain, lab.PasswordOf(wideUser))

// mediated: a line that wants Opus or G.722, encryption and ICE talks with a baresip that knows none of them, through a
// mediation server; keys, hold and end pass it, too. tshark sees each side have what it knows, and nothing else.
func (s *Stage) mediated(t *testing.T) {
	at := lab.LANAddr(mediationHost).Addr()
	host, err := s.LAN.Host("mediation", mediationHost)
	must(t, err)
	_, err = mediation.Start(host, mediation.Config{
		Local: netip.AddrPortFrom(at, 5060), Server: registrarAt, AOR: "sip:" + mediationUser + "@" + Domain, Password: lab.PasswordOf(mediationUser),
		Codecs: []string{"G722", "opus"}, Network: "sip:" + plainest.User + "@" + plainest.Addr().String(), Entry: entry, Phone: "sip:" + wideUser + "@" + Domain,
	})
	must(t, err)
	p := s.enter(t, plainest)
	_, err = s.Kam.WaitBindings(soon(t), mediationUser, 1)
	must(t, err)
	_, err = s.Kam.WaitBindings(soon(t), wideUser, 1)
	must(t, err)
	shark, err := lab.StartShark(soon(t), host, "eth0", "udp", filepath.Join(s.Dir, "mediation.pcapng"))
	must(t, err)

	ours := says(t, PhoneUser)
	_, err = s.Phone.Say(soon(t), ours)
	must(t, err)
	mark := p.Mark()
	s.do(t, phone.Dial{Line: 1, Number: mediationUser})
	id := s.mediatedCall(t)
	must(t, p.WaitTalking(soon(t), mark))
	s.pressed(t, id, plainest.Addr())
	s.do(t, phone.Hold{Call: id})
	must(t, lab.Poll(soon(t), "silence of the network", func() (bool, error) {
		latest := s.Wire.Since(max(0, s.Wire.Mark()-50))
		return !slices.ContainsFunc(latest, func(p lab.Packet) bool {
			return p.RTP() && p.Src.Addr() == plainest.Addr() && time.Since(p.At) < 200*time.Millisecond
		}), nil
	}))
	s.do(t, phone.Resume{Call: id})
	must(t, s.WaitFlow(soon(t), s.Wire.Mark(), plainest.Addr(), at))
	s.do(t, phone.Hangup{Call: id})
	s.waitCalls(t, "")
	must(t, p.WaitEnded(soon(t), mark))
	heard, err := lab.ReadWAV(p.Recording())
	must(t, err)
	if score, err := lab.Find(ours, heard); err != nil || score.Correlation < 0.5 { // the phone has levelled and cleaned it
		t.Errorf("the network hears the phone badly: %v, %v", score, err)
	}

	must(t, p.Dial(soon(t), fmt.Sprintf("sip:%s@%v", entry, at)))
	st := s.waitCalls(t, "Ringing")
	s.do(t, phone.Answer{Call: st.Calls[0].ID})
	s.mediatedCall(t)
	must(t, p.Hangup(soon(t)))
	s.waitCalls(t, "")
	must(t, shark.Close(soon(t)))
	s.mediationJudged(t, shark.File)
}

// mediatedCall waits until the one call talks in secret, voice goes both ways, and the phone hears the network.
func (s *Stage) mediatedCall(t *testing.T) phone.CallID {
	t.Helper()
	st, err := s.Phone.WaitState(soon(t), "the lock", func(st *phone.State) bool {
		return len(st.Calls) == 1 && st.Calls[0].State == phone.Talking && st.Calls[0].DTLS && st.Calls[0].Secure
	})
	must(t, err)
	at, wire := lab.LANAddr(mediationHost).Addr(), s.Wire.Mark()
	must(t, s.WaitFlow(soon(t), wire, s.Phone.Addr(), at))
	must(t, s.WaitFlow(soon(t), wire, at, plainest.Addr()))
	s.hearsClip(t, says(t, plainest.User))
	return st.Calls[0].ID
}

// mediationJudged: what tshark sees at the mediation server.
func (s *Stage) mediationJudged(t *testing.T, file string) {
	t.Helper()
	ours, plain := s.Phone.Addr(), plainest.Addr()
	const many = 1 << 20
	sharkSees(t, file, []sight{
		{"handshakes with the phone", fmt.Sprintf("dtls.handshake.type == 1 and ip.addr == %v", ours), 1, many},
		{"connectivity checks of the phone", fmt.Sprintf("stun and ip.src == %v", ours), 1, many},
		{"voice in G.711 from the network", fmt.Sprintf("rtp.p_type == 8 and ip.src == %v", plain), 1, many},
		{"voice in G.711 to the network", fmt.Sprintf("rtp.p_type == 8 and ip.dst == %v", plain), 1, many},
		{"keys pressed to the network", fmt.Sprintf("rtpevent.event_id == 7 and ip.dst == %v", plain), 1, many},
		{"answers in Opus", `sdp.media contains "UDP/TLS/RTP/SAVP" and sdp.mime.type == "opus" and sip.Status-Code == 200`, 1, many},
		{"offers of G.722", `sdp.media contains "UDP/TLS/RTP/SAVP" and sdp.mime.type == "G722" and sip.Method == "INVITE"`, 1, many},
		{"handshakes or checks with the network", fmt.Sprintf("(dtls or stun) and ip.addr == %v", plain), 0, 0},
		{"voice in G.711 to or from the phone", fmt.Sprintf("rtp.p_type == 8 and ip.addr == %v", ours), 0, 0},
		{"wide codecs or keys told to the network", fmt.Sprintf(`ip.addr == %v and sdp and (sdp.mime.type == "opus" or sdp.mime.type == "G722" or sdp.media contains "SAVP" or sdp.media_attribute.field == "crypto" or sdp.media_attribute.field == "fingerprint" or sdp.media_attribute.field == "candidate")`, plain), 0, 0},
	})
}
