// Package wav reads short sounds that others made, voice messages above all, from RIFF/WAVE files (Multimedia Programming
// Interface and Data Specifications 1.0; RFC 2361 for the numbers of codecs): PCM of 8 or 16 bits and G.711. A file is read
// whole and bounded; what it claims of itself is believed only as far as it goes.
package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"opendeskphone/audio/codec"
)

// Limits of a file.
const (
	MaxFile   = 16 << 20 // bytes
	MaxTime   = 10 * time.Minute
	maxChunks = 64
)

// Clip is a sound, its channels mixed.
type Clip struct {
	Rate    int // Hz, one of those in use
	Samples []int16
}

// Lasts is how long it lasts.
func (c *Clip) Lasts() time.Duration {
	return time.Duration(len(c.Samples)) * time.Second / time.Duration(c.Rate)
}

// Peaks gives the loudest sample of each of n equal parts, 0 to 1.
func (c *Clip) Peaks(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		for _, v := range c.Samples[len(c.Samples)*i/n : len(c.Samples)*(i+1)/n] {
			out[i] = max(out[i], float64(max(int32(v), -int32(v)))/32768)
		}
	}
	return out
}

// format is what the chunk fmt says.
type format struct {
	tag, channels, bits uint16
	rate                uint32
}

// The codecs that are read.
const (
	pcm        = 1
	alaw       = 6
	ulaw       = 7
	gsm        = 0x31
	extensible = 0xfffe // the number stands further behind
)

// Parse reads a file. Sound beyond MaxTime is an error, as a codec is that is not read.
func Parse(b []byte) (*Clip, error) {
	switch {
	case len(b) > MaxFile:
		return nil, fmt.Errorf("wav: %d bytes, at most %d", len(b), MaxFile)
	case len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE":
		return nil, errors.New("wav: no WAVE file")
	}
	var f *format
	rest := b[12:]
	for range maxChunks {
		if len(rest) < 8 {
			break
		}
		name, size := string(rest[:4]), binary.LittleEndian.Uint32(rest[4:])
		rest = rest[8:]
		body := rest[:min(uint64(size), uint64(len(rest)))]
		switch {
		case name == "fmt ":
			var err error
			if f, err = readFormat(body); err != nil {
				return nil, err
			}
		case name == "data" && f == nil:
			return nil, errors.New("wav: sound before its format")
		case name == "data":
			if size == 0 || uint64(size) > uint64(len(rest)) { // who wrote it never knew how long it became
				body = rest
			}
			return f.decode(body)
		}
		rest = rest[min(len(body)+len(body)%2, len(rest)):]
	}
	return nil, errors.New("wav: no sound in it")
}

// rates are those in use, in Hz. Each costs a filter that is kept, so that no others are read.
var rates = []uint32{8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000}

func readFormat(b []byte) (*format, error) {
	le := binary.LittleEndian
	if len(b) < 16 {
		return nil, errors.New("wav: format cut off")
	}
	f := &format{tag: le.Uint16(b), channels: le.Uint16(b[2:]), rate: le.Uint32(b[4:]), bits: le.Uint16(b[14:])}
	if f.tag == extensible && len(b) >= 26 {
		f.tag = le.Uint16(b[24:])
	}
	switch {
	case f.tag == gsm:
		return nil, errors.New("wav: GSM is not read")
	case f.tag != pcm && f.tag != alaw && f.tag != ulaw:
		return nil, fmt.Errorf("wav: codec %#x is not read", f.tag)
	case f.bits != 8 && !(f.bits == 16 && f.tag == pcm):
		return nil, fmt.Errorf("wav: %d bits a sample", f.bits)
	case f.channels < 1 || f.channels > 2:
		return nil, fmt.Errorf("wav: %d channels", f.channels)
	case !slices.Contains(rates, f.rate):
		return nil, fmt.Errorf("wav: %d Hz is not read", f.rate)
	}
	return f, nil
}

// decode reads the samples; one that was cut is left out.
func (f *format) decode(b []byte) (*Clip, error) {
	width, channels := int(f.bits/8), int(f.channels)
	n := len(b) / (width * channels)
	c := &Clip{Rate: int(f.rate)}
	if limit := int(MaxTime/time.Second) * c.Rate; n > limit {
		return nil, fmt.Errorf("wav: longer than %v", MaxTime)
	}
	if n == 0 {
		return nil, errors.New("wav: no sound in it")
	}
	c.Samples = make([]int16, n)
	for i := range c.Samples {
		sum := 0
		for ch := range channels {
			sum += f.sample(b[(i*channels+ch)*width:])
		}
		c.Samples[i] = int16(sum / channels)
	}
	return c, nil
}

func (f *format) sample(b []byte) int {
	switch {
	case f.tag == alaw:
		return int(codec.ALaw(b[0]))
	case f.tag == ulaw:
		return int(codec.ULaw(b[0]))
	case f.bits == 8:
		return (int(b[0]) - 128) << 8
	}
	return int(int16(binary.LittleEndian.Uint16(b)))
}
