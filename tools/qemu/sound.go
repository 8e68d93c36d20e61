package qemu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"
)

// Rate is the sample rate of microphone and speaker in Hz.
const Rate = 48000

// wavHeader is the size of the header that QEMU writes and of ours, in bytes.
const wavHeader = 44

// recording takes what QEMU's WAV back end plays. QEMU writes into a pipe, not a file, so that the
// sound can be heard as it is played.
type recording struct {
	pipe *os.File
	file *os.File
	path string
	live io.Writer
	once sync.Once
	done chan struct{}
}

func newRecording(pipe, path string, live io.Writer) (*recording, error) {
	os.Remove(pipe)
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		return nil, fmt.Errorf("qemu: speaker pipe: %w", err)
	}
	// Opened for both ways, so that neither we nor QEMU wait for the other to open it.
	p, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("qemu: speaker pipe: %w", err)
	}
	f, err := os.Create(path)
	if err != nil {
		p.Close()
		return nil, fmt.Errorf("qemu: recording: %w", err)
	}
	if _, err := f.Write(header(0)); err != nil {
		return nil, errors.Join(fmt.Errorf("qemu: recording: %w", err), p.Close(), f.Close())
	}
	return &recording{pipe: p, file: f, path: path, live: live, done: make(chan struct{})}, nil
}

// run records until Close.
func (r *recording) run() {
	defer close(r.done)
	defer r.file.Close()
	if _, err := io.ReadFull(r.pipe, make([]byte, wavHeader)); err != nil {
		return
	}
	buf := make([]byte, 1<<16)
	var size uint32
	for {
		n, err := r.pipe.Read(buf)
		if err != nil {
			return
		}
		if r.live != nil {
			r.live.Write(buf[:n])
		}
		size += uint32(n)
		if _, err := r.file.Write(buf[:n]); err != nil {
			return
		}
		if _, err := r.file.WriteAt(header(size), 0); err != nil {
			return
		}
	}
}

// Close ends the recording.
func (r *recording) Close() error {
	var err error
	r.once.Do(func() { err = r.pipe.Close() })
	return err
}

// header is a WAV header for 16-bit stereo at Rate with size bytes of samples.
func header(size uint32) []byte {
	const channels, sample = 2, 2
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
