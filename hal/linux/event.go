package linux

import (
	"encoding/binary"
	"image"
	"unsafe"
)

// Of linux/input-event-codes.h.
const (
	evSyn = 0x00
	evKey = 0x01
	evAbs = 0x03
	evSw  = 0x05

	synReport = 0

	btnLeft  = 0x110 // of a tablet or mouse
	btnTouch = 0x14a

	absX          = 0x00
	absY          = 0x01
	absMTSlot     = 0x2f
	absMTX        = 0x35
	absMTY        = 0x36
	absMTTracking = 0x39
)

// event is a kernel input event without its time.
type event struct {
	kind, code uint16
	value      int32
}

// wordSize is the size of the kernel's long in bytes. The two that lead an input_event hold its
// time, so that an event is 16 bytes on a 32-bit and 24 on a 64-bit machine, whatever time_t is.
const wordSize = int(unsafe.Sizeof(uintptr(0)))

// decode gives the events in b, which holds whole ones; what is left over is dropped.
func decode(b []byte, word int) []event {
	var out []event
	for size := 2*word + 8; len(b) >= size; b = b[size:] {
		e := b[2*word:]
		out = append(out, event{binary.NativeEndian.Uint16(e), binary.NativeEndian.Uint16(e[2:]),
			int32(binary.NativeEndian.Uint32(e[4:]))})
	}
	return out
}

// axis is the range of an absolute axis as the device reports it.
type axis struct{ min, max int32 }

// scale maps a device's value to a panel of n pixels.
func (a axis) scale(v int32, n int) int {
	span := int64(a.max) - int64(a.min)
	if span <= 0 {
		return min(max(int(v), 0), n-1)
	}
	return int(min(max((int64(v)-int64(a.min))*int64(n)/(span+1), 0), int64(n-1)))
}

// toucher joins the events of a touch panel into touches. Only the first finger counts. It takes
// the protocols of single-touch panels, multi-touch panels (type B) and tablets.
type toucher struct {
	x, y   axis
	panel  image.Point
	at     image.Point
	down   bool
	slot   int32
	change bool
}

// take takes one event and says whether a touch is complete: at and down are then valid.
func (t *toucher) take(e event) bool {
	switch {
	case e.kind == evSyn && e.code == synReport:
		done := t.change
		t.change = false
		return done
	case e.kind == evKey && (e.code == btnTouch || e.code == btnLeft):
		t.press(e.value == 1)
	case e.kind != evAbs:
	case e.code == absMTSlot:
		t.slot = e.value
	case t.slot != 0 && e.code >= absMTX:
		// another finger
	case e.code == absX || e.code == absMTX:
		t.move(t.x.scale(e.value, t.panel.X), t.at.Y)
	case e.code == absY || e.code == absMTY:
		t.move(t.at.X, t.y.scale(e.value, t.panel.Y))
	case e.code == absMTTracking:
		t.press(e.value >= 0)
	}
	return false
}

func (t *toucher) press(down bool) {
	t.change = t.change || down != t.down
	t.down = down
}

// move notes a new place; a place without a touch is no change, only where the next one will be.
func (t *toucher) move(x, y int) {
	if p := image.Pt(x, y); p != t.at {
		t.at = p
		t.change = t.change || t.down
	}
}
