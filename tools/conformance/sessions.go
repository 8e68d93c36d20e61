package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

type params = map[string]any

var sessionChecks = []check{
	{"4.2", "before session.open all but ping is refused with 1001", "", func(r *run) error {
		l, err := r.greeted()
		if err != nil {
			return err
		}
		defer l.close()
		if err := l.ask("ping", params{}, nil); err != nil {
			return err
		}
		for _, m := range []string{"call.list", "call.make", "line.list", "device.get"} {
			if err := l.refused(m, params{}, 1001); err != nil {
				return err
			}
		}
		return nil
	}},
	{"4.2", "a session opens, with all members of the result", "", func(r *run) error {
		l, o, err := r.opened(r.name)
		if err != nil {
			return err
		}
		defer l.close()
		return first(need("sessionId", o.SessionID != "" && len(o.SessionID) <= 64), need("attached", o.Attached != nil), need("resumed", o.Resumed != nil && !*o.Resumed),
			need("seq", o.Seq != nil), need("rights", o.Rights != nil), o.Snapshot.check())
	}},
	{"4.2", "a wrong controllerId or topic is -32602", "", func(r *run) error {
		l, err := r.greeted()
		if err != nil {
			return err
		}
		defer l.close()
		for _, p := range []params{{}, {"controllerId": ""}, {"controllerId": "two words"}, {"controllerId": 7}, {"controllerId": r.name, "subscribe": []string{"weather"}}} {
			if err := l.refused("session.open", p, -32602); err != nil {
				return err
			}
		}
		return nil
	}},
	{"4.2", "a second leg of one controller replaces the first", "legs", func(r *run) error {
		one, _, err := r.opened(r.name)
		if err != nil {
			return err
		}
		defer one.close()
		two, _, err := r.opened(r.name)
		if err != nil {
			return err
		}
		defer two.close()
		m, err := one.note("bye")
		if err != nil {
			return err
		}
		var bye struct{ Reason string }
		if json.Unmarshal(m.Params, &bye); bye.Reason != "replaced" {
			return fmt.Errorf("goodbye was said for %q", bye.Reason)
		}
		return first(one.ended(), two.ask("ping", params{}, nil))
	}},
	{"4.2", "opening again on the same leg makes a new session", "", func(r *run) error {
		l, o, err := r.opened(r.name)
		if err != nil {
			return err
		}
		defer l.close()
		var again opened
		if err := l.ask("session.open", params{"controllerId": r.name}, &again); err != nil {
			return err
		}
		return need("a new sessionId", again.SessionID != o.SessionID && again.SessionID != "")
	}},
	{"11", "at most four controllers have sessions, the next gets 1008", "legs", func(r *run) error {
		for i := range 5 {
			l, err := r.greeted()
			if err != nil {
				return err
			}
			defer l.close()
			err = l.ask("session.open", params{"controllerId": fmt.Sprintf("%s-%d", r.name, i)}, nil)
			if e := new(refusal); errors.As(err, &e) && e.Code == 1008 {
				return nil
			}
			if err != nil {
				return err
			}
		}
		return errors.New("five sessions were opened")
	}},
	{"4.3", "a false proof is 1003", "", func(r *run) error {
		l, err := r.greeted()
		if err != nil {
			return err
		}
		defer l.close()
		false32, err := l.proof(make([]byte, 32))
		if err != nil {
			return err
		}
		for _, p := range []string{false32, "00", "no hex"} {
			if err := l.refused("session.open", params{"controllerId": r.name, "attachProof": p}, 1003); err != nil {
				return err
			}
		}
		return nil
	}},
	{"4.3", "the cable's proof attaches; on another connection it is 1003", "cable legs", func(r *run) error {
		one, err := r.greeted()
		if err != nil {
			return err
		}
		defer one.close()
		two, err := r.greeted()
		if err != nil {
			return err
		}
		defer two.close()
		proof, err := one.proof(r.secret())
		if err != nil {
			return err
		}
		p := params{"controllerId": r.name, "attachProof": proof}
		if err := two.refused("session.open", p, 1003); err != nil {
			return err
		}
		var o opened
		if err := one.ask("session.open", p, &o); err != nil {
			return err
		}
		return need("attached", o.Attached != nil && *o.Attached)
	}},
	{"4.5", "a detached session may neither provision nor move the lock", "", func(r *run) error {
		l, err := r.greeted()
		if err != nil {
			return err
		}
		defer l.close()
		var o opened
		if err := l.ask("session.open", params{"controllerId": r.name}, &o); err != nil {
			return err
		}
		if slices.Contains(o.Rights, "provision") || slices.Contains(o.Rights, "lock") || slices.Contains(o.Rights, "device") {
			return fmt.Errorf("it has the rights %v", o.Rights)
		}
		return first(l.refused("cred.capabilities", params{}, 1002, 1003), l.refused("lock.hostState", params{"state": "unlocked"}, 1002, 1003))
	}},
	{"4.4", "a session resumes where it was", "", func(r *run) error {
		l, o, err := r.opened(r.name)
		if err != nil {
			return err
		}
		l.close()
		return r.resumes(r.hello.BootID, *o.Seq, true)
	}},
	{"4.4", "another boot, or a number not reached yet, gets a snapshot", "", func(r *run) error {
		l, o, err := r.opened(r.name)
		if err != nil {
			return err
		}
		l.close()
		return first(r.resumes("another", *o.Seq, false), r.resumes(r.hello.BootID, *o.Seq+1_000_000, false))
	}},
	{"4.4", "what was missed follows the answer, numbered, and none else", "contacts.put", func(r *run) error {
		l, o, err := r.opened(r.name)
		if err != nil {
			return err
		}
		l.close()
		if err := r.stir(); err != nil {
			return err
		}
		if l, err = r.greeted(); err != nil {
			return err
		}
		defer l.close()
		id, err := l.send("session.open", params{"controllerId": r.name, "resume": params{"bootId": r.hello.BootID, "lastSeq": *o.Seq}})
		if err != nil {
			return err
		}
		m, err := l.answer(id)
		if err != nil {
			return err
		}
		var again opened
		if m.Error != nil || json.Unmarshal(m.Result, &again) != nil || again.Resumed == nil || !*again.Resumed || again.Snapshot != nil {
			return fmt.Errorf("answered %s %v", m.Result, m.Error)
		}
		if len(l.notes) > 0 {
			return fmt.Errorf("%s came before the answer", l.notes[0].Method)
		}
		if m, err = l.note("contacts.changed"); err != nil {
			return err
		}
		s, err := checkStamp(m)
		return first(err, need("a number above the last one seen", s.Seq > *o.Seq))
	}},
	{"4.2", "topics that were not subscribed to are not told", "contacts.put legs", func(r *run) error {
		l, err := r.greeted()
		if err != nil {
			return err
		}
		defer l.close()
		if err := l.ask("session.open", params{"controllerId": r.name, "subscribe": []string{"call"}}, nil); err != nil {
			return err
		}
		if err := r.stir(); err != nil {
			return err
		}
		if err := l.ask("ping", params{}, nil); err != nil {
			return err
		}
		for _, m := range l.notes {
			if m.Method == "contacts.changed" {
				return errors.New("contacts.changed was told")
			}
		}
		return nil
	}},
	{"4.6", "after session.close all is 1001 again, and the leg stands", "", func(r *run) error {
		l, _, err := r.opened(r.name)
		if err != nil {
			return err
		}
		defer l.close()
		if err := l.ask("session.close", params{}, nil); err != nil {
			return err
		}
		return first(l.refused("call.list", params{}, 1001), l.ask("ping", params{}, nil))
	}},
	{"2.5", "a leg without a session is closed after 10 s", "", func(r *run) error {
		l, err := r.greeted()
		if err != nil {
			return err
		}
		defer l.close()
		began, patience := time.Now(), *r
		patience.Patience = 15 * time.Second
		l.run = &patience
		if err := l.ended(); err != nil {
			return err
		}
		return need("10 s", time.Since(began) > 8*time.Second)
	}},
}

// resumes opens a session with resume, and looks whether it goes on.
func (r *run) resumes(boot string, seq uint64, want bool) error {
	l, err := r.greeted()
	if err != nil {
		return err
	}
	defer l.close()
	var o opened
	if err := l.ask("session.open", params{"controllerId": r.name, "resume": params{"bootId": boot, "lastSeq": seq}}, &o); err != nil {
		return err
	}
	if o.Resumed == nil || *o.Resumed != want || (o.Snapshot == nil) != want {
		return fmt.Errorf("resume of boot %q at %d: resumed is not %v, or the snapshot does not fit it", boot, seq, want)
	}
	return nil
}

// stir makes something happen at the phone, by another controller: a contact that comes and goes.
func (r *run) stir() error {
	l, _, err := r.opened(r.name + "-stir")
	if err != nil {
		return err
	}
	defer l.close()
	id, err := l.addContact("")
	if err != nil {
		return err
	}
	return l.ask("contacts.delete", params{"contactId": id}, nil)
}

// addContact adds a contact that the checks own.
func (l *leg) addContact(idem string) (string, error) {
	var out struct {
		ContactID string `json:"contactId"`
	}
	p := params{"contact": params{"name": l.name, "numbers": []params{{"kind": "work", "value": "201"}}}}
	if idem != "" {
		p["idem"] = idem
	}
	err := l.ask("contacts.put", p, &out)
	return out.ContactID, err
}
