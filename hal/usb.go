package hal

import (
	"context"
	"errors"
	"io"
)

// USB is the phone's USB device port while the phone is there for a PC to see: a composite device
// of sound card, telephony, volume keys and pairing channel.
type USB interface {
	// Watch delivers the status at once and after every change until ctx ends; then the channel
	// closes. A slow reader gets the newest status alone, see USBStatus.Plug.
	Watch(ctx context.Context) <-chan USBStatus
	// Now gives the status as of now, which is as new as the last report that was read: whoever asks
	// for it after a Read learns in which plug-in the report came at the earliest.
	Now() USBStatus
	// Reports opens one HID interface, which one holder has at a time. It stays good over unplugging.
	// Read gives one whole report, its id included, and waits until a host has sent one; what a host
	// sent before it was unplugged is lost. Write takes one whole report, its id included: with no
	// host it gives ErrNoHost, and ErrNotTaken when a second (USBPairing: three) has passed and the host has not even
	// taken the report before, as is when no program there reads. After Close both give io.EOF.
	Reports(f USBFunction) (io.ReadWriteCloser, error)
	// OpenSound opens the host's playback as microphone and the host's recording as speaker, as far
	// as the host streams them: the other is silent. ErrNoStream while it streams neither. The
	// card's Exchange errs when what the host streams has changed; open it again then.
	OpenSound() (Sound, error)
	// Close takes the phone away from the host.
	Close() error
}

// What may be wrong with a host.
var (
	ErrNoHost   = errors.New("hal: no USB host")
	ErrNotTaken = errors.New("hal: the USB host takes no reports")
	ErrNoStream = errors.New("hal: the USB host streams no sound")
)

// USBFunction is one HID interface.
type USBFunction uint8

// The HID interfaces. Their reports are described in package usbhid.
const (
	USBTelephony USBFunction = iota // reports of 3 octets both ways; of a host's the newest alone is kept
	USBVolume                       // reports of 2 octets to the host
	USBPairing                      // reports of 64 octets both ways, none is lost
	USBFunctions
)

// USBState is how far a host has come with the phone.
type USBState uint8

// The states.
const (
	USBUnplugged  USBState = iota // no host, or one that has not configured the phone
	USBConfigured                 // in use
	USBSuspended                  // the host sleeps; it has power and comes back
)

// USBStatus is what the host makes of the phone.
type USBStatus struct {
	State USBState
	// Plug counts how often a host has configured the phone. A new number is a new plug-in, even if
	// the time without cable was too short to be seen as USBUnplugged.
	Plug uint64
	// Plays and Records tell that the host sends sound and takes sound; Rate is that sound's, in Hz,
	// 0 without.
	Plays, Records bool
	Rate           int
	// Volume is where the host has set the phone as its loudspeaker, 0 to 100; Muted and MicMuted
	// are its switches of loudspeaker and microphone.
	Volume          int
	Muted, MicMuted bool
}

// USBIdentity is how the phone introduces itself to a host.
type USBIdentity struct {
	Serial  string // the device id in hexadecimal; a PC keeps its settings by it
	Product string // name of the device and of its sound card, at most 30 octets
	UAC2    bool   // USB Audio 2.0 in place of 1.0
	// Vendor and ProductID are USB's numbers; 0 means the board's.
	Vendor, ProductID uint16
}

var usbFunctionNames = [USBFunctions]string{"telephony", "volume", "pairing"}

// String gives the function's name.
func (f USBFunction) String() string {
	if f < USBFunctions {
		return usbFunctionNames[f]
	}
	return "invalid USB function"
}

var usbStateNames = [...]string{"unplugged", "configured", "suspended"}

// String gives the state's name.
func (s USBState) String() string {
	if int(s) < len(usbStateNames) {
		return usbStateNames[s]
	}
	return "invalid USB state"
}
