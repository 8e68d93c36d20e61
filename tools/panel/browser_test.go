package panel

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// browser is a headless Chromium driven by chromedriver (W3C WebDriver).
type browser struct {
	t       *testing.T
	session string // URL of the session
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	cmd := exec.Command("chromedriver", "--port=0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("chromedriver is missing (make test installs chromium-driver): %v", err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	var seen strings.Builder
	buf := make([]byte, 256)
	var port int
	for port == 0 {
		n, err := out.Read(buf)
		if err != nil {
			t.Fatalf("chromedriver said %q: %v", &seen, err)
		}
		seen.Write(buf[:n])
		if _, after, ok := strings.Cut(seen.String(), "started successfully on port "); ok && strings.Contains(after, ".") {
			fmt.Sscanf(after, "%d", &port)
		}
	}
	go io.Copy(io.Discard, out)
	b := &browser{t: t, session: fmt.Sprintf("http://127.0.0.1:%d/session", port)}
	var made struct{ SessionID string }
	b.call("POST", "", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"goog:chromeOptions": map[string]any{"args": []string{
			"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
			"--disable-component-update", "--disable-sync", "--user-data-dir=" + t.TempDir(), "--window-size=1100,1000",
			"--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required",
		}},
	}}}, &made)
	b.session += "/" + made.SessionID
	t.Cleanup(func() { b.call("DELETE", "", nil, nil) })
	return b
}

func (b *browser) call(method, path string, in, out any) {
	b.t.Helper()
	var body io.Reader
	if method == "POST" {
		text, err := json.Marshal(in)
		if err != nil {
			b.t.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, b.session+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	var msg struct{ Value json.RawMessage }
	if err := json.NewDecoder(res.Body).Decode(&msg); err != nil || res.StatusCode != 200 {
		b.t.Fatalf("%s %s: %s %s %v", method, path, res.Status, msg.Value, err)
	}
	if out != nil {
		if err := json.Unmarshal(msg.Value, out); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *browser) open(url string) { b.call("POST", "/url", map[string]string{"url": url}, nil) }

func (b *browser) get(path string) (s string) { b.call("GET", path, nil, &s); return s }

func (b *browser) eval(script string) (v any) {
	b.call("POST", "/execute/sync", map[string]any{"script": script, "args": []any{}}, &v)
	return v
}

// until asks the page again until script gives true.
func (b *browser) until(what, script string) {
	b.t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for b.eval(script) != true {
		if time.Now().After(deadline) {
			b.t.Fatalf("not in time: %s", what)
		}
	}
}

func (b *browser) click(selector string) {
	b.t.Helper()
	var el map[string]string
	b.call("POST", "/element", map[string]string{"using": "css selector", "value": selector}, &el)
	for _, id := range el {
		b.call("POST", "/element/"+id+"/click", map[string]any{}, nil)
	}
}
