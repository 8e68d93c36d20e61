package pairing

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hmac"

	"opendeskphone/usbhid/link"
)

// talk is a pairing under way, as each end knows it.
type talk struct {
	role, otherRole string
	own, other      half
	key             *ecdh.PrivateKey
	revealed        bool // own half was
	transcript      []byte
	linkKey         Secret
	agreed          bool   // by the person here
	confirmed       bool   // by the other end
	rights          Rights // wanted
}

// newTalk begins a pairing with fresh randomness.
func newTalk(role, otherRole string, self *Self, peer *Peer, f Fresh) talk {
	t := talk{role: role, otherRole: otherRole, key: f.ephemeral()}
	t.own = half{id: self.public(), ephemeral: t.key.PublicKey().Bytes(), nonce: f.nonce()}
	t.own.commit = commitment(role, t.own.id, t.own.ephemeral, t.own.nonce)
	t.other.id = peer.Key
	return t
}

func (t *talk) commitMessage() link.Message {
	return link.Message{Type: TypeCommit, TLVs: []link.TLV{tlv(TagCommit, t.own.commit)}}
}

func (t *talk) revealMessage() link.Message {
	return link.Message{Type: TypeReveal, TLVs: []link.TLV{tlv(TagEphemeral, t.own.ephemeral), tlv(TagNonce, t.own.nonce)}}
}

// takeCommit takes the other's commitment.
func (t *talk) takeCommit(m link.Message) Reason {
	c := m.Get(TagCommit)
	if len(c) != 32 || t.other.commit != nil {
		return BadCommit
	}
	t.other.commit = c
	return NoReason
}

// takeReveal takes what the other has committed to, and makes keys of it.
func (t *talk) takeReveal(m link.Message, helloHash []byte) Reason {
	t.other.ephemeral, t.other.nonce = m.Get(TagEphemeral), m.Get(TagNonce)
	if len(t.other.ephemeral) != 32 || len(t.other.nonce) != 32 ||
		!hmac.Equal(t.other.commit, commitment(t.otherRole, t.other.id, t.other.ephemeral, t.other.nonce)) {
		return BadCommit
	}
	phone, host := &t.own, &t.other
	if t.role == hostRole {
		phone, host = host, phone
	}
	t.transcript = transcript(phone, host, helloHash)
	key, err := linkKeyOf(t.key, t.other.ephemeral, t.transcript)
	if err != nil {
		return BadCommit
	}
	t.linkKey = key
	return NoReason
}

func (t *talk) confirmMessage(self *Self) link.Message {
	signature, _ := self.Key.Sign(nil, confirmation(t.role, t.transcript), crypto.Hash(0)) // Ed25519 signs whatever there is
	return link.Message{Type: TypeConfirm, TLVs: []link.TLV{tlv(TagSignature, signature)}}
}

func (t *talk) takeConfirm(m link.Message) Reason {
	if !ed25519.Verify(t.other.id, confirmation(t.otherRole, t.transcript), m.Get(TagSignature)) {
		return BadSignature
	}
	t.confirmed = true
	return NoReason
}
