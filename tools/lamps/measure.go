package lamps

import (
	"context"
	"time"

	"opendeskphone/firmware/phone"
)

// Patience is how long every step may take.
const Patience = 60 * time.Second

// Recovery kills the server for a while, so that it forgets all of its subscriptions, and gives how long it takes from its
// return until the keys are right again: Cora, who calls as soon as she can, is shown to, and so is what the mailbox has said
// since.
func (s *Stage) Recovery(ctx context.Context, away time.Duration) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, away+Patience)
	defer cancel()
	st, err := s.Watcher.State()
	if err != nil {
		return 0, err
	}
	fresh := st.Lines[0].Mail.New + 1
	s.Kamailio.Stop()
	select {
	case <-time.After(away):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	began := time.Now()
	if err := s.Kamailio.Start(ctx); err != nil {
		return 0, err
	}
	if err := s.Messages(ctx, fresh, 0); err != nil {
		return 0, err
	}
	if _, err := s.Kamailio.WaitBindings(ctx, watcher, 1); err != nil {
		return 0, err
	}
	_, err = s.Cora.WaitState(ctx, "line of Cora", func(st *phone.State) bool { return st.Lines[0].State == phone.LineRegistered })
	if err != nil {
		return 0, err
	}
	if err := s.Cora.Do(ctx, phone.Dial{Number: watcher}); err != nil { // which the server sees
		return 0, err
	}
	if _, err := s.lamps(ctx, phone.LampFree, phone.LampBusy, phone.LampFree); err != nil {
		return 0, err
	}
	at, err := s.mail(ctx, fresh, 0)
	if err != nil {
		return 0, err
	}
	st, err = calls(ctx, s.Cora, "Ringback")
	if err == nil {
		err = s.Cora.Do(ctx, phone.Hangup{Call: st.Calls[0].ID})
	}
	if err == nil {
		_, err = s.lamps(ctx, phone.LampFree, phone.LampFree, phone.LampFree)
	}
	return at.Sub(began), err
}

// callsShow has Cora call the place, and holds the keys against it.
func (s *Stage) callsShow(ctx context.Context) error {
	if err := s.Cora.Do(ctx, phone.Dial{Number: place}); err != nil {
		return err
	}
	if _, err := s.lamps(ctx, phone.LampFree, phone.LampBusy, phone.LampBusy); err != nil {
		return err
	}
	st, err := calls(ctx, s.Cora, "Talking")
	if err != nil {
		return err
	}
	if err := s.Cora.Do(ctx, phone.Hangup{Call: st.Calls[0].ID}); err != nil {
		return err
	}
	_, err = s.lamps(ctx, phone.LampFree, phone.LampFree, phone.LampFree)
	return err
}
