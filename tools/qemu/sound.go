package qemu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Rate is the sample rate of microphone and speaker in Hz.
const Rate = 48000

// wavHeader is the size of the recording's header in bytes.
const wavHeader = 44

// recording is what the phone's speaker plays.
type recording struct {
	file *os.File
	path string
	live io.Writer
}

func newRecording(path string, live io.Writer) (*recording, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("qemu: recording: %w", err)
	}
	if _, err := f.Write(header(0)); err != nil {
		return nil, errors.Join(fmt.Errorf("qemu: recording: %w", err), f.Close())
	}
	return &recording{file: f, path: path, live: live}, nil
}

// run records what comes from the speaker's port until that ends.
func (r *recording) run(port io.ReadCloser) {
	defer r.Close()
	defer port.Close()
	buf := make([]byte, 1<<16)
	var size uint32
	for {
		n, err := port.Read(buf)
		if n > 0 && r.live != nil {
			r.live.Write(buf[:n])
		}
		size += uint32(n)
		if _, failed := r.file.Write(buf[:n]); err != nil || failed != nil {
			return
		}
		if _, err := r.file.WriteAt(header(size), 0); err != nil {
			return
		}
	}
}

// Close ends the file.
func (r *recording) Close() error { return r.file.Close() }

// header is a WAV header for 16-bit mono at Rate with size bytes of samples.
func header(size uint32) []byte {
	const channels, sample = 1, 2
	h := append(make([]byte, 0, wavHeader), "RIFF"...)
	h = binary.LittleEndian.AppendUint32(h, size+wavHeader-8)
	h = append(h, "WAVEfmt "...)
	h = binary.LittleEndian.AppendUint32(h, 16)
	h = binary.LittleEndian.AppendUint16(h, 1) // PCM
	h = binary.LittleEndian.AppendUint16(h, channels)
	h = binary.LittleEndian.AppendUint32(h, Rate)
	h = binary.LittleEndian.AppendUint32(h, Rate*channels*sample)
	h = binary.LittleEndian.AppendUint16(h, channels*sample)
	h = binary.LittleEndian.AppendUint16(h, 8*sample)
	h = append(h, "data"...)
	return binary.LittleEndian.AppendUint32(h, size)
}

// pacer lets mono samples through no faster than they sound, so that they are not piled up on the
// way to the microphone and the delay stays what a real one has.
type pacer struct {
	mu   sync.Mutex
	w    io.Writer
	next time.Time // when the next sample is due
}

// step is how many bytes go out at once: 10 ms.
const step = Rate / 100 * 2

func (p *pacer) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); p.next.Before(now) {
		p.next = now
	}
	done := 0
	for done < len(b) {
		time.Sleep(time.Until(p.next))
		n, err := p.w.Write(b[done:min(done+step, len(b))])
		done += n
		if err != nil {
			return done, fmt.Errorf("qemu: microphone: %w", err)
		}
		p.next = p.next.Add(time.Duration(n) * time.Second / (2 * Rate))
	}
	return done, nil
}
