package codec

// L16 is uncompressed 16-bit sound at 16 kHz (RFC 3551 §4.5.11), for tests and wired studios.
var L16 = Codec{Name: "L16", PT: 107, Clock: 16000, Channels: 1, PacketMS: 10}
