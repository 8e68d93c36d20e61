package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Stalls watches for times in which the machine, not the programs on it, stood still: how long one of
// their threads was ready to run and had to wait, and how late this program itself came to look.
type Stalls struct {
	stop  chan struct{}
	ended sync.WaitGroup

	waited map[string]time.Duration // of each thread so far
	worst  time.Duration
}

// look is the time between two looks. A thread that waited all of it missed five packets.
const look = 100 * time.Millisecond

// WatchStalls watches the programs with these process IDs until Worst is asked for.
func WatchStalls(pids ...int) *Stalls {
	s := &Stalls{stop: make(chan struct{}), waited: map[string]time.Duration{}}
	s.look(pids)
	s.worst = 0 // that was all the threads' past
	s.ended.Go(func() { s.watch(pids) })
	return s
}

func (s *Stalls) watch(pids []int) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	due := time.Now()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			now := time.Now()
			due = due.Add(look)
			s.worst = max(s.worst, now.Sub(due))
			due = now
			s.look(pids)
		}
	}
}

// look notes the threads that waited longest since the last look.
func (s *Stalls) look(pids []int) {
	for _, pid := range pids {
		threads(pid, func(name string, _, waited time.Duration) {
			s.worst = max(s.worst, waited-s.waited[name])
			s.waited[name] = waited
		})
	}
}

// CPUTime is how long the program with this process ID has run, on all processors together.
func CPUTime(pid int) (total time.Duration) {
	threads(pid, func(_ string, ran, _ time.Duration) { total += ran })
	return total
}

// threads tells of each thread of a program how long it has run and how long it was ready and had to wait. A thread
// that ends meanwhile is left out, as is all on a kernel without the figures.
func threads(pid int, tell func(name string, ran, waited time.Duration)) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		var ran, waited time.Duration
		if _, err := fmt.Sscan(string(text), &ran, &waited); err == nil {
			tell(f, ran, waited)
		}
	}
}

// Worst ends the watch and gives the longest time that a thread waited within a tenth of a second, or
// that nothing ran at all.
func (s *Stalls) Worst() time.Duration {
	close(s.stop)
	s.ended.Wait()
	return s.worst
}
