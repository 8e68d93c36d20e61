package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Errors of Resolve.
var (
	ErrNoHost      = errors.New("stack: host not found")
	ErrNoTransport = errors.New("stack: no transport for this URI")
)

// Bounds on what one name may cost, whatever the DNS answers.
const (
	maxTargets   = 16
	maxRecords   = 8
	maxGood      = 64
	goodFor      = 24 * time.Hour // how long the last good answer stands in for a dead DNS
	resolveLimit = 10 * time.Second
)

// goodAnswer is the latest answer for a URI.
type goodAnswer struct {
	targets []Target
	at      time.Time
}

// Resolve finds where a URI leads, best first (RFC 3263), and calls on on the
// loop, also when ctx ends. Several targets are to be tried in turn on
// ErrTimeout, ErrTransport and 503 (§4.3). While no DNS server answers, the
// last good answer counts, for a day. Any goroutine.
func (s *Stack) Resolve(ctx context.Context, uri Uri, on func([]Target, error)) {
	s.Post(func() {
		if targets, err := numeric(uri); targets != nil || err != nil {
			s.Post(func() { on(targets, err) })
			return
		}
		s.tasks.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, resolveLimit)
			defer cancel()
			defer context.AfterFunc(s.ctx, cancel)()
			q := query{net: s.net, only4: s.cfg.Local.Addr().Is4(), uri: uri}
			targets, err := q.run(ctx)
			s.Post(func() { on(s.remember(uri.String(), targets, err)) })
		})
	})
}

// remember keeps a good answer and puts an old one in the place of a failure.
func (s *Stack) remember(key string, targets []Target, err error) ([]Target, error) {
	switch old, ok := s.good[key]; {
	case err == nil:
		if len(s.good) >= maxGood {
			for k := range maps.Keys(s.good) {
				delete(s.good, k) // any one
				break
			}
		}
		s.good[key] = goodAnswer{targets, time.Now()}
	case ok && !errors.Is(err, ErrNoHost) && time.Since(old.at) < goodFor:
		return old.targets, nil
	}
	return targets, err
}

// transportOf reads the transport a URI asks for; empty when it leaves it
// open.
func transportOf(u Uri) (Transport, error) {
	secure := strings.EqualFold(u.Scheme, "sips")
	if !secure && !strings.EqualFold(u.Scheme, "sip") {
		return "", fmt.Errorf("%w: scheme %q", ErrNoTransport, u.Scheme)
	}
	t := Transport(strings.ToLower(u.UriParams.GetOr("transport", "")))
	switch {
	case secure && (t == "" || t == TCP || t == TLS):
		return TLS, nil
	case !secure && (t == "" || t == UDP || t == TCP || t == TLS):
		return t, nil
	default:
		return "", fmt.Errorf("%w: %s over %s", ErrNoTransport, u.Scheme, t)
	}
}

// host is where the request for a URI goes (§4: maddr before host).
func host(u Uri) string {
	return strings.Trim(u.UriParams.GetOr("maddr", u.Host), "[]")
}

// port of a transport when none is given (RFC 3261 §19.1.2).
func (t Transport) port() uint16 {
	if t == TLS {
		return 5061
	}
	return 5060
}

// numeric answers for a URI whose host is an address; nil when it is a name.
func numeric(u Uri) ([]Target, error) {
	t, err := transportOf(u)
	if err != nil {
		return nil, err
	}
	addr, err := netip.ParseAddr(host(u))
	if err != nil {
		return nil, nil
	}
	t = cmp.Or(t, UDP) // §4.1
	port := cmp.Or(uint16(u.Port), t.port())
	return []Target{{Transport: t, Addr: netip.AddrPortFrom(addr.Unmap(), port), ServerName: strings.Trim(u.Host, "[]")}}, nil
}

// query is one run of RFC 3263 §4.
type query struct {
	net   Resolver
	only4 bool // our sockets are IPv4
	uri   Uri

	targets []Target
	err     error // of a DNS that did not answer
}

func (q *query) run(ctx context.Context) ([]Target, error) {
	t, err := transportOf(q.uri)
	if err != nil {
		return nil, err
	}
	name := host(q.uri)
	switch {
	case q.uri.Port != 0:
		q.addresses(ctx, cmp.Or(t, UDP), name, uint16(q.uri.Port))
	case t != "":
		q.services(ctx, t, name)
	default:
		q.naptr(ctx, name)
	}
	if len(q.targets) == 0 && q.uri.Port == 0 { // §4.2: no SRV at all
		t = cmp.Or(t, UDP)
		q.addresses(ctx, t, name, t.port())
	}
	switch {
	case len(q.targets) > 0:
		return q.targets, nil
	case q.err != nil:
		return nil, fmt.Errorf("stack: resolve %s: %w", name, q.err)
	default:
		return nil, fmt.Errorf("%w: %s", ErrNoHost, name)
	}
}

// naptrServices are the transports we know by their NAPTR service (§4.1).
var naptrServices = map[string]Transport{"SIP+D2U": UDP, "SIP+D2T": TCP, "SIPS+D2T": TLS}

// naptr asks which transports the domain wants, and without an answer tries
// their SRV names in our order.
func (q *query) naptr(ctx context.Context, domain string) {
	records, err := q.net.LookupNAPTR(ctx, domain)
	q.note(err)
	records = slices.DeleteFunc(slices.Clone(records), func(r NAPTR) bool {
		return naptrServices[strings.ToUpper(r.Service)] == "" || !strings.EqualFold(r.Flags, "s")
	})
	slices.SortStableFunc(records, func(a, b NAPTR) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Preference, b.Preference))
	})
	for _, r := range records[:min(len(records), maxRecords)] {
		q.srv(ctx, naptrServices[strings.ToUpper(r.Service)], r.Replacement)
	}
	if len(records) > 0 {
		return
	}
	for _, t := range []Transport{UDP, TCP, TLS} {
		q.services(ctx, t, domain)
	}
}

// srvPrefix begins the SRV name of a transport (§4.2).
var srvPrefix = map[Transport]string{UDP: "_sip._udp.", TCP: "_sip._tcp.", TLS: "_sips._tcp."}

func (q *query) services(ctx context.Context, t Transport, domain string) {
	q.srv(ctx, t, srvPrefix[t]+domain)
}

func (q *query) srv(ctx context.Context, t Transport, name string) {
	records, err := q.net.LookupSRV(ctx, name)
	q.note(err)
	for _, r := range order(records) {
		if r.Host == "" || r.Host == "." || r.Port == 0 { // RFC 2782: the service is not offered
			continue
		}
		q.addresses(ctx, t, strings.TrimSuffix(r.Host, "."), r.Port)
	}
}

// order puts SRV records in the order to try them (RFC 2782): by priority,
// and by chance according to weight within one.
func order(records []SRV) []SRV {
	records = slices.Clone(records[:min(len(records), maxRecords)])
	slices.SortStableFunc(records, func(a, b SRV) int { return cmp.Compare(a.Priority, b.Priority) })
	for i := range records {
		sum := 0
		end := i
		for ; end < len(records) && records[end].Priority == records[i].Priority; end++ {
			sum += int(records[end].Weight)
		}
		if sum == 0 {
			continue // all the same: as they came
		}
		pick := rand.IntN(sum)
		for j := i; j < end; j++ {
			if pick -= int(records[j].Weight); pick < 0 {
				records[i], records[j] = records[j], records[i]
				break
			}
		}
	}
	return records
}

// addresses adds a target for each address of a host.
func (q *query) addresses(ctx context.Context, t Transport, name string, port uint16) {
	addrs := []netip.Addr{}
	if a, err := netip.ParseAddr(name); err == nil {
		addrs = append(addrs, a)
	} else {
		addrs, err = q.net.LookupAddr(ctx, name)
		q.note(err)
	}
	for _, a := range addrs {
		a = a.Unmap()
		if len(q.targets) == maxTargets || q.only4 && !a.Is4() {
			continue
		}
		to := Target{Transport: t, Addr: netip.AddrPortFrom(a, port), ServerName: strings.Trim(q.uri.Host, "[]")}
		if !slices.Contains(q.targets, to) {
			q.targets = append(q.targets, to)
		}
	}
}

// note keeps the first failure of the DNS; the search goes on without.
func (q *query) note(err error) {
	if q.err == nil {
		q.err = err
	}
}
