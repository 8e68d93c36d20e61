package qemu

import (
	"fmt"
	"image"

	"opendeskphone/boards"
	"opendeskphone/hal"
)

// qcode is a key of QEMU's keyboard and the Linux key code that the guest sees for it.
type qcode struct {
	name string
	code uint16
}

// qcodes are the keys of boards.QEMUArm as QEMU names them.
var qcodes = map[hal.Key]qcode{
	hal.Digit0: {"0", 11}, hal.Digit1: {"1", 2}, hal.Digit2: {"2", 3}, hal.Digit3: {"3", 4}, hal.Digit4: {"4", 5},
	hal.Digit5: {"5", 6}, hal.Digit6: {"6", 7}, hal.Digit7: {"7", 8}, hal.Digit8: {"8", 9}, hal.Digit9: {"9", 10},
	hal.Star: {"kp_multiply", 55}, hal.Pound: {"kp_divide", 98},
	hal.Soft1: {"f1", 59}, hal.Soft2: {"f2", 60}, hal.Soft3: {"f3", 61}, hal.Soft4: {"f4", 62}, hal.Soft5: {"f5", 63},
	hal.Line1: {"f6", 64}, hal.Line2: {"f7", 65}, hal.Line3: {"f8", 66}, hal.Line4: {"f9", 67}, hal.Line5: {"f10", 68},
	hal.Up: {"up", 103}, hal.Down: {"down", 108}, hal.Left: {"left", 105}, hal.Right: {"right", 106},
	hal.OK: {"ret", 28}, hal.Back: {"esc", 1},
	hal.Speaker: {"s", 31}, hal.Headset: {"h", 35}, hal.Mute: {"m", 50}, hal.Hold: {"p", 25},
	hal.VolumeUp: {"equal", 13}, hal.VolumeDown: {"minus", 12}, hal.Hook: {"f12", 88}, hal.Jack: {"f11", 87},
}

// Key presses (down) or lets go of a key. hal.Hook down is the lifted handset, hal.Jack down a headset plugged in.
func (m *Machine) Key(k hal.Key, down bool) error {
	q, ok := qcodes[k]
	if !ok {
		return fmt.Errorf("qemu: the board has no key %v", k)
	}
	return m.input(event("key", map[string]any{"down": down, "key": map[string]any{"type": "qcode", "data": q.name}}))
}

// Press presses a key and lets it go.
func (m *Machine) Press(keys ...hal.Key) error {
	for _, k := range keys {
		if err := m.Key(k, true); err != nil {
			return err
		}
		if err := m.Key(k, false); err != nil {
			return err
		}
	}
	return nil
}

// Touch touches the panel at a point in its pixels, or lets it go.
func (m *Machine) Touch(at image.Point, down bool) error {
	const full = 0x7fff // the range of QEMU's absolute axes
	size := boards.QEMUArm.Display.Size
	scale := func(v, n int) int { return min(max((v*2+1)*(full+1)/(2*n), 0), full) }
	return m.input(
		event("abs", map[string]any{"axis": "x", "value": scale(at.X, size.X)}),
		event("abs", map[string]any{"axis": "y", "value": scale(at.Y, size.Y)}),
		event("btn", map[string]any{"button": "left", "down": down}))
}

func event(kind string, data map[string]any) map[string]any {
	return map[string]any{"type": kind, "data": data}
}

func (m *Machine) input(events ...map[string]any) error {
	return m.qmp.do("input-send-event", map[string]any{"events": events})
}
