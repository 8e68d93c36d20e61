// Command soundport is the far side of the sound card of the phone in QEMU. The card is the kernel's
// loopback, whose two devices are joined crosswise; the phone daemon has device 1, and here the other
// end of its microphone and speaker leads to two virtio ports (16-bit little-endian mono at 48 kHz).
// So both run by one clock, the guest's. When nothing comes in, the microphone hears silence, as one
// in a quiet room does; what the host is too slow to take of the speaker is lost to it.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// The virtio ports' names in QEMU's command line.
const (
	micPort     = "org.opendeskphone.mic"
	speakerPort = "org.opendeskphone.speaker"
)

// rank is the real-time rank of the thread that feeds the card: between the daemon's sound card
// threads and its engine, since a real microphone waits for nobody.
const rank = 45

// Times between tries: the card and the ports come up while we wait.
const retry = 200 * time.Millisecond

func main() {
	runtime.GOMAXPROCS(4) // each way of the sound and each port has its own: none waits until Go has noticed that another is blocked
	var both sync.WaitGroup
	both.Go(func() { keep(feed) })
	both.Go(func() { keep(listen) })
	both.Wait()
}

// keep does something again and again, for it only ends by failing.
func keep(do func() error) {
	for {
		err := do()
		fmt.Fprintln(os.Stderr, "soundport:", err)
		time.Sleep(retry)
	}
}

// feed plays the microphone's port into the card until one of them fails.
func feed() error {
	pcm, err := openPCM(waitForCard("Loopback"), toCard, feedPeriods)
	if err != nil {
		return err
	}
	defer pcm.Close()
	runtime.LockOSThread() // with the rank below; at ordinary rank the feeder works, only less evenly
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: rank}, 0)
	q := &queue{}
	go readPort(q)
	var samples [periodFrames]int16
	for {
		q.take(samples[:])
		if err := pcm.move(samples[:]); err != nil {
			q.close()
			return err
		}
	}
}

// listen records what the card plays into the speaker's port until one of them fails.
func listen() error {
	pcm, err := openPCM(waitForCard("Loopback"), fromCard, listenPeriods)
	if err != nil {
		return err
	}
	defer pcm.Close()
	port, err := openPort(speakerPort, unix.O_WRONLY)
	if err != nil {
		return err
	}
	defer port.Close()
	var samples [periodFrames]int16
	for {
		if err := pcm.move(samples[:]); err != nil {
			return err
		}
		if _, err := port.Write(octets(samples[:])); err != nil {
			return err
		}
	}
}

// waitForCard waits for a sound card by its ALSA name and gives its number.
func waitForCard(id string) string {
	for {
		files, _ := filepath.Glob("/proc/asound/card[0-9]*/id")
		for _, f := range files {
			if data, err := os.ReadFile(f); err == nil && strings.TrimSpace(string(data)) == id {
				return strings.TrimPrefix(filepath.Base(filepath.Dir(f)), "card")
			}
		}
		time.Sleep(retry)
	}
}

// readPort moves samples from the port into the queue until the queue is closed.
func readPort(q *queue) {
	for !q.closed() {
		port, err := openPort(micPort, unix.O_RDONLY)
		if err != nil {
			time.Sleep(retry)
			continue
		}
		err = q.fill(port)
		port.Close()
		if !errors.Is(err, io.EOF) {
			fmt.Fprintln(os.Stderr, "soundport:", err)
		}
		time.Sleep(retry / 10) // at its end the port has no writer; one may come
	}
}

// openPort finds a virtio port by its name.
func openPort(name string, way int) (*os.File, error) {
	files, _ := filepath.Glob("/sys/class/virtio-ports/*/name")
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err == nil && strings.TrimSpace(string(data)) == name {
			// Blocking and unpolled: the port signals hang-up for as long as nobody is at its other end.
			fd, err := unix.Open("/dev/"+filepath.Base(filepath.Dir(f)), way|unix.O_CLOEXEC, 0)
			if err != nil {
				return nil, fmt.Errorf("open port %s: %w", name, err)
			}
			return os.NewFile(uintptr(fd), name), nil
		}
	}
	return nil, errors.New("no port " + name)
}
