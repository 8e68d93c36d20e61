// Package e2e is the end-to-end test: a whole phone on a network of its own, with Kamailio as its
// registrar and baresip and linphonec as its peers. Keys are pressed, speech goes both ways and is
// scored, and the screen is compared with kept pictures after each step; then one thing after the
// other is broken.
//
// The phone is the image in QEMU (make e2e), or the same program on simulated hardware, to debug a
// scenario in seconds (make e2e-twin). Accept new screens with make e2e-golden, after a look.
package e2e
