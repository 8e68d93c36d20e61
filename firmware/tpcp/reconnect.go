package tpcp

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff are the pauses before a leg is tried again; the last one stays.
var backoff = []time.Duration{200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second}

const calmTime = 30 * time.Second // a leg that was up so long counts as well again

// Backoff counts the tries to reach a phone. The zero value is ready.
type Backoff struct{ tries int }

// Next gives the pause before the next try: 0.2 s to 10 s, 20 % more or less.
func (b *Backoff) Next() time.Duration {
	d := backoff[min(b.tries, len(backoff)-1)]
	b.tries++
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}

// Up tells that a leg was up for so long.
func (b *Backoff) Up(d time.Duration) {
	if d >= calmTime {
		b.tries = 0
	}
}

// Keeper keeps a leg to one phone: it connects, opens a session with resume, and comes back when the leg
// breaks.
type Keeper struct {
	// Connect makes a leg: Dial, or Over the cable.
	Connect func(context.Context) (*Client, error)
	// Open gives what to open the session with, and the secret of the cable's live attach or nil. Resume is
	// filled in by Keep.
	Open func(*Client) (OpenParams, []byte)
	// Session is told of each session that stands, and takes c.Notifications until they end. Its context
	// ends with the leg. o.Snapshot is nil if the session goes on where it was.
	Session func(ctx context.Context, c *Client, o Opened)
	// Down is told why there is no leg, and when it is tried again.
	Down func(err error, again time.Duration)
}

// Keep runs until ctx ends.
func (k Keeper) Keep(ctx context.Context) error {
	var pause Backoff
	var resume *Resume
	for {
		began := time.Now()
		err := k.once(ctx, &resume)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		pause.Up(time.Since(began))
		again := pause.Next()
		k.Down(err, again)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(again):
		}
	}
}

// once is the life of one leg. What was seen last is left in resume.
func (k Keeper) once(ctx context.Context, resume **Resume) error {
	c, err := k.Connect(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	defer c.Close()
	p, secret := k.Open(c)
	p.Resume = *resume
	o, err := c.Open(ctx, p, secret)
	if err != nil {
		c.Close()
		<-ended
		return err
	}
	told := make(chan struct{})
	go func() { defer close(told); k.Session(ctx, c, o) }()
	err = <-ended
	cancel()
	<-told
	*resume = &Resume{BootID: c.hello.BootID, LastSeq: c.LastSeq()}
	return err
}
