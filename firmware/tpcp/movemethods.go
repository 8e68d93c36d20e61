package tpcp

import (
	"fmt"
	"slices"

	"opendeskphone/firmware/phone"
)

// open gives calls that methods on several calls speak of; none of them may be an emergency call.
func (r *request) open(ids ...string) ([]phone.CallID, error) {
	s := r.server
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	out := make([]phone.CallID, len(ids))
	for i, id := range ids {
		out[i] = parseCall(id)
		switch t := s.calls[out[i]]; {
		case t == nil:
			return nil, refuse(CodeNoSuchCall, "there is no call "+fmt.Sprintf("%q", cut(id)))
		case t.emergency:
			return nil, refuse(CodeEmergencyGuard, "an emergency call is ended and held at the phone alone")
		}
	}
	return out, nil
}

func callTransfer(r *request, p ToParams) (any, error) {
	to, err := destination(p.To)
	if err != nil {
		return nil, err
	}
	id := parseCall(p.CallID)
	return r.ask(id, phone.Transfer{Call: id, Target: to})
}

func callConsult(r *request, p ToParams) (any, error) {
	to, err := destination(p.To)
	if err != nil {
		return nil, err
	}
	if err := r.keepsEmergency(); err != nil {
		return nil, err
	}
	if err := r.do(phone.Consult{Call: parseCall(p.CallID), Number: to}); err != nil {
		return nil, err
	}
	return r.shown(r.made())
}

func callComplete(r *request, p CompleteParams) (any, error) {
	ids, err := r.open(p.CallID, p.ConsultCallID)
	if err != nil {
		return nil, err
	}
	return r.ask(ids[0], phone.CompleteTransfer{Call: ids[0], Consult: ids[1]})
}

func callReconnect(r *request, p ReconnectParams) (any, error) {
	ids, err := r.open(p.HeldCallID, p.ConsultCallID)
	if err != nil {
		return nil, err
	}
	if err := r.keepsEmergency(); err != nil {
		return nil, err
	}
	return r.ask(ids[0], phone.Reconnect{Call: ids[0], Consult: ids[1]})
}

func callConference(r *request, p ConferenceParams) (any, error) {
	server := p.Mode == "focus"
	switch {
	case p.Mode != "" && p.Mode != "local" && !server:
		return nil, refuse(CodeBadParams, "mode is local or focus")
	case server && !slices.ContainsFunc(r.server.control.State().Config.Lines, func(l phone.LineConfig) bool { return l.Factory != "" }):
		return nil, refuse(CodeNotSupported, "no line of this phone has a server that holds conferences")
	case len(p.CallIDs) == 0 || len(p.CallIDs) == 1 && !server:
		return nil, refuse(CodeBadParams, "a conference has two calls at least")
	case len(p.CallIDs) > phone.MaxConf:
		return nil, refuse(CodeResource, fmt.Sprintf("a conference has at most %d calls", phone.MaxConf))
	}
	ids, err := r.open(p.CallIDs...)
	if err != nil {
		return nil, err
	}
	if err := r.keepsEmergency(); err != nil {
		return nil, err
	}
	join := phone.Join{Server: server}
	copy(join.Calls[:], ids)
	return r.ask(ids[0], join)
}

func callSplit(r *request, p CallParams) (any, error) {
	if err := r.keepsEmergency(); err != nil {
		return nil, err
	}
	id := parseCall(p.CallID)
	return r.ask(id, phone.Split{Call: id})
}

// callDrop puts somebody out of a conference: it ends his call here, or has the server end his there.
func callDrop(r *request, p ParticipantParams) (any, error) {
	st := r.server.control.State()
	if c := meetingOf(st, p.ConfID); c != nil && st.Roster(c.ID).Member(p.ParticipantID) != nil {
		return r.ask(c.ID, phone.DropMember{Call: c.ID, Member: p.ParticipantID})
	}
	ids, err := r.open(p.ParticipantID)
	if err != nil {
		return nil, err
	}
	if c := st.Call(ids[0]); c == nil || p.ConfID == "" || confID(c) != p.ConfID {
		return nil, refuse(CodeBadState, "the call is not in this conference")
	}
	return r.ask(ids[0], phone.Hangup{Call: ids[0]})
}

// callAdd has the server of a conference call somebody.
func callAdd(r *request, p ParticipantParams) (any, error) {
	to, err := destination(p.URI)
	if err != nil {
		return nil, err
	}
	c := meetingOf(r.server.control.State(), p.ConfID)
	if c == nil {
		return nil, refuse(CodeBadState, "no server holds this conference; call the participant, then join the calls by call.conference")
	}
	return r.ask(c.ID, phone.AddMember{Call: c.ID, Number: to})
}

// callMuteOther has the server of a conference let nobody hear somebody, or let all hear him again.
func callMuteOther(r *request, p MuteParticipantParams) (any, error) {
	c := meetingOf(r.server.control.State(), p.ConfID)
	if c == nil {
		return nil, refuse(CodeBadState, "no server holds this conference; whom the phone has in its own it cannot mute")
	}
	if !c.Controls {
		return nil, refuse(CodeNotSupported, "the server that holds this conference does not say that it can mute")
	}
	return r.ask(c.ID, phone.MuteMember{Call: c.ID, Member: p.ParticipantID, On: p.On})
}

// meetingOf finds the call that leads to a conference at a server.
func meetingOf(st *phone.State, id string) *phone.Call {
	for i := range st.Calls {
		if c := &st.Calls[i]; c.Focus != "" && !c.Shadow && confID(c) == id {
			return c
		}
	}
	return nil
}

func callMoveToPC(r *request, p MoveParams) (any, error) {
	to, err := destination(p.PCTarget)
	if err != nil {
		return nil, err
	}
	id := parseCall(p.CallID)
	return r.ask(id, phone.MoveTo{Call: id, Target: to})
}

func callPull(r *request, p PullParams) (any, error) {
	line := r.server.control.State().Selected
	if p.LineID != "" {
		line = parseLine(p.LineID)
	}
	to, err := destination(p.Target)
	if err != nil {
		return nil, err
	}
	for _, s := range []string{p.Replaces.CallID, p.Replaces.FromTag, p.Replaces.ToTag} {
		if s == "" || len(s) > maxText || !printable(s) {
			return nil, refuse(CodeBadParams, "replaces has callId, fromTag and toTag")
		}
	}
	if err := r.keepsEmergency(); err != nil {
		return nil, err
	}
	d := phone.Dialog{CallID: p.Replaces.CallID, ToTag: p.Replaces.ToTag, FromTag: p.Replaces.FromTag}
	if err := r.do(phone.Pull{Line: line, Target: to, Replaces: d}); err != nil {
		return nil, err
	}
	return r.shown(r.made())
}
