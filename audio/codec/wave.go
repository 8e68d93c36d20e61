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

// doubt is how much of the packet behind a gap, in ms, a codec with a memory decodes so badly that it is made up, too.
const doubt = 5

type waveDecoder struct {
	up     *resample.Resampler
	plc    *plc.Concealer
	unpack func(dst []int16, payload []byte) // len(dst) is what 10 ms of payload hold
	memory memory                            // nil if the codec has none
	bytes  int                               // of payload in 10 ms
	hard   []int16
	soft   []float32
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
		up: resample.New(rate, audio.Rate), plc: plc.New(rate), unpack: unpack, memory: m, bytes: bytesPer10ms,
		hard: make([]int16, n), soft: make([]float32, n),
		lost: make([]float32, (MaxFrames+1)*n), peeked: make([]float32, 0, MaxFrames*n), peek: make([]byte, 0, MaxFrames*bytesPer10ms),
	}
}

func (d *waveDecoder) Decode(dst []audio.Frame, payload []byte) (int, error) {
	n, err := d.frames(payload)
	if err != nil {
		return 0, err
	}
	if n > len(dst) {
		return 0, ErrRoom
	}
	known := len(d.peek) > 0 && bytes.Equal(d.peek, payload)
	d.peek = d.peek[:0]
	for i := range n {
		soft := d.soft
		if known {
			soft = d.peeked[i*len(soft) : (i+1)*len(soft)]
		} else {
			d.decode(soft, payload[i*d.bytes:(i+1)*d.bytes])
		}
		d.plc.Good(soft)
		d.up.Process(dst[i][:0], soft)
	}
	return n, nil
}

// frames is the number of frames that a payload holds.
func (d *waveDecoder) frames(payload []byte) (int, error) {
	n := len(payload) / d.bytes
	if n == 0 || n > MaxFrames || n*d.bytes != len(payload) {
		return 0, ErrSize
	}
	return n, nil
}

func (d *waveDecoder) decode(dst []float32, payload []byte) {
	d.unpack(d.hard, payload)
	for j, v := range d.hard {
		dst[j] = float32(v) / 32768
	}
}

func (d *waveDecoder) Conceal(dst *audio.Frame) {
	d.plc.Conceal(d.soft)
	if d.memory != nil {
		d.plc.Ahead(d.ahead[:])
		d.memory.invent(d.soft, d.ahead[:])
	}
	d.up.Process(dst[:0], d.soft)
}

// Bridge decodes next before its time, and keeps what comes out until it is asked for.
func (d *waveDecoder) Bridge(dst []audio.Frame, next []byte) int {
	n, err := d.frames(next)
	if err != nil || len(dst) == 0 || len(dst) > int(plc.MaxBridge*100) {
		return 0
	}
	step := len(d.soft)
	lost := d.lost[:len(dst)*step]
	d.peek, d.peeked = append(d.peek[:0], next...), d.peeked[:n*step]
	if d.memory == nil {
		d.decodePeeked()
		d.plc.Bridge(lost, d.peeked)
	} else {
		d.bridgeInDoubt(lost)
	}
	d.plc.Played(lost)
	for i := range dst {
		d.up.Process(dst[i][:0], lost[i*step:(i+1)*step])
	}
	return len(dst)
}

func (d *waveDecoder) decodePeeked() {
	step := len(d.soft)
	for i := range len(d.peeked) / step {
		d.decode(d.peeked[i*step:(i+1)*step], d.peek[i*d.bytes:(i+1)*d.bytes])
	}
}

// bridgeInDoubt decodes the packet behind the gap from the state that the extension of the past leaves, and bridges from
// the past to where the decoder has found back.
func (d *waveDecoder) bridgeInDoubt(lost []float32) {
	d.plc.Guess(lost, d.ahead[:])
	d.memory.invent(lost, d.ahead[:])
	d.decodePeeked()
	n := len(d.soft) * doubt / 10
	whole := d.lost[:len(lost)+n]
	d.plc.Bridge(whole, d.peeked[n:])
	copy(d.peeked, whole[len(lost):])
}

// Recover finds nothing: these codecs carry no redundancy.
func (d *waveDecoder) Recover([]audio.Frame, []byte) int { return 0 }
