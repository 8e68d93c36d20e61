// Package usbhid is what the phone and a PC say to each other over USB as human interface device:
// the three report descriptors, the reports they describe, and a strict parser of descriptors that
// tests measure both with. It is pure: no I/O, no clock.
//
// The phone has three HID interfaces, kept apart because each has another reader on the PC: the
// telephony interface (softphones), the volume keys (the operating system) and the pairing channel
// (the phone's own PC program).
package usbhid

// Usage pages (USB HID Usage Tables 1.4 section 3).
const (
	PageLED       = 0x08
	PageButton    = 0x09
	PageTelephony = 0x0B
	PageConsumer  = 0x0C
	PagePairing   = 0xFF58 // vendor defined: ours
)

// Usages of the telephony page (HUT 1.4 section 14), as top level or as control.
const (
	UsagePhone       = 0x01
	UsageHeadset     = 0x05
	UsageKeyPad      = 0x06
	UsageHookSwitch  = 0x20
	UsageFlash       = 0x21
	UsageRedial      = 0x24
	UsagePhoneMute   = 0x2F
	UsageSpeedDial   = 0x50
	UsageLineBusy    = 0x97
	UsageRinger      = 0x9E
	UsageKey0        = 0xB0
	UsageKeyPound    = 0xBB
	UsageReject      = 0x07 // button page: softphones reject a ringing call on it
	UsagePairing     = 0x01 // pairing page
	UsageControls    = 0x01 // consumer page: Consumer Control
	UsageVolumeUp    = 0xE9 // consumer page
	UsageVolumeDown  = 0xEA // consumer page
	UsageLEDMute     = 0x09 // LED page, as the following
	UsageLEDOffHook  = 0x17
	UsageLEDRing     = 0x18
	UsageLEDMessage  = 0x19
	UsageLEDSpeaker  = 0x1E
	UsageLEDHold     = 0x20
	UsageLEDMic      = 0x21
	UsageLEDOnLine   = 0x2A
	firstKeypadValue = 1
	lastKeypadValue  = 12
)

// Report ids.
const (
	TelephonyID = 0x02
	VolumeID    = 0x01
	PairingID   = 0x50
)

// Sizes of whole reports in octets, their id included; both directions where there are two.
const (
	TelephonySize = 3
	VolumeSize    = 2
	PairingSize   = 64
)

// TelephonyDescriptor gives the report descriptor of the telephony interface, 114 octets, in the
// layout that shipped headsets have and softphones know by heart. top is the usage of its
// collection: UsageHeadset, which most programs look for, or UsagePhone.
func TelephonyDescriptor(top byte) []byte {
	return []byte{
		0x05, PageTelephony, 0x09, top, 0xA1, 0x01, // a collection of the telephony page
		0x85, TelephonyID, 0x15, 0, 0x25, 1, 0x75, 1,
		// In, two toggle switches: their level counts (absolute, no preferred state).
		0x09, UsageHookSwitch, 0x09, UsageLineBusy, 0x95, 2, 0x81, 0x22,
		// Four toggle buttons: pulses count (relative).
		0x09, UsagePhoneMute, 0x09, UsageFlash, 0x09, UsageRedial, 0x09, UsageSpeedDial, 0x95, 4, 0x81, 0x06,
		0x05, PageButton, 0x09, UsageReject, 0x95, 1, 0x81, 0x06,
		// The dial keys as one number, 0 for none.
		0x05, PageTelephony, 0x09, UsageKeyPad, 0xA1, 0x02, 0x19, UsageKey0, 0x29, UsageKeyPound,
		0x15, firstKeypadValue, 0x25, lastKeypadValue, 0x75, 4, 0x95, 1, 0x81, 0x40, 0xC0,
		0x15, 0, 0x25, 1, 0x75, 1, 0x95, 5, 0x81, 0x03,
		// Out, the host's lamps.
		0x05, PageLED, 0x09, UsageLEDOffHook, 0x09, UsageLEDMute, 0x09, UsageLEDRing, 0x09, UsageLEDHold,
		0x09, UsageLEDMic, 0x09, UsageLEDOnLine, 0x95, 6, 0x91, 0x22,
		0x05, PageTelephony, 0x09, UsageRinger, 0x95, 1, 0x91, 0x22,
		0x05, PageLED, 0x09, UsageLEDMessage, 0x09, UsageLEDSpeaker, 0x95, 2, 0x91, 0x22,
		0x95, 7, 0x91, 0x03, 0xC0,
	}
}

// VolumeDescriptor gives the report descriptor of the volume keys. They have an interface of their
// own: beside telephony, an operating system would take the phone's mute key for a keyboard's.
func VolumeDescriptor() []byte {
	return []byte{
		0x05, PageConsumer, 0x09, UsageControls, 0xA1, 0x01,
		0x85, VolumeID, 0x15, 0, 0x25, 1, 0x75, 1,
		0x09, UsageVolumeUp, 0x09, UsageVolumeDown, 0x95, 2, 0x81, 0x02,
		0x95, 6, 0x81, 0x03, 0xC0,
	}
}

// PairingDescriptor gives the report descriptor of the pairing channel, 29 octets: reports of 63
// octets of data each way.
func PairingDescriptor() []byte {
	return []byte{
		0x06, PagePairing & 0xFF, PagePairing >> 8, 0x09, UsagePairing, 0xA1, 0x01,
		0x85, PairingID, 0x15, 0, 0x26, 0xFF, 0x00, 0x75, 8,
		0x95, PairingSize - 1, 0x09, 0x02, 0x81, 0x02,
		0x95, PairingSize - 1, 0x09, 0x03, 0x91, 0x02, 0xC0,
	}
}
