package qemu

import (
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"time"
)

// answerTime is how long QEMU may take over one command.
const answerTime = 20 * time.Second

// qmp speaks QEMU's control protocol (docs/interop/qmp-spec.rst): one JSON value a line, events
// between the answers.
type qmp struct {
	mu   sync.Mutex // one command at a time
	conn net.Conn
	dec  *json.Decoder
}

// reply is an answer, or an event if neither part is there.
type reply struct {
	Return json.RawMessage `json:"return"`
	Error  *struct {
		Class string `json:"class"`
		Desc  string `json:"desc"`
	} `json:"error"`
}

func newQMP(conn net.Conn) (*qmp, error) {
	q := &qmp{conn: conn, dec: json.NewDecoder(conn)}
	conn.SetDeadline(time.Now().Add(answerTime))
	var greeting map[string]any
	if err := q.dec.Decode(&greeting); err != nil {
		return nil, fmt.Errorf("qemu: greeting: %w", err)
	}
	return q, q.do("qmp_capabilities", nil)
}

// do carries out a command and waits for its answer.
func (q *qmp) do(command string, args map[string]any) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.conn.SetDeadline(time.Now().Add(answerTime))
	msg := map[string]any{"execute": command}
	if args != nil {
		msg["arguments"] = args
	}
	if err := json.NewEncoder(q.conn).Encode(msg); err != nil {
		return fmt.Errorf("qemu: %s: %w", command, err)
	}
	for {
		var r reply
		if err := q.dec.Decode(&r); err != nil {
			return fmt.Errorf("qemu: %s: %w", command, err)
		}
		if r.Error != nil {
			return fmt.Errorf("qemu: %s: %s", command, r.Error.Desc)
		}
		if r.Return != nil {
			return nil
		}
	}
}

// Close ends the control connection.
func (q *qmp) Close() error { return q.conn.Close() }
