// Package recording keeps conversations as WAV files: the Recorder takes the sound from the audio engine and writes it, the
// Shelves are the folders they lie in, the phone's own and that of a USB stick.
//
//	audio tick -- Hear --> ring -- 10 times a second --> 48 -> 16 kHz -> file, synced every 5 s
//
// A file is whole at every moment: its header never claims more than is on the disk, and Shelf mends one that a power cut
// left with a header that claims less. Files are for the phone's user alone (0600); their names, which tell who was spoken
// to, stand in no log. There is a quota: when it is used up a recording is refused, or ends, and the user is told. Nothing
// is deleted to make room. What a stick does not take, because it is full, broken or not there any more, goes on in another
// file on the phone.
package recording

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"opendeskphone/audio"
	"opendeskphone/firmware/phone"
)

const (
	pace     = 100 * time.Millisecond // between two looks at the ring
	syncTime = 5 * time.Second        // of sound that a power cut may take
	least    = 10 * second            // bytes: for less a recording does not begin
)

// Recorder records one conversation at a time, as the centre orders. It is the engine's tap.
type Recorder struct {
	shelves *Shelves
	post    func(phone.Event)
	changed func() // the shelf has something new
	log     *slog.Logger
	live    atomic.Pointer[ring] // that takes frames now; nil: none
	inbox   chan *session        // capacity 1: one may begin while the last one's file is closed

	mu  sync.Mutex
	now *session // the one that takes frames
}

// session is one recording, from the order to begin until its file is whole.
type session struct {
	no    uint64
	item  Item
	ring  ring
	ended chan struct{}
}

// New makes a recorder that writes onto the shelves. What goes wrong is posted as phone.RecordingFailed; changed is told of
// each finished recording.
func New(shelves *Shelves, post func(phone.Event), changed func(), log *slog.Logger) *Recorder {
	return &Recorder{shelves: shelves, post: post, changed: changed, log: log, inbox: make(chan *session, 1)}
}

// SetQuota sets how many bytes all recordings on the phone together may take.
func (r *Recorder) SetQuota(bytes int64) { r.shelves.phone.quota.Store(bytes) }

// Hear implements engine.Tap.
func (r *Recorder) Hear(own, far *audio.Frame) {
	if to := r.live.Load(); to != nil {
		to.Hear(own, far)
	}
}

// Exec takes StartRecording and StopRecording; it does not block.
func (r *Recorder) Exec(e phone.Effect) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e := e.(type) {
	case phone.StartRecording:
		s := &session{no: e.No, item: Item{With: e.Remote.Number, Began: time.Now()}, ended: make(chan struct{})}
		select {
		case r.inbox <- s:
			r.now = s
			r.live.Store(&s.ring)
		default: // the disk still holds up the one before the last
			go r.post(phone.RecordingFailed{No: e.No, Fault: phone.RecordingBroken})
		}
	case phone.StopRecording:
		r.end(r.now)
	}
}

// end has a session take no more frames; the caller holds mu.
func (r *Recorder) end(s *session) {
	if s != nil && s == r.now {
		r.live.Store(nil)
		close(s.ended)
		r.now = nil
	}
}

// Run writes recordings until ctx ends; the one that goes on then is finished.
func (r *Recorder) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case s := <-r.inbox:
			r.record(ctx, s)
		}
	}
}

// record writes one recording from beginning to end. What the stick does not take goes on on the phone.
func (r *Recorder) record(ctx context.Context, s *session) {
	var fault phone.RecordingFault
	if wanted, _ := r.shelves.Place(); wanted {
		fault = r.onStick(ctx, s)
	} else {
		fault = r.onto(ctx, s, r.shelves.phone)
	}
	switch fault {
	case phone.StickMissing, phone.StickFull, phone.StickBroken:
		if s.over(ctx) { // there is nothing to go on with
			fault = phone.RecordingBroken
			break
		}
		r.post(phone.RecordingFailed{No: s.no, Fault: fault})
		s.item.Began = time.Now()
		fault = r.onto(ctx, s, r.shelves.phone)
	}
	r.mu.Lock()
	r.end(s)
	r.mu.Unlock()
	if fault != phone.NoRecordingFault {
		r.post(phone.RecordingFailed{No: s.no, Fault: fault})
	}
}

// over tells whether there will be no more sound.
func (s *session) over(ctx context.Context) bool {
	select {
	case <-s.ended:
		return true
	default:
		return ctx.Err() != nil
	}
}

// onStick records onto the stick.
func (r *Recorder) onStick(ctx context.Context, s *session) phone.RecordingFault {
	stick := r.shelves.stick.Load()
	if stick == nil {
		return phone.StickMissing
	}
	switch fault := r.onto(ctx, s, stick); {
	case fault == phone.RecordingsFull:
		return phone.StickFull
	case fault == phone.RecordingBroken && !r.shelves.has(stick):
		return phone.StickMissing
	case fault == phone.RecordingBroken:
		return phone.StickBroken
	default:
		return fault
	}
}

// onto records onto a shelf, until the recording ends or the shelf takes no more.
func (r *Recorder) onto(ctx context.Context, s *session, shelf *Shelf) phone.RecordingFault {
	f, fault := r.begin(s, shelf)
	if fault != phone.NoRecordingFault {
		return fault
	}
	fault = r.write(ctx, s, f, shelf)
	if err := f.close(); err != nil {
		r.log.Error("a recording was not finished", "err", bare(err))
		fault = phone.RecordingBroken
	}
	r.shelve(s, f, shelf)
	return fault
}

// begin opens the file, if there is room for one.
func (r *Recorder) begin(s *session, shelf *Shelf) (*file, phone.RecordingFault) {
	if shelf.room(0) < least {
		return nil, phone.RecordingsFull
	}
	f, err := create(shelf.dir, &s.item)
	if err != nil {
		r.log.Error("a recording cannot begin", "err", bare(err))
		return nil, phone.RecordingBroken
	}
	return f, phone.NoRecordingFault
}

// write takes frames into the file until the recording ends, and says what ended it before its time or what it lacks.
func (r *Recorder) write(ctx context.Context, s *session, f *file, shelf *Shelf) phone.RecordingFault {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for over := false; ; {
		if err := f.drain(&s.ring); err != nil {
			r.log.Error("a recording broke off", "err", bare(err))
			return phone.RecordingBroken
		}
		switch {
		case !r.shelves.has(shelf):
			return phone.RecordingBroken
		case shelf.room(f.data) == 0:
			return phone.RecordingsFull
		case over && f.lost > 0:
			r.log.Warn("a recording has gaps: the disk was too slow", "frames", f.lost)
			return phone.RecordingGaps
		case over:
			return phone.NoRecordingFault
		}
		select {
		case <-ctx.Done():
			over = true
		case <-s.ended:
			over = true
		case <-tick.C:
		}
	}
}

// shelve lists what was recorded.
func (r *Recorder) shelve(s *session, f *file, shelf *Shelf) {
	if f.data == 0 {
		return
	}
	s.item.ID, s.item.Lasts = shelf.place+s.item.ID, lasts(f.data)
	shelf.put(s.item, head+f.data)
	r.log.Info("a call was recorded", "lasts", s.item.Lasts)
	r.changed()
}
