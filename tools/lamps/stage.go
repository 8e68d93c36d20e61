package lamps

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

// Who is where. The watcher has keys for Ben, Cora and a place to park at; Cora's phone is ours, the others are baresip. The
// watcher and Cora share a line of two appearances.
const (
	domain  = "phone.test"
	watcher = "100"
	ben     = "201"
	cora    = "202"
	place   = "701"
	shared  = "300"
	dora    = "203"
)

var (
	exchangeAt = netip.AddrPortFrom(lab.LANAddr(2).Addr(), 5060)
	hosts      = map[string]int{watcher: 100, cora: 102, dora: 103, ben: 11, place: 12}
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
	Ben      *lab.Baresip // answers when told
	Place    *lab.Baresip // answers at once
	stops    []func() error
}

// NewStage sets all up and waits until the keys are known. All signal over a transport. Close it.
func NewStage(ctx context.Context, dir, transport string) (*Stage, error) {
	s := &Stage{}
	if err := s.open(ctx, dir, transport); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Stage) open(ctx context.Context, dir, transport string) (err error) {
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
	server, err := s.LAN.Host("exchange", 2)
	if err != nil {
		return err
	}
	s.Kamailio, err = lab.StartKamailio(ctx, server, lab.KamailioConfig{Name: "kamailio", Domain: domain, Listen: exchangeAt, Presence: true})
	if err != nil {
		return err
	}
	if s.Ben, err = s.baresip(ctx, ben, false); err != nil {
		return err
	}
	if s.Place, err = s.baresip(ctx, place, true); err != nil {
		return err
	}
	if s.Cora, err = s.twin(ctx, cora, transport, "[presence]\npublish = true\n"+sharedLine(transport)); err != nil {
		return err
	}
	keys := fmt.Sprintf("[keys]\npeople = [\"%s=Ben\", \"%s=Cora\"]\nplaces = [\"%s=Place 1\"]\npresence = true\n%s", ben, cora, place, sharedLine(transport))
	if s.Watcher, err = s.twin(ctx, watcher, transport, keys); err != nil {
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

func (s *Stage) twin(ctx context.Context, user, transport, more string) (*desk.Twin, error) {
	t, err := desk.StartTwin(ctx, desk.Setup{Name: "phone" + user, LAN: s.LAN, Host: hosts[user], Settings: fmt.Sprintf(`
[[line]]
aor = "sip:%s@%s"
registrar = %q
password = %q
transport = %q
[media]
codecs = ["PCMA"]
[network]
dhcp = false
address = %q
%s`, user, domain, exchangeAt, lab.PasswordOf(user), transport, lab.LANAddr(hosts[user]).String(), more)})
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
