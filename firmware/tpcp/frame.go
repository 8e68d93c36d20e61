package tpcp

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// ReadFrame reads one frame: its length as a 32-bit big-endian number, then so many bytes. A length of 0
// or above MaxFrame is a parse error (CodeParse), after which the stream is of no use.
func ReadFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n == 0 || n > MaxFrame {
		return nil, refuse(CodeParse, fmt.Sprintf("a frame of %d bytes; 1 to %d are allowed", n, MaxFrame))
	}
	frame := make([]byte, n)
	if _, err := io.ReadFull(r, frame); err != nil {
		return nil, err
	}
	return frame, nil
}

// frame makes the bytes of one frame, length first.
func frame(v any) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, 4))
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	b.Truncate(b.Len() - 1) // Encode ends with a newline
	n := b.Len() - 4
	if n > MaxFrame {
		return nil, fmt.Errorf("tpcp: a message of %d bytes does not fit a frame", n)
	}
	binary.BigEndian.PutUint32(b.Bytes(), uint32(n))
	return b.Bytes(), nil
}

// Message is one JSON-RPC 2.0 message: a request has ID and Method, a notification Method alone, an
// answer ID and either Result or Error. An Error without ID speaks of a message that could not be read.
type Message struct {
	ID     *uint64
	Method string
	Params json.RawMessage // an object; nil: none were given
	Result json.RawMessage
	Error  *Error
}

// unread is how the answer to a message without a readable ID is written.
type unread struct {
	JSONRPC string  `json:"jsonrpc"`
	ID      *uint64 `json:"id"`
	Error   *Error  `json:"error"`
}

// wireMessage is how a Message is written.
type wireMessage struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      *uint64         `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *Error          `json:"error,omitempty"`
}

const maxNumber = 1<<53 - 1 // of an id: what every JSON library keeps exactly

// ParseMessage reads what a frame holds. Members it does not know are passed over. The error, if any, is
// one to send back: CodeParse if it is no JSON at all (the leg ends then), else CodeInvalidRequest; the
// message then still has its ID if that could be read.
func ParseMessage(b []byte) (Message, *Error) {
	var m Message
	if !utf8.Valid(b) || !json.Valid(b) {
		return m, refuse(CodeParse, "the frame is not JSON in UTF-8")
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(b, &members) != nil || members == nil {
		return m, refuse(CodeInvalidRequest, "a message is one JSON object; there are no batches")
	}
	if raw, ok := members["id"]; ok && string(raw) != "null" {
		id, err := strconv.ParseUint(string(raw), 10, 64)
		if err != nil || id > maxNumber {
			return m, refuse(CodeInvalidRequest, "id must be a whole number below 2^53")
		}
		m.ID = &id
	}
	if string(members["jsonrpc"]) != `"2.0"` {
		return m, refuse(CodeInvalidRequest, `jsonrpc must be "2.0"`)
	}
	return m, m.read(members)
}

func (m *Message) read(members map[string]json.RawMessage) *Error {
	if raw, ok := members["method"]; ok {
		if json.Unmarshal(raw, &m.Method) != nil || m.Method == "" || len(m.Method) > maxID {
			return refuse(CodeInvalidRequest, "method must be a text of 1 to 64 bytes")
		}
		m.Params = members["params"]
		if m.Params != nil && m.Params[0] != '{' {
			return refuse(CodeInvalidRequest, "params must be an object")
		}
		return nil
	}
	m.Result = members["result"]
	if raw, ok := members["error"]; ok && json.Unmarshal(raw, &m.Error) != nil {
		return refuse(CodeInvalidRequest, "error must be an object with code and message")
	}
	if m.ID == nil && m.Error == nil || (m.Result == nil) == (m.Error == nil) {
		return refuse(CodeInvalidRequest, "neither a request, nor a notification, nor an answer")
	}
	return nil
}
