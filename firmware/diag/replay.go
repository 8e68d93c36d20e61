package diag

import (
	"bytes"
	"encoding/json"
	"fmt"

	"opendeskphone/firmware/phone"
)

// Step is one input run again.
type Step struct {
	N             int // from 1
	Entry         Entry
	Before, After phone.State
	Changes       []phone.Change
	Effects       []phone.Effect
	Refusal       error
	Panic         any // what Step panicked with; After is Before then
}

// Replay runs the record through phone.Step, gives every step to see, and returns the state at the
// end. The error says where the replay parts from the record: that is a bug of the recorder, or the
// record is of another version.
func (f *Flight) Replay(see func(Step)) (phone.State, error) {
	var s phone.State
	n := 0
	for i, stretch := range f.Stretches {
		if i > 0 {
			if err := same(s, stretch.Start); err != nil {
				return s, fmt.Errorf("diag: after step %d: %w", n, err)
			}
		}
		s = stretch.Start
		for _, e := range stretch.Entries {
			n++
			if e.Seq != s.Seq {
				return s, fmt.Errorf("diag: before step %d: the state is number %d, the record says %d", n, s.Seq, e.Seq)
			}
			step, err := run(s, e)
			if err != nil {
				return s, fmt.Errorf("diag: step %d: %w", n, err)
			}
			step.N = n
			see(step)
			s = step.After
		}
	}
	return s, nil
}

// run steps twice: what differs from itself is not pure.
func run(s phone.State, e Entry) (Step, error) {
	first, again := once(s, e), once(s, e)
	if first.Panic != nil {
		return first, nil
	}
	return first, same(again.After, first.After)
}

func once(s phone.State, e Entry) (out Step) {
	out = Step{Entry: e, Before: s, After: s}
	defer func() { out.Panic = recover() }()
	out.After, out.Changes, out.Effects, out.Refusal = phone.Step(s, e.At, e.By, e.In)
	return out
}

// same compares two states bit by bit, as they are written.
func same(got, want phone.State) error {
	g, err := json.Marshal(got)
	if err != nil {
		return err
	}
	w, err := json.Marshal(want)
	if err != nil {
		return err
	}
	if !bytes.Equal(g, w) {
		return fmt.Errorf("the state is\n%s\nand the record says\n%s", g, w)
	}
	return nil
}
