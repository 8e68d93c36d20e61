package soundcard

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A card that is pulled is lost, though the library goes on as if nothing had happened; until it is back nobody asks the
// library for it.
func TestAPulledCardIsLost(t *testing.T) {
	was := cards
	cards = t.TempDir()
	defer func() { cards = was }()
	link := filepath.Join(cards, "Device")
	mark := filepath.Join(link, "usbid")
	cfg := Config{Playback: "hw:CARD=Device,DEV=0", Capture: "hw:CARD=Device", Period: 10 * time.Millisecond, Periods: 2}
	s := system(t, Null)
	if _, err := s.Open(cfg); err == nil || !strings.Contains(err.Error(), "no card Device") {
		t.Fatalf("opened a card that is not there: %v", err)
	}
	if err := errors.Join(os.Mkdir(link, 0o700), os.WriteFile(mark, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	d := open(t, s, cfg)
	mic, spk := make([]int16, d.Rate()/100), make([]int16, d.Rate()/100)
	for n := range 2000 {
		if n == 20 {
			if err := os.RemoveAll(link); err != nil {
				t.Fatal(err)
			}
		}
		err := d.Exchange(mic, spk)
		switch {
		case err == nil:
			continue
		case n < 20 || !errors.Is(err, ErrLost):
			t.Fatalf("exchange %d: %v", n, err)
		}
		return
	}
	t.Error("nobody notices that the card is gone")
}

func TestCardsOfConfig(t *testing.T) {
	for pcm, want := range map[string][]string{"hw:CARD=Loopback,DEV=1": {"Loopback"}, "plughw:CARD=A": {"A"}, "hw:0": nil, "": nil, None: nil, "hw:CARD=../x": nil, "hw:CARD=": nil} {
		if got := (Config{Playback: pcm}).named(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", pcm, got, want)
		}
	}
}
