package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

var requestChecks = []check{
	{"5.1", "an unknown method is -32601", "", inSession(func(l *leg) error { return l.refused("call.levitate", params{}, -32601) })},
	{"5.1", "params of the wrong type are -32602", "call.hold", inSession(func(l *leg) error {
		return first(l.refused("call.hold", params{"callId": 7}, -32602), l.refused("call.hold", params{"callId": params{}}, -32602))
	})},
	{"5.1", "what a request changed is told before its answer", "contacts.put", inSession(func(l *leg) error {
		id, err := l.addContact("")
		if err != nil {
			return err
		}
		told := slices.ContainsFunc(l.notes, func(m message) bool { return m.Method == "contacts.changed" })
		if err := l.ask("contacts.delete", params{"contactId": id}, nil); err != nil {
			return err
		}
		return need("contacts.changed before the answer", told)
	})},
	{"5.2", "idem: done once, answered twice, also on another leg", "contacts.put", func(r *run) error {
		idem := fmt.Sprintf("%s-%d", r.name, time.Now().UnixNano())
		one, _, err := r.opened(r.name)
		if err != nil {
			return err
		}
		defer one.close()
		id, err := one.addContact(idem)
		if err != nil {
			return err
		}
		two, _, err := r.opened(r.name)
		if err != nil {
			return err
		}
		defer two.close()
		again, err := two.addContact(idem)
		if err != nil {
			return err
		}
		wrong := two.refused("contacts.delete", params{"contactId": id, "idem": idem}, -32602)
		if err := two.ask("contacts.delete", params{"contactId": id}, nil); err != nil {
			return err
		}
		if again != id {
			return errors.Join(fmt.Errorf("the same request added %s and %s", id, again), two.ask("contacts.delete", params{"contactId": again}, nil))
		}
		return wrong
	}},
	{"11", "more than 40 requests at once get 1015 with retryMs, and later all is well", "", inSession(func(l *leg) error {
		var limited *refusal
		for range 90 {
			err := l.ask("ping", params{}, nil)
			if e := new(refusal); errors.As(err, &e) && e.Code == 1015 {
				limited = e
			} else if err != nil {
				return err
			}
		}
		if limited == nil || limited.Data.RetryMs <= 0 {
			return errors.New("90 requests were not limited, or retryMs is missing")
		}
		time.Sleep(time.Second)
		for range 15 {
			if err := l.ask("ping", params{}, nil); err != nil {
				return fmt.Errorf("a second later: %w", err)
			}
		}
		return nil
	})},
}

// inSession makes a check of what is done in a session of its own.
func inSession(do func(*leg) error) func(*run) error {
	return func(r *run) error {
		l, _, err := r.opened(r.name)
		if err != nil {
			return err
		}
		defer l.close()
		return do(l)
	}
}

// allMethods are those of section 6.
const allMethods = "call.make call.answer call.reject call.hangup call.hold call.resume call.swap call.dtmf call.mute call.legA call.pickUp call.list call.note call.deflect " +
	"call.transfer call.consult call.completeTransfer call.reconnect call.conference call.addParticipant call.dropParticipant call.muteParticipant call.moveToPC call.pullFromPC " +
	"line.list line.bootstrap line.forward.get line.forward.set line.dnd.set line.simring.set line.team.set line.workHours.set rules.get rules.set mwi.get voicemail.call voicemail.list voicemail.play voicemail.pause voicemail.stop appearance.list appearance.take appearance.join presence.list presence.set " +
	"device.get device.volume.set device.ringer.set device.speaker device.backlight device.display log.list log.note log.add log.delete log.import contacts.list contacts.put contacts.delete " +
	"cred.capabilities cred.install cred.status cred.clear cred.csr cred.installCert lock.hostState diag.stats number.explain trace.list trace.get"

// onNoCall are params that fit each method on calls, of a call that no phone has.
var onNoCall = map[string]params{
	"call.answer": {}, "call.reject": {}, "call.hangup": {}, "call.hold": {}, "call.resume": {}, "call.dtmf": {"digits": "1"}, "call.legA": {"terminal": "speaker"},
	"call.note": {"text": "x"}, "call.deflect": {"to": "201"}, "call.transfer": {"to": "201"}, "call.consult": {"to": "201"},
	"call.completeTransfer": {"consultCallId": "nor-this"}, "call.moveToPC": {"pcTarget": "sip:x@192.0.2.1"}, "call.mute": {"on": true},
}

var methodChecks = []check{
	{"4.1", "methods that hello does not list are refused with 1011", "", func(r *run) error {
		for part := range slices.Chunk(strings.Fields(allMethods), 20) {
			if err := r.unserved(part); err != nil {
				return err
			}
		}
		return nil
	}},
	{"5.1", "methods on a call that is not there are 1004", "", inSession(func(l *leg) error {
		for m, p := range onNoCall {
			if !slices.Contains(l.hello.Features, m) {
				continue
			}
			with := params{"callId": "no-such-call"}
			for k, v := range p {
				with[k] = v
			}
			if err := l.refused(m, with, 1004); err != nil {
				return err
			}
		}
		return nil
	})},
	{"6.1", "call.make: no line is 1005, no destination 1012", "call.make", inSession(func(l *leg) error {
		return first(l.refused("call.make", params{"to": "201", "lineId": "no-such-line"}, 1005), l.refused("call.make", params{"to": ""}, 1012),
			l.refused("call.make", params{"to": "sip:"}, 1012))
	})},
	{"6.2", "a conference that no server holds is 1006", "call.addParticipant call.muteParticipant", inSession(func(l *leg) error {
		return first(l.refused("call.addParticipant", params{"confId": "no-such-conference", "uri": "201"}, 1006),
			l.refused("call.muteParticipant", params{"confId": "no-such-conference", "participantId": "nobody", "on": true}, 1006))
	})},
	{"6.1", "call.list has calls", "call.list", inSession(func(l *leg) error {
		var out struct{ Calls []call }
		if err := l.ask("call.list", params{}, &out); err != nil {
			return err
		}
		return (&snapshot{Calls: out.Calls, Lines: []line{}, Device: anyDevice, Lock: anyLock}).check()
	})},
	{"6.2", "line.list has the lines of hello", "line.list", inSession(func(l *leg) error {
		var out struct{ Lines []line }
		if err := l.ask("line.list", params{}, &out); err != nil {
			return err
		}
		if len(out.Lines) != len(l.hello.Lines) {
			return fmt.Errorf("%d lines, hello had %d", len(out.Lines), len(l.hello.Lines))
		}
		return checkLines(out.Lines)
	})},
	{"6.2", "voice messages are listed, or 1011 where no server gives them out", "voicemail.list", inSession(func(l *leg) error { return l.voicemail() })},
	{"6.2", "a voice message that is not there is 1004, nothing to pause or stop 1006", "voicemail.play", inSession(func(l *leg) error {
		return first(l.refused("voicemail.play", params{"messageId": "no-such-message"}, 1004), l.refused("voicemail.pause", params{"on": true}, 1006), l.refused("voicemail.stop", params{}, 1006))
	})},
	{"6.2", "what keys show is listed, no key that is not there is pressed", "appearance.list appearance.take appearance.join presence.list call.pickUp", inSession(func(l *leg) error { return l.keys() })},
	{"6.3", "device.get shows the device", "device.get", inSession(func(l *leg) error {
		var out struct{ Device *device }
		if err := l.ask("device.get", params{}, &out); err != nil {
			return err
		}
		return out.Device.check()
	})},
	{"6.3", "volumes are set, told, and bounded", "cable", inSession(func(l *leg) error {
		var out struct{ Device *device }
		if err := l.ask("device.get", params{}, &out); err != nil {
			return err
		}
		was := out.Device.Volumes["headset"]
		to := (was + 1) % 16
		if err := l.ask("device.volume.set", params{"terminal": "headset", "level": to}, &out); err != nil {
			return err
		}
		m, err := l.note("device.changed")
		if err != nil {
			return err
		}
		var told device
		if err := json.Unmarshal(m.Params, &told); err != nil {
			return err
		}
		s, err := checkStamp(m)
		return first(err, l.ask("device.volume.set", params{"terminal": "headset", "level": was}, nil),
			need("the new volume", out.Device.Volumes["headset"] == to && told.Volumes["headset"] == to), need("by", s.By == "controller:"+l.name),
			l.refused("device.volume.set", params{"terminal": "headset", "level": 16}, -32602), l.refused("device.volume.set", params{"terminal": "tin can", "level": 1}, -32602))
	})},
	{"6.4", "log.list: pages, and limits", "log.list", inSession(func(l *leg) error {
		var out struct {
			Calls []struct{ LogID, EndedAt, Dir string }
			More  *bool
		}
		if err := l.ask("log.list", params{"limit": 3}, &out); err != nil {
			return err
		}
		if out.Calls == nil || len(out.Calls) > 3 || out.More == nil {
			return errors.New("calls or more are missing, or there are more than asked for")
		}
		for _, c := range out.Calls {
			if err := first(oneOf("dir", c.Dir, "in out"), need("logId", c.LogID != ""), checkTime("endedAt", c.EndedAt)); err != nil {
				return err
			}
		}
		return first(l.refused("log.list", params{"limit": 0.5}, -32602), l.refused("log.list", params{"limit": 1000}, -32602))
	})},
	{"6.4", "the log takes what a computer tells of, and notes", "log.add", inSession(func(l *leg) error {
		var added struct{ LogID string }
		entry := params{"mode": "im", "dir": "out", "uri": "sip:odp-conformance@invalid", "conversationId": "odp-conformance", "beganAt": "2026-01-01T10:00:00.000Z", "endedAt": "2026-01-01T10:05:00.000Z"}
		if err := first(l.ask("log.add", entry, &added), need("logId", added.LogID != "")); err != nil {
			return err
		}
		var out struct {
			Calls []struct{ LogID, Mode, Note, PC, Outcome, ConversationID string }
		}
		err := first(l.ask("log.note", params{"logId": added.LogID, "text": "sent the plan"}, nil), l.ask("log.list", params{"conversationId": "odp-conformance"}, &out))
		gone := l.ask("log.delete", params{"logIds": []string{added.LogID}}, nil)
		if err := first(err, gone, need("the entry", len(out.Calls) == 1)); err != nil {
			return err
		}
		c := out.Calls[0]
		return first(need("the entry as it was told", c.LogID == added.LogID && c.Mode == "im" && c.PC != "" && c.ConversationID == "odp-conformance"), need("its note", c.Note == "sent the plan"),
			l.refused("log.note", params{"logId": added.LogID, "text": "x"}, 1004), l.refused("log.add", params{"mode": "smoke"}, -32602))
	})},
	{"6.4", "contacts come, are changed, and go", "contacts.put", inSession(func(l *leg) error {
		id, err := l.addContact("")
		if err != nil {
			return err
		}
		change := l.ask("contacts.put", params{"contact": params{"contactId": id, "name": l.name, "organisation": "changed"}}, nil)
		found := l.finds(id)
		return first(change, found, l.ask("contacts.delete", params{"contactId": id}, nil), l.refused("contacts.delete", params{"contactId": id}, -32602),
			l.refused("contacts.put", params{"contact": params{}}, -32602))
	})},
	{"6.7", "diag.stats has calls", "diag.stats", inSession(func(l *leg) error {
		var out struct{ Calls []json.RawMessage }
		if err := l.ask("diag.stats", params{}, &out); err != nil {
			return err
		}
		return need("calls", out.Calls != nil)
	})},
	{"6.7", "a number is explained", "number.explain", inSession(func(l *leg) error {
		var out struct {
			Callable *bool
			URI      string
			Steps    []struct{ Step, To string }
		}
		if err := l.ask("number.explain", params{"number": "+49 30 5550142"}, &out); err != nil {
			return err
		}
		n := len(out.Steps)
		return first(need("callable", out.Callable != nil && *out.Callable), need("uri", strings.Contains(out.URI, "49305550142")),
			need("steps", n == 2 && out.Steps[0].Step == "stripped" && out.Steps[0].To == "+49305550142" && out.Steps[1].Step == "global"),
			l.refused("number.explain", params{}, -32602), l.refused("number.explain", params{"number": "1", "lineId": "l-77"}, 1005))
	})},
	{"6.7", "traces come whole, in both formats", "trace.get", inSession(func(l *leg) error { return l.traces() })},
	{"6.7", "ping tells the time", "", inSession(func(l *leg) error {
		var out struct{ T string }
		if err := l.ask("ping", params{}, &out); err != nil {
			return err
		}
		return checkTime("t", out.T)
	})},
	{"6.5", "no secret is read back", "cable", inSession(func(l *leg) error {
		if !slices.Contains(l.hello.Features, "cred.status") || !slices.Contains(l.hello.Rights, "provision") || len(l.hello.Lines) == 0 {
			return nil
		}
		var out map[string]json.RawMessage
		if err := l.ask("cred.status", params{"lineId": l.hello.Lines[0].LineID}, &out); err != nil {
			return err
		}
		for k := range out {
			if err := oneOf("member", k, "lineId kind user realm installedAt lastResult"); err != nil {
				return err
			}
		}
		return nil
	})},
}

var anyDevice = &device{Hook: "on", Terminal: "handset", Mute: new(bool), Volumes: map[string]int{"ringer": 1}}
var anyLock = &struct {
	Locked *bool `json:"locked"`
}{new(bool)}

// unserved asks for some methods that hello does not list.
func (r *run) unserved(names []string) error {
	return inSession(func(l *leg) error {
		for _, m := range names {
			if slices.Contains(l.hello.Features, m) {
				continue
			}
			if err := l.refused(m, params{}, 1011, 1002, 1003); err != nil {
				return err
			}
		}
		return nil
	})(r)
}

// finds looks for a contact in all pages.
func (l *leg) finds(id string) error {
	for skip := 0; ; {
		var out struct {
			Contacts []struct{ ContactID, Organisation string }
			More     bool
		}
		if err := l.ask("contacts.list", params{"skip": skip, "limit": 100}, &out); err != nil {
			return err
		}
		for _, c := range out.Contacts {
			if c.ContactID == id {
				return need("the change", c.Organisation == "changed")
			}
		}
		if skip += len(out.Contacts); !out.More || len(out.Contacts) == 0 {
			return errors.New("the contact is not listed")
		}
	}
}
