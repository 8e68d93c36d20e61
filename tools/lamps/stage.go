package lamps

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/sip/mwi"
	"opendeskphone/sip/roster"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
	"opendeskphone/tools/lab/pc"
)

// Who is where. The watcher has keys for Ben, Cora and a place to park at; Cora's phone is ours, the others are baresip. The
// watcher and Cora share a line of two appearances, and a computer is paired with the phone of either.
const (
	domain  = "phone.test"
	watcher = "100"
	ben     = "201"
	cora    = "202"
	shared  = "300"
	dora    = "203"
	place   = "701" // where the mailboxes are called, too
	desks   = "desks"
	meeting = "conf1"
)

var (
	exchangeAt = netip.AddrPortFrom(lab.LANAddr(2).Addr(), 5060)
	hosts      = map[string]int{watcher: 100, cora: 102, dora: 103, ben: 11, place: 12}
	focusURI   = "sip:" + meeting + "@" + serversAt.Addr().String()
	serversAt  = netip.AddrPortFrom(lab.LANAddr(13).Addr(), 5060)
)

// silence is what a baresip says; it must last as long as a call.
var silence = lab.Clip{Rate: 8000, Samples: make([]float32, 8000*60)}

// Stage is a phone with keys, and those whom it watches.
type Stage struct {
	LAN      *lab.LAN
	Wire     *lab.Capture
	Kamailio *lab.Kamailio
	Watcher  *desk.Twin
	Cora     *desk.Twin
	Ben      *lab.Baresip   // answers when told
	Place    *lab.Baresip   // answers at once
	Shark    *lab.Shark     // sees all of SIP
	servers  *lab.Namespace // of the mailboxes and conferences
	computer *pc.Computer
	paired   []byte // the file of the phones that know it
	stops    []func() error
}

// NewStage sets all up and waits until the keys are known. All signal over a transport. If listed, the watcher asks the
// server about a list of people and not about each. Close it.
func NewStage(ctx context.Context, dir, transport string, listed bool) (*Stage, error) {
	s := &Stage{}
	if err := s.open(ctx, dir, transport, listed); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Stage) open(ctx context.Context, dir, transport string, listed bool) (err error) {
	if s.LAN, err = lab.NewLAN(dir); err != nil {
		return err
	}
	s.stops = append(s.stops, s.LAN.Close)
	if s.Wire, err = lab.NewCapture(s.LAN.Core, lab.LANDevice); err != nil {
		return err
	}
	s.stops = append(s.stops, s.Wire.Close, func() error {
		return os.WriteFile(filepath.Join(dir, "sip.log"), []byte(lab.Transcript(s.Wire.Since(0))), 0o644)
	})
	if s.Shark, err = lab.StartShark(ctx, s.LAN.Core, lab.LANDevice, "port 5060 or ip[6:2] & 0x1fff != 0", filepath.Join(dir, "sip.pcapng")); err != nil {
		return err
	}
	server, err := s.LAN.Host("exchange", 2)
	if err != nil {
		return err
	}
	kam := lab.KamailioConfig{Name: "kamailio", Domain: domain, Listen: exchangeAt, Presence: true, Mailbox: place, Focus: serversAt}
	list := ""
	if listed {
		kam.Lists = []lab.List{{Owner: watcher, Name: desks, People: []string{ben, cora}}}
		list = addressOf(desks)
	}
	s.Kamailio, err = lab.StartKamailio(ctx, server, kam)
	if err != nil {
		return err
	}
	if s.servers, err = s.LAN.Host("servers", 13); err != nil {
		return err
	}
	computers, paired, err := pc.Known(1)
	if err != nil {
		return err
	}
	s.computer, s.paired = computers[0], paired
	if err := os.WriteFile(filepath.Join(s.servers.Dir(), focusFile), []byte(focus), 0o644); err != nil {
		return fmt.Errorf("lamps: %w", err)
	}
	if s.Ben, err = s.baresip(ctx, ben, false); err != nil {
		return err
	}
	if s.Place, err = s.baresip(ctx, place, true); err != nil {
		return err
	}
	if s.Cora, err = s.twin(ctx, cora, transport, "voicemail_by = \"busy\"\n", "[presence]\npublish = true\n"+sharedLine(transport)); err != nil {
		return err
	}
	keys := fmt.Sprintf("[keys]\npeople = [\"%s=Ben\", \"%s=Cora\"]\nplaces = [\"%s=Place 1\"]\npresence = true\nlist = %q\n%s", ben, cora, place, list, sharedLine(transport))
	if s.Watcher, err = s.twin(ctx, watcher, transport, "", keys); err != nil {
		return err
	}
	for _, t := range []*desk.Twin{s.Watcher, s.Cora} {
		if err := s.appearances(ctx, t, "free free"); err != nil {
			return err
		}
	}
	_, err = s.lamps(ctx, phone.LampFree, phone.LampFree, phone.LampFree)
	return err
}

// sharedLine is the second line of both phones of ours.
func sharedLine(transport string) string {
	return fmt.Sprintf("[[line]]\naor = \"sip:%s@%s\"\nregistrar = %q\npassword = %q\ntransport = %q\nappearances = 2\n", shared, domain, exchangeAt, lab.PasswordOf(shared), transport)
}

func (s *Stage) baresip(ctx context.Context, user string, automatic bool) (*lab.Baresip, error) {
	host, err := s.LAN.Host("peer"+user, hosts[user])
	if err != nil {
		return nil, err
	}
	b, err := lab.StartBaresip(ctx, host, lab.BaresipConfig{User: user, Addr: lab.LANAddr(hosts[user]).Addr(), Domain: domain, Registrar: exchangeAt,
		Codecs: []string{"PCMA"}, Automatic: automatic, Speech: silence})
	if err != nil {
		return nil, err
	}
	s.stops = append(s.stops, func() error { b.Stop(); return nil })
	return b, b.WaitRegistered(ctx)
}

func (s *Stage) twin(ctx context.Context, user, transport, line, more string) (*desk.Twin, error) {
	t, err := desk.StartTwin(ctx, desk.Setup{Name: "phone" + user, LAN: s.LAN, Host: hosts[user], Files: map[string][]byte{pc.PairingsFile: s.paired}, Settings: fmt.Sprintf(`
[[line]]
aor = "sip:%s@%s"
registrar = %q
password = %q
transport = %q
%s[media]
codecs = ["PCMA"]
[sound]
suppress_noise = false
level_voice = false
[network]
dhcp = false
address = %q
%s`, user, domain, exchangeAt, lab.PasswordOf(user), transport, line, lab.LANAddr(hosts[user]).String(), more)})
	if err != nil {
		return nil, err
	}
	s.stops = append(s.stops, t.Close)
	_, err = s.Kamailio.WaitBindings(ctx, user, 1)
	return t, err
}

// Close ends everything, the last begun first.
func (s *Stage) Close() error {
	var errs []error
	for i := len(s.stops) - 1; i >= 0; i-- {
		errs = append(errs, s.stops[i]())
	}
	return errors.Join(errs...)
}

// lamps waits until the keys of Ben, Cora and the place show these, and gives when they did.
func (s *Stage) lamps(ctx context.Context, want ...phone.Lamp) (time.Time, error) {
	_, err := s.Watcher.WaitState(ctx, fmt.Sprint("lamps ", want), func(st *phone.State) bool {
		for i, w := range st.Watched {
			if w.Lamp != want[i] {
				return false
			}
		}
		return len(st.Watched) == len(want)
	})
	return time.Now(), err
}

// appearances waits until a phone has seen the others do this at the places of the shared line.
func (s *Stage) appearances(ctx context.Context, t *desk.Twin, want string) error {
	_, err := t.WaitState(ctx, "appearances "+want, func(st *phone.State) bool {
		var have []string
		for _, a := range st.Appearances {
			is := a.State.String()
			if a.Exclusive {
				is = "private"
			}
			have = append(have, is)
		}
		return strings.Join(have, " ") == want
	})
	return err
}

//go:embed focus.xml
var focus string

const focusFile = "focus.xml"

// serve has sipp play a server's part.
func (s *Stage) serve(ctx context.Context, file string, keys map[string]string) error {
	return lab.RunSIPp(ctx, s.servers, lab.SIPp{Name: strings.TrimSuffix(file, ".xml"), Scenario: filepath.Join(s.servers.Dir(), file), Local: serversAt.Addr(),
		Remote: exchangeAt, User: meeting, Rate: 50, Keys: keys})
}

// publish tells the server a state, as one of the servers.
func (s *Stage) publish(ctx context.Context, p lab.Publication) error {
	return lab.Publish(ctx, s.servers, serversAt.Addr(), exchangeAt, p)
}

// Messages has the mailbox of the watcher, which the place answers for, tell the server that so many new and old messages
// are in it.
func (s *Stage) Messages(ctx context.Context, fresh, old uint32) error {
	waiting := map[bool]string{true: "yes", false: "no"}[fresh > 0]
	return s.publish(ctx, lab.Publication{Entity: addressOf(watcher), Event: mwi.Event, Type: mwi.Type,
		Body: fmt.Sprintf("Messages-Waiting: %s\r\nMessage-Account: %s\r\nVoice-Message: %d/%d", waiting, addressOf(place), fresh, old)})
}

// present has the conference server tell who is in the conference.
func (s *Stage) present(ctx context.Context, users ...string) error {
	var b strings.Builder
	fmt.Fprintf(&b, `<?xml version="1.0"?><conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="%s" state="full" version="1"><users>`, focusURI)
	for _, u := range users {
		fmt.Fprintf(&b, `<user entity="%[1]s"><endpoint entity="%[1]s"><status>connected</status></endpoint></user>`, addressOf(u))
	}
	b.WriteString("</users></conference-info>")
	return s.publish(ctx, lab.Publication{Entity: focusURI, Event: roster.Event, Type: roster.Type, Body: b.String()})
}

func addressOf(user string) string { return "sip:" + user + "@" + domain }

// mail waits until the watcher shows so many messages, with its lamp, and gives when it did.
func (s *Stage) mail(ctx context.Context, fresh, old uint32) (time.Time, error) {
	_, err := s.Watcher.WaitState(ctx, fmt.Sprintf("messages %d/%d", fresh, old), func(st *phone.State) bool {
		m := st.Lines[0].Mail
		return m.Known && !m.Stale && m.New == fresh && m.Old == old && m.Waiting == (fresh > 0) && m.Account == addressOf(place)
	})
	if err != nil {
		return time.Time{}, err
	}
	err = lab.PollEvery(ctx, 10*time.Millisecond, "the lamp of messages", func() (bool, error) {
		lit, err := s.Watcher.Lamps(ctx)
		return lit[hal.LampRing] == (fresh > 0), err
	})
	return time.Now(), err
}

// calls waits for the states of a phone's calls.
func calls(ctx context.Context, t *desk.Twin, states string) (phone.State, error) {
	return t.WaitState(ctx, "calls "+states, func(st *phone.State) bool {
		var have []string
		for _, c := range st.Calls {
			have = append(have, c.State.String())
		}
		return strings.Join(have, " ") == states
	})
}
