package handover

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
	"opendeskphone/tools/peer/mediation"
)

var outDir = flag.String("out", "", "directory for logs and recordings; empty: a temporary one")

func TestMain(m *testing.M) {
	mediation.Main() // does not return in the process of a mediation server
	desk.RunTests(m)
}

// soon gives every step the same patience, on a busy machine too.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newStage(t *testing.T, more ...string) *Stage {
	t.Helper()
	return newStageBy(t, func(ctx context.Context, dir string) (*Stage, error) { return NewStage(ctx, dir, more...) })
}

// newStageBy has the test wait until there is room for one more stage: each has a network of its own, and most of what
// happens there is waited for.
func newStageBy(t *testing.T, open func(context.Context, string) (*Stage, error)) *Stage {
	t.Helper()
	t.Parallel()
	dir := t.TempDir()
	if *outDir != "" {
		dir = filepath.Join(*outDir, strings.ReplaceAll(t.Name(), "/", "-"))
		must(t, os.RemoveAll(dir))
		must(t, os.MkdirAll(dir, 0o755))
	}
	s, err := open(soon(t), dir)
	must(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.Phone.Log().Since(max(0, s.Phone.Log().Len()-6000)))
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *Stage) enter(t *testing.T, c Cast) lab.Peer {
	t.Helper()
	p, err := s.Enter(soon(t), c)
	must(t, err)
	return p
}

func (s *Stage) do(t *testing.T, c phone.Command) {
	t.Helper()
	must(t, s.Phone.Do(soon(t), c))
}

func (s *Stage) waitCalls(t *testing.T, states string) phone.State {
	t.Helper()
	st, err := s.WaitCalls(soon(t), states)
	must(t, err)
	return st
}

var (
	bareB = Cast{Make: "baresip", User: "201", Host: 11}
	linB  = Cast{Make: "linphonec", User: "201", Host: 11}
	bareC = Cast{Make: "baresip", User: "202", Host: 12}
	linC  = Cast{Make: "linphonec", User: "202", Host: 12}
)

func (c Cast) String() string { return c.Make }

// TestBlindTransfer: the phone hands B over to C without asking.
func TestBlindTransfer(t *testing.T) {
	t.Parallel()
	for _, r := range [][2]Cast{{bareB, linC}, {linB, bareC}, {bareB, bareC}, {linB, linC}} {
		t.Run(r[0].Make+" to "+r[1].Make, func(t *testing.T) {
			s := newStage(t)
			s.enter(t, r[0])
			c := s.enter(t, r[1])
			s.do(t, phone.Dial{Number: r[0].User})
			st := s.waitCalls(t, "Talking")
			mark, wire := c.Mark(), s.Wire.Mark()
			s.do(t, phone.Transfer{Call: st.Calls[0].ID, Target: r[1].User})
			must(t, c.WaitTalking(soon(t), mark))
			s.waitCalls(t, "")
			must(t, s.WaitFlow(soon(t), wire, r[0].Addr(), r[1].Addr()))
		})
	}
}

// TestAttendedTransfer: the phone asks C first. Where both know Replaces they join without the phone;
// baresip 1.0 does not, and the phone keeps both halves.
func TestAttendedTransfer(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		b, c    Cast
		bridged bool
	}{{linB, linC, false}, {bareB, linC, true}, {linB, bareC, true}, {bareB, bareC, true}} {
		t.Run(r.b.Make+" to "+r.c.Make, func(t *testing.T) {
			s := newStage(t)
			b, c := s.enter(t, r.b), s.enter(t, r.c)
			s.consult(t, r.b, r.c)
			wire := s.Wire.Mark()
			s.do(t, phone.CompleteTransfer{Call: 1, Consult: 2})
			must(t, s.WaitFlow(soon(t), wire, r.b.Addr(), r.c.Addr()))
			if !r.bridged {
				s.waitCalls(t, "")
				return
			}
			st := s.waitCalls(t, "Held Held")
			if st.Calls[0].Move != phone.Bridged || st.Calls[1].Move != phone.Bridged {
				t.Errorf("moves %v and %v", st.Calls[0].Move, st.Calls[1].Move)
			}
			ended := c.Mark()
			must(t, b.Hangup(soon(t)))
			must(t, c.WaitEnded(soon(t), ended))
			s.waitCalls(t, "")
		})
	}
}

// consult makes call 1 with B and call 2 with C, to ask about it.
func (s *Stage) consult(t *testing.T, b, c Cast) {
	t.Helper()
	s.do(t, phone.Dial{Number: b.User})
	s.waitCalls(t, "Talking")
	s.do(t, phone.Consult{Call: 1, Number: c.User})
	s.waitCalls(t, "Held Talking")
}

// waitRest waits until nobody has had anything to say about calls for a second.
func (s *Stage) waitRest(t *testing.T) {
	t.Helper()
	must(t, lab.Poll(soon(t), "a second without SIP", func() (bool, error) {
		for _, p := range s.Wire.Since(0) {
			if (p.Src.Port() == 5060 || p.Dst.Port() == 5060) && time.Since(p.At) < time.Second {
				return false, nil
			}
		}
		return true, nil
	}))
}

// TestTransferThatFails: C is not to be had, and the call is back.
func TestTransferThatFails(t *testing.T) {
	t.Parallel()
	for _, b := range []Cast{bareB, linB} {
		t.Run(b.Make, func(t *testing.T) {
			s := newStage(t)
			s.enter(t, b)
			s.do(t, phone.Dial{Number: b.User})
			s.waitCalls(t, "Talking")
			s.do(t, phone.Transfer{Call: 1, Target: "299"})
			st, err := s.Phone.WaitState(soon(t), "failure", func(st *phone.State) bool { return st.Calls[0].MoveFailed != phone.NoCause })
			must(t, err)
			if c := st.Calls[0]; c.State != phone.Held || c.MoveFailed != phone.NotFound {
				t.Errorf("%v, %v", c.State, c.MoveFailed)
			}
			s.waitRest(t) // the far side takes its own hold back, and of two at once each gives way for seconds (RFC 3261 §14.1)
			wire := s.Wire.Mark()
			s.do(t, phone.Resume{Call: 1})
			must(t, s.WaitFlow(soon(t), wire, b.Addr(), s.Phone.Addr()))
		})
	}
}

// TestPhoneIsTransferred: the phone is in a call with A, who hands it over to C.
func TestPhoneIsTransferred(t *testing.T) {
	t.Parallel()
	for _, r := range [][2]Cast{{bareB, linC}, {linB, bareC}} {
		t.Run(r[0].Make+" to "+r[1].Make, func(t *testing.T) {
			s := newStage(t)
			a := s.enter(t, r[0])
			s.enter(t, r[1])
			s.do(t, phone.Dial{Number: r[0].User})
			s.waitCalls(t, "Talking")
			wire := s.Wire.Mark()
			must(t, Transfer(soon(t), a, r[1].URI()))
			must(t, s.WaitFlow(soon(t), wire, s.Phone.Addr(), r[1].Addr()))
			st := s.waitCalls(t, "Talking")
			if c := st.Calls[0]; c.Remote.Number != r[1].User {
				t.Errorf("talks to %+v", c.Remote)
			}
		})
	}
}

// TestPhoneIsTheTarget: A hands B over to the phone.
func TestPhoneIsTheTarget(t *testing.T) {
	t.Parallel()
	for _, r := range [][2]Cast{{bareC, linB}, {linC, bareB}} {
		t.Run(r[0].Make+" hands over "+r[1].Make, func(t *testing.T) {
			s := newStage(t)
			a, b := s.enter(t, r[0]), s.enter(t, r[1])
			mark := b.Mark()
			must(t, a.Dial(soon(t), r[1].URI()))
			must(t, b.WaitTalking(soon(t), mark))
			wire := s.Wire.Mark()
			must(t, Transfer(soon(t), a, "sip:"+PhoneUser+"@"+Domain))
			st := s.waitCalls(t, "Ringing")
			s.do(t, phone.Answer{Call: st.Calls[0].ID})
			must(t, s.WaitFlow(soon(t), wire, s.Phone.Addr(), r[1].Addr()))
		})
	}
}

// TestPhoneIsConsulted: A asks the phone about B, and then joins the two (linphonec knows how).
func TestPhoneIsConsulted(t *testing.T) {
	s := newStage(t)
	a, b := s.enter(t, linC), s.enter(t, linB)
	mark, ringing := a.Mark(), b.Mark()
	must(t, a.Dial(soon(t), linB.URI()))
	must(t, a.WaitTalking(soon(t), mark))
	must(t, b.WaitTalking(soon(t), ringing))
	must(t, a.(*lab.Linphonec).Do(soon(t), "pause 1", "now paused"))
	must(t, a.Dial(soon(t), "sip:"+PhoneUser+"@"+Domain))
	st := s.waitCalls(t, "Ringing")
	s.do(t, phone.Answer{Call: st.Calls[0].ID})
	s.waitCalls(t, "Talking")
	wire := s.Wire.Mark()
	must(t, a.(*lab.Linphonec).Do(soon(t), "transfer 1 --to-call 2", "attended transfer"))
	must(t, s.WaitFlow(soon(t), wire, s.Phone.Addr(), linB.Addr()))
	st = s.waitCalls(t, "Talking")
	if c := st.Calls[0]; c.Remote.Number != linB.User {
		t.Errorf("talks to %+v", c.Remote)
	}
}
