package soundcard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// cards is where Linux keeps a link for each card there is, by its id.
var cards = "/proc/asound"

// presence is how often an open card is looked for. Of one that is pulled the library notices nothing: the kernel wakes it
// for ever with an error that it passes over (POLLERR without POLLOUT).
const presence = 100 * time.Millisecond

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

// watch ends the device when one of its cards is pulled.
func (d *Device) watch(ids []string) {
	tick := time.NewTicker(presence)
	defer tick.Stop()
	for {
		select {
		case <-d.gone:
			return
		case <-tick.C:
			if missing(ids) != nil {
				d.onStop()
				return
			}
		}
	}
}
