// Package hal is the device as a page of small interfaces: what a desk phone's hardware can do,
// and nothing about how. hal/linux are the real ones, hal/sim the twin that ships beside them.
package hal

import (
	"context"
	"image"
)

// Key is a key of the phone by its meaning; a board maps its scan codes to these.
type Key uint8

// The keys. KeyNone is no key; a board without a key does not map it.
const (
	KeyNone Key = iota
	Digit0
	Digit1
	Digit2
	Digit3
	Digit4
	Digit5
	Digit6
	Digit7
	Digit8
	Digit9
	Star
	Pound
	Soft1
	Soft2
	Soft3
	Soft4
	Soft5
	Line1
	Line2
	Line3
	Line4
	Line5
	Up
	Down
	Left
	Right
	OK
	Back
	Speaker
	Headset
	Mute
	Hold
	VolumeUp
	VolumeDown
	Hook // handset switch: Pressed means off-hook (handset lifted)
	Jack // headset socket: Pressed means that a headset is plugged in
	keyCount
)

// KeyEvent is one change of a key. Repeats of the kernel's are not delivered.
type KeyEvent struct {
	Key     Key
	Pressed bool
}

// Touch is one touch of the panel in its own pixels.
type Touch struct {
	At      image.Point
	Pressed bool
}

// Lamp is a lamp by its meaning.
type Lamp uint8

// The lamps.
const (
	LampRing    Lamp = iota // the large attention lamp: ringing, voicemail, missed calls
	LampMute                // on the Mute key
	LampSpeaker             // on the Speaker key
	LampHeadset             // on the Headset key
	LampLine1               // on the line keys
	LampLine2
	LampLine3
	LampLine4
	LampLine5
	lampCount
)

// Keys delivers key and touch changes until Close; then both channels are closed.
type Keys interface {
	Keys() <-chan KeyEvent
	Touches() <-chan Touch
	Close() error
}

// Display is a panel of fixed size. Flush shows the damaged part of the picture; the picture is
// the caller's and is not kept.
type Display interface {
	Size() image.Point
	Flush(pic *image.RGBA, damage image.Rectangle) error
	Backlight(percent int) error
	Close() error
}

// Lamps switches lamps; the caller does the blinking. A lamp the board lacks is not an error.
type Lamps interface {
	Set(l Lamp, on bool) error
}

// Sound is one sound card. Exchange blocks until the card has taken spk and filled mic (10 ms each
// at Rate): the card is the clock. After an error the card is gone; Close it and open another.
type Sound interface {
	Rate() int
	Exchange(mic, spk []int16) error
	Close() error
}

// Mixer sets the analogue gains that sit outside the sample path, where the board has them.
type Mixer interface {
	SetPath(path string) error // "handset", "headset", "speaker"
}

// Watchdog restarts the device unless it is fed in time.
type Watchdog interface {
	Feed() error
	Close() error // stops the watchdog
}

// Devices lists what a phone is made of. A nil member is a part this board lacks. OpenSound is a
// function since a sound card may come, go and come back, OpenUSB since the phone's name towards a PC
// may change; one USB is open at a time.
type Devices struct {
	Display   Display
	Keys      Keys
	Lamps     Lamps
	OpenSound func() (Sound, error)
	Cleaned   bool // what its microphone gives is free of echo and noise already
	Mixer     Mixer
	Watchdog  Watchdog
	OpenUSB   func(USBIdentity) (USB, error)
	Sticks    func(context.Context) (<-chan Stick, error) // tells of USB sticks until the context ends; nil: it takes none
}

var keyNames = [keyCount]string{
	KeyNone: "none", Digit0: "0", Digit1: "1", Digit2: "2", Digit3: "3", Digit4: "4", Digit5: "5", Digit6: "6",
	Digit7: "7", Digit8: "8", Digit9: "9", Star: "*", Pound: "#", Soft1: "soft1", Soft2: "soft2", Soft3: "soft3",
	Soft4: "soft4", Soft5: "soft5", Line1: "line1", Line2: "line2", Line3: "line3", Line4: "line4", Line5: "line5",
	Up: "up", Down: "down", Left: "left", Right: "right", OK: "ok", Back: "back", Speaker: "speaker",
	Headset: "headset", Mute: "mute", Hold: "hold", VolumeUp: "volume-up", VolumeDown: "volume-down", Hook: "hook", Jack: "jack",
}

// String gives the key's name, as scripts and the front panel spell it.
func (k Key) String() string {
	if k < keyCount {
		return keyNames[k]
	}
	return "invalid key"
}

// KeyByName finds a key by its name; ok is false for an unknown one.
func KeyByName(name string) (k Key, ok bool) {
	for i, n := range keyNames {
		if n == name {
			return Key(i), true
		}
	}
	return KeyNone, false
}

// Digit gives the character of a dial key, 0 for any other key.
func (k Key) Digit() rune {
	switch {
	case k >= Digit0 && k <= Digit9:
		return rune('0' + k - Digit0)
	case k == Star:
		return '*'
	case k == Pound:
		return '#'
	}
	return 0
}

var lampNames = [lampCount]string{"ring", "mute", "speaker", "headset", "line1", "line2", "line3", "line4", "line5"}

// String gives the lamp's name.
func (l Lamp) String() string {
	if l < lampCount {
		return lampNames[l]
	}
	return "invalid lamp"
}

// LampByName finds a lamp by its name; ok is false for an unknown one.
func LampByName(name string) (l Lamp, ok bool) {
	for i, n := range lampNames {
		if n == name {
			return Lamp(i), true
		}
	}
	return 0, false
}
