// Package credentials keeps what a computer hands over for the phone to sign in with. It comes sealed to a key
// of the phone (HPKE, RFC 9180), is taken only after the person at the phone agreed, lies encrypted on the data
// partition, and goes to the lines and nowhere else: nothing reads it back, and no log sees it.
//
//	TPCP cred.install --> Desk.Install -- Ask --> the phone's screen -- QuestionAnswered --> Vault --> lines
//
// The key that encrypts the file (AES-256-GCM) is a file of its own beside it. A board with a secure element
// would keep it there; on one without, who reads the data partition reads both.
package credentials

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"opendeskphone/firmware/durable"
)

// The errors of installing a credential.
var (
	ErrCredential = errors.New("credentials: this is no credential")
	ErrSealed     = errors.New("credentials: not sealed to this phone's key for this session")
	ErrDeclined   = errors.New("credentials: the person at the phone declined")
	ErrUnanswered = errors.New("credentials: nobody answered at the phone")
	ErrStorage    = errors.New("credentials: cannot be stored")
)

// Entry is a credential with its history.
type Entry struct {
	Credential
	AOR       string    // of the line
	From      string    // name of the computer it came from
	Pairing   string    // ID of that computer's pairing
	Installed time.Time //
}

// Vault keeps credentials by address of record. Its methods may be called from any goroutine.
type Vault struct {
	dir  string
	log  *slog.Logger
	seal hpke.PrivateKey // made anew at each start: what was sealed before cannot be opened later

	mu      sync.Mutex
	box     cipher.AEAD // nil: no device key could be read or made
	entries map[string]Entry
}

const (
	keyFile    = "device.key"
	vaultFile  = "credentials"
	vaultLabel = "odp-credentials/1" // additional data of the box
	maxEntries = 64
)

// Open reads the vault in dir. It never fails, for a phone must start: a vault that cannot be opened is set
// aside and said in the log, and its lines will say that they cannot sign in.
func Open(dir string, log *slog.Logger) *Vault {
	v := &Vault{dir: dir, log: log, entries: map[string]Entry{}}
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err == nil {
		v.seal, err = hpke.NewDHKEMPrivateKey(key)
	}
	if err != nil {
		panic(err) // a fresh X25519 key is always one of the KEM's
	}
	if v.box, err = openBox(dir); err != nil {
		log.Error("credentials cannot be kept", "err", err)
		return v
	}
	if err := v.load(); err != nil {
		log.Error("installed credentials are lost", "err", err)
		_ = os.Rename(v.path(), v.path()+".damaged")
	}
	return v
}

// openBox reads the device key, or makes one.
func openBox(dir string) (cipher.AEAD, error) {
	path := filepath.Join(dir, keyFile)
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key = make([]byte, 32)
		rand.Read(key)
		err = durable.Write(path, key)
	}
	if err != nil {
		return nil, err
	}
	if len(key) != 32 {
		return nil, fmt.Errorf("%s has %d bytes, not 32", keyFile, len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (v *Vault) path() string { return filepath.Join(v.dir, vaultFile) }

// kept is an Entry inside the box.
type kept struct {
	wire
	AOR       string    `json:"aor"`
	From      string    `json:"from"`
	Pairing   string    `json:"pairing"`
	Installed time.Time `json:"installed"`
}

func (v *Vault) load() error {
	sealed, err := os.ReadFile(v.path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	doc, err := v.box.Open(nil, nil, sealed, []byte(vaultLabel))
	if err != nil {
		return errors.New("the file was not made with this phone's key, or is damaged")
	}
	var all []kept
	if err := json.Unmarshal(doc, &all); err != nil {
		return errors.New("the file is not as this firmware writes it")
	}
	for _, k := range all {
		c, err := k.credential()
		if err != nil {
			return err
		}
		v.entries[k.AOR] = Entry{c, k.AOR, k.From, k.Pairing, k.Installed}
	}
	return nil
}

// put makes next the content of the vault, on disk first. The caller holds mu.
func (v *Vault) put(next map[string]Entry) error {
	if v.box == nil {
		return fmt.Errorf("%w: there is no device key", ErrStorage)
	}
	if len(next) > maxEntries {
		return fmt.Errorf("%w: there are %d already", ErrStorage, maxEntries)
	}
	all := make([]kept, 0, len(next))
	for _, e := range next {
		all = append(all, kept{e.wire(), e.AOR, e.From, e.Pairing, e.Installed})
	}
	doc, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStorage, err)
	}
	if err := durable.Write(v.path(), v.box.Seal(nil, nil, doc, []byte(vaultLabel))); err != nil {
		return fmt.Errorf("%w: %w", ErrStorage, err)
	}
	v.entries = next
	return nil
}

// Put keeps a credential in place of the line's old one.
func (v *Vault) Put(e Entry) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	next := maps.Clone(v.entries)
	next[e.AOR] = e
	return v.put(next)
}

// Clear forgets what a line signs in with; it tells whether there was anything.
func (v *Vault) Clear(aor string) (bool, error) {
	was, err := v.clear(func(e Entry) bool { return e.AOR == aor })
	return len(was) > 0, err
}

// ClearFrom forgets all that came from a computer; it tells which lines had it.
func (v *Vault) ClearFrom(pairing string) (aors []string, err error) {
	return v.clear(func(e Entry) bool { return e.Pairing == pairing })
}

func (v *Vault) clear(match func(Entry) bool) (aors []string, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	next := map[string]Entry{}
	for aor, e := range v.entries {
		if match(e) {
			aors = append(aors, aor)
		} else {
			next[aor] = e
		}
	}
	if len(aors) == 0 {
		return nil, nil
	}
	if err := v.put(next); err != nil {
		return nil, err
	}
	return aors, nil
}

// For gives what a line signs in with, for the lines alone.
func (v *Vault) For(aor string) (Entry, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	e, ok := v.entries[aor]
	return e, ok
}

// SealKey gives the public key to seal to: DHKEM(X25519, HKDF-SHA256), RFC 9180 §7.1.
func (v *Vault) SealKey() []byte { return v.seal.PublicKey().Bytes() }

// info binds a seal to its use and to one TPCP session.
func info(session string) []byte { return []byte("odp-cred/1" + session) }

// unseal opens what Seal made for this phone and session.
func (v *Vault) unseal(session string, sealed []byte) (Credential, error) {
	if len(sealed) > maxSealed {
		return Credential{}, fmt.Errorf("%w: more than %d bytes", ErrSealed, maxSealed)
	}
	doc, err := hpke.Open(v.seal, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), info(session), sealed)
	if err != nil {
		return Credential{}, ErrSealed
	}
	return Parse(doc)
}
