package pairing

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"opendeskphone/usbhid/link"
)

// Who an end is in what is hashed and signed: what one end said cannot be said again by the other.
const phoneRole, hostRole = "phone", "host"

const digitsModulus = 1_000_000

// commitment binds an end to its ephemeral key and nonce before it sees the other's.
func commitment(role string, id ed25519.PublicKey, ephemeral, nonce []byte) []byte {
	return hashed("odp-pair/1 commit "+role+"\x00", id, ephemeral, nonce)
}

func hashed(prefix string, parts ...[]byte) []byte {
	h := sha256.New()
	h.Write([]byte(prefix))
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// half is what one end brings to a pairing.
type half struct {
	id        ed25519.PublicKey
	ephemeral []byte
	nonce     []byte
	commit    []byte
}

// transcript is the hash of all that was said.
func transcript(phone, host *half, helloHash []byte) []byte {
	return hashed("odp-pair/1 transcript\x00", phone.id, host.id, phone.ephemeral, host.ephemeral, phone.commit, host.commit, phone.nonce, host.nonce, helloHash)
}

// digits are the six that people compare.
func digits(transcript []byte) string {
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(derive(transcript, nil, "odp-pair/1 sas", 4))%digitsModulus)
}

func derive(key, salt []byte, info string, n int) []byte {
	out, err := hkdf.Key(sha256.New, key, salt, info, n)
	if err != nil {
		panic(err) // the lengths are ours
	}
	return out
}

func confirmation(role string, transcript []byte) []byte {
	return append([]byte("odp-pair/1 confirm "+role+"\x00"), transcript...)
}

// linkKeyOf agrees on the key of the pairing. It fails for points of low order, where the outcome would not depend on
// our own key (RFC 7748 §6.1).
func linkKeyOf(own *ecdh.PrivateKey, other, transcript []byte) (Secret, error) {
	shared, err := agree(own, other)
	if err != nil {
		return Secret{}, err
	}
	return Secret(derive(shared, transcript, "odp-pair/1 link key", 32)), nil
}

func agree(own *ecdh.PrivateKey, other []byte) ([]byte, error) {
	pub, err := ecdh.X25519().NewPublicKey(other)
	if err != nil {
		return nil, err
	}
	return own.ECDH(pub) // an all-zero outcome is an error
}

// Fresh randomness as an ephemeral key and a nonce.
func (f *Fresh) ephemeral() *ecdh.PrivateKey {
	key, err := ecdh.X25519().NewPrivateKey(f[:32])
	if err != nil {
		panic(err) // any 32 bytes are a key
	}
	return key
}

func (f *Fresh) nonce() []byte { return append([]byte(nil), f[32:]...) }

// attachMAC proves the link key for one pair of nonces.
func attachMAC(role string, key Secret, phoneNonce, hostNonce []byte) []byte {
	return mac(key, "odp-attach/1 "+role+"\x00", phoneNonce, hostNonce)
}

func mac(key Secret, prefix string, parts ...[]byte) []byte {
	m := hmac.New(sha256.New, key[:])
	m.Write([]byte(prefix))
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

// attachSecret is the secret of one plug-in.
func attachSecret(key Secret, phoneNonce, hostNonce []byte) Secret {
	salt := append(append([]byte(nil), phoneNonce...), hostNonce...)
	return Secret(derive(key[:], salt, "odp-attach/1 secret", 32))
}

// LockMessage tells the phone whether the PC is locked. The counter grows with each one of an attachment.
func LockMessage(secret Secret, locked bool, counter uint64) link.Message {
	state, ctr := lockByte(locked), binary.BigEndian.AppendUint64(nil, counter)
	return link.Message{Type: TypeHostLock, TLVs: []link.TLV{
		{Tag: TagLock, Value: []byte{state}}, {Tag: TagNonce, Value: ctr}, {Tag: TagMAC, Value: lockMAC(secret, state, ctr)}}}
}

func lockMAC(secret Secret, state byte, counter []byte) []byte {
	return mac(secret, "odp-lock/1\x00", []byte{state}, counter)
}

func lockByte(locked bool) byte {
	if locked {
		return 1
	}
	return 0
}
