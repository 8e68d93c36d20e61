package media

import (
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/audio/codec"
	"opendeskphone/sip/offer"
)

// TestNATsAreKeptOpenWhileNothingIsSaid: a NAT may forget a way that has not been used for 30 s (RFC 6263 §5).
func TestNATsAreKeptOpenWhileNothingIsSaid(t *testing.T) {
	for _, mux := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			k := newCall(t, choice{codecs: []codec.Codec{codec.PCMA}, cfg: func(c *Config) { c.RTCPMux = mux }})
			k.negotiate(k.a, k.b, offer.Inactive, offer.SendRecv)
			var mu sync.Mutex
			last, longest := time.Now(), time.Duration(0)
			k.lan.seen = func(from, _ netip.AddrPort, b []byte) {
				mu.Lock()
				defer mu.Unlock()
				if from != netip.AddrPortFrom(k.a.host, k.a.port) {
					return
				}
				if mux && protocolOf(b) != rtcpProtocol || !mux && protocolOf(b) != stunProtocol {
					t.Errorf("mux %v: %x sent", mux, b)
				}
				longest, last = max(longest, time.Since(last)), time.Now()
			}
			k.talk(2 * time.Minute)
			mu.Lock()
			defer mu.Unlock()
			if longest = max(longest, time.Since(last)); longest > 20*time.Second {
				t.Errorf("mux %v: nothing was sent for %v", mux, longest)
			}
		})
	}
}
