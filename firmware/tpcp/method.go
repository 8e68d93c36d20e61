package tpcp

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"opendeskphone/firmware/phone"
)

// method is one row of the table of methods.
type method struct {
	right Rights // what it takes; 0: nothing
	flags flags
	do    func(*request) (any, error)
	needs func(*Services) bool // what the phone must have for it; nil: nothing
	why   string               // it is not served, if it is not
}

type flags uint8

const (
	early    flags = 1 << iota // without a session
	act                        // changes something, and may be repeated by idem
	onCall                     // speaks of a call by callId
	long                       // may wait for a person, or for time to pass
	private                    // not while the phone is locked
	granting                   // without its right, with the cable plugged in, the person at the phone is asked, and his yes gives it
)

// request is a request in progress.
type request struct {
	ctx     context.Context // ends with the leg; for what takes long and is the phone's business, with the server
	server  *Server
	leg     *leg
	method  string
	params  json.RawMessage
	pairing Pairing
	session session
	now     time.Time
	after   func() // to be done when the answer stands in line
}

// on reads the params for a method.
func on[P any](f func(*request, P) (any, error)) func(*request) (any, error) {
	return func(r *request) (any, error) {
		p, err := read[P](r.params)
		if err != nil {
			return nil, err
		}
		return f(r, p)
	}
}

func read[P any](params json.RawMessage) (P, error) {
	var p P
	if params == nil {
		return p, nil
	}
	err := json.Unmarshal(params, &p)
	if wrong := new(json.UnmarshalTypeError); errors.As(err, &wrong) {
		return p, refuse(CodeBadParams, fmt.Sprintf("%s is no %s", wrong.Field, wrong.Value))
	}
	if err != nil {
		return p, refuse(CodeBadParams, "the params make no sense")
	}
	return p, nil
}

// serves tells whether the phone has what a method needs.
func (s *Server) serves(m method) bool {
	return m.do != nil && (m.needs == nil || m.needs(&s.services))
}

// features lists the methods that are served, for hello.
func (s *Server) features() []string {
	out := []string{}
	for name, m := range methods {
		if s.serves(m) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// request answers a request: at once, or on a goroutine of its own if it may take long.
func (s *Server) request(ctx context.Context, l *leg, m Message, wg *sync.WaitGroup) {
	r := &request{ctx: ctx, server: s, leg: l, method: m.Method, params: m.Params, now: time.Now()}
	answer := func() {
		w := wireMessage{ID: m.ID}
		w.Result, w.Error = r.answer()
		l.put(ctx, w)
		if r.after != nil {
			r.after()
		}
	}
	if methods[m.Method].flags&long == 0 {
		answer()
		return
	}
	select {
	case l.work <- struct{}{}:
		wg.Go(func() {
			defer func() { <-l.work }()
			_ = l.guard(func() error { answer(); return nil })
		})
	default:
		l.put(ctx, wireMessage{ID: m.ID, Error: refuse(CodeResource, "too many requests of this leg are pending")})
	}
}

// answer does what is asked, and turns what comes of it, a panic included, into an answer.
func (r *request) answer() (result json.RawMessage, refusal *Error) {
	defer func() {
		if p := recover(); p != nil { // a hostile request must not end a call
			r.server.log.Error("a request fell", "method", r.method, "panic", p)
			result, refusal = nil, refuse(CodeInternal, "the phone could not do this")
		}
	}()
	v, err := r.checked()
	if err == nil {
		result, err = json.Marshal(v)
	}
	if err == nil {
		return result, nil
	}
	e := asError(err)
	if e.Code == CodeInternal {
		r.server.log.Error("a request failed", "method", r.method, "err", err)
	}
	return nil, e
}

// checked does what is asked if it may be done. The order of the checks is part of the protocol.
func (r *request) checked() (any, error) {
	m, ok := methods[r.method]
	if !ok {
		return nil, refuse(CodeUnknownMethod, "there is no method "+fmt.Sprintf("%q", r.method))
	}
	if m.flags&early == 0 {
		if err := r.enter(m.right, m.flags&granting != 0); err != nil {
			return nil, err
		}
	}
	if !r.server.serves(m) {
		return nil, refuse(CodeNotSupported, m.why)
	}
	if m.flags&act == 0 {
		return r.guarded(m)
	}
	a, err := read[Act](r.params)
	if err != nil {
		return nil, err
	}
	if a.Idem == "" {
		return r.guarded(m)
	}
	if len(a.Idem) > maxID {
		return nil, refuse(CodeBadParams, "idem is longer than 64 bytes")
	}
	digest := sha256.Sum256(append([]byte(r.method+"\x00"), r.params...))
	return r.server.remember.once(r.ctx, r.pairing.ID+"\x00"+a.Idem, digest, r.now, func() (any, error) { return r.guarded(m) })
}

// enter checks that there is a session with the right, or that it can be had by asking.
func (r *request) enter(right Rights, granting bool) error {
	s := r.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.leg.session == nil {
		return refuse(CodeNotOpen, "session.open comes first")
	}
	r.session, r.pairing = *r.leg.session, r.leg.pairing
	switch {
	case r.session.rights&right == right, granting && r.session.attached:
		return nil
	case r.pairing.Rights&right == right:
		return refuse(CodeAttachRequired, "this needs the cable plugged in, and a session opened with its proof")
	}
	return refuse(CodeRightMissing, "this controller has not the right "+right.String())
}

// guarded checks what the state of the phone forbids, then does it.
func (r *request) guarded(m method) (any, error) {
	s := r.server
	if m.flags&private != 0 && s.control.State().Lock.Kind != phone.Unlocked {
		return nil, refuse(CodeLocked, "the phone is locked")
	}
	if m.flags&onCall != 0 {
		p, err := read[CallParams](r.params)
		if err != nil {
			return nil, err
		}
		if err := s.checkCall(p, r); err != nil {
			return nil, err
		}
	}
	return m.do(r)
}

// checkCall checks that a call is what the controller thinks it is.
func (s *Server) checkCall(p CallParams, r *request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	t := s.calls[parseCall(p.CallID)]
	if t == nil {
		if _, ok := s.ended[parseCall(p.CallID)]; ok && (r.method == "call.hangup" || r.method == "call.note") {
			return nil
		}
		return refuse(CodeNoSuchCall, "there is no call "+fmt.Sprintf("%q", cut(p.CallID)))
	}
	late := r.now.Sub(t.local) < keyTime && r.method != "call.answer" // which answered it does not matter
	if p.IfRev != 0 && p.IfRev != t.told.Rev || late {
		e := refuse(CodeConflict, "the call has changed")
		e.Data.Rev = t.told.Rev
		return e
	}
	if t.emergency && slices.Contains(emergencyGuarded, r.method) {
		return refuse(CodeEmergencyGuard, "an emergency call is ended and held at the phone alone")
	}
	return nil
}

// emergencyGuarded are the methods that an emergency call is not open to.
var emergencyGuarded = []string{"call.hangup", "call.hold", "call.swap", "call.transfer", "call.consult", "call.completeTransfer",
	"call.moveToPC", "call.split"}

const doTime = 2 * time.Second // the core decides within microseconds; more is a fault

// do gives a command to the phone, and waits until what came of it was told.
func (r *request) do(c phone.Command) error {
	ctx, cancel := context.WithTimeout(r.ctx, doTime)
	defer cancel()
	err := r.server.control.Do(ctx, r.session.origin, c)
	r.server.mu.Lock()
	r.server.catchUp()
	r.server.mu.Unlock()
	if errors.Is(err, context.DeadlineExceeded) {
		return refuse(CodeTimeout, "the phone did not decide in time")
	}
	return err
}

// memory remembers the answers to requests that may be repeated.
type memory struct {
	mu   sync.Mutex
	kept map[string]*kept
}

type kept struct {
	digest [sha256.Size]byte
	at     time.Time
	done   chan struct{}
	result any
	err    error
}

const maxKept = 512

func newMemory() *memory { return &memory{kept: map[string]*kept{}} }

// once does something, or gives the answer of when it was done before.
func (m *memory) once(ctx context.Context, key string, digest [sha256.Size]byte, now time.Time, do func() (any, error)) (any, error) {
	m.mu.Lock()
	k := m.kept[key]
	if k != nil && now.Sub(k.at) < idemTime {
		m.mu.Unlock()
		if k.digest != digest {
			return nil, refuse(CodeBadParams, "idem was used for another request")
		}
		select {
		case <-k.done:
			return k.result, k.err
		case <-ctx.Done():
			return nil, refuse(CodeTimeout, "the first request is still pending")
		}
	}
	k = &kept{digest: digest, at: now, done: make(chan struct{}), err: refuse(CodeInternal, "the phone could not do this")}
	m.make(key, k, now)
	m.mu.Unlock()
	defer close(k.done)
	k.result, k.err = do()
	if k.err != nil && ctx.Err() != nil { // the leg broke on the way: who comes back may ask anew
		m.forget(key, k)
	}
	return k.result, k.err
}

func (m *memory) forget(key string, k *kept) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept[key] == k {
		delete(m.kept, key)
	}
}

// make keeps a place for an answer; old ones go, and if there are too many the oldest.
func (m *memory) make(key string, k *kept, now time.Time) {
	oldest := ""
	for name, o := range m.kept {
		switch {
		case now.Sub(o.at) >= idemTime:
			delete(m.kept, name)
		case oldest == "" || o.at.Before(m.kept[oldest].at):
			oldest = name
		}
	}
	if len(m.kept) >= maxKept {
		delete(m.kept, oldest)
	}
	m.kept[key] = k
}
