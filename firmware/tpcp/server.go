package tpcp

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"opendeskphone/firmware/phone"
)

// Config is who the phone is.
type Config struct {
	Key      crypto.Signer // of Ed25519; the first leg has its certificate made
	DeviceID string
	Model    string
	Firmware string
}

// Listen opens the port. It is called when the first pairing comes, and the listener is closed when the
// last one goes.
type Listen func() (net.Listener, error)

// Server is the phone's end. Run must run; legs come in by the port, and by ServeConn.
type Server struct {
	cfg      Config
	control  phone.Control
	pairings Pairings
	services Services
	log      *slog.Logger
	bootID   string
	tls      *tls.Config
	remember *memory

	poked chan struct{} // the port or the pairings have changed
	door  door
	heard chan news

	mu     sync.Mutex // guards all below; nothing under it waits
	listen Listen
	turn   int      // grows with each SetListen
	addr   net.Addr // of the open port
	legs   map[*leg]bool
	events
}

// NewServer makes the server of a phone; nothing runs yet.
func NewServer(cfg Config, control phone.Control, pairings Pairings, services Services, log *slog.Logger) *Server {
	id := make([]byte, 8)
	rand.Read(id)
	s := &Server{
		cfg: cfg, control: control, pairings: pairings, services: services, log: log, bootID: hex.EncodeToString(id),
		remember: newMemory(), poked: make(chan struct{}, 1), door: newDoor(), heard: make(chan news, maxNews), legs: map[*leg]bool{}, events: newEvents(),
	}
	s.tls = config(func(p Pin) bool { _, ok := pairings.Find(p); return ok })
	own := sync.OnceValues(func() (tls.Certificate, error) { return Certificate(cfg.Key) })
	s.tls.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		c, err := own()
		return &c, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin(control.State())
	return s
}

// SetListen says how to open the port from now on; nil: not at all.
func (s *Server) SetListen(l Listen) {
	s.mu.Lock()
	s.listen = l
	s.turn++
	s.mu.Unlock()
	s.poke()
}

func (s *Server) poke() {
	select {
	case s.poked <- struct{}{}:
	default:
	}
}

const reviewTime = time.Minute // how often the age of detached legs is looked at

// Run tells controllers what happens at the phone, and keeps the port, until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	wg.Go(func() { s.keepPort(ctx) })
	wg.Go(func() { s.keepReviewing(ctx) })
	wg.Go(func() { s.keepTelling(ctx) })
	for {
		s.mu.Lock()
		seen := s.seen
		s.mu.Unlock()
		if _, err := s.control.Watch(ctx, seen); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("tpcp: watch: %w", err)
		}
		s.mu.Lock()
		s.catchUp()
		s.mu.Unlock()
	}
}

func (s *Server) keepReviewing(ctx context.Context) {
	tick := time.NewTicker(reviewTime)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.Review()
		}
	}
}

// Review looks at the pairings again: to be called when one was made, revoked or changed, and when the
// cable was plugged in or out.
func (s *Server) Review() {
	s.mu.Lock()
	for l := range s.legs {
		s.review(l)
	}
	s.mu.Unlock()
	s.poke()
}
