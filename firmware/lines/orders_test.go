package lines_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/firmware/lines"
	"opendeskphone/firmware/phone"
	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stir"
	"opendeskphone/sip/ua"
)

var lives = flag.Int("lives", 100, "random lives of three calls")
var loss = flag.Float64("loss", 0, "share of packets that every other network loses")
var depth = flag.Int("depth", 2, "length of the orders that are all tried")

// orders is the phone's core with its lines and user agent, and far sides of flesh, on a network in memory.
type orders struct {
	*testing.T
	loop   *phone.Loop
	voices mutes
	fars   map[string]*far
	done   []string // what has been done, for whoever reads of a fault

	mu    sync.Mutex
	joins map[[2]string]int // who was to be handed over to whom, by whom they are
	taken int               // places that were taken over (Replaces)
	refs  int               // REFERs that came
}

type forgets struct{}

func (forgets) Record(*phone.State, time.Time, phone.Origin, phone.Input) {}

// strangers are callers nobody knows.
type strangers struct{}

func (strangers) NameOf(string) (string, bool)                           { return "", false }
func (strangers) Imitates(string) bool                                   { return false }
func (strangers) Canonical(number string) string                         { return number }
func (strangers) Check(context.Context, []string, stir.Call) stir.Result { return stir.Result{} }

// inOrders runs a life of the phone in a bubble of its own.
func inOrders(t *testing.T, seed uint64, live func(*orders)) {
	synctest.Test(t, func(t *testing.T) {
		o := &orders{T: t, fars: map[string]*far{}, joins: map[[2]string]int{}}
		net := siptest.NewNet(seed)
		net.SetLink(2*time.Millisecond, float64(seed%2)**loss)
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		var adapter *lines.Adapter
		ours := agent(net, ourUser, func(e ua.Event) { adapter.Handle(e) })
		cfg := phone.DefaultConfig()
		cfg.Lines = []phone.LineConfig{{AOR: uriOf(ourUser), Label: ourUser}}
		o.loop = phone.NewLoop(cfg, func(e phone.Effect) { o.exec(adapter, e) }, forgets{}, quiet)
		adapter = lines.New([]lines.Line{{Account: ua.Account{AOR: uriOf(ourUser), Direct: true}}}, ours, &o.voices,
			strangers{}, func(ua.Account) netip.Addr { return hosts[ourUser] },
			func(e phone.Event) { o.loop.Post("lines", e) }, quiet)
		wg.Go(func() { _ = o.loop.Run(ctx) })
		wg.Go(func() { _ = adapter.Run(ctx) })
		wg.Go(func() { _ = ours.Run(ctx) })
		for name := range hosts {
			if name == ourUser {
				continue
			}
			f := &far{o: o, name: name, calls: map[ua.CallRef]*farCall{}}
			f.agent = agent(net, name, f.handle)
			o.fars[name] = f
			wg.Go(func() { _ = f.agent.Run(ctx) })
			f.agent.AddAccount(1, ua.Account{AOR: uriOf(name), Direct: true})
		}
		o.pass(100 * time.Millisecond)
		live(o)
		o.end()
		cancel()
		wg.Wait()
		if o.voices.open != 0 {
			t.Errorf("%d voices stay open", o.voices.open)
		}
		if t.Failed() {
			t.Logf("seed %d: %s", seed, strings.Join(o.done, ", "))
		}
	})
}

func (o *orders) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func userOf(uri string) string {
	_, rest, _ := strings.Cut(uri, ":")
	user, _, _ := strings.Cut(rest, "@")
	return user
}

// exec gives the phone's orders to its lines, and notes who is to be brought together.
func (o *orders) exec(a *lines.Adapter, e phone.Effect) {
	switch e := e.(type) {
	case phone.SetSound, phone.LogCall:
		return
	case phone.SendRefer:
		s := o.loop.State()
		if c, p := s.Call(e.Call), s.Call(e.Replaces); c != nil && p != nil {
			o.mu.Lock()
			o.joins[[2]string{userOf(c.Remote.URI), userOf(p.Remote.URI)}]++
			o.mu.Unlock()
		}
	}
	a.Exec(e)
}

// referAsked holds that nobody is asked to go elsewhere who has not been put on hold.
func (o *orders) referAsked(f *far, c *farCall) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refs++
	if c == nil || c.peer != ourUser || !c.held {
		o.Errorf("%s is to go elsewhere in the midst of %+v", f.name, c)
	}
}

// replaced holds that who takes a place takes the one it was sent to.
func (o *orders) replaced(f *far, old *farCall, e ua.Incoming) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.taken++
	who := [2]string{e.From.User, f.name}
	if old == nil || old.peer != ourUser || o.joins[who] == 0 || e.ReferredBy.User != ourUser {
		o.Errorf("%s takes the place of %+v at %s, sent by %q; meant were %v", e.From.User, old, f.name, e.ReferredBy.User, o.joins)
	}
}

// check holds what is so at any time: one call talks, or one conference, and each call has a way out.
func (o *orders) check(when string) {
	s := o.loop.State()
	var front []*phone.Call
	for i := range s.Calls {
		if c := &s.Calls[i]; c.State == phone.Talking && !c.Shadow {
			front = append(front, c)
		}
		if c := s.Calls[i]; !c.Shadow {
			after, _, _, err := phone.Step(*s, time.Now(), "test", phone.Hangup{Call: c.ID})
			if err != nil || after.Call(c.ID) != nil {
				o.Errorf("%s: no way out of %+v: %v", when, c, err)
			}
		}
	}
	for _, c := range front {
		if len(front) > 1 && (c.Conf == 0 || c.Conf != front[0].Conf) {
			o.Errorf("%s: %d calls talk", when, len(front))
		}
	}
}

// settled compares the phone with its far sides once nothing is under way: they have the same calls, and agree who is held.
func (o *orders) settled() {
	o.pass(12 * time.Second)
	if *loss > 0 { // requests are repeated for half a minute
		o.pass(28 * time.Second)
	}
	s := o.loop.State()
	var ours, theirs []string
	for _, c := range s.Calls {
		if c.State == phone.Talking || c.State == phone.Held {
			held := c.State == phone.Held && c.Move != phone.Bridged
			ours = append(ours, fmt.Sprintf("%s held %v by us, %v by them", userOf(c.Remote.URI), held, c.RemoteHeld))
		}
		if c.Move != phone.NoMove {
			o.expectMove(c)
		}
	}
	for name, f := range o.fars {
		f.mu.Lock()
		for _, c := range f.calls {
			if c.peer == ourUser && c.stands {
				theirs = append(theirs, fmt.Sprintf("%s held %v by us, %v by them", name, c.held, c.holding))
			}
		}
		f.mu.Unlock()
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	if !slices.Equal(ours, theirs) {
		o.Errorf("the phone has  %q\nits far sides have %q", ours, theirs)
	}
	o.check("settled")
}

// expectMove: a call that is still on its way waits for somebody whose phone rings.
func (o *orders) expectMove(c phone.Call) {
	for _, f := range o.fars {
		f.mu.Lock()
		waiting := false
		for _, fc := range f.calls {
			waiting = waiting || !fc.stands
		}
		f.mu.Unlock()
		if waiting {
			return
		}
	}
	if c.Move != phone.Bridged {
		o.Errorf("%+v is on its way for ever", c)
	}
}

// end hangs up at the phone, and nothing may stay of anything.
func (o *orders) end() {
	for _, c := range o.loop.State().Calls {
		if !c.Shadow {
			_ = o.loop.Do(context.Background(), "test", phone.Hangup{Call: c.ID})
		}
	}
	o.pass(4 * time.Minute)
	if n := len(o.loop.State().Calls); n > 0 {
		o.Errorf("after all was hung up %d calls stay: %+v", n, o.loop.State().Calls)
	}
	for name, f := range o.fars {
		f.mu.Lock()
		if c := f.withPhone(); c != nil {
			o.Errorf("%s still has %+v", name, c)
		}
		f.mu.Unlock()
		f.hangup()
	}
	o.pass(time.Minute)
}

// do gives the phone a command; it may refuse.
func (o *orders) do(c phone.Command) {
	err := o.loop.Do(context.Background(), "test", c)
	o.done = append(o.done, fmt.Sprintf("%T%+v: %v", c, c, err))
	o.check(fmt.Sprintf("%T%+v", c, c))
}

func (o *orders) let(name, what string, do func(f *far)) {
	o.done = append(o.done, name+" "+what)
	do(o.fars[name])
}

// call names the nth call, oldest first; there need not be one.
func (o *orders) call(n int) phone.CallID {
	if s := o.loop.State(); n < len(s.Calls) {
		return s.Calls[n].ID
	}
	return 0
}

// free is somebody who has no call at all.
func (o *orders) free() string {
	for _, name := range []string{"anna", "ben", "cora", "dave"} {
		f := o.fars[name]
		f.mu.Lock()
		n := len(f.calls)
		f.mu.Unlock()
		if n == 0 && !slices.ContainsFunc(o.loop.State().Calls, func(c phone.Call) bool { return userOf(c.Remote.URI) == name }) {
			return name
		}
	}
	return ""
}

// moves are what may happen to three calls, each by its own.
func moves() map[string]func(*orders) {
	out := map[string]func(*orders){
		"swap":     func(o *orders) { o.do(phone.Swap{}) },
		"join all": func(o *orders) { o.do(phone.Join{Calls: [phone.MaxConf]phone.CallID{o.call(0), o.call(1), o.call(2)}}) },
		"join":     func(o *orders) { o.do(phone.Join{Calls: [phone.MaxConf]phone.CallID{o.call(0), o.call(2)}}) },
		"consult": func(o *orders) {
			if name := o.free(); name != "" {
				o.do(phone.Consult{Call: o.call(2), Number: uriOf(name)})
			}
		},
		"reconnect": func(o *orders) { o.do(phone.Reconnect{Call: o.call(2), Consult: o.call(3)}) },
		"complete":  func(o *orders) { o.do(phone.CompleteTransfer{Call: o.call(2), Consult: o.call(3)}) },
	}
	for i := range 3 {
		call := func(name string, c func(phone.CallID) phone.Command) {
			out[fmt.Sprint(name, " ", i)] = func(o *orders) { o.do(c(o.call(i))) }
		}
		call("hold", func(id phone.CallID) phone.Command { return phone.Hold{Call: id} })
		call("resume", func(id phone.CallID) phone.Command { return phone.Resume{Call: id} })
		call("split", func(id phone.CallID) phone.Command { return phone.Split{Call: id} })
		call("hang up", func(id phone.CallID) phone.Command { return phone.Hangup{Call: id} })
		out[fmt.Sprint("hand over ", i)] = func(o *orders) {
			if name := o.free(); name != "" {
				o.do(phone.Transfer{Call: o.call(i), Target: uriOf(name)})
			}
		}
		out[fmt.Sprint("bring together ", i)] = func(o *orders) {
			o.do(phone.CompleteTransfer{Call: o.call(i), Consult: o.call((i + 1) % 3)})
		}
	}
	for _, name := range []string{"anna", "ben", "cora"} {
		let := func(what string, do func(*far)) { out[name+" "+what] = func(o *orders) { o.let(name, what, do) } }
		let("holds", func(f *far) { f.change(true) })
		let("resumes", func(f *far) { f.change(false) })
		let("hangs up", (*far).hangup)
	}
	for _, name := range []string{"anna", "ben", "cora", "dave"} {
		for m := range moods {
			out[fmt.Sprint(name, " mood ", m)] = func(o *orders) {
				o.let(name, fmt.Sprint("mood ", m), func(f *far) { f.mu.Lock(); f.mood = m; f.mu.Unlock() })
			}
		}
	}
	return out
}

// three makes three calls, two from here and one from there.
func (o *orders) three() {
	reach := func(n int, st phone.CallState) {
		for range 100 {
			if calls := o.loop.State().Calls; len(calls) == n && calls[n-1].State == st {
				return
			}
			o.pass(100 * time.Millisecond)
		}
		o.Errorf("the calls are %+v", o.loop.State().Calls)
	}
	o.do(phone.Dial{Number: uriOf("anna")})
	reach(1, phone.Talking)
	o.let("ben", "calls", (*far).dial)
	reach(2, phone.Ringing)
	o.do(phone.Answer{Call: o.call(1)})
	reach(2, phone.Talking)
	o.do(phone.Dial{Number: uriOf("cora")})
	reach(3, phone.Talking)
}

// TestThreeCallsInEveryOrder does everything that may be done with three calls, and everything after it, at once and
// when the first has settled.
func TestThreeCallsInEveryOrder(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		*depth = 1
	}
	all := moves()
	names := make([]string, 0, len(all))
	for name := range all {
		if !strings.Contains(name, "mood") || strings.HasSuffix(name, "3") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	cases := 0
	var try func(path []string)
	try = func(path []string) {
		if len(path) < *depth {
			for _, n := range names {
				try(append(path[:len(path):len(path)], n))
			}
			return
		}
		cases++
		pause := []time.Duration{0, 5 * time.Millisecond, 3 * time.Second}[cases%3]
		inOrders(t, uint64(cases), func(o *orders) {
			o.three()
			for _, n := range path {
				all[n](o)
				o.pass(pause)
			}
			o.settled()
		})
	}
	try(nil)
	t.Logf("orders of three calls: %d", cases)
}

// TestLivesOfThreeCalls goes through long random lives.
func TestLivesOfThreeCalls(t *testing.T) {
	t.Parallel()
	all := moves()
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	taken, refs := 0, 0
	if testing.Short() {
		*lives = 10
	}
	for seed := range uint64(*lives) {
		random := rand.New(rand.NewPCG(seed, 5))
		inOrders(t, seed, func(o *orders) {
			for range 4 {
				for range 8 {
					switch n := random.IntN(10); {
					case n == 0 && len(o.loop.State().Calls) < 4 && o.free() != "":
						o.do(phone.Dial{Number: uriOf(o.free())})
					case n == 1 && len(o.loop.State().Calls) < 4 && o.free() != "":
						o.let(o.free(), "calls", (*far).dial)
					case n == 2:
						if c := o.loop.State().First(phone.Ringing); c != nil {
							o.do(phone.Answer{Call: c.ID})
						}
					default:
						all[names[random.IntN(len(names))]](o)
					}
					o.pass([]time.Duration{0, 3 * time.Millisecond, 100 * time.Millisecond, 1500 * time.Millisecond}[random.IntN(4)])
				}
				o.settled()
			}
			taken, refs = taken+o.taken, refs+o.refs
		})
		if t.Failed() {
			break
		}
	}
	t.Logf("%d lives: %d REFERs, %d places taken", *lives, refs, taken)
	if *lives >= 100 && (taken < *lives/10 || refs < *lives/4) {
		t.Errorf("lives too quiet to prove anything: %d REFERs, %d places taken", refs, taken)
	}
}
