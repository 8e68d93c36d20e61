package mailbox

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// script is a server that says what it says, whatever it is asked: up to its next answer each time.
type script struct {
	net.Conn
	mu     sync.Mutex
	more   *sync.Cond
	parts  [][]byte // each ends with an answer
	asked  int      // parts that may be read
	closed bool
}

func newScript(says []byte) *script {
	s := &script{asked: 1}
	s.more = sync.NewCond(&s.mu)
	for len(says) > 0 {
		end := len(says)
		if at := bytes.Index(says, []byte("\r\nT")); at >= 0 {
			if line := bytes.Index(says[at+2:], []byte("\n")); line >= 0 {
				end = at + 2 + line + 1
			}
		}
		s.parts, says = append(s.parts, says[:end]), says[end:]
	}
	if len(s.parts) > 0 { // the greeting comes unasked
		if at := bytes.IndexByte(s.parts[0], '\n'); at >= 0 {
			s.parts = append([][]byte{s.parts[0][:at+1], s.parts[0][at+1:]}, s.parts[1:]...)
		}
	}
	return s
}

func (s *script) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.parts) > 0 && len(s.parts[0]) == 0 {
		s.parts, s.asked = s.parts[1:], s.asked-1
	}
	for s.asked <= 0 && len(s.parts) > 0 && !s.closed {
		s.more.Wait()
	}
	if s.closed || len(s.parts) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.parts[0])
	s.parts[0] = s.parts[0][n:]
	return n, nil
}

func (s *script) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, net.ErrClosed
	}
	s.asked++
	s.more.Broadcast()
	return len(p), nil
}

func (s *script) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.more.Broadcast()
	return nil
}
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

const greeting = "* OK [CAPABILITY IMAP4rev1 UIDPLUS] hello (Debian)\r\nT1 OK [CAPABILITY IMAP4rev1 UIDPLUS] in\r\n* 1 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\nT2 OK selected\r\n"

const listing = "* 1 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\nT3 OK selected\r\n* 1 FETCH (UID 7 FLAGS () INTERNALDATE \"17-Nov-2025 09:00:00 +0000\" " +
	"BODYSTRUCTURE (\"audio\" \"wav\" NIL NIL NIL \"7bit\" 4 NIL NIL NIL NIL) BODY[HEADER.FIELDS (FROM)] {16}\r\nFrom: <12@x>\r\n\r\n)\r\nT4 OK\r\n" +
	"* 1 FETCH (UID 7 BODY[1] {4}\r\nRIFF)\r\nT5 OK\r\nT6 OK\r\nT7 OK\r\nT8 OK\r\n"

// converse does with a server all that is ever done, in the time a box gives it, and says how many messages it listed.
func converse(t *testing.T, says []byte) (n int) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), listTime)
		defer cancel()
		s, err := begin(ctx, newScript(says), 0, Config{User: "100", Password: "secret", Folder: "INBOX"})
		if err != nil {
			return
		}
		defer s.close()
		_ = s.bounded(ctx, func(context.Context, *session) error {
			list, _ := s.list()
			n = len(list)
			for _, m := range list {
				_, _ = s.fetch(m)
				_ = s.mark(m, true)
				_ = s.remove(m)
			}
			return nil
		})
	})
	return n
}

func TestAHostileServer(t *testing.T) {
	if n := converse(t, []byte(greeting+listing)); n != 1 {
		t.Fatalf("%d messages of an honest one", n)
	}
	for name, says := range map[string]string{
		"nothing":      "",
		"not IMAP":     "HTTP/1.1 400 Bad Request\r\n\r\n",
		"capabilities": greeting + "* CAPABILITY IMAP4rev1](\r\n* CAPABILITY](\r\n* OK [CAPABILITY A](B] x\r\n* OK [CAPABILITY A (B] x\r\n",
		"brackets":     greeting + "* 1 FETCH (BODYSTRUCTURE " + strings.Repeat("(", 100_000) + "\r\n",
		"deep replies": greeting + "* 1 FETCH (BODYSTRUCTURE " + strings.Repeat("(\"a\" ", 50_000) + "\r\n",
		"endless":      greeting + strings.Repeat("* OK still here\r\n", 100_000),
		"huge literal": greeting + strings.Replace(listing, "{16}", "{4294967295}", 1),
	} {
		if n := converse(t, []byte(says)); n > 1 {
			t.Errorf("%s: %d messages", name, n)
		}
	}
}

func FuzzServer(f *testing.F) {
	f.Add([]byte(greeting + listing))
	f.Add([]byte(greeting))
	f.Add([]byte("* PREAUTH x\r\n"))
	f.Fuzz(func(t *testing.T, says []byte) { converse(t, says) })
}

func FuzzHeaders(f *testing.F) {
	f.Add("From: =?utf-8?q?J=C3=BCrgen?= <+493055501182@vm.example>\r\nX-Priority: 1\r\n")
	f.Add("X-Asterisk-CallerID: 1\r\nX-Asterisk-CallerIDName: \u202eAnna\r\nContent-Duration: 65536\r\n")
	f.Fuzz(func(t *testing.T, h string) {
		var m Message
		m.read(h)
		if len(m.From.Number) > maxNumber || len([]rune(m.From.Name)) > 64 || m.Lasts < 0 || m.Lasts > maxLasts {
			t.Errorf("%+v", m)
		}
	})
}
