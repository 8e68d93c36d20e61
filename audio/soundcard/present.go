package soundcard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"opendeskphone/audio/engine"
)

// cards is where Linux keeps a link for each card there is, by its id.
var cards = "/proc/asound"

// A card that is pulled: the kernel wakes the library's thread for ever with an error that it passes over (POLLERR without
// POLLOUT), so that it turns in a circle and calls back no more. Being urgent, on a single processor it lets nobody else run,
// not even the kernel that has to take the card away. Hence a card that can be pulled is looked after by a thread as urgent.
const (
	look  = 50 * time.Millisecond // between two looks
	stuck = 3                     // looks without a callback, after which the library's threads lose their urgency
)

// named gives the ids of the cards that cfg names as "hw:CARD=Device,DEV=0"; of other names nobody can tell where they lead.
func (c Config) named() (ids []string) {
	for _, pcm := range []string{c.Playback, c.Capture} {
		_, args, _ := strings.Cut(pcm, "CARD=")
		if id, _, _ := strings.Cut(args, ","); id != "" && filepath.Base(id) == id {
			ids = append(ids, id)
		}
	}
	return ids
}

// missing tells which of the cards is not there.
func missing(ids []string) error {
	for _, id := range ids {
		if _, err := os.Lstat(filepath.Join(cards, id)); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no card %s", id)
		}
	}
	return nil
}

// removable gives those of the cards that can be pulled.
func removable(ids []string) (out []string) {
	for _, id := range ids {
		if _, err := os.Stat(filepath.Join(cards, id, "usbid")); err == nil {
			out = append(out, id)
		}
	}
	return out
}

// watch ends the device when one of its cards is pulled.
func (d *Device) watch(ids []string) {
	runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
	_ = engine.Urgent()
	var last uint64
	still := 0
	for {
		engine.Sleep(look)
		select {
		case <-d.gone:
			return
		default:
		}
		if now := d.called.Load(); now != last {
			last, still = now, 0
		} else if still++; still == stuck {
			d.calm()
		}
		if missing(ids) != nil {
			d.calm()
			d.onStop()
			return
		}
	}
}

// calm takes the urgency of the library's threads; one that calls back all the same gets it again.
func (d *Device) calm() {
	for i := range d.threads {
		if thread := d.threads[i].Swap(0); thread != 0 {
			_ = engine.Calm(int(thread)) // without it the card is missed later, and all the rest waits
		}
	}
}
