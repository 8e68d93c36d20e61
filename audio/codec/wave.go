package codec

import (
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

type waveDecoder struct {
	up     *resample.Resampler
	plc    *plc.Concealer
	unpack func(dst []int16, payload []byte) // len(dst) is what 10 ms of payload hold
	bytes  int                               // of payload in 10 ms
	hard   []int16
	soft   []float32
}

func newWaveDecoder(rate, bytesPer10ms int, unpack func([]int16, []byte)) *waveDecoder {
	return &waveDecoder{
		up: resample.New(rate, audio.Rate), plc: plc.New(rate), unpack: unpack, bytes: bytesPer10ms,
		hard: make([]int16, rate/100), soft: make([]float32, rate/100),
	}
}

func (d *waveDecoder) Decode(dst []audio.Frame, payload []byte) (int, error) {
	n := len(payload) / d.bytes
	if n == 0 || n > MaxFrames || n*d.bytes != len(payload) {
		return 0, ErrSize
	}
	if n > len(dst) {
		return 0, ErrRoom
	}
	for i := range n {
		d.unpack(d.hard, payload[i*d.bytes:(i+1)*d.bytes])
		for j, v := range d.hard {
			d.soft[j] = float32(v) / 32768
		}
		d.plc.Good(d.soft)
		d.up.Process(dst[i][:0], d.soft)
	}
	return n, nil
}

func (d *waveDecoder) Conceal(dst *audio.Frame) {
	d.plc.Conceal(d.soft)
	d.up.Process(dst[:0], d.soft)
}

// Recover finds nothing: these codecs carry no redundancy.
func (d *waveDecoder) Recover([]audio.Frame, []byte) int { return 0 }
