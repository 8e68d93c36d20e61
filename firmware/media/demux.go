package media

// protocol is what a packet on a port of media belongs to.
type protocol uint8

const (
	unknownProtocol protocol = iota
	stunProtocol             // connectivity checks and consent (RFC 8489)
	dtlsProtocol             // the handshake that makes SRTP's keys (RFC 5764)
	rtpProtocol
	rtcpProtocol
)

// protocolOf tells the protocols that share a port apart by the first byte (RFC 7983 §7), and RTCP from
// RTP by the second (RFC 5761 §4).
func protocolOf(b []byte) protocol {
	if len(b) < 2 {
		return unknownProtocol
	}
	switch first := b[0]; {
	case first <= 3:
		return stunProtocol
	case first >= 20 && first <= 63:
		return dtlsProtocol
	case first >= 128 && first <= 191 && b[1] >= 192 && b[1] <= 223:
		return rtcpProtocol
	case first >= 128 && first <= 191:
		return rtpProtocol
	}
	return unknownProtocol
}
