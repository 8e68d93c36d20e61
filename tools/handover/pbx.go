package handover

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/peer/pbx"
)

// The old exchange beside ours: the phone's extension there, which rings at a set of its own and at the phone, and a
// subscriber of the telephone network, who is reached through it.
const (
	Extension   = "4100"
	Extension2  = "4200" // its set alone
	PhoneNumber = "+493055504100"
	Subscriber  = "+498955501234"
	// BorderNumber is called by the border element, after the false one has been tried.
	BorderNumber = "+41445551234"
	Announced    = "+498955509999" // where the network speaks before it answers

	pbxHost = 40
)

var (
	pbxAt                   = netip.AddrPortFrom(lab.LANAddr(pbxHost).Addr(), 5060)
	OldSet                  = Cast{Make: "baresip", User: "700", Host: 41, Manual: true, Apart: true}
	FarAway                 = Cast{Make: "baresip", User: "701", Host: 42, Apart: true}
	oldSetAt                = "sip:" + OldSet.User + "@" + OldSet.Addr().String()
	farAwayAt               = "sip:" + FarAway.User + "@" + FarAway.Addr().String()
	phoneAtOur              = "sip:" + PhoneNumber + "@" + registrarAt.String() + ";transport=tcp;user=phone"
	borderAt, falseBorderAt = netip.AddrPortFrom(pbxAt.Addr(), 5061), netip.AddrPortFrom(pbxAt.Addr(), 5063)
	// ExtensionAt is how the old exchange's own people and the telephone network call the phone.
	ExtensionAt = "sip:" + Extension + "@" + pbxAt.String()
)

// NewStageBesidePBX is NewStage beside an old exchange, and the phone signals over TCP.
func NewStageBesidePBX(ctx context.Context, dir string, more ...string) (*Stage, error) {
	s := &Stage{Dir: dir, beside: true, line: "transport = \"tcp\"\n"}
	for _, m := range more {
		s.more += m + "\n"
	}
	return raise(ctx, s)
}

// openPBX starts the old exchange on a host.
func (s *Stage) openPBX(host *lab.Namespace) error {
	out, err := os.Create(filepath.Join(host.Dir(), "pbx.log"))
	if err != nil {
		return fmt.Errorf("handover: %w", err)
	}
	s.PBX = pbx.New(pbx.Config{Local: pbxAt, Plan: map[string][]string{Extension: {oldSetAt, phoneAtOur}, Extension2: {oldSetAt}, Subscriber: {farAwayAt}},
		Codes: map[string]int{"+4930999403": 403, "+4930999404": 404, "+4930999484": 484, "+4930999503": 503}},
		lab.Network{NS: host}, slog.New(slog.NewTextHandler(out, nil)))
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.PBX.Run(ctx) }()
	s.stops = append(s.stops, func() error { stop(); return errors.Join(<-ended, out.Close()) })
	return nil
}

// openBorder starts an old exchange behind a border element, which a false one stands beside.
func (s *Stage) openBorder(ctx context.Context) error {
	host, err := s.LAN.Host("pbx", pbxHost)
	if err != nil {
		return err
	}
	if err := s.openPBX(host); err != nil {
		return err
	}
	cfg := lab.KamailioConfig{Name: "border", Listen: netip.AddrPortFrom(pbxAt.Addr(), 5070), Border: pbxAt}
	right, err := s.ca.Issue(lab.Leaf{File: "border", IPs: []netip.Addr{borderAt.Addr()}})
	if err != nil {
		return err
	}
	wrong, err := s.ca.Issue(lab.Leaf{File: "elsewhere", DNS: []string{"elsewhere.test"}})
	if err != nil {
		return err
	}
	cfg.TLS = []lab.TLSAt{{Listen: borderAt, Pair: right}, {Listen: falseBorderAt, Pair: wrong}}
	_, err = lab.StartKamailio(ctx, host, cfg)
	return err
}

// Loop is a way in which the old exchange can send a call back to where it came from.
type Loop struct {
	Name  string
	Keeps pbx.Keeps
	By    string // what tells our exchange that it is one; empty: it does not come to that
}

// Loops are those there are.
func Loops() []Loop {
	return []Loop{
		{"the token is honoured", pbx.Keeps{Fork: true, Session: true, Hops: true, Diversion: true, Honours: true}, ""},
		{"the token is kept", pbx.Keeps{Fork: true, Session: true, Hops: true, Diversion: true}, "token"},
		{"the token is stripped", pbx.Keeps{Session: true, Hops: true, Diversion: true}, "session"},
		{"another Call-ID and Session-ID, the token is kept", pbx.Keeps{Fork: true, Hops: true}, "token"},
		{"Max-Forwards begins anew, the token is stripped", pbx.Keeps{Session: true, Diversion: true}, "session"},
		{"nothing is kept", pbx.Keeps{}, "caller and called"},
	}
}

// ExtraInvites has a user of ours call the phone, whose extension at the old exchange forks back, in some of the ways there
// are, and counts the INVITEs on the wire that would not be there without the loop. Told after each.
func (s *Stage) ExtraInvites(ctx context.Context, caller lab.Peer, loops []Loop, told func(Loop, int)) error {
	shark, err := lab.StartShark(ctx, s.LAN.Core, lab.LANDevice, "port 5060", filepath.Join(s.Dir, "loops.pcapng"))
	if err != nil {
		return err
	}
	var begun []time.Time
	for _, l := range loops {
		s.PBX.Keep(l.Keeps)
		mark := s.Kam.Log().Len()
		begun = append(begun, time.Now())
		if err := s.ringOut(ctx, caller); err != nil {
			return fmt.Errorf("%s: %w", l.Name, err)
		}
		if by := s.Kam.Log().Since(mark); l.By != "" && !strings.Contains(by, "loop found by "+l.By) {
			return fmt.Errorf("%s: not found by %s", l.Name, l.By)
		}
	}
	s.PBX.Keep(pbx.Keeps{})
	if err := shark.Close(ctx); err != nil {
		return err
	}
	counts, err := forkedInvites(ctx, shark.File, begun)
	for i, n := range counts {
		told(loops[i], n-3) // to the phone, to the old exchange, and to its set
	}
	return err
}

// WorstLoop sets up a stage and gives the most extra INVITEs of all loops.
func WorstLoop(ctx context.Context, dir string) (worst int, err error) {
	s, err := NewStageBesidePBX(ctx, dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if _, err := s.Enter(ctx, OldSet); err != nil {
		return 0, err
	}
	caller, err := s.Enter(ctx, Cast{Make: "linphonec", User: "202", Host: 12})
	if err != nil {
		return 0, err
	}
	err = s.ExtraInvites(ctx, caller, Loops(), func(_ Loop, n int) { worst = max(worst, n) })
	return worst, err
}

// ringOut has the phone ring until nobody has anything to say any more, and answered.
func (s *Stage) ringOut(ctx context.Context, caller lab.Peer) error {
	if err := caller.Dial(ctx, "sip:"+PhoneUser+"@"+Domain); err != nil {
		return err
	}
	st, err := s.WaitCalls(ctx, "Ringing")
	if err != nil {
		return err
	}
	if err := s.waitQuiet(ctx); err != nil {
		return err
	}
	if err := s.Phone.Do(ctx, phone.Answer{Call: st.Calls[0].ID}); err != nil {
		return err
	}
	if _, err := s.WaitCalls(ctx, "Talking"); err != nil {
		return err
	}
	if err := caller.Hangup(ctx); err != nil {
		return err
	}
	if _, err = s.WaitCalls(ctx, ""); err != nil {
		return err
	}
	return s.WaitIdle(ctx)
}

// waitQuiet waits until there has been no SIP for a while in which a loop would have turned many times.
func (s *Stage) waitQuiet(ctx context.Context) error {
	return lab.Poll(ctx, "silence of SIP", func() (bool, error) {
		packets := s.Wire.Since(max(0, s.Wire.Mark()-50))
		i := slices.IndexFunc(packets, func(p lab.Packet) bool {
			return (p.Src.Port() == 5060 || p.Dst.Port() == 5060) && time.Since(p.At) < 200*time.Millisecond
		})
		return i < 0, nil
	})
}

// WaitIdle waits until the old exchange has no call any more.
func (s *Stage) WaitIdle(ctx context.Context) error {
	return lab.Poll(ctx, "an idle exchange", func() (bool, error) {
		calls, _, _ := s.PBX.Counts()
		return calls == 0, nil
	})
}

// forkedInvites counts the INVITEs that begin a call and were sent by one of the two exchanges, without repeats, from each
// of these times to the next.
func forkedInvites(ctx context.Context, file string, begun []time.Time) ([]int, error) {
	rows, err := lab.SharkFields(ctx, file, fmt.Sprintf("sip.Method == INVITE and not sip.to.tag and (ip.src == %v or ip.src == %v)", pbxAt.Addr(), registrarAt.Addr()),
		"frame.time_epoch", "ip.src", "ip.dst", "sip.Call-ID", "sip.Via.branch")
	counts, seen := make([]int, len(begun)), map[string]bool{}
	for _, r := range rows {
		at, err := strconv.ParseFloat(r[0], 64)
		if err != nil {
			return nil, fmt.Errorf("handover: tshark's time: %w", err)
		}
		after := func(t time.Time) bool { return float64(t.UnixMicro())/1e6 > at }
		if name := fmt.Sprint(r[1:]); !seen[name] {
			seen[name] = true
			i := slices.IndexFunc(begun, after)
			if i < 0 {
				i = len(begun)
			}
			counts[max(i-1, 0)]++
		}
	}
	return counts, err
}
