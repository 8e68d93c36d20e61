// Package boards is data: one literal for each piece of hardware the firmware runs on, and no
// behaviour. All boards are in every binary; the device tree's compatible string chooses one.
package boards

import (
	"image"
	"math"
	"slices"
	"time"

	"opendeskphone/hal"
)

// Board is everything the firmware must know about one piece of hardware.
type Board struct {
	Name       string // as in `make image BOARD=name`; also the folder below boards/
	Compatible string // root "compatible" string of the device tree
	Kernel     string // Debian kernel package, without its version
	Cmdline    string // kernel command line of the release image

	Modules Modules
	Root    string // block device of the read-only system image (squashfs)
	Data    string // block device of the data partition (ext4)
	NIC     string // Ethernet interface
	Helpers []string

	Display  Display
	Keys     map[uint16]hal.Key // evdev EV_KEY codes; several codes may mean one key
	Switches map[uint16]hal.Key // evdev EV_SW codes, e.g. a hook switch the kernel knows as a switch
	Touch    bool               // a touch panel is there
	Lamps    Lamps
	Hook     GPIO // hook switch on a GPIO line; the zero value if it comes as a key
	Sound    Sound
	Watchdog string // watchdog device, "" if the board has none
	USB      USB    // device port, the zero value if the board has none
}

// Modules are the kernel modules a board needs, without their dependencies, in the order in which
// the phone needs them: each group is loaded before the next, so that the system disk does not
// wait for the sound card.
type Modules struct {
	Boot  []string // system disk and data partition
	Net   []string // Ethernet
	Panel []string // display and keys
	Sound []string // sound cards
	Plug  []string // what may be plugged into a USB host port; loaded when nobody else wants the processor
	USB   []string // the USB device port; loaded when the phone asks for it, after all that calls need
	Stick []string // USB sticks and their file systems; loaded when the phone asks for them
}

// Groups lists the groups in loading order under the names the image uses.
func (m Modules) Groups() []ModuleGroup {
	return []ModuleGroup{{"boot", m.Boot, true}, {"net", m.Net, true}, {"panel", m.Panel, true},
		{"sound", m.Sound, false}, {"plug", m.Plug, false}, {"usb", m.USB, false}, {"stick", m.Stick, false}}
}

// ModuleGroup is one named group of modules.
type ModuleGroup struct {
	Name    string
	Modules []string // "name" or "name parameter=value ..."
	Early   bool     // loaded before the phone starts: it is in the initramfs. The others lie on the system disk
}

// Display says where the panel is and how large it is.
type Display struct {
	Card        string      // DRM device
	Framebuffer string      // fbdev device, taken when there is no usable Card
	Size        image.Point // the mode to ask for, in pixels
	Backlight   string      // folder name below /sys/class/backlight, "" if it has none
}

// Lamps says how the lamps are driven; the three ways may be mixed.
type Lamps struct {
	LED        map[hal.Lamp]string // folder names below /sys/class/leds
	Line       map[hal.Lamp]GPIO
	VirtioPort string // virtio-serial port that takes one line a change (emulated boards)
}

// GPIO is a line of a GPIO chip.
type GPIO struct {
	Chip      string // character device name, e.g. "gpiochip0"; "" means no line
	Line      int    // offset on the chip
	ActiveLow bool
}

// Sound says which ALSA devices are the phone's speaker and microphone.
type Sound struct {
	Speaker    string        // ALSA playback PCM
	Microphone string        // ALSA capture PCM
	Rate       int           // Hz
	Period     time.Duration // what the card moves at once; emulated cards need longer ones
	Periods    int           // periods its buffer holds
	Reserve    time.Duration // of the microphone's sound, against cards that do not keep their time
	Cleaned    bool          // what the microphone gives is free of echo and noise already: it is not cleaned again
	Mixer      Mixer
}

// Mixer says how a card's own switches and volumes must stand for each path of the voice. The zero
// value leaves them as the kernel set them.
type Mixer struct {
	Card  string                    // ALSA card id
	Paths map[string]map[string]int // "handset", "headset", "speaker" -> control by its ALSA name -> value
}

// USB says how the phone is seen by a PC at its USB device port.
type USB struct {
	UDC string // controller, a folder name below /sys/class/udc; "" means the machine's only one
	// Vendor and Product are USB's numbers of this hardware, its maker's own. 0 means that there is no
	// device port.
	Vendor, Product uint16
	Maker, Name     string   // at most 30 ASCII characters each; the name is also the sound card's
	Phone           bool     // programs shall see a phone rather than a headset; most look for a headset
	Own             []string // files below /sys that the board's helpers write
}

// Values of controls. Others are in the control's own steps, or the number of an enumeration's item.
const (
	Off  = 0
	On   = 1
	Full = math.MaxInt32 // the control's greatest value
)

// All are the boards the firmware knows.
var All = []*Board{&QEMUArm}

// ByCompatible finds the board for the compatible strings of a device tree, most specific first;
// nil if none is known.
func ByCompatible(compatible ...string) *Board {
	for _, c := range compatible {
		for _, b := range All {
			if b.Compatible == c {
				return b
			}
		}
	}
	return nil
}

// ByName finds a board by its name, nil if there is none.
func ByName(name string) *Board {
	i := slices.IndexFunc(All, func(b *Board) bool { return b.Name == name })
	if i < 0 {
		return nil
	}
	return All[i]
}
