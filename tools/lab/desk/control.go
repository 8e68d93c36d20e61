package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
)

// Spelled is a command on its way to the twin's process.
type Spelled struct {
	Name string // of its type
	JSON []byte
}

// Do gives the phone's centre a command, as a controller would; what the keys cannot say is said so.
func (t *Twin) Do(_ context.Context, c phone.Command) error {
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("desk: twin: %w", err)
	}
	return t.call("Do", Spelled{reflect.TypeOf(c).Name(), text}, new(bool))
}

// State gives the state of the phone's centre.
func (t *Twin) State() (phone.State, error) {
	var s phone.State
	var text []byte
	if err := t.call("State", true, &text); err != nil {
		return s, err
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("desk: twin: %w", err)
	}
	return s, nil
}

// WaitState waits until the state of the phone's centre is as wanted, and gives it.
func (t *Twin) WaitState(ctx context.Context, what string, want func(*phone.State) bool) (s phone.State, err error) {
	err = lab.PollEvery(ctx, 10*time.Millisecond, what, func() (bool, error) {
		s, err = t.State()
		return err == nil && want(&s), err
	})
	if err != nil {
		err = fmt.Errorf("%w; calls %+v", err, s.Calls)
	}
	return s, err
}

// Do gives the centre a command.
func (s *Service) Do(c Spelled, _ *bool) error {
	for _, in := range phone.Inputs() {
		if reflect.TypeOf(in).Name() != c.Name {
			continue
		}
		v := reflect.New(reflect.TypeOf(in))
		if err := json.Unmarshal(c.JSON, v.Interface()); err != nil {
			return fmt.Errorf("read %s: %w", c.Name, err)
		}
		return s.in.control.Do(context.Background(), "twin", v.Elem().Interface().(phone.Command))
	}
	return fmt.Errorf("no command is called %q", c.Name)
}

// State gives the state of the centre, as JSON.
func (s *Service) State(_ bool, text *[]byte) (err error) {
	*text, err = json.Marshal(s.in.control.State())
	return err
}

// Calls gives the phone's call log, newest first.
func (t *Twin) Calls() (log []phone.Record, err error) {
	return log, t.call("Calls", true, &log)
}

// Calls gives the call log.
func (s *Service) Calls(_ bool, log *[]phone.Record) error {
	*log = s.in.history.Calls()
	return nil
}

// Trace gives what the phone has kept of a call, or of the sign-in of an account, as a file in one of TPCP's formats.
func (t *Twin) Trace(of, format string) (file []byte, err error) {
	return file, t.call("Trace", [2]string{of, format}, &file)
}

// Trace gives what was kept of a call or account.
func (s *Service) Trace(what [2]string, file *[]byte) error {
	for _, tr := range s.in.traces.Traces() {
		if tr.AOR == what[0] || slices.Contains(tr.CallIDs, what[0]) {
			*file, _ = s.in.traces.Trace(tr.TraceID, what[1])
			return nil
		}
	}
	return fmt.Errorf("nothing is kept of %q", what[0])
}
