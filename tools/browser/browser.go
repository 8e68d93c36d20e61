// Package browser lets tests use a page as a person does: a headless Chromium, driven by chromedriver (W3C WebDriver).
package browser

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"opendeskphone/tools/lab"
)

const patience = 20 * time.Second

// Browser is a browser with one page. What it cannot do fails the test.
type Browser struct {
	t       *testing.T
	session string // URL of the session
	client  *http.Client
}

// Computer is where a browser runs.
type Computer struct {
	Host  *lab.Namespace
	Env   []string          // additions to the environment, as "KEY=value"
	Opens map[string]string // what scheme the page of an origin may open with the desktop's program for it, as if the user had allowed it once
}

// New starts a browser on this computer that ends with the test. Its microphone is made up, and may be used without asking.
func New(t *testing.T) *Browser {
	t.Helper()
	cmd := exec.Command("chromedriver", "--port=0")
	said := lab.NewLog(io.Discard)
	cmd.Stdout, cmd.WaitDelay = said, time.Second // a browser that outlives it would hold its output
	if err := cmd.Start(); err != nil {
		t.Fatalf("chromedriver is missing (make test installs chromium-driver): %v", err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return drive(t, said, http.DefaultClient, nil)
}

// On is New on another computer.
func On(t *testing.T, c Computer) *Browser {
	t.Helper()
	driver, err := c.Host.Start(lab.Command{Name: "chromedriver", Argv: []string{"chromedriver", "--port=0"}, Env: c.Env})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(driver.Stop)
	dial := func(ctx context.Context, network, at string) (net.Conn, error) {
		to, err := netip.ParseAddrPort(at)
		if err != nil {
			return nil, err
		}
		return c.Host.Dial(ctx, network, to)
	}
	return drive(t, driver.Log, &http.Client{Transport: &http.Transport{DialContext: dial}}, c.Opens)
}

var started = regexp.MustCompile(`started successfully on port (\d+)\.`)

// drive starts the browser of a driver that has said where it listens, or will.
func drive(t *testing.T, said *lab.Log, client *http.Client, opens map[string]string) *Browser {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := said.WaitFor(ctx, 0, started.MatchString); err != nil {
		t.Fatalf("chromedriver said %q: %v", said.Since(0), err)
	}
	b := &Browser{t: t, session: "http://127.0.0.1:" + started.FindStringSubmatch(said.Since(0))[1] + "/session", client: client}
	allowed := map[string]map[string]bool{}
	for origin, scheme := range opens {
		allowed[origin] = map[string]bool{scheme: true}
	}
	var made struct{ SessionID string }
	b.call("POST", "", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"goog:loggingPrefs": map[string]string{"browser": "ALL"},
		"goog:chromeOptions": map[string]any{"prefs": map[string]any{"protocol_handler.allowed_origin_protocol_pairs": allowed}, "args": []string{
			"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
			"--disable-component-update", "--disable-sync", "--user-data-dir=" + t.TempDir(), "--window-size=1200,1000", "--lang=en-US",
			"--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required",
		}},
	}}}, &made)
	b.session += "/" + made.SessionID
	t.Cleanup(func() { b.call("DELETE", "", nil, nil) })
	return b
}

func (b *Browser) call(method, path string, in, out any) {
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
	res, err := b.client.Do(req)
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

// Open goes to an address.
func (b *Browser) Open(url string) { b.call("POST", "/url", map[string]string{"url": url}, nil) }

// Eval runs a script in the page and gives what it returns.
func (b *Browser) Eval(script string) (v any) {
	b.t.Helper()
	b.call("POST", "/execute/sync", map[string]any{"script": script, "args": []any{}}, &v)
	return v
}

// Until asks the page again until script returns true.
func (b *Browser) Until(what, script string) {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for b.Eval(script) != true {
		if time.Now().After(deadline) {
			b.t.Fatalf("not in time: %s\n%s\n%s", what, b.Eval("return document.body.innerText"), b.Console())
		}
	}
}

// Shows waits for a text on the page.
func (b *Browser) Shows(text string) {
	b.t.Helper()
	b.Until(text, fmt.Sprintf("return document.body.innerText.includes(%q)", text))
}

func (b *Browser) element(selector string) string {
	b.t.Helper()
	var el map[string]string
	b.call("POST", "/element", map[string]string{"using": "css selector", "value": selector}, &el)
	for _, id := range el {
		return id
	}
	b.t.Fatalf("no element %s", selector)
	return ""
}

// Click clicks on what a CSS selector finds, once that can be seen and clicked on.
func (b *Browser) Click(selector string) {
	b.t.Helper()
	b.Until(selector, fmt.Sprintf("const e = document.querySelector(%q); return !!e && !e.disabled && e.offsetParent !== null", selector))
	b.call("POST", "/element/"+b.element(selector)+"/click", map[string]any{}, nil)
}

// Keys types into what has the focus; \ue007 is Enter, \ue00c Escape.
func (b *Browser) Keys(text string) {
	b.t.Helper()
	var actions []map[string]string
	for _, r := range text {
		actions = append(actions, map[string]string{"type": "keyDown", "value": string(r)}, map[string]string{"type": "keyUp", "value": string(r)})
	}
	b.call("POST", "/actions", map[string]any{"actions": []any{map[string]any{"type": "key", "id": "k", "actions": actions}}}, nil)
}

// Console gives what the page complained of.
func (b *Browser) Console() string {
	var entries []struct{ Level, Message string }
	b.call("POST", "/se/log", map[string]string{"type": "browser"}, &entries)
	var out []string
	for _, e := range entries {
		if strings.Contains(e.Message, "status of 409") { // the phone refused something, and the page said so
			continue
		}
		out = append(out, e.Level+" "+e.Message)
	}
	return strings.Join(out, "\n")
}

// Picture keeps a picture of the page, for whoever wants to look: ODP_PICTURES names the folder.
func (b *Browser) Picture(name string) {
	b.t.Helper()
	dir := os.Getenv("ODP_PICTURES")
	if dir == "" {
		return
	}
	var text string
	b.call("GET", "/screenshot", nil, &text)
	png, err := base64.StdEncoding.DecodeString(text)
	if err == nil {
		err = os.WriteFile(dir+"/"+name+".png", png, 0o644)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// Dark switches the page to dark colours, or back.
func (b *Browser) Dark(on bool) {
	scheme := map[bool]string{true: "dark", false: "light"}[on]
	b.call("POST", "/goog/cdp/execute", map[string]any{"cmd": "Emulation.setEmulatedMedia", "params": map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}}, nil)
}

// Size makes the window as large in pixels.
func (b *Browser) Size(w, h int) {
	b.call("POST", "/goog/cdp/execute", map[string]any{"cmd": "Emulation.setDeviceMetricsOverride", "params": map[string]any{"width": w, "height": h, "deviceScaleFactor": 1, "mobile": false}}, nil)
}
