// Command soundport is the far side of the sound card of the phone in QEMU. The card is the kernel's
// loopback, whose two devices are joined crosswise; the phone daemon has device 1, and here the other
// end of its microphone and speaker leads to two virtio ports (16-bit little-endian mono at 48 kHz).
// So both run by one clock, the guest's. When nothing comes in, the microphone hears silence, as one
// in a quiet room does; what the host is too slow to take of the speaker is lost to it.
//
// All of it is one loop that wakes twenty-five times a second and never blocks in a call: an emulated
// machine pays dearly for each thread that wakes, and the phone shall have that time.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The virtio ports' names in QEMU's command line.
const (
	micPort     = "org.opendeskphone.mic"
	speakerPort = "org.opendeskphone.speaker"
)

// urgency is the nice value of the program, that of the daemon's sound threads: a real microphone waits for nobody.
const urgency = -20

const (
	retry = 200 * time.Millisecond // between tries: the card and the ports come up while we wait
	beat  = 40 * time.Millisecond  // between two looks: the card holds three times as much
)

func main() {
	hurry()
	for {
		err := run()
		fmt.Fprintln(os.Stderr, "soundport:", err)
		time.Sleep(retry)
	}
}

// hurry makes every thread urgent; those that Go starts later inherit it. Without the right to it the
// program works, only less evenly.
func hurry() {
	threads, _ := os.ReadDir("/proc/self/task")
	for _, t := range threads {
		if id, err := strconv.Atoi(t.Name()); err == nil {
			_ = unix.Setpriority(unix.PRIO_PROCESS, id, urgency)
		}
	}
}

// run moves sound until a card or a port fails.
func run() (err error) {
	card := waitForCard("Loopback")
	out, err := openPCM(card, toCard, feedPeriods)
	if err != nil {
		return err
	}
	defer out.Close()
	in, err := openPCM(card, fromCard, listenPeriods)
	if err != nil {
		return err
	}
	defer in.Close()
	mic, err := openPort(micPort, unix.O_RDONLY)
	if err != nil {
		return err
	}
	defer unix.Close(mic)
	speaker, err := openPort(speakerPort, unix.O_WRONLY)
	if err != nil {
		return err
	}
	defer unix.Close(speaker)
	f, l := feed{port: port(mic), card: out}, listen{card: in, port: port(speaker)}
	for {
		if err := errors.Join(f.step(), l.step()); err != nil {
			return err
		}
		time.Sleep(beat)
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

// openPort finds a virtio port by its name.
func openPort(name string, way int) (int, error) {
	files, _ := filepath.Glob("/sys/class/virtio-ports/*/name")
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err == nil && strings.TrimSpace(string(data)) == name {
			fd, err := unix.Open("/dev/"+filepath.Base(filepath.Dir(f)), way|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
			if err != nil {
				return -1, fmt.Errorf("open port %s: %w", name, err)
			}
			return fd, nil
		}
	}
	return -1, errors.New("no port " + name)
}
