// Package lab is the laboratory of the end-to-end tests and of the figures: private network
// namespaces, real peers from Debian (Kamailio, baresip, linphonec, sipp) driven by program, speech
// to feed them, and the measures that say what was heard and when.
//
//	Namespace   a network of its own; every process in it ends with it
//	Kamailio    registrar and proxy with digest, TLS, forking
//	Baresip     a soft phone driven over its control port
//	Linphonec   a second make of soft phone, driven over its command line
//	RunSIPp     one sipp scenario
//	Speech      sentences spoken by espeak-ng, the same on every run
//	Score       a reference searched in a recording: delay, correlation, level, loss
//	Capture     what went over the wire, with the kernel's time stamps
//	Golden      screenshots against kept pictures, with masks
//
// Nothing here knows the testing package: every part returns errors, so tests and tools/bench use
// the same code. A missing tool or missing rights is an error that says what to install, never a
// silent pass. Peers never see the host's network: they run inside a Namespace only.
package lab
