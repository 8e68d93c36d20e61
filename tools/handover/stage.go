package handover

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
	"opendeskphone/tools/peer/pbx"
)

// The exchange's domain and the phone's place in it.
const (
	Domain    = "phone.test"
	PhoneUser = "100"
	phoneHost = 100
)

var registrarAt = netip.AddrPortFrom(lab.LANAddr(1).Addr(), 5060)

// Cast describes a peer.
type Cast struct {
	Make   string    // baresip or linphonec
	User   string    // its number, and the voice it speaks with
	Host   int       // its place on the LAN, 2 to 99
	Manual bool      // answers when told; otherwise at once
	Says   *lab.Clip // what it says; nil: what the owner of its number says
	SDES   bool      // wants encryption with keys by SDES
	DTLS   bool      // wants encryption with keys by DTLS
	Apart  bool      // baresip alone: it is registered nowhere, and called by its address
	Suites string    // of linphonec
	Tells  string    // linphonec alone: to whom it reports how calls sounded; empty: nobody
}

// Addr is the peer's address.
func (c Cast) Addr() netip.Addr { return lab.LANAddr(c.Host).Addr() }

// URI is how the peer is called.
func (c Cast) URI() string { return "sip:" + c.User + "@" + Domain }

// Stage is a phone on a network with an exchange.
type Stage struct {
	Dir   string
	LAN   *lab.LAN
	Kam   *lab.Kamailio
	Wire  *lab.Capture
	Phone *desk.Twin
	stops []func() error

	line  string            // settings of the phone's line
	more  string            // and of the rest
	files map[string][]byte // what the phone has kept from before
	ca    *lab.CA

	relay bool // the voice goes through rtpengine
	rules bool // the exchange takes the rules that users give it
	meets bool // there is a place for a conference server
	hall  *lab.Namespace

	PBX    *pbx.PBX // the old exchange, if there is one
	beside bool
	border bool // it is reached over TLS, by a border element
}

// NewStage sets up the network, the exchange and a phone that is registered, with more settings than the usual ones if
// there are some. Close it.
func NewStage(ctx context.Context, dir string, more ...string) (*Stage, error) {
	return raise(ctx, &Stage{Dir: dir, more: strings.Join(more, "\n")})
}

// NewTLSStage is NewStage, but the phone signals over TLS, insists on encryption, and has gateways of its own: a border
// element before an old exchange, and for BorderNumber, before it, one whose certificate is not its own.
func NewTLSStage(ctx context.Context, dir string) (*Stage, error) {
	ca, err := lab.NewCA(dir)
	if err != nil {
		return nil, err
	}
	return raise(ctx, &Stage{Dir: dir, ca: ca, line: "transport = \"tls\"\nsrtp = \"required\"\n", border: true,
		more: fmt.Sprintf("[gateways]\nroutes = [%q, %q]\ntransport = \"tls\"\nnumber = %q\nalways = true\n", BorderNumber+"="+falseBorderAt.String(), "+="+borderAt.String(), PhoneNumber)})
}

// NewRelayedStage is NewTLSStage where the exchange has a relay between its users, which encrypts to the phone and not to others.
func NewRelayedStage(ctx context.Context, dir string) (*Stage, error) {
	ca, err := lab.NewCA(dir)
	if err != nil {
		return nil, err
	}
	return raise(ctx, &Stage{Dir: dir, ca: ca, line: "transport = \"tls\"\nsrtp = \"required\"\n", relay: true})
}

func raise(ctx context.Context, s *Stage) (*Stage, error) {
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Stage) open(ctx context.Context) (err error) {
	if err := lab.Require("ip", "kamailio", "kamcmd", "baresip", "linphonec", "espeak-ng"); err != nil {
		return err
	}
	if s.LAN, err = lab.NewLAN(s.Dir); err != nil {
		return err
	}
	s.stops = append(s.stops, s.LAN.Close)
	if s.Wire, err = lab.NewCapture(s.LAN.Core, lab.LANDevice); err != nil {
		return err
	}
	s.stops = append(s.stops, s.Wire.Close, s.writeLog)
	kam := lab.KamailioConfig{Name: "kamailio", Domain: Domain, Listen: registrarAt, Rules: s.rules}
	extra := ""
	if s.ca != nil {
		pair, err := s.ca.Issue(lab.Leaf{File: "registrar", DNS: []string{Domain}})
		if err != nil {
			return err
		}
		kam.TLS = []lab.TLSAt{{Listen: netip.AddrPortFrom(registrarAt.Addr(), 5061), Pair: pair}}
		extra = fmt.Sprintf("[sip]\nextra_roots = [%q]\n", s.ca.RootFile())
	}
	if s.relay {
		engine, err := lab.StartRTPEngine(ctx, s.LAN.Core, registrarAt.Addr())
		if err != nil {
			return err
		}
		s.stops = append(s.stops, func() error { engine.Stop(); return nil })
		kam.Relay = engine.Addr()
	}
	if s.meets {
		kam.Focus = focusAt
		if s.hall, err = s.LAN.Host("hall", focusHost); err != nil {
			return err
		}
	}
	if s.beside {
		kam.PBX, kam.Twins, kam.Numbers = pbxAt, map[string]string{PhoneUser: Extension}, map[string]string{PhoneNumber: PhoneUser}
		host, err := s.LAN.Host("pbx", pbxHost)
		if err != nil {
			return err
		}
		if err := s.openPBX(host); err != nil {
			return err
		}
	}
	if s.border {
		if err := s.openBorder(ctx); err != nil {
			return err
		}
	}
	if s.Kam, err = lab.StartKamailio(ctx, s.LAN.Core, kam); err != nil {
		return err
	}
	names, err := lab.StartDNS(ctx, s.LAN.Core, registrarAt.Addr(), map[string]netip.Addr{Domain: registrarAt.Addr()}, nil)
	if err != nil {
		return err
	}
	s.stops = append(s.stops, names.Close)
	if s.Phone, err = desk.StartTwin(ctx, desk.Setup{Name: "phone", LAN: s.LAN, Host: phoneHost, Settings: settings(PhoneUser, phoneHost, s.line) + s.more + extra, Files: s.files}); err != nil {
		return err
	}
	s.stops = append(s.stops, s.Phone.Close)
	_, err = s.Kam.WaitBindings(ctx, PhoneUser, 1)
	return err
}

// settings are those of a phone with a number and a place on the LAN, and more of its line.
func settings(user string, host int, line string) string {
	return fmt.Sprintf(`
[[line]]
aor = "sip:%s@%s"
display = "Anna Berg"
password = %q
%s
[media]
codecs = ["PCMA"]
[recording]
allowed = true
[network]
dhcp = false
address = %q
gateway = %[6]q
dns = [%[6]q]
`, user, Domain, lab.PasswordOf(user), line, lab.LANAddr(host).String(), registrarAt.Addr())
}

// writeLog leaves what went over the wire among the results.
func (s *Stage) writeLog() error {
	return os.WriteFile(filepath.Join(s.Dir, "sip.log"), []byte(lab.Transcript(s.Wire.Since(0))), 0o644)
}

// Close ends everything, the last begun first.
func (s *Stage) Close() error {
	var errs []error
	for i := len(s.stops) - 1; i >= 0; i-- {
		errs = append(errs, s.stops[i]())
	}
	return errors.Join(errs...)
}

// Everybody speaks with a voice of his own, by the last digit of his number.
const speechLength = 30 * time.Second

var voices = [...]func() (lab.Clip, error){
	speech("en-us", 0), speech("en-gb", 0), speech("en-us", 1), speech("en-gb", 1),
}

// speech is a part of what one says; no part is like another.
func speech(voice string, part time.Duration) func() (lab.Clip, error) {
	return sync.OnceValues(func() (lab.Clip, error) {
		c, err := lab.Speech(voice, 8000, (part+1)*speechLength)
		if err != nil {
			return c, err
		}
		return c.Cut(part*speechLength, (part+1)*speechLength), nil
	})
}

// Voice is what the owner of a number says.
func Voice(user string) (lab.Clip, error) { return voices[int(user[len(user)-1]-'0')%len(voices)]() }

// Enter brings a peer on and waits for its registration.
func (s *Stage) Enter(ctx context.Context, c Cast) (lab.Peer, error) {
	host, err := s.LAN.Host(c.User+"-"+lab.UniqueName("h"), c.Host)
	if err != nil {
		return nil, err
	}
	says, err := Voice(c.User)
	if err != nil {
		return nil, err
	}
	if c.Says != nil {
		says = *c.Says
	}
	var p lab.Peer
	switch c.Make {
	case "baresip":
		cfg := lab.BaresipConfig{User: c.User, Addr: c.Addr(), Domain: Domain, Registrar: registrarAt,
			Codecs: []string{"PCMA"}, Automatic: !c.Manual, Speech: says, SRTP: c.SDES, DTLS: c.DTLS}
		if c.Apart {
			cfg.Domain, cfg.Registrar = "", netip.AddrPort{}
		}
		p, err = lab.StartBaresip(ctx, host, cfg)
	case "linphonec":
		p, err = lab.StartLinphonec(ctx, host, lab.LinphonecConfig{User: c.User, Addr: c.Addr(), Domain: Domain, Registrar: registrarAt,
			Codecs: []string{"PCMA"}, Automatic: !c.Manual, Speech: says, SRTP: c.SDES, DTLS: c.DTLS, Suites: c.Suites, Collector: c.Tells})
	default:
		return nil, fmt.Errorf("handover: no peer is made by %q", c.Make)
	}
	if err != nil {
		return nil, err
	}
	s.stops = append(s.stops, func() error { p.Stop(); return s.LAN.Remove(host) })
	if c.Apart {
		return p, nil
	}
	return p, p.WaitRegistered(ctx)
}

// WaitCalls waits until the phone's calls are in these states, oldest first, as "Held Talking".
func (s *Stage) WaitCalls(ctx context.Context, states string) (phone.State, error) {
	return s.Phone.WaitState(ctx, "calls "+states, func(st *phone.State) bool { return calls(st) == states })
}

func calls(st *phone.State) string {
	var out []string
	for _, c := range st.Calls {
		out = append(out, c.State.String())
	}
	return strings.Join(out, " ")
}

// Flow counts the RTP packets from one address to another since a mark of the wire.
func (s *Stage) Flow(mark int, from, to netip.Addr) (n int) {
	return lab.Flow(s.Wire.Since(mark), from, to)
}

// WaitFlow waits until a second's worth of RTP has passed in both directions between two addresses.
func (s *Stage) WaitFlow(ctx context.Context, mark int, a, b netip.Addr) error {
	err := lab.Poll(ctx, fmt.Sprintf("voice between %v and %v", a, b), func() (bool, error) {
		return s.Flow(mark, a, b) > 45 && s.Flow(mark, b, a) > 45, nil
	})
	if err != nil {
		err = fmt.Errorf("%w: %d packets there, %d back", err, s.Flow(mark, a, b), s.Flow(mark, b, a))
	}
	return err
}
