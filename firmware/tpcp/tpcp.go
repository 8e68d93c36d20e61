// Package tpcp is the call control protocol between the phone and a paired computer, both ends of it, so
// that they cannot drift apart: the frames and objects on the wire, the phone's Server, the computer's
// Client. docs/TPCP.md is the public description; whatever is said there is true here.
//
//	controller --> Client == TLS 1.3, both ends pinned ==> Server -- Do(command) --> phone.Control
//	                      <== notifications, numbered ===         <- Watch(after) --
//
// The phone alone owns its calls. A control leg that breaks changes nothing in any call; it comes back,
// opens a session with the number of the last notification it saw, and gets what it missed.
package tpcp

import "time"

// The protocol's name: in hello, and as the TLS application protocol (ALPN).
const (
	Proto = "tpcp/1"
	Minor = 0
)

// DefaultPort is where a phone listens.
const DefaultPort = 5588

// Limits of the protocol.
const (
	MaxFrame = 65536 // bytes of one frame without its length
	MaxLegs  = 4     // control legs with an open session
	ringLen  = 256   // notifications kept for resume
	queueLen = 256   // frames that may wait for a slow reader
	maxText  = 256   // bytes of one text in an object
	maxID    = 64    // bytes of an identifier
	maxNote  = 512   // bytes of a note
	maxEnded = 64    // calls that ended and are remembered
)

// Times of the protocol.
const (
	HelloTime    = 3 * time.Second  // from the end of the TLS handshake to hello
	openTime     = 10 * time.Second // from hello to session.open
	pingTime     = 15 * time.Second // an idle leg is pinged after
	deadTime     = 40 * time.Second // a silent leg is dead after
	idemTime     = 10 * time.Minute // results are remembered for a repeated request
	endedTime    = 60 * time.Second // a call that ended is remembered
	detachedTime = 12 * time.Hour   // rights outlive the cable
	keyTime      = 30 * time.Millisecond
)
