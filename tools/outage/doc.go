// Package outage takes things away from a phone that works: one of its two servers, the network cable, its
// address. It measures how long it takes until all is well again, on a network of its own with two Kamailio
// that the DNS names in order and a baresip behind each. Its tests hold the times; the bench writes them down.
package outage
