// Package opus puts libopus behind the codec table. It is one of the three packages that use cgo.
package opus

import "opendeskphone/audio/codec"

// Codec offers Opus (RFC 6716, RFC 7587): mono speech at 24..32 kbit/s with FEC that follows the reported loss.
var Codec = codec.Codec{Name: "opus", PT: 111, Clock: 48000, Channels: 2, Fmtp: "useinbandfec=1;stereo=0", PacketMS: 20}
