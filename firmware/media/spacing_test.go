package media

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"opendeskphone/audio/codec"
	"opendeskphone/audio/engine"
	"opendeskphone/sip/ice"
	"opendeskphone/sip/offer"
)

// Over real sockets, paced by the engine on the system's clock: how evenly packets leave. The bounds
// are wide, for the machine may be busy; the figures are in the log (aim: p50 20.00, p99 20.5 ms).
func TestPacketSpacingOnLoopback(t *testing.T) {
	if testing.Short() {
		t.Skip("takes four seconds of real time")
	}
	sink, err := ListenUDP(netip.MustParseAddrPort("127.0.0.1:0"), 46)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	cfg := Default()
	cfg.Bind = netip.MustParseAddr("127.0.0.1")
	s, err := New(cfg, codec.All(), nil, nil, quiet).Open("spacing", ice.Config{})
	if err != nil {
		t.Fatal(err)
	}
	to := sink.(udp).LocalAddr().(interface{ AddrPort() netip.AddrPort }).AddrPort()
	pcma := offer.Codec{Name: "PCMA", PT: 8, Clock: 8000, Channels: 1}
	if err := s.Apply(offer.Media{Remote: to, RemoteRTCP: to, Send: pcma, Recv: []offer.Codec{pcma}, Ptime: 20}); err != nil {
		t.Fatal(err)
	}
	e := engine.New(engine.Default(), nil, nil, quiet)
	e.SetParties([]engine.Party{s})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	go func() { done <- s.Run(ctx) }()
	go func() { done <- e.Run(ctx) }()

	var at []time.Time
	var b [mtu]byte
	for len(at) < 200 {
		n, _, err := sink.ReadFrom(b[:])
		if err != nil {
			t.Fatal(err)
		}
		if !isRTCP(b[:n]) {
			at = append(at, time.Now())
		}
	}
	cancel()
	<-done
	<-done
	var gaps []time.Duration
	for i := 1; i < len(at); i++ {
		gaps = append(gaps, at[i].Sub(at[i-1]))
	}
	slices.Sort(gaps)
	p50, p99 := gaps[len(gaps)/2], gaps[len(gaps)*99/100]
	t.Logf("spacing p50 %v, p99 %v, longest %v; longest tick %v", p50, p99, gaps[len(gaps)-1], e.Stats().LongTick)
	if p50 < 19*time.Millisecond || p50 > 21*time.Millisecond {
		t.Errorf("median spacing %v, want 20ms", p50)
	}
}
