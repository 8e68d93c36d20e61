package pc

import (
	"context"
	"fmt"
)

// pairingRun is a pairing under way on one cable.
type pairingRun struct {
	ctx    context.Context
	cancel context.CancelFunc
	match  chan bool // the user's word on the digits
}

// Pair begins to pair with a phone that is plugged in (empty: the only one that is not paired). How it goes
// is told by View.Pairing.
func (a *Agent) Pair(phone string) error {
	s, err := a.pairable(phone)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	run := &pairingRun{ctx: ctx, cancel: cancel, match: make(chan bool, 1)}
	a.mu.Lock()
	defer a.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pairing != nil {
		cancel()
		return &Refusal{Kind: Usage, Words: "A pairing is under way already."}
	}
	s.pairing = run
	// Shown before the session is told: what it shows next comes after.
	a.showPairing(s.id, Begun, "", "")
	s.tell()
	return nil
}

// pairable finds the phone to pair with.
func (a *Agent) pairable(phone string) (*session, error) {
	v := a.View()
	var found []Phone
	for _, p := range v.Phones {
		if p.Plugged && (phone == p.ID || phone == "" && (!p.Paired || p.Link == Unpaired)) {
			found = append(found, p)
		}
	}
	switch {
	case len(found) == 1 && found[0].Link == Denied:
		return nil, a.why(found[0].ID)
	case len(found) == 1:
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.sessions[found[0].ID], nil
	case len(found) > 1:
		return nil, &Refusal{Kind: Usage, Words: fmt.Sprintf("%d phones are plugged in; say which with --phone.", len(found))}
	}
	for _, p := range v.Phones {
		if p.Plugged {
			return nil, &Refusal{Kind: Usage, Words: "This phone is paired already.", Hint: "\"odp unpair\" forgets it."}
		}
	}
	return nil, Nothing(v)
}

// ConfirmPairing gives the user's word on whether the digits agree.
func (a *Agent) ConfirmPairing(match bool) error {
	a.mu.Lock()
	var s *session
	if a.pairing != nil && a.pairing.Step == Compare {
		s = a.sessions[a.pairing.Phone]
	}
	a.mu.Unlock()
	if s == nil {
		return &Refusal{Kind: Usage, Words: "No digits wait to be compared."}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pairing != nil {
		select {
		case s.pairing.match <- match:
		default: // he said it twice
		}
	}
	return nil
}

// CancelPairing gives the pairing under way up.
func (a *Agent) CancelPairing() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.sessions {
		s.mu.Lock()
		if s.pairing != nil {
			s.pairing.cancel()
		}
		s.mu.Unlock()
	}
	if a.pairing != nil && (a.pairing.Step == Done || a.pairing.Step == Failed) {
		a.pairing = nil
		a.events.view()
	}
}

// pairingStep shows how far a pairing has come.
func (s *session) pairingStep(step Step, digits string) {
	s.a.mu.Lock()
	defer s.a.mu.Unlock()
	s.a.showPairing(s.id, step, digits, "")
}

// showPairing is what the user sees of a pairing; a.mu is held.
func (a *Agent) showPairing(phone string, step Step, digits, problem string) {
	a.pairing = &Pairing{Phone: phone, Step: step, Digits: digits, Problem: problem}
	a.events.view()
}

// Unpair forgets a phone. The phone keeps its half until it is told there too.
func (a *Agent) Unpair(_ context.Context, phone string) error {
	s, err := a.choose(phone)
	if err != nil {
		return err
	}
	if !a.self.has(s.id) {
		return &Refusal{Kind: NotPaired, Words: "That phone is not paired."}
	}
	if err := a.self.drop(s.id); err != nil {
		return err
	}
	a.update(s.id, func(p *Phone) {
		*p = Phone{ID: p.ID, Name: p.Name, Plugged: p.Plugged, Link: Absent}
		if p.Plugged {
			p.Link = Unpaired
		}
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell()
	return nil
}
