package recording

import (
	"bytes"
	"context"
	"encoding/binary"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/audio"
	"opendeskphone/firmware/phone"
)

// bench is a recorder with an engine of our own.
type bench struct {
	*Recorder
	t    *testing.T
	dir  string
	log  bytes.Buffer
	free atomic.Int64 // that a stick has left

	mu     sync.Mutex
	posted []phone.Event
	ticks  int
}

// start runs a recorder in a bubble; free is what the disk has left.
func start(t *testing.T, dir string, free int64) *bench {
	b := &bench{t: t, dir: dir}
	log := slog.New(slog.NewTextHandler(&b.log, nil))
	b.free.Store(free)
	shelves := OpenShelves(dir, func(of string) int64 {
		if of == dir {
			return free
		}
		return b.free.Load()
	}, log)
	b.Recorder = New(shelves, func(e phone.Event) { b.mu.Lock(); b.posted = append(b.posted, e); b.mu.Unlock() }, func() {}, log)
	b.SetQuota(100_000_000)
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { defer close(over); _ = b.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-over })
	return b
}

// talk lets both sides hum for so long: we 440 Hz, they 1 kHz.
func (b *bench) talk(d time.Duration) {
	for range d / (10 * time.Millisecond) {
		b.Hear(hum(440, b.ticks), hum(1000, b.ticks))
		b.ticks++
		time.Sleep(10 * time.Millisecond)
	}
}

func hum(hz float64, tick int) *audio.Frame {
	var f audio.Frame
	for i := range f {
		f[i] = float32(0.25 * math.Sin(2*math.Pi*hz*float64(tick*audio.FrameLen+i)/audio.Rate))
	}
	return &f
}

func (b *bench) faults() []phone.Event {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.posted
}

// readWAV reads a file as another program would: by what its header says.
func readWAV(t *testing.T, path string) (own, far []float64) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	if string(b[:4]) != "RIFF" || string(b[8:16]) != "WAVEfmt " || le.Uint16(b[20:]) != 1 || le.Uint16(b[22:]) != 2 || le.Uint32(b[24:]) != 16000 ||
		le.Uint32(b[28:]) != 64000 || le.Uint16(b[32:]) != 4 || le.Uint16(b[34:]) != 16 || string(b[36:40]) != "data" {
		t.Fatalf("header %q", b[:44])
	}
	n := int(le.Uint32(b[40:]))
	if int(le.Uint32(b[4:])) != n+36 || len(b) < n+44 {
		t.Fatalf("the header tells of %d bytes, the file has %d", n, len(b))
	}
	for i := 44; i < 44+n; i += 4 {
		own = append(own, float64(int16(le.Uint16(b[i:])))/32768)
		far = append(far, float64(int16(le.Uint16(b[i+2:])))/32768)
	}
	return own, far
}

// amplitude of a frequency, by the DFT at that one.
func amplitude(x []float64, hz float64) float64 {
	var re, im float64
	for i, v := range x {
		s, c := math.Sincos(2 * math.Pi * hz * float64(i) / rate)
		re, im = re+v*c, im+v*s
	}
	return 2 * math.Hypot(re, im) / float64(len(x))
}

func TestBothSidesAreKeptApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, filepath.Join(t.TempDir(), "recordings"), -1)
		b.Exec(phone.StartRecording{No: 1, Remote: phone.Peer{Name: "Anna", Number: "+49 30 555/0142"}})
		b.talk(3 * time.Second)
		b.Exec(phone.StopRecording{})
		synctest.Wait()
		items := b.shelves.Items()
		if len(items) != 1 || items[0].With != "+49305550142" || items[0].Lasts < 2900*time.Millisecond || items[0].Lasts > 3*time.Second || len(b.faults()) > 0 {
			t.Fatalf("kept %+v, faults %v", items, b.faults())
		}
		path := filepath.Join(b.dir, items[0].ID)
		own, far := readWAV(t, path)
		own, far = own[1600:33600], far[1600:33600]
		for _, w := range []struct {
			who       string
			x         []float64
			here, not float64
		}{{"we", own, 440, 1000}, {"they", far, 1000, 440}} {
			if a := amplitude(w.x, w.here); math.Abs(a-0.25) > 0.003 {
				t.Errorf("%s: amplitude %.4f at %v Hz", w.who, a, w.here)
			}
			if a := amplitude(w.x, w.not); a > 1e-4 {
				t.Errorf("%s: the other side is heard with %.5f", w.who, a)
			}
		}
		for path, want := range map[string]os.FileMode{path: 0o600, b.dir: 0o700} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				t.Errorf("%v, %v", info.Mode(), err)
			}
		}
		if log := b.log.String(); strings.Contains(log, "0142") || strings.Contains(log, "Anna") {
			t.Errorf("the log tells who was spoken to: %s", log)
		}
	})
}

// while it is being written the header tells of what the disk has for sure, at most 5 s and a little less than is there.
func TestTheFileIsWholeAtEveryMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, t.TempDir(), -1)
		b.Exec(phone.StartRecording{No: 1})
		for range 12 {
			b.talk(time.Second)
			own, _ := readWAV(t, only(t, b.dir))
			info, _ := os.Stat(only(t, b.dir))
			if behind := lasts(info.Size() - head - int64(len(own)*block)); behind > syncTime+time.Second {
				t.Errorf("%v are not in the header", behind)
			}
		}
	})
}

func only(t *testing.T, dir string) string {
	t.Helper()
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(names) != 1 {
		t.Fatalf("files %q", names)
	}
	return names[0]
}

func TestAFullDiskOrQuotaEndsTheRecording(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, t.TempDir(), -1)
		b.SetQuota(1_000_000)
		b.Exec(phone.StartRecording{No: 1})
		b.talk(20 * time.Second)
		if got := b.faults(); len(got) != 1 || got[0] != (phone.RecordingFailed{No: 1, Fault: phone.RecordingsFull}) {
			t.Fatalf("told %v", got)
		}
		items := b.shelves.Items()
		if len(items) != 1 || items[0].Lasts < 15*time.Second || items[0].Lasts > 16*time.Second {
			t.Errorf("kept %+v", items)
		}
		readWAV(t, only(t, b.dir))
		b.Exec(phone.StartRecording{No: 2}) // no room for a second one
		if got := b.faults(); len(got) != 2 || got[1] != (phone.RecordingFailed{No: 2, Fault: phone.RecordingsFull}) {
			t.Errorf("told %v", got)
		}
		if err := b.shelves.Remove(items[0].ID); err != nil || len(b.shelves.Items()) != 0 {
			t.Error(err)
		}
		b.Exec(phone.StartRecording{No: 3})
		b.talk(2 * time.Second)
		if got := b.faults(); len(got) != 2 {
			t.Errorf("after some was deleted: %v", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := start(t, t.TempDir(), reserve+1000)
		b.Exec(phone.StartRecording{No: 1})
		if got := b.faults(); len(got) != 1 || got[0] != (phone.RecordingFailed{No: 1, Fault: phone.RecordingsFull}) {
			t.Errorf("the disk is full: told %v", got)
		}
	})
}

func TestADiskThatRefusesIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		b := start(t, filepath.Join(file, "recordings"), -1)
		b.Exec(phone.StartRecording{No: 1, Remote: phone.Peer{Number: "5550142"}})
		if got := b.faults(); len(got) != 1 || got[0] != (phone.RecordingFailed{No: 1, Fault: phone.RecordingBroken}) {
			t.Errorf("told %v", got)
		}
		b.Exec(phone.StopRecording{})
		if strings.Contains(b.log.String(), "0142") {
			t.Errorf("the log tells who was spoken to: %s", &b.log)
		}
	})
}

// a disk that stands still costs sound, but no time: what comes after the gap is where it belongs.
func TestGapsAreCountedAndKeepTheTime(t *testing.T) {
	var r ring
	for tick := range slots + 100 {
		r.Hear(hum(440, tick), hum(1000, tick))
	}
	dir := t.TempDir()
	f, err := create(dir, &Item{Began: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.drain(&r); err != nil {
		t.Fatal(err)
	}
	r.Hear(hum(440, slots+100), hum(1000, slots+100))
	if err := f.drain(&r); err != nil || f.lost != 100 {
		t.Fatalf("%d frames lost, %v", f.lost, err)
	}
	if err := f.close(); err != nil || lasts(f.data) != (slots+101)*10*time.Millisecond {
		t.Fatalf("%v long, %v", lasts(f.data), err)
	}
	own, _ := readWAV(t, only(t, dir))
	if gap := own[slots*160+400 : (slots+100)*160-400]; amplitude(gap, 440) > 1e-3 {
		t.Error("no silence in the gap")
	}
}

func TestHearDoesNotAllocate(t *testing.T) {
	b := New(nil, nil, nil, nil)
	own, far := hum(440, 0), hum(1000, 0)
	b.live.Store(&ring{})
	if n := testing.AllocsPerRun(2*slots, func() { b.Hear(own, far) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestWhatIsNoNumberIsSilence(t *testing.T) {
	var dst [audio.FrameLen]int16
	src := &audio.Frame{float32(math.NaN()), float32(math.Inf(1)), -7, 0.5, -0.5}
	harden(&dst, src)
	if want := [5]int16{0, 32767, -32768, 16384, -16384}; [5]int16(dst[:5]) != want {
		t.Errorf("got %v", dst[:5])
	}
}
