package ua

import (
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"opendeskphone/sip/stack"
)

// Limits of the registration rhythm.
const (
	// A registrar that came back must be found within 5 s; a repeat on UDP comes
	// every 4 s (T2), so a new transaction may follow the last repeat of the
	// old one by no more. With the first repeats after 1, 3 and 7 s this makes
	// no more than 4 messages in any 10 s, which leaves one to sign.
	probeMin, probeMax = 2200 * time.Millisecond, 3200 * time.Millisecond
	probeFor           = 10 * time.Minute // after that the registrar counts as gone for longer

	slowMin     = 5 * time.Minute // after a refusal, that only a human can mend
	certBase    = 20 * time.Second
	certMax     = 5 * time.Minute
	troubleBase = 30 * time.Second // RFC 5626 §4.5
	troubleMax  = 30 * time.Minute
	waitMax     = time.Hour // of a Retry-After we obey

	steadyAfter = 2 * time.Minute // a connection that stands so long is a good one (RFC 5626 §4.5)
	briefMost   = 3               // connections in a row that may end sooner

	burst       = 5 // REGISTERs in any window
	burstWindow = 10 * time.Second
	smallBurst  = 20 // SUBSCRIBEs and PUBLISHes in any window: a hundred lamps are right within 10 s
	smallWindow = 2 * time.Second
	maxStale    = 4               // bindings that wait to be taken away; older ones end by themselves
	refreshMin  = 5 * time.Second // however short the registrar's time is
	pulseMin    = 5 * time.Second // however often the registrar wants one
	// for a silent server alone, on a connection that stands or is being opened; with the pause after it still within 30 s
	streamPatience = 20 * time.Second
	pulseWait      = 8 * time.Second // for the answer to a pulse: five tries
)

// backoff is how long to wait after the n-th failure in a row (from 1), the
// first of which was since ago. after is the Retry-After of the server, 0 for
// none; random is in [0, 1).
func backoff(f Fault, n int, since, after time.Duration, random float64) time.Duration {
	if after > 0 {
		return min(after, waitMax) + time.Second/2 + time.Duration(random*float64(3500*time.Millisecond))
	}
	grow := func(base, limit time.Duration) time.Duration {
		d := min(base<<min(n-1, 10), limit)
		return d/2 + time.Duration(random*float64(d/2)) // RFC 5626 §4.5: 50 to 100 %
	}
	switch f {
	case Unreachable:
		if since < probeFor {
			return probeMin + time.Duration(random*float64(probeMax-probeMin))
		}
		return grow(troubleBase, troubleMax)
	case CertExpired, CertNotYetValid, CertWrongName, CertUnknownAuthority, CertUnusable, CertOurs, CertOther:
		return grow(certBase, certMax)
	case WrongPassword, Refused, BadAccount:
		return slowMin + grow(slowMin, troubleMax-slowMin)
	}
	return grow(troubleBase, troubleMax)
}

// refreshAfter is when to register anew: at 50 to 90 % of the time granted.
func refreshAfter(granted time.Duration, random float64) time.Duration {
	return max(refreshMin, granted/2+time.Duration(random*0.4*float64(granted)))
}

// retryAfter reads the header in seconds (RFC 3261 §20.33), 0 if there is none.
func retryAfter(res *stack.Response) time.Duration {
	h := res.GetHeader("Retry-After")
	if h == nil {
		return 0
	}
	digits := h.Value()
	if i := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		digits = digits[:i]
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

// jitter is a random time in [low, high).
func jitter(low, high time.Duration) time.Duration {
	return low + time.Duration(rand.Float64()*float64(high-low))
}

// faultOf names a transport error.
func faultOf(err error) Fault {
	var t *stack.TLSError
	if !errors.As(err, &t) {
		return Unreachable
	}
	switch t.Fault {
	case stack.Expired:
		return CertExpired
	case stack.NotYetValid:
		return CertNotYetValid
	case stack.BadCertificate:
		return CertUnusable
	case stack.OursUnusable, stack.Unwelcome:
		return CertOurs
	case stack.Silent:
		return Unreachable // as one that does not even take the connection
	case stack.WrongName:
		return CertWrongName
	case stack.UnknownAuthority:
		return CertUnknownAuthority
	}
	return CertOther
}
