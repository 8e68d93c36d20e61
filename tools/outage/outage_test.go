package outage

import (
	"context"
	"flag"
	"testing"
	"time"

	"opendeskphone/tools/lab/desk"
)

var outDir = flag.String("out", "", "directory for logs; empty: a temporary one")

func TestMain(m *testing.M) { desk.RunTests(m) }

// newStage sets a stage up that ends with the test.
func newStage(t *testing.T, transport string) *Stage {
	t.Helper()
	dir := *outDir
	if dir == "" {
		dir = t.TempDir()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	s, err := NewStage(ctx, dir, transport)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// slack is for a machine that does other things too; the bench holds the times themselves.
const slack = time.Second

// within fails the test if something took longer than it may.
func within(t *testing.T, what string, took, most time.Duration, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	t.Logf("%s: %v", what, took.Round(time.Millisecond))
	if took > most+slack {
		t.Errorf("%s: %v, want %v", what, took, most)
	}
}

// TestOutages: the phone goes to the second exchange and back, loses its link and its address, and has its call
// and its registration back in time.
func TestOutages(t *testing.T) {
	for transport, most := range map[string]time.Duration{"udp": 4 * time.Second, "tcp": 2 * time.Second} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, transport)
			took, err := s.LinkLoss(t.Context(), 2*time.Second)
			within(t, "registered after the loss of the link", took, time.Second, err)
			over, back, err := s.FailOver(t.Context())
			within(t, "fail-over", over, most, err)
			within(t, "fail-back", back, time.Minute, err)
			took, err = s.Readdress(t.Context(), phoneHost+20)
			within(t, "voice after a change of the address", took, 5*time.Second, err)
		})
	}
}
