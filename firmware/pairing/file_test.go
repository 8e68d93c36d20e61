package pairing

import (
	"bytes"
	"crypto/ed25519"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opendeskphone/usbhid/pairing"
)

func TestFileKeepsKeyPairingsAndLimits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pairings")
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	f := OpenFile(path, logger)
	r := pairing.Record{ID: pairing.ID{1}, Device: pairing.ID{2}, Key: make([]byte, 32), Name: "laptop", User: "anna", Rights: pairing.AllRights,
		LinkKey: pairing.Secret{3}, Created: time.Unix(1, 0).UTC()}
	if err := f.keep([]pairing.Record{r}, pairing.Limits{Begins: 2, Locked: true}); err != nil {
		t.Fatal(err)
	}
	again := OpenFile(path, logger)
	records, limits := again.records()
	if len(records) != 1 || records[0].LinkKey != r.LinkKey || records[0].Name != "laptop" || limits != (pairing.Limits{Begins: 2, Locked: true}) {
		t.Errorf("read %+v, %+v", records, limits)
	}
	if !sameKey(again, f) {
		t.Error("the phone has another key")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for _, damaged := range []string{"", "{}", `{"seed":"AA=="}`, strings.Replace(string(must(t, path)), `"linkKey":"`, `"linkKey":"AA`, 1)} {
		if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		log.Reset()
		anew := OpenFile(path, logger)
		if records, _ := anew.records(); len(records) != 0 || sameKey(anew, f) || !strings.Contains(log.String(), "lost") {
			t.Errorf("%q gives %d pairings, log %s", damaged, len(records), log.String())
		}
		if _, err := os.Stat(path + ".damaged"); err != nil {
			t.Error(err)
		}
	}
}

func must(t *testing.T, path string) []byte {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sameKey(a, b *File) bool {
	return a.Key().Public().(ed25519.PublicKey).Equal(b.Key().Public())
}
