package stir

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Bounds of what is fetched and kept.
const (
	maxPEM     = 64 << 10       // bytes of a chain
	maxKept    = 64             // chains
	keepFor    = 24 * time.Hour // before a chain is fetched anew
	refuseFor  = time.Minute    // before a URL that failed is tried again
	fetchTime  = 4 * time.Second
	maxWorkers = 2 // fetches at once; a third goes without
)

// Certificates finds the certificate of a token: in it, among those the phone carries, or, if it may, where the token says.
type Certificates struct {
	carried [][]*x509.Certificate
	client  *http.Client // nil: nothing is fetched
	work    chan struct{}

	mu   sync.Mutex
	kept map[string]kept
}

type kept struct {
	chain []*x509.Certificate // nil: it could not be had
	until time.Time
}

// NewCertificates keeps the chains given, leaf first. fetch is how others are got, nil for not at all; see Client.
func NewCertificates(carried [][]*x509.Certificate, fetch *http.Client) *Certificates {
	return &Certificates{carried: carried, client: fetch, work: make(chan struct{}, maxWorkers), kept: map[string]kept{}}
}

// Client fetches from public addresses alone, by https, following no redirection: who calls chooses the URL, and must not
// make the phone knock at doors of the house.
func Client() *http.Client {
	dialer := &net.Dialer{Timeout: fetchTime, Control: func(_, address string, _ syscall.RawConn) error { return public(address) }}
	return &http.Client{
		Timeout:       fetchTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: fetchTime, DisableKeepAlives: true, ForceAttemptHTTP2: true},
	}
}

// shared are the addresses between a provider and its customers (RFC 6598), and those that stand for IPv4 ones (RFC 6052).
var shared = []netip.Prefix{netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("192.0.0.0/24")}

// public refuses an address of the house, of this machine or of nobody.
func public(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap()
	inside := !ip.IsGlobalUnicast() || ip.IsPrivate()
	for _, p := range shared {
		inside = inside || p.Contains(ip)
	}
	if inside {
		return fmt.Errorf("stir: %s is no public address", ip)
	}
	return nil
}

// find gives the chain of a token, leaf first.
func (s *Certificates) find(ctx context.Context, p *Passport) ([]*x509.Certificate, bool) {
	if len(p.chain) > 0 {
		chain, err := parseChain(p.chain)
		return chain, err == nil
	}
	for _, chain := range s.carried {
		if signedBy(p, chain[0]) {
			return chain, true
		}
	}
	if s.client == nil || !strings.HasPrefix(p.URL, "https://") {
		return nil, false
	}
	s.mu.Lock()
	k, known := s.kept[p.URL]
	s.mu.Unlock()
	if !known || time.Now().After(k.until) {
		k = s.fetch(ctx, p.URL)
	}
	return k.chain, k.chain != nil
}

// fetch gets a chain and remembers it, or that it could not be had.
func (s *Certificates) fetch(ctx context.Context, url string) kept {
	select {
	case s.work <- struct{}{}:
		defer func() { <-s.work }()
	default:
		return kept{}
	}
	k := kept{until: time.Now().Add(refuseFor)}
	if chain, err := s.get(ctx, url); err == nil {
		k = kept{chain, time.Now().Add(keepFor)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for old := range s.kept { // any one goes: a caller who fills the store gains nothing but work for himself
		if len(s.kept) < maxKept {
			break
		}
		delete(s.kept, old)
	}
	s.kept[url] = k
	return k
}

func (s *Certificates) get(ctx context.Context, url string) ([]*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	res, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, errors.New(res.Status)
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, maxPEM+1))
	if err != nil {
		return nil, err
	}
	return ParsePEM(b)
}

// ParsePEM reads a chain, leaf first, of at most four certificates and 64 kB.
func ParsePEM(b []byte) ([]*x509.Certificate, error) {
	if len(b) > maxPEM {
		return nil, errors.New("stir: the chain is longer than 64 kB")
	}
	var ders [][]byte
	for len(ders) <= maxChain {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			break
		}
		if block.Type == "CERTIFICATE" {
			ders = append(ders, block.Bytes)
		}
	}
	return parseChain(ders)
}

func parseChain(ders [][]byte) ([]*x509.Certificate, error) {
	if len(ders) == 0 || len(ders) > maxChain {
		return nil, fmt.Errorf("stir: a chain of %d certificates, want 1 to %d", len(ders), maxChain)
	}
	var chain []*x509.Certificate
	for _, der := range ders {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		chain = append(chain, c)
	}
	return chain, nil
}
