package offer

import "opendeskphone/sip/dtls"

// Keying is a way to agree on keys.
type Keying uint8

// The ways.
const (
	SDES   Keying = iota // keys in the session descriptions (RFC 4568): as secret as these are on their way
	ByDTLS               // a handshake on the path of the voice (RFC 5763)
	noKeys
)

// DTLS is an agreed handshake on the path of the voice. One that is equal to the one before goes on; another one
// is a new handshake.
type DTLS struct {
	Client bool             // we begin it
	Remote dtls.Fingerprint // of the certificate the far side must show
}

// setup is the attribute for our role (RFC 4145 §4).
func (d DTLS) setup() string {
	if d.Client {
		return active
	}
	return passive
}

// Values of a=setup.
const (
	active  = "active"
	passive = "passive"
	actpass = "actpass"
)

// attempt is a kind of first offer.
type attempt uint8

const (
	plain         attempt = iota // RTP/AVP
	opportunistic                // RTP/AVP, and keys beside it (RFC 8643)
	savp                         // RTP/SAVP with keys by SDES, and a fingerprint for who answers by DTLS all the same
	tlsSAVP                      // UDP/TLS/RTP/SAVP, keys by DTLS
)

// insists tells whether an answer without keys is refused.
func (a attempt) insists() bool { return a == savp || a == tlsSAVP }

var attemptProto = [...]string{plain: "RTP/AVP", opportunistic: "RTP/AVP", savp: "RTP/SAVP", tlsSAVP: "UDP/TLS/RTP/SAVP"}

// attempts are the first offers of a policy, each for a peer that has refused the one before: keys beside plain RTP
// may be too little for one that insists on encryption, and too much for one that chokes on them. Required never
// becomes plain, and never trusts keys to signalling that others can read.
func (l Local) attempts() []attempt {
	if l.SRTP == Off {
		return []attempt{plain}
	}
	var keyed []attempt
	if l.SRTP == Optional || !l.Open {
		keyed = append(keyed, savp)
	}
	if l.Fingerprint != (dtls.Fingerprint{}) {
		if keyed = append(keyed, tlsSAVP); l.Keys == ByDTLS && len(keyed) == 2 {
			keyed[0], keyed[1] = keyed[1], keyed[0]
		}
	}
	if l.SRTP == Required {
		return keyed
	}
	return append(append([]attempt{opportunistic}, keyed...), plain)
}

// Retreat changes the first offer of a call after a peer has refused it. It tells whether there is something left
// to try: never later in a call.
func (s *Session) Retreat() bool {
	if s.proto != "" || s.tries+1 >= len(s.local.attempts()) {
		return false
	}
	s.tries++
	s.Rollback()
	return true
}

// attempt is the present kind of first offer.
func (s *Session) attempt() (attempt, error) {
	all := s.local.attempts()
	if len(all) == 0 {
		return plain, unkeyed(inTheOpen)
	}
	return all[s.tries], nil
}

const inTheOpen = "encryption is required, and its keys would travel in the open"

// propose puts into an offer what it says of keys: of a first one what is tried, of a later one what is in force.
func (s *Session) propose(d *description, o *ours) error {
	first, err := s.attempt()
	if err != nil {
		return err
	}
	o.tried = first
	if d.proto = s.proto; d.proto == "" {
		d.proto = attemptProto[first]
	}
	standing := s.proto != "" && s.keying != noKeys
	if first != plain && (!standing && first != tlsSAVP || standing && s.keying == SDES) {
		// Of keys in force nothing else is offered: a peer might take a better suite in mid-call, and not all survive that.
		o.keys = s.ownKeys(offered[:])
		if standing {
			o.keys = s.ownKeys([]string{s.suite})
		}
		d.keys = o.keys
	}
	switch {
	case s.local.Fingerprint == (dtls.Fingerprint{}):
	case standing && s.keying == ByDTLS:
		d.setup = s.dtls.setup()
	case !standing && first != plain:
		d.setup = actpass
	}
	if o.handshake = d.setup != ""; o.handshake {
		d.fingerprint = s.local.Fingerprint.String()
	}
	// Where every other port would need a handshake of its own, one port is offered.
	d.mux = s.local.RTCPMux || d.setup != "" && d.keys == nil
	o.mux = d.mux
	return nil
}

// secureAnswer applies the policy to an answer. Never are keys agreed on that were not offered.
func (s *Session) secureAnswer(r *stream, m *Media) error {
	o := s.offer
	if o.keys != nil && !r.dtls {
		m.Crypto = agree(o.keys, r.crypto)
	}
	if o.handshake && (m.Crypto == nil || s.local.Open) {
		m.DTLS = s.association(r)
	}
	if m.DTLS != nil {
		m.Crypto = nil
	}
	switch {
	case m.Crypto != nil || m.DTLS != nil:
		return nil
	case r.dtls:
		return unkeyed("the answer is UDP/TLS without a fingerprint we know")
	case r.secured:
		return unkeyed("the answer is RTP/SAVP without a key we know")
	case s.local.SRTP == Required || o.tried.insists() && s.proto == "":
		return unkeyed("encryption is required and the answer has no key")
	}
	return nil
}

// association is the handshake with the far side of r, nil if it names no certificate; linphonec names it only once in a
// call, which is for the handshake that stands. The role of one that stands
// is kept (RFC 8842 §5.3), as long as the far side does not claim it; else who may begin does, which is soonest.
func (s *Session) association(r *stream) *DTLS {
	switch {
	case s.local.Fingerprint == (dtls.Fingerprint{}):
		return nil
	case r.fingerprint == (dtls.Fingerprint{}):
		if r.dtls {
			return s.dtls
		}
		return nil
	}
	d := &DTLS{Remote: r.fingerprint}
	switch r.setup {
	case active:
	case passive, actpass:
		d.Client = true
		if r.setup == actpass && s.dtls != nil && s.dtls.Remote == d.Remote {
			d.Client = s.dtls.Client
		}
	default: // RFC 4145 §4: who says nothing begins; holdconn wants no connection
		if r.setup != "" {
			return nil
		}
	}
	return d
}

// keyingOf is the way to agree on keys that we choose of those of an offer.
func (s *Session) keyingOf(r *stream) Keying {
	_, keyed := r.bestKey()
	keyed = keyed && !r.dtls && !(s.local.SRTP == Required && s.local.Open) && !(r.hint == "rejected" && !r.secured)
	named := s.association(r) != nil
	switch {
	case s.local.SRTP == Off:
		return noKeys
	case keyed && !(named && s.local.Open):
		return SDES
	case named:
		return ByDTLS
	}
	return noKeys
}

// secure puts what we choose of an offer into our answer to it.
func (s *Session) secure(r *stream, m *Media, d *description) {
	switch s.keyingOf(r) {
	case SDES:
		k, _ := r.bestKey()
		m.Crypto = &Crypto{Suite: canonical(k.suite), LocalKey: s.key(canonical(k.suite)), RemoteKey: k.key}
		d.keys = []keyLine{{tag: k.tag, suite: k.suite, key: m.Crypto.LocalKey}}
	case ByDTLS:
		m.DTLS = s.association(r)
		d.fingerprint, d.setup = s.local.Fingerprint.String(), m.DTLS.setup()
	}
}

// stand remembers what was agreed on, for later offers.
func (s *Session) stand(m *Media) {
	s.dtls = m.DTLS
	switch {
	case m.DTLS != nil:
		s.keying = ByDTLS
	case m.Crypto != nil:
		s.keying, s.suite = SDES, m.Crypto.Suite
	default:
		s.keying = noKeys
	}
}

// wants says why a stream cannot be answered for want of keys, "" if it can.
func (s *Session) wants(r *stream) string {
	_, keyed := r.bestKey()
	switch way := s.keyingOf(r); {
	case way != noKeys:
		return ""
	case s.local.SRTP == Off && (r.secured || r.hint == "required"):
		return "encryption is switched off"
	case s.local.SRTP == Required && s.local.Open && keyed:
		return inTheOpen
	case r.dtls:
		return "UDP/TLS without a fingerprint we know"
	case r.secured || r.hint == "required":
		return "encryption without a key we know"
	case s.local.SRTP == Required:
		return "encryption is required"
	}
	return ""
}
