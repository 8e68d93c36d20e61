package handover

import (
	"context"
	"slices"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
)

// The far side of the calls that are moved, and the program on the computer: it answers at once.
var (
	farSide = Cast{Make: "linphonec", User: "201", Host: 11}
	program = Cast{Make: "linphonec", User: "205", Host: 15}
)

const stepTime = 15 * time.Second // the patience of every step

// Escalations moves n calls from the phone to a program on a computer and gives, sorted, how long the
// far side of each heard nothing.
func Escalations(ctx context.Context, dir string, n int) ([]time.Duration, error) {
	s, err := NewStage(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	b, err := s.Enter(ctx, farSide)
	if err != nil {
		return nil, err
	}
	if _, err := s.Enter(ctx, program); err != nil {
		return nil, err
	}
	var gaps []time.Duration
	for range n {
		gap, err := s.escalate(ctx, b)
		if err != nil {
			return nil, err
		}
		gaps = append(gaps, gap)
	}
	slices.Sort(gaps)
	return gaps, nil
}

// escalate makes a call, moves it, and ends it.
func (s *Stage) escalate(ctx context.Context, b lab.Peer) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*stepTime)
	defer cancel()
	if err := s.Phone.Do(ctx, phone.Dial{Number: farSide.User}); err != nil {
		return 0, err
	}
	st, err := s.WaitCalls(ctx, "Talking")
	if err != nil {
		return 0, err
	}
	if err := s.WaitFlow(ctx, s.Wire.Mark(), farSide.Addr(), s.Phone.Addr()); err != nil {
		return 0, err
	}
	wire, mark := s.Wire.Mark(), b.Mark()
	if err := s.Phone.Do(ctx, phone.MoveTo{Call: st.Calls[0].ID, Target: program.URI()}); err != nil {
		return 0, err
	}
	if err := s.WaitFlow(ctx, wire, farSide.Addr(), program.Addr()); err != nil {
		return 0, err
	}
	if _, err := s.WaitCalls(ctx, ""); err != nil {
		return 0, err
	}
	gap, err := s.Gap(wire, farSide.Addr())
	if err != nil {
		return 0, err
	}
	if err := b.Hangup(ctx); err != nil {
		return 0, err
	}
	return gap, b.WaitEnded(ctx, mark)
}
