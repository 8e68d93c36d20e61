package conformance

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"
)

// leg is a control leg of which nothing is hidden.
type leg struct {
	*run
	conn  *tls.Conn
	in    *bufio.Reader
	last  uint64 // id
	notes []message
}

// message is any message, as it came.
type message struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   *refusal        `json:"error"`
}

// refusal is the error of an answer.
type refusal struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    struct {
		Reason  string `json:"reason"`
		RetryMs int    `json:"retryMs"`
		Rev     uint64 `json:"rev"`
	} `json:"data"`
}

func (e *refusal) Error() string {
	return fmt.Sprintf("error %d %s: %s", e.Code, e.Data.Reason, e.Message)
}

// open dials and shakes hands; change may bend TLS.
func (r *run) open(change func(*tls.Config)) (*leg, error) {
	raw, err := r.dial(r.ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot connect: %w", err)
	}
	cfg := r.tlsConfig()
	if change != nil {
		change(cfg)
	}
	conn := tls.Client(raw, cfg)
	_ = raw.SetDeadline(time.Now().Add(r.Patience))
	if err := conn.HandshakeContext(r.ctx); err != nil {
		raw.Close()
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return &leg{run: r, conn: conn, in: bufio.NewReader(conn)}, nil
}

// greeted is open, with hello read.
func (r *run) greeted() (*leg, error) {
	l, err := r.open(nil)
	if err != nil {
		return nil, err
	}
	m, err := l.read()
	if err == nil && m.Method != "hello" {
		err = fmt.Errorf("the first frame is %q", m.Method)
	}
	if err != nil {
		l.close()
		return nil, fmt.Errorf("no hello: %w", err)
	}
	r.hello = hello{}
	return l, json.Unmarshal(m.Params, &r.hello)
}

// opened is greeted, with a session under a name; the cable's proof is given if there is one.
func (r *run) opened(name string) (*leg, opened, error) {
	l, err := r.greeted()
	if err != nil {
		return nil, opened{}, err
	}
	p := map[string]any{"controllerId": name, "app": "conformance"}
	if secret := r.secret(); secret != nil {
		if p["attachProof"], err = l.proof(secret); err != nil {
			l.close()
			return nil, opened{}, err
		}
	}
	var o opened
	for try := 0; ; try++ {
		err := l.ask("session.open", p, &o)
		if e := new(refusal); errors.As(err, &e) && e.Code == 1008 && try < 10 { // legs of an earlier check are not gone yet
			time.Sleep(200 * time.Millisecond)
			continue
		}
		if err != nil {
			l.close()
			return nil, o, fmt.Errorf("session.open: %w", err)
		}
		return l, o, nil
	}
}

func (l *leg) close() { l.conn.Close() }

// proof is the attachProof of section 4.3.
func (l *leg) proof(secret []byte) (string, error) {
	s := l.conn.ConnectionState()
	exporter, err := s.ExportKeyingMaterial("EXPORTER-tpcp-attach", nil, 32)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(append([]byte("tpcp/1 attach proof\x00"), exporter...))
	return hex.EncodeToString(mac.Sum(nil)), nil
}

// read reads a frame and looks whether it is a message at all; pings are passed over.
func (l *leg) read() (message, error) {
	for {
		m, err := l.readAny()
		if err != nil || m.Method != "ping" {
			return m, err
		}
	}
}

func (l *leg) readAny() (message, error) {
	var m message
	_ = l.conn.SetReadDeadline(time.Now().Add(l.Patience))
	var head [4]byte
	if _, err := io.ReadFull(l.in, head[:]); err != nil {
		return m, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n == 0 || n > 65536 {
		return m, fmt.Errorf("3.1: a frame of %d bytes", n)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(l.in, b); err != nil {
		return m, err
	}
	if !utf8.Valid(b) {
		return m, errors.New("3.1: a frame that is not UTF-8")
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return m, fmt.Errorf("3.2: %w in %s", err, b)
	}
	if m.JSONRPC != "2.0" {
		return m, fmt.Errorf(`3.2: jsonrpc is not "2.0" in %s`, b)
	}
	return m, nil
}

// write sends bytes as they are.
func (l *leg) write(b []byte) error {
	_ = l.conn.SetWriteDeadline(time.Now().Add(l.Patience))
	_, err := l.conn.Write(b)
	return err
}

func frame(text string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...)
}

// send sends a request and gives its id as it is written.
func (l *leg) send(method string, params any) (string, error) {
	b, err := json.Marshal(params)
	if err != nil {
		return "", err
	}
	l.last++
	id := fmt.Sprint(l.last)
	return id, l.write(frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":%q,"params":%s}`, id, method, b)))
}

// answer reads until the answer to a request; notifications on the way are kept in notes.
func (l *leg) answer(id string) (message, error) {
	for {
		m, err := l.read()
		switch {
		case err != nil:
			return m, err
		case m.Method != "" && m.ID == nil:
			l.notes = append(l.notes, m)
		case m.Method == "" && string(m.ID) == id:
			if (m.Result == nil) == (m.Error == nil) {
				return m, errors.New("3.2: an answer has either result or error")
			}
			return m, nil
		case m.Method == "":
			return m, fmt.Errorf("3.2: an answer to request %s, which was not asked", m.ID)
		}
	}
}

// ask sends a request and reads its result; the error is a *refusal if the phone refused.
func (l *leg) ask(method string, params, result any) error {
	id, err := l.send(method, params)
	if err != nil {
		return err
	}
	m, err := l.answer(id)
	if err != nil {
		return err
	}
	if m.Error != nil {
		return m.Error
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(m.Result, result)
}

// refused asks for what must be refused with one of the codes.
func (l *leg) refused(method string, params any, codes ...int) error {
	err := l.ask(method, params, nil)
	for _, c := range codes {
		if e := new(refusal); errors.As(err, &e) && e.Code == c {
			if e.Data.Reason == "" && c > -32000 {
				return fmt.Errorf("%s: error %d has no data.reason (section 10)", method, c)
			}
			return nil
		}
	}
	if err == nil {
		return fmt.Errorf("%s %v: accepted, must be error %v", method, params, codes)
	}
	return fmt.Errorf("%s %v: %w, must be error %v", method, params, err, codes)
}

// note waits for a notification; those before it stay in notes.
func (l *leg) note(name string) (message, error) {
	for i, m := range l.notes {
		if m.Method == name {
			l.notes = append(l.notes[:i:i], l.notes[i+1:]...)
			return m, nil
		}
	}
	for {
		m, err := l.read()
		if err != nil {
			return m, fmt.Errorf("no %s: %w", name, err)
		}
		if m.Method == name {
			return m, nil
		}
		l.notes = append(l.notes, m)
	}
}

// ended wants the phone to close the leg.
func (l *leg) ended() error {
	for {
		m, err := l.read()
		if err == nil {
			if m.Method == "bye" {
				continue
			}
			return fmt.Errorf("the leg goes on, with %q", m.Method)
		}
		if timeout, ok := err.(interface{ Timeout() bool }); ok && timeout.Timeout() {
			return errors.New("the leg was not closed")
		}
		return nil
	}
}
