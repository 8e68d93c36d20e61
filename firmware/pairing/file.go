package pairing

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"opendeskphone/firmware/durable"
	"opendeskphone/usbhid/pairing"
)

// File keeps the phone's key and the computers it is paired with, on disk before a method returns. It holds
// secrets: its mode is 0600, and nothing of it is ever written elsewhere.
type File struct {
	path string
	log  *slog.Logger

	key func() ed25519.PrivateKey // of the seed

	mu   sync.Mutex
	data content
}

// content is the file.
type content struct {
	Seed   []byte         `json:"seed"` // of the Ed25519 key
	Pairs  []pair         `json:"pairs"`
	Limits pairing.Limits `json:"limits"`
}

type pair struct {
	ID         []byte         `json:"id"`
	Device     []byte         `json:"device"`
	Key        []byte         `json:"key"`
	Name       string         `json:"name"`
	User       string         `json:"user"`
	Rights     pairing.Rights `json:"rights"`
	LinkKey    []byte         `json:"linkKey"`
	Created    time.Time      `json:"created"`
	LastAttach time.Time      `json:"lastAttach"`
}

func written(r pairing.Record) pair {
	return pair{r.ID[:], r.Device[:], r.Key, r.Name, r.User, r.Rights, r.LinkKey[:], r.Created, r.LastAttach}
}

func (p pair) record() (r pairing.Record, ok bool) {
	if len(p.ID) != len(r.ID) || len(p.Device) != len(r.Device) || len(p.Key) != ed25519.PublicKeySize || len(p.LinkKey) != len(r.LinkKey) {
		return r, false
	}
	return pairing.Record{ID: pairing.ID(p.ID), Device: pairing.ID(p.Device), Key: p.Key, Name: p.Name, User: p.User, Rights: p.Rights & pairing.AllRights,
		LinkKey: pairing.Secret(p.LinkKey), Created: p.Created, LastAttach: p.LastAttach}, true
}

// OpenFile reads the file at path, or begins a new one. A damaged one is set aside: the phone has another key then,
// and every computer must be paired anew.
func OpenFile(path string, log *slog.Logger) *File {
	f := &File{path: path, log: log}
	f.key = sync.OnceValue(func() ed25519.PrivateKey {
		f.mu.Lock()
		defer f.mu.Unlock()
		return ed25519.NewKeyFromSeed(f.data.Seed)
	})
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &f.data)
	}
	if err == nil {
		err = f.data.check()
	}
	if err == nil {
		return f
	}
	if !errors.Is(err, fs.ErrNotExist) {
		log.Error("pairings are lost", "err", err)
		_ = os.Rename(path, path+".damaged")
	}
	f.data = content{Seed: make([]byte, ed25519.SeedSize)}
	rand.Read(f.data.Seed)
	if err := f.write(f.data); err != nil {
		log.Error("pairings cannot be kept", "err", err)
	}
	return f
}

func (c *content) check() error {
	if len(c.Seed) != ed25519.SeedSize || len(c.Pairs) > pairing.MaxPairings {
		return errors.New("the file is not as this firmware writes it")
	}
	for i, p := range c.Pairs {
		if _, ok := p.record(); !ok {
			return fmt.Errorf("pairing %d is not as this firmware writes it", i)
		}
	}
	return nil
}

// write puts the file on disk; the caller holds mu or is alone.
func (f *File) write(c content) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return durable.Write(f.path, text)
}

// Key is the phone's key towards computers. Its first use takes a while: many a phone has no computer.
func (f *File) Key() crypto.Signer { return lateKey(f.key) }

// lateKey is a key that is made of its seed when it is used.
type lateKey func() ed25519.PrivateKey

// Public implements crypto.Signer.
func (k lateKey) Public() crypto.PublicKey { return k().Public() }

// Sign implements crypto.Signer.
func (k lateKey) Sign(r io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	return k().Sign(r, message, opts)
}

// records and limits are what was kept.
func (f *File) records() (out []pairing.Record, l pairing.Limits) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.data.Pairs {
		if r, ok := p.record(); ok {
			out = append(out, r)
		}
	}
	return out, f.data.Limits
}

// keep makes these the pairings and limits.
func (f *File) keep(records []pairing.Record, l pairing.Limits) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := content{Seed: f.data.Seed, Limits: l}
	for _, r := range records {
		next.Pairs = append(next.Pairs, written(r))
	}
	if err := f.write(next); err != nil {
		return err
	}
	f.data = next
	return nil
}
