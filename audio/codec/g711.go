package codec

import "math/bits"

var (
	// PCMA is G.711 A-law.
	PCMA = Codec{Name: "PCMA", PT: 8, Clock: 8000, Channels: 1, PacketMS: 20, New: newG711(alawByte, &alawLevel)}
	// PCMU is G.711 µ-law.
	PCMU = Codec{Name: "PCMU", PT: 0, Clock: 8000, Channels: 1, PacketMS: 20, New: newG711(ulawByte, &ulawLevel)}
)

// Levels of the 256 code words in 16-bit samples (G.711 tables 1 and 2 give them in 13 and 14 bits).
var (
	alawLevel = table(ALaw)
	ulawLevel = table(ULaw)
)

func table(f func(byte) int16) (t [256]int16) {
	for i := range t {
		t[i] = f(byte(i))
	}
	return t
}

func newG711(compress func(int16) byte, level *[256]int16) func() (Encoder, Decoder, error) {
	pack := func(dst []byte, pcm []int16) []byte {
		for _, v := range pcm {
			dst = append(dst, compress(v))
		}
		return dst
	}
	unpack := func(dst []int16, payload []byte) {
		for i, b := range payload {
			dst[i] = level[b]
		}
	}
	return func() (Encoder, Decoder, error) {
		return newWaveEncoder(8000, pack), newWaveDecoder(8000, 80, unpack, nil), nil
	}
}

// A code word is sign, three bits of segment and four of step within it. Even bits of A-law and all
// bits of µ-law are inverted on the line, so that silence has many ones.
const (
	alawMask = 0x55
	ulawMask = 0xFF
	ulawBias = 33 // G.711: the segments of µ-law begin at 31, 95, 223...; with 33 added at powers of two
)

// ALaw is the level of a code word of the A-law, in 16 bits.
func ALaw(b byte) int16 {
	b ^= alawMask
	segment, v := b>>4&7, int16(b&0x0F)<<1|1 // the middle of the step, in 13 bits
	if segment > 0 {
		v = (v + 32) << (segment - 1)
	}
	if v <<= 3; b&0x80 == 0 {
		return -v
	}
	return v
}

// alawByte finds the step that v falls into: G.711 gives the positive ones a sign bit of 1.
func alawByte(v int16) byte {
	b := byte(0x80)
	if v < 0 {
		b, v = 0, ^v
	}
	v >>= 4 // 11 bits of magnitude in steps of the lowest segment
	segment := max(bits.Len16(uint16(v)), 4) - 4
	step := v
	if segment > 1 {
		step >>= segment - 1
	}
	return (b | byte(segment)<<4 | byte(step&0x0F)) ^ alawMask
}

// ULaw is the level of a code word of the µ-law, in 16 bits.
func ULaw(b byte) int16 {
	b ^= ulawMask
	v := (int16(b&0x0F)<<1+ulawBias)<<(b>>4&7) - ulawBias
	if v <<= 2; b&0x80 != 0 {
		return -v
	}
	return v
}

func ulawByte(v int16) byte {
	b := byte(0)
	if v < 0 {
		b, v = 0x80, ^v
	}
	m := min(v>>2+ulawBias, 0x1FFF)
	segment := bits.Len16(uint16(m)) - 6
	return (b | byte(segment)<<4 | byte(m>>(segment+1)&0x0F)) ^ ulawMask
}
