package codec

// CNPayloadType is the static payload type of comfort noise at 8 kHz (RFC 3389 §4).
const CNPayloadType = 13
