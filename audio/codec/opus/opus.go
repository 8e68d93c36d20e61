// Package opus puts libopus (RFC 6716) behind the codec table. It is one of the three packages that
// use cgo. The states of libopus live in Go memory, so nothing needs to be closed.
package opus

/*
#cgo pkg-config: opus
#cgo noescape opus_encode_float
#cgo nocallback opus_encode_float
#cgo noescape opus_decode_float
#cgo nocallback opus_decode_float
#cgo noescape opus_packet_get_nb_samples
#cgo nocallback opus_packet_get_nb_samples
#cgo noescape odp_has_fec
#cgo nocallback odp_has_fec
#cgo noescape odp_set_loss
#cgo nocallback odp_set_loss
#include <opus.h>

// opus_encoder_ctl takes variable arguments, which cgo cannot call.
static int odp_set_up(OpusEncoder *e, int bitrate, int complexity) {
	int r = opus_encoder_ctl(e, OPUS_SET_BITRATE(bitrate));
	if (r == OPUS_OK) r = opus_encoder_ctl(e, OPUS_SET_COMPLEXITY(complexity));
	if (r == OPUS_OK) r = opus_encoder_ctl(e, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
	return r;
}

static int odp_set_loss(OpusEncoder *e, int percent, int bitrate) {
	opus_encoder_ctl(e, OPUS_SET_INBAND_FEC(percent > 0));
	opus_encoder_ctl(e, OPUS_SET_BITRATE(bitrate));
	return opus_encoder_ctl(e, OPUS_SET_PACKET_LOSS_PERC(percent));
}

// odp_has_fec tells whether a packet carries a copy of the one before: SILK or hybrid mode, and the
// LBRR flag that follows the VAD flags of its 20 ms frames (RFC 6716 §4.2.3). The range coder leaves
// these first bits in the clear.
static int odp_has_fec(const unsigned char *p, int len) {
	const unsigned char *frame[48];
	opus_int16 size[48];
	int ms, vads, n;
	if (len < 2 || (p[0] & 0x80)) return 0;
	if (opus_packet_parse(p, len, NULL, frame, size, NULL) < 1 || size[0] < 2) return 0;
	ms = opus_packet_get_samples_per_frame(p, 48000) / 48;
	vads = ms <= 20 ? 1 : ms / 20;
	for (n = 1; n <= opus_packet_get_nb_channels(p); n++)
		if (frame[0][0] & (0x80 >> (n * (vads + 1) - 1))) return 1;
	return 0;
}
*/
import "C"

import (
	"fmt"
	"unsafe"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
)

const (
	payloadType = 111 // by custom; Opus has no static number
	maxPacket   = 1275
	complexity  = 5      // of 10: half the cost of 10 for 0.1 MOS
	bitrate     = 28_000 // bit/s without redundancy
	bitrateFEC  = 36_000 // with it, so that the redundancy is not taken from the speech
)

// Codec offers Opus as RFC 7587 says: mono speech, variable bit rate, with FEC once loss is reported.
var Codec = codec.Codec{
	Name: "opus", PT: payloadType, Clock: 48000, Channels: 2,
	Fmtp: "useinbandfec=1", PacketMS: 20, New: newCodec,
}

type encoder struct {
	state []uint64
	loss  int
}

type decoder struct{ state []uint64 }

func newCodec() (codec.Encoder, codec.Decoder, error) {
	e := &encoder{state: words(int(C.opus_encoder_get_size(1)))}
	if r := C.opus_encoder_init(e.c(), audio.Rate, 1, C.OPUS_APPLICATION_VOIP); r != C.OPUS_OK {
		return nil, nil, fmt.Errorf("opus: make encoder: %w", failure(r))
	}
	if r := C.odp_set_up(e.c(), bitrate, complexity); r != C.OPUS_OK {
		return nil, nil, fmt.Errorf("opus: set up encoder: %w", failure(r))
	}
	d := &decoder{state: words(int(C.opus_decoder_get_size(1)))}
	if r := C.opus_decoder_init(d.c(), audio.Rate, 1); r != C.OPUS_OK {
		return nil, nil, fmt.Errorf("opus: make decoder: %w", failure(r))
	}
	return e, d, nil
}

// words makes room for a state, aligned as C wants it.
func words(bytes int) []uint64 { return make([]uint64, (bytes+7)/8) }

// failure is a code of libopus as an error.
type failure C.int

func (f failure) Error() string { return C.GoString(C.opus_strerror(C.int(f))) }

func (e *encoder) c() *C.OpusEncoder { return (*C.OpusEncoder)(unsafe.Pointer(&e.state[0])) }
func (d *decoder) c() *C.OpusDecoder { return (*C.OpusDecoder)(unsafe.Pointer(&d.state[0])) }

// Encode appends one packet. Lengths that Opus does not know, and failures, append nothing.
func (e *encoder) Encode(dst []byte, pcm []audio.Frame) []byte {
	if len(pcm) == 0 {
		return dst
	}
	var room [maxPacket]byte
	n := C.opus_encode_float(e.c(), samples(pcm), C.int(len(pcm)*audio.FrameLen),
		(*C.uchar)(unsafe.Pointer(&room[0])), maxPacket)
	return append(dst, room[:max(n, 0)]...)
}

// Loss switches FEC by the loss the far end reports, in percent.
func (e *encoder) Loss(percent int) {
	percent = min(max(percent, 0), 100)
	if percent == e.loss {
		return
	}
	e.loss = percent
	rate := bitrate
	if percent > 0 {
		rate = bitrateFEC
	}
	C.odp_set_loss(e.c(), C.int(percent), C.int(rate))
}

// Decode decodes packets of whole frames; what cannot be decoded is an error and leaves dst as it may be.
func (d *decoder) Decode(dst []audio.Frame, payload []byte) (int, error) {
	if len(payload) == 0 {
		return 0, codec.ErrSize
	}
	p, size := (*C.uchar)(unsafe.Pointer(&payload[0])), C.opus_int32(len(payload))
	n := int(C.opus_packet_get_nb_samples(p, size, audio.Rate))
	switch {
	case n <= 0 || n%audio.FrameLen != 0:
		return 0, codec.ErrSize
	case n > len(dst)*audio.FrameLen:
		return 0, codec.ErrRoom
	}
	if r := C.opus_decode_float(d.c(), p, size, samples(dst), C.int(n), 0); r < 0 {
		return 0, fmt.Errorf("opus: decode packet: %w", failure(r))
	}
	return n / audio.FrameLen, nil
}

// Conceal lets libopus make up 10 ms.
func (d *decoder) Conceal(dst *audio.Frame) {
	if C.opus_decode_float(d.c(), nil, 0, (*C.float)(&dst[0]), audio.FrameLen, 0) < 0 {
		dst.Clear()
	}
}

// Recover decodes the redundancy of next into dst, whose length says how much was lost.
func (d *decoder) Recover(dst []audio.Frame, next []byte) int {
	if len(dst) == 0 || len(next) == 0 {
		return 0
	}
	p := (*C.uchar)(unsafe.Pointer(&next[0]))
	if C.odp_has_fec(p, C.int(len(next))) == 0 {
		return 0
	}
	if C.opus_decode_float(d.c(), p, C.opus_int32(len(next)), samples(dst), C.int(len(dst)*audio.FrameLen), 1) < 0 {
		return 0
	}
	return len(dst)
}

func samples(f []audio.Frame) *C.float { return (*C.float)(&f[0][0]) }
