package usbhid

import (
	"errors"
	"fmt"
)

// ErrReport is a report of another id or length than the descriptor says.
var ErrReport = errors.New("usbhid: not such a report")

// Input is the telephony report the phone sends: what its user wants. HookSwitch and LineBusy are
// levels, the others pulses: a report with the bit set and then one without.
type Input uint16

// Bits of Input.
const (
	HookSwitch Input = 1 << iota
	LineBusy
	PhoneMute
	Flash
	Redial
	SpeedDial
	Reject
	inputBits = 7 + 4 // and the dial key
)

// WithKey gives the report with a dial key pressed: '0' to '9', '*', '#', or 0 for none. Another
// rune is none.
func (i Input) WithKey(key rune) Input {
	i &^= 0xF << 7
	for n, k := range "0123456789*#" {
		if k == key {
			return i | Input(n+firstKeypadValue)<<7
		}
	}
	return i
}

// Key gives the dial key that is pressed, 0 for none.
func (i Input) Key() rune {
	n := int(i >> 7 & 0xF)
	if n < firstKeypadValue || n > lastKeypadValue {
		return 0
	}
	return rune("0123456789*#"[n-firstKeypadValue])
}

// Report gives the octets on the wire.
func (i Input) Report() [TelephonySize]byte {
	return [TelephonySize]byte{TelephonyID, byte(i), byte(i >> 8)}
}

// ParseInput reads what Report has written.
func ParseInput(report []byte) (Input, error) {
	v, err := parse16(report)
	return Input(v & (1<<inputBits - 1)), err
}

// Output is the telephony report a PC sends: the lamps it sets.
type Output uint16

// Bits of Output.
const (
	LEDOffHook Output = 1 << iota
	LEDMute
	LEDRing
	LEDHold
	LEDMicrophone
	LEDOnLine
	Ringer
	LEDMessageWaiting
	LEDSpeaker
	outputBits = iota
)

// Report gives the octets on the wire.
func (o Output) Report() [TelephonySize]byte {
	return [TelephonySize]byte{TelephonyID, byte(o), byte(o >> 8)}
}

// ParseOutput reads what a PC has written; bits without a meaning are dropped.
func ParseOutput(report []byte) (Output, error) {
	v, err := parse16(report)
	return Output(v & (1<<outputBits - 1)), err
}

func parse16(report []byte) (uint16, error) {
	if len(report) != TelephonySize || report[0] != TelephonyID {
		return 0, fmt.Errorf("%w: telephony of %d octets", ErrReport, len(report))
	}
	return uint16(report[1]) | uint16(report[2])<<8, nil
}

// VolumeReport gives the report of the volume keys: which are pressed.
func VolumeReport(up, down bool) [VolumeSize]byte {
	r := [VolumeSize]byte{VolumeID}
	if up {
		r[1] |= 1
	}
	if down {
		r[1] |= 2
	}
	return r
}

// ParseVolume reads what VolumeReport has written.
func ParseVolume(report []byte) (up, down bool, err error) {
	if len(report) != VolumeSize || report[0] != VolumeID {
		return false, false, fmt.Errorf("%w: volume of %d octets", ErrReport, len(report))
	}
	return report[1]&1 != 0, report[1]&2 != 0, nil
}
