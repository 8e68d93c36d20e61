package ua

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
)

// TestTorture sends the messages of RFC 4475 and 5118 to a whole user agent
// that has a line for everybody they call; the stack's own test holds the table.
func TestTorture(t *testing.T) {
	const aim = 58
	for _, transport := range []stack.Transport{stack.UDP, stack.TCP} {
		onNet(t, func(b *bench) {
			bodies := map[string][]byte{}
			for i, c := range siptest.Tortures {
				data, err := os.ReadFile(filepath.Join("..", "stack", "testdata", filepath.FromSlash(c.File)))
				if err != nil {
					t.Fatal(err)
				}
				bodies[c.File] = data
				start, _, _ := bytes.Cut(data, []byte("\r\n"))
				if f := strings.Fields(string(start)); len(f) > 1 && f[0] == "INVITE" {
					if uri, err := stack.ParseURI(f[1]); err == nil && uri.User != "" {
						b.ua.AddAccount(AccountID(i), Account{AOR: "sip:" + uri.User + "@phone.test", Direct: true})
					}
				}
			}
			conform, rang := 0, 0
			for _, c := range siptest.Tortures {
				o, err := c.Run(b.Context(), b.net.Host(farAddr2), transport, farAddr2, b.at(), bodies[c.File], 20*time.Second)
				if err != nil {
					t.Fatal(err)
				}
				if o.Conform {
					conform++
				} else {
					t.Log(o)
				}
				for _, ref := range b.incoming() {
					rang++
					b.ua.Ring(ref)
					b.ua.Reject(ref, 486)
				}
				got := 0
				b.far.ask(b, stack.OPTIONS, func(res *stack.Response, _ error) {
					if res != nil {
						got = res.StatusCode
					}
				})
				b.pass(time.Second)
				if got != 200 {
					t.Fatalf("dead after %s", c.File)
				}
			}
			t.Logf("%s: %d of %d answered as a user agent should, %d rang", transport, conform, len(siptest.Tortures), rang)
			if conform < aim || rang < 5 {
				t.Errorf("%d of %d, want at least %d; %d rang", conform, len(siptest.Tortures), aim, rang)
			}
		}, func(c *Config) { c.Strangers = true })
	}
}

// incoming takes the calls that ring.
func (b *bench) incoming() (refs []CallRef) {
	b.pass(time.Millisecond)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if in, ok := e.(Incoming); ok {
			refs = append(refs, in.Call)
		}
	}
	b.events = nil
	return refs
}
