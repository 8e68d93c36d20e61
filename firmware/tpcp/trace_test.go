package tpcp

import (
	"bytes"
	"testing"
	"testing/synctest"
)

// TestTraceComesInParts: a file that is larger than a frame comes whole.
func TestTraceComesInParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, services())
		c, _ := b.controller("a", hostSeed, true)
		var file []byte
		for part := (TraceResult{More: true}); part.More; {
			if err := c.Call(b.ctx, "trace.get", TraceParams{TraceID: "t-1", Offset: len(file)}, &part); err != nil {
				t.Fatal(err)
			}
			file = append(file, part.Data...)
			if part.More == (len(file) == part.Size) {
				t.Fatalf("%d bytes of %d, more %v", len(file), part.Size, part.More)
			}
		}
		if want, _ := b.Server.services.Traces.Trace("t-1", TracePCAP); !bytes.Equal(file, want) {
			t.Errorf("%d bytes of %d", len(file), len(want))
		}
	})
}
