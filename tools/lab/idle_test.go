package lab

import (
	"context"
	"runtime"
	"testing"
	"time"
)

// TestABusyMachineIsNotIdle: whoever keeps all processors busy leaves no idle time.
func TestABusyMachineIsNotIdle(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	idle := WatchIdle()
	for range runtime.NumCPU() {
		go func() {
			for ctx.Err() == nil {
			}
		}()
	}
	<-ctx.Done()
	if idle, all := processors(); idle <= 0 || all <= idle {
		t.Errorf("%d of %d idle since the start", idle, all)
	}
	if share := idle(); share < 0 || share > 0.5 {
		t.Errorf("%.2f of the time idle", share)
	}
}
