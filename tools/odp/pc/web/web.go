// Package web serves the agent's page to this user's browser. It listens on the loopback address alone;
// every request to the agent must carry a token that only the printed address has, in its fragment, so
// that it appears in no log and no Referer. The token goes into a header and never into a cookie, which
// servers on other ports of this machine would get too. Requests under another name (DNS rebinding) or
// from another page (Origin) are turned away.
package web

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

// Server is the page.
type Server struct {
	ln    net.Listener
	token string
	host  string
}

// Listen takes a free port and makes a token. Both are new with every agent: an open page must not
// hand the token of the next one to whoever has taken the port meanwhile.
func Listen() (*Server, error) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	return &Server{ln: ln, token: rand.Text(), host: ln.Addr().String()}, nil
}

// URL is the address to open. It is a secret.
func (s *Server) URL() string { return "http://" + s.host + "/#" + s.token }

// Run serves the page, and api to it, until ctx ends.
func (s *Server) Run(ctx context.Context, api http.Handler) error {
	root, err := fs.Sub(static, "static")
	if err != nil {
		return fmt.Errorf("web: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServerFS(root))
	mux.Handle("/api/", s.known(api))
	srv := &http.Server{Handler: s.guard(mux), ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10, BaseContext: func(net.Listener) context.Context { return ctx }}
	defer context.AfterFunc(ctx, func() { srv.Close() })()
	if err := srv.Serve(s.ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("web: %w", err)
	}
	return nil
}

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// guard turns away other names and other pages, and lets the browser do nothing that the page does not.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		if o := r.Header.Get("Origin"); r.Host != s.host || o != "" && o != "http://"+s.host {
			http.Error(w, "this page is opened by \"odp open\"", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// known wants the token.
func (s *Server) known(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || subtle.ConstantTimeCompare([]byte(got), []byte(s.token)) != 1 {
			http.Error(w, "the token is missing", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}
