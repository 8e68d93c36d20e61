package tpcp

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
)

func TestAttachProofVector(t *testing.T) {
	secret, _ := hex.DecodeString("2bec7320c7e0d907f58a289e7211aa54b232d25bc3e28d9e073a9649a888dc41")
	got := hex.EncodeToString(attachProof(secret, bytes.Repeat([]byte{0xe5}, 32)))
	if want := "fe04b03e42961d68cab30b799029f6a668e9513698894118ce4397ad9b38f540"; got != want {
		t.Errorf("proof %s, want %s", got, want)
	}
}

func TestMessages(t *testing.T) {
	for _, c := range []struct {
		name, in string
		code     Code // 0: understood
	}{
		{"request", `{"jsonrpc":"2.0","id":7,"method":"ping","params":{}}`, 0},
		{"request without params", `{"jsonrpc":"2.0","id":7,"method":"ping"}`, 0},
		{"unknown members", `{"jsonrpc":"2.0","id":7,"method":"ping","params":{},"trace":[1]}`, 0},
		{"notification", `{"jsonrpc":"2.0","method":"ping","params":{}}`, 0},
		{"result", `{"jsonrpc":"2.0","id":7,"result":{}}`, 0},
		{"error", `{"jsonrpc":"2.0","id":7,"error":{"code":1004,"message":"no"}}`, 0},
		{"answer to what was not understood", `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}`, 0},
		{"greatest id", `{"jsonrpc":"2.0","id":9007199254740991,"method":"ping"}`, 0},
		{"no JSON", `{"jsonrpc":`, CodeParse},
		{"two values", `{} {}`, CodeParse},
		{"empty", ``, CodeParse},
		{"not UTF-8", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\xff\"}", CodeParse},
		{"batch", `[{"jsonrpc":"2.0","id":7,"method":"ping"}]`, CodeInvalidRequest},
		{"null", `null`, CodeInvalidRequest},
		{"wrong version", `{"jsonrpc":"1.0","id":7,"method":"ping"}`, CodeInvalidRequest},
		{"no version", `{"id":7,"method":"ping"}`, CodeInvalidRequest},
		{"text id", `{"jsonrpc":"2.0","id":"7","method":"ping"}`, CodeInvalidRequest},
		{"negative id", `{"jsonrpc":"2.0","id":-1,"method":"ping"}`, CodeInvalidRequest},
		{"broken id", `{"jsonrpc":"2.0","id":1.5,"method":"ping"}`, CodeInvalidRequest},
		{"id too great", `{"jsonrpc":"2.0","id":9007199254740992,"method":"ping"}`, CodeInvalidRequest},
		{"list of params", `{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}`, CodeInvalidRequest},
		{"no text for a method", `{"jsonrpc":"2.0","id":1,"method":3}`, CodeInvalidRequest},
		{"neither", `{"jsonrpc":"2.0","id":1}`, CodeInvalidRequest},
		{"result and error", `{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}`, CodeInvalidRequest},
		{"upper case is another member", `{"JSONRPC":"2.0","ID":1,"METHOD":"ping"}`, CodeInvalidRequest},
	} {
		_, err := ParseMessage([]byte(c.in))
		if (err == nil) != (c.code == 0) || err != nil && err.Code != c.code {
			t.Errorf("%s: %v, want code %d", c.name, err, c.code)
		}
	}
}

func TestFramesHaveLimits(t *testing.T) {
	if _, err := frame(strings.Repeat("x", MaxFrame)); err == nil {
		t.Error("a frame longer than the limit was made")
	}
	for _, head := range []string{"\x00\x00\x00\x00", "\x00\x01\x00\x01{}", "\xff\xff\xff\xff"} {
		if _, err := ReadFrame(strings.NewReader(head)); CodeOf(err) != CodeParse {
			t.Errorf("%q: %v", head, err)
		}
	}
	b, err := frame(wireMessage{JSONRPC: "2.0", Method: "<&>", Params: struct{}{}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadFrame(bytes.NewReader(b))
	if err != nil || string(got) != `{"jsonrpc":"2.0","method":"<&>","params":{}}` {
		t.Errorf("%s, %v", got, err)
	}
}

func TestTimesAreUTCWithMilliseconds(t *testing.T) {
	at := Time{time.Date(2026, 11, 20, 18, 40, 1, 120e6, time.FixedZone("", 3600))}
	b, err := json.Marshal(at)
	if err != nil || string(b) != `"2026-11-20T17:40:01.120Z"` {
		t.Errorf("%s, %v", b, err)
	}
	var back Time
	if err := json.Unmarshal(b, &back); err != nil || !back.Equal(at.Time) {
		t.Errorf("%v, %v", back, err)
	}
	if json.Unmarshal([]byte(`"yesterday"`), &back) == nil {
		t.Error("a time without form was read")
	}
}

func TestRightsByName(t *testing.T) {
	b, _ := json.Marshal(Observe | Provision)
	var back Rights
	if err := json.Unmarshal([]byte(`["provision","fly","observe"]`), &back); err != nil || string(b) != `["observe","provision"]` || back != Observe|Provision {
		t.Errorf("%s, %v, %v", b, back, err)
	}
}

func TestEveryCodeHasAName(t *testing.T) {
	for c := CodeNotOpen; c <= CodeStorage; c++ {
		if codeNames[c] == "" {
			t.Errorf("%d has no name", int(c))
		}
	}
	seen := map[string]bool{}
	for _, n := range codeNames {
		if seen[n] {
			t.Errorf("%s stands for two codes", n)
		}
		seen[n] = true
	}
}

func TestEveryRefusalAndWordHasItsOwn(t *testing.T) {
	for r := phone.NoSuchCall; r < phone.RefusalCount; r++ {
		if refusals[r] == 0 {
			t.Errorf("the refusal %q has no code", r)
		}
	}
	for c := phone.NoCause; c < phone.CauseCount; c++ {
		if causes[c] == "" {
			t.Errorf("the cause %q has no word", c)
		}
	}
	for n, word := range notices {
		if word == "" {
			t.Errorf("notice %d has no word", n)
		}
	}
	for st := phone.Dialing; st <= phone.Ended; st++ {
		if callStates[st] == "" {
			t.Errorf("the state %q has no word", st)
		}
	}
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x02{}"))
	f.Add([]byte("\x00\x00\x00\x2d{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"call.make\"}"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := bytes.NewReader(stream)
		for {
			b, err := ReadFrame(r)
			if err != nil {
				return
			}
			m, bad := ParseMessage(b)
			if bad != nil {
				continue
			}
			if m.Method == "" && m.ID == nil && m.Error == nil {
				t.Fatalf("understood %q as nothing", b)
			}
			if again, err := frame(wireMessage{JSONRPC: "2.0", ID: m.ID, Method: m.Method, Params: orEmpty(m.Params), Result: m.Result, Error: m.Error}); err == nil {
				if _, bad := ParseMessage(again[4:]); bad != nil {
					t.Fatalf("%q was understood, %q is not: %v", b, again, bad)
				}
			}
		}
	})
}

func orEmpty(p json.RawMessage) json.RawMessage {
	if p == nil {
		return json.RawMessage("{}")
	}
	return p
}
