package lab

import (
	"bytes"
	"net/netip"
	"os"
	"testing"
)

// TestSIPpTalksWithItself runs sipp's own scenarios against each other.
func TestSIPpTalksWithItself(t *testing.T) {
	need(t, "sipp")
	lan := room(t)
	uas, uac := host(t, lan, "uas", 31), host(t, lan, "uac", 32)
	ctx := soon(t)
	done := make(chan error, 1)
	go func() {
		done <- RunSIPp(ctx, uas, SIPp{Name: "uas", Scenario: "uas", Local: LANAddr(31).Addr(),
			Remote: netip.AddrPortFrom(LANAddr(32).Addr(), 5060), Calls: 20})
	}()
	// A call to a port that nobody has yet is refused, and sipp gives it up.
	if err := Poll(ctx, "sipp to listen", func() (listens bool, err error) {
		err = uas.Do(func() error {
			ports, err := os.ReadFile("/proc/thread-self/net/udp")
			listens = bytes.Contains(ports, []byte(":13C4 ")) // 5060
			return err
		})
		return listens, err
	}); err != nil {
		t.Fatal(err)
	}
	if err := RunSIPp(ctx, uac, SIPp{Name: "uac", Scenario: "uac", Local: LANAddr(32).Addr(),
		Remote: netip.AddrPortFrom(LANAddr(31).Addr(), 5060), Calls: 20, Rate: 20, User: "100"}); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
