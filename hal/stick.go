package hal

// How a phone that may not mount disks itself asks the system for USB sticks: it connects to StickSocket. The system looks
// for sticks from then on, and writes a Stick as a line of JSON at once and whenever it changes, until the phone closes the
// connection; then the stick is unmounted.
const StickSocket = "/run/sticks"

// Stick is what is known of the USB stick at the phone.
type Stick struct {
	Dir   string // the phone's folder on it; empty: there is none
	Fault string // why one that is plugged in cannot be used
}
