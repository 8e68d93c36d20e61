package codec

// G722 is ITU-T G.722 at 64 kbit/s. Its RTP clock is 8000 Hz though it samples at 16 kHz (RFC 3551 §4.5.2).
var G722 = Codec{Name: "G722", PT: 9, Clock: 8000, Channels: 1, PacketMS: 20}
