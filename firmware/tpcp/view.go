package tpcp

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"opendeskphone/firmware/phone"
)

// callID and lineID are how calls and lines are named on the wire: c-19, l-1.
func callID(id phone.CallID) string { return fmt.Sprintf("c-%d", id) }

// CallName is what a call is called in the protocol.
func CallName(id phone.CallID) string { return callID(id) }

func lineID(id phone.LineID) string { return fmt.Sprintf("l-%d", int(id)+1) }

func parseID(prefix, s string, bits int) (uint64, bool) {
	digits, ok := strings.CutPrefix(s, prefix)
	n, err := strconv.ParseUint(digits, 10, bits)
	return n, ok && err == nil && n > 0
}

// parseCall gives 0, which is no call, for what is no name of one.
func parseCall(s string) phone.CallID {
	n, ok := parseID("c-", s, 32)
	if !ok {
		return 0
	}
	return phone.CallID(n)
}

// parseLine gives a line that no phone has for what is no name of one.
func parseLine(s string) phone.LineID {
	n, ok := parseID("l-", s, 7)
	if !ok {
		return phone.MaxLines
	}
	return phone.LineID(n - 1)
}

// callStates are the states of a call; alerting and early part by Call.Early.
var callStates = map[phone.CallState]string{
	phone.None: StateNone, phone.Dialing: StateDialing, phone.Calling: StateProceeding, phone.Ringback: StateAlerting, phone.Ringing: StateRinging,
	phone.Answering: StateAnswering, phone.Talking: StateConnected, phone.Held: StateConnected, phone.Failed: StateEnding, phone.Ended: StateEnded,
}

var causes = [phone.CauseCount]string{
	phone.NoCause: "none", phone.LocalHangup: "localHangup", phone.RemoteHangup: "remoteHangup", phone.Rejected: "rejected",
	phone.UserBusy: "busy", phone.NoAnswer: "noAnswer", phone.NotFound: "notFound", phone.Incomplete: "incomplete", phone.NotAllowed: "notAllowed",
	phone.Unreachable: "unreachable", phone.Incompatible: "incompatible", phone.NotEncrypted: "notEncrypted", phone.Elsewhere: "answeredElsewhere",
	phone.Cancelled: "cancelled", phone.ServerError: "serverError", phone.HandedOver: "transferred", phone.Replaced: "replaced",
}

func causeName(c phone.Cause) string {
	if c < phone.CauseCount && causes[c] != "" {
		return causes[c]
	}
	return "none"
}

var lineStates = map[phone.LineState]string{
	phone.LineOff: "unregistered", phone.LineRegistering: "registering", phone.LineRegistered: "registered", phone.LineFailing: "failed",
}

var lineFaults = map[phone.LineFault]string{
	phone.WrongPassword: "wrongPassword", phone.RegistrarUnreachable: "unreachable", phone.RegistrarRefused: "refused",
	phone.NameUnknown: "nameUnknown", phone.CertExpired: "certificateExpired", phone.CertNotYetValid: "certificateNotYetValid",
	phone.CertWrongName: "certificateWrongName", phone.CertUnknownAuthority: "certificateUnknownAuthority", phone.CertUnusable: "certificateUnusable",
	phone.CertOurs: "ownCertificate", phone.TLSRefused: "tlsRefused",
}

var notices = [phone.NoticeCount]string{
	phone.NoSoundCard: "noSoundCard", phone.StoreFull: "storeFull", phone.SettingsInvalid: "settingsInvalid", phone.NoNetwork: "noNetwork",
	phone.NetworkRewrites: "networkRewrites", phone.NetworkForgets: "networkForgets",
	phone.CertEnding: "certificateEnding", phone.DialPlanRefused: "dialPlanRefused",
	phone.HandedRefused: "handedDownRefused", phone.RelayFails: "relayFails",
}

// terminals are the ways of the voice.
var terminals = map[string]phone.Path{"handset": phone.Handset, "headset": phone.Headset, "speaker": phone.Speaker}

// cut keeps a text of a stranger within bounds, and free of what turns or hides what stands beside it.
func cut(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), maxText)], "")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != zwnj && r != zwj {
			return -1
		}
		return r
	}, s)
}

// The joiners, which some scripts spell with.
const (
	zwnj = '\u200C'
	zwj  = '\u200D'
)

// moves are what is being done with a call on its way to another phone.
var moves = map[phone.Move]string{
	phone.Transferring: "transferring", phone.ToPC: "toPC", phone.Bridged: "bridged", phone.Following: "following", phone.Escalating: "escalating",
}

func stateName(c *phone.Call) string {
	switch {
	case c.State == phone.Ringback && c.Early:
		return StateEarly
	case c.Move == phone.Transferring && (c.State == phone.Talking || c.State == phone.Held):
		return StateTransferring
	}
	return callStates[c.State]
}

// confID names the conference of a call: that of this phone, or else that which a server holds; empty: there is none.
func confID(c *phone.Call) string {
	switch {
	case c.Conf != 0:
		return fmt.Sprintf("f-%d", c.Conf)
	case c.Focus != "":
		return fmt.Sprintf("s-%d", c.ID)
	}
	return ""
}

var memberStates = map[phone.MemberState]string{
	phone.MemberJoined: "connected", phone.MemberCalling: "alerting", phone.MemberHolding: "held", phone.MemberGone: "ended",
}

// viewConf shows the conference of a call.
func viewConf(s *phone.State, c *phone.Call) *Conf {
	v := &Conf{ConfID: confID(c), URI: cut(c.Focus)}
	if v.ConfID == "" {
		return nil
	}
	if v.Participants = []string{callID(c.ID)}; c.Conf != 0 {
		v.Participants = nil
		for _, m := range s.Conference(c.Conf) {
			v.Participants = append(v.Participants, callID(m.ID))
		}
	}
	if r := s.Roster(c.ID); r != nil {
		v.Subject, v.Count = cut(r.Subject), r.Count
		for _, m := range r.Members {
			v.Roster = append(v.Roster, Member{ParticipantID: cut(m.ID), Party: Party{URI: cut(m.URI), Display: cut(m.Name), Number: cut(m.Number)},
				State: memberStates[m.State], Muted: m.Muted, Self: m.Self})
		}
	}
	return v
}

// viewCall shows a call of the phone. Rev is left to whoever counts.
func viewCall(s *phone.State, c *phone.Call, legal []string, emergency bool) Call {
	v := Call{
		CallID: callID(c.ID), LineID: lineID(c.Line), Dir: "out", State: stateName(c), Hold: Hold{c.State == phone.Held, c.RemoteHeld, c.Private},
		LegA: LegA{Terminal: s.Path.String(), Media: hasVoice(c), Muted: s.Muted},
		LegB: LegB{URI: cut(c.Remote.URI), Display: cut(c.Remote.Name), Number: cut(c.Remote.Number), E164: e164(s, c.Remote.Number),
			Withheld: c.Remote.Hidden, Verified: verified(c.Proof), Attest: c.Proof.Attest, Doubt: doubts[c.Proof.Doubt], OnHold: c.State == phone.Held},
		ForwardedBy: party(c.ForwardedBy), Withheld: c.Withheld,
		ConversationID: cut(c.Conversation), Digits: c.Digits, CreatedAt: Time{c.Began}, AnsweredAt: moment(c.Answered),
		Reason: cut(c.Reason), Emergency: emergency, Actions: legal,
	}
	if c.Dir == phone.Incoming {
		v.Dir = "in"
	}
	if c.ConsultOf != 0 {
		v.ConsultOf = callID(c.ConsultOf)
	}
	if !c.Barges {
		v.Appearance = c.Appearance
	}
	if c.Joins != 0 {
		v.Joins = callID(c.Joins)
	}
	v.Conf = viewConf(s, c)
	v.Move, v.MoveTarget = moves[c.Move], cut(c.MoveTarget)
	if c.MoveFailed != phone.NoCause {
		v.MoveFailed = causeName(c.MoveFailed)
	}
	switch c.State {
	case phone.Ringback:
		v.Early = &Early{Media: "none"}
		if c.Early {
			v.Early.Media = "sendrecv"
			if c.OneWay {
				v.Early.Media = "recvonly"
			}
		}
	case phone.Talking, phone.Held:
		v.Media = &Media{SRTP: "off"}
		switch {
		case c.Secure && c.DTLS:
			v.Media.SRTP = "dtls"
		case c.Secure:
			v.Media.SRTP = "sdes"
		}
	case phone.Failed:
		v.Cause = causeName(c.Cause)
	}
	return v
}

// hasVoice tells whether a call has the ear and the mouth of the phone.
func hasVoice(c *phone.Call) bool {
	return c.State == phone.Talking || c.State == phone.Answering || c.State == phone.Ringback && c.Early
}

func e164(s *phone.State, number string) string {
	n, err := s.Config.Number(number)
	if err != nil {
		return ""
	}
	return n.E164
}

// isEmergency tells whether a call goes to an emergency number. Who answers there may have another name:
// a call that once was one stays one, see track.
func isEmergency(s *phone.State, c *phone.Call) bool {
	if c.Dir == phone.Incoming {
		return false
	}
	n, err := s.Config.Number(c.Remote.Number)
	return err == nil && n.Rule == phone.EmergencyRule
}

func viewLine(l *phone.Line) Line {
	return Line{
		LineID: lineID(l.ID), AOR: cut(l.AOR), Label: cut(l.Label), Display: cut(l.Display), State: lineStates[l.State],
		Code: lineFaults[l.Fault], Detail: cut(l.Detail), RetryAt: moment(l.Retry), MWI: viewMail(l.Mail),
	}
}

// viewMail shows a mailbox; nil if nothing is known of it.
func viewMail(m phone.Mail) *MWI {
	if !m.Known {
		return nil
	}
	v := &MWI{Waiting: m.Waiting, Stale: m.Stale, Account: cut(m.Account)}
	if m.Counted {
		v.New, v.Old, v.UrgentNew, v.UrgentOld = &m.New, &m.Old, &m.UrgentNew, &m.UrgentOld
	}
	return v
}

func viewLines(s *phone.State) []Line {
	out := make([]Line, len(s.Lines))
	for i := range s.Lines {
		out[i] = viewLine(&s.Lines[i])
		if r := &s.Config.Rules; !r.ByServer {
			out[i].DND, out[i].Forward = r.DND, cut(r.SendsOn())
		}
	}
	return out
}

func viewDevice(s *phone.State) Device {
	d := Device{
		Hook: "on", Terminal: s.Path.String(), Mute: s.Muted, Line: lineID(s.Selected), Missed: s.Missed,
		USBHost: s.PC.Attached, USBAudio: s.PCCall.Streams(), PCCall: pcCall(s.PCCall), Playing: viewPlaying(s.Playing), Volumes: map[string]uint8{"ringer": s.RingVolume}, Notices: map[string]string{},
	}
	if s.OffHook {
		d.Hook = "off"
	}
	for name, p := range terminals {
		d.Volumes[name] = s.Volume[p]
	}
	for n, text := range s.Notices {
		if text != "" {
			d.Notices[notices[n]] = cut(text)
		}
	}
	return d
}

func pcCall(p phone.PCCall) string {
	switch {
	case p.Active && p.Held:
		return "held"
	case p.Active:
		return "active"
	case p.Ringing:
		return "ringing"
	}
	return ""
}

func viewLock(s *phone.State) LockState {
	if s.Lock.Kind == phone.Unlocked {
		return LockState{}
	}
	return LockState{Locked: true, Why: s.Lock.Kind.String()}
}

// byName says whose doing a change was.
func byName(o phone.Origin) string {
	if id, ok := strings.CutPrefix(string(o), originPrefix); ok {
		return "controller:" + id
	}
	switch o {
	case "ui", "panel":
		return "local"
	case "lines":
		return "remote"
	}
	return "system"
}

// originPrefix stands before the controller's ID in the origin of what it asks for.
const originPrefix = "tpcp:"

// local tells whether a person at the phone did it.
func local(o phone.Origin) bool { return byName(o) == "local" }

// inFront tells whether a call has the terminal, alone or in a conference.
func inFront(s *phone.State, id phone.CallID) bool {
	f, c := s.Foreground(), s.Call(id)
	if f == nil || c == nil {
		return false
	}
	return f.ID == id || f.Conf != 0 && f.Conf == c.Conf && c.State == f.State
}

// legal lists what may be done with a call now, by the same rules as the methods keep (see guards).
func legal(s *phone.State, c *phone.Call, t traits) []string {
	out := []string{}
	may := func(on bool, names ...string) {
		if on {
			out = append(out, names...)
		}
	}
	if c.Page != 0 { // nobody is there to be held or handed over
		return []string{"hangup", "mute", "legA"}
	}
	free := !t.guardedFront || inFront(s, c.ID) // no emergency call would be pushed aside
	stands := c.State == phone.Talking || c.State == phone.Held
	room := !s.Full()
	other := func(fit func(*phone.Call) bool) bool {
		return slices.ContainsFunc(s.Calls, func(o phone.Call) bool { return o.ID != c.ID && !o.Shadow && fit(&o) })
	}
	swaps := c.State == phone.Talking && other(func(o *phone.Call) bool { return o.State == phone.Held && returns(s, o) && o.Conf == 0 }) ||
		c.State == phone.Held && c.Conf == 0 && returns(s, c) && other(func(o *phone.Call) bool { return o.State == phone.Talking })
	may(c.State == phone.Ringing && free, "answer")
	may(c.State == phone.Ringing, "reject", "deflect")
	may(!t.emergency, "hangup")
	may(c.State == phone.Talking && !t.emergency, "hold")
	may(c.State == phone.Held && returns(s, c) && free, "resume")
	may(swaps && !t.emergency && !t.guardedFront, "swap")
	may(c.State == phone.Talking || c.State == phone.Ringback && c.Early && !c.OneWay, "dtmf")
	may(inFront(s, c.ID), "mute", "legA")
	may(t.notes, "note")
	if t.emergency {
		return out
	}
	at, quiet := stands && !s.Busy(c), !t.guardedFront
	may(at && (c.Refers || room), "transfer")
	may(at && room, "moveToPC")
	may(at && room && quiet, "consult")
	may(paired(s, c, func(c, p *phone.Call) bool { return !s.Busy(p) && !s.Busy(c) && asked(p) }), "completeTransfer")
	may(quiet && paired(s, c, func(c, p *phone.Call) bool { return !c.Referred && !p.Referred }), "reconnect")
	may(stands && c.Move == phone.NoMove && quiet && (other(func(o *phone.Call) bool { return joins(s, c, o) }) || c.Focus == "" && s.Factory(c) != ""), "conference")
	may(at && c.Conf != 0 && quiet, "split")
	may(at && c.Focus != "" && c.Refers, "addParticipant")
	may(at && c.Focus != "" && c.Refers && others(s.Roster(c.ID)), "dropParticipant")
	may(at && c.Focus != "" && c.Controls && others(s.Roster(c.ID)), "muteParticipant")
	return out
}

// returns tells whether a held call may be taken back: not while it is being handed over, but from a program
// on a computer.
func returns(s *phone.State, c *phone.Call) bool {
	switch c.Move {
	case phone.NoMove, phone.ToPC, phone.Escalating:
		return true
	case phone.Bridged:
		p := s.Call(c.With)
		return p != nil && p.Shadow && c.MoveTarget != ""
	}
	return false
}

// paired tells whether c is one half of a call and its consultation, of which fit is true.
func paired(s *phone.State, c *phone.Call, fit func(c, p *phone.Call) bool) bool {
	if of := s.Call(c.ConsultOf); c.ConsultOf != 0 && of != nil {
		return standing(of) && fit(of, c)
	}
	for i := range s.Calls {
		if p := &s.Calls[i]; p.ConsultOf == c.ID {
			return standing(c) && fit(c, p)
		}
	}
	return false
}

func standing(c *phone.Call) bool { return c.State == phone.Talking || c.State == phone.Held }

// asked tells whether a consultation may end in a transfer: also one that rings still.
func asked(p *phone.Call) bool {
	return standing(p) || p.State == phone.Calling || p.State == phone.Ringback
}

// joins tells whether two calls may become a conference, or join one another's.
func joins(s *phone.State, c, o *phone.Call) bool {
	if o.Move != phone.NoMove || !standing(o) || c.Conf != 0 && c.Conf == o.Conf {
		return false
	}
	return max(1, len(s.Conference(c.Conf)))+max(1, len(s.Conference(o.Conf))) <= phone.MaxConf
}

// others tells whether anybody else is in a conference.
func others(r *phone.Roster) bool {
	return r != nil && slices.ContainsFunc(r.Members, func(m phone.Member) bool { return !m.Self })
}

// traits are what legal must know beside the State.
type traits struct {
	emergency    bool // the call is an emergency call
	guardedFront bool // the call in the foreground is one
	notes        bool // the phone keeps notes
}
