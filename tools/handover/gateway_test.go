package handover

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
)

// announcesHost is where sipp, behind the old exchange, lets sound through and never answers, as announcements of the
// network do.
const announcesHost = 43

// guarded knows keys by SDES.
var guarded = Cast{Make: "baresip", User: "704", Host: 44, Apart: true, SDES: true}

// early: the network speaks before it answers, and hears us and our keys: sipp sends back what it hears. tshark sees it.
func (o *office) early(t *testing.T) {
	host, err := o.LAN.Host("announces", announcesHost)
	must(t, err)
	at := lab.LANAddr(announcesHost).Addr()
	shark, err := lab.StartShark(soon(t), host, "eth0", "udp", filepath.Join(o.Dir, "early.pcapng"))
	must(t, err)
	file := filepath.Join(o.Dir, "early.xml")
	must(t, os.WriteFile(file, []byte(strings.NewReplacer("[rtpstream_audio_port] RTP/AVP 8\n", "[media_port] RTP/AVP 8 101\na=rtpmap:101 telephone-event/8000\n").Replace(scenario([]string{"183 a sdp"}))), 0o644))
	done := make(chan error, 1)
	go func() {
		done <- lab.RunSIPp(soon(t), host, lab.SIPp{Name: "early", Scenario: file, Local: at, Remote: pbxAt, Echo: true})
	}()
	o.PBX.Route(Announced, fmt.Sprintf("sip:703@%v", at))
	ours := says(t, PhoneUser)
	_, err = o.Phone.Say(soon(t), ours)
	must(t, err)
	o.do(t, phone.Dial{Number: Announced})
	st, err := o.Phone.WaitState(soon(t), "sound before the answer", func(st *phone.State) bool {
		return len(st.Calls) == 1 && st.Calls[0].State == phone.Ringback && st.Calls[0].Heard && !st.Calls[0].OneWay
	})
	must(t, err)
	o.hearsClip(t, ours)
	o.pressed(t, st.Calls[0].ID, at)
	o.do(t, phone.Hangup{Call: st.Calls[0].ID})
	must(t, <-done)
	o.rest(t)
	must(t, shark.Close(soon(t)))
	const many = 1 << 20
	sharkSees(t, shark.File, []sight{
		{"descriptions in a 183", "sip.Status-Code == 183 and sdp", 1, many},
		{"calls given up", "sip.Method == CANCEL", 1, many},
		{"packets of ours", fmt.Sprintf("rtp.p_type == 8 and ip.src == %v", o.Phone.Addr()), 100, many},
		{"packets of the network's sound", fmt.Sprintf("rtp.p_type == 8 and ip.src == %v", at), 100, many},
		{"packets of a key", fmt.Sprintf("rtpevent.event_id == 7 and ip.src == %v", o.Phone.Addr()), 3, many},
	})
}

// sight is how many packets tshark must see of something.
type sight struct {
	what, filter string
	least, most  int
}

func sharkSees(t *testing.T, file string, all []sight) {
	t.Helper()
	var filters []string
	for _, s := range all {
		filters = append(filters, s.filter)
	}
	counts, err := lab.SharkCounts(soon(t), file, filters...)
	must(t, err)
	for i, s := range all {
		if n := counts[i]; n < s.least || n > s.most {
			t.Errorf("tshark sees %d %s", n, s.what)
		}
	}
}

// pressed presses 7 in a call, and waits until an address has had it whole: its last packets say so (RFC 4733 §2.5.1.4).
func (s *Stage) pressed(t *testing.T, id phone.CallID, to netip.Addr) {
	t.Helper()
	wire := s.Wire.Mark()
	s.do(t, phone.SendDTMF{Call: id, Digit: '7'})
	_, err := s.Wire.Wait(soon(t), wire, "a key", func(p lab.Packet) bool {
		return p.RTP() && p.Dst.Addr() == to && p.PayloadType() >= 96 && len(p.Data) == 16 && p.Data[13]&0x80 != 0
	})
	must(t, err)
}

// gatewayByTLS: a gateway is called over TLS, past one with another's certificate, and what is said is encrypted. Hold passes,
// and the end comes back, by the same connection; tshark sees no message between the two.
func (s *Stage) gatewayByTLS(t *testing.T) {
	shark, err := lab.StartShark(soon(t), s.LAN.Core, lab.LANDevice, "tcp portrange 5060-5070", filepath.Join(s.Dir, "gateway.pcapng"))
	must(t, err)
	p := s.enter(t, guarded)
	s.PBX.Route(BorderNumber, "sip:"+guarded.User+"@"+guarded.Addr().String())
	s.do(t, phone.Dial{Number: BorderNumber})
	st, err := s.Phone.WaitState(soon(t), "the lock", func(st *phone.State) bool {
		return calls(st) == "Talking" && st.Calls[0].Secure && !st.Calls[0].OpenKeys
	})
	must(t, err)
	id := st.Calls[0].ID
	s.do(t, phone.Hold{Call: id})
	must(t, lab.Poll(soon(t), "hold", func() (bool, error) { _, held, _ := s.PBX.Counts(); return held == 1, nil }))
	s.do(t, phone.Resume{Call: id})
	s.waitCalls(t, "Talking")
	must(t, s.WaitFlow(soon(t), s.Wire.Mark(), guarded.Addr(), s.Phone.Addr()))
	must(t, p.Hangup(soon(t)))
	s.waitCalls(t, "")
	must(t, s.WaitIdle(soon(t)))
	must(t, shark.Close(soon(t)))

	sharkSees(t, shark.File, []sight{
		{"handshakes with the false gateway", fmt.Sprintf("tls.handshake.type == 1 and ip.src == %v and tcp.dstport == %d", s.Phone.Addr(), falseBorderAt.Port()), 1, 1},
		{"handshakes with the gateway", fmt.Sprintf("tls.handshake.type == 1 and ip.src == %v and tcp.dstport == %d", s.Phone.Addr(), borderAt.Port()), 1, 1},
		{"messages between the phone and it", fmt.Sprintf("sip and ip.addr == %v and ip.addr == %v", s.Phone.Addr(), pbxAt.Addr()), 0, 0},
	})
}
