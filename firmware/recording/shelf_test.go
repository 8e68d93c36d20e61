package recording

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func open(dir string) *Shelves {
	return OpenShelves(dir, func(string) int64 { return -1 }, slog.New(slog.DiscardHandler))
}

func TestAfterAPowerCutTheHeaderIsMended(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, doc []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), doc, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sound := make([]byte, 5*second+3) // and a sample that was cut
	put("20260601-120000_201.wav", append(header(2*second), sound...))
	put("20260601-130000_.wav", header(0))                               // nothing was heard yet
	put("20260601-140000_202.wav", append(make([]byte, 44), 1, 2, 3, 4)) // the header was never written
	put("20260601-150000_203.wav", []byte("RI"))
	put("notes.txt", []byte("not ours"))
	put("20260601-160000_a b.wav", []byte("not ours"))
	if err := os.Symlink("/etc/hostname", filepath.Join(dir, "20260601-170000_204.wav")); err != nil {
		t.Fatal(err)
	}
	s := open(dir)
	items := s.Items()
	if len(items) != 2 || items[1].With != "201" || items[1].Lasts != 5*time.Second || !items[1].Began.Equal(time.Date(2026, 6, 1, 12, 0, 0, 0, time.Local)) || items[0].With != "202" {
		t.Errorf("found %+v", items)
	}
	if own, _ := readWAV(t, filepath.Join(dir, items[1].ID)); len(own) != 5*rate {
		t.Errorf("%d samples", len(own))
	}
	s.phone.quota.Store(10 * second)
	if left := s.phone.room(second); left != 10*second-second-(head+5*second+head+4) {
		t.Errorf("room for %d", left)
	}
	for _, name := range []string{"notes.txt", "20260601-160000_a b.wav", "20260601-170000_204.wav"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Error("what is not ours was touched:", err)
		}
	}
	if err := s.Remove("../" + items[0].ID); err != nil || len(s.Items()) != 2 {
		t.Error("removed something by another name", err)
	}
}

func TestNamesAreReadBack(t *testing.T) {
	began := time.Date(2026, 6, 1, 12, 0, 0, 0, time.Local)
	for with, want := range map[string]string{"+49 30 5550142": "+49305550142", "": "", "../../etc/passwd": "etcpasswd", "жanna": "anna", "_": ""} {
		it, ok := named(name(began, with))
		if !ok || it.With != want || !it.Began.Equal(began) {
			t.Errorf("%q: %+v, %v", with, it, ok)
		}
	}
}

func FuzzNamed(f *testing.F) {
	f.Add("20260601-120000_+4930.wav")
	f.Add("20260601-120000_../x.wav")
	f.Fuzz(func(t *testing.T, file string) {
		if it, ok := named(file); ok && (name(it.Began, it.With) != file || filepath.Base(file) != file) {
			t.Errorf("%q reads as %+v", file, it)
		}
	})
}

// FuzzShelf opens folders in which somebody has meddled: what it lists can be read as WAV.
func FuzzShelf(f *testing.F) {
	f.Add([]byte("RIFF"))
	f.Add(append(header(8), 1, 2, 3, 4, 5))
	f.Fuzz(func(t *testing.T, doc []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "20260601-120000_201.wav"), doc, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, it := range open(dir).Items() {
			if own, _ := readWAV(t, filepath.Join(dir, it.ID)); len(own) == 0 || lasts(int64(len(own)*block)) != it.Lasts {
				t.Errorf("%+v has %d samples", it, len(own))
			}
		}
	})
}
