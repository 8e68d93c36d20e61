package codec

import (
	"bytes"
	"math"

	"opendeskphone/audio"
	"opendeskphone/audio/plc"
	"opendeskphone/audio/resample"
)

// A wave codec codes each sample (or pair of samples) for itself at a fixed rate. These two types
// carry it between 48 kHz float frames and 16-bit samples of its rate; pack and unpack are the codec.

type waveEncoder struct {
	down *resample.Resampler
	pack func(dst []byte, pcm []int16) []byte
	soft []float32
	hard []int16
}

func newWaveEncoder(rate int, pack func([]byte, []int16) []byte) *waveEncoder {
	return &waveEncoder{
		down: resample.New(audio.Rate, rate), pack: pack,
		soft: make([]float32, 0, rate/100+2), hard: make([]int16, 0, rate/100+2),
	}
}

func (e *waveEncoder) Encode(dst []byte, pcm []audio.Frame) []byte {
	for i := range pcm {
		e.soft = e.down.Process(e.soft[:0], pcm[i][:])
		e.hard = e.hard[:0]
		for _, v := range e.soft {
			e.hard = append(e.hard, toInt16(v))
		}
		dst = e.pack(dst, e.hard)
	}
	return dst
}

// toInt16 rounds to the nearest of 65536 steps and clips; NaN is silence.
func toInt16(v float32) int16 {
	v *= 32768
	switch {
	case v >= math.MaxInt16:
		return math.MaxInt16
	case v <= math.MinInt16:
		return math.MinInt16
	case v != v:
		return 0
	case v < 0:
		return int16(v - 0.5)
	}
	return int16(v + 0.5)
}

// lookAhead is the delay of the filters of G.722: its state lies so many samples ahead of its sound.
const lookAhead = 22

// doubt is how much of the packet behind a gap, in ms, a codec with a memory decodes so badly that it is made up, too: what
// its filters still hold of the extension. Measured on speech, more of it is worse than what the decoder makes.
const doubt = 1

type waveDecoder struct {
	rate   int
	up     *resample.Resampler
	plc    *plc.Concealer
	unpack func(dst []int16, payload []byte) // fills dst
	memory memory                            // nil if the codec has none
	bytes  int                               // of payload in a quantum
	hard   []int16
	soft   []float32          // of a packet, or of a concealment
	ahead  [lookAhead]float32 // how the sound is thought to go on

	lost   []float32 // samples of a gap that is bridged
	peeked []float32 // samples of the packet behind it, decoded before their time
	peek   []byte    // that packet
}

// memory is the state of a decoder that predicts from what it decoded; it has to go along when payloads are lost.
type memory interface {
	// invent takes the state over a gap in which played was heard, and thought to go on with ahead.
	invent(played, ahead []float32)
}

func newWaveDecoder(rate, bytesPer10ms int, unpack func([]int16, []byte), m memory) *waveDecoder {
	n := rate / 100
	return &waveDecoder{
		rate: rate, up: resample.New(rate, audio.Rate), plc: plc.New(rate), unpack: unpack, memory: m, bytes: bytesPer10ms / 4,
		hard: make([]int16, MaxFrames*n), soft: make([]float32, MaxFrames*n),
		lost: make([]float32, (MaxFrames+1)*n), peeked: make([]float32, 0, MaxFrames*n), peek: make([]byte, 0, MaxFrames*bytesPer10ms),
	}
}

// own is a number of samples at 48 kHz as one at the codec's rate.
func (d *waveDecoder) own(n int) int { return n * d.rate / audio.Rate }

// of is a time as a number of samples at the codec's rate.
func (d *waveDecoder) of(ms int) int { return ms * d.rate / 1000 }

func (d *waveDecoder) Decode(dst []float32, payload []byte) (int, error) {
	n, err := d.length(payload)
	if err != nil {
		return 0, err
	}
	if n > len(dst) {
		return 0, ErrRoom
	}
	x := d.soft[:d.own(n)]
	if len(d.peek) > 0 && bytes.Equal(d.peek, payload) {
		copy(x, d.peeked)
	} else {
		d.decode(x, payload)
	}
	d.peek = d.peek[:0]
	d.plc.Good(x)
	d.up.Process(dst[:0], x)
	return n, nil
}

// length is the number of samples at 48 kHz that a payload holds.
func (d *waveDecoder) length(payload []byte) (int, error) {
	n := len(payload) / d.bytes * Quantum
	if n == 0 || n > MaxSamples || len(payload)%d.bytes != 0 {
		return 0, ErrSize
	}
	return n, nil
}

func (d *waveDecoder) decode(dst []float32, payload []byte) {
	hard := d.hard[:len(dst)]
	d.unpack(hard, payload)
	for j, v := range hard {
		dst[j] = float32(v) / 32768
	}
}

func (d *waveDecoder) Conceal(dst []float32) {
	x := d.soft[:d.own(len(dst))]
	d.plc.Conceal(x)
	if d.memory != nil {
		d.plc.Ahead(d.ahead[:])
		d.memory.invent(x, d.ahead[:])
	}
	d.up.Process(dst[:0], x)
}

// Bridge decodes next before its time, and keeps what comes out until it is asked for.
func (d *waveDecoder) Bridge(dst []float32, next []byte) int {
	n, err := d.length(next)
	lost, after := d.own(len(dst)), d.own(n)
	if d.memory != nil { // what is in doubt is made up, too
		lost, after = lost+d.of(doubt), after-d.of(doubt)
	}
	if err != nil || len(dst) == 0 || !d.plc.Bridges(lost, after) {
		return 0
	}
	d.peek, d.peeked = append(d.peek[:0], next...), d.peeked[:d.own(n)]
	gap := d.lost[:d.own(len(dst))]
	if d.memory == nil {
		d.decode(d.peeked, next)
		d.plc.Bridge(gap, d.peeked)
	} else {
		d.bridgeInDoubt(gap)
	}
	d.plc.Played(gap)
	d.up.Process(dst[:0], gap)
	return len(dst)
}

// bridgeInDoubt decodes the packet behind the gap from the state that the extension of the past leaves, and bridges from
// the past to where the decoder has found back.
func (d *waveDecoder) bridgeInDoubt(gap []float32) {
	d.plc.Guess(gap, d.ahead[:])
	d.memory.invent(gap, d.ahead[:])
	d.decode(d.peeked, d.peek)
	n := d.of(doubt)
	whole := d.lost[:len(gap)+n]
	d.plc.Bridge(whole, d.peeked[n:])
	copy(d.peeked, whole[len(gap):])
}

// Recover finds nothing: these codecs carry no redundancy.
func (d *waveDecoder) Recover([]float32, []byte) int { return 0 }
