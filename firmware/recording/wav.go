package recording

import (
	"encoding/binary"
	"time"
)

// The sound of a recording: 16 kHz, so that wideband voices keep what makes them clear, 16 bits, and two channels, we at the
// left and the far side at the right: who listens, or has it written down, knows who spoke, and what both say at once can be
// told apart. An hour takes 230 MB.
const (
	rate     = 16000 // Hz
	channels = 2
	block    = 2 * channels     // bytes of one sample of both
	second   = rate * block     // bytes of a second
	head     = 44               // bytes of the header
	most     = 1<<32 - 1 - 1024 // bytes of a file: RIFF counts in 32 bits
)

// header is a RIFF/WAVE header of PCM (Multimedia Programming Interface and Data Specifications 1.0) of a file with so
// many bytes of sound.
func header(data int64) []byte {
	le := binary.LittleEndian
	h := append(make([]byte, 0, head), "RIFF"...)
	h = le.AppendUint32(h, uint32(head-8+data))
	h = append(h, "WAVEfmt "...)
	h = le.AppendUint32(h, 16)
	h = le.AppendUint16(h, 1) // PCM
	h = le.AppendUint16(h, channels)
	h = le.AppendUint32(h, rate)
	h = le.AppendUint32(h, second)
	h = le.AppendUint16(h, block)
	h = le.AppendUint16(h, 16)
	h = append(h, "data"...)
	return le.AppendUint32(h, uint32(data))
}

// whole is how many bytes of sound a file of size bytes holds, without a sample that was cut.
func whole(size int64) int64 {
	if size <= head {
		return 0
	}
	return (min(size, most) - head) / block * block
}

// lasts is how long so many bytes of sound last.
func lasts(data int64) time.Duration {
	return time.Duration(data) * time.Second / second
}
