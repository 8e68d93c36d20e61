package tpcp

import (
	"cmp"
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"opendeskphone/firmware/phone"
)

// events is what the server knows of the phone and has told of it: the numbered notifications, and each
// object as it was told last. What is told is the difference of what was told and what is.
type events struct {
	seen  phone.Seq // of the core: up to where it was looked at
	seq   uint64    // of the last notification
	ring  []event   // the last ringLen, oldest first
	state *phone.State

	calls   map[phone.CallID]*track
	ended   map[phone.CallID]endedCall
	made    map[phone.Origin]phone.CallID // the last call each controller began
	sending map[phone.CallID]bool         // digits go into these calls now
	lines   []Line
	device  Device
	lock    LockState
}

// event is a notification that was told.
type event struct {
	seq   uint64
	topic string
	frame []byte
}

// track is a call that was told of.
type track struct {
	told      Call
	emergency bool // once it went to an emergency number
	local     time.Time
	answered  time.Time
}

type endedCall struct {
	call Call
	at   time.Time
}

func newEvents() events {
	return events{calls: map[phone.CallID]*track{}, ended: map[phone.CallID]endedCall{}, made: map[phone.Origin]phone.CallID{}, sending: map[phone.CallID]bool{}}
}

// begin takes the phone as it is, without telling. The caller holds mu, as in all of this file.
func (s *Server) begin(st *phone.State) {
	s.state, s.seen = st, st.Seq
	s.lines, s.device, s.lock = viewLines(st), viewDevice(st), viewLock(st)
	for i := range st.Calls {
		c := &st.Calls[i]
		if c.Shadow {
			continue
		}
		t := &track{}
		s.calls[c.ID] = t
		t.look(st, c)
		t.told = s.view(c, t)
		t.told.Rev = 1
	}
}

// catchUp tells what has happened at the phone up to now. Watch does not wait, for something has.
func (s *Server) catchUp() {
	for s.control.State().Seq != s.seen {
		u, err := s.control.Watch(context.Background(), s.seen)
		if err != nil {
			return
		}
		s.apply(u)
	}
}

// look keeps what is true of a call for good.
func (t *track) look(st *phone.State, c *phone.Call) {
	t.emergency = t.emergency || isEmergency(st, c)
	t.answered = c.Answered
}

// view shows a call as it is now.
func (s *Server) view(c *phone.Call, t *track) Call {
	tr := traits{emergency: t.emergency, notes: s.services.Log != nil}
	if f := s.state.Foreground(); f != nil && s.calls[f.ID] != nil {
		tr.guardedFront = s.calls[f.ID].emergency
	}
	v := viewCall(s.state, c, legal(s.state, c, tr), t.emergency)
	v.Rev = t.told.Rev
	return v
}

// apply tells an update. Several changes of one object that were seen at once are told once.
func (s *Server) apply(u phone.Update) {
	now := time.Now()
	before := s.state
	s.state, s.seen = u.State, u.State.Seq
	last := s.origins(u, now)
	for _, id := range order(u) {
		s.tellCall(id, last, now)
	}
	s.forget(before, now)
	s.tellLines(last.lines, now)
	s.tellKeys(before, last.keys, now)
	if d := viewDevice(u.State); !reflect.DeepEqual(d, s.device) {
		s.device = d
		s.tell("device", NotifyDeviceChanged, &DeviceChanged{Stamp: s.stamp(last.device, now), Device: d})
	}
	if l := viewLock(u.State); l != s.lock {
		s.lock = l
		s.tell("lock", NotifyLockChanged, &LockChanged{Stamp: s.stamp(last.lock, now), LockState: l})
	}
}

// doers are who did what in an update: the last one of each object.
type doers struct {
	calls         map[phone.CallID]phone.Change
	lines, device phone.Origin
	keys          phone.Origin
	lock, any     phone.Origin
}

// origins sorts the changes of an update, and keeps what concerns calls alone: who made them, and when a
// person at the phone last touched them. Shadows, which nobody hears, are no calls to controllers.
func (s *Server) origins(u phone.Update, now time.Time) doers {
	for i := range u.State.Calls {
		c := &u.State.Calls[i]
		if c.Shadow {
			continue
		}
		if s.calls[c.ID] == nil {
			s.calls[c.ID] = &track{}
		}
		s.calls[c.ID].look(u.State, c)
	}
	d := doers{calls: map[phone.CallID]phone.Change{}, any: "device"}
	for _, c := range u.Changes {
		d.any = c.By
		switch c.What {
		case phone.CallChanged:
			if d.calls[c.Call].To != phone.Ended { // what is noted of it after that has no cause
				d.calls[c.Call] = c
			}
			t := s.calls[c.Call]
			if t != nil && c.From == phone.None && strings.HasPrefix(string(c.By), originPrefix) {
				s.made[c.By] = c.Call
			}
			if t != nil && local(c.By) {
				t.local = now
			}
		case phone.LineStateChanged, phone.MailChanged:
			d.lines = c.By
		case phone.AppearancesChanged, phone.WatchedChanged:
			d.keys = c.By
		case phone.ConfigChanged:
			d.lines, d.device, d.keys = c.By, c.By, c.By
		case phone.LockChanged:
			d.lock = c.By
		default:
			d.device = c.By
		}
	}
	return d
}

// order lists the calls of an update: first those that changed, as they did, then the others, whose
// actions may be others now.
func order(u phone.Update) []phone.CallID {
	var out []phone.CallID
	add := func(id phone.CallID) {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	for _, c := range u.Changes {
		if c.What == phone.CallChanged {
			add(c.Call)
		}
	}
	for i := range u.State.Calls {
		add(u.State.Calls[i].ID)
	}
	return out
}

func (s *Server) tellCall(id phone.CallID, d doers, now time.Time) {
	t, change := s.calls[id], d.calls[id]
	if t == nil { // a shadow, or one that came and went between two looks
		return
	}
	if change.By == "" {
		change.By = d.any
	}
	c := s.state.Call(id)
	if c == nil {
		s.tellEnded(id, t, change, now)
		return
	}
	v := s.view(c, t)
	if reflect.DeepEqual(v, t.told) {
		return
	}
	prev := t.told.State
	v.Rev++
	t.told = v
	if prev == "" {
		prev = StateNone
	}
	stamp := s.stamp(change.By, now)
	if prev == StateNone && c.Dir == phone.Incoming {
		s.tell("call", NotifyCallOffered, &CallOffered{Stamp: stamp, Call: v})
		return
	}
	s.tell("call", NotifyCallChanged, &CallChanged{Stamp: stamp, Call: v, Prev: prev, Cause: cmp.Or(v.Cause, v.MoveFailed)})
}

func (s *Server) tellEnded(id phone.CallID, t *track, change phone.Change, now time.Time) {
	v := t.told
	prev := v.State
	if prev == "" {
		prev = StateNone
	}
	v.CallID, v.State, v.Cause, v.Actions = callID(id), StateEnded, causeName(change.Cause), []string{}
	v.Hold, v.LegA.Media, v.Media = Hold{}, false, nil
	v.Rev++
	delete(s.calls, id)
	if s.ended[id] = (endedCall{v, now}); len(s.ended) > maxEnded {
		delete(s.ended, slices.Min(slices.Collect(maps.Keys(s.ended))))
	}
	e := &CallEnded{Stamp: s.stamp(change.By, now), CallID: v.CallID, Prev: prev, Cause: v.Cause, Reason: v.Reason, ConversationID: v.ConversationID}
	if !t.answered.IsZero() {
		e.DurationMs = max(0, now.Sub(t.answered).Milliseconds())
	}
	if s.services.Stats != nil {
		if st, ok := s.services.Stats.CallStats(id); ok {
			st.CallID = v.CallID
			e.Stats = &st
		}
	}
	s.tell("call", NotifyCallEnded, e)
}

// forget drops ended calls after a while, and calls that vanished in a gap.
func (s *Server) forget(before *phone.State, now time.Time) {
	for i := range before.Calls {
		id := before.Calls[i].ID
		if t := s.calls[id]; t != nil && s.state.Call(id) == nil {
			s.tellEnded(id, t, phone.Change{By: "device"}, now)
		}
	}
	maps.DeleteFunc(s.ended, func(_ phone.CallID, e endedCall) bool { return now.Sub(e.at) > endedTime })
}

func (s *Server) tellLines(by phone.Origin, now time.Time) {
	if by == "lines" {
		by = "server"
	}
	lines := viewLines(s.state)
	for i, l := range lines {
		if i < len(s.lines) && reflect.DeepEqual(l, s.lines[i]) {
			continue
		}
		s.tell("line", NotifyLineChanged, &LineChanged{Stamp: s.stamp(by, now), Line: l})
		if c := s.services.Credentials; c != nil && l.Code == lineFaults[phone.WrongPassword] {
			if _, ok := c.Status(l.AOR); ok {
				s.tell("line", NotifyCredChanged, &CredChanged{Stamp: s.stamp(by, now), LineID: l.LineID, State: "rejected"})
			}
		}
	}
	for i := len(lines); i < len(s.lines); i++ {
		gone := Line{LineID: s.lines[i].LineID, State: LineGone}
		s.tell("line", NotifyLineChanged, &LineChanged{Stamp: s.stamp(by, now), Line: gone})
	}
	s.lines = lines
}

// tellKeys tells that keys show something else. Where a call of ours is at stands in the call too.
func (s *Server) tellKeys(before *phone.State, by phone.Origin, now time.Time) {
	if by == "lines" {
		by = "server"
	}
	if !slices.Equal(before.Appearances, s.state.Appearances) {
		s.tell("line", NotifyAppearance, s.stamp(by, now))
	}
	if !slices.Equal(before.Watched, s.state.Watched) || before.Config.GroupPickup != s.state.Config.GroupPickup {
		s.tell("presence", NotifyPresence, s.stamp(by, now))
	}
}

// LogChanged tells controllers that the call log is another. Like its brothers below it does not wait, so
// that whoever knows the news may hold locks of its own.
func (s *Server) LogChanged() { s.hear(news{topic: "log", name: NotifyLogChanged, by: "device"}) }

// ContactsChanged tells controllers that the address book is another; by did it.
func (s *Server) ContactsChanged(by phone.Origin) {
	s.hear(news{topic: "contacts", name: NotifyContacts, by: by})
}

// HeardDigit tells controllers that the far side of a call pressed a key.
func (s *Server) HeardDigit(call phone.CallID, digit rune) {
	s.hear(news{topic: "call", name: NotifyCallDTMF, by: "lines", call: call, digit: digit})
}

// news is what the core does not know.
type news struct {
	topic, name string
	by          phone.Origin
	call        phone.CallID
	digit       rune
}

const maxNews = 64

func (s *Server) hear(n news) {
	select {
	case s.heard <- n:
	default:
		s.log.Warn("news for controllers came too fast", "name", n.name)
	}
}

func (s *Server) keepTelling(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-s.heard:
			s.tellNews(n)
		}
	}
}

func (s *Server) tellNews(n news) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	switch n.name {
	case NotifyCallDTMF:
		s.tell(n.topic, n.name, &DTMFHeard{Stamp: s.stamp(n.by, time.Now()), CallID: callID(n.call), Digit: string(n.digit)})
	default:
		s.tell(n.topic, n.name, s.stamp(n.by, time.Now()))
	}
}

// stamp makes the head of the next notification.
func (s *Server) stamp(by phone.Origin, now time.Time) Stamp {
	name := byName(by)
	if by == "server" {
		name = "server"
	}
	s.seq++
	return Stamp{Seq: s.seq, BootID: s.bootID, At: Time{now}, By: name}
}

// legStamp is the head of a notification about a leg alone.
func (s *Server) legStamp() Stamp {
	return Stamp{Seq: s.seq, BootID: s.bootID, At: Time{time.Now()}, By: "system"}
}

// tell sends a notification to all who want it, and keeps it for those who come back.
func (s *Server) tell(topic, name string, body any) {
	b, err := frame(wireMessage{JSONRPC: "2.0", Method: name, Params: body})
	if err != nil {
		s.log.Error("a notification cannot be told", "name", name, "err", err)
		return
	}
	s.ring = append(s.ring, event{s.seq, topic, b})
	if n := len(s.ring) - ringLen; n > 0 {
		s.ring = append(s.ring[:0], s.ring[n:]...)
	}
	for l := range s.legs {
		if l.session != nil && l.session.topics[topic] {
			l.out.note(b)
		}
	}
}

// keeps tells whether all that happened since a notification is still known.
func (s *Server) keeps(r Resume) bool {
	oldest := s.seq + 1
	if len(s.ring) > 0 {
		oldest = s.ring[0].seq
	}
	return r.BootID == s.bootID && r.LastSeq <= s.seq && r.LastSeq+1 >= oldest
}

// snapshot shows the whole phone.
func (s *Server) snapshot() Snapshot {
	out := Snapshot{Calls: []Call{}, Device: s.device, Lock: s.lock, Lines: s.lines}
	for i := range s.state.Calls {
		if t := s.calls[s.state.Calls[i].ID]; t != nil {
			out.Calls = append(out.Calls, t.told)
		}
	}
	return out
}
