package stack

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"
)

// ClientCert names the files of a certificate of ours and its key, in PEM; behind the certificate may stand those of
// authorities between. The zero value is none.
type ClientCert struct{ CertFile, KeyFile string }

// load reads the files, for each connection, so that a changed file counts at the next attempt.
func (c ClientCert) load() ([]tls.Certificate, error) {
	if c == (ClientCert{}) {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
	return []tls.Certificate{cert}, err
}

// TLSState is what was agreed on with a server. The zero value is a connection without TLS.
type TLSState struct {
	Version string        // "TLS 1.3"
	Group   string        // of the key exchange: "X25519MLKEM768" outlives quantum computers, "X25519" does not; "" if unknown
	Until   time.Time     // when the first of the certificates ends, of the server's chain as it was sent, or ours
	Life    time.Duration // of that certificate, from beginning to end
}

// String is what was agreed on in one line, "" without TLS.
func (s TLSState) String() string {
	if s.Group == "" {
		return s.Version
	}
	return s.Version + ", " + s.Group
}

// agreedOn is the state of a finished handshake in which we have shown ours.
func agreedOn(st tls.ConnectionState, ours []tls.Certificate) TLSState {
	s := TLSState{Version: tls.VersionName(st.Version)}
	if st.CurveID != 0 {
		s.Group = st.CurveID.String()
	}
	all := slices.Clone(st.PeerCertificates)
	for _, c := range ours {
		all = append(all, c.Leaf)
	}
	for _, c := range all {
		if s.Until.IsZero() || c.NotAfter.Before(s.Until) {
			s.Until, s.Life = c.NotAfter, c.NotAfter.Sub(c.NotBefore)
		}
	}
	return s
}

// Agreed is what was agreed on for a connection; ok is false if it is not there any more, or not TLS. On the loop.
func (s *Stack) Agreed(id ConnID) (TLSState, bool) {
	if c := s.conns.byID[id]; c != nil && c.transport == TLS {
		return c.agreed, true
	}
	return TLSState{}, false
}

// unwelcome are the alerts of a server that wants a certificate of ours, or another one (RFC 8446 §6.2). In TLS 1.3
// they come after the handshake is over for us.
var unwelcome = []string{"certificate required", "bad certificate", "unsupported certificate", "revoked certificate",
	"expired certificate", "unknown certificate", "unknown certificate authority", "access denied"}

// turnedAway makes a TLSError of the alert of a server that does not take us; other errors stay as they are.
func turnedAway(err error, name string) error {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return err
	}
	for _, alert := range unwelcome {
		if op.Err.Error() == "tls: "+alert {
			return &TLSError{Fault: Unwelcome, Name: name, Err: fmt.Errorf("the server says: %s", alert)}
		}
	}
	return err
}
