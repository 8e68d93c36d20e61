package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
)

// ended is a call of another log that ended so many minutes after noon.
func ended(id string, minutes int) phone.Record {
	at := noon.Add(time.Duration(minutes) * time.Minute)
	return phone.Record{ID: id, Remote: phone.Peer{Number: "200"}, Began: at.Add(-time.Minute), Ended: at, Conversation: "c"}
}

func ids(calls []phone.Record) string {
	var out []string
	for _, r := range calls {
		out = append(out, r.ID)
	}
	return strings.Join(out, " ")
}

// TestTheLogOfOlderFirmwareMoves: its ring of 500 slots becomes the log, and what was missed is still missed.
func TestTheLogOfOlderFirmwareMoves(t *testing.T) {
	path := filepath.Join(t.TempDir(), "phone.db")
	f := file{path: path}
	if _, err := f.open(); err != nil {
		t.Fatal(err)
	}
	batch := map[key][]byte{{memoryBucket, oldMissedKey}: []byte("3")}
	for n := 501; n <= 1000; n++ { // the ring has gone round once
		slot := string([]byte{byte(n % 500 >> 8), byte(n % 500)})
		batch[key{oldCallsBucket, slot}] = fmt.Appendf(nil, `{"N":%d,"Record":{"Call":%d,"Line":0,"Dir":1,"Remote":{"Number":"%d"},"Began":"2026-05-01T10:00:00Z","Ended":"2026-05-01T10:01:00Z","Cause":11,"Note":"n%d"}}`, n, n, n, n)
	}
	if err := errors.Join(f.write(batch), f.close()); err != nil {
		t.Fatal(err)
	}
	s := Open(path, quiet())
	s.LogCall(record(7))
	run(t, s)()
	again := Open(path, quiet())
	defer run(t, again)()
	c := again.Calls()
	if len(c) != 501 || !reflect.DeepEqual(c, s.Calls()) || c[0].Call != 7 || c[1].Call != 1000 || c[1].Note != "n1000" || c[500].Call != 501 || again.Unseen().Missed != 3 || again.Problem() != "" {
		t.Errorf("%d calls, first %+v, %+v, problem %q", len(c), c[:2], again.Unseen(), again.Problem())
	}
	seen := map[string]bool{}
	for _, r := range c {
		seen[r.ID] = r.ID != ""
	}
	if len(seen) != 501 || seen[""] {
		t.Errorf("%d IDs", len(seen))
	}
}

func TestImport(t *testing.T) {
	path := filepath.Join(t.TempDir(), "phone.db")
	s := Open(path, quiet())
	stop := run(t, s)
	if n, err := s.Import([]phone.Record{ended("b", 2), ended("d", 4)}); err != nil || n != (Imported{Added: 2}) {
		t.Fatal(n, err)
	}
	if n, err := s.Import([]phone.Record{ended("a", 1), ended("b", 2), ended("c", 3), ended("c", 3), ended("e", 5)}); err != nil || n != (Imported{Added: 3, Known: 2}) {
		t.Fatal(n, err)
	}
	before := s.Calls()
	long := ended("f", 6)
	long.Note = strings.Repeat("x", MaxNote+1)
	bad := map[string]phone.Record{"no ID": ended("", 1), "ID": ended("a b", 1), "long ID": ended(strings.Repeat("x", maxID+1), 1), "note": long, "no time": {ID: "x"},
		"cause": {ID: "x", Began: noon, Ended: noon, Cause: phone.CauseCount}, "control": {ID: "x", Began: noon, Ended: noon, Reason: "a\nb"},
		"mode": {ID: "x", Began: noon, Ended: noon, Mode: phone.ModeCount}, "year": {ID: "x", Began: noon, Ended: noon.AddDate(9000, 0, 0)}}
	for name, r := range bad {
		if n, err := s.Import([]phone.Record{ended("z", 9), r}); err == nil || n != (Imported{}) {
			t.Errorf("%s: taken", name)
		}
	}
	if !reflect.DeepEqual(s.Calls(), before) {
		t.Error("an import that failed has changed the log")
	}
	stop()
	again := Open(path, quiet())
	defer run(t, again)()
	if got := ids(again.Calls()); got != "e d c b a" {
		t.Errorf("after a restart: %s", got)
	}
}

// TestAnImportPushesNothingOut: a full log takes no more, and says so.
func TestAnImportPushesNothingOut(t *testing.T) {
	s := book(t)
	fill(t, s, 0, MaxCalls-1)
	before := ids(s.Calls())
	if _, err := s.Import([]phone.Record{ended("a", 1), ended("b", 2)}); !errors.Is(err, ErrLogFull) || ids(s.Calls()) != before {
		t.Errorf("%v", err)
	}
	if n, err := s.Import([]phone.Record{ended("a", 1)}); err != nil || n.Added != 1 || len(s.Calls()) != MaxCalls {
		t.Errorf("%+v %v", n, err)
	}
}

// TestAComputerTellsOfItsCalls: they stand at their times, may be told anew, and push out nothing but each other.
func TestAComputerTellsOfItsCalls(t *testing.T) {
	s := book(t)
	s.LogCall(ended("", 10))
	mine := ended("", 5)
	mine.Owner, mine.PC, mine.Mode = "p1", "desk", phone.Messages
	id, err := s.AddPC(mine)
	if err != nil || id == "" || len(s.Calls()) != 2 || s.Calls()[1].ID != id {
		t.Fatalf("%q %v %+v", id, err, s.Calls())
	}
	if err := s.NoteLogged(id, "sent the plan"); err != nil {
		t.Fatal(err)
	}
	mine.ID, mine.Ended = id, mine.Ended.Add(time.Minute)
	if again, err := s.AddPC(mine); err != nil || again != id || len(s.Calls()) != 2 || s.Calls()[1].Note != "sent the plan" || !s.Calls()[1].Ended.Equal(mine.Ended) {
		t.Errorf("%q %v %+v", again, err, s.Calls()[1])
	}
	mine.Owner = "p2"
	if _, err := s.AddPC(mine); !errors.Is(err, ErrNoCall) {
		t.Errorf("another computer changed it: %v", err)
	}
	theirs := s.Calls()[0]
	theirs.Owner = "p1"
	if _, err := s.AddPC(theirs); !errors.Is(err, ErrNoCall) {
		t.Errorf("a computer changed a call of the phone: %v", err)
	}
	if _, err := s.AddPC(ended("", 1)); err == nil {
		t.Error("nobody's call was taken")
	}
	for i := range MaxOfPC {
		r := ended("", 20+i)
		r.Owner = "p1"
		if _, err := s.AddPC(r); err != nil {
			t.Fatal(err)
		}
	}
	if n, _ := s.ofOwner("p1"); n != MaxOfPC || len(s.Calls()) != MaxOfPC+1 {
		t.Errorf("%d of it, %d in all", n, len(s.Calls()))
	}
}

func TestCallsAreDeletedAndStayDeleted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "phone.db")
	s := Open(path, quiet())
	stop := run(t, s)
	if _, err := s.Import([]phone.Record{ended("a", 1), ended("b", 2), ended("c", 3)}); err != nil {
		t.Fatal(err)
	}
	if n := s.DeleteCalls("a", "c", "x", "a"); n != 2 {
		t.Errorf("%d deleted", n)
	}
	if err := s.NoteLogged("a", "x"); !errors.Is(err, ErrNoCall) {
		t.Error(err)
	}
	stop()
	again := Open(path, quiet())
	defer run(t, again)()
	if got := ids(again.Calls()); got != "b" {
		t.Errorf("after a restart: %s", got)
	}
}

func BenchmarkLogCallInto2000(b *testing.B) {
	s := book(b)
	fill(b, s, 0, MaxCalls)
	b.ReportAllocs()
	for b.Loop() {
		s.LogCall(record(1))
	}
}
