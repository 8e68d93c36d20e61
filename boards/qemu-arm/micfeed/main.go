// Command micfeed is the microphone of the phone in QEMU: it plays the samples that come in on a
// virtio port (16-bit little-endian mono at 48 kHz) into the kernel's loopback sound card, where
// the phone daemon captures them. When nothing comes in it plays silence, as a microphone in a
// quiet room does.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// portName is the virtio port's name in QEMU's command line.
const portName = "org.opendeskphone.mic"

// rank is the real-time rank of the thread that feeds the card: between the daemon's sound card
// threads and its engine, since a real microphone waits for nobody.
const rank = 45

// Times between tries: the card and the port come up while we wait.
const retry = 200 * time.Millisecond

func main() {
	for {
		err := feed()
		fmt.Fprintln(os.Stderr, "micfeed:", err)
		time.Sleep(retry)
	}
}

// feed joins port and card until one of them fails.
func feed() error {
	card, err := waitForCard("Loopback")
	if err != nil {
		return err
	}
	pcm, err := openPlayback(fmt.Sprintf("/dev/snd/pcmC%dD0p", card))
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
		if err := pcm.Write(samples[:]); err != nil {
			q.close()
			return err
		}
	}
}

// waitForCard finds a sound card's number by its ALSA name.
func waitForCard(id string) (int, error) {
	for {
		files, _ := filepath.Glob("/proc/asound/card[0-9]*/id")
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil || strings.TrimSpace(string(data)) != id {
				continue
			}
			var n int
			if _, err := fmt.Sscanf(f, "/proc/asound/card%d/id", &n); err != nil {
				return 0, fmt.Errorf("strange card folder %s: %w", f, err)
			}
			return n, nil
		}
		time.Sleep(retry)
	}
}

// readPort moves samples from the port into the queue until the queue is closed.
func readPort(q *queue) {
	for !q.closed() {
		port, err := openPort()
		if err != nil {
			time.Sleep(retry)
			continue
		}
		err = q.fill(port)
		port.Close()
		if !errors.Is(err, io.EOF) {
			fmt.Fprintln(os.Stderr, "micfeed: port:", err)
		}
		time.Sleep(retry / 10) // at its end the port has no writer; one may come
	}
}

// openPort finds the virtio port by its name.
func openPort() (*os.File, error) {
	names, _ := filepath.Glob("/sys/class/virtio-ports/*/name")
	for _, n := range names {
		data, err := os.ReadFile(n)
		if err == nil && strings.TrimSpace(string(data)) == portName {
			// Blocking and unpolled: the port signals hang-up for as long as nobody writes to it.
			fd, err := unix.Open("/dev/"+filepath.Base(filepath.Dir(n)), unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				return nil, err
			}
			return os.NewFile(uintptr(fd), portName), nil
		}
	}
	return nil, errors.New("no port " + portName)
}
