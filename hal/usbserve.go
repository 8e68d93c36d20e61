package hal

// How a phone that may not make gadgets itself asks the system for its USB port: it connects to
// USBSocket and sends a USBIdentity as a line of JSON. The system answers with a line of JSON, a
// USBAnswer. The port is there until the phone closes the connection; the system does so in turn
// when all is removed.
const USBSocket = "/run/usb"

// USBAnswer is what becomes of a wish for a USB port.
type USBAnswer struct {
	Fault string // why there is none; empty if there is one
	Dir   string // the gadget's folder in configfs
}
