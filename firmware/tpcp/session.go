package tpcp

import (
	"crypto/hmac"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"opendeskphone/firmware/phone"
)

// open is session.open.
func open(r *request, p OpenParams) (any, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	s, l := r.server, r.leg
	var proof []byte
	if p.AttachProof != "" {
		proof, _ = hex.DecodeString(p.AttachProof)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.review(l)
	n := &session{id: randomID(), controllerID: p.ControllerID, origin: phone.Origin(originPrefix + p.ControllerID)}
	if p.AttachProof != "" {
		want, err := proofOn(l.conn, l.pairing.Secret)
		if err != nil {
			return nil, err
		}
		if len(l.pairing.Secret) == 0 || !hmac.Equal(want, proof) {
			return nil, refuse(CodeAttachRequired, "the attach proof is not one of the cable as it is plugged in now, on this connection")
		}
		n.secret = slices.Clone(l.pairing.Secret)
	}
	if n.rights, n.attached = rightsOf(l.pairing, n.secret, r.now), attachedBy(l.pairing, n.secret); n.rights == 0 {
		return nil, refuse(CodeAttachRequired, "the cable was not plugged in for 12 hours")
	}
	if err := s.seat(l, n); err != nil {
		return nil, err
	}
	return s.admit(r, n, p), nil
}

func (p *OpenParams) check() error {
	if !isID(p.ControllerID) {
		return refuse(CodeBadParams, "controllerId must be 1 to 64 printable ASCII characters without spaces")
	}
	for _, t := range p.Subscribe {
		if !slices.Contains(Topics, t) {
			return refuse(CodeBadParams, fmt.Sprintf("there is no topic %q", cut(t)))
		}
	}
	return nil
}

// isID tells whether s can name something in logs and in by.
func isID(s string) bool {
	return len(s) > 0 && len(s) <= maxID && printable(s)
}

func printable(s string) bool {
	return !slices.ContainsFunc([]byte(s), func(b byte) bool { return b <= ' ' || b >= 0x7f })
}

func topicSet(names []string) map[string]bool {
	if len(names) == 0 {
		names = Topics
	}
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}

// seat finds a place for a session: the same controller's older leg goes, another computer's with the same
// name stays.
func (s *Server) seat(l *leg, n *session) error {
	taken := 0
	for o := range s.legs {
		if o == l || o.session == nil {
			continue
		}
		if o.session.controllerID != n.controllerID {
			taken++
			continue
		}
		if o.pairing.ID != l.pairing.ID {
			return refuse(CodeConflict, "a controller of another computer has this controllerId")
		}
		s.bye(o, "replaced", "")
	}
	if taken >= MaxLegs {
		return refuse(CodeResource, fmt.Sprintf("%d controllers are connected", MaxLegs))
	}
	return nil
}

// admit begins the session, and gives the controller the phone as it is, or what it missed.
func (s *Server) admit(r *request, n *session, p OpenParams) Opened {
	l := r.leg
	s.catchUp()
	o := Opened{SessionID: n.id, Rights: n.rights, Attached: n.attached, Seq: s.seq}
	from := s.seq
	if p.Resume != nil && s.keeps(*p.Resume) {
		o.Resumed, from = true, p.Resume.LastSeq
	} else {
		snapshot := s.snapshot()
		o.Snapshot = &snapshot
	}
	l.session = n
	s.log.Info("a controller opened a session", "by", n.origin, "pairing", l.pairing.ID, "rights", n.rights.String(), "attached", n.attached, "resumed", o.Resumed)
	r.after = func() { s.follow(l, n, from, topicSet(p.Subscribe)) }
	return o
}

// follow lets notifications flow once the session's answer stands in line, beginning with what was missed.
func (s *Server) follow(l *leg, n *session, from uint64, topics map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n.topics = topics
	for _, e := range s.ring {
		if e.seq > from && topics[e.topic] {
			l.out.note(e.frame)
		}
	}
}

// shut is session.close.
func shut(r *request) (any, error) {
	s := r.server
	s.mu.Lock()
	defer s.mu.Unlock()
	r.leg.session = nil
	return struct{}{}, nil
}

func ping(*request) (any, error) { return Pong{T: Time{time.Now()}}, nil }
