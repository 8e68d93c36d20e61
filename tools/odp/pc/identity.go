package pc

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc/keep"
)

const identityFile, pairingsFile = "identity.json", "pairings.json"

// record is one pairing as it is kept. LinkKey is a secret.
type record struct {
	PhoneID    string            `json:"phone"` // device ID in hex, the USB serial number
	Name       string            `json:"name"`
	Model      string            `json:"model,omitempty"`
	PairingID  []byte            `json:"pairing"`
	Device     []byte            `json:"device"` // the device ID that the phone itself gives
	Key        ed25519.PublicKey `json:"key"`    // the phone's identity
	LinkKey    []byte            `json:"linkKey"`
	Rights     tpcp.Rights       `json:"rights"`
	Addresses  []string          `json:"addresses,omitempty"` // where it listened last, "host:port"
	CreatedAt  time.Time         `json:"createdAt"`
	LastAttach time.Time         `json:"lastAttach"`
}

// Pin is what the phone's TLS key must hash to.
func (r record) Pin() tpcp.Pin { return tpcp.PinOf(r.Key) }

// identity is who this PC is towards phones, and which phones know it. Its methods may be called from any
// goroutine.
type identity struct {
	folder     keep.Folder
	id         [16]byte
	key        ed25519.PrivateKey
	controller string

	mu    sync.Mutex
	pairs []record
}

// kept is the identity in its file.
type kept struct {
	ID   string `json:"id"`
	Seed []byte `json:"seed"` // of the Ed25519 key: a secret
}

// openIdentity reads the identity, or makes one on the first start.
func openIdentity(folder keep.Folder) (*identity, error) {
	var k kept
	if err := folder.Load(identityFile, &k); err != nil {
		return nil, fmt.Errorf("pc: %w", err)
	}
	if k.Seed == nil {
		var id [16]byte
		k.Seed = make([]byte, ed25519.SeedSize)
		rand.Read(id[:])
		rand.Read(k.Seed)
		k.ID = hex.EncodeToString(id[:])
		if err := folder.Save(identityFile, k); err != nil {
			return nil, fmt.Errorf("pc: %w", err)
		}
	}
	id, err := hex.DecodeString(k.ID)
	if err != nil || len(id) != 16 || len(k.Seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("pc: %s is broken; without it all phones must be paired anew", folder.Path(identityFile))
	}
	s := &identity{folder: folder, id: [16]byte(id), key: ed25519.NewKeyFromSeed(k.Seed), controller: "odp-" + k.ID[:16]}
	if err := folder.Load(pairingsFile, &s.pairs); err != nil {
		return nil, fmt.Errorf("pc: %w", err)
	}
	return s, nil
}

func (s *identity) certificate() (tls.Certificate, error) { return tpcp.Certificate(s.key) }

func (s *identity) all() []record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.pairs)
}

func (s *identity) find(phone string) (record, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.pairs, func(r record) bool { return r.PhoneID == phone })
	if i < 0 {
		return record{}, false
	}
	return s.pairs[i], true
}

func (s *identity) has(phone string) bool { _, ok := s.find(phone); return ok }

// put keeps a pairing in place of any other with that phone.
func (s *identity) put(r record) error {
	return s.save(func(p []record) []record {
		return append(slices.DeleteFunc(p, func(o record) bool { return o.PhoneID == r.PhoneID }), r)
	})
}

// drop forgets a pairing.
func (s *identity) drop(phone string) error {
	return s.save(func(p []record) []record {
		return slices.DeleteFunc(p, func(o record) bool { return o.PhoneID == phone })
	})
}

func (s *identity) save(change func([]record) []record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	pairs := change(slices.Clone(s.pairs))
	if err := s.folder.Save(pairingsFile, pairs); err != nil {
		return fmt.Errorf("pc: %w", err)
	}
	s.pairs = pairs
	return nil
}
