package codec

import "encoding/binary"

// L16 is uncompressed 16-bit sound at 16 kHz (RFC 3551 §4.5.11): for measuring, and for networks
// where 280 kbit/s do not matter.
var L16 = Codec{Name: "L16", PT: 107, Clock: 16000, Channels: 1, PacketMS: 20, New: newL16}

func newL16() (Encoder, Decoder, error) {
	pack := func(dst []byte, pcm []int16) []byte {
		for _, v := range pcm {
			dst = binary.BigEndian.AppendUint16(dst, uint16(v))
		}
		return dst
	}
	unpack := func(dst []int16, payload []byte) {
		for i := range dst {
			dst[i] = int16(binary.BigEndian.Uint16(payload[2*i:]))
		}
	}
	return newWaveEncoder(16000, pack), newWaveDecoder(16000, 320, unpack, nil), nil
}
