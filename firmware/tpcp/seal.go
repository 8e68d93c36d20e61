package tpcp

import (
	"crypto/ecdh"
	"crypto/hpke"
	"errors"
	"fmt"
)

// SealCredential seals a credential, a JSON object as docs/TPCP.md describes it, for cred.install: to the phone's key of
// cred.capabilities and for this session alone (RFC 9180 base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
// ChaCha20-Poly1305).
func SealCredential(key SealKey, session string, credential []byte) ([]byte, error) {
	if key.KEM != "DHKEM-X25519" {
		return nil, fmt.Errorf("tpcp: the phone wants credentials sealed by %q, which is not known here", key.KEM)
	}
	pub, err := ecdh.X25519().NewPublicKey(key.Pub)
	if err != nil {
		return nil, errors.New("tpcp: the phone's key to seal to is none")
	}
	to, err := hpke.NewDHKEMPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("tpcp: seal: %w", err)
	}
	return hpke.Seal(to, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), []byte("odp-cred/1"+session), credential)
}
