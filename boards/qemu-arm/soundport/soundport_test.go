package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"testing"
	"testing/iotest"
	"testing/synctest"
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

func TestQueueStartsWhenEnoughIsThere(t *testing.T) {
	q := &queue{}
	var out [periodFrames]int16
	q.put(counted(startQueue - 1))
	if q.take(out[:]); out[0] != 0 {
		t.Error("started too early: the next uneven step would be heard")
	}
	q.put(counted(1))
	for i := range startQueue / periodFrames {
		if q.take(out[:]); out[0] != int16(i*periodFrames+1) {
			t.Errorf("period %d begins with %d", i, out[0])
		}
	}
	if q.take(out[:]); slices.ContainsFunc(out[:], func(v int16) bool { return v != 0 }) {
		t.Error("an empty queue is not silent")
	}
	q.put(counted(1))
	if q.take(out[:]); out[0] != 0 {
		t.Error("after a pause it must fill up again")
	}
}

func TestQueueHoldsTheWriterBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queue{}
		sound := counted(3 * fullQueue)
		ended := make(chan error, 1)
		go func() { ended <- q.fill(iotest.OneByteReader(bytes.NewReader(sound))) }()
		synctest.Wait()
		select {
		case <-ended:
			t.Fatal("everything was taken at once")
		default:
		}
		var got []byte
		var out [periodFrames]int16
		for range 3 * fullQueue / periodFrames {
			q.take(out[:])
			for _, v := range out {
				got = binary.LittleEndian.AppendUint16(got, uint16(v))
			}
			synctest.Wait()
		}
		if err := <-ended; err != io.EOF || !bytes.Equal(got, sound) {
			t.Errorf("the sound changed on its way (%v)", err)
		}
	})
}

func TestQueueCloseFreesTheWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queue{}
		ended := make(chan error, 1)
		go func() { ended <- q.fill(bytes.NewReader(counted(3 * fullQueue))) }()
		synctest.Wait()
		q.close()
		if err := <-ended; err != io.EOF || !q.closed() {
			t.Error(err)
		}
	})
}

// The sizes are part of the request numbers: of a 32-bit machine, which the phone in QEMU is, and of
// a 64-bit one.
func TestStructureSizes(t *testing.T) {
	want := map[uintptr][2]uintptr{4: {604, 12}, 8: {608, 24}}[unsafe.Sizeof(uintptr(0))]
	if got := [2]uintptr{unsafe.Sizeof(hwParams{}), unsafe.Sizeof(xferi{})}; got != want {
		t.Errorf("sizes %v, want %v", got, want)
	}
}
