// Package conformance holds a phone to docs/TPCP.md from outside: it is a controller that trusts nothing, speaks
// the wire itself, and reports each rule it has checked with the section that makes it. It knows nothing of how
// the phone is built, so any phone that speaks the protocol can be tested.
package conformance

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"opendeskphone/firmware/tpcp"
)

// Options say what may be tested.
type Options struct {
	Identity tpcp.Identity
	// Secret gives the attach secret of the cable that is plugged in, nil if none is. May be nil.
	Secret func() []byte
	// Call is a number that answers by itself. Empty: no calls are made.
	Call string
	// OneLeg says that dial takes the place of the stream before, as the cable does.
	OneLeg bool
	// Patience is how long the phone may take for an answer; 0: 5 s.
	Patience time.Duration
}

// Dial opens a stream to the phone, before TLS.
type Dial func(ctx context.Context) (net.Conn, error)

// check is one rule.
type check struct {
	section string
	name    string
	needs   string // methods that must be served, "cable", "call", "legs": several at a time
	do      func(*run) error
}

// run is a test of a phone in progress.
type run struct {
	Options
	ctx   context.Context
	dial  Dial
	hello hello
	name  string // of the controller that the checks are
}

// Run tests a phone: every check has a line in report, and those that failed say why. A phone that cannot be
// reached fails the first check, and the rest is not tried.
func Run(ctx context.Context, dial Dial, o Options, report io.Writer) (passed, failed int) {
	if o.Patience == 0 {
		o.Patience = 5 * time.Second
	}
	id := make([]byte, 6)
	rand.Read(id)
	r := &run{Options: o, ctx: ctx, dial: dial, name: "conformance-" + hex.EncodeToString(id)}
	for i, c := range checks() {
		if ctx.Err() != nil {
			break
		}
		if why := r.lacks(c); why != "" {
			fmt.Fprintf(report, "skip  %-5s %s (%s)\n", c.section, c.name, why)
			continue
		}
		if err := c.do(r); err != nil {
			failed++
			fmt.Fprintf(report, "FAIL  %-5s %s\n            %v\n", c.section, c.name, err)
			if i == 0 {
				break
			}
			continue
		}
		passed++
		fmt.Fprintf(report, "pass  %-5s %s\n", c.section, c.name)
	}
	fmt.Fprintf(report, "%d passed, %d failed\n", passed, failed)
	return passed, failed
}

func checks() []check {
	return slices.Concat(transportChecks, frameChecks, sessionChecks, requestChecks, methodChecks, callChecks)
}

// lacks says why a check cannot be made.
func (r *run) lacks(c check) string {
	for _, what := range strings.Fields(c.needs) {
		switch {
		case what == "cable" && r.secret() == nil:
			return "no cable"
		case what == "call" && r.Call == "":
			return "no number to call"
		case what == "legs" && r.OneLeg:
			return "one leg at a time"
		case !slices.Contains([]string{"cable", "call", "legs"}, what) && !slices.Contains(r.hello.Features, what):
			return "the phone does not serve " + what
		}
	}
	return ""
}

func (r *run) secret() []byte {
	if r.Secret == nil {
		return nil
	}
	return r.Secret()
}

// tlsConfig is TLS as section 2.2 wants it.
func (r *run) tlsConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{r.Identity.Certificate}, NextProtos: []string{tpcp.Proto},
		InsecureSkipVerify: true, // the pin is checked by a check of its own
	}
}

// stranger is a key that no phone knows.
func stranger() (tls.Certificate, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tpcp.Certificate(key)
}
