package stack

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
	"testing"
)

// notify is a NOTIFY whose body is encoded in a way.
func notify(encoding string, body []byte) []byte {
	return fmt.Appendf(nil, "%sContent-Encoding: %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s",
		strings.ReplaceAll(options, "OPTIONS", "NOTIFY"), encoding, len(body), body)
}

func deflated(t testing.TB, body string) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestCompressedNews: a NOTIFY's body is unpacked; one that is broken, that would burst, or is packed in another way is refused.
func TestCompressedNews(t *testing.T) {
	in := testIntake()
	in.rules.Methods = append(in.rules.Methods, NOTIFY)
	packed := deflated(t, "who is there")
	for name, c := range map[string]struct {
		message []byte
		code    int
	}{
		"deflate":   {notify("deflate", packed), 0},
		"Deflate":   {notify("Deflate", packed), 0},
		"cut":       {notify("deflate", packed[:len(packed)-6]), 400},
		"no zlib":   {notify("deflate", []byte("who is there")), 400},
		"a bomb":    {notify("deflate", deflated(t, strings.Repeat("a", mostUnpacked+1))), 400},
		"gzip":      {notify("gzip", packed), 415},
		"twice":     {notify("deflate, deflate", packed), 415},
		"by others": {bytes.ReplaceAll(notify("deflate", packed), []byte("NOTIFY"), []byte("OPTIONS")), 415},
	} {
		a, _ := in.parse(c.message)
		switch {
		case c.code != 0 && (a.refuse == nil || a.refuse.StatusCode != c.code):
			t.Errorf("%s: %+v", name, a)
		case c.code == 0 && (a.req == nil || string(a.req.Body()) != "who is there" || a.req.GetHeader("Content-Encoding") != nil):
			t.Errorf("%s: %+v", name, a)
		}
	}
}
