package codec

var (
	// PCMA is G.711 A-law.
	PCMA = Codec{Name: "PCMA", PT: 8, Clock: 8000, Channels: 1, PacketMS: 20}
	// PCMU is G.711 µ-law.
	PCMU = Codec{Name: "PCMU", PT: 0, Clock: 8000, Channels: 1, PacketMS: 20}
)
