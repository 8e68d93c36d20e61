package media

import "testing"

func TestProtocolsOnOnePort(t *testing.T) {
	for _, c := range []struct {
		packet []byte
		want   protocol
	}{
		{nil, unknownProtocol},
		{[]byte{0x80}, unknownProtocol},
		{[]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, stunProtocol},
		{[]byte{1, 1}, stunProtocol},
		{[]byte{4, 0}, unknownProtocol},
		{[]byte{20, 254}, dtlsProtocol},
		{[]byte{22, 254}, dtlsProtocol},
		{[]byte{63, 0}, dtlsProtocol},
		{[]byte{64, 0}, unknownProtocol}, // a TURN channel: those end at the agent
		{[]byte{0x80, 0}, rtpProtocol},
		{[]byte{0x80, 0x80 | 63}, rtpProtocol},
		{[]byte{0x80, 200}, rtcpProtocol},
		{[]byte{0x81, 207}, rtcpProtocol},
		{[]byte{0x80, 191}, rtpProtocol},
		{[]byte{0x80, 224}, rtpProtocol},
		{[]byte{192, 200}, unknownProtocol},
	} {
		if got := protocolOf(c.packet); got != c.want {
			t.Errorf("%x is %d, want %d", c.packet, got, c.want)
		}
	}
}
