// Package panel is the phone's front panel in a browser: the screen live, the keys, the hook, the
// lamps, and the sound both ways where the browser allows. It serves the simulator and the phone in
// QEMU alike. It listens on loopback alone and wants a token, so that no other page can press keys.
package panel

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"

	"opendeskphone/hal"
)

//go:embed web
var web embed.FS

// Phone is what the panel shows and presses. Its methods may be called by several viewers at once.
type Phone interface {
	// Picture gives the screen as it is; the picture is the caller's.
	Picture() (*image.RGBA, error)
	// Changed is closed when the screen may differ from the last Picture.
	Changed() <-chan struct{}
	Press(k hal.Key, down bool)
	Touch(at image.Point, down bool)
	// Lamps gives the lamps that are on, by name.
	Lamps() map[string]bool
	// Listen delivers what the speaker plays, 10 ms of 48 kHz s16le mono a piece, until ctx ends; a
	// slow listener loses sound.
	Listen(ctx context.Context) <-chan []byte
	// Speak puts sound before the microphone, in the same format.
	Speak(pcm []byte)
}

// Server serves one phone's panel.
type Server struct {
	phone Phone
	title string
	token string
	ln    net.Listener
	hook  atomic.Bool // the handset is lifted; it lies where it lies when a browser goes away
	jack  atomic.Bool // a headset is plugged in, and stays so
	log   *slog.Logger
}

// New makes a panel for a phone on a loopback address such as "127.0.0.1:8480"; port 0 takes a free
// one. The title tells the user which phone it is.
func New(phone Phone, title, addr string, log *slog.Logger) (*Server, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("panel: address %q: %w", addr, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("panel: address %q: the panel listens on a loopback address only", addr)
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("panel: %w", err)
	}
	return &Server{phone: phone, title: title, token: rand.Text(), ln: ln, log: log}, nil
}

// URL is the address to open, with its token.
func (s *Server) URL() string { return fmt.Sprintf("http://%s/?token=%s", s.ln.Addr(), s.token) }

// Run serves until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	root, err := fs.Sub(web, "web")
	if err != nil {
		return fmt.Errorf("panel: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(root))
	mux.HandleFunc("GET /live", func(w http.ResponseWriter, r *http.Request) { s.live(ctx, w, r) })
	srv := &http.Server{Handler: s.guard(mux), ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	defer stop()
	if err := srv.Serve(s.ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("panel: %w", err)
	}
	return nil
}

// guard turns away whoever came under another name (DNS rebinding) or without the token.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != s.ln.Addr().String() {
			http.Error(w, "open the panel by the address it printed", http.StatusForbidden)
			return
		}
		secret := r.URL.Path == "/" || r.URL.Path == "/live"
		if secret && subtle.ConstantTimeCompare([]byte(r.URL.Query().Get("token")), []byte(s.token)) != 1 {
			http.Error(w, "the address lacks its token: open the one printed at start", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; connect-src 'self' ws://"+s.ln.Addr().String()+"; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func (s *Server) live(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	conn, _, _, err := ws.UpgradeHTTP(r, w)
	if err != nil {
		s.log.Info("panel: viewer refused", "err", err)
		return
	}
	v := &viewer{phone: s.phone, conn: conn, title: s.title, hook: &s.hook, jack: &s.jack}
	if err := v.run(ctx); err != nil {
		s.log.Debug("panel: viewer left", "err", err)
	}
}
