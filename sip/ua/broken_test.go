package ua

import (
	"flag"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/sip/offer"
	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
)

var brokenCases = flag.Int("broken", 4000, "cases of TestBrokenMessages")

// brokenRound is how many cases share a standing call; brokenBatch of them come at once.
const brokenRound, brokenBatch = 500, 20

// TestBrokenMessages sends broken SIP and SDP from the registrar's own address to a user agent with a line, a call that
// stands and one that is being made, behind which somebody answers every offer he can read. Nothing falls, nothing
// stays, and a right OPTIONS is answered after each round.
func TestBrokenMessages(t *testing.T) {
	const seeds = 4
	done, felt := 0, 0
	if testing.Short() {
		*brokenCases = seeds * brokenRound
	}
	for seed := range uint64(seeds) {
		onNet(t, func(b *bench) {
			n, m := b.breakIn(seed, *brokenCases/seeds)
			done, felt = done+n, felt+m
		})
	}
	t.Logf("broken messages survived: %d, of which %d came through to the user", done, felt)
	if felt < done/100 {
		t.Error("what is broken so that all of it is refused at the door proves little")
	}
}

// breakIn sends n broken messages, tells how many it was and how many of them came through to the user.
func (b *bench) breakIn(seed uint64, n int) (done, felt int) {
	registered(b)
	s := &besieged{bench: b, breaker: siptest.NewBreaker(seed, "sip:alice@"+b.at().String(), farAddr.String()+":5070"), rand: rand.New(rand.NewPCG(seed, 1))}
	w, err := siptest.NewWire(b.Context(), b.net.Host(farAddr), stack.UDP, netip.AddrPortFrom(farAddr, 5070), b.at())
	ok(b, err)
	defer w.Close()
	s.wire = w
	var size uint64
	var running int
	for done < n {
		s.prepare()
		for range brokenRound / brokenBatch {
			s.batch(brokenBatch)
			done += brokenBatch
		}
		s.rest()
		switch now := runtime.NumGoroutine(); {
		case done == brokenRound:
			running = now
		case now != running:
			b.Fatalf("%d goroutines, there were %d", now, running)
		}
		if done == settled {
			size = heap()
		}
	}
	if grown := int64(heap()) - int64(size); size > 0 && grown > 256<<10 {
		b.Errorf("%d KiB stay", grown>>10)
	}
	b.ua.stack.Post(func() {
		if n, m, k := len(b.ua.calls), len(b.ua.dialogs), len(b.ua.asked); n+m+k > 0 {
			b.Errorf("%d calls, %d dialogs and %d REFERs stay", n, m, k)
		}
	})
	b.pass(time.Second)
	return done, s.felt
}

// settled is the number of cases after which pools and tables are as large as they get.
const settled = 5000

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// besieged is a user agent with a user who takes everything seriously.
type besieged struct {
	*bench
	breaker *siptest.Breaker
	wire    *siptest.Wire
	rand    *rand.Rand
	calls   []CallRef
	felt    int // events
}

// prepare has a call stand and another one under way, for messages to refer to.
func (s *besieged) prepare() {
	s.Helper()
	s.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) { // lets it ring
		tx.OnCancel(func(*stack.Request) { tx.Respond(reply(req, 487)) })
	})
	c, ref := s.answered()
	s.calls = append(s.calls, ref, s.ua.Call(1, "bob", []byte(anOffer)))
	s.pass(10 * time.Millisecond)
	s.breaker.Dialogs = []siptest.BrokenDialog{{CallID: c.d.ID.CallID, LocalTag: c.d.ID.RemoteTag, RemoteTag: c.d.ID.LocalTag}}
	s.breaker.Branches = nil
	for _, req := range s.far.all(stack.INVITE) {
		branch, _ := req.Via().Params.Get("branch")
		s.breaker.Branches = append(s.breaker.Branches, branch)
		s.breaker.Dialogs = append(s.breaker.Dialogs, siptest.BrokenDialog{CallID: req.CallID().Value(), LocalTag: stack.Tag(req.From().Params), RemoteTag: "x"})
	}
}

// batch sends n messages, some by datagram and some on connections of their own, and does what the user would do.
func (s *besieged) batch(n int) {
	var streams []*siptest.Wire
	for range n {
		text := s.breaker.Next()
		if s.rand.IntN(2) == 0 {
			s.wire.Send(text)
			continue
		}
		w, err := siptest.NewWire(s.Context(), s.net.Host(farAddr), stack.TCP, netip.AddrPort{}, s.at())
		ok(s.bench, err)
		w.Send(text)
		streams = append(streams, w)
	}
	s.pass(10 * time.Millisecond)
	s.use()
	s.pass(10 * time.Millisecond)
	for err := error(nil); err == nil; _, err = s.wire.Next(time.Millisecond) { // nobody reads the answers
	}
	for _, w := range streams {
		w.Close()
	}
	synctest.Wait()
}

// use answers what has happened.
func (s *besieged) use() {
	s.mu.Lock()
	events := s.events
	s.events = nil
	s.mu.Unlock()
	session := offer.New(offer.Local{Addr: ourAddr, Port: 4000, Codecs: []offer.Codec{{Name: "PCMA", PT: 8, Clock: 8000}, {Name: "opus", PT: 96, Clock: 48000, Channels: 2}},
		DTMF: true, SRTP: offer.Optional, RTCPMux: true})
	s.felt += len(events)
	for _, e := range events {
		switch e := e.(type) {
		case Incoming:
			s.calls = append(s.calls, e.Call)
			if answer, _, err := session.Answer(e.SDP, offer.SendRecv); err == nil {
				s.ua.Accept(e.Call, answer)
			} else {
				s.ua.Reject(e.Call, 488)
			}
		case ReOffer:
			if answer, _, err := session.Answer(e.SDP, offer.SendRecv); err == nil {
				s.ua.AnswerOffer(e.Call, answer)
			} else {
				s.ua.RefuseOffer(e.Call, 488)
			}
		case Accepted:
			if _, err := session.Offer(offer.SendRecv); err == nil {
				session.Accept(e.SDP)
			}
		case ReferAsked:
			s.ua.RefuseRefer(e.Refer)
		}
	}
}

// rest hangs up, waits until all of it is forgotten, and asks whether the user agent lives.
func (s *besieged) rest() {
	s.Helper()
	for _, ref := range s.calls {
		s.ua.Hangup(ref)
	}
	s.calls = nil
	s.far.always(stack.INVITE, 486)
	s.pass(3 * time.Minute)
	s.use()
	s.far.mu.Lock()
	s.far.got, s.far.at, s.far.lost = nil, nil, nil
	s.far.mu.Unlock()
	code := 0
	s.far.ask(s.bench, stack.OPTIONS, func(res *stack.Response, _ error) {
		if res != nil {
			code = res.StatusCode
		}
	})
	s.pass(time.Second)
	if code != 200 || s.last().State != Registered && s.last() != (LineState{}) {
		s.Fatalf("OPTIONS gets %d, line %+v", code, s.last())
	}
}
