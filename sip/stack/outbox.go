package stack

import (
	"net"
	"sync"
)

// maxOutbox is how many bytes may wait for a peer that does not read.
const maxOutbox = 1 << 20

// outbox holds what a connection has yet to write. The loop puts and never
// waits; the writer takes all at once, so that a burst is one system call.
type outbox struct {
	mu     sync.Mutex
	list   net.Buffers
	size   int
	closed bool
	wake   chan struct{} // capacity 1
}

func newOutbox() *outbox { return &outbox{wake: make(chan struct{}, 1)} }

// put appends data.
func (o *outbox) put(data []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return net.ErrClosed
	}
	if o.size+len(data) > maxOutbox {
		return errStalled
	}
	o.list, o.size = append(o.list, data), o.size+len(data)
	o.signal()
	return nil
}

// close ends the outbox; what is in it may still be taken.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.signal()
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// take waits for something to write. open is false when nothing will follow.
func (o *outbox) take() (list net.Buffers, open bool) {
	for {
		o.mu.Lock()
		list, open = o.list, !o.closed
		o.list, o.size = nil, 0
		o.mu.Unlock()
		if len(list) > 0 || !open {
			return list, open
		}
		<-o.wake
	}
}
