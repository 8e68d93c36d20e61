package stack

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"
)

// TLSFault is why a server was not believed.
type TLSFault uint8

// The faults a user can be told.
const (
	Refused          TLSFault = iota // the handshake failed before any certificate could be judged
	Expired                          // the certificate's time is over
	NotYetValid                      // its time has not begun: look at the clock
	WrongName                        // it is somebody else's
	UnknownAuthority                 // nobody we trust has signed it
	BadCertificate                   // it may not serve, or cannot be read
	BadRoots                         // a root file of ours cannot be read
)

var faultText = [...]string{
	Refused: "handshake refused", Expired: "certificate expired", NotYetValid: "certificate not yet valid",
	WrongName: "certificate for another name", UnknownAuthority: "certificate by an unknown authority",
	BadCertificate: "certificate not usable", BadRoots: "root certificates not readable",
}

// String is the fault in plain words, for logs.
func (f TLSFault) String() string { return faultText[f] }

// TLSError tells that no SIP was spoken because TLS did not come about. It is
// also an ErrTransport.
type TLSError struct {
	Fault TLSFault
	Name  string    // the name we asked for
	Names []string  // the names the certificate bears (WrongName)
	Until time.Time // end of validity (Expired) or its beginning (NotYetValid)
	Err   error
}

// Error tells the fault with the name that was asked for.
func (e *TLSError) Error() string {
	return fmt.Sprintf("stack: tls with %s: %v: %v", e.Name, e.Fault, e.Err)
}

// Unwrap makes the cause and ErrTransport visible to errors.Is.
func (e *TLSError) Unwrap() []error { return []error{e.Err, ErrTransport} }

// client does the handshake. Verification is ours to the extent that the name
// may stand as a SIP URI too (RFC 5922 §7); chain and dates are checked by
// crypto/x509.
func (c TLSConfig) client(ctx context.Context, nc net.Conn, to Target) (net.Conn, error) {
	name := to.ServerName
	if name == "" {
		name = to.Addr.Addr().String()
	}
	name = strings.TrimSuffix(strings.Trim(name, "[]"), ".")
	roots, err := c.roots()
	if err != nil {
		return nil, &TLSError{Fault: BadRoots, Name: name, Err: err}
	}
	cfg := &tls.Config{
		MinVersion: tls.VersionTLS12,
		// VerifyConnection does all of it, and is called for every handshake.
		InsecureSkipVerify: true,
		VerifyConnection:   func(st tls.ConnectionState) error { return verify(st, name, roots) },
	}
	if _, err := netip.ParseAddr(name); err != nil {
		cfg.ServerName = name // RFC 6066 §3: no addresses in SNI
	}
	if c.Certificate != nil {
		cfg.Certificates = []tls.Certificate{*c.Certificate}
	}
	tc := tls.Client(nc, cfg)
	if err := tc.HandshakeContext(ctx); err != nil {
		var known *TLSError
		if errors.As(err, &known) {
			return nil, known
		}
		return nil, &TLSError{Fault: Refused, Name: name, Err: err}
	}
	return tc, nil
}

// roots is whom we trust. The files are read for each connection, so that a
// changed file counts at the next attempt.
func (c TLSConfig) roots() (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if c.SystemRoots {
		system, err := x509.SystemCertPool()
		if err != nil {
			return nil, fmt.Errorf("system roots: %w", err)
		}
		pool = system
	}
	for _, file := range c.RootFiles {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: no certificate in it", file)
		}
	}
	return pool, nil
}

// Roots are the authorities that are believed, for others who speak TLS to an account's servers.
func (c TLSConfig) Roots() (*x509.CertPool, error) { return c.roots() }

// verify judges the server's certificate: dates, chain, purpose, then name.
func verify(st tls.ConnectionState, name string, roots *x509.CertPool) error {
	leaf := st.PeerCertificates[0]
	fault := func(f TLSFault, err error) *TLSError { return &TLSError{Fault: f, Name: name, Err: err} }
	now := time.Now()
	// Its dates first: they are what a user can mend, and an old certificate of
	// an unknown authority has both faults.
	if err := outdated(leaf, now, name); err != nil {
		return err
	}
	between := x509.NewCertPool()
	for _, cert := range st.PeerCertificates[1:] {
		between.AddCert(cert)
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return outdated(invalid.Cert, now, name)
	case errors.As(err, &unknown):
		return fault(UnknownAuthority, err)
	case err != nil:
		return fault(BadCertificate, err)
	case !bears(leaf, name):
		e := fault(WrongName, fmt.Errorf("it names %s", strings.Join(identities(leaf), ", ")))
		e.Names = identities(leaf)
		return e
	}
	return nil
}

// outdated tells whether a certificate's time is not now; nil is fine.
func outdated(cert *x509.Certificate, now time.Time, name string) error {
	switch {
	case now.After(cert.NotAfter):
		return &TLSError{Fault: Expired, Name: name, Until: cert.NotAfter,
			Err: fmt.Errorf("%s ended at %s", cert.Subject.CommonName, cert.NotAfter.UTC().Format(time.RFC3339))}
	case now.Before(cert.NotBefore):
		return &TLSError{Fault: NotYetValid, Name: name, Until: cert.NotBefore,
			Err: fmt.Errorf("%s begins at %s", cert.Subject.CommonName, cert.NotBefore.UTC().Format(time.RFC3339))}
	}
	return nil
}

// identities are the names a certificate bears (RFC 5922 §7.1): SIP URIs
// without a user, DNS names and addresses. The common name does not count
// (RFC 9525 §2).
func identities(cert *x509.Certificate) []string {
	names := slices.Concat(domains(cert), cert.DNSNames)
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}

// domains are the SIP domains in the certificate's URIs.
func domains(cert *x509.Certificate) []string {
	var names []string
	for _, u := range cert.URIs {
		if u.Scheme == "sip" && u.Opaque != "" && !strings.Contains(u.Opaque, "@") {
			names = append(names, u.Opaque)
		}
	}
	return names
}

// bears tells whether the certificate is for this name. Wildcards count in DNS
// names, though RFC 5922 §7.2 forbids them: most SIP providers use them, and
// the authority vouches for them all the same. In SIP URIs they do not exist.
func bears(cert *x509.Certificate, name string) bool {
	return slices.ContainsFunc(domains(cert), func(d string) bool { return strings.EqualFold(d, name) }) ||
		cert.VerifyHostname(name) == nil
}
