package tpcp

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/firmware/phone"
)

func TestClickToCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c, o := b.controller("pc-1", hostSeed, true)
		if !o.Attached || o.Rights != AllRights || o.Snapshot == nil || len(o.Snapshot.Lines) != 2 {
			t.Fatalf("opened %+v", o)
		}
		call, err := c.Make(b.ctx, MakeParams{To: "tel:+49-30-5550142", ConversationID: "abc"})
		if err != nil {
			t.Fatal(err)
		}
		if call.State != StateProceeding || call.ConversationID != "abc" || call.Dir != "out" || call.LegB.Number == "" {
			t.Errorf("made %+v", call)
		}
		if got := b.invited(); got.Target != "+49305550142" || got.Conversation != "abc" {
			t.Errorf("the phone called %+v", got)
		}
		b.post(phone.Progressed{Call: 1})
		if list := told(c); names(list) != "call.changed call.changed" {
			t.Fatalf("told %s", names(list))
		}
		b.post(phone.Accepted{Call: 1})
		list := told(c)
		var last CallChanged
		if err := list[len(list)-1].Decode(&last); err != nil || last.Call.State != StateConnected || last.Prev != StateAlerting || last.By != "remote" {
			t.Errorf("told %+v, %v", last, err)
		}
		if done, err := c.Hangup(b.ctx, CallParams{CallID: call.CallID}); err != nil || done.State != StateEnded {
			t.Errorf("hung up: %+v, %v", done, err)
		}
		list = told(c)
		var ended CallEnded
		if err := list[0].Decode(&ended); err != nil || ended.Cause != "localHangup" || ended.By != "controller:pc-1" || ended.CallID != call.CallID {
			t.Errorf("ended %+v, %v", ended, err)
		}
	})
}

func (b *bench) invited() phone.SendInvite {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.effects {
		if i, ok := e.(phone.SendInvite); ok {
			return i
		}
	}
	return phone.SendInvite{}
}

func (b *bench) count(want func(phone.Effect) bool) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, e := range b.effects {
		if want(e) {
			n++
		}
	}
	return n
}

func isInvite(e phone.Effect) bool { _, ok := e.(phone.SendInvite); return ok }

func TestClickToAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc-1", hostSeed, true)
		b.post(phone.Invited{Ref: 1, Remote: anna})
		list := told(c)
		var offered CallOffered
		if names(list) != "call.offered" || list[0].Decode(&offered) != nil || offered.Call.LegB.Display != "Anna" || offered.By != "remote" {
			t.Fatalf("told %s, %+v", names(list), offered)
		}
		call, err := c.Answer(b.ctx, AnswerParams{CallParams: CallParams{CallID: offered.Call.CallID}, LegA: &Terminal{"headset"}})
		if err != nil || call.State != StateAnswering || call.LegA.Terminal != "headset" {
			t.Errorf("answered %+v, %v", call, err)
		}
	})
}

func TestTwoControllersAnswerAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		one, _ := b.controller("pc-1", hostSeed, true)
		two, _ := b.controller("pc-2", hostSeed, true)
		b.reach("ringing")
		done := make(chan error, 2)
		for _, c := range []*Client{one, two} {
			go func() {
				call, err := c.Answer(b.ctx, AnswerParams{CallParams: CallParams{CallID: "c-1"}})
				if err == nil && call.State != StateAnswering {
					err = errors.New(call.State)
				}
				done <- err
			}()
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if n := b.count(func(e phone.Effect) bool { _, ok := e.(phone.SendAccept); return ok }); n != 1 {
			t.Errorf("answered %d times", n)
		}
	})
}

func TestWrongPinIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		if _, err := b.dial(0x33); err == nil {
			t.Error("a stranger got hello")
		}
		b.phonePin = pinOfSeed(0x44)
		if _, err := b.dial(hostSeed); !errors.Is(err, ErrPin) {
			t.Errorf("another phone's key: %v", err)
		}
	})
}

func TestAttachProofIsGoodOnOneConnectionAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		p, _ := b.desk.Find(pinOfSeed(hostSeed))
		one, two := b.leg(hostSeed), b.leg(hostSeed)
		stolen, err := proofOn(one.conn, p.Secret)
		if err != nil {
			t.Fatal(err)
		}
		open := OpenParams{ControllerID: "pc-1", AttachProof: hexOf(stolen)}
		_, err = two.Open(b.ctx, open, nil)
		b.wantCode(err, CodeAttachRequired)
		o, err := one.Open(b.ctx, open, nil)
		if err != nil || !o.Attached {
			t.Errorf("on its own connection: %+v, %v", o, err)
		}
		b.desk.change(pinOfSeed(hostSeed), func(p *Pairing) { p.Secret = []byte("of the next plug-in, 32 bytes....") })
		_, err = one.Open(b.ctx, open, nil)
		b.wantCode(err, CodeAttachRequired)
	})
}

func TestRightsFollowTheCable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{Lock: &lockTwin{}})
		c, _ := b.controller("pc-1", hostSeed, true)
		if _, err := c.HostState(b.ctx, HostState{State: "locked"}); err != nil {
			t.Error(err)
		}
		told(c)
		b.desk.change(pinOfSeed(hostSeed), func(p *Pairing) { p.Secret, p.LastAttach = nil, time.Now() })
		b.Review()
		list := told(c)
		var r SessionRights
		if names(list) != NotifySessionRights || list[0].Decode(&r) != nil || r.Rights != Observe|Control || r.Attached {
			t.Errorf("unplugged: %s %+v", names(list), r)
		}
		_, err := c.HostState(b.ctx, HostState{State: "unlocked"})
		b.wantCode(err, CodeAttachRequired)
		b.keepAlive(c, detachedTime+2*time.Minute)
		list = told(c)
		if names(list) != NotifySessionRights || list[0].Decode(&r) != nil || r.Rights != 0 {
			t.Errorf("after 12 hours: %s %+v", names(list), r)
		}
		_, err = c.Calls(b.ctx)
		b.wantCode(err, CodeAttachRequired)
		d := b.leg(hostSeed)
		if !d.Hello().AttachRequired {
			t.Error("hello does not say that the cable is needed")
		}
		_, err = d.Open(b.ctx, OpenParams{ControllerID: "pc-2"}, nil)
		b.wantCode(err, CodeAttachRequired)
	})
}

// keepAlive lets time pass; a leg stays alive by its pings alone.
func (b *bench) keepAlive(c *Client, d time.Duration) {
	b.t.Helper()
	time.Sleep(d)
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		b.t.Errorf("the leg ended: %v", c.err)
	}
}

func TestClockSetBackGivesNoRights(t *testing.T) {
	now := time.Now()
	p := Pairing{Rights: AllRights, LastAttach: now.Add(time.Hour)}
	if r := rightsOf(p, nil, now); r != 0 {
		t.Errorf("an attach that lies ahead gives %v", r)
	}
}

func TestUnpairedControllerIsSentAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc-1", hostSeed, true)
		b.desk.revoke(pinOfSeed(hostSeed))
		b.Review()
		b.goodbye(c, "unpaired")
		if _, err := b.dial(hostSeed); err == nil {
			t.Error("it came back")
		}
	})
}

func TestSecondLegOfAControllerReplacesTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		one, _ := b.controller("pc-1", hostSeed, true)
		two, _ := b.controller("pc-1", hostSeed, true)
		b.goodbye(one, "replaced")
		if _, err := two.Calls(b.ctx); err != nil {
			t.Error(err)
		}
		b.pair(0x33, AllRights)
		other := b.leg(0x33)
		_, err := other.Open(b.ctx, OpenParams{ControllerID: "pc-1"}, nil)
		b.wantCode(err, CodeConflict)
	})
}

func TestFourLegs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		for _, id := range []string{"a", "b", "c", "d"} {
			b.controller(id, hostSeed, false)
		}
		e := b.leg(hostSeed)
		_, err := e.Open(b.ctx, OpenParams{ControllerID: "e"}, nil)
		b.wantCode(err, CodeResource)
		if _, o := b.controller("d", hostSeed, false); o.SessionID == "" {
			t.Error("a controller that comes back finds no place")
		}
	})
}

func TestIdemDoesNotDialTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc-1", hostSeed, true)
		p := MakeParams{Act: Act{Idem: "3f0c"}, To: "201"}
		first, err := c.Make(b.ctx, p)
		if err != nil {
			t.Fatal(err)
		}
		c, _ = b.controller("pc-1", hostSeed, true) // it lost the answer, and comes back
		again, err := c.Make(b.ctx, p)
		if err != nil || again.CallID != first.CallID || b.count(isInvite) != 1 {
			t.Errorf("again: %+v, %v; %d calls", again, err, b.count(isInvite))
		}
		p.To = "202"
		_, err = c.Make(b.ctx, p)
		b.wantCode(err, CodeBadParams)
		p.To = "201"
		b.keepAlive(c, idemTime)
		if again, err = c.Make(b.ctx, p); err != nil || again.CallID == first.CallID || b.count(isInvite) != 2 {
			t.Errorf("after 10 minutes: %+v, %v; %d calls", again, err, b.count(isInvite))
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	m, now := newMemory(), time.Now()
	for i := range 2 * maxKept {
		_, _ = m.once(t.Context(), string(rune(i)), [32]byte{}, now.Add(time.Duration(i)), func() (any, error) { return nil, nil })
	}
	if len(m.kept) > maxKept {
		t.Errorf("%d answers are kept", len(m.kept))
	}
}

func TestRevisionsGuardAgainstLateRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc-1", hostSeed, true)
		b.reach("connected")
		calls, err := c.Calls(b.ctx)
		if err != nil || len(calls) != 1 {
			t.Fatal(calls, err)
		}
		rev := calls[0].Rev
		b.post(phone.RemoteHeld{Call: 1, On: true})
		_, err = c.Hold(b.ctx, HoldParams{CallParams: CallParams{Act: Act{IfRev: rev}, CallID: "c-1"}})
		b.wantCode(err, CodeConflict)
		var e *Error
		if !errors.As(err, &e) || e.Data.Rev <= rev {
			t.Fatalf("the conflict does not tell the revision: %v", err)
		}
		held, err := c.Hold(b.ctx, HoldParams{CallParams: CallParams{Act: Act{IfRev: e.Data.Rev}, CallID: "c-1"}})
		if err != nil || !held.Hold.Local || !held.Hold.Remote || held.Rev != e.Data.Rev+1 {
			t.Errorf("held %+v, %v", held, err)
		}
	})
}

func TestKeyAtThePhoneBeatsARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc-1", hostSeed, true)
		b.reach("connected")
		b.key(phone.Hold{Call: 1})
		_, err := c.Resume(b.ctx, CallParams{CallID: "c-1"})
		b.wantCode(err, CodeConflict)
		time.Sleep(keyTime)
		_, err = c.Resume(b.ctx, CallParams{CallID: "c-1"})
		b.wantCode(err, 0)
	})
}

func TestHangupOfAnEndedCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc-1", hostSeed, true)
		b.reach("connected")
		b.post(phone.Byed{Call: 1, Cause: phone.RemoteHangup})
		call, err := c.Hangup(b.ctx, CallParams{CallID: "c-1"})
		if err != nil || call.State != StateEnded || call.Cause != "remoteHangup" {
			t.Errorf("%+v, %v", call, err)
		}
		time.Sleep(endedTime + time.Second)
		b.post(phone.Recalled{Unseen: phone.Unseen{Missed: 1}})
		_, err = c.Hangup(b.ctx, CallParams{CallID: "c-1"})
		b.wantCode(err, CodeNoSuchCall)
	})
}

// TestEndedCallsAreFew: of a flood of calls only the last are remembered.
func TestEndedCallsAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc-1", hostSeed, true)
		for id := range phone.CallID(maxEnded + 1) {
			b.post(phone.Invited{Ref: phone.Ref(id + 1), Remote: anna})
			synctest.Wait() // what comes and goes between two looks is not told at all
			b.post(phone.Byed{Call: id + 1, Cause: phone.RemoteHangup})
			synctest.Wait()
		}
		_, err := c.Hangup(b.ctx, CallParams{CallID: "c-1"})
		b.wantCode(err, CodeNoSuchCall)
		_, err = c.Hangup(b.ctx, CallParams{CallID: "c-2"})
		b.wantCode(err, 0)
	})
}

func TestEmergencyCallIsEndedAtThePhoneAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc-1", hostSeed, true)
		b.post(phone.Invited{Ref: 1, Remote: anna}, phone.Invited{Ref: 2, Remote: anna})
		for _, do := range []phone.Command{phone.Answer{Call: 1}} {
			b.key(do)
		}
		b.post(phone.Confirmed{Call: 1})
		call, err := c.Make(b.ctx, MakeParams{To: "tel:112"})
		if err != nil || !call.Emergency {
			t.Fatalf("%+v, %v", call, err)
		}
		b.post(phone.Accepted{Call: 3}, phone.RemoteChanged{Call: 3, Remote: phone.Peer{Name: "Police", Number: "0301234"}})
		time.Sleep(time.Second)
		for _, m := range []string{"call.hangup", "call.hold"} {
			_, err := raw(b.ctx, c, m, `{"callId":"c-3"}`)
			b.wantCode(err, CodeEmergencyGuard)
		}
		for m, p := range map[string]string{"call.make": `{"to":"201"}`, "call.answer": `{"callId":"c-2"}`, "call.resume": `{"callId":"c-1"}`,
			"call.swap": `{"heldCallId":"c-1","activeCallId":"c-3"}`} {
			_, err := raw(b.ctx, c, m, p)
			b.wantCode(err, CodeEmergencyGuard)
		}
		b.key(phone.Hangup{Call: 3})
	})
}

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc-1", hostSeed, true)
		refused := 0
		for range burst + 9 {
			if err := c.Ping(b.ctx); err != nil {
				b.wantCode(err, CodeRateLimited)
				refused++
			}
		}
		if refused < 9 || refused > 10 { // session.open was one request too
			t.Errorf("%d of %d refused", refused, burst+9)
		}
		time.Sleep(time.Second)
		for i := range rate {
			if err := c.Ping(b.ctx); err != nil {
				t.Fatalf("request %d a second later: %v", i, err)
			}
		}
	})
}

func TestIdleLegIsPingedAndSilentLegIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc-1", hostSeed, true)
		b.keepAlive(c, time.Hour)
		mute, err := b.dial(hostSeed) // it never says anything
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for err == nil {
			_, err = mute.read()
		}
		mute.Close()
		if d := time.Since(began); d < openTime || d > openTime+2*time.Second {
			t.Errorf("a leg without a session lasted %v", d)
		}
	})
}

func TestSessionComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c := b.leg(hostSeed)
		_, err := c.Calls(b.ctx)
		b.wantCode(err, CodeNotOpen)
		b.wantCode(c.Ping(b.ctx), 0)
		_, err = c.Open(b.ctx, OpenParams{ControllerID: "white space"}, nil)
		b.wantCode(err, CodeBadParams)
		_, err = c.Open(b.ctx, OpenParams{ControllerID: "pc", Subscribe: []string{"weather"}}, nil)
		b.wantCode(err, CodeBadParams)
		if _, err = c.Open(b.ctx, OpenParams{ControllerID: "pc"}, nil); err != nil {
			t.Fatal(err)
		}
		b.wantCode(c.Call(b.ctx, "session.close", nil, nil), 0)
		_, err = c.Calls(b.ctx)
		b.wantCode(err, CodeNotOpen)
	})
}

func TestSubscription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c := b.leg(hostSeed)
		if _, err := c.Open(b.ctx, OpenParams{ControllerID: "pc", Subscribe: []string{"line"}}, nil); err != nil {
			t.Fatal(err)
		}
		b.reach("held")
		b.post(phone.LineChanged{Line: 1, State: phone.LineFailing, Fault: phone.WrongPassword, Detail: "403"})
		list := told(c)
		var l LineChanged
		if names(list) != "line.changed" || list[0].Decode(&l) != nil || l.Code != "wrongPassword" || l.LineID != "l-2" || l.By != "server" {
			t.Errorf("told %s %+v", names(list), l)
		}
	})
}

// lockTwin is a keeper of the lock that believes every computer.
type lockTwin struct{ control phone.Control }

func (l *lockTwin) HostState(_ Pairing, _ bool, s HostState) (LockState, error) {
	kind := phone.Unlocked
	if s.State == "locked" {
		kind = phone.HostLock
	}
	err := l.control.Do(context.Background(), "lock", phone.SetLock{Kind: kind})
	return viewLock(l.control.State()), err
}

func TestLockIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, services())
		c, _ := b.controller("pc", hostSeed, true)
		if l, err := c.HostState(b.ctx, HostState{State: "locked"}); err != nil || !l.Locked || l.Why != "host" {
			t.Errorf("%+v, %v", l, err)
		}
		list := told(c)
		var l LockChanged
		if names(list) != "lock.changed" || list[0].Decode(&l) != nil || !l.Locked || l.Why != "host" || l.By != "system" {
			t.Errorf("told %s, %+v", names(list), l)
		}
		_, err := c.Make(b.ctx, MakeParams{To: "201"})
		b.wantCode(err, CodeLocked)
		if v, err := c.Make(b.ctx, MakeParams{To: "112"}); err != nil || !v.Emergency {
			t.Errorf("an emergency call: %+v, %v", v, err)
		}
	})
}
