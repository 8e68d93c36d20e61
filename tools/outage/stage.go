package outage

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

// Who is where on the LAN. A server is called by the same number through either exchange, and a far side waits
// behind each.
const (
	domain     = "phone.test"
	user       = "100"
	farUser    = "201"
	phoneHost  = 100
	anchorHost = 50
)

var (
	dnsAt    = lab.LANAddr(1).Addr()
	exchange = [2]netip.AddrPort{netip.AddrPortFrom(lab.LANAddr(2).Addr(), 5060), netip.AddrPortFrom(lab.LANAddr(3).Addr(), 5060)}
	farAt    = [2]int{12, 13}
)

// silence is what a far side says; it must last as long as a call.
var silence = lab.Clip{Rate: 8000, Samples: make([]float32, 8000*120)}

// Stage is a phone with two exchanges.
type Stage struct {
	LAN      *lab.LAN
	Wire     *lab.Capture
	Phone    *desk.Twin
	Kamailio [2]*lab.Kamailio
	servers  [2]*lab.Namespace
	stops    []func() error
}

// NewStage sets all up and waits until the phone is registered with the first exchange. Close it.
func NewStage(ctx context.Context, dir, transport string) (*Stage, error) {
	s := &Stage{}
	if err := s.open(ctx, dir, transport); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Stage) open(ctx context.Context, dir, transport string) (err error) {
	if err := lab.Require("ip", "kamailio", "kamcmd", "baresip"); err != nil {
		return err
	}
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
	for i := range exchange {
		if err := s.openExchange(ctx, i); err != nil {
			return err
		}
	}
	if err := s.openDNS(ctx); err != nil {
		return err
	}
	if s.Phone, err = desk.StartTwin(ctx, desk.Setup{Name: "phone", LAN: s.LAN, Host: phoneHost, Settings: settings(transport)}); err != nil {
		return err
	}
	s.stops = append(s.stops, s.Phone.Close)
	_, err = s.Kamailio[0].WaitBindings(ctx, user, 1)
	return err
}

// openExchange starts one exchange and the far side behind it.
func (s *Stage) openExchange(ctx context.Context, i int) (err error) {
	if s.servers[i], err = s.LAN.Host(fmt.Sprintf("exchange%d", i+1), i+2); err != nil {
		return err
	}
	s.Kamailio[i], err = lab.StartKamailio(ctx, s.servers[i], lab.KamailioConfig{Name: "kamailio", Domain: domain, Listen: exchange[i]})
	if err != nil {
		return err
	}
	host, err := s.LAN.Host(fmt.Sprintf("far%d", i+1), farAt[i])
	if err != nil {
		return err
	}
	far, err := lab.StartBaresip(ctx, host, lab.BaresipConfig{User: farUser, Addr: lab.LANAddr(farAt[i]).Addr(), Domain: domain,
		Registrar: exchange[i], Codecs: []string{"PCMA"}, Automatic: true, Speech: silence})
	if err != nil {
		return err
	}
	s.stops = append(s.stops, func() error { far.Stop(); return nil })
	return far.WaitRegistered(ctx)
}

// openDNS names the exchanges: the first is preferred.
func (s *Stage) openDNS(ctx context.Context) error {
	records := []lab.SRV{{Priority: 1, Port: 5060, Target: "a." + domain}, {Priority: 2, Port: 5060, Target: "b." + domain}}
	names, err := lab.StartDNS(ctx, s.LAN.Core, dnsAt,
		map[string]netip.Addr{"a." + domain: exchange[0].Addr(), "b." + domain: exchange[1].Addr()},
		map[string][]lab.SRV{"_sip._udp." + domain: records, "_sip._tcp." + domain: records})
	if err == nil {
		s.stops = append(s.stops, names.Close)
	}
	return err
}

func settings(transport string) string {
	return fmt.Sprintf(`
[[line]]
aor = "sip:%s@%s"
password = %q
transport = %q
[media]
codecs = ["PCMA"]
[network]
dhcp = false
address = %q
gateway = %[6]q
dns = [%[6]q]
`, user, domain, lab.PasswordOf(user), transport, lab.LANAddr(phoneHost).String(), dnsAt)
}

// Close ends everything, the last begun first.
func (s *Stage) Close() error {
	var errs []error
	for i := len(s.stops) - 1; i >= 0; i-- {
		errs = append(errs, s.stops[i]())
	}
	return errors.Join(errs...)
}

// Cut takes an exchange off the network without a word, or brings it back.
func (s *Stage) Cut(i int, cut bool) error { return s.LAN.Cable(s.servers[i], !cut) }

// registered waits for the word of an exchange that it has the phone, in answer to a request that was not made
// before the mark, and gives when it was said.
func (s *Stage) registered(ctx context.Context, mark int, at func(netip.Addr) bool) (time.Time, error) {
	old := map[string]bool{}
	for _, p := range s.Wire.Since(0)[:mark] {
		if p.Request("REGISTER") {
			old[branch(p)] = true
		}
	}
	p, err := s.Wire.Wait(ctx, mark, "registration", func(p lab.Packet) bool {
		return p.Response(200, "REGISTER") && p.Dst.Addr() == s.Phone.Addr() && at(p.Src.Addr()) && !old[branch(p)]
	})
	return p.At, err
}

// branch is what a message's transaction is known by (RFC 3261 §17).
func branch(p lab.Packet) string {
	_, rest, _ := strings.Cut(string(p.Data), ";branch=")
	end := strings.IndexAny(rest, ";\r\n")
	return rest[:max(end, 0)]
}

// talk has the phone call the far side, and gives how long it took from the wish to the answer.
func (s *Stage) talk(ctx context.Context, through int) (time.Duration, error) {
	mark, began := s.Wire.Mark(), time.Now()
	if err := s.Phone.Do(ctx, phone.Dial{Number: farUser}); err != nil {
		return 0, err
	}
	p, err := s.Wire.Wait(ctx, mark, "answer", func(p lab.Packet) bool {
		return p.Response(200, "INVITE") && p.Dst.Addr() == s.Phone.Addr() && p.Src.Addr() == exchange[through].Addr()
	})
	if err != nil {
		return 0, err
	}
	return p.At.Sub(began), s.hears(ctx, lab.LANAddr(farAt[through]).Addr())
}

// hears waits until half a second's voice has passed both ways between the phone and a far side from now on.
func (s *Stage) hears(ctx context.Context, far netip.Addr) error {
	mark := s.Wire.Mark()
	return lab.Poll(ctx, fmt.Sprintf("voice between %v and %v", s.Phone.Addr(), far), func() (bool, error) {
		packets := s.Wire.Since(mark)
		return lab.Flow(packets, s.Phone.Addr(), far) > 25 && lab.Flow(packets, far, s.Phone.Addr()) > 25, nil
	})
}

// hangUp ends the call, which must still be there.
func (s *Stage) hangUp(ctx context.Context) error {
	st, err := s.calls(ctx, "Talking")
	if err != nil {
		return err
	}
	if err := s.Phone.Do(ctx, phone.Hangup{Call: st.Calls[0].ID}); err != nil {
		return err
	}
	_, err = s.calls(ctx, "")
	return err
}

func (s *Stage) calls(ctx context.Context, states string) (phone.State, error) {
	return s.Phone.WaitState(ctx, "calls "+states, func(st *phone.State) bool {
		var have []string
		for _, c := range st.Calls {
			have = append(have, c.State.String())
		}
		return strings.Join(have, " ") == states
	})
}
