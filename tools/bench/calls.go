package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"opendeskphone/hal"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

// party is a phone whose call set-up is measured. Times are those at which the key or the command
// was given.
type party interface {
	call(ctx context.Context) (time.Time, error) // the driver
	answer(ctx context.Context) (time.Time, error)
	addr() netip.Addr
}

// The driver's place and number: the far end of every measured call.
const (
	driverUser = "201"
	driverHost = 11
	oursHost   = 21
	anchorHost = 22
)

var driverAddr = lab.LANAddr(driverHost).Addr()

// stage is the network of the call figures: a driver that both parties talk to, and a capture.
type stage struct {
	lan    *lab.LAN
	wire   *lab.Capture
	driver *lab.Baresip
}

func newStage(ctx context.Context, dir string) (*stage, error) {
	lan, err := lab.NewLAN(dir)
	if err != nil {
		return nil, err
	}
	s := &stage{lan: lan}
	if s.wire, err = lab.NewCapture(lan.Core, lab.LANDevice); err != nil {
		lan.Close()
		return nil, err
	}
	s.driver, err = s.baresip(ctx, driverUser, driverHost)
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *stage) close() {
	s.wire.Close()
	s.lan.Close()
}

func (s *stage) baresip(ctx context.Context, user string, n int) (*lab.Baresip, error) {
	host, err := s.lan.Host(user, n)
	if err != nil {
		return nil, err
	}
	says, err := lab.Speech("en-gb", 8000, 2*time.Minute)
	if err != nil {
		return nil, err
	}
	return lab.StartBaresip(ctx, host, lab.BaresipConfig{User: user, Addr: lab.LANAddr(n).Addr(), Codecs: []string{"PCMA"}, Speech: says})
}

// anchorParty is baresip as the measured phone.
type anchorParty struct{ *lab.Baresip }

func (a anchorParty) call(ctx context.Context) (time.Time, error) {
	at := time.Now()
	return at, a.Dial(ctx, "sip:"+driverUser+"@"+driverAddr.String())
}

func (a anchorParty) answer(ctx context.Context) (time.Time, error) {
	at := time.Now()
	return at, a.Answer(ctx)
}

func (a anchorParty) addr() netip.Addr { return lab.LANAddr(anchorHost).Addr() }

// oursParty is our phone, by its keys.
type oursParty struct{ *desk.Twin }

func (o oursParty) call(ctx context.Context) (time.Time, error) {
	keys := []hal.Key{hal.Digit2, hal.Digit0, hal.Digit1}
	if err := o.Press(ctx, keys...); err != nil {
		return time.Time{}, err
	}
	pressed, _, err := o.NextPicture(hal.Soft1)
	return pressed, err
}

func (o oursParty) answer(context.Context) (time.Time, error) {
	pressed, _, err := o.NextPicture(hal.Soft1)
	return pressed, err
}

func (o oursParty) addr() netip.Addr { return o.Twin.Addr() }

// oursSettings is a phone without a registrar that trusts the driver.
func oursSettings() string {
	return fmt.Sprintf("[[line]]\naor = \"sip:100@%[1]s\"\nregister = false\noutbound_proxy = \"%[1]s\"\npeers = [\"%[1]s\"]\ncodecs = [\"PCMA\"]\nsrtp = \"off\"\n", driverAddr)
}

// times are what one party was measured with, in the order of the calls.
type times struct {
	keyToInvite, inviteToRing, inviteToOK, inviteToRTP []time.Duration
	p50, p99                                           []time.Duration // of the RTP spacing, of each spell
}

func measureCalls(ctx context.Context, b *bench) error {
	s, err := newStage(ctx, filepath.Join(b.dir, "calls"))
	if err != nil {
		return err
	}
	defer s.close()
	peer, err := s.baresip(ctx, "300", anchorHost)
	if err != nil {
		return err
	}
	anchor, err := s.measure(ctx, anchorParty{peer}, "300", b.calls)
	if err != nil {
		return fmt.Errorf("baresip: %w", err)
	}
	anchor.report(b.anchor)
	twin, err := desk.StartTwin(ctx, desk.Setup{Name: "ours", LAN: s.lan, Host: oursHost, Settings: oursSettings()})
	if err != nil {
		return err
	}
	defer twin.Close()
	ours, err := s.measure(ctx, oursParty{twin}, "100", b.calls)
	if err != nil {
		return fmt.Errorf("ours: %w", err)
	}
	ours.report(b.ours)
	return nil
}

func (t times) report(put func(id, format string, v any)) {
	for id, list := range map[string][]time.Duration{
		"key_to_invite_ms": t.keyToInvite, "invite_to_ring_ms": t.inviteToRing, "invite_to_200_ms": t.inviteToOK, "first_rtp_ms": t.inviteToRTP,
		"rtp_spacing_p50_ms": t.p50, "rtp_spacing_p99_ms": t.p99,
	} {
		slices.Sort(list)
		put(id, "%.2f", ms(lab.Percentile(list, 50)))
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// guard is the time in which our screen takes no key after a call has come.
const guard = 400 * time.Millisecond

// spells of talk are listened to, each so long.
const (
	spells = 3
	spell  = 20 * time.Second
)

// measure makes n calls to the party and n calls from it, and listens to the last of them for longer.
// One call in five may come to nothing and is made again: the machine may have other work.
func (s *stage) measure(ctx context.Context, p party, user string, n int) (times, error) {
	var t times
	spare := 1 + n/5
	for i := range n {
		talk := time.Duration(0)
		if i >= n-spells {
			talk = spell
		}
		both := []func() error{
			func() error { return s.callIn(ctx, p, user, talk, &t) },
			func() error { return s.callOut(ctx, p, &t) },
		}
		for _, call := range both {
			for err := call(); err != nil; err = call() {
				if spare--; spare < 0 || ctx.Err() != nil {
					return t, fmt.Errorf("call %d: %w", i+1, err)
				}
				fmt.Fprintf(os.Stderr, "bench: call %d again: %v\n", i+1, err)
				_ = s.driver.Hangup(ctx) // there may be nothing to hang up
				if err := pause(ctx, rest); err != nil {
					return t, err
				}
			}
		}
	}
	return t, nil
}

// callIn has the driver call the party, which answers.
func (s *stage) callIn(ctx context.Context, p party, user string, talk time.Duration, t *times) error {
	ctx, cancel := context.WithTimeout(ctx, talk+15*time.Second)
	defer cancel()
	wire, mark := s.wire.Mark(), s.driver.Mark()
	if err := s.driver.Dial(ctx, "sip:"+user+"@"+p.addr().String()); err != nil {
		return err
	}
	from := func(want func(lab.Packet) bool) func(lab.Packet) bool {
		return func(k lab.Packet) bool { return k.Src.Addr() == p.addr() && want(k) }
	}
	invite, err := s.wire.Wait(ctx, wire, "INVITE", func(k lab.Packet) bool { return k.Request("INVITE") && k.Dst.Addr() == p.addr() })
	if err != nil {
		return err
	}
	ring, err := s.wire.Wait(ctx, wire, "180", from(func(k lab.Packet) bool { return k.Response(180, "INVITE") }))
	if err != nil {
		return err
	}
	if err := pause(ctx, guard); err != nil {
		return err
	}
	pressed, err := p.answer(ctx)
	if err != nil {
		return err
	}
	ok, err := s.wire.Wait(ctx, wire, "200", from(func(k lab.Packet) bool { return k.Response(200, "INVITE") }))
	if err != nil {
		return err
	}
	rtp, err := s.wire.Wait(ctx, wire, "RTP", from(lab.Packet.RTP))
	if err != nil {
		return err
	}
	toRing := ring.At.Sub(invite.At)
	t.inviteToRing = append(t.inviteToRing, toRing)
	t.inviteToOK = append(t.inviteToOK, toRing+ok.At.Sub(pressed))
	t.inviteToRTP = append(t.inviteToRTP, toRing+rtp.At.Sub(pressed))
	if talk > 0 {
		if err := pause(ctx, talk); err != nil {
			return err
		}
		spacing := lab.Spacing(s.wire.Since(wire), p.addr())
		t.p50, t.p99 = append(t.p50, lab.Percentile(spacing, 50)), append(t.p99, lab.Percentile(spacing, 99))
	}
	return s.hangup(ctx, mark)
}

// callOut has the party call the driver, which rings and is hung up on.
func (s *stage) callOut(ctx context.Context, p party, t *times) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	wire, mark := s.wire.Mark(), s.driver.Mark()
	pressed, err := p.call(ctx)
	if err != nil {
		return err
	}
	invite, err := s.wire.Wait(ctx, wire, "INVITE", func(k lab.Packet) bool { return k.Request("INVITE") && k.Src.Addr() == p.addr() })
	if err != nil {
		return err
	}
	t.keyToInvite = append(t.keyToInvite, invite.At.Sub(pressed))
	if err := s.driver.WaitRinging(ctx, mark); err != nil {
		return err
	}
	if err := s.driver.Answer(ctx); err != nil {
		return err
	}
	if err := s.driver.WaitTalking(ctx, mark); err != nil {
		return err
	}
	return s.hangup(ctx, mark)
}

// hangup ends the call from the driver's side and lets the party come to rest.
func (s *stage) hangup(ctx context.Context, mark int) error {
	if err := s.driver.Hangup(ctx); err != nil {
		return err
	}
	if err := s.driver.WaitEnded(ctx, mark); err != nil {
		return err
	}
	return pause(ctx, rest)
}

// rest is the time between calls: "call ended" stands for 3 s on our screen.
const rest = 3500 * time.Millisecond

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
