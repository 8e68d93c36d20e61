package wav

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"
)

// file makes a file of one format and some bytes of sound.
func file(tag, channels uint16, rate uint32, bits uint16, data []byte) []byte {
	le := binary.LittleEndian
	b := append([]byte("RIFF\x00\x00\x00\x00WAVELIST\x03\x00\x00\x00abc\x00fmt "), 16, 0, 0, 0)
	b = le.AppendUint16(b, tag)
	b = le.AppendUint16(b, channels)
	b = le.AppendUint32(b, rate)
	b = le.AppendUint32(b, 0)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint16(b, bits)
	b = append(b, "data"...)
	b = le.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

func TestParse(t *testing.T) {
	for name, w := range map[string]struct {
		file []byte
		want []int16
	}{
		"16 bits":      {file(1, 1, 8000, 16, []byte{1, 0, 0xff, 0xff, 0, 0x80, 7}), []int16{1, -1, -32768}},
		"stereo":       {file(1, 2, 16000, 16, []byte{10, 0, 20, 0}), []int16{15}},
		"8 bits":       {file(1, 1, 8000, 8, []byte{128, 0, 255}), []int16{0, -32768, 127 << 8}},
		"A-law":        {file(6, 1, 8000, 8, []byte{0xd5, 0x55, 0xaa}), []int16{8, -8, 32256}},
		"µ-law":        {file(7, 1, 8000, 8, []byte{0xff, 0x80, 0x00}), []int16{0, 32124, -32124}},
		"endless":      {endless(file(1, 1, 8000, 16, []byte{1, 0, 2, 0})), []int16{1, 2}},
		"long at rear": {append(file(1, 1, 8000, 16, []byte{1, 0}), "more"...), []int16{1}},
	} {
		c, err := Parse(w.file)
		if err != nil || !slices.Equal(c.Samples, w.want) {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
	for words, f := range map[string][]byte{
		"no WAVE": []byte("RIFF1234WAVX"), "GSM": file(0x31, 1, 8000, 0, nil), "codec 0x55": file(0x55, 1, 8000, 16, nil), "24 bits": file(1, 1, 8000, 24, nil),
		"16 bits": file(6, 1, 8000, 16, nil), "3 channels": file(1, 3, 8000, 16, nil), "Hz": file(1, 1, 96000, 16, nil), "no sound": file(1, 1, 8000, 16, []byte{1}),
		"longer": file(7, 1, 8000, 8, make([]byte, 8000*601)), "before": []byte("RIFF1234WAVEdata\x01\x00\x00\x00x"), "cut off": []byte("RIFF1234WAVEfmt \x02\x00\x00\x00xx"),
		"at most": make([]byte, MaxFile+1),
	} {
		if _, err := Parse(f); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", words, err)
		}
	}
}

func endless(f []byte) []byte {
	binary.LittleEndian.PutUint32(f[len(f)-8:], 0xffffffff)
	return f
}

func TestClip(t *testing.T) {
	c := &Clip{Rate: 8000, Samples: make([]int16, 16000)}
	c.Samples[100], c.Samples[15999] = -32768, 16384
	if got := c.Peaks(2); c.Lasts() != 2*time.Second || !slices.Equal(got, []float64{1, 0.5}) {
		t.Errorf("%v, %v", c.Lasts(), got)
	}
	if got := (&Clip{Rate: 8000, Samples: c.Samples[:1]}).Peaks(3); !slices.Equal(got, []float64{0, 0, 0}) {
		t.Errorf("%v", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(file(1, 2, 16000, 16, []byte{10, 0, 20, 0}))
	f.Add(file(7, 1, 8000, 8, []byte{1, 2, 3}))
	f.Add(endless(file(1, 1, 8000, 16, []byte{1, 0, 2, 0})))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := Parse(b); err == nil && (len(c.Samples) == 0 || len(c.Samples) > len(b) || c.Lasts() > MaxTime) {
			t.Errorf("%d samples at %d Hz of %d bytes", len(c.Samples), c.Rate, len(b))
		}
	})
}
