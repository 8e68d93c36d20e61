package nat

import (
	"os"
	"testing"

	"opendeskphone/tools/lab/desk"
)

func TestMain(m *testing.M) {
	desk.TwinMain()
	os.Exit(m.Run())
}

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
