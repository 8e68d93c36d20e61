package stack_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
)

// loopback runs an answering Stack for a benchmark.
func loopback(b *testing.B) (*stack.Stack, netip.AddrPort) {
	b.Helper()
	lo := netip.MustParseAddr("127.0.0.1")
	cfg := config(lo)
	cfg.MaxTransactions = 1 << 20
	s := stack.New(cfg, stack.System{}, quiet)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, handler{request: agent}) }()
	b.Cleanup(func() { cancel(); <-ended })
	at := make(chan netip.AddrPort, 1)
	s.Post(func() {
		a, _ := s.Local(stack.Target{Addr: netip.AddrPortFrom(lo, 0)})
		at <- a
	})
	return s, <-at
}

// BenchmarkOptions is one OPTIONS and its answer over a real socket; p99 is in
// the report.
func BenchmarkOptions(b *testing.B) {
	for _, tr := range []stack.Transport{stack.UDP, stack.TCP} {
		b.Run(string(tr), func(b *testing.B) {
			_, to := loopback(b)
			w, err := siptest.NewWire(context.Background(), stack.System{}, tr, netip.AddrPortFrom(to.Addr(), 0), to)
			if err != nil {
				b.Fatal(err)
			}
			defer w.Close()
			text := strings.Replace(request(w, "OPTIONS", "BRANCH;rport"), "Call-ID: c1", "Call-ID: BRANCH", 1)
			took := make([]time.Duration, 0, b.N)
			b.ResetTimer()
			for i := range b.N {
				begin := time.Now()
				w.Send(strings.ReplaceAll(text, "BRANCH", fmt.Sprintf("z9hG4bK%d", i)))
				for {
					m, err := w.Next(time.Second)
					if err != nil {
						b.Fatal(err)
					}
					if siptest.CodeOf(m) != 0 {
						break
					}
				}
				took = append(took, time.Since(begin))
			}
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-us")
			b.ReportMetric(float64(took[len(took)-1].Microseconds()), "max-us")
		})
	}
}

// BenchmarkStranger is what one datagram of somebody we do not trust costs.
func BenchmarkStranger(b *testing.B) {
	s, to := loopback(b)
	dropped := make(chan struct{}, 1)
	s.Trust(func(stack.Source) bool {
		select {
		case dropped <- struct{}{}:
		default:
		}
		return false
	})
	w, err := siptest.NewWire(context.Background(), stack.System{}, stack.UDP, netip.AddrPortFrom(to.Addr(), 0), to)
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	text := request(w, "INVITE", "z9hG4bK1")
	b.ReportAllocs()
	for b.Loop() {
		w.Send(text)
		<-dropped
	}
}
