package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// MaxMessage is the most bytes of a message, its head included.
const MaxMessage = 2048

const (
	version     = 1
	messageHead = 4 // type, version, length
	tlvHead     = 3 // tag, length
	maxTLVs     = 32
)

// ErrMessage is a message that breaks the form.
var ErrMessage = errors.New("link: not a message")

// ErrVersion is a message of a version of the protocol that this end does not speak.
var ErrVersion = errors.New("link: message of another version")

// Type says what a message means.
type Type uint8

// Tag names a value in a message.
type Tag uint8

// TLV is a value with its name.
type TLV struct {
	Tag   Tag
	Value []byte
}

// Message is one message of the control channel.
type Message struct {
	Type Type
	TLVs []TLV
}

// Get gives the value of a tag, nil if the message has none.
func (m Message) Get(t Tag) []byte {
	for _, v := range m.TLVs {
		if v.Tag == t {
			return v.Value
		}
	}
	return nil
}

// Has tells whether a message carries a value, be it empty.
func (m Message) Has(t Tag) bool {
	return slices.ContainsFunc(m.TLVs, func(v TLV) bool { return v.Tag == t })
}

// Bytes writes the message.
func (m Message) Bytes() []byte {
	out := []byte{byte(m.Type), version, 0, 0}
	for _, v := range m.TLVs {
		out = append(out, byte(v.Tag))
		out = binary.LittleEndian.AppendUint16(out, uint16(len(v.Value)))
		out = append(out, v.Value...)
	}
	binary.LittleEndian.PutUint16(out[2:], uint16(len(out)-messageHead))
	return out
}

// ParseMessage reads a message; its values are parts of b. Unknown tags are kept, one that stands twice is refused.
func ParseMessage(b []byte) (Message, error) {
	if len(b) < messageHead || len(b) > MaxMessage {
		return Message{}, fmt.Errorf("%w: %d bytes", ErrMessage, len(b))
	}
	if b[1] != version {
		return Message{}, fmt.Errorf("%w: %d", ErrVersion, b[1])
	}
	m := Message{Type: Type(b[0])}
	if n := int(binary.LittleEndian.Uint16(b[2:])); n != len(b)-messageHead {
		return Message{}, fmt.Errorf("%w: says %d bytes, has %d", ErrMessage, n, len(b)-messageHead)
	}
	for rest := b[messageHead:]; len(rest) > 0; {
		if len(rest) < tlvHead {
			return Message{}, fmt.Errorf("%w: a value is cut short", ErrMessage)
		}
		tag, n := Tag(rest[0]), int(binary.LittleEndian.Uint16(rest[1:]))
		if n > len(rest)-tlvHead {
			return Message{}, fmt.Errorf("%w: value %#x is cut short", ErrMessage, tag)
		}
		if m.Has(tag) || len(m.TLVs) == maxTLVs {
			return Message{}, fmt.Errorf("%w: value %#x stands twice, or there are too many", ErrMessage, tag)
		}
		m.TLVs = append(m.TLVs, TLV{tag, rest[tlvHead : tlvHead+n]})
		rest = rest[tlvHead+n:]
	}
	return m, nil
}
