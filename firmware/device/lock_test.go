package device

import (
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/hal"
)

// The phone follows the paired computer's screen, and the PIN opens it whatever the computer says.
func TestPhoneFollowsTheComputersScreen(t *testing.T) {
	dir := t.TempDir()
	b := start(t, dir, oneLine, nil)
	if err := b.keeper.SetPIN("2580"); err != nil {
		t.Fatal(err)
	}
	pc, service := tpcp.Pairing{ID: "p1", Name: "laptop", User: "anna", Rights: tpcp.AllRights}, hostLock{b.Device}
	host := func(state string, n uint64) tpcp.LockState {
		s, err := service.HostState(pc, true, tpcp.HostState{State: state, User: "anna", Ctr: n})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := host("locked", 1); !s.Locked || s.Why != "host" || b.Control().State().Lock.Kind != phone.HostLock {
		t.Fatalf("%+v", s)
	}
	if err := b.Control().Do(t.Context(), "test", phone.Dial{Number: "200"}); err != phone.Locked {
		t.Errorf("a locked phone dials: %v", err)
	}
	if s := host("unlocked", 1); !s.Locked {
		t.Error("a replay opened the phone")
	}
	if s := host("unlocked", 2); s.Locked || b.Control().State().Lock.Kind != phone.Unlocked {
		t.Fatalf("%+v", s)
	}
	host("locked", 3)
	b.stop()
	b = start(t, dir, "", nil)
	b.until("locked after a restart", func(s *phone.State) bool { return s.Lock.Kind == phone.HostLock })
	for _, k := range []hal.Key{hal.Digit2, hal.Digit5, hal.Digit8, hal.Digit0, hal.OK} {
		b.Tap(k)
	}
	b.until("unlocked by PIN", func(s *phone.State) bool { return s.Lock.Kind == phone.Unlocked })
}
