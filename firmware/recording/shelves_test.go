package recording

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/firmware/phone"
)

// stick plugs a stick in that has so much room.
func (b *bench) stick(dir string, free int64) {
	b.free.Store(free)
	b.shelves.SetStick(dir)
}

// a call is recorded onto the stick, listed and deleted there; the phone's quota does not count.
func TestACallIsRecordedOntoTheStick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, dir := start(t, t.TempDir(), -1), t.TempDir()
		b.shelves.UseStick(true)
		b.SetQuota(0)
		b.stick(dir, -1)
		b.Exec(phone.StartRecording{No: 1, Remote: phone.Peer{Number: "201"}})
		b.talk(2 * time.Second)
		b.Exec(phone.StopRecording{})
		synctest.Wait()
		items := b.shelves.Items()
		if len(items) != 1 || !items[0].OnStick() || items[0].Lasts < 1900*time.Millisecond || len(b.faults()) > 0 {
			t.Fatalf("kept %+v, told %v", items, b.faults())
		}
		readWAV(t, only(t, dir))
		b.shelves.SetStick("") // and it lies there still when the stick comes back
		if left := b.shelves.Items(); len(left) != 0 {
			t.Errorf("without a stick there is %+v", left)
		}
		b.stick(dir, -1)
		if f, err := b.shelves.open(items[0].ID); err != nil {
			t.Error(err)
		} else {
			f.Close()
		}
		if err := b.shelves.Remove(items[0].ID); err != nil || len(b.shelves.Items()) != 0 {
			t.Error(err)
		}
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			t.Errorf("the stick has %v yet", left)
		}
	})
}

// what the stick cannot take is recorded on the phone, and that is told.
func TestWithoutAStickThePhoneRecords(t *testing.T) {
	for want, free := range map[phone.RecordingFault]int64{phone.StickMissing: -1, phone.StickFull: spare + 1000, phone.StickBroken: -1} {
		synctest.Test(t, func(t *testing.T) {
			b := start(t, t.TempDir(), -1)
			b.shelves.UseStick(true)
			switch want {
			case phone.StickFull:
				b.stick(t.TempDir(), free)
			case phone.StickBroken:
				file := filepath.Join(t.TempDir(), "file")
				if err := os.WriteFile(file, nil, 0o600); err != nil {
					t.Fatal(err)
				}
				b.stick(filepath.Join(file, "recordings"), free)
			}
			b.Exec(phone.StartRecording{No: 1})
			b.talk(2 * time.Second)
			if got := b.faults(); len(got) != 1 || got[0] != (phone.RecordingFailed{No: 1, Fault: want}) {
				t.Errorf("told %v, want fault %d", got, want)
			}
			b.Exec(phone.StopRecording{})
			synctest.Wait()
			if items := b.shelves.Items(); len(items) != 1 || items[0].OnStick() || items[0].Lasts < 1900*time.Millisecond {
				t.Errorf("kept %+v", items)
			}
		})
	}
}

// a stick that is pulled, or fills up, in the middle of a recording: it goes on on the phone, and nothing is missing between.
func TestAPulledStickCostsNothing(t *testing.T) {
	for want, end := range map[phone.RecordingFault]func(*bench){
		phone.StickMissing: func(b *bench) { b.shelves.SetStick("") },
		phone.StickFull:    func(b *bench) { b.free.Store(0) },
	} {
		synctest.Test(t, func(t *testing.T) {
			b, dir := start(t, t.TempDir(), -1), t.TempDir()
			b.shelves.UseStick(true)
			b.stick(dir, -1)
			b.Exec(phone.StartRecording{No: 1})
			b.talk(7 * time.Second)
			end(b)
			b.talk(5 * time.Second)
			b.Exec(phone.StopRecording{})
			synctest.Wait()
			if got := b.faults(); len(got) != 1 || got[0] != (phone.RecordingFailed{No: 1, Fault: want}) {
				t.Errorf("told %v, want fault %d", got, want)
			}
			first, _ := readWAV(t, only(t, dir))
			second, _ := readWAV(t, only(t, b.dir))
			if all := time.Duration(len(first)+len(second)) * time.Second / rate; all < 11900*time.Millisecond || all > 12*time.Second {
				t.Errorf("of 12 s %v were kept", all)
			}
			if amplitude(second[:1600], 440) < 0.24 {
				t.Error("the second file does not begin with sound")
			}
		})
	}
}
