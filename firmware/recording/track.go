package recording

import (
	"bufio"
	"encoding/binary"
	"io"
	"os"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/resample"
	"opendeskphone/audio/wav"
)

// track is something that can be played.
type track interface {
	frame(*audio.Frame) bool // the next 10 ms; false: there is no more
	seek(to time.Duration) error
	close()
}

// fileTrack makes frames of the samples of a recording.
type fileTrack struct {
	file *os.File
	in   *bufio.Reader
	up   *resample.Resampler
	raw  [rate / 100 * block]byte
	slim [rate / 100]float32
	wide []float32
}

func newFileTrack(f *os.File) *fileTrack {
	return &fileTrack{file: f, in: bufio.NewReaderSize(f, full), up: resample.New(rate, audio.Rate)}
}

func (r *fileTrack) seek(to time.Duration) error {
	_, err := r.file.Seek(head+int64(min(to, wav.MaxTime*100)/frameTime)*int64(len(r.raw)), io.SeekStart)
	r.in.Reset(r.file)
	r.up.Reset()
	return err
}

func (r *fileTrack) close() { r.file.Close() }

func (r *fileTrack) frame(f *audio.Frame) bool {
	n, err := io.ReadFull(r.in, r.raw[:])
	if n < block || err != nil && err != io.ErrUnexpectedEOF {
		return false
	}
	clear(r.raw[n/block*block:])
	for i := range r.slim {
		for c := range channels {
			r.slim[i] += float32(int16(binary.LittleEndian.Uint16(r.raw[i*block+2*c:]))) / 32768
		}
	}
	r.wide = r.up.Process(r.wide[:0], r.slim[:])
	clear(r.slim[:])
	clear(f[copy(f[:], r.wide):])
	return true
}

// clipTrack makes frames of a voice message, whatever its rate.
type clipTrack struct {
	clip *wav.Clip
	at   int // the next sample
	up   *resample.Resampler
	slim []float32
	wide []float32 // not yet given
}

func newClipTrack(c *wav.Clip) *clipTrack {
	return &clipTrack{clip: c, up: resample.New(c.Rate, audio.Rate), slim: make([]float32, 0, c.Rate/100+1)}
}

func (r *clipTrack) seek(to time.Duration) error {
	r.at = int(min(to, r.clip.Lasts()) * time.Duration(r.clip.Rate) / time.Second)
	r.up.Reset()
	r.wide = r.wide[:0]
	return nil
}

func (r *clipTrack) close() {}

func (r *clipTrack) frame(f *audio.Frame) bool {
	for len(r.wide) < len(f) && r.at < len(r.clip.Samples) {
		r.slim = r.slim[:0]
		for _, v := range r.clip.Samples[r.at:min(r.at+cap(r.slim), len(r.clip.Samples))] {
			r.slim = append(r.slim, float32(v)/32768)
		}
		r.at += len(r.slim)
		r.wide = r.up.Process(r.wide, r.slim)
	}
	if len(r.wide) == 0 {
		return false
	}
	n := copy(f[:], r.wide)
	clear(f[n:])
	r.wide = r.wide[:copy(r.wide, r.wide[n:])]
	return true
}
