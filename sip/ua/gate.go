package ua

import (
	"strings"

	"opendeskphone/sip/stack"
)

// Gate is what the network lets through of the sound before the answer (P-Early-Media, RFC 5009).
type Gate uint8

// The gates. Unsaid is a network that does not know the header, or says the same as before.
const (
	GateUnsaid   Gate = iota
	GateOpen          // both ways
	GateBackward      // theirs to us alone: ours is not heard
	GateForward       // ours alone
	GateShut
)

var gates = map[string]Gate{"sendrecv": GateOpen, "sendonly": GateBackward, "recvonly": GateForward, "inactive": GateShut}

// gateOf reads the gate of a provisional response: the first direction it names (RFC 5009 §8).
func gateOf(res *stack.Response) Gate {
	for _, h := range res.GetHeaders("P-Early-Media") {
		for v := range strings.SplitSeq(h.Value(), ",") {
			v, _, _ = strings.Cut(v, ";")
			if g, ok := gates[strings.ToLower(strings.TrimSpace(v))]; ok {
				return g
			}
		}
	}
	return GateUnsaid
}
