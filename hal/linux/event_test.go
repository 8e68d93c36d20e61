package linux

import (
	"encoding/binary"
	"image"
	"slices"
	"testing"

	"opendeskphone/hal"
)

// raw makes the bytes of an input event as a kernel with the given word size would.
func raw(word int, e event) []byte {
	b := make([]byte, 2*word, 2*word+8)
	b = binary.NativeEndian.AppendUint16(b, e.kind)
	b = binary.NativeEndian.AppendUint16(b, e.code)
	return binary.NativeEndian.AppendUint32(b, uint32(e.value))
}

func TestDecodeBothSizes(t *testing.T) {
	want := []event{{evKey, 59, 1}, {evAbs, absX, -5}}
	for _, word := range []int{4, 8} {
		b := append(raw(word, want[0]), raw(word, want[1])...)
		if got := decode(append(b, 1, 2, 3), word); !slices.Equal(got, want) {
			t.Errorf("word size %d: %v", word, got)
		}
	}
}

func TestAxisScale(t *testing.T) {
	for _, c := range []struct {
		a       axis
		v       int32
		n, want int
	}{
		{axis{0, 0x7fff}, 0, 800, 0}, {axis{0, 0x7fff}, 0x7fff, 800, 799}, {axis{0, 0x7fff}, 0x4000, 800, 400},
		{axis{-100, 100}, 0, 200, 99}, {axis{}, 17, 800, 17}, {axis{}, 900, 800, 799},
		{axis{-1 << 31, 1<<31 - 1}, 1<<31 - 1, 480, 479}, {axis{10, 20}, 5, 100, 0},
	} {
		if got := c.a.scale(c.v, c.n); got != c.want {
			t.Errorf("%v of %v on %d pixels is %d, want %d", c.v, c.a, c.n, got, c.want)
		}
	}
}

// touches feeds events and gives the touches that come out.
func touches(t *toucher, events ...event) []hal.Touch {
	var out []hal.Touch
	for _, e := range events {
		if t.take(e) {
			out = append(out, hal.Touch{At: t.at, Pressed: t.down})
		}
	}
	return out
}

func TestTouch(t *testing.T) {
	syn := event{evSyn, synReport, 0}
	down, up := hal.Touch{At: image.Pt(30, 40), Pressed: true}, hal.Touch{At: image.Pt(30, 40)}
	for name, c := range map[string]struct {
		events []event
		want   []hal.Touch
	}{
		"tablet": {[]event{{evAbs, absX, 30}, {evAbs, absY, 40}, {evKey, btnLeft, 1}, syn, {evKey, btnLeft, 0}, syn}, []hal.Touch{down, up}},
		"single": {[]event{{evKey, btnTouch, 1}, {evAbs, absX, 30}, {evAbs, absY, 40}, syn, {evKey, btnTouch, 0}, syn}, []hal.Touch{down, up}},
		"multi": {[]event{{evAbs, absMTTracking, 7}, {evAbs, absMTX, 30}, {evAbs, absMTY, 40}, syn, {evAbs, absMTTracking, -1}, syn},
			[]hal.Touch{down, up}},
		"second finger": {[]event{{evAbs, absMTTracking, 7}, {evAbs, absMTX, 30}, {evAbs, absMTY, 40}, syn,
			{evAbs, absMTSlot, 1}, {evAbs, absMTTracking, 8}, {evAbs, absMTX, 99}, syn, {evAbs, absMTTracking, -1}, syn,
			{evAbs, absMTSlot, 0}, {evAbs, absMTTracking, -1}, syn}, []hal.Touch{down, up}},
		"hover": {[]event{{evAbs, absX, 30}, syn, {evAbs, absY, 40}, syn}, nil},
		"drag": {[]event{{evAbs, absX, 29}, {evAbs, absY, 40}, {evKey, btnTouch, 1}, syn, {evAbs, absX, 30}, syn},
			[]hal.Touch{{At: image.Pt(29, 40), Pressed: true}, down}},
	} {
		if got := touches(&toucher{panel: image.Pt(800, 480)}, c.events...); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func FuzzTouch(f *testing.F) {
	f.Add(append(raw(wordSize, event{evAbs, absX, 70000}), raw(wordSize, event{evSyn, 0, 0})...))
	f.Fuzz(func(t *testing.T, b []byte) {
		panel := image.Rect(0, 0, 800, 480)
		to := &toucher{panel: panel.Max, x: axis{0, 100}, y: axis{-7, 1 << 30}}
		for _, e := range decode(b, wordSize) {
			if to.take(e) && !to.at.In(panel) {
				t.Fatalf("touch at %v", to.at)
			}
		}
	})
}
