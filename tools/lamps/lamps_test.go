package lamps

import (
	"context"
	"flag"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab/desk"
	"opendeskphone/tools/lab/pc"
)

var outDir = flag.String("out", "", "directory for logs; empty: a temporary one")

func TestMain(m *testing.M) { desk.RunTests(m) }

// slack is for a machine that does other things too; the bench holds the times themselves.
const slack = 10 * time.Second

func newStage(t *testing.T, transport string, listed bool) (*Stage, context.Context) {
	t.Helper()
	dir := *outDir
	if dir == "" {
		dir = t.TempDir()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	s, err := NewStage(ctx, dir, transport, listed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, ctx
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// recovers restarts the server: lamps, keys and counts must be right soon.
func (s *Stage) recovers(ctx context.Context, t *testing.T, away time.Duration) {
	t.Helper()
	took, err := s.Recovery(ctx, away)
	must(t, err)
	if t.Logf("right after a restart of the server: %v", took); took > 10*time.Second+slack {
		t.Errorf("right only after %v", took)
	}
}

// TestKeys: the keys of a phone against the calls of others, through a server that is restarted.
func TestKeys(t *testing.T) {
	odp, err := pc.Build(t.Context(), t.TempDir()) // where nothing of it is in the cache it takes minutes
	must(t, err)
	s, ctx := newStage(t, "tcp", false)
	must(t, s.callsShow(ctx))

	// Ben is called by Cora, and the watcher picks the call up.
	mark := s.Ben.Mark()
	must(t, s.Cora.Do(ctx, phone.Dial{Number: ben}))
	must(t, s.Ben.WaitRinging(ctx, mark))
	_, err = s.lamps(ctx, phone.LampRinging, phone.LampBusy, phone.LampFree)
	must(t, err)
	st, err := s.Watcher.State()
	must(t, err)
	if by := st.Watched[0].Caller.Number; by != cora {
		t.Errorf("Ben is called by %q", by)
	}
	own, hers := s.control(ctx, t, odp, s.Watcher, watcher), s.control(ctx, t, odp, s.Cora, cora)
	ring := own.watched(ctx, t)[0]
	if ring.Lamp != "ringing" || ring.Caller == nil || ring.Caller.Number != cora {
		t.Errorf("the computer is shown %+v", ring)
	}
	own.does(ctx, t, "pickup") // it rings at him alone
	_, err = calls(ctx, s.Watcher, "Talking")
	must(t, err)
	_, err = calls(ctx, s.Cora, "Talking")
	must(t, err)
	must(t, s.Ben.WaitEnded(ctx, mark))

	// The watcher parks Cora, whose presence says that she is in a call.
	_, err = s.Watcher.WaitState(ctx, "Cora in a call", func(st *phone.State) bool { return st.Watched[1].Presence == phone.InCall })
	must(t, err)
	own.does(ctx, t, "park")
	_, err = calls(ctx, s.Watcher, "")
	must(t, err)
	_, err = s.lamps(ctx, phone.LampFree, phone.LampBusy, phone.LampBusy)
	must(t, err)
	st, err = s.Watcher.State()
	must(t, err)
	if waits := st.Watched[2].Caller.Number; waits != cora {
		t.Errorf("at the place waits %q", waits)
	}
	if waits := own.watched(ctx, t)[2]; !waits.Place || waits.Lamp != "busy" || waits.Caller.Number != cora {
		t.Errorf("the computer is shown %+v", waits)
	}
	own.does(ctx, t, "retrieve") // calls the place; this one's server leaves Cora where she is
	st, err = calls(ctx, s.Watcher, "Talking")
	must(t, err)
	if at := st.Calls[0].Remote.Number; at != place {
		t.Errorf("what waits is fetched from %q", at)
	}
	must(t, s.Watcher.Do(ctx, phone.Hangup{Call: st.Calls[0].ID}))
	st, err = calls(ctx, s.Cora, "Talking")
	must(t, err)
	must(t, s.Cora.Do(ctx, phone.Hangup{Call: st.Calls[0].ID}))
	_, err = s.lamps(ctx, phone.LampFree, phone.LampFree, phone.LampFree)
	must(t, err)
	own.refused(ctx, t, "Nobody waits at any place", "retrieve")

	s.shares(ctx, t, own, hers)
	s.barges(ctx, t, own, hers)

	// The mailbox tells the server that a message waits, and that it was heard.
	must(t, s.Messages(ctx, 1, 0))
	_, err = s.mail(ctx, 1, 0)
	must(t, err)
	must(t, s.Messages(ctx, 0, 1))
	_, err = s.mail(ctx, 0, 1)
	must(t, err)

	s.recovers(ctx, t, time.Second)
	s.judged(ctx, t)
}

// shares holds the line that the watcher and Cora share against the truth: a call of one is seen by the other, who takes it
// over once it is held, if it is not held privately; a call to both is at one place and leaves one of them when it is answered.
func (s *Stage) shares(ctx context.Context, t *testing.T, own, hers controller) {
	t.Helper()
	far, err := s.twin(ctx, dora, "tcp", "", "") // one that knows Replaces, which this baresip does not
	must(t, err)
	own.does(ctx, t, "take", "2", dora)
	must(t, s.appearances(ctx, s.Cora, "free busy"))
	st, err := calls(ctx, far, "Ringing")
	must(t, err)
	must(t, far.Do(ctx, phone.Answer{Call: st.Calls[0].ID}))
	st, err = calls(ctx, s.Watcher, "Talking")
	must(t, err)
	hers.refused(ctx, t, "That place is in use", "take", "2") // somebody talks there
	own.does(ctx, t, "hold", "--private")
	must(t, s.appearances(ctx, s.Cora, "free private"))
	hers.refused(ctx, t, "holds that call privately", "take", "2")
	must(t, s.Watcher.Do(ctx, phone.Resume{Call: st.Calls[0].ID}))
	must(t, s.appearances(ctx, s.Cora, "free busy"))
	must(t, s.Watcher.Do(ctx, phone.Hold{Call: st.Calls[0].ID}))
	must(t, s.appearances(ctx, s.Cora, "free held"))
	hers.does(ctx, t, "take") // what the other holds
	st, err = calls(ctx, s.Cora, "Talking")
	must(t, err)
	_, err = calls(ctx, s.Watcher, "")
	must(t, err)
	must(t, s.appearances(ctx, s.Watcher, "free busy")) // where it was
	must(t, s.Cora.Do(ctx, phone.Hangup{Call: st.Calls[0].ID}))
	must(t, s.appearances(ctx, s.Watcher, "free free"))

	must(t, s.Ben.Dial(ctx, "sip:"+shared+"@"+domain))
	_, err = calls(ctx, s.Watcher, "Ringing")
	must(t, err)
	_, err = calls(ctx, s.Cora, "Ringing")
	must(t, err)
	must(t, s.appearances(ctx, s.Cora, "ringing free"))
	must(t, s.Watcher.Do(ctx, phone.TakeAppearance{Line: 1, Number: 1}))
	_, err = calls(ctx, s.Cora, "")
	must(t, err)
	must(t, s.appearances(ctx, s.Cora, "busy free"))
	st, err = calls(ctx, s.Watcher, "Talking")
	must(t, err)
	must(t, s.Watcher.Do(ctx, phone.Hangup{Call: st.Calls[0].ID}))
	must(t, s.appearances(ctx, s.Cora, "free free"))
	must(t, s.appearances(ctx, s.Watcher, "free free")) // Cora's end of the call may be told late
}

// TestUnnoticedRestart: a server on UDP is started anew so fast that nobody misses it.
func TestUnnoticedRestart(t *testing.T) {
	s, ctx := newStage(t, "udp", false)
	s.recovers(ctx, t, time.Millisecond)
}
