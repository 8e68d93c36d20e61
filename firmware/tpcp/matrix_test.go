package tpcp

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
)

// matrix says what each method answers in each state of a phone with one call: "ok", or the name of the
// error. The columns are states, in their order.
//
//	none dialing proceeding alerting early ringing answering connected held ending
var matrix = []struct{ name, method, params, want string }{
	{"make", "call.make", `{"to":"202"}`, "ok ok ok ok ok ok ok ok ok ok"},
	{"make nowhere", "call.make", `{"to":"2 0@"}`, "dest dest dest dest dest dest dest dest dest dest"},
	{"make to nobody", "call.make", `{}`, "dest dest dest dest dest dest dest dest dest dest"},
	{"make on no line", "call.make", `{"to":"202","lineId":"l-9"}`, "line line line line line line line line line line"},
	{"make on a line that is down", "call.make", `{"to":"202","lineId":"l-2"}`, "down down down down down down down down down down"},
	{"make withheld", "call.make", `{"to":"202","withhold":true}`, "ok ok ok ok ok ok ok ok ok ok"},
	{"make on the usb terminal", "call.make", `{"to":"202","legA":{"terminal":"usb"}}`, "unserved unserved unserved unserved unserved unserved unserved unserved unserved unserved"},
	{"answer", "call.answer", `{"callId":"c-1"}`, "none state state state state ok ok ok ok state"},
	{"answer with the handset down", "call.answer", `{"callId":"c-1","legA":{"terminal":"handset"}}`, "none state state state state state state state state state"},
	{"reject", "call.reject", `{"callId":"c-1"}`, "none state state state state ok state state state state"},
	{"deflect", "call.deflect", `{"callId":"c-1","to":"202"}`, "none state state state state ok state state state state"},
	{"deflect nowhere", "call.deflect", `{"callId":"c-1"}`, "none dest dest dest dest dest dest dest dest dest"},
	{"silence", "call.reject", `{"callId":"c-1","how":"silent"}`, "none state state state state ok state state state state"},
	{"reject otherwise", "call.reject", `{"callId":"c-1","how":"loudly"}`, "none params params params params params params params params params"},
	{"reject to voicemail", "call.reject", `{"callId":"c-1","how":"voicemail"}`, "none state state state state ok state state state state"},
	{"voicemail", "voicemail.call", `{"lineId":"l-1"}`, "ok ok ok ok ok ok ok ok ok ok"},
	{"voicemail of a line without", "voicemail.call", `{"lineId":"l-2"}`, "unserved unserved unserved unserved unserved unserved unserved unserved unserved unserved"},
	{"voicemail of no line", "voicemail.call", `{"lineId":"l-9"}`, "line line line line line line line line line line"},
	{"play a message", "voicemail.play", `{"messageId":"voicemail:0:1:2"}`, "ok other other other other other other other other other"},
	{"play no message", "voicemail.play", `{"messageId":"voicemail:0:1:3"}`, "none none none none none none none none none none"},
	{"hangup", "call.hangup", `{"callId":"c-1"}`, "none ok ok ok ok ok ok ok ok ok"},
	{"hold", "call.hold", `{"callId":"c-1"}`, "none state state state state state state ok state state"},
	{"hold privately what is not shared", "call.hold", `{"callId":"c-1","private":true}`, "none state state state state state state params state state"},
	{"take a place", "appearance.take", `{"lineId":"l-2","appearance":1}`, "ok state ok ok ok ok ok ok ok ok"},
	{"take a place on a line that is down to call", "appearance.take", `{"lineId":"l-2","appearance":1,"to":"202"}`, "down down down down down down down down down down"},
	{"resume", "call.resume", `{"callId":"c-1"}`, "none state state state state state state state ok state"},
	{"swap with itself", "call.swap", `{"heldCallId":"c-1","activeCallId":"c-1"}`, "none state state state state state state state state state"},
	{"dtmf", "call.dtmf", `{"callId":"c-1","digits":"1#"}`, "none state state state ok state state ok state state"},
	{"dtmf of letters", "call.dtmf", `{"callId":"c-1","digits":"hello"}`, "none params params params params params params params params params"},
	{"dtmf of nothing", "call.dtmf", `{"callId":"c-1","digits":""}`, "none params params params params params params params params params"},
	{"dtmf too short", "call.dtmf", `{"callId":"c-1","digits":"1","durMs":5}`, "none params params params params params params params params params"},
	{"mute", "call.mute", `{"on":true}`, "state ok ok ok ok ok ok ok ok ok"},
	{"mute the call", "call.mute", `{"callId":"c-1","on":true}`, "none ok ok ok ok state ok ok state ok"},
	{"headset", "call.legA", `{"callId":"c-1","terminal":"headset"}`, "none ok ok ok ok state ok ok state ok"},
	{"handset in its cradle", "call.legA", `{"callId":"c-1","terminal":"handset"}`, "none state state state state state state state state state"},
	{"no terminal", "call.legA", `{"callId":"c-1"}`, "none params params params params params params params params params"},
	{"note", "call.note", `{"callId":"c-1","text":"call back"}`, "none ok ok ok ok ok ok ok ok ok"},
	{"empty note", "call.note", `{"callId":"c-1"}`, "none params params params params params params params params params"},
	{"transfer", "call.transfer", `{"callId":"c-1","to":"202"}`, "none state state state state state state ok ok state"},
	{"transfer nowhere", "call.transfer", `{"callId":"c-1"}`, "none dest dest dest dest dest dest dest dest dest"},
	{"consult", "call.consult", `{"callId":"c-1","to":"202"}`, "none state state state state state state ok ok state"},
	{"consult nobody", "call.consult", `{"callId":"c-1","to":""}`, "none dest dest dest dest dest dest dest dest dest"},
	{"complete with itself", "call.completeTransfer", `{"callId":"c-1","consultCallId":"c-1"}`, "none params params params params params params params params params"},
	{"complete with nothing", "call.completeTransfer", `{"callId":"c-1"}`, "none none none none none none none none none none"},
	{"reconnect with itself", "call.reconnect", `{"heldCallId":"c-1","consultCallId":"c-1"}`, "none state state state state state state state state state"},
	{"conference with itself", "call.conference", `{"callIds":["c-1","c-1"]}`, "none state state state state state state params params state"},
	{"conference of one", "call.conference", `{"callIds":["c-1"]}`, "params params params params params params params params params params"},
	{"conference of seven", "call.conference", `{"callIds":["c-1","c-2","c-3","c-4","c-5","c-6"]}`, "busy busy busy busy busy busy busy busy busy busy"},
	{"conference elsewhere", "call.conference", `{"callIds":["c-1","c-2"],"mode":"focus"}`, "unserved unserved unserved unserved unserved unserved unserved unserved unserved unserved"},
	{"split", "call.split", `{"callId":"c-1"}`, "none state state state state state state state state state"},
	{"drop", "call.dropParticipant", `{"confId":"f-1","participantId":"c-1"}`, "none state state state state state state state state state"},
	{"mute nobody", "call.muteParticipant", `{"confId":"s-1","participantId":"c-1","on":true}`, "state state state state state state state state state state"},
	{"add to nothing", "call.addParticipant", `{"confId":"s-1","uri":"sip:203@pbx.example"}`, "state state state state state state state state state state"},
	{"add nobody", "call.addParticipant", `{"confId":"s-1"}`, "dest dest dest dest dest dest dest dest dest dest"},
	{"move to the computer", "call.moveToPC", `{"callId":"c-1","pcTarget":"sip:anna@192.0.2.7"}`, "none state state state state state state ok ok state"},
	{"move nowhere", "call.moveToPC", `{"callId":"c-1"}`, "none dest dest dest dest dest dest dest dest dest"},
	{"pull", "call.pullFromPC", `{"target":"sip:anna@192.0.2.7","replaces":{"callId":"a","fromTag":"b","toTag":"c"}}`, "ok ok ok ok ok ok ok ok ok ok"},
	{"pull nothing", "call.pullFromPC", `{"target":"sip:anna@192.0.2.7","replaces":{"callId":"a"}}`, "params params params params params params params params params params"},
	{"pull on no line", "call.pullFromPC", `{"lineId":"l-8","target":"sip:anna@192.0.2.7","replaces":{"callId":"a","fromTag":"b","toTag":"c"}}`, "line line line line line line line line line line"},
	{"call of another form", "call.hold", `{"callId":"1"}`, "none none none none none none none none none none"},
	{"call of another type", "call.hold", `{"callId":1}`, "params params params params params params params params params params"},
}

// always are methods whose answer does not depend on calls.
var always = []struct{ name, method, params, want string }{
	{"list calls", "call.list", `{}`, "ok"},
	{"list lines", "line.list", `{}`, "ok"},
	{"appearances", "appearance.list", `{}`, "ok"},
	{"too many appearances", "appearance.list", `{"limit":101}`, "params"},
	{"join where nobody talks", "appearance.join", `{"lineId":"l-2","appearance":1}`, "state"},
	{"join at no place", "appearance.join", `{"lineId":"l-2","appearance":3}`, "params"},
	{"join on no line", "appearance.join", `{"lineId":"l-9","appearance":1}`, "line"},
	{"take no place", "appearance.take", `{"lineId":"l-2","appearance":3}`, "params"},
	{"take a place beyond all", "appearance.take", `{"lineId":"l-2","appearance":999}`, "params"},
	{"take a place of a line that is not shared", "appearance.take", `{"lineId":"l-1","appearance":1}`, "params"},
	{"take a place of no line", "appearance.take", `{"lineId":"l-9","appearance":1}`, "line"},
	{"who has a key", "presence.list", `{}`, "ok"},
	{"too many keys", "presence.list", `{"limit":-1}`, "params"},
	{"pick up where nothing rings", "call.pickUp", `{"number":"203"}`, "state"},
	{"pick up at nobody", "call.pickUp", `{"number":"209"}`, "params"},
	{"pick up in a group that is none", "call.pickUp", `{}`, "state"},
	{"mailbox", "mwi.get", `{"lineId":"l-2"}`, "ok"},
	{"mailbox of no line", "mwi.get", `{}`, "line"},
	{"messages", "voicemail.list", `{"lineId":"l-1"}`, "ok"},
	{"messages of any line", "voicemail.list", `{}`, "ok"},
	{"messages of a line without", "voicemail.list", `{"lineId":"l-2"}`, "unserved"},
	{"messages of no line", "voicemail.list", `{"lineId":"l-9"}`, "line"},
	{"too many messages", "voicemail.list", `{"limit":101}`, "params"},
	{"play a number", "voicemail.play", `{"messageId":7}`, "params"},
	{"pause of nothing", "voicemail.pause", `{"on":true}`, "state"},
	{"stop of nothing", "voicemail.stop", `{}`, "state"},
	{"device", "device.get", `{}`, "ok"},
	{"volume", "device.volume.set", `{"terminal":"headset","level":3}`, "ok"},
	{"volume of nothing", "device.volume.set", `{"level":3}`, "params"},
	{"too loud", "device.volume.set", `{"terminal":"headset","level":16}`, "params"},
	{"volume as text", "device.volume.set", `{"terminal":"headset","level":"3"}`, "params"},
	{"ringer", "device.ringer.set", `{"level":0}`, "ok"},
	{"ringer too loud", "device.ringer.set", `{"level":99}`, "params"},
	{"speaker on", "device.speaker", `{"on":true}`, "ok"},
	{"speaker off with nowhere to go", "device.speaker", `{"on":false}`, "state"},
	{"backlight", "device.backlight", `{"percent":50}`, "ok"},
	{"dark", "device.backlight", `{"percent":0}`, "params"},
	{"presence", "presence.set", `{"presence":"busy","forS":60}`, "ok"},
	{"presence taken back", "presence.set", `{"presence":"unknown"}`, "ok"},
	{"presence for ever", "presence.set", `{"presence":"away"}`, "params"},
	{"presence of a call", "presence.set", `{"presence":"inCall","forS":60}`, "params"},
	{"presence of nobody", "presence.set", `{"presence":"bored","forS":60}`, "params"},
	{"log", "log.list", `{}`, "ok"},
	{"log of nothing", "log.list", `{"limit":101}`, "params"},
	{"log backwards", "log.list", `{"skip":-1}`, "params"},
	{"log since nonsense", "log.list", `{"since":"yesterday"}`, "params"},
	{"the log of a conversation", "log.list", `{"conversationId":"c","full":true}`, "ok"},
	{"messages on the computer", "log.add", `{"mode":"im","dir":"out","uri":"sip:201@pbx.example","conversationId":"c","beganAt":"1999-01-01T10:00:00Z","endedAt":"1999-01-01T10:05:00Z"}`, "ok"},
	{"messages to nobody", "log.add", `{"mode":"im","dir":"out","beganAt":"1999-01-01T10:00:00Z","endedAt":"1999-01-01T10:05:00Z"}`, "params"},
	{"smoke signals", "log.add", `{"mode":"smoke","dir":"out","uri":"sip:201@pbx.example","beganAt":"1999-01-01T10:00:00Z","endedAt":"1999-01-01T10:05:00Z"}`, "params"},
	{"ended before it began", "log.add", `{"mode":"im","dir":"out","uri":"sip:201@pbx.example","beganAt":"1999-01-01T10:00:00Z","endedAt":"1999-01-01T09:05:00Z"}`, "params"},
	{"ends in years", "log.add", `{"mode":"im","dir":"out","uri":"sip:201@pbx.example","beganAt":"1999-01-01T10:00:00Z","endedAt":"2926-01-01T09:05:00Z"}`, "params"},
	{"note to no call of the log", "log.note", `{"logId":"x","text":"hello"}`, "none"},
	{"note that rings", "log.note", "{\"logId\":\"x\",\"text\":\"\\u0007\"}", "params"},
	{"delete no call", "log.delete", `{"logIds":["x"]}`, "ok"},
	{"delete nothing", "log.delete", `{}`, "params"},
	{"import", "log.import", `{"calls":[{"logId":"a","lineId":"l-1","dir":"in","cause":"none","mode":"voice","verified":"none","beganAt":"2026-01-01T10:00:00Z","endedAt":"2026-01-01T10:05:00Z"}]}`, "ok"},
	{"import nothing", "log.import", `{"calls":[]}`, "params"},
	{"import of a call that cannot be", "log.import", `{"calls":[{"logId":"a"}]}`, "params"},
	{"contacts", "contacts.list", `{"limit":5}`, "ok"},
	{"put contact", "contacts.put", `{"contact":{"name":"Anna","numbers":[{"kind":"work","value":"201"}]}}`, "ok"},
	{"put nothing", "contacts.put", `{}`, "params"},
	{"delete contact", "contacts.delete", `{"contactId":"1"}`, "ok"},
	{"delete nobody", "contacts.delete", `{"contactId":"9"}`, "params"},
	{"stats", "diag.stats", `{}`, "ok"},
	{"stats of no call", "diag.stats", `{"callId":"c-77"}`, "none"},
	{"number", "number.explain", `{"number":"030 5550142"}`, "ok"},
	{"number of a line", "number.explain", `{"number":"201","lineId":"l-1"}`, "ok"},
	{"number of no line", "number.explain", `{"number":"201","lineId":"l-8"}`, "line"},
	{"no number", "number.explain", `{}`, "params"},
	{"traces", "trace.list", `{}`, "ok"},
	{"too many traces", "trace.list", `{"limit":101}`, "params"},
	{"trace", "trace.get", `{"traceId":"t-1"}`, "ok"},
	{"trace as text", "trace.get", `{"traceId":"t-1","format":"text","offset":7}`, "ok"},
	{"trace as what is none", "trace.get", `{"traceId":"t-1","format":"doc"}`, "params"},
	{"trace from before its beginning", "trace.get", `{"traceId":"t-1","offset":-1}`, "params"},
	{"trace of nothing", "trace.get", `{"traceId":"t-9"}`, "none"},
	{"rules", "line.forward.get", `{"lineId":"l-1"}`, "ok"},
	{"rules of no line", "line.forward.get", `{"lineId":"l-7"}`, "line"},
	{"forward", "line.forward.set", `{"lineId":"l-1","kind":"immediate","on":true,"to":"202"}`, "ok"},
	{"forward somehow", "line.forward.set", `{"lineId":"l-1","kind":"sometimes","on":true}`, "params"},
	{"forward nowhere", "line.forward.set", `{"lineId":"l-1","kind":"busy","on":true,"to":"@"}`, "params"},
	{"forward after an hour", "line.forward.set", `{"lineId":"l-1","kind":"noAnswer","on":true,"ringMs":3600000}`, "params"},
	{"forward no line", "line.forward.set", `{"lineId":"l-7","kind":"busy","on":true}`, "line"},
	{"do not disturb", "line.dnd.set", `{"lineId":"l-1","on":true}`, "ok"},
	{"simultaneous ring", "line.simring.set", `{"lineId":"l-1","on":true,"members":["202"]}`, "ok"},
	{"team", "line.team.set", `{"lineId":"l-1","on":true,"members":["202","203"]}`, "ok"},
	{"team of help", "line.team.set", `{"lineId":"l-1","on":true,"members":["112"]}`, "params"},
	{"working hours", "line.workHours.set", `{"lineId":"l-1","on":true,"hours":["mon-fri 09:00-17:00"]}`, "ok"},
	{"working at odd hours", "line.workHours.set", `{"lineId":"l-1","on":true,"hours":["always"]}`, "params"},
	{"rules as a document", "rules.get", `{}`, "ok"},
	{"a document", "rules.set", `{"document":"<routing/>"}`, "ok"},
	{"no document", "rules.set", `{"document":"routing"}`, "params"},
	{"credentials", "cred.capabilities", `{}`, "ok"},
	{"credential status", "cred.status", `{"lineId":"l-1"}`, "ok"},
	{"credential status of no line", "cred.status", `{"lineId":"l-7"}`, "line"},
	{"install", "cred.install", `{"lineId":"l-1","user":"100","kind":"sipHa1","sealed":"AAAA"}`, "ok"},
	{"install nothing", "cred.install", `{"lineId":"l-1"}`, "params"},
	{"install on no line", "cred.install", `{"lineId":"l-7","user":"100","kind":"sipHa1","sealed":"AAAA"}`, "line"},
	{"install what is refused", "cred.install", `{"lineId":"l-1","user":"mallory","kind":"sipHa1","sealed":"AAAA"}`, "declined"},
	{"clear", "cred.clear", `{"lineId":"l-1"}`, "ok"},
	{"bootstrap", "line.bootstrap", `{"aor":"sip:300@pbx.example"}`, "ok"},
	{"host locked", "lock.hostState", `{"state":"locked","user":"anna","ctr":1}`, "ok"},
	{"host undecided", "lock.hostState", `{"state":"ajar"}`, "params"},
	{"ping", "ping", `{}`, "ok"},
	{"ping with what is unknown", "ping", `{"colour":"red"}`, "ok"},
	{"no method", "call.fly", `{}`, "method"},
	{"close", "session.close", `{}`, "ok"},
}

var words = map[string]Code{
	"none": CodeNoSuchCall, "state": CodeBadState, "params": CodeBadParams, "dest": CodeInvalidDestination, "line": CodeNoSuchLine,
	"down": CodeLineNotRegistered, "unserved": CodeNotSupported, "busy": CodeResource, "other": CodeBusyOther, "ok": 0, "method": CodeUnknownMethod, "declined": CodeUserDeclined,
}

// unservedMethods are part of the protocol; this phone refuses them in every state.
func unservedMethods() []string {
	var out []string
	for name, m := range methods {
		if m.do == nil {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func TestEveryMethodInEveryState(t *testing.T) {
	for _, row := range matrix {
		for i, want := range strings.Fields(row.want) {
			bubble(t, row.name+"/"+states[i], func(t *testing.T) {
				b := start(t, services())
				b.reach(states[i])
				_, err := b.seat().ask(row.method, row.params)
				b.wantCode(err, words[want])
			})
		}
	}
	for _, row := range always {
		for _, state := range states {
			bubble(t, row.name+"/"+state, func(t *testing.T) {
				b := start(t, services())
				b.reach(state)
				_, err := b.seat().ask(row.method, row.params)
				b.wantCode(err, words[row.want])
			})
		}
	}
	for _, method := range unservedMethods() {
		for _, state := range states {
			bubble(t, method+"/"+state, func(t *testing.T) {
				b := start(t, services())
				b.reach(state)
				_, err := b.seat().ask(method, `{"callId":"c-1"}`)
				b.wantCode(err, CodeNotSupported)
			})
		}
	}
}

func TestEveryMethodIsInTheTables(t *testing.T) {
	tested := map[string]bool{"session.open": true}
	for _, row := range append(slices.Clone(matrix), always...) {
		tested[row.method] = true
	}
	for name, m := range methods {
		if m.do != nil && !tested[name] {
			t.Errorf("%s is not tested in every state", name)
		}
		if (m.do == nil || m.needs != nil) && m.why == "" {
			t.Errorf("%s does not say why it is not served", name)
		}
	}
}

// situations are phones with calls in which different things are legal.
var situations = map[string]func(*bench){
	"dialing": nil, "proceeding": nil, "alerting": nil, "early": nil, "ringing": nil, "answering": nil, "connected": nil, "held": nil, "ending": nil,
	"two": func(b *bench) { b.reach("connected"); b.second() },
	"two held": func(b *bench) {
		b.reach("connected")
		b.second()
		b.key(phone.Hold{Call: 2})
	},
	"connected and ringing": func(b *bench) { b.reach("connected"); b.post(phone.Invited{Ref: 9, Remote: anna}) },
	"consultation rings": func(b *bench) {
		b.reach("connected")
		b.key(phone.Consult{Call: 1, Number: "202"})
		b.post(phone.Progressed{Call: 2})
	},
	"consultation": func(b *bench) {
		b.reach("connected")
		b.key(phone.Consult{Call: 1, Number: "202"})
		b.post(phone.Accepted{Call: 2})
	},
	"conference": func(b *bench) {
		b.reach("connected")
		b.second()
		b.key(phone.Join{Calls: [phone.MaxConf]phone.CallID{1, 2}})
	},
	"conference on hold": func(b *bench) {
		b.reach("connected")
		b.second()
		b.key(phone.Join{Calls: [phone.MaxConf]phone.CallID{1, 2}})
		b.key(phone.Hold{Call: 1})
	},
	"meeting": func(b *bench) { b.meeting() },
	"meeting that is controlled": func(b *bench) {
		b.meeting()
		b.post(phone.Able{Call: 1, Focus: "sip:room1@pbx.example", Controls: true})
	},
	"meeting that is asked":        func(b *bench) { b.meeting(); b.key(phone.AddMember{Call: 1, Number: "203"}) },
	"meeting that takes no wishes": func(b *bench) { b.meeting(); b.post(phone.Able{Call: 1}) },
	"moving into a meeting": func(b *bench) {
		b.meeting()
		b.second()
		b.key(phone.Join{Calls: [phone.MaxConf]phone.CallID{1, 2}, Server: true})
	},
	"transferring": func(b *bench) {
		b.reach("connected")
		b.post(phone.Able{Call: 1, Refers: true})
		b.key(phone.Transfer{Call: 1, Target: "202"})
	},
	"transferring by a shadow": func(b *bench) { b.reach("connected"); b.key(phone.Transfer{Call: 1, Target: "202"}) },
	"bridged": func(b *bench) {
		b.reach("connected")
		b.key(phone.Transfer{Call: 1, Target: "202"})
		b.post(phone.Accepted{Call: 2})
	},
	"moving to the computer": func(b *bench) { b.reach("connected"); b.key(phone.MoveTo{Call: 1, Target: "sip:x@192.0.2.7"}) },
	"emergency":              func(b *bench) { b.key(phone.Dial{Number: "112"}); b.post(phone.Accepted{Call: 1}) },
	"emergency and a held call": func(b *bench) {
		b.reach("connected")
		b.key(phone.Dial{Number: "112"})
		b.post(phone.Accepted{Call: 2})
	},
}

// meeting is a call to a conference at a server, in which somebody else is.
func (b *bench) meeting() {
	b.reach("connected")
	b.post(phone.Able{Call: 1, Refers: true, Replaces: true, Focus: "sip:room1@pbx.example"},
		phone.RosterChanged{Call: 1, Subject: "Friday", Count: 2, Members: []phone.Member{{ID: "sip:201@pbx.example", Name: "Anna", Number: "201", URI: "sip:201@pbx.example", Muted: true}, {ID: "me", Self: true}}})
}

// second makes a second call that is answered; the first is held.
func (b *bench) second() {
	b.key(phone.Dial{Number: "202"})
	b.post(phone.Accepted{Call: 2})
	b.pass(2 * keyTime)
}

// doing are the params that carry out an action on a call; other is the other call, if there is one.
func doing(action string, c, other Call) string {
	with := map[string]string{"legA": `,"terminal":"headset"`, "mute": `,"on":true`, "dtmf": `,"digits":"1"`, "note": `,"text":"x"`,
		"transfer": `,"to":"203"`, "consult": `,"to":"203"`, "moveToPC": `,"pcTarget":"sip:x@192.0.2.7"`}
	of, consult := c, other
	if c.ConsultOf != "" {
		of, consult = other, c
	}
	held, active := c, other
	if !c.Hold.Local {
		held, active = other, c
	}
	conf := ""
	if c.Conf != nil {
		conf = c.Conf.ConfID
	}
	switch action {
	case "addParticipant":
		return fmt.Sprintf(`{"confId":%q,"uri":"203"}`, conf)
	case "dropParticipant":
		return fmt.Sprintf(`{"confId":%q,"participantId":"sip:201@pbx.example"}`, conf)
	case "muteParticipant":
		return fmt.Sprintf(`{"confId":%q,"participantId":"sip:201@pbx.example","on":true}`, conf)
	case "swap":
		return fmt.Sprintf(`{"heldCallId":%q,"activeCallId":%q}`, held.CallID, active.CallID)
	case "completeTransfer":
		return fmt.Sprintf(`{"callId":%q,"consultCallId":%q}`, of.CallID, consult.CallID)
	case "reconnect":
		return fmt.Sprintf(`{"heldCallId":%q,"consultCallId":%q}`, of.CallID, consult.CallID)
	case "conference":
		return fmt.Sprintf(`{"callIds":[%q,%q]}`, c.CallID, other.CallID)
	}
	return fmt.Sprintf(`{"callId":%q%s}`, c.CallID, with[action])
}

func TestActionsAreWhatIsLegal(t *testing.T) {
	actions := strings.Fields("answer reject hangup hold resume swap dtmf mute legA note transfer consult completeTransfer reconnect conference split addParticipant dropParticipant muteParticipant moveToPC")
	for name, reach := range situations {
		for _, action := range actions {
			for i := range 2 {
				bubble(t, fmt.Sprint(name, "/", action, "/", i+1), func(t *testing.T) { tryAction(t, name, reach, action, i) })
			}
		}
	}
}

func tryAction(t *testing.T, name string, reach func(*bench), action string, i int) {
	b := start(t, services())
	c := b.seat()
	if reach == nil {
		b.reach(name)
	} else {
		reach(b)
	}
	b.pass(2 * keyTime)
	calls := c.calls()
	if i >= len(calls) {
		return
	}
	other := Call{}
	if len(calls) == 2 {
		other = calls[1-i]
	}
	_, err := c.ask("call."+action, doing(action, calls[i], other))
	if action == "answer" && calls[i].State != StateRinging || action == "completeTransfer" && calls[i].ConsultOf == "" && other.ConsultOf == "" {
		return // answering what is answered does nothing; any two calls may be joined without us
	}
	if action == "conference" && calls[i].Conf != nil {
		return // they are in it already
	}
	if listed := slices.Contains(calls[i].Actions, action); listed != (err == nil) {
		t.Errorf("%s: listed %v (%v), and then: %v", calls[i].State, listed, calls[i].Actions, err)
	}
}

func TestSwapIsLegalWithTwoCalls(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc", hostSeed, true)
		b.reach("connected")
		if _, err := c.Make(b.ctx, MakeParams{To: "202"}); err != nil {
			t.Fatal(err)
		}
		b.post(phone.Accepted{Call: 2})
		calls, _ := c.Calls(b.ctx)
		for _, v := range calls {
			if !slices.Contains(v.Actions, "swap") {
				t.Errorf("%s: %v", v.CallID, v.Actions)
			}
		}
		call, err := c.Swap(b.ctx, SwapParams{HeldCallID: "c-1", ActiveCallID: "c-2"})
		if err != nil || call.CallID != "c-1" || call.Hold.Local || call.State != StateConnected {
			t.Errorf("%+v, %v", call, err)
		}
		if calls, _ = c.Calls(b.ctx); !calls[1].Hold.Local {
			t.Errorf("both talk: %+v", calls)
		}
	})
}

func TestRightsOfEachMethod(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		b := start(t, services())
		for name, m := range methods {
			if m.right == 0 {
				continue
			}
			b.pair(hostSeed, AllRights&^m.right)
			for _, attached := range []bool{false, true} {
				c, _ := b.controller("pc", hostSeed, attached)
				_, err := raw(b.ctx, c, name, `{}`)
				// The person at the phone, before whom the cable ends, may give the right.
				if missing := CodeOf(err) == CodeRightMissing; missing == (attached && m.flags&granting != 0) {
					t.Errorf("%s without %v, attached %v: %v", name, m.right, attached, err)
				}
				c.Close()
			}
		}
	})
}

func TestPartsThatThePhoneLacksAreNotServed(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc", hostSeed, true)
		have := c.Hello().Features
		for name, m := range methods {
			if served := m.do != nil && m.needs == nil; served != slices.Contains(have, name) {
				t.Errorf("hello lists %s: %v", name, !served)
			}
			if m.needs == nil {
				continue
			}
			_, err := raw(b.ctx, c, name, `{}`)
			b.wantCode(err, CodeNotSupported)
			b.pass(100 * time.Millisecond)
		}
	})
}

func TestLockedPhoneKeepsItsBooksShut(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		b := start(t, services())
		b.key(phone.SetLock{Kind: phone.ManualLock})
		c, o := b.controller("pc", hostSeed, true)
		if !o.Snapshot.Lock.Locked || o.Snapshot.Lock.Why != "manual" {
			t.Errorf("%+v", o.Snapshot.Lock)
		}
		for name, m := range methods {
			if m.flags&private != 0 {
				_, err := raw(b.ctx, c, name, `{}`)
				b.wantCode(err, CodeLocked)
			}
		}
	})
}
