package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

var callChecks = []check{
	{"6.1", "a call is made, told, held, taken back and ended", "call", inSession(wholeCall)},
	{"5.2", "the same call.make does not call twice", "call", inSession(func(l *leg) error {
		p := params{"to": l.Call, "idem": l.name + "-twice"}
		one, err := l.makes(p)
		if err != nil {
			return err
		}
		two, err := l.makes(p)
		if err != nil {
			return err
		}
		var list struct{ Calls []call }
		if err := l.ask("call.list", params{}, &list); err != nil {
			return err
		}
		n := 0
		for _, c := range list.Calls {
			if c.Dir == "out" {
				n++
			}
		}
		return first(l.ask("call.hangup", params{"callId": one.CallID}, nil), need("one call", one.CallID == two.CallID && n == 1))
	})},
	{"5.3", "a late request is 1009, with the revision", "call", inSession(func(l *leg) error {
		c, err := l.connected()
		if err != nil {
			return err
		}
		err = l.ask("call.hold", params{"callId": c.CallID, "ifRev": c.Rev + 1000}, nil)
		e := new(refusal)
		if !errors.As(err, &e) || e.Code != 1009 || e.Data.Rev == 0 {
			err = fmt.Errorf("call.hold with a wrong ifRev: %v", err)
		} else {
			err = nil
		}
		return first(l.ask("call.hangup", params{"callId": c.CallID}, nil), err)
	})},
	{"8.1", "what actions does not list is refused, what it lists is not", "call", inSession(func(l *leg) error {
		c, err := l.connected()
		if err != nil {
			return err
		}
		err = nil
		for action, with := range map[string]params{"answer": {}, "reject": {}, "resume": {}, "mute": {"on": false}, "dtmf": {"digits": "1"}} {
			with["callId"] = c.CallID
			if listed := slices.Contains(c.Actions, action); listed {
				err = first(err, l.ask("call."+action, with, nil))
			} else if action != "answer" { // of what is answered already succeeds, 5.4
				err = first(err, l.refused("call."+action, with, 1006))
			}
		}
		return first(l.ask("call.hangup", params{"callId": c.CallID}, nil), err)
	})},
	{"6.1", "a consultation holds its call, and call.reconnect takes that back", "call call.consult call.reconnect", inSession(consults)},
	{"6.1", "two calls become a conference, are held as one, and part", "call call.conference call.split", inSession(confers)},
	{"4.4", "a call outlives the leg that made it, and is there on resume", "call", func(r *run) error {
		l, _, err := r.opened(r.name)
		if err != nil {
			return err
		}
		c, err := l.connected()
		l.conn.NetConn().Close() // without a word
		if err != nil {
			return err
		}
		l, _, err = r.opened(r.name)
		if err != nil {
			return err
		}
		defer l.close()
		var list struct{ Calls []call }
		if err := l.ask("call.list", params{}, &list); err != nil {
			return err
		}
		i := slices.IndexFunc(list.Calls, func(o call) bool { return o.CallID == c.CallID })
		if i < 0 || list.Calls[i].State != "connected" {
			return fmt.Errorf("the calls are %+v", list.Calls)
		}
		return l.ask("call.hangup", params{"callId": c.CallID}, nil)
	}},
}

// makes calls and gives the call.
func (l *leg) makes(p params) (call, error) {
	var out struct{ Call call }
	if err := l.ask("call.make", p, &out); err != nil {
		return out.Call, err
	}
	return out.Call, out.Call.check()
}

// connected makes a call and waits until it is answered.
func (l *leg) connected() (call, error) {
	c, err := l.makes(params{"to": l.Call})
	if err != nil {
		return c, err
	}
	return l.reaches(c, "connected")
}

// reaches waits until a call is in a state; on the way every step must be one of section 9.
func (l *leg) reaches(c call, state string) (call, error) {
	for c.State != state {
		m, err := l.note("call.changed")
		if err != nil {
			return c, fmt.Errorf("the call stays %s: %w", c.State, err)
		}
		var n struct {
			Call call   `json:"call"`
			Prev string `json:"prev"`
		}
		if err := json.Unmarshal(m.Params, &n); err != nil {
			return c, err
		}
		if _, err := checkStamp(m); err != nil {
			return c, err
		}
		if n.Call.CallID != c.CallID {
			continue
		}
		if err := n.Call.check(); err != nil {
			return c, err
		}
		if n.Prev != "none" && !follows(n.Prev, n.Call.State) {
			return c, fmt.Errorf("from %s to %s is no way of section 9", n.Prev, n.Call.State)
		}
		if n.Call.Rev >= c.Rev {
			c = n.Call
		}
	}
	return c, nil
}

// ways are those of section 9; several steps may be told as one (7.1).
var order = strings.Fields("dialing proceeding alerting early connected")

func follows(from, to string) bool {
	if from == to || to == "ending" || to == "transferring" || from == "transferring" {
		return true
	}
	i, j := slices.Index(order, from), slices.Index(order, to)
	return i >= 0 && j > i || from == "early" && to == "alerting" || from == "ringing" && (to == "answering" || to == "connected") || from == "answering" && to == "connected"
}

func wholeCall(l *leg) error {
	c, err := l.makes(params{"to": l.Call, "conversationId": l.name})
	if err != nil {
		return err
	}
	if err := first(oneOf("dir", c.Dir, "out"), oneOf("state", c.State, "proceeding alerting early connected"), need("conversationId", c.ConversationID == l.name)); err != nil {
		return err
	}
	if c, err = l.reaches(c, "connected"); err != nil {
		return err
	}
	var out struct{ Call call }
	steps := []struct {
		method string
		held   bool
	}{{"call.hold", true}, {"call.resume", false}}
	for _, s := range steps {
		rev := c.Rev
		if err := l.ask(s.method, params{"callId": c.CallID}, &out); err != nil {
			return err
		}
		if c = out.Call; c.Hold.Local != s.held || c.Rev <= rev {
			return fmt.Errorf("after %s: hold.local is %v, rev %d after %d", s.method, c.Hold.Local, c.Rev, rev)
		}
	}
	if err := l.ask("call.hangup", params{"callId": c.CallID}, &out); err != nil {
		return err
	}
	if out.Call.State != "ended" {
		return fmt.Errorf("after call.hangup the call is %s", out.Call.State)
	}
	m, err := l.note("call.ended")
	if err != nil {
		return err
	}
	var n struct {
		CallID, Cause string
		DurationMs    *int64
	}
	if err := json.Unmarshal(m.Params, &n); err != nil {
		return err
	}
	s, err := checkStamp(m)
	return first(err, need("callId", n.CallID == c.CallID), oneOf("cause", n.Cause, "localHangup"), need("durationMs", n.DurationMs != nil),
		need("by", s.By == "controller:"+l.name), l.ask("call.hangup", params{"callId": c.CallID}, nil), l.refused("call.hold", params{"callId": c.CallID}, 1004))
}

func consults(l *leg) error {
	c, err := l.connected()
	if err != nil {
		return err
	}
	defer l.sweep()
	var out struct{ Call call }
	if err := l.ask("call.consult", params{"callId": c.CallID, "to": l.Call}, &out); err != nil {
		return err
	}
	p := out.Call
	if err := first(p.check(), need("consultOf", p.ConsultOf == c.CallID), need("a call of its own", p.CallID != c.CallID)); err != nil {
		return err
	}
	if _, err := l.reaches(p, "connected"); err != nil {
		return err
	}
	if c, err = l.shows(c.CallID); err != nil {
		return err
	}
	if err := first(need("hold.local of the first", c.Hold.Local), need("completeTransfer and reconnect among the actions",
		slices.Contains(c.Actions, "completeTransfer") && slices.Contains(c.Actions, "reconnect"))); err != nil {
		return err
	}
	if err := l.ask("call.reconnect", params{"heldCallId": c.CallID, "consultCallId": p.CallID}, &out); err != nil {
		return err
	}
	if _, err := l.shows(p.CallID); err == nil {
		return errors.New("the consultation goes on")
	}
	return first(need("the first call", out.Call.CallID == c.CallID), need("hold.local false", !out.Call.Hold.Local))
}

func confers(l *leg) error {
	a, err := l.connected()
	if err != nil {
		return err
	}
	defer l.sweep()
	b, err := l.connected()
	if err != nil {
		return err
	}
	var out struct{ Call call }
	ids := []string{a.CallID, b.CallID}
	if err := l.ask("call.conference", params{"callIds": ids}, &out); err != nil {
		return err
	}
	if a, err = l.shows(a.CallID); err == nil {
		b, err = l.shows(b.CallID)
	}
	if err != nil {
		return err
	}
	joined := a.Conf != nil && b.Conf != nil && a.Conf.ConfID == b.Conf.ConfID && len(a.Conf.Participants) == 2
	if err := first(need("conf of both", joined), need("hold.local false of both", !a.Hold.Local && !b.Hold.Local)); err != nil {
		return err
	}
	if err := l.ask("call.hold", params{"callId": a.CallID}, nil); err != nil {
		return err
	}
	if b, err = l.shows(b.CallID); err != nil {
		return err
	}
	var alone struct{ Call call }
	if err := first(need("hold.local of the other too", b.Hold.Local), l.ask("call.resume", params{"callId": b.CallID}, nil),
		l.ask("call.split", params{"callId": a.CallID}, &alone)); err != nil {
		return err
	}
	return first(need("no conf after call.split", alone.Call.Conf == nil), l.refused("call.conference", params{"callIds": []string{a.CallID}}, -32602),
		l.refused("call.conference", params{"callIds": []string{a.CallID, "no-such-call"}}, 1004))
}

// shows looks a call up in call.list.
func (l *leg) shows(id string) (call, error) {
	var list struct{ Calls []call }
	if err := l.ask("call.list", params{}, &list); err != nil {
		return call{}, err
	}
	for _, c := range list.Calls {
		if c.CallID == id {
			return c, c.check()
		}
	}
	return call{}, fmt.Errorf("call %s is not listed", id)
}

// sweep ends the calls that a check has made.
func (l *leg) sweep() {
	var list struct{ Calls []call }
	if l.ask("call.list", params{}, &list) != nil {
		return
	}
	for _, c := range list.Calls {
		if c.Dir == "out" {
			_ = l.ask("call.hangup", params{"callId": c.CallID}, nil) // it may be over
		}
	}
}
