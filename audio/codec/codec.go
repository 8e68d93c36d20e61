// Package codec is the table of speech codecs the phone offers, and the codecs that need no C:
// G.722, G.711 in both laws, L16 and comfort noise. Opus (cgo) lives in the sub-package opus and is
// put in front of the table by the program that links it.
package codec

import (
	"errors"

	"opendeskphone/audio"
)

const (
	// MaxFrames is the longest packet any codec of ours encodes or decodes, in frames: 120 ms (RFC 6716 §2.1.4).
	MaxFrames = 12
	// MaxSamples is the same in samples at 48 kHz.
	MaxSamples = MaxFrames * audio.FrameLen
	// Quantum is what the length of every packet is a whole multiple of, in samples at 48 kHz: 2.5 ms, the
	// shortest frame of Opus (RFC 6716 §2.1.4).
	Quantum = audio.FrameLen / 4
)

var (
	// ErrSize says that a payload cannot be a whole number of quanta in its codec, or is longer than MaxFrames.
	ErrSize = errors.New("codec: payload is not a whole multiple of 2.5 ms up to 120 ms")
	// ErrRoom says that the samples given to Decode are too few for the payload.
	ErrRoom = errors.New("codec: payload holds more than there is room for")
)

// Codec describes one entry of an SDP media line and makes its two halves.
type Codec struct {
	Name     string // encoding name of the rtpmap, e.g. "PCMU"
	PT       uint8  // static number of RFC 3551, or the dynamic one we offer
	Clock    int    // RTP clock of the rtpmap in Hz; 8000 for G722 by RFC 3551 §4.5.2
	Channels int    // channels of the rtpmap; 2 for opus by RFC 7587 §4.1, though we speak mono
	Fmtp     string // our format parameters, "" if none
	PacketMS int    // the packet time we send, in ms
	Repeats  bool   // its encoder is a Repeater

	New func() (Encoder, Decoder, error)
}

// Encoder turns frames into payloads. It never allocates when dst has room, and keeps state between packets.
type Encoder interface {
	// Encode appends one packet of len(pcm)*10 ms to dst; len(pcm) is 1, 2, 4 or 6.
	Encode(dst []byte, pcm []audio.Frame) []byte
}

// Decoder turns payloads into samples at 48 kHz, and invents some where payloads are missing. All lengths are whole
// multiples of Quantum. It never allocates.
type Decoder interface {
	// Decode decodes one payload into dst and tells how many samples it held. Any bytes are safe.
	Decode(dst []float32, payload []byte) (n int, err error)
	// Conceal makes up dst, the next 2.5 to 10 ms of a lost or late packet, fading out when the loss lasts.
	Conceal(dst []float32)
	// Recover decodes the packet that came before next out of next's redundancy (Opus FEC);
	// it gives the number of samples written, 0 if next carries none.
	Recover(dst []float32, next []byte) int
}

// Bridger is a Decoder that makes up a gap better when it knows what comes after it.
type Bridger interface {
	// Bridge makes up dst, which is missing directly before next, out of the sound on both sides, and
	// tells how many samples it wrote: all or, if it cannot, none. next is to be decoded after.
	Bridge(dst []float32, next []byte) int
}

// Asked is an Encoder that heeds what the far side asks for.
type Asked interface {
	// Ask takes the format parameters (a=fmtp) of the far side. What it does not know, or makes no sense, it ignores.
	Ask(fmtp string)
}

// Tuner is an Encoder that adapts to the network, as the Opus encoder does.
type Tuner interface {
	// Loss tells the packet loss that the far end reports, in percent 0..100, and whether packets are known to be
	// lost singly, not in runs. Protection is switched by it, because with no loss it costs quality.
	Loss(percent int, single bool)
}

// Repeater is a Tuner that divides its bits between packets and copies of them, where the session can send copies
// in later packets (RFC 2198).
type Repeater interface {
	Tuner
	// Repeat tells whether the session can send copies; at first it cannot.
	Repeat(can bool)
	// Back tells how many packets later a copy of each is to be sent, at present; 0 for none.
	Back() int
}

// All are the codecs without C in order of preference.
func All() []Codec { return []Codec{G722, PCMA, PCMU, L16} }
