package lab

import (
	"os"
	"runtime"
	"sync"
	"testing"
	"time"
)

// More threads than processors: some must wait, and that is seen.
func TestStallsSeesThreadsWait(t *testing.T) {
	s := WatchStalls(os.Getpid())
	end := time.Now().Add(5 * look)
	n := 4 * runtime.NumCPU()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n + 2))
	var hogs sync.WaitGroup
	for range n {
		hogs.Go(func() {
			runtime.LockOSThread()
			for time.Now().Before(end) {
			}
		})
	}
	hogs.Wait()
	if worst := s.Worst(); worst < look/5 {
		t.Errorf("%d threads on %d processors waited for %v at most", n, runtime.NumCPU(), worst)
	}
}
