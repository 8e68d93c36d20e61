package mailbox

import (
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"sync"
	"time"

	"opendeskphone/audio/wav"
	"opendeskphone/firmware/phone"
)

const (
	idleTime  = time.Minute      // after which a connection is left
	listTime  = 20 * time.Second // that a list may take, and a mark
	fetchTime = time.Minute      // that a message may take
)

var (
	errGone = errors.New("mailbox: the message is not there any more")
	errFull = errors.New("mailbox: too much is asked of it at once")
)

// box is the mailbox of a line.
type box struct {
	a    *Adapter
	line phone.LineID
	cfg  Config
	stop context.CancelFunc
	jobs chan job

	mu     sync.Mutex
	now    Box
	asked  bool              // a read waits already
	wait   []chan<- struct{} // who waits for the list that is asked for
	hidden map[uint32]hidden
}

// hidden is a message that is deleted in a moment.
type hidden struct {
	id    string
	timer *time.Timer
}

// job is something to be done with the server.
type job struct {
	do   func(context.Context, *session) error
	done func(error) // told the outcome; nil: nobody waits
	time time.Duration
}

func newBox(a *Adapter, line phone.LineID, c Config, stop context.CancelFunc) *box {
	return &box{a: a, line: line, cfg: c, stop: stop, jobs: make(chan job, 32), hidden: map[uint32]hidden{}}
}

// run does one job after the other.
func (b *box) run(ctx context.Context) {
	var s *session
	leave := func() {
		if s != nil {
			s.close()
			s = nil
		}
	}
	defer leave()
	idle := time.NewTimer(idleTime)
	defer idle.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-idle.C:
			leave()
		case j := <-b.jobs:
			err := b.work(ctx, &s, j)
			if err != nil && !isAnswer(err) {
				leave()
			}
			if ctx.Err() == nil {
				b.report(err)
			}
			if j.done != nil {
				j.done(err)
			}
			idle.Reset(idleTime)
		}
	}
}

// work does a job, on the connection there is or a new one: one that has stood a while may be dead.
func (b *box) work(ctx context.Context, s **session, j job) error {
	ctx, cancel := context.WithTimeout(ctx, j.time)
	defer cancel()
	if *s != nil {
		err := (*s).bounded(ctx, j.do)
		if err == nil || isAnswer(err) || ctx.Err() != nil {
			return err
		}
		(*s).close()
		*s = nil
	}
	anew, err := dial(ctx, b.line, b.cfg)
	if err != nil {
		return err
	}
	*s = anew
	return anew.bounded(ctx, j.do)
}

// report keeps what came of a job, for the screen.
func (b *box) report(err error) {
	b.mu.Lock()
	b.now.Fault = faultOf(err)
	b.mu.Unlock()
	if err != nil {
		b.a.log.Warn("a mailbox", "line", b.line, "err", err)
	}
	b.a.changed()
}

// put gives the box a job; a box that has too many is told so.
func (b *box) put(j job) {
	select {
	case b.jobs <- j:
	default:
		if j.done != nil {
			j.done(errFull)
		}
	}
}

// read asks for the list, once however often it is wanted, and closes told when one has come that was asked for since, or
// cannot be had; nil: nobody waits.
func (b *box) read(told chan<- struct{}) {
	b.mu.Lock()
	if told != nil {
		b.wait = append(b.wait, told)
	}
	again := b.asked
	b.asked, b.now.Reading = true, true
	b.mu.Unlock()
	if again {
		return
	}
	var mine []chan<- struct{} // who waits for this list
	begun := false
	begin := func() {
		mine, b.wait = append(mine, b.wait...), nil
		begun, b.asked = true, false
	}
	b.put(job{time: listTime, do: func(_ context.Context, s *session) error {
		b.mu.Lock()
		begin()
		b.mu.Unlock()
		list, err := s.list()
		if err != nil {
			return err
		}
		b.update(func(n *Box) { n.Messages, n.Listed = list, true })
		return nil
	}, done: func(error) {
		b.mu.Lock()
		if !begun {
			begin()
		}
		b.now.Reading = b.asked
		b.mu.Unlock()
		for _, w := range mine {
			close(w)
		}
		b.a.changed()
	}})
}

// update changes what is known, and tells how many messages there are.
func (b *box) update(change func(*Box)) {
	b.mu.Lock()
	change(&b.now)
	n := phone.MailListed{Line: b.line}
	for _, m := range b.shown() {
		switch {
		case m.New && m.Urgent:
			n.UrgentNew++
			fallthrough
		case m.New:
			n.New++
		default:
			n.Old++
		}
	}
	listed := b.now.Listed
	b.mu.Unlock()
	if listed {
		b.a.post(n)
	}
	b.a.changed()
}

// shown are the messages that are not deleted in a moment; the caller holds mu.
func (b *box) shown() []Message {
	if len(b.hidden) == 0 {
		return b.now.Messages
	}
	return slices.DeleteFunc(slices.Clone(b.now.Messages), func(m Message) bool { _, ok := b.hidden[m.uid]; return ok })
}

func (b *box) view() Box {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.now
	out.Messages = b.shown()
	return out
}

// message gives a message that is listed.
func (b *box) message(uid uint32) (Message, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.now.Messages, func(m Message) bool { return m.uid == uid })
	if i < 0 {
		return Message{}, false
	}
	return b.now.Messages[i], true
}

// set changes one message in the list.
func (b *box) set(uid uint32, change func(*Message)) {
	b.update(func(n *Box) {
		n.Messages = slices.Clone(n.Messages)
		for i := range n.Messages {
			if m := &n.Messages[i]; m.uid == uid {
				change(m)
			}
		}
	})
}

// mark shows at once what the server is told then; a list that it gives after a failure has the truth.
func (b *box) mark(uid uint32, heard bool) {
	m, ok := b.message(uid)
	if !ok {
		return
	}
	b.set(uid, func(m *Message) { m.New = !heard })
	b.put(job{time: listTime, do: func(_ context.Context, s *session) error { return s.mark(m, heard) }, done: b.settled})
}

func (b *box) settled(err error) {
	if err != nil {
		b.read(nil)
	}
}

// remove hides a message, and deletes it unless it is restored.
func (b *box) remove(uid uint32) {
	m, ok := b.message(uid)
	if !ok {
		return
	}
	b.update(func(*Box) {
		if _, gone := b.hidden[uid]; !gone {
			b.hidden[uid] = hidden{m.ID, time.AfterFunc(b.a.undo, func() { b.expunge(m) })}
		}
	})
}

func (b *box) expunge(m Message) {
	b.put(job{time: listTime, do: func(_ context.Context, s *session) error { return s.remove(m) }, done: func(err error) {
		b.update(func(n *Box) {
			delete(b.hidden, m.uid)
			if err == nil {
				n.Messages = slices.DeleteFunc(slices.Clone(n.Messages), func(o Message) bool { return o.uid == m.uid })
			}
		})
		b.settled(err)
	}})
}

func (b *box) restore(uid uint32) {
	b.update(func(*Box) {
		if h, ok := b.hidden[uid]; ok && h.timer.Stop() {
			delete(b.hidden, uid)
		}
	})
}

// awaiting finds a message that is deleted in a moment.
func (b *box) awaiting(id string) (*box, uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for uid, h := range b.hidden {
		if h.id == id {
			return b, uid
		}
	}
	return nil, 0
}

// fetch brings the sound of a message and marks it as heard.
func (b *box) fetch(ctx context.Context, uid uint32) (*wav.Clip, error) {
	m, ok := b.message(uid)
	if !ok {
		return nil, errGone
	}
	type outcome struct {
		clip *wav.Clip
		err  error
	}
	over := make(chan outcome, 1)
	var clip *wav.Clip
	b.put(job{time: fetchTime, do: func(life context.Context, s *session) (err error) {
		if ctx.Err() != nil { // nobody waits any more
			return nil
		}
		clip, err = s.fetch(m)
		return err
	}, done: func(err error) { over <- outcome{clip, err} }})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case o := <-over:
		if o.err != nil || o.clip == nil {
			return nil, errors.Join(o.err, ctx.Err())
		}
		b.set(uid, func(m *Message) { m.Lasts = o.clip.Lasts() })
		if m.New {
			b.mark(uid, true)
		}
		return o.clip, nil
	}
}

// faultOf puts an error into one word for the screen.
func faultOf(err error) Fault {
	var cert *tls.CertificateVerificationError
	var kind faulty
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return NoFault
	case errors.As(err, &kind):
		return kind.fault
	case errors.As(err, &cert):
		return Untrusted
	case errors.Is(err, errGone):
		return Gone
	}
	return Unreachable
}

// faulty is an error of which the fault is known.
type faulty struct {
	fault Fault
	err   error
}

func (f faulty) Error() string { return f.err.Error() }
func (f faulty) Unwrap() error { return f.err }

// isAnswer tells whether an error is the server's answer to one thing, so that the connection is good.
func isAnswer(err error) bool {
	var kind faulty
	return errors.Is(err, errGone) || errors.As(err, &kind) && (kind.fault == Unplayable || kind.fault == Gone)
}
