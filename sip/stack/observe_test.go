package stack_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
)

// TestObserverSeesTheWire: each message once for each time it is sent or comes, with both addresses, ours as the socket has it;
// keep-alives are none, and what a stranger sends is not seen.
func TestObserverSeesTheWire(t *testing.T) {
	for _, transport := range []stack.Transport{stack.UDP, stack.TCP} {
		t.Run(string(transport), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := siptest.NewNet(1)
				cfg := config(netip.IPv4Unspecified())
				s := stack.New(cfg, n.Host(addrA), quiet)
				var mu sync.Mutex
				var got []string
				s.Observe(func(out bool, way stack.Source, data []byte) {
					mu.Lock()
					defer mu.Unlock()
					line, _, _ := strings.Cut(string(data), " sip:")
					line, _, _ = strings.Cut(line, "\r\n")
					got = append(got, fmt.Sprint(map[bool]string{true: ">", false: "<"}[out], line, " ", way.Transport, way.Local.Addr(), way.Addr.Addr()))
				})
				_, at := run(t, s, cfg, handler{request: agent})
				to := netip.AddrPortFrom(addrA, at.Port())
				w, err := siptest.NewWire(t.Context(), n.Host(addrB), transport, netip.AddrPortFrom(addrB, 0), to)
				if err != nil {
					t.Fatal(err)
				}
				defer w.Close()
				w.Send("\r\n\r\n")
				m := request(w, "OPTIONS", "z9hG4bK1")
				w.Send(m)
				synctest.Wait()
				s.Trust(func(stack.Source) bool { return false })
				stranger, err := siptest.NewWire(t.Context(), n.Host(addrB), stack.UDP, netip.AddrPortFrom(addrB, 0), to)
				if err != nil {
					t.Fatal(err)
				}
				defer stranger.Close()
				stranger.Send(request(stranger, "OPTIONS", "z9hG4bK2"))
				synctest.Wait()
				mu.Lock()
				defer mu.Unlock()
				ours := addrA
				if transport == stack.UDP {
					ours = netip.IPv4Unspecified() // one socket for all
				}
				ends := fmt.Sprint(" ", transport, ours, addrB)
				if want := []string{"<OPTIONS" + ends, ">SIP/2.0 200 OK" + ends}; !slices.Equal(got, want) {
					t.Errorf("seen %q, want %q", got, want)
				}
			})
		})
	}
}
