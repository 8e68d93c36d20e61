package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"testing"
	"testing/iotest"
	"unsafe"
)

// counted gives n samples counting from 1 as bytes.
func counted(n int) []byte {
	var b []byte
	for i := range n {
		b = binary.LittleEndian.AppendUint16(b, uint16(i+1))
	}
	return b
}

// pours puts samples into the queue through its port.
func pours(t *testing.T, q *queue, samples int) {
	t.Helper()
	if err := q.fill(bytes.NewReader(counted(samples))); err != nil {
		t.Fatal(err)
	}
}

func TestQueueStartsWhenEnoughIsThere(t *testing.T) {
	q := &queue{}
	var out [periodFrames]int16
	pours(t, q, startQueue-1)
	if q.take(out[:]); out[0] != 0 {
		t.Error("started too early: the next uneven step would be heard")
	}
	pours(t, q, 1)
	for i := range startQueue / periodFrames {
		if q.take(out[:]); out[0] != int16(i*periodFrames+1) {
			t.Errorf("period %d begins with %d", i, out[0])
		}
	}
	if q.take(out[:]); slices.ContainsFunc(out[:], func(v int16) bool { return v != 0 }) {
		t.Error("an empty queue is not silent")
	}
	pours(t, q, 1)
	if q.take(out[:]); out[0] != 0 {
		t.Error("after a pause it must fill up again")
	}
}

// fakeCard takes or gives so many samples a look.
type fakeCard struct {
	room int
	got  []byte  // what was played
	has  []int16 // what is left to be recorded
}

func (c *fakeCard) move(samples []int16) (int, error) {
	n := min(len(samples), c.room)
	c.room -= n
	if c.has != nil {
		n = copy(samples[:n], c.has)
		c.has = c.has[n:]
		return n, nil
	}
	for _, v := range samples[:n] {
		c.got = binary.LittleEndian.AppendUint16(c.got, uint16(v))
	}
	return n, nil
}

// quiet makes the end of a stream what it is at a port: nothing for now.
type quiet struct{ io.Reader }

func (q quiet) Read(b []byte) (int, error) {
	n, err := q.Reader.Read(b)
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// What is poured into the port at once plays in order and whole, and the port is held back meanwhile;
// an odd number of bytes at a time, and a card with room for less than a period, change nothing.
func TestFeedHoldsTheWriterBack(t *testing.T) {
	sound := counted(3 * fullQueue)
	for name, reader := range map[string]io.Reader{"at once": bytes.NewReader(sound), "in thirds": iotest.HalfReader(bytes.NewReader(sound))} {
		t.Run(name, func(t *testing.T) {
			left := reader
			c := &fakeCard{}
			f := feed{port: quiet{left}, card: c}
			for range 1000 {
				c.room = 2*periodFrames - 7
				if err := f.step(); err != nil {
					t.Fatal(err)
				}
				if len(f.queue.samples) > fullQueue {
					t.Fatalf("%d samples wait: the writer was not held back", len(f.queue.samples))
				}
			}
			got := bytes.TrimRight(bytes.TrimLeft(c.got, "\x00"), "\x00")
			if want := bytes.TrimRight(bytes.TrimLeft(sound, "\x00"), "\x00"); !bytes.Equal(got, want) {
				t.Errorf("the sound changed on its way: %d bytes of %d", len(got), len(want))
			}
		})
	}
}

func TestListenTakesAllThereIs(t *testing.T) {
	var want []byte
	var has []int16
	for i := range 10*periodFrames + 3 {
		has = append(has, int16(i))
		want = binary.LittleEndian.AppendUint16(want, uint16(i))
	}
	var got bytes.Buffer
	l := listen{card: &fakeCard{room: len(has) + 1, has: has}, port: &got}
	if err := l.step(); err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%d bytes of %d, %v", got.Len(), len(want), err)
	}
}

// The sizes are part of the request numbers: of a 32-bit machine, which the phone in QEMU is, and of
// a 64-bit one.
func TestStructureSizes(t *testing.T) {
	want := map[uintptr][2]uintptr{4: {604, 12}, 8: {608, 24}}[unsafe.Sizeof(uintptr(0))]
	if got := [2]uintptr{unsafe.Sizeof(hwParams{}), unsafe.Sizeof(xferi{})}; got != want {
		t.Errorf("sizes %v, want %v", got, want)
	}
}
