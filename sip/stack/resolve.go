package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
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
	goodFor      = 24 * time.Hour         // how long the last good answer stands in for a dead DNS
	staleAfter   = 150 * time.Millisecond // a slow one is not waited for longer than this where there is an old answer (RFC 8767 §5)
	resolveLimit = 10 * time.Second
)

// goodAnswer is the latest answer for a URI.
type goodAnswer struct {
	targets []Target
	at      time.Time
}

// Resolve finds where a URI leads, best first (RFC 3263), and calls on on the
// loop, also when ctx ends. Several targets are to be tried in turn on
// ErrTimeout, ErrTransport and 503 (§4.3). The order of equals is drawn once
// for the life of the Stack, so that asking again does not lead elsewhere. While
// the DNS is dead, slow, or says that a name is gone which was there, the last
// good answer counts, for a day. Any goroutine.
func (s *Stack) Resolve(ctx context.Context, uri Uri, on func([]Target, error)) {
	s.Post(func() {
		if targets, err := numeric(uri); targets != nil || err != nil {
			s.Post(func() { on(targets, err) })
			return
		}
		key, told := uri.String(), false
		tell := func(targets []Target, err error) {
			if !told {
				told = true
				on(targets, err)
			}
		}
		var slow *Timer
		if old := s.stale(key); old != nil {
			slow = s.After(staleAfter, func() { tell(old, nil) })
		}
		s.tasks.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, resolveLimit)
			defer cancel()
			defer context.AfterFunc(s.ctx, cancel)()
			q := query{net: s.net, only4: s.cfg.Local.Addr().Is4(), uri: uri, seed: s.seed}
			targets, err := q.run(ctx)
			s.Post(func() {
				slow.Stop()
				tell(s.remember(key, targets, err))
			})
		})
	})
}

// stale is the last good answer for a URI, nil when there is none or it is too old.
func (s *Stack) stale(key string) []Target {
	if old, ok := s.good[key]; ok && time.Since(old.at) < goodFor {
		return old.targets
	}
	return nil
}

// remember keeps a good answer and puts an old one in the place of a failure.
func (s *Stack) remember(key string, targets []Target, err error) ([]Target, error) {
	if err != nil {
		if old := s.stale(key); old != nil {
			return old, nil
		}
		return nil, err
	}
	if len(s.good) >= maxGood {
		for k := range maps.Keys(s.good) {
			delete(s.good, k) // any one
			break
		}
	}
	s.good[key] = goodAnswer{targets, time.Now()}
	return targets, nil
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
	seed  uint64 // of the order of equals

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
	for _, r := range order(records, q.chance(name)) {
		if r.Host == "" || r.Host == "." || r.Port == 0 { // RFC 2782: the service is not offered
			continue
		}
		q.addresses(ctx, t, strings.TrimSuffix(r.Host, "."), r.Port)
	}
}

// chance is what orders the equals of a name: the same each time it is asked
// for, and another one on another phone, so that the load is shared.
func (q *query) chance(name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(strings.ToLower(name)))
	return rand.New(rand.NewPCG(q.seed, h.Sum64()))
}

// order puts SRV records in the order to try them (RFC 2782): by priority,
// and by chance according to weight within one.
func order(records []SRV, chance *rand.Rand) []SRV {
	records = slices.Clone(records[:min(len(records), maxRecords)])
	slices.SortFunc(records, func(a, b SRV) int { // the DNS may turn them round with every answer
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port))
	})
	for i := range records {
		sum, end := 0, i
		for ; end < len(records) && records[end].Priority == records[i].Priority; end++ {
			sum += int(records[end].Weight)
		}
		at := i
		if sum == 0 {
			at += chance.IntN(end - i)
		} else {
			for pick := chance.IntN(sum) - int(records[at].Weight); pick >= 0; pick -= int(records[at].Weight) {
				at++
			}
		}
		records[i], records[at] = records[at], records[i]
	}
	return records
}

// addresses adds a target for each address of a host: of the family the
// resolver puts first, then of the other one, each in the order of this phone.
// Nobody serves SIP at an address that is none or many; an answer that says so
// is poison.
func (q *query) addresses(ctx context.Context, t Transport, name string, port uint16) {
	addrs := []netip.Addr{}
	if a, err := netip.ParseAddr(name); err == nil {
		addrs = append(addrs, a)
	} else {
		addrs, err = q.net.LookupAddr(ctx, name)
		q.note(err)
	}
	var first, second []netip.Addr
	for _, a := range addrs {
		a = a.Unmap()
		switch {
		case q.only4 && !a.Is4() || a.IsUnspecified() || a.IsMulticast():
		case len(first) == 0 || a.Is4() == first[0].Is4():
			first = append(first, a)
		default:
			second = append(second, a)
		}
	}
	for _, family := range [][]netip.Addr{first, second} {
		slices.SortFunc(family, netip.Addr.Compare)
		q.chance(name).Shuffle(len(family), func(i, j int) { family[i], family[j] = family[j], family[i] })
	}
	for i, a := range append(first, second...) {
		to := Target{Transport: t, Addr: netip.AddrPortFrom(a, port), ServerName: strings.Trim(q.uri.Host, "[]")}
		if t.reliable() && i < len(first) && i < len(second) {
			to.Other = netip.AddrPortFrom(second[i], port)
		}
		if len(q.targets) < maxTargets && !slices.Contains(q.targets, to) {
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
