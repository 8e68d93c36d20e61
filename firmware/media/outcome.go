package media

import (
	"sync"

	"opendeskphone/audio/quality"
)

// window is how many packets behind the newest a packet may come and still be counted as it came.
const window = 64

// outcomes is the account of what became of each packet of a stream, for the bursts of RFC 3611. The
// receiver goroutine writes it, the sender reads it for a report.
type outcomes struct {
	mu      sync.Mutex
	pattern quality.Pattern // of all packets but those of the window
	top     uint32          // extended number of the newest
	held    int             // packets in the window
	came    uint64          // by distance from the newest
	late    uint64
}

// begin starts the account with the packet numbered top.
func (o *outcomes) begin(top uint32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pattern, o.top, o.held, o.came, o.late = quality.Pattern{}, top, 1, 1, 0
}

// note enters a packet that came; late is one that cannot be played any more.
func (o *outcomes) note(seq uint16, late bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	ahead := int16(seq - uint16(o.top))
	for range ahead {
		if o.held < window {
			o.held++
		} else {
			o.pattern.Add(o.outcome(window - 1))
		}
		o.came, o.late = o.came<<1, o.late<<1
		o.top++
	}
	if back := -int(min(ahead, 0)); back < o.held {
		o.came |= 1 << back
		if late {
			o.late |= 1 << back
		}
	}
}

func (o *outcomes) outcome(back int) quality.Outcome {
	switch {
	case o.late>>back&1 == 1:
		return quality.Discarded
	case o.came>>back&1 == 1:
		return quality.Heard
	}
	return quality.Lost
}

// sum is the account of the stream so far.
func (o *outcomes) sum() quality.Pattern {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.pattern
	for back := o.held - 1; back >= 0; back-- {
		p.Add(o.outcome(back))
	}
	return p
}

// metrics are those of the stream so far.
func (o *outcomes) metrics() quality.Metrics {
	p := o.sum()
	return p.Metrics()
}
