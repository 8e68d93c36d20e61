package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"time"
)

// Clip is sound in memory: one channel, full scale is ±1.
type Clip struct {
	Rate    int // samples a second
	Samples []float32
}

// Duration is how long the clip plays.
func (c Clip) Duration() time.Duration {
	return time.Duration(len(c.Samples)) * time.Second / time.Duration(max(c.Rate, 1))
}

// Cut is the part of the clip between two times, as far as the clip reaches.
func (c Clip) Cut(from, to time.Duration) Clip {
	at := func(d time.Duration) int {
		return min(max(int(int64(d)*int64(c.Rate)/int64(time.Second)), 0), len(c.Samples))
	}
	a, b := at(from), at(to)
	return Clip{c.Rate, c.Samples[a:max(a, b)]}
}

// RMS is the level of the clip in dB below full scale (a full-scale square wave is 0); -200 for silence.
func (c Clip) RMS() float64 {
	var sum float64
	for _, s := range c.Samples {
		sum += float64(s) * float64(s)
	}
	return 10 * math.Log10(sum/float64(max(len(c.Samples), 1))+1e-20)
}

// Gain gives the clip louder by this many dB, clipped at full scale.
func (c Clip) Gain(db float64) Clip {
	g := float32(math.Pow(10, db/20))
	out := make([]float32, len(c.Samples))
	for i, s := range c.Samples {
		out[i] = min(max(s*g, -1), 1)
	}
	return Clip{c.Rate, out}
}

// PCM is the clip as 16-bit little-endian samples, as sound cards take it.
func (c Clip) PCM() []byte {
	b := make([]byte, 0, 2*len(c.Samples))
	for _, s := range c.Samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(math.RoundToEven(float64(min(max(s, -1), 1))*32767))))
	}
	return b
}

// WriteWAV writes the clip as a 16-bit WAV file with the clip in each of its channels.
func (c Clip) WriteWAV(path string, channels int) error {
	mono := c.PCM()
	data := mono
	if channels > 1 {
		data = make([]byte, 0, channels*len(mono))
		for i := 0; i < len(mono); i += 2 {
			for range channels {
				data = append(data, mono[i], mono[i+1])
			}
		}
	}
	le := binary.LittleEndian
	h := []byte("RIFF")
	h = le.AppendUint32(h, uint32(36+len(data)))
	h = append(h, "WAVEfmt "...)
	h = le.AppendUint32(h, 16)
	h = le.AppendUint16(h, 1)
	h = le.AppendUint16(h, uint16(channels))
	h = le.AppendUint32(h, uint32(c.Rate))
	h = le.AppendUint32(h, uint32(c.Rate*channels*2))
	h = le.AppendUint16(h, uint16(channels*2))
	h = le.AppendUint16(h, 16)
	h = append(h, "data"...)
	h = le.AppendUint32(h, uint32(len(data)))
	if err := os.WriteFile(path, append(h, data...), 0o644); err != nil {
		return fmt.Errorf("lab: write speech: %w", err)
	}
	return nil
}

// ReadWAV reads a 16-bit PCM WAV file and mixes its channels. A file that is still being written,
// or whose writer was killed, has wrong lengths in its header: the data then reaches to its end.
func ReadWAV(path string) (Clip, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Clip{}, fmt.Errorf("lab: read recording: %w", err)
	}
	return ParseWAV(b)
}

// ParseWAV is ReadWAV on the bytes of a file.
func ParseWAV(b []byte) (Clip, error) {
	head, err := parseWAVHeader(b)
	if err != nil {
		return Clip{}, err
	}
	return head.decode(b[head.data:]), nil
}

// wavHeader is what must be known to read a WAV file's samples.
type wavHeader struct {
	rate, channels int
	data, length   int // where the samples start and the bytes they take; 0: to the end
}

func parseWAVHeader(b []byte) (wavHeader, error) {
	var h wavHeader
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return h, errors.New("lab: not a WAV file")
	}
	le := binary.LittleEndian
	for at := 12; at+8 <= len(b); {
		kind, size := string(b[at:at+4]), int(le.Uint32(b[at+4:]))
		at += 8
		switch kind {
		case "fmt ":
			if size < 16 || at+16 > len(b) {
				return h, errors.New("lab: short WAV format")
			}
			format, bits := le.Uint16(b[at:]), le.Uint16(b[at+14:])
			h.channels, h.rate = int(le.Uint16(b[at+2:])), int(le.Uint32(b[at+4:]))
			if format != 1 && format != 0xfffe || bits != 16 || h.channels < 1 || h.channels > 8 || h.rate < 8000 || h.rate > 192000 {
				return h, fmt.Errorf("lab: WAV format %d with %d bits, %d channels, %d Hz is not read here", format, bits, h.channels, h.rate)
			}
		case "data":
			if h.rate == 0 {
				return h, errors.New("lab: WAV data before its format")
			}
			h.data = at
			if size > 0 && size <= len(b)-at {
				h.length = size
			}
			return h, nil
		}
		at += size + size&1
	}
	return h, errors.New("lab: WAV file without data")
}

func (h wavHeader) decode(pcm []byte) Clip {
	if h.length > 0 {
		pcm = pcm[:min(h.length, len(pcm))]
	}
	frame := 2 * h.channels
	c := Clip{h.rate, make([]float32, len(pcm)/frame)}
	for i := range c.Samples {
		sum := 0
		for ch := range h.channels {
			sum += int(int16(binary.LittleEndian.Uint16(pcm[i*frame+2*ch:])))
		}
		c.Samples[i] = float32(sum) / float32(32768*h.channels)
	}
	return c
}

// At gives the clip at another sample rate, through a windowed-sinc filter at the lower rate's band.
func (c Clip) At(rate int) Clip {
	if rate == c.Rate {
		return c
	}
	const lobes = 16 // zero crossings on each side: stop band beyond 60 dB
	step := float64(c.Rate) / float64(rate)
	band := min(1, float64(rate)/float64(c.Rate)) * 0.97
	reach := int(math.Ceil(lobes / band))
	out := Clip{rate, make([]float32, int(float64(len(c.Samples))/step))}
	kernels := map[int][]float64{} // by phase: rates of sound cards have few phases
	for i := range out.Samples {
		pos := float64(i) * step
		base := int(pos)
		phase := int((pos - float64(base)) * 1e6)
		k := kernels[phase]
		if k == nil {
			k = sincKernel(pos-float64(base), band, reach)
			kernels[phase] = k
		}
		var sum float64
		for j, w := range k {
			if n := base - reach + 1 + j; n >= 0 && n < len(c.Samples) {
				sum += w * float64(c.Samples[n])
			}
		}
		out.Samples[i] = float32(sum)
	}
	return out
}

func sincKernel(frac, band float64, reach int) []float64 {
	k := make([]float64, 2*reach)
	var sum float64
	for j := range k {
		x := float64(j-reach+1) - frac
		window := 0.5 + 0.5*math.Cos(math.Pi*x/float64(reach+1))
		k[j] = window * sinc(x*band)
		sum += k[j]
	}
	for j := range k {
		k[j] /= sum
	}
	return k
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}
