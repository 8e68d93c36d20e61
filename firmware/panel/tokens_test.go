package panel

import (
	"os"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// TestRhythmsAreThoseOfTheDesign holds the lamps against the design tokens, the one source of numbers.
func TestRhythmsAreThoseOfTheDesign(t *testing.T) {
	text, err := os.ReadFile("../../ui/theme/tokens.toml")
	if err != nil {
		t.Fatal(err)
	}
	var tokens struct{ Lamp map[string][2]int }
	if err := toml.Unmarshal(text, &tokens); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]blink{"ringing": ringing, "failed": failed, "missed": missed, "line_held": held, "line_ring": ringing} {
		want := tokens.Lamp[name]
		if b.on != time.Duration(want[0])*time.Millisecond || b.off != time.Duration(want[1])*time.Millisecond || want[0] == 0 {
			t.Errorf("%s blinks %v, the design says %v ms", name, b, want)
		}
	}
}
