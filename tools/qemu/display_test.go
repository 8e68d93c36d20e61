package qemu

import (
	"image"
	"testing"
	"time"

	"opendeskphone/hal"
)

// likeness is the share of equal pixels of two pictures of the same size; 0 for others.
func likeness(a, b image.Image) float64 {
	if a == nil || b == nil || a.Bounds() != b.Bounds() {
		return 0
	}
	same, r := 0, a.Bounds()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if a.At(x, y) == b.At(x, y) {
				same++
			}
		}
	}
	return float64(same) / float64(r.Dx()*r.Dy())
}

// alike is what two pictures of one page have in common at least: the time of day may be another. Two pages have far less.
const alike = 0.97

// settled gives the phone's picture once it stays as it is, and is none of those before.
func settled(t *testing.T, m *Machine, before ...image.Image) image.Image {
	t.Helper()
	var last image.Image
	limit := time.After(bootTime)
	again := time.NewTicker(300 * time.Millisecond)
	defer again.Stop()
	for {
		now, err := m.Screenshot()
		if err != nil {
			t.Fatal(err)
		}
		other := painted(now)
		for _, b := range before {
			other = other && likeness(now, b) < alike
		}
		if other && likeness(now, last) == 1 {
			return now
		}
		last = now
		select {
		case <-again.C:
		case <-limit:
			t.Fatal("the picture does not settle")
		}
	}
}

// painted tells whether a picture has the colours of a page.
func painted(p image.Image) bool {
	colours := map[any]bool{}
	for y := 0; y < p.Bounds().Dy(); y += 3 {
		for x := 0; x < p.Bounds().Dx(); x += 3 {
			colours[p.At(x, y)] = true
		}
	}
	return len(colours) > 20
}

// A panel that shows memory as it is has its pages flipped, and one whose driver knows the old frame buffer alone is
// painted there: on both stands what a panel shows whose driver is told the damage.
func TestImageDebugPaintsEveryKindOfDisplay(t *testing.T) {
	told := bootShell(t)
	waitMatch(t, told.Machine, `msg=display .*flips=false`)
	wait(t, told.Machine, "devices ready")
	home := settled(t, told.Machine)
	press := func(m *Machine, k hal.Key) {
		if err := m.Press(k); err != nil {
			t.Fatal(err)
		}
	}
	press(told.Machine, hal.Back)
	menu := settled(t, told.Machine, home)

	told.run(t, "rm /dev/dri/card0; kill -SEGV $(pidof phoned)", `(?s)phoned ended: .*using the frame buffer`)
	if l := likeness(settled(t, told.Machine, menu), home); l < alike {
		t.Errorf("on the frame buffer %.3f of home", l)
	}
	press(told.Machine, hal.Back)
	if l := likeness(settled(t, told.Machine, home), menu); l < alike {
		t.Errorf("on the frame buffer %.3f of the menu", l)
	}
	shutDown(t, told.Machine)

	flips := bootShellWith(t, Config{Flips: true})
	waitMatch(t, flips.Machine, `msg=display .*flips=true`)
	if l := likeness(settled(t, flips.Machine), home); l < alike {
		t.Errorf("with pages flipped %.3f of home", l)
	}
	for range 3 { // each page is painted several times, and is one picture behind
		press(flips.Machine, hal.Back)
		if l := likeness(settled(t, flips.Machine, home), menu); l < alike {
			t.Errorf("with pages flipped %.3f of the menu", l)
		}
		press(flips.Machine, hal.Back)
		if l := likeness(settled(t, flips.Machine, menu), home); l < alike {
			t.Errorf("with pages flipped %.3f of home after Back", l)
		}
	}
	shutDown(t, flips.Machine)
}
