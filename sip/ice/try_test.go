package ice

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestTryTellsWhy: who cannot be reached and who shows a certificate that nobody vouches for are told apart.
func TestTryTellsWhy(t *testing.T) {
	s := httptest.NewTLSServer(nil)
	at := strings.TrimPrefix(s.URL, "https://")
	if err := (Config{TURN: "turns:" + at, User: "u", Password: "p"}).Try(t.Context(), quiet); !errors.Is(err, ErrRelayCertificate) {
		t.Error(err)
	}
	s.Close()
	for _, uri := range []string{"turns:" + at, "turn:" + at + "?transport=tcp"} {
		if err := (Config{TURN: uri}).Try(t.Context(), quiet); !errors.Is(err, ErrRelayAway) {
			t.Error(uri, err)
		}
	}
	if err := (Config{TURN: "relay"}).Try(t.Context(), quiet); !errors.Is(err, ErrServer) {
		t.Error(err)
	}
}
