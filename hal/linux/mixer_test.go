package linux

import (
	"bytes"
	"encoding/binary"
	"errors"
	"log/slog"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"opendeskphone/boards"
)

// fakeControl is a control of a fake card.
type fakeControl struct {
	kind, channels uint32
	iface          uint32 // 0: of the mixer
	min, max       int    // of an enumeration max is the number of items
	values         []int
	fault          error // of a write
}

// fakeCard answers the requests of a control device as a kernel with longs of the given size would.
type fakeCard struct {
	mu       sync.Mutex
	long     int
	gone     bool
	controls map[string]*fakeControl
}

// Request numbers as C's sizeof makes them on 32-bit ARM and on 64-bit machines.
var (
	fakeWrite = map[int]uintptr{4: 0xc2c85513, 8: 0xc4c85513}
	fakeRead  = map[int]uintptr{4: 0xc2c85512, 8: 0xc4c85512}
	fakeInfo  = uintptr(0xc1105511)
)

func (f *fakeCard) do(request uintptr, b []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.gone:
		return unix.ENODEV
	case request == 0x80045500:
		return nil
	case int(request>>16&0x3fff) != len(b):
		return unix.EFAULT
	}
	c := f.controls[unix.ByteSliceToString(b[16:60])]
	switch {
	case c == nil || binary.NativeEndian.Uint32(b[4:]) != max(c.iface, 2):
		return unix.ENOENT
	case request == fakeInfo:
		binary.NativeEndian.PutUint32(b, 7) // the kernel's number for it
		binary.NativeEndian.PutUint32(b[64:], c.kind)
		binary.NativeEndian.PutUint32(b[72:], c.channels)
		if c.kind == kindEnumerated {
			binary.NativeEndian.PutUint32(b[80:], uint32(c.max))
			return nil
		}
		putInt(b[80:], f.long, c.min)
		putInt(b[80+f.long:], f.long, c.max)
		return nil
	case request == fakeRead[f.long] && binary.NativeEndian.Uint32(b) == 7:
		putInt(b[72:], f.long, c.values[0])
		return nil
	case request == fakeWrite[f.long] && binary.NativeEndian.Uint32(b) == 7:
		return f.write(c, b[72:])
	}
	return unix.ENOTTY
}

func (f *fakeCard) write(c *fakeControl, b []byte) error {
	if c.fault != nil {
		return c.fault
	}
	size := f.long
	if c.kind == kindEnumerated {
		size = 4
	}
	c.values = nil
	for ; len(b) >= size+128; b = b[size:] { // the last 128 bytes are none of the values
		v := int(int32(binary.NativeEndian.Uint32(b)))
		if size == 8 {
			v = int(binary.NativeEndian.Uint64(b))
		}
		if uint32(len(c.values)) < c.channels {
			c.values = append(c.values, v)
		} else if v != 0 {
			return unix.EINVAL
		}
	}
	return nil
}

func (f *fakeCard) values(name string) []int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.controls[name].values)
}

// open is a card as the driver shows it while it is there.
func (f *fakeCard) open() (*mixerCard, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return nil, unix.ENOENT
	}
	return &mixerCard{f.do, func() error { return nil }, f.long}, nil
}

func TestMixerSetsAControl(t *testing.T) {
	for _, long := range []int{4, 8} {
		for name, c := range map[string]struct {
			control fakeControl
			value   int
			want    []int
		}{
			"Switch":         {fakeControl{kind: kindBoolean, channels: 1}, boards.On, []int{1}},
			"Switch Off":     {fakeControl{kind: kindBoolean, channels: 2}, boards.Off, []int{0, 0}},
			"Switch Full":    {fakeControl{kind: kindBoolean, channels: 2}, boards.Full, []int{1, 1}},
			"Volume":         {fakeControl{kind: kindInteger, channels: 2, min: -10, max: 64}, 17, []int{17, 17}},
			"Volume Full":    {fakeControl{kind: kindInteger, channels: 2, min: 0, max: 255}, boards.Full, []int{255, 255}},
			"Volume Lowest":  {fakeControl{kind: kindInteger, channels: 3, min: -99, max: -1}, math.MinInt32, []int{-99, -99, -99}},
			"Route":          {fakeControl{kind: kindEnumerated, channels: 2, max: 3}, 1, []int{1, 1}},
			"Route Beyond":   {fakeControl{kind: kindEnumerated, channels: 1, max: 3}, 9, []int{2}},
			"Route Nowhere":  {fakeControl{kind: kindEnumerated, channels: 1, max: 0}, 9, []int{0}},
			"All Channels":   {fakeControl{kind: kindInteger, channels: 128, max: 5}, 5, slices.Repeat([]int{5}, 128)},
			"All Enumerated": {fakeControl{kind: kindEnumerated, channels: 128, max: 6}, 5, slices.Repeat([]int{5}, 128)},
		} {
			f := &fakeCard{long: long, controls: map[string]*fakeControl{name: &c.control}}
			card, _ := f.open()
			got, err := card.set(name, c.value)
			if err != nil || !slices.Equal(f.values(name), c.want) || got != c.want[0] {
				t.Errorf("long of %d bytes, %s: %v, said %d, want %v (%v)", long, name, f.values(name), got, c.want, err)
			}
		}
	}
}

func TestMixerRefuses(t *testing.T) {
	f := &fakeCard{long: 8, controls: map[string]*fakeControl{"Bytes": {kind: 4, channels: 16}, "Liar": {kind: kindBoolean, channels: math.MaxUint32}}}
	card, _ := f.open()
	if _, err := card.set("None", 1); !errors.Is(err, unix.ENOENT) {
		t.Errorf("a control that is not there: %v", err)
	}
	if _, err := card.set("Bytes", 1); err == nil || f.values("Bytes") != nil {
		t.Errorf("a control of bytes was set to %v", f.values("Bytes"))
	}
	if _, err := card.set(strings.Repeat("x", 44), 1); err == nil {
		t.Error("a name without end was taken")
	}
	if _, err := card.set("Liar", 1); err != nil || len(f.values("Liar")) != 128 {
		t.Errorf("a card that names more channels than there can be: %d (%v)", len(f.values("Liar")), err)
	}
}

// The sizes are in the request numbers; the kernel knows a request by all of it.
func TestMixerRequests(t *testing.T) {
	for long, want := range fakeWrite {
		if got := ctlWrite(long); got != want {
			t.Errorf("long of %d bytes: write is %#x, want %#x", long, got, want)
		}
	}
	if ctlInfo != fakeInfo || uintptr(ctlVersion) != 0x80045500 {
		t.Errorf("info is %#x, version %#x", uintptr(ctlInfo), uintptr(ctlVersion))
	}
}

var testMixer = boards.Mixer{Card: "Codec", Paths: map[string]map[string]int{
	"handset": {"Speaker Switch": boards.Off, "Volume": 40, "Missing": 1, "Broken": 1},
	"speaker": {"Speaker Switch": boards.On, "Volume": boards.Full, "Missing": 1, "Broken": 1},
}}

func testCard() *fakeCard {
	return &fakeCard{long: wordSize, controls: map[string]*fakeControl{
		"Speaker Switch": {kind: kindBoolean, channels: 1}, "Volume": {kind: kindInteger, channels: 2, max: 63},
		"Broken": {kind: kindBoolean, channels: 1, fault: unix.EIO}}}
}

func TestMixerFollowsPathAndCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := testCard()
		f.gone = true
		var log bytes.Buffer
		m := newMixer(testMixer, slog.New(slog.NewTextHandler(&log, nil)), f.open)
		m.work.Go(m.watch)
		expect := func(when string, on, volume []int) {
			t.Helper()
			synctest.Wait()
			if !slices.Equal(f.values("Speaker Switch"), on) || !slices.Equal(f.values("Volume"), volume) {
				t.Errorf("%s: switch %v, volume %v", when, f.values("Speaker Switch"), f.values("Volume"))
			}
		}
		plug := func(in bool) {
			f.mu.Lock()
			f.gone = !in
			for _, c := range f.controls {
				c.values = nil
			}
			f.mu.Unlock()
			<-time.After(rescan + time.Millisecond) // in the bubble's time
		}
		expect("no card", nil, nil)
		plug(true)
		expect("the card came", []int{0}, []int{40, 40})
		if err := m.SetPath("speaker"); err != nil {
			t.Error(err)
		}
		expect("speaker", []int{1}, []int{63, 63})
		plug(false)
		expect("the card went", nil, nil)
		if m.SetPath("handset") != nil || m.SetPath("speaker") != nil {
			t.Error("a path without a card is an error")
		}
		plug(true)
		expect("the card came back", []int{1}, []int{63, 63})
		if m.SetPath("elsewhere") == nil {
			t.Error("a path that the board does not have was taken")
		}
		if m.Close() != nil || m.Close() != nil || m.card != nil {
			t.Error("not closed")
		}
		if n := strings.Count(log.String(), "Missing"); n != 1 {
			t.Errorf("the missing control was told %d times:\n%s", n, &log)
		}
		if n := strings.Count(log.String(), "control=Broken"); n != 3 {
			t.Errorf("the broken control was told %d times:\n%s", n, &log)
		}
	})
}

func TestMixerFindsItsCard(t *testing.T) {
	root := t.TempDir()
	write(t, root, "sys/class/sound/card0/id", "Loopback\n")
	write(t, root, "sys/class/sound/card12/id", "Codec\n")
	if _, err := openMixerCard(root, "Codec"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a card without control device: %v", err)
	}
	write(t, root, "dev/snd/controlC12", "")
	c, err := openMixerCard(root, "Codec")
	if err != nil {
		t.Fatal(err)
	}
	if c.alive() {
		t.Error("a plain file answers as a card")
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
	if _, err := openMixerCard(filepath.Join(root, "none"), "Codec"); err == nil {
		t.Error("found a card that is not there")
	}
}

func TestBoardsMixersFitTheirTables(t *testing.T) {
	for _, b := range boards.All {
		m := newMixer(b.Sound.Mixer, slog.New(slog.DiscardHandler), nil)
		for _, path := range slices.Sorted(maps.Keys(b.Sound.Mixer.Paths)) {
			if err := m.SetPath(path); err != nil {
				t.Errorf("%s: %v", b.Name, err)
			}
		}
	}
}
