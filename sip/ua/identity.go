package ua

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"opendeskphone/sip/stack"
)

// noSession is the identifier of a side that is not known yet (RFC 7989 §6).
const noSession = "00000000000000000000000000000000"

// maxConversation bounds the names of conversations that are taken from outside.
const maxConversation = 64

// NewConversation makes a name for a conversation that can be a session identifier: 32 hex digits
// (RFC 7989 §6).
func NewConversation() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // RFC 9562 version 4
	return hex.EncodeToString(b[:])
}

// identity is the Session-ID of a call, seen from both ends.
type identity struct {
	local, remote string // session identifiers; remote is empty until it is known
	alias         string // the conversation, where it is no session identifier
}

// newIdentity makes the identity of a call in a conversation, empty for one of its own.
func newIdentity(conversation string) identity {
	id := identity{local: conversation}
	if !isSession(conversation) {
		id.local = NewConversation()
		if isName(conversation) { // every device makes the same of the same name
			id.alias = conversation
			sum := sha256.Sum256([]byte(conversation))
			id.local = hex.EncodeToString(sum[:16])
		}
	}
	return id
}

// header is the Session-ID of our messages.
func (id *identity) header() stack.Header {
	remote := id.remote
	if remote == "" {
		remote = noSession
	}
	return stack.NewHeader("Session-ID", id.local+";remote="+remote)
}

// stamp puts it into a response of ours that has none (RFC 7989 §5: into all of them).
func (id *identity) stamp(res *stack.Response) {
	if res.GetHeader("Session-ID") == nil {
		res.AppendHeader(id.header())
	}
}

// learn takes the identifier of the far side from a message.
func (id *identity) learn(msg interface {
	GetHeader(string) stack.Header
}) {
	if theirs := sessionOf(msg); theirs != "" {
		id.remote = theirs
	}
}

// sessionOf is the sender's session identifier of a message, empty if it has none.
func sessionOf(msg interface {
	GetHeader(string) stack.Header
}) string {
	h := msg.GetHeader("Session-ID")
	if h == nil {
		return ""
	}
	v, _, _ := strings.Cut(h.Value(), ";")
	if v = strings.ToLower(strings.TrimSpace(v)); !isSession(v) || v == noSession {
		return ""
	}
	return v
}

// conversation names the conversation an INVITE belongs to: as the caller names it, else as we do.
func (id *identity) conversation(invite *stack.Request) string {
	if id.remote != "" {
		return id.remote
	}
	if h := invite.GetHeader("Ms-Conversation-ID"); h != nil && isName(strings.TrimSpace(h.Value())) {
		return strings.TrimSpace(h.Value())
	}
	return id.local
}

func isSession(s string) bool {
	return len(s) == len(noSession) && strings.Trim(s, "0123456789abcdef") == ""
}

// isName tells whether a text may stand in a header as the name of a conversation.
func isName(s string) bool {
	return s != "" && len(s) <= maxConversation && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == ';' || r == ',' })
}
