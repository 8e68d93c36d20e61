package engine

import (
	"errors"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// what Urgent did to a thread another one takes back, without a right of its own.
func TestCalmTakesUrgencyBack(t *testing.T) {
	thread, over := make(chan int), make(chan struct{})
	defer close(over)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		_ = Urgent()
		thread <- Thread()
		<-over
	}()
	id := <-thread
	if err := Calm(id); err != nil {
		t.Fatal(err)
	}
	attr, err := unix.SchedGetAttr(id, 0)
	if err != nil || attr.Nice != 0 || attr.Policy != unix.SCHED_NORMAL {
		t.Errorf("%+v, %v", attr, err)
	}
	if err := Calm(1 << 22); err != nil && !errors.Is(err, unix.EINVAL) {
		t.Errorf("a thread that has ended: %v", err)
	}
}
