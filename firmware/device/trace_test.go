package device

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/settings"
	"opendeskphone/sip/stack"
	"opendeskphone/sip/trace"
)

// TestServerThatIsNotReachedIsTold: where no message was ever sent the steps of the sign-in say so all the same, and a phone
// that is to keep nothing forgets them.
func TestServerThatIsNotReachedIsTold(t *testing.T) {
	b := start(t, t.TempDir(), "[[line]]\naor = \"sip:100@192.0.2.9\"\ntransport = \"tcp\"\npassword = \"secret\"\n", nil)
	b.until("failing", func(s *phone.State) bool { return s.Lines[0].State == phone.LineFailing })
	l, ok := ladders{b.Device}.OfAccount("sip:100@192.0.2.9")
	if !ok || len(l.Entries) == 0 || l.Entries[0].Note != trace.NotReached || l.Entries[0].Text == "" {
		t.Errorf("%v %+v", ok, l)
	}
	if all := b.Traces().Traces(); len(all) != 1 || all[0].AOR != "sip:100@192.0.2.9" || all[0].Messages != 0 {
		t.Errorf("a controller sees %+v", all)
	}
	if err := b.settings.Apply(context.Background(), "test", func(f *settings.File) { f.Trace.Keep = false }); err != nil {
		t.Fatal(err)
	}
	if all := b.Traces().Traces(); len(all) != 0 {
		t.Errorf("it has kept %+v", all)
	}
}

// TestRecordFindsItsOwnSteps: the log outlives a restart, the steps do not, and calls are counted from 1 again.
func TestRecordFindsItsOwnSteps(t *testing.T) {
	b := start(t, t.TempDir(), oneLine, nil)
	msg := fmt.Appendf(nil, "INVITE sip:200@192.0.2.9 SIP/2.0\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\n\r\n")
	b.trace.Name(1, "a")
	b.sipSeen(true, stack.Source{Transport: stack.UDP, Addr: netip.MustParseAddrPort("192.0.2.9:5060"), Local: netip.MustParseAddrPort("192.0.2.1:5060")}, msg)
	now := time.Now()
	for name, c := range map[string]struct {
		r    phone.Record
		want bool
	}{
		"the call itself":        {phone.Record{Call: 1, Began: now.Add(-2 * time.Second), Ended: now.Add(10 * time.Second)}, true},
		"one of an earlier life": {phone.Record{Call: 1, Began: now.Add(-2 * time.Hour), Ended: now.Add(-time.Hour)}, false},
		"another":                {phone.Record{Call: 2, Began: now, Ended: now}, false},
	} {
		if _, ok := (ladders{b.Device}).OfRecord(&c.r); ok != c.want {
			t.Errorf("%s: %v", name, ok)
		}
	}
}
