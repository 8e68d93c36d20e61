package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"

	"opendeskphone/tools/odp/pc"
	"opendeskphone/tools/odp/pc/contacts"
	"opendeskphone/tools/odp/pc/keep"
)

type noUSB struct{ pc.Finder }

func (noUSB) Watch(ctx context.Context, changed func()) { changed(); <-ctx.Done() }
func (noUSB) Phones() ([]pc.Plugged, error)             { return nil, nil }
func (noUSB) Seen() []string                            { return nil }

func handler(t *testing.T) http.Handler {
	t.Helper()
	state, data := keep.Folder(t.TempDir()), keep.Folder(t.TempDir())
	log := slog.New(slog.DiscardHandler)
	book, err := contacts.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	agent, err := pc.New(pc.Config{Finder: noUSB{}, State: state, Data: data, Contacts: book, Version: "test", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- agent.Run(ctx) }()
	t.Cleanup(func() { stop(); <-over })
	return Handler(agent, book, log)
}

// connect serves a handler on a socket and gives the commands' end of it.
func connect(t *testing.T, h http.Handler) (*Client, keep.Folder) {
	t.Helper()
	folder := keep.Folder(t.TempDir())
	s, err := Listen(folder, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- s.Run(ctx, h) }()
	t.Cleanup(func() {
		stop()
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
	return NewClient(folder), folder
}

func TestContactsOverTheSocket(t *testing.T) {
	c, _ := connect(t, handler(t))
	text := "BEGIN:VCARD\nFN:Mira\nTEL:101\nEND:VCARD\nBEGIN:VCARD\nFN:None\nEND:VCARD\n"
	var in struct{ Contacts, Skipped int }
	if err := c.Do(t.Context(), "POST", "contacts/vcard", map[string]string{"text": text}, &in); err != nil || in.Contacts != 1 || in.Skipped != 1 {
		t.Fatalf("%+v, %v", in, err)
	}
	var out struct{ Contacts []contacts.Contact }
	if err := c.Do(t.Context(), "GET", "contacts?q=mi", nil, &out); err != nil || len(out.Contacts) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	if err := c.Do(t.Context(), "DELETE", "contacts/"+out.Contacts[0].ID, nil, nil); err != nil {
		t.Fatal(err)
	}
	var r *pc.Refusal
	if err := c.Do(t.Context(), "DELETE", "contacts/"+out.Contacts[0].ID, nil, nil); !errors.As(err, &r) || r.Kind != pc.Usage {
		t.Errorf("deleted twice: %v", err)
	}
}

func TestEventsBeginWithTheView(t *testing.T) {
	c, _ := connect(t, handler(t))
	enough := errors.New("enough")
	var seen []string
	err := c.Follow(t.Context(), func(e pc.Event) error {
		switch {
		case e.View != nil && e.View.Prefs.LinksDial:
			return enough
		case e.View != nil && len(seen) == 0:
			seen = append(seen, e.View.Version)
			return c.Do(t.Context(), "PATCH", "prefs", map[string]bool{"linksDial": true}, nil)
		}
		return nil
	})
	if !errors.Is(err, enough) || len(seen) != 1 || seen[0] != "test" {
		t.Errorf("%v, %v", seen, err)
	}
}

func TestWhatIsNotUnderstoodIsRefused(t *testing.T) {
	h := handler(t)
	for _, c := range []struct {
		method, path, kind, body string
		want                     int
		word                     string
	}{
		{"POST", "/api/phones/-/session.close", "application/json", "{}", 400, "no request"},
		{"POST", "/api/phones/-/cred.install", "application/json", "{}", 400, "no request"},
		{"POST", "/api/phones/-/lock.hostState", "application/json", "{}", 400, "no request"},
		{"POST", "/api/phones/-/call.make", "text/plain", "{}", 400, "application/json"},
		{"POST", "/api/phones/-/call.make", "application/json", "[]", 400, "not understood"},
		{"POST", "/api/phones/-/call.make", "application/json", strings.Repeat(" ", maxBody+1) + "{}", 400, "not understood"},
		{"POST", "/api/phones/-/call.make", "application/json", "{}", 409, "No phone found"},
		{"GET", "/api/log?limit=0", "", "", 400, "limit"},
		{"GET", "/api/log", "", "", 409, "No phone found"},
		{"POST", "/api/link", "application/json", `{"uri":"tel:*1#"}`, 409, "service codes"},
		{"POST", "/api/pair", "application/json", `{}`, 409, "No phone found"},
		{"POST", "/api/pair/confirm", "application/json", `{"match":true}`, 409, "No digits"},
		{"POST", "/api/contacts", "application/json", `{"contacts":[{"name":""}]}`, 409, "needs a name"},
		{"POST", "/api/asks/x", "application/json", `{"ok":true}`, 409, "no longer"},
		{"DELETE", "/api/phones/x", "", "", 409, "0 phones"},
		{"GET", "/api/nothing", "", "", 404, "not found"},
		{"PUT", "/api/view", "", "", 405, "not allowed"},
	} {
		req := httptest.NewRequest(c.method, c.path, bytes.NewReader([]byte(c.body)))
		req.Header.Set("Content-Type", c.kind)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		if got := w.Body.String(); w.Code != c.want || !strings.Contains(strings.ToLower(got), strings.ToLower(c.word)) {
			t.Errorf("%s %s: %d %s", c.method, c.path, w.Code, got)
		}
	}
}

func TestOneAgentAUser(t *testing.T) {
	_, folder := connect(t, handler(t))
	if _, err := Listen(folder, slog.New(slog.DiscardHandler)); !errors.Is(err, ErrRunning) {
		t.Errorf("a second agent: %v", err)
	}
	if info, err := os.Stat(folder.Path(socketName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", info.Mode(), err)
	}
}

func TestWhatAKilledAgentLeftIsReplaced(t *testing.T) {
	folder := keep.Folder(t.TempDir())
	c := NewClient(folder)
	if err := c.Do(t.Context(), "GET", "view", nil, nil); !errors.Is(err, ErrNoAgent) {
		t.Errorf("no socket: %v", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: folder.Path(socketName), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	if err := c.Do(t.Context(), "GET", "view", nil, nil); !errors.Is(err, ErrNoAgent) {
		t.Errorf("a dead socket: %v", err)
	}
	s, err := Listen(folder, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := s.Run(ctx, http.NotFoundHandler()); err != nil {
		t.Error(err)
	}
}

func TestThePeersUserIsKnown(t *testing.T) {
	l, err := net.Listen("unix", t.TempDir()+"/s")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	if uid, err := peer(got); err != nil || uid != os.Getuid() {
		t.Errorf("uid %d, %v", uid, err)
	}
	if _, err := peer(pipe(t)); err == nil {
		t.Error("a peer of a connection that is no socket")
	}
}

// pipe is a connection without a peer's user.
func pipe(t *testing.T) net.Conn {
	a, b := net.Pipe()
	t.Cleanup(func() { a.Close(); b.Close() })
	return struct {
		net.Conn
		noRaw
	}{Conn: a}
}

type noRaw struct{}

func (noRaw) SyscallConn() (syscall.RawConn, error) { return nil, io.ErrUnexpectedEOF }
