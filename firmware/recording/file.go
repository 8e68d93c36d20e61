package recording

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/resample"
)

// file is a recording that is being written.
type file struct {
	*os.File
	data int64 // bytes of sound written
	safe int64 // of them the disk has
	lost int   // frames that came too fast; there is silence in their place

	down [channels]*resample.Resampler
	wide []float32           // a frame of one channel, before
	slim [channels][]float32 // and after
	buf  []byte
}

// create makes the file of a recording. Of two that begin in one second with the same party the later one says it began a
// second later.
func create(dir string, it *Item) (*file, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for tries := 0; ; tries++ {
		*it, _ = named(name(it.Began, it.With))
		f, err := os.OpenFile(filepath.Join(dir, it.ID), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) && tries < 10 {
			it.Began = it.Began.Add(time.Second)
			continue
		}
		if err != nil {
			return nil, err
		}
		out := &file{File: f, wide: make([]float32, audio.FrameLen)}
		for c := range out.down {
			out.down[c] = resample.New(audio.Rate, rate)
			out.slim[c] = make([]float32, 0, out.down[c].Max(audio.FrameLen))
		}
		_, err = f.Write(header(0))
		return out, err
	}
}

const full = 32 << 10 // bytes in the buffer, after which they are written

var silence [channels][audio.FrameLen]int16

// drain writes what waits in the ring.
func (f *file) drain(r *ring) error {
	for range r.waiting() {
		frame, lost := r.oldest()
		for range lost {
			f.add(&silence)
		}
		f.lost += int(lost)
		f.add(frame)
		r.drop()
		if len(f.buf) < full {
			continue
		}
		if err := f.flush(); err != nil {
			return err
		}
	}
	if err := f.flush(); err != nil {
		return err
	}
	if lasts(f.data-f.safe) >= syncTime {
		return f.secure()
	}
	return nil
}

// add codes a frame.
func (f *file) add(frame *[channels][audio.FrameLen]int16) {
	for c := range frame {
		for i, v := range frame[c] {
			f.wide[i] = float32(v)
		}
		f.slim[c] = f.down[c].Process(f.slim[c][:0], f.wide)
	}
	for i := range f.slim[0] {
		for c := range f.slim {
			f.buf = binary.LittleEndian.AppendUint16(f.buf, uint16(int16(min(max(f.slim[c][i], -32768), 32767))))
		}
	}
}

// flush writes what is coded.
func (f *file) flush() error {
	n, err := f.Write(f.buf)
	f.data += int64(n) / block * block
	f.buf = f.buf[:0]
	return err
}

// secure has the disk take what is written, and then a header that says so.
func (f *file) secure() error {
	if err := f.Sync(); err != nil {
		return err
	}
	f.safe = f.data
	if _, err := f.WriteAt(header(f.data), 0); err != nil {
		return err
	}
	return f.Sync()
}

// close makes the file whole. One without any sound is removed.
func (f *file) close() error {
	if f.data == 0 {
		return errors.Join(f.Close(), os.Remove(f.Name()))
	}
	return errors.Join(f.Truncate(head+f.data), f.secure(), f.Close())
}
