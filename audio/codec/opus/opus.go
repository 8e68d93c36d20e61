// Package opus puts libopus (RFC 6716) behind the codec table. It is one of the few packages that
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
#cgo noescape odp_protect
#cgo nocallback odp_protect
#include <opus.h>

// opus_encoder_ctl takes variable arguments, which cgo cannot call.
static int odp_set_up(OpusEncoder *e, int bitrate, int complexity) {
	int r = opus_encoder_ctl(e, OPUS_SET_BITRATE(bitrate));
	if (r == OPUS_OK) r = opus_encoder_ctl(e, OPUS_SET_COMPLEXITY(complexity));
	if (r == OPUS_OK) r = opus_encoder_ctl(e, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
	return r;
}

static int odp_protect(OpusEncoder *e, int percent, int bitrate, int fec, int bandwidth, int vbr) {
	int r = opus_encoder_ctl(e, OPUS_SET_BITRATE(bitrate));
	if (r == OPUS_OK) r = opus_encoder_ctl(e, OPUS_SET_VBR(vbr));
	if (r == OPUS_OK) r = opus_encoder_ctl(e, OPUS_SET_INBAND_FEC(fec));
	if (r == OPUS_OK) r = opus_encoder_ctl(e, OPUS_SET_MAX_BANDWIDTH(bandwidth));
	if (r == OPUS_OK) r = opus_encoder_ctl(e, OPUS_SET_PACKET_LOSS_PERC(percent));
	return r;
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
	"bytes"
	"fmt"
	"unsafe"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
	"opendeskphone/audio/plc"
)

const (
	payloadType = 111 // by custom; Opus has no static number
	maxPacket   = 1275
	maxPeek     = 4 * maxPacket // a packet of several
	complexity  = 5             // of 10: half the cost of 10 for 0.1 MOS

	// Bit rates in bit/s. What is sent is less by the pauses: of 57 about 48.
	clean   = 36_000 // no loss: the full band
	guarded = 2_500  // more for FEC with each percent lost...
	most    = 57_000 // ...up to this
	doubled = 26_700 // each packet sent twice

	copied = 3 // percent lost from which packets are sent twice
	reach  = 6 // frames behind which the copy is sent: bursts of 60 ms are covered, at 60 ms of delay
)

// Codec offers Opus as RFC 7587 says: mono speech, variable bit rate, with FEC once loss is reported. Packets below 10 ms
// are taken, but not asked for (minptime; 3 ms is what it defaults to): their headers would be most of them.
var Codec = codec.Codec{
	Name: "opus", PT: payloadType, Clock: 48000, Channels: 2,
	Fmtp: "minptime=10;useinbandfec=1", PacketMS: 20, Repeats: true, New: newCodec,
}

type encoder struct {
	state   []uint64
	loss    int
	single  bool
	repeats bool
	frames  int // of the last packet
	asked   wishes
}

// decoder is libopus's, with a better concealment in front of its own.
type decoder struct {
	state []uint64
	plc   *plc.Concealer

	ours   audio.Frame
	ahead  [codec.MaxSamples]float32 // of the packet behind a gap, decoded before their time
	peeked int                       // of them that are valid
	peek   []byte                    // that packet
}

func newCodec() (codec.Encoder, codec.Decoder, error) {
	e := &encoder{frames: 2, asked: unbound(), state: words(int(C.opus_encoder_get_size(1)))}
	// Not OPUS_APPLICATION_VOIP, whose high-pass takes the bottom of a deep voice with the rumble of a room.
	if r := C.opus_encoder_init(e.c(), audio.Rate, 1, C.OPUS_APPLICATION_AUDIO); r != C.OPUS_OK {
		return nil, nil, fmt.Errorf("opus: make encoder: %w", failure(r))
	}
	if r := C.odp_set_up(e.c(), clean, complexity); r != C.OPUS_OK {
		return nil, nil, fmt.Errorf("opus: set up encoder: %w", failure(r))
	}
	d := &decoder{state: words(int(C.opus_decoder_get_size(1))), plc: plc.New(audio.Rate), peek: make([]byte, 0, maxPeek)}
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
	e.frames = len(pcm)
	var room [maxPacket]byte
	n := C.opus_encode_float(e.c(), (*C.float)(&pcm[0][0]), C.int(len(pcm)*audio.FrameLen),
		(*C.uchar)(unsafe.Pointer(&room[0])), maxPacket)
	return append(dst, room[:max(n, 0)]...)
}

// Loss sets the protection for the loss that the far end reports, in percent: single losses are mended by FEC within
// the next packet, runs of them by copies in later ones, if they can be sent. Any loss takes the bits that the band above
// 8 kHz would get: some treble is worth less than a whole word.
func (e *encoder) Loss(percent int, single bool) {
	if percent = min(max(percent, 0), 100); percent != e.loss || single != e.single {
		e.loss, e.single = percent, single
		e.protect()
	}
}

// Ask takes the wishes of the far side: a most for the bit rate and the band, a constant rate, and whether FEC is of use to it.
func (e *encoder) Ask(fmtp string) {
	e.asked = parse(fmtp)
	e.protect()
}

// Repeat tells whether copies of packets can be sent in later ones.
func (e *encoder) Repeat(can bool) {
	if can != e.repeats {
		e.repeats = can
		e.protect()
	}
}

// Back is 60 ms in packets while much is lost in runs, or may be, and copies can be sent; else 0.
func (e *encoder) Back() int {
	if e.repeats && !e.single && e.loss >= copied {
		return max(1, reach/e.frames)
	}
	return 0
}

// protect divides the bits, within what the far side asked for. The loss told to libopus makes packets depend less on the ones before (LTP scaling),
// and, with FEC on, is how much of them goes into the copy of the one before.
func (e *encoder) protect() {
	rate, fec, band := clean, 0, C.OPUS_BANDWIDTH_FULLBAND
	switch {
	case e.Back() > 0:
		rate, band = min(doubled, max(e.asked.rate/2, lowest)), C.OPUS_BANDWIDTH_WIDEBAND
	case e.loss > 0 && e.asked.fec:
		rate, fec, band = min(clean+guarded*e.loss, most), 1, C.OPUS_BANDWIDTH_WIDEBAND
	}
	C.odp_protect(e.c(), C.int(e.loss), C.int(min(rate, e.asked.rate)), C.int(fec), min(C.int(band), e.asked.band), e.asked.vbr)
}

// Decode decodes packets of any length that Opus knows; what cannot be decoded is an error and leaves dst as it may be.
func (d *decoder) Decode(dst []float32, payload []byte) (int, error) {
	known := d.peeked
	if !bytes.Equal(d.peek, payload) {
		known = 0
	}
	d.peeked = 0
	switch {
	case known > len(dst):
		return 0, codec.ErrRoom
	case known > 0:
		copy(dst, d.ahead[:known])
		d.plc.Good(dst[:known])
		return known, nil
	}
	n, err := d.decode(dst, payload)
	d.plc.Good(dst[:n]) // after a gap it is faded in
	return n, err
}

func (d *decoder) decode(dst []float32, payload []byte) (int, error) {
	n := length(payload)
	switch {
	case n <= 0:
		return 0, codec.ErrSize
	case n > len(dst):
		return 0, codec.ErrRoom
	}
	if r := C.opus_decode_float(d.c(), start(payload), C.opus_int32(len(payload)), (*C.float)(&dst[0]), C.int(n), 0); r < 0 {
		return 0, fmt.Errorf("opus: decode packet: %w", failure(r))
	}
	return n, nil
}

// length is the number of samples in a packet, not above 0 if it is none.
func length(payload []byte) int {
	if len(payload) == 0 {
		return 0
	}
	return int(C.opus_packet_get_nb_samples(start(payload), C.opus_int32(len(payload)), audio.Rate))
}

func start(payload []byte) *C.uchar { return (*C.uchar)(unsafe.Pointer(&payload[0])) }

// Conceal makes dst up: what was heard goes on, and as it fades, what libopus makes of its state comes
// up, which is the background noise after the sender's last word (DTX).
func (d *decoder) Conceal(dst []float32) {
	d.invent(dst)
	g := d.plc.Left()
	ours := d.ours[:len(dst)]
	d.plc.Conceal(ours)
	step := (d.plc.Left() - g) / float32(len(dst))
	for i, v := range ours {
		dst[i] = v + (1-g)*dst[i]
		g += step
	}
}

// invent lets libopus make dst up, so that its state goes along.
func (d *decoder) invent(dst []float32) {
	if C.opus_decode_float(d.c(), nil, 0, (*C.float)(&dst[0]), C.int(len(dst)), 0) < 0 {
		clear(dst)
	}
}

// Bridge decodes next before its time, and keeps what comes out until it is asked for.
func (d *decoder) Bridge(dst []float32, next []byte) int {
	if len(dst) == 0 || len(next) > maxPeek || !d.plc.Bridges(len(dst), length(next)) {
		return 0
	}
	for rest := dst; len(rest) > 0; rest = rest[min(audio.FrameLen, len(rest)):] {
		d.invent(rest[:min(audio.FrameLen, len(rest))])
	}
	n, err := d.decode(d.ahead[:], next)
	if err != nil {
		return 0
	}
	d.peek, d.peeked = append(d.peek[:0], next...), n
	d.plc.Bridge(dst, d.ahead[:n])
	d.plc.Played(dst)
	return len(dst)
}

// Recover decodes the redundancy of next into dst, whose length says how much was lost.
func (d *decoder) Recover(dst []float32, next []byte) int {
	if len(dst) == 0 || len(next) == 0 || C.odp_has_fec(start(next), C.int(len(next))) == 0 {
		return 0
	}
	if C.opus_decode_float(d.c(), start(next), C.opus_int32(len(next)), (*C.float)(&dst[0]), C.int(len(dst)), 1) < 0 {
		return 0
	}
	d.plc.Good(dst)
	return len(dst)
}
