package siege

import (
	"context"
	"testing"
	"time"

	"opendeskphone/tools/lab/desk"
)

func TestMain(m *testing.M) { desk.RunTests(m) }

const (
	spell = 2 * time.Second
	tries = 6 // the machine may be busy with other things: one clean try is enough
	// A packet of voice that comes this late is still heard with the usual jitter buffer; the bench holds the phone to 40 ms.
	late = 60 * time.Millisecond
)

// TestSiege floods and blasts a phone while it talks, and has it take calls without end: its voice goes on, its friends
// are heard, nobody else is, its registrar is answered, and it holds no more afterwards than before.
func TestSiege(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	s, err := New(ctx, t.TempDir(), false)
	must(t, err)
	defer s.Close()
	before, after, err := s.Soak(ctx, 30, 150, 0)
	must(t, err)
	same(t, before, after)
	t.Run("in the clear", func(t *testing.T) {
		c, err := s.Call(ctx, false)
		must(t, err)
		for name, a := range map[string]Attack{"5,000 a second": s.Flood(5_000), "20,000 a second": s.Flood(20_000), "media of a stranger": c.Blast(2_000, 1, false)} {
			t.Run(name, func(t *testing.T) { c.stands(t, ctx, a) })
		}
		must(t, c.End(ctx))
	})
	t.Run("encrypted", func(t *testing.T) {
		c, err := s.Call(ctx, true)
		must(t, err)
		t.Run("media under the friend's address", func(t *testing.T) { c.stands(t, ctx, c.Blast(2_000, 2, true)) })
		must(t, c.End(ctx))
	})
	after, err = s.Rest(ctx)
	must(t, err)
	same(t, before, after)
	t.Run("broken messages of the registrar", func(t *testing.T) {
		c, err := s.Call(ctx, false)
		must(t, err)
		o, err := c.Under(ctx, spell, s.Broken(500, 3))
		must(t, err)
		if t.Log(o); o.Answered < o.Asked*95/100 {
			t.Error("the registrar is not answered")
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// same fails where something stays.
func same(t *testing.T, before, after desk.Census) {
	t.Helper()
	t.Logf("before %+v, after %+v", before, after)
	if after.Goroutines > before.Goroutines || after.Descriptors > before.Descriptors {
		t.Error("goroutines or descriptors stay")
	}
}

// stands holds the call under an attack.
func (c *Call) stands(t *testing.T, ctx context.Context, a Attack) {
	t.Helper()
	for try := 1; ; try++ {
		o, err := c.Under(ctx, spell, a)
		must(t, err)
		t.Logf("try %d: %v", try, o)
		if o.Missing > 0 || o.Foe > 0.01 || o.Friend < 0.1 {
			t.Error("the call suffers")
		}
		if o.PPS > 49.5 && o.PPS < 50.5 && o.Gap < late && o.Answered >= o.Asked*95/100 && o.Grown < 10e6 {
			return
		}
		if try == tries {
			t.Fatal("the phone suffers each time")
		}
	}
}
