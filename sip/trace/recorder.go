// Package trace keeps what phone and network said to each other, so that a call or a failed sign-in can be
// looked at afterwards: the SIP messages of each call and account (the ladder), and what became of the sound
// between them. Secrets are removed before anything is kept (Redact). Explain says what each step means,
// WritePCAP and WriteText give it to others.
package trace

import (
	"bytes"
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// Packet is a SIP message as it went over the wire.
type Packet struct {
	At            time.Time
	Out           bool   // we sent it
	Transport     string // "udp", "tcp" or "tls"
	Local, Remote netip.AddrPort
	Data          []byte
}

// Entry is a step of a ladder: a message, or something about the sound.
type Entry struct {
	Packet         // Data is nil if it is no message
	Note   Meaning // NoMeaning if it is one
	Text   string  // of a note: a codec, an address
}

// size is about what an entry takes in memory.
func (e *Entry) size() int { return 160 + len(e.Data) + len(e.Text) }

// Ladder is what was kept of a call, or of an account's registration. It is never written again.
type Ladder struct {
	ID      int      // names it for the life of the Recorder
	Calls   []uint32 // the phone's numbers of the call; none for one that never rang
	Account string   // address of record, of a registration
	Entries []Entry  // by time
	Omitted int      // messages left out after the first
}

// Began is the time of the first entry.
func (l *Ladder) Began() time.Time {
	if len(l.Entries) == 0 {
		return time.Time{}
	}
	return l.Entries[0].At
}

// With gives the other side of a call as the first message names it, and whether we called.
func (l *Ladder) With() (uri string, out bool) {
	for i := range l.Entries {
		if e := &l.Entries[i]; e.Data != nil {
			g := glance(e.Data)
			if e.Out {
				return printable(g.to), true
			}
			return printable(g.from), false
		}
	}
	return "", false
}

// Limits bound what is kept, in bytes of memory and in calls.
type Limits struct {
	Call    int // bytes of one call: the middle goes first
	Account int // bytes of one account's registration: the oldest goes first
	All     int // bytes of everything: the oldest call goes first
	Calls   int // number of calls
}

// DefaultLimits are those of a phone. A call of five minutes with a sign-in, a hold and a resume takes 20 kB.
func DefaultLimits() Limits {
	return Limits{Call: 256 << 10, Account: 24 << 10, All: 1 << 20, Calls: 64}
}

// First is how many entries of a call stay whatever comes.
const First = 16

const (
	maxAccounts = 32  // of which registrations are kept
	maxName     = 256 // bytes of a Call-ID or address that ladders are found by
	maxData     = 65000
)

// ladder is a Ladder that grows.
type ladder struct {
	Ladder
	ids  []string // Call-IDs
	size int
	room []byte // for messages to come
}

// page is what a ladder's memory grows by. Whole calls are forgotten at once: messages each for themselves would
// leave holes all over the heap.
const page = 8 << 10

// put gives a message its place.
func (l *ladder) put(msg []byte) []byte {
	if len(msg) > len(l.room) {
		l.room = make([]byte, max(page, len(msg)))
	}
	n := copy(l.room, msg)
	kept := l.room[:n:n]
	l.room = l.room[n:]
	return kept
}

// Recorder keeps ladders. Its methods may be called from any goroutine and never wait for anything but each
// other.
type Recorder struct {
	limits Limits
	local  func(remote netip.Addr) (netip.Addr, error)
	news   chan struct{} // capacity 1: there are messages to keep

	raw   sync.Mutex
	fresh []Packet // as they were on the wire, oldest first; for a moment only
	bytes int      // of fresh

	mu       sync.Mutex // before raw
	off      bool
	last     int
	size     int
	all      []*ladder // of calls, oldest first
	byID     map[string]*ladder
	byCall   map[uint32]*ladder
	accounts map[string]*ladder // by address of record in lower case
}

// NewRecorder makes an empty Recorder, and starts nothing. local tells the address of ours from which another is
// reached, for messages that are sent from or come to a socket without an address of its own.
func NewRecorder(l Limits, local func(remote netip.Addr) (netip.Addr, error)) *Recorder {
	r := &Recorder{limits: l, local: local, news: make(chan struct{}, 1)}
	r.clear()
	return r
}

// Run takes the secrets out of messages and keeps them as they come, until ctx ends.
func (r *Recorder) Run(ctx context.Context) error {
	for {
		select {
		case <-r.news:
			r.mu.Lock()
			r.settle()
			r.mu.Unlock()
		case <-ctx.Done():
			return nil
		}
	}
}

func (r *Recorder) clear() {
	r.size, r.all = 0, nil
	r.byID, r.byCall, r.accounts = map[string]*ladder{}, map[uint32]*ladder{}, map[string]*ladder{}
}

// Keep begins or ends to keep anything; ending forgets all there is.
func (r *Recorder) Keep(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
	if r.off = !on; r.off {
		r.clear()
	}
}

// backlog is how many bytes of messages may wait for Run; whoever brings more lends a hand.
const backlog = 256 << 10

// Message takes a message as it is on the wire; p.Data stays the caller's. Messages that belong to no call
// and no registration are not kept. What costs time is left to Run: a call does not wait for it.
func (r *Recorder) Message(p Packet) {
	p.Data = bytes.Clone(p.Data[:min(len(p.Data), maxData)])
	r.raw.Lock()
	r.fresh = append(r.fresh, p)
	r.bytes += len(p.Data)
	full := r.bytes > backlog
	r.raw.Unlock()
	if full {
		r.mu.Lock()
		r.settle()
		r.mu.Unlock()
		return
	}
	select {
	case r.news <- struct{}{}:
	default: // told already
	}
}

// settle keeps the messages that have come, before anything else is done; the caller holds mu.
func (r *Recorder) settle() {
	r.raw.Lock()
	fresh := r.fresh
	r.fresh, r.bytes = nil, 0
	r.raw.Unlock()
	for _, p := range fresh {
		r.keep(p)
	}
}

func (r *Recorder) keep(p Packet) {
	g := glance(p.Data)
	if r.off || g.callID == "" || len(g.callID) > maxName {
		return
	}
	l := r.ladderFor(&g)
	if l == nil {
		return
	}
	Redact(p.Data)
	p.Data = l.put(p.Data)
	if a := p.Local.Addr(); !a.IsValid() || a.IsUnspecified() {
		if ours, err := r.local(p.Remote.Addr()); err == nil {
			p.Local = netip.AddrPortFrom(ours.Unmap(), p.Local.Port())
		}
	}
	r.add(l, Entry{Packet: p})
}

// ladderFor finds the ladder of a message, or begins one.
func (r *Recorder) ladderFor(g *glimpse) *ladder {
	if l := r.byID[g.callID]; l != nil {
		return l
	}
	switch g.method {
	case "INVITE":
		return r.begin(g.callID)
	case "REGISTER":
		return r.ofAccount(g.to)
	}
	return nil
}

// ofAccount finds the ladder of an account, or begins one; nil if there are too many.
func (r *Recorder) ofAccount(aor string) *ladder {
	key := strings.ToLower(aor)
	l := r.accounts[key]
	if l == nil && len(r.accounts) < maxAccounts && len(key) <= maxName {
		r.last++
		l = &ladder{Ladder: Ladder{ID: r.last, Account: aor}}
		r.accounts[key] = l
	}
	return l
}

func (r *Recorder) begin(callID string) *ladder {
	r.last++
	l := &ladder{Ladder: Ladder{ID: r.last}, ids: []string{callID}}
	r.all = append(r.all, l)
	r.byID[callID] = l
	return l
}

// Name says which call of the phone's messages with a Call-ID belong to, before or after the first of them. A
// call may have several.
func (r *Recorder) Name(call uint32, callID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
	if r.off || callID == "" || len(callID) > maxName {
		return
	}
	l, of := r.byID[callID], r.byCall[call]
	switch {
	case of == l && l != nil:
		return
	case l == nil && of != nil:
		of.ids = append(of.ids, callID)
		r.byID[callID] = of
		return
	case l == nil:
		l = r.begin(callID)
	case of != nil:
		r.join(of, l)
		return
	}
	l.Calls = append(slices.Clip(l.Calls), call)
	r.byCall[call] = l
}

// join puts another ladder into that of a call.
func (r *Recorder) join(of, l *ladder) {
	entries := slices.Concat(of.Entries, l.Entries)
	slices.SortStableFunc(entries, func(a, b Entry) int { return a.At.Compare(b.At) })
	of.Entries, of.size, of.Omitted = entries, of.size+l.size, of.Omitted+l.Omitted
	of.ids = append(of.ids, l.ids...)
	for _, id := range l.ids {
		r.byID[id] = of
	}
	for _, c := range l.Calls {
		of.Calls = append(slices.Clip(of.Calls), c)
		r.byCall[c] = of
	}
	r.all = slices.DeleteFunc(r.all, func(x *ladder) bool { return x == l })
}

// Note enters what became of a call's sound.
func (r *Recorder) Note(call uint32, at time.Time, what Meaning, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
	if l := r.byCall[call]; l != nil {
		r.add(l, note(at, what, text))
	}
}

// NoteAccount enters what became of an account's sign-in besides its messages.
func (r *Recorder) NoteAccount(aor string, at time.Time, what Meaning, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
	if r.off {
		return
	}
	if l := r.ofAccount(aor); l != nil {
		r.add(l, note(at, what, text))
	}
}

func note(at time.Time, what Meaning, text string) Entry {
	text = text[:min(len(text), maxName)]
	return Entry{Packet: Packet{At: at, Out: English[what].Theirs == ""}, Note: what, Text: printable(text)}
}

// add appends an entry and holds the limits. Entries that were given out are not written again.
func (r *Recorder) add(l *ladder, e Entry) {
	l.Entries = append(l.Entries, e)
	for i := len(l.Entries) - 1; i > 0 && l.Entries[i].At.Before(l.Entries[i-1].At); i-- { // taken down by two goroutines at once
		if i == len(l.Entries)-1 {
			l.Entries = slices.Clone(l.Entries)
		}
		l.Entries[i], l.Entries[i-1] = l.Entries[i-1], l.Entries[i]
	}
	l.size += e.size()
	r.size += e.size()
	limit, keep := r.limits.Call, First
	if l.Account != "" {
		limit, keep = r.limits.Account, 0
	}
	if l.size > limit {
		r.thin(l, limit-limit/8, keep)
	}
	for r.size > r.limits.All || len(r.all) > r.limits.Calls {
		if !r.evict(l) {
			return
		}
	}
}

// thin leaves out the oldest entries but the first ones, until a ladder has its size.
func (r *Recorder) thin(l *ladder, size, keep int) {
	keep = min(keep, len(l.Entries)/2)
	end := keep
	for end < len(l.Entries)-1 && l.size > size {
		n := l.Entries[end].size()
		l.size, r.size = l.size-n, r.size-n
		end++
	}
	l.Omitted += end - keep
	l.Entries = slices.Concat(l.Entries[:keep], l.Entries[end:])
}

// evict forgets the oldest call that never rang, or else the oldest; never the one that is being written.
func (r *Recorder) evict(busy *ladder) bool {
	at := -1
	for i, l := range r.all {
		if l != busy && (at < 0 || len(l.Calls) == 0 && len(r.all[at].Calls) > 0) {
			at = i
		}
	}
	if at < 0 {
		return false
	}
	l := r.all[at]
	r.all = slices.Delete(r.all, at, at+1)
	r.size -= l.size
	for _, id := range l.ids {
		delete(r.byID, id)
	}
	for _, c := range l.Calls {
		delete(r.byCall, c)
	}
	return true
}

// Call gives the ladder of one of the phone's calls; ok is false if there is none.
func (r *Recorder) Call(call uint32) (l Ladder, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
	if of := r.byCall[call]; of != nil {
		return of.Ladder, true
	}
	return Ladder{}, false
}

// Account gives the ladder of an account's registration.
func (r *Recorder) Account(aor string) (l Ladder, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
	if of := r.accounts[strings.ToLower(aor)]; of != nil {
		return of.Ladder, true
	}
	return Ladder{}, false
}

// All gives every ladder, the one that began last first.
func (r *Recorder) All() []Ladder {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
	var out []Ladder
	for _, l := range r.all {
		out = append(out, l.Ladder)
	}
	for _, l := range r.accounts {
		out = append(out, l.Ladder)
	}
	slices.SortFunc(out, func(a, b Ladder) int { return cmp.Compare(b.ID, a.ID) })
	return out
}

// glimpse is what finds the ladder of a message.
type glimpse struct{ callID, method, from, to string }

// glance reads it, without caring whether the message is a good one.
func glance(msg []byte) (g glimpse) {
	head, _ := split(msg)
	for _, f := range fields(head) {
		name, value, _ := bytes.Cut(f, []byte(":"))
		switch name = bytes.TrimSpace(name); {
		case is(name, "call-id"), is(name, "i"):
			g.callID = string(bytes.TrimSpace(value))
		case is(name, "cseq"):
			_, method, _ := bytes.Cut(bytes.TrimSpace(value), []byte(" "))
			g.method = string(bytes.TrimSpace(method))
		case is(name, "from"), is(name, "f"):
			g.from = address(value)
		case is(name, "to"), is(name, "t"):
			g.to = address(value)
		}
	}
	return g
}

// is compares the name of a header with one in lower case.
func is(name []byte, lower string) bool { return len(name) == len(lower) && equalFold(name, lower) }

// address is the URI of a name-addr or addr-spec, without parameters.
func address(v []byte) string {
	if _, in, ok := bytes.Cut(v, []byte("<")); ok {
		v, _, _ = bytes.Cut(in, []byte(">"))
	}
	v, _, _ = bytes.Cut(v, []byte(";"))
	return string(bytes.TrimSpace(v))
}
