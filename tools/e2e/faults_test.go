package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

// TestComesBack takes the registrar from one phone, and then its link, and gives them back.
func TestComesBack(t *testing.T) {
	s := newScene(t)
	s.start(t, desk.Setup{Settings: mainSettings("expires = 60\n")})
	s.atRegistrar(t, phoneUser, 1, 30*time.Second)
	t.Run("registrar", s.registrarReturns)
	t.Run("link", s.linkReturns)
}

// registrarReturns stops the registrar under a registered phone and starts it again, empty: the
// phone must be registered within 5 seconds of its return, and must not hammer in between.
func (s *scene) registrarReturns(t *testing.T) {
	s.kamailio.Stop()
	s.shows(t, "line-failing", masks.small)
	must(t, s.kamailio.Start(t.Context()))
	began := time.Now()
	s.atRegistrar(t, phoneUser, 1, 5*time.Second)
	t.Logf("registered %v after the registrar's return", time.Since(began).Round(time.Millisecond))
	s.shows(t, "home-fresh", masks.clock, masks.day)
}

// linkReturns pulls the cable for ten seconds in a call: the call lives, and sound comes back.
func (s *scene) linkReturns(t *testing.T) {
	row := callRow{peer: cast{make: "baresip", user: "201", host: 11, codecs: []string{"opus"}}, want: want{correlation: 0.8}}
	p := s.enter(t, row.peer)
	mark := p.Mark()
	s.dial(t, row.peer.user)
	must(t, p.WaitRinging(soon(t), mark))
	must(t, p.Answer(soon(t)))
	must(t, p.WaitTalking(soon(t), mark))
	must(t, s.phone.Cable(soon(t), false))
	settle(t, 10*time.Second)
	must(t, s.phone.Cable(soon(t), true))
	began := time.Now()
	settle(t, time.Second)
	s.talk(t, p, row, 3*time.Second)
	s.atRegistrar(t, phoneUser, 1, max(time.Second, 5*time.Second-time.Since(began)))
	must(t, p.Hangup(soon(t)))
	must(t, p.WaitEnded(soon(t), mark))
}

// TestAddressChanges gives the phone another address in a call: the line registers from there, the
// call is moved by a re-INVITE, and both ends hear each other as before.
func TestAddressChanges(t *testing.T) {
	s := newScene(t)
	s.start(t, desk.Setup{Settings: mainSettings(""), Twin: true})
	s.atRegistrar(t, phoneUser, 1, 30*time.Second)
	row := callRow{peer: cast{make: "baresip", user: "201", host: 11, codecs: []string{"opus"}}, want: want{correlation: 0.8}}
	p := s.enter(t, row.peer)
	mark := p.Mark()
	s.dial(t, row.peer.user)
	must(t, p.WaitRinging(soon(t), mark))
	must(t, p.Answer(soon(t)))
	must(t, p.WaitTalking(soon(t), mark))
	s.talk(t, p, row, 3*time.Second)
	wire, began, was := s.wire.Mark(), time.Now(), s.phone.Addr()
	must(t, s.phone.(*desk.Twin).Readdress(phoneHost+20))
	now, there := s.phone.Addr(), lab.LANAddr(row.peer.host).Addr()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for what, match := range map[string]func(lab.Packet) bool{
		"voice to the new address":   func(k lab.Packet) bool { return k.RTP() && k.Src.Addr() == there && k.Dst.Addr() == now },
		"voice from the new address": func(k lab.Packet) bool { return k.RTP() && k.Src.Addr() == now && k.Dst.Addr() == there },
		"the peer's word for it": func(k lab.Packet) bool {
			return k.Request("INVITE") && k.Dst.Addr() == there && strings.Contains(string(k.Data), "c=IN IP4 "+now.String())
		},
	} {
		_, err := s.wire.Wait(ctx, wire, what, match)
		must(t, err)
	}
	t.Logf("moved within %v", time.Since(began).Round(time.Millisecond))
	settled := s.wire.Mark()
	s.talk(t, p, row, 3*time.Second)
	for _, k := range s.wire.Since(settled) {
		if k.RTP() && (k.Dst.Addr() == was || k.Src.Addr() == was) {
			t.Fatalf("voice still goes by %v", was)
		}
	}
	uris := s.atRegistrar(t, phoneUser, 1, 5*time.Second) // nothing of the old address is left there
	if !strings.Contains(uris[0], now.String()) {
		t.Errorf("the registrar has %v", uris)
	}
	must(t, p.Hangup(soon(t)))
	must(t, p.WaitEnded(soon(t), mark))
}

// refusal is a registrar that will not have the phone, or that the phone must not have.
type refusal struct {
	name string
	line string // of the settings, after aor
	most int    // REGISTERs that may reach the registrar in 10 s
}

var refusals = []refusal{
	// One without and one with credentials make a try; a second try after the back-off is fair.
	{"wrong-password", `password = "not this one"` + "\ntransport = \"tls\"", 4},
	{"expired-certificate", `password = "secret-100"` + "\ntransport = \"tls\"\nregistrar = \"" + expiredName + ":5061\"", 0},
	{"wrong-name", `password = "secret-100"` + "\ntransport = \"tls\"\nregistrar = \"" + otherName + ":5061\"", 0},
}

// TestRefused shows each fault on the screen and counts what the phone sends meanwhile.
func TestRefused(t *testing.T) {
	for _, r := range refusals {
		t.Run(r.name, func(t *testing.T) {
			s := newScene(t)
			s.start(t, desk.Setup{Settings: withLine(fmt.Sprintf("aor = \"sip:%s@%s\"\n%s\n", phoneUser, domain, r.line))})
			s.shows(t, r.name, masks.small)
			settle(t, 10*time.Second)
			if n := s.kamailio.Requests("REGISTER", phoneUser); n > r.most {
				t.Errorf("%d REGISTERs in 10 s, want at most %d", n, r.most)
			}
			uris, err := s.kamailio.Bindings(phoneUser)
			must(t, err)
			if len(uris) != 0 {
				t.Errorf("registered all the same: %v", uris)
			}
			s.shows(t, r.name, masks.small)
		})
	}
}

// withLine is mainSettings with another line.
func withLine(line string) string {
	_, rest, _ := strings.Cut(mainSettings(""), "[sip]")
	return "[[line]]\n" + line + "[sip]" + rest
}

// TestSettingsCutInHalf starts the phone with half a settings file: the last good settings stay in
// force, and the screen says what is wrong.
func TestSettingsCutInHalf(t *testing.T) {
	s := newScene(t)
	good := mainSettings("")
	half, _, _ := strings.Cut(good, "OTS\"]") // about the middle, and inside a text
	s.start(t, desk.Setup{Settings: half, Good: good})
	s.atRegistrar(t, phoneUser, 1, 30*time.Second)
	s.shows(t, "settings-cut", masks.clock, masks.hours)
}

// TestDataFull fills the data partition: the phone registers and calls all the same, and says so.
func TestDataFull(t *testing.T) {
	s := newScene(t)
	s.start(t, desk.Setup{Settings: mainSettings(""), Faults: desk.Faults{DataFull: true}})
	s.atRegistrar(t, phoneUser, 1, 30*time.Second)
	s.shows(t, "data-full", masks.clock, masks.hours)
	s.callsOnce(t)
}

// TestNoSoundCard starts the phone without a sound card: it says so, registers, and a call stands.
func TestNoSoundCard(t *testing.T) {
	s := newScene(t)
	s.start(t, desk.Setup{Settings: mainSettings(""), Faults: desk.Faults{NoSound: true}})
	s.atRegistrar(t, phoneUser, 1, 30*time.Second)
	s.shows(t, "no-sound-card", masks.clock, masks.hours)
	s.callsOnce(t)
}

// callsOnce makes one short call out, without a look at its sound.
func (s *scene) callsOnce(t *testing.T) {
	t.Helper()
	p := s.enter(t, cast{make: "baresip", user: "201", host: 11, codecs: []string{"PCMA"}})
	mark, wire := p.Mark(), s.wire.Mark()
	s.dial(t, "201")
	must(t, p.WaitRinging(soon(t), mark))
	must(t, p.Answer(soon(t)))
	must(t, p.WaitTalking(soon(t), mark))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	from := s.phone.Addr()
	_, err := s.wire.Wait(ctx, wire, "voice from the phone", func(p lab.Packet) bool { return p.RTP() && p.Src.Addr() == from })
	must(t, err)
	must(t, p.Hangup(soon(t)))
	must(t, p.WaitEnded(soon(t), mark))
}
