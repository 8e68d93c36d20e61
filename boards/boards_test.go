package boards

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"opendeskphone/hal"
)

// needed are the keys without which the screens cannot be walked.
var needed = []hal.Key{
	hal.Digit0, hal.Digit1, hal.Digit2, hal.Digit3, hal.Digit4, hal.Digit5, hal.Digit6, hal.Digit7,
	hal.Digit8, hal.Digit9, hal.Star, hal.Pound, hal.Soft1, hal.Soft2, hal.Soft3, hal.Soft4,
	hal.Up, hal.Down, hal.Left, hal.Right, hal.OK, hal.Back, hal.Speaker, hal.Mute,
	hal.VolumeUp, hal.VolumeDown,
}

func TestEveryBoardIsComplete(t *testing.T) {
	for _, b := range All {
		t.Run(b.Name, func(t *testing.T) {
			checkIdentity(t, b)
			checkPanel(t, b)
			checkMixer(t, b.Sound.Mixer)
			checkUSB(t, b)
			for _, g := range b.Modules.Groups() {
				for _, m := range g.Modules {
					if name, _, _ := strings.Cut(m, " "); name == "" || strings.Contains(name, "-") {
						t.Errorf("module %q of %s: write the kernel's name, with underscores", m, g.Name)
					}
				}
			}
		})
	}
}

func checkIdentity(t *testing.T, b *Board) {
	t.Helper()
	for field, v := range map[string]string{"Name": b.Name, "Compatible": b.Compatible, "Kernel": b.Kernel,
		"Root": b.Root, "Data": b.Data, "NIC": b.NIC, "Speaker": b.Sound.Speaker, "Microphone": b.Sound.Microphone} {
		if v == "" {
			t.Errorf("%s is empty", field)
		}
	}
	if ByName(b.Name) != b || ByCompatible("vendor,unknown", b.Compatible) != b {
		t.Error("not found by name or compatible string: another board has the same")
	}
	if _, err := os.Stat(b.Name + "/README.md"); err != nil {
		t.Errorf("no page about the board: %v", err)
	}
}

func checkPanel(t *testing.T, b *Board) {
	t.Helper()
	if b.Display.Size.X < 320 || b.Display.Size.Y < 240 {
		t.Errorf("display of %v", b.Display.Size)
	}
	have := slices.Collect(maps.Values(b.Keys))
	for _, k := range needed {
		if !slices.Contains(have, k) {
			t.Errorf("no key %v", k)
		}
	}
	hook := slices.Contains(have, hal.Hook) || b.Hook.Chip != "" ||
		slices.Contains(slices.Collect(maps.Values(b.Switches)), hal.Hook)
	if !hook {
		t.Error("no hook switch")
	}
}

func checkMixer(t *testing.T, m Mixer) {
	t.Helper()
	if (m.Card == "") != (len(m.Paths) == 0) {
		t.Errorf("mixer of card %q with %d paths", m.Card, len(m.Paths))
	}
	for _, p := range []string{"handset", "headset", "speaker"} {
		if m.Card != "" && len(m.Paths[p]) == 0 {
			t.Errorf("the mixer sets nothing for the %s", p)
		}
		for name := range m.Paths[p] {
			if name == "" || len(name) > 43 { // struct snd_ctl_elem_id in sound/asound.h
				t.Errorf("control %q of the %s", name, p)
			}
		}
	}
}

func TestUnknownBoard(t *testing.T) {
	if ByName("none") != nil || ByCompatible("none", "") != nil {
		t.Error("found a board that is not there")
	}
}

func checkUSB(t *testing.T, b *Board) {
	t.Helper()
	u := b.USB
	if u.Vendor == 0 {
		if len(b.Modules.USB) > 0 || u.UDC != "" {
			t.Error("modules or a controller for a USB port that is not there")
		}
		return
	}
	for what, text := range map[string]string{"maker": u.Maker, "name": u.Name} {
		if text == "" || len(text) > 30 || text != strings.TrimSpace(text) {
			t.Errorf("USB %s %q: 1 to 30 characters", what, text)
		}
	}
	if u.Product == 0 {
		t.Error("a vendor without product number")
	}
	for _, f := range u.Own {
		if !strings.HasPrefix(f, "/sys/devices/") {
			t.Errorf("%s is not a device's file", f)
		}
	}
}
