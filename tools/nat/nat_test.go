package nat

import (
	"context"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

func TestMain(m *testing.M) { desk.RunTests(m) }

// TestCallsCrossNATs makes the calls that differ most; `build/bench --only nat_cells_two_way` makes all.
func TestCallsCrossNATs(t *testing.T) {
	w, err := New(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	for _, c := range []Cell{{NAT: 0, Way: 1}, {NAT: 1, Way: 2}, {NAT: 1, Way: 5, Hidden: true}, {NAT: 3, Way: 0}} {
		t.Run(c.Name(), func(t *testing.T) {
			c = w.Call(t.Context(), c)
			if c.Err != nil || !c.TwoWay() {
				t.Errorf("%s: %v", c.mark(), c.Err)
			}
		})
	}
}

// TestCallMovesToAnotherAddress: a call by ICE goes on when the phone gets another address, by a restart (RFC 8445 §9).
func TestCallMovesToAnotherAddress(t *testing.T) {
	w, err := New(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := &Cell{Way: 2}
	phones := map[string]*desk.Twin{"100": nil, "200": nil}
	for user := range phones {
		host := map[string]int{"100": 150, "200": 151}[user]
		p, err := desk.StartTwin(ctx, desk.Setup{Name: "phone-" + user, LAN: w.lan, Host: host, Settings: w.settings(c, lab.LANAddr(host), user), Roots: w.ca.RootFile()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		if err := ready(ctx, p); err != nil {
			t.Fatal(err)
		}
		phones[user] = p
	}
	a, b := phones["100"], phones["200"]
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	both := func(what string) {
		t.Helper()
		_, err := a.Say(ctx, tone(phoneTone))
		ok(err)
		_, err = b.Say(ctx, tone(peerTone))
		ok(err)
		ok(lab.Poll(ctx, what, func() (bool, error) { return hears(a.Speaker(), peerTone) && hears(b.Speaker(), phoneTone), nil }))
	}
	ok(a.Do(ctx, phone.Dial{Number: "200"}))
	ok(twin{b}.WaitRinging(ctx, 0))
	ok(b.Do(ctx, phone.Answer{Call: 1}))
	both("voice")
	ok(a.Readdress(160))
	quiet := func() (bool, error) { return !hears(a.Speaker(), peerTone), nil }
	ok(lab.Poll(ctx, "the old way's end", quiet))
	both("voice at the new address")
	// The voice may be back before the restart is agreed on: who is known may come from elsewhere.
	ok(lab.Poll(ctx, "another pair", func() (bool, error) { return strings.Count(a.Log().Since(0), "component=1") > 1, nil }))
}
