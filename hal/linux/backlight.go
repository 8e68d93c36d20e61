package linux

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// backlight is a folder below /sys/class/backlight; nil stands for a panel that cannot be dimmed.
type backlight struct {
	file string
	full int
}

func openBacklight(name string) (*backlight, error) {
	if name == "" {
		return nil, nil
	}
	return backlightAt(filepath.Join("/sys/class/backlight", name))
}

func backlightAt(dir string) (*backlight, error) {
	text, err := os.ReadFile(filepath.Join(dir, "max_brightness"))
	if err != nil {
		return nil, fmt.Errorf("linux: backlight: %w", err)
	}
	full, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || full <= 0 {
		return nil, fmt.Errorf("linux: backlight %s has a maximum of %q", dir, text)
	}
	return &backlight{filepath.Join(dir, "brightness"), full}, nil
}

// set sets the brightness in percent. Any light asked for is at least the lowest step, for a dark
// panel looks like a dead phone.
func (b *backlight) set(percent int) error {
	if b == nil {
		return nil
	}
	percent = min(max(percent, 0), 100)
	v := b.full * percent / 100
	if percent > 0 {
		v = max(v, 1)
	}
	if err := os.WriteFile(b.file, []byte(strconv.Itoa(v)), 0); err != nil {
		return fmt.Errorf("linux: backlight: %w", err)
	}
	return nil
}
