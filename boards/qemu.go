package boards

import (
	"image"
	"time"

	"opendeskphone/hal"
)

// QEMUArm is the phone in QEMU: `qemu-system-arm -M virt -cpu cortex-a15` with virtio disk,
// network, screen (or QEMU's bochs-display) and keyboard. Its sound card is the kernel's loopback, whose far side soundport
// joins to two virtio ports; its lamps are lines on another one. The loopback has no mixer: that is
// tried on a USB card, which QEMU can plug in. Its USB device port
// is the kernel's USB/IP controller, plugged over the network by usbcable.
var QEMUArm = Board{
	Name:       "qemu-arm",
	Compatible: "linux,dummy-virt",
	Kernel:     "linux-image-armmp-lpae",
	Cmdline:    "console=ttyAMA0 quiet panic=5 vt.global_cursor_default=0",
	Modules: Modules{
		Boot:  []string{"virtio_pci", "virtio_blk", "squashfs", "ext4"},
		Net:   []string{"virtio_net", "8021q"},
		Panel: []string{"virtio_gpu", "bochs", "virtio_input", "evdev", "virtio_console"},
		Sound: []string{"snd_aloop pcm_substreams=1"},
		Plug:  []string{"xhci_pci", "snd_usb_audio"},
		USB:   []string{"libcomposite", "usb_f_hid", "usb_f_uac1", "usb_f_uac2", "usbip_vudc"},
		Stick: []string{"usb_storage", "sd_mod", "nls_cp437", "nls_ascii", "vfat", "exfat"},
	},
	Root:    "/dev/vda",
	Data:    "/dev/vdb",
	NIC:     "eth0",
	Helpers: []string{"soundport", "usbcable"},
	// The number of pid.codes for trials: nobody's product, never to be sold.
	USB: USB{UDC: "usbip-vudc.0", Vendor: 0x1209, Product: 0x0001, Maker: "Open Desk Phone", Name: "Open Desk Phone",
		Own: []string{"/sys/devices/platform/usbip-vudc.0/usbip_sockfd"}},
	Display: Display{Card: "/dev/dri/card0", Framebuffer: "/dev/fb0", Size: image.Pt(800, 480)},
	Keys:    qemuKeys,
	// The kernel tells of a sound card's jack by a switch for each thing that a plug may be: SW_HEADPHONE_INSERT,
	// SW_MICROPHONE_INSERT, SW_LINEOUT_INSERT.
	Switches: map[uint16]hal.Key{2: hal.Jack, 4: hal.Jack, 6: hal.Jack},
	Touch:    true,
	Lamps:    Lamps{VirtioPort: "org.opendeskphone.lamps"},
	Sound: Sound{Speaker: "hw:CARD=Loopback,DEV=1", Microphone: "hw:CARD=Loopback,DEV=1", Rate: 48000,
		Period: 20 * time.Millisecond, Periods: 5, Reserve: 20 * time.Millisecond,
		Cleaned: true, // the microphone is the browser's, which cancels the echo of its own loudspeaker
		Mixer:   Mixer{Card: "Audio", Paths: map[string]map[string]int{"handset": qemuLoud, "headset": qemuLoud, "speaker": qemuLoud}}},
}

// qemuLoud passes samples on as they are. QEMU's USB card has one loudspeaker for all paths and starts
// half a decibel below that.
var qemuLoud = map[string]int{
	"Audio Output Volume Control Playback Switch": On,
	"Audio Output Volume Control Playback Volume": Full,
}

// qemuKeys are Linux key codes (input-event-codes.h): what a PC keyboard can press.
var qemuKeys = map[uint16]hal.Key{
	2: hal.Digit1, 3: hal.Digit2, 4: hal.Digit3, 5: hal.Digit4, 6: hal.Digit5,
	7: hal.Digit6, 8: hal.Digit7, 9: hal.Digit8, 10: hal.Digit9, 11: hal.Digit0,
	79: hal.Digit1, 80: hal.Digit2, 81: hal.Digit3, 75: hal.Digit4, 76: hal.Digit5, // keypad
	77: hal.Digit6, 71: hal.Digit7, 72: hal.Digit8, 73: hal.Digit9, 82: hal.Digit0,
	55: hal.Star, 98: hal.Pound, // keypad * and /
	59: hal.Soft1, 60: hal.Soft2, 61: hal.Soft3, 62: hal.Soft4, 63: hal.Soft5, // F1-F5
	64: hal.Line1, 65: hal.Line2, 66: hal.Line3, 67: hal.Line4, 68: hal.Line5, // F6-F10
	103: hal.Up, 108: hal.Down, 105: hal.Left, 106: hal.Right,
	28: hal.OK, 96: hal.OK, // Enter, keypad Enter
	1: hal.Back, 14: hal.Back, // Esc, Backspace
	31: hal.Speaker, 35: hal.Headset, 50: hal.Mute, 25: hal.Hold, // s h m p
	13: hal.VolumeUp, 78: hal.VolumeUp, 115: hal.VolumeUp, // = keypad+ volume-up
	12: hal.VolumeDown, 74: hal.VolumeDown, 114: hal.VolumeDown, // - keypad- volume-down
	113: hal.Mute,
	88:  hal.Hook, // F12 held down: the handset is lifted
	87:  hal.Jack, // F11 held down: a headset is plugged in
}
