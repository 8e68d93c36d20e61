package main

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// card moves samples without waiting and says how many it moved; none is no error.
type card interface {
	move(samples []int16) (int, error)
}

// port is a virtio port that is opened not to block.
type port int

// Read reads what has come, which may be nothing.
func (p port) Read(b []byte) (int, error) { return patient(unix.Read(int(p), b)) }

// Write writes what the host takes at once, which is nothing while nobody is there.
func (p port) Write(b []byte) (int, error) { return patient(unix.Write(int(p), b)) }

func patient(n int, err error) (int, error) {
	switch {
	case errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("port: %w", err)
	}
	return max(n, 0), nil
}

// feed plays the microphone's port into the card.
type feed struct {
	port   interface{ Read([]byte) (int, error) }
	card   card
	queue  queue
	next   []int16 // of period, on its way to the card
	period [periodFrames]int16
}

// step fills the card's buffer.
func (f *feed) step() error {
	for {
		if len(f.next) == 0 {
			if err := f.queue.fill(f.port); err != nil {
				return err
			}
			f.queue.take(f.period[:])
			f.next = f.period[:]
		}
		n, err := f.card.move(f.next)
		if err != nil || n == 0 {
			return err
		}
		f.next = f.next[n:]
	}
}

// listen records what the card plays into the speaker's port.
type listen struct {
	card    card
	port    interface{ Write([]byte) (int, error) }
	samples [4 * periodFrames]int16
}

// step takes everything that the card has.
func (l *listen) step() error {
	for {
		n, err := l.card.move(l.samples[:])
		if err != nil || n == 0 {
			return err
		}
		if _, err := l.port.Write(octets(l.samples[:n])); err != nil {
			return err
		}
		if n < len(l.samples) {
			return nil
		}
	}
}
