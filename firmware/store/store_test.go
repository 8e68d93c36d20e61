package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/firmware/phone"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// run runs a store as the phone does, and gives the way to stop it.
func run(t testing.TB, s *Store) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func fill(t testing.TB, s *Store, contacts, calls int) {
	t.Helper()
	for i := range contacts {
		c := Contact{Name: fmt.Sprintf("Person %04d", i), Organisation: "Firm", Numbers: []Number{{"work", fmt.Sprintf("+49 30 %07d", i)}, {"mobile", fmt.Sprintf("0171 %07d", i)}}}
		if _, err := s.PutContact(c); err != nil {
			t.Fatal(err)
		}
	}
	for i := range calls {
		s.LogCall(record(i))
	}
}

func record(i int) phone.Record {
	return phone.Record{Call: phone.CallID(i), Dir: phone.Incoming, Remote: phone.Peer{Number: fmt.Sprint(i)}, Began: noon.Add(time.Duration(i) * time.Minute), Ended: noon}
}

func TestAllIsThereAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "phone.db")
	s := Open(path, quiet())
	if _, ok := s.Volumes(); ok {
		t.Error("a new phone has volumes")
	}
	stop := run(t, s)
	fill(t, s, 20, MaxCalls+30)
	s.KeepVolumes(Volumes{Path: [phone.PathCount]uint8{1, 2, 3}, Ring: 4})
	s.KeepUnseen(phone.Unseen{Missed: 7, Elsewhere: 1})
	if err := s.DeleteContact(s.Contacts()[3].ID); err != nil {
		t.Fatal(err)
	}
	stop()
	again := Open(path, quiet())
	defer run(t, again)()
	if !reflect.DeepEqual(s.Contacts(), again.Contacts()) || len(again.Contacts()) != 19 {
		t.Errorf("contacts: %d before, %d after", len(s.Contacts()), len(again.Contacts()))
	}
	if !reflect.DeepEqual(s.Calls(), again.Calls()) || len(again.Calls()) != MaxCalls || again.Calls()[0].Call != MaxCalls+29 {
		t.Errorf("calls: %d before, %d after, first %+v", len(s.Calls()), len(again.Calls()), again.Calls()[0])
	}
	if v, ok := again.Volumes(); !ok || v != (Volumes{Path: [phone.PathCount]uint8{1, 2, 3}, Ring: 4}) || again.Unseen() != (phone.Unseen{Missed: 7, Elsewhere: 1}) || again.Problem() != "" {
		t.Errorf("%+v %v, unseen %+v, problem %q", v, ok, again.Unseen(), again.Problem())
	}
	again.LogCall(record(1000))
	if c := again.Calls(); len(c) != MaxCalls || c[0].Call != 1000 || c[1].Call != MaxCalls+29 {
		t.Errorf("the log goes on with %+v", c[:2])
	}
}

// flash lives long: what changes often is written once a second at most, and idling writes nothing.
func TestWritesAreGathered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := Open(filepath.Join(t.TempDir(), "phone.db"), quiet())
		defer run(t, s)()
		synctest.Wait()
		db := s.file.db
		writes := func() int64 {
			stats := db.Stats().TxStats
			return stats.GetWrite()
		}
		start := writes()
		for i := range 100 {
			s.KeepVolumes(Volumes{Ring: uint8(i % 16)})
			s.KeepVolumes(Volumes{Ring: uint8(i % 16)})
			time.Sleep(time.Millisecond)
		}
		time.Sleep(gatherTime)
		synctest.Wait()
		once := writes() - start
		time.Sleep(time.Hour)
		synctest.Wait()
		if after := writes() - start; once == 0 || once > 8 || after != once {
			t.Errorf("%d page writes for a hundred turns, %d after an idle hour", once, after)
		}
	})
}

// small mounts a file system that is soon full.
func small(t *testing.T) string {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("cannot mount a small file system, which wants root: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

func TestAFullDisk(t *testing.T) {
	dir := small(t)
	s := Open(filepath.Join(dir, "phone.db"), quiet())
	notices := make(chan string, 10)
	s.Notify(func(p string) { notices <- p })
	stop := run(t, s)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 200<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	fill(t, s, 300, 100)
	if got := <-notices; !strings.Contains(got, "full") {
		t.Errorf("notice %q", got)
	}
	if len(s.Contacts()) != 300 || len(s.Calls()) != 100 {
		t.Error("the phone does not go on in memory")
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	fill(t, s, 0, 1) // any change tries again
	if got := <-notices; got != "" {
		t.Errorf("notice %q", got)
	}
	stop()
	again := Open(filepath.Join(dir, "phone.db"), quiet())
	defer run(t, again)()
	if len(again.Contacts()) != 300 || len(again.Calls()) != 101 {
		t.Errorf("%d contacts and %d calls were saved in the end", len(again.Contacts()), len(again.Calls()))
	}
}

func TestAFileThatComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "data")
		path := filepath.Join(dir, "phone.db")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		first := Open(path, quiet())
		stop := run(t, first)
		fill(t, first, 2, 3)
		stop()
		if err := os.Rename(dir, dir+".away"); err != nil {
			t.Fatal(err)
		}
		s := Open(path, quiet())
		if s.Problem() == "" {
			t.Error("no problem without a disk")
		}
		stop = run(t, s)
		s.LogCall(record(77))
		s.KeepVolumes(Volumes{Ring: 3})
		if _, err := s.PutContact(Contact{Name: "New"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if err := os.Rename(dir+".away", dir); err != nil {
			t.Fatal(err)
		}
		time.Sleep(retryTime + time.Second)
		synctest.Wait()
		if s.Problem() != "" || len(s.Contacts()) != 3 || len(s.Calls()) != 4 || s.Calls()[0].Call != 77 {
			t.Errorf("%q, %d contacts, calls %+v", s.Problem(), len(s.Contacts()), s.Calls())
		}
		stop()
		again := Open(path, quiet())
		defer run(t, again)()
		if !reflect.DeepEqual(again.Contacts(), s.Contacts()) || !reflect.DeepEqual(again.Calls(), s.Calls()) {
			t.Errorf("saved %+v and %+v", again.Contacts(), again.Calls())
		}
	})
}

// made is a good file.
func made(t testing.TB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "phone.db")
	s := Open(path, quiet())
	stop := run(t, s)
	fill(t, s, 60, 40)
	stop()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// survive opens a file of these bytes, works with it, and wants the next start to be a good one.
func survive(t *testing.T, what string, b []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "phone.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s := Open(path, quiet())
	had := len(s.Contacts())
	if _, err := s.PutContact(Contact{Name: "New"}); err != nil {
		t.Fatal(err)
	}
	s.LogCall(record(9000))
	s.flush() // may find the file broken
	s.flush() // then this is into a new one
	if err := s.file.close(); err != nil {
		t.Error(err)
	}
	again := Open(path, quiet())
	defer again.file.close()
	if len(again.Contacts()) != had+1 || len(again.Calls()) == 0 || again.Calls()[0].Call != 9000 {
		t.Errorf("%s: %d contacts of %d, problem %q, then %q", what, len(again.Contacts()), had+1, s.Problem(), again.Problem())
	}
}

func TestAFileCutAnywhere(t *testing.T) {
	b := made(t)
	for n := 0; n < len(b); n += 1024 {
		survive(t, fmt.Sprintf("cut after %d of %d bytes", n, len(b)), b[:n])
	}
}

func TestBitsFlip(t *testing.T) {
	good := made(t)
	random := rand.New(rand.NewPCG(3, 4))
	rounds := 60
	if testing.Short() {
		rounds = 10
	}
	for i := range rounds {
		b := bytes.Clone(good)
		for range 1 + random.IntN(20) {
			b[random.IntN(len(b))] ^= 1 << random.IntN(8)
		}
		survive(t, fmt.Sprintf("flips %d", i), b)
	}
}

func TestNoDatabaseAtAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "phone.db")
	text := strings.Repeat("this is a letter to my aunt\n", 1000)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := Open(path, quiet())
	run(t, s)()
	if !strings.Contains(s.Problem(), "begin anew") {
		t.Errorf("problem %q", s.Problem())
	}
	if b, err := os.ReadFile(path + ".damaged"); err != nil || string(b) != text {
		t.Errorf("the letter is lost: %v", err)
	}
	if s := Open(path, quiet()); s.Problem() != "" {
		t.Errorf("at the next start: %q", s.Problem())
	}
}

func TestDamagedValuesAreDropped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "phone.db")
	f := file{path: path}
	if _, err := f.open(); err != nil {
		t.Fatal(err)
	}
	err := f.write(map[key][]byte{
		{contactsBucket, "a"}: []byte(`{"ID":"a","Name":"Anna"}`), {contactsBucket, "b"}: []byte(`{"ID":"b","Name":"Bo`), {contactsBucket, "c"}: []byte(`{"ID":"x","Name":"Cy"}`),
		{logBucket, "xx"}: []byte(`{`), {oldCallsBucket, "xx"}: []byte(`{`), {memoryBucket, volumesKey}: []byte(`3`), {memoryBucket, unseenKey}: []byte(`"x"`),
	})
	if err := errors.Join(err, f.close()); err != nil {
		t.Fatal(err)
	}
	s := Open(path, quiet())
	defer run(t, s)()
	if _, ok := s.Volumes(); ok || len(s.Contacts()) != 1 || len(s.Calls()) != 0 || s.Unseen() != (phone.Unseen{}) || s.Problem() == "" {
		t.Errorf("%+v %+v %q", s.Contacts(), s.Calls(), s.Problem())
	}
}

func TestAFileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "phone.db")
	s := Open(path, quiet())
	defer run(t, s)()
	if other := Open(path, quiet()); other.Problem() == "" {
		t.Error("two write into one file")
	}
	if _, err := os.Stat(path + ".damaged"); err == nil {
		t.Error("a file in use was taken for a damaged one")
	}
}

func FuzzFile(f *testing.F) {
	good := made(f)
	f.Add(uint32(0), byte(0))
	f.Add(uint32(4096*3+8), byte(1))
	f.Add(uint32(8192+12), byte(0xff))
	f.Fuzz(func(t *testing.T, at uint32, with byte) {
		b := bytes.Clone(good)
		b[int(at)%len(b)] ^= with
		survive(t, fmt.Sprintf("%d at %d", with, at), b)
	})
}

func TestNotesGoWithTheirCalls(t *testing.T) {
	path := filepath.Join(t.TempDir(), "phone.db")
	s := Open(path, quiet())
	stop := run(t, s)
	s.LogCall(record(1))
	if err := s.Note(2, true, "call back", noon); err != nil {
		t.Fatal(err)
	}
	s.LogCall(record(2))
	s.LogCall(record(3))
	if err := s.Note(1, false, "wanted the manual", noon.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := s.Note(3, false, "too late", noon.Add(time.Hour)); !errors.Is(err, ErrNoCall) {
		t.Errorf("a call of long ago: %v", err)
	}
	if err := s.Note(9, false, "nobody", noon); !errors.Is(err, ErrNoCall) {
		t.Errorf("no call: %v", err)
	}
	if err := s.Note(1, false, strings.Repeat("x", MaxNote+1), noon); err == nil {
		t.Error("a note too long was taken")
	}
	stop()
	again := Open(path, quiet())
	defer run(t, again)()
	if c := again.Calls(); len(c) != 3 || c[0].Note != "" || c[1].Note != "call back" || c[2].Note != "wanted the manual" {
		t.Errorf("%+v", c)
	}
}
