package stack

import (
	"fmt"
	"net/netip"
	"testing"
)

// Answers of RFC 5769 §2.2 and §2.3, which other attributes surround.
const (
	answerV4 = "0101003c2112a442b7e7a701bc34d686fa87dfae" +
		"8022000b7465737420766563746f7220" + "002000080001a147e112a643" +
		"000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7" + "80280004c07d4c96"
	answerV6 = "010100482112a442b7e7a701bc34d686fa87dfae" +
		"8022000b7465737420766563746f7220" + "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9" +
		"00080014a382954e4be67bf11784c97c8292c275bfe3ed41" + "80280004c8fb0b4c"
)

func unhex(t testing.TB, s string) (b []byte) {
	t.Helper()
	if _, err := fmt.Sscanf(s, "%x", &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBindingAnswer: the vectors of RFC 5769, and what is cut or bent is nothing.
func TestBindingAnswer(t *testing.T) {
	for text, want := range map[string]string{answerV4: "192.0.2.1:32853", answerV6: "[2001:db8:1234:5678:11:2233:4455:6677]:32853"} {
		whole := unhex(t, text)
		id, mapped, ok := bindingAnswer(whole)
		if !ok || mapped != netip.MustParseAddrPort(want) || fmt.Sprintf("%x", id[:]) != "b7e7a701bc34d686fa87dfae" {
			t.Errorf("%x %v %v", id, mapped, ok)
		}
		for n := range whole {
			if _, _, ok := bindingAnswer(whole[:n]); ok {
				t.Errorf("%d bytes of it are an answer", n)
			}
		}
		whole[1] = 0x11 // an error response
		if _, _, ok := bindingAnswer(whole); ok {
			t.Error("a refusal is an answer")
		}
	}
	if got := fmt.Sprintf("%x", bindingRequest(stunID{1, 2, 3})); got != "000100002112a442010203000000000000000000" {
		t.Error(got)
	}
}

func FuzzSTUN(f *testing.F) {
	f.Add(unhex(f, answerV4))
	f.Add(unhex(f, answerV6))
	f.Add(bindingRequest(stunID{}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, mapped, ok := bindingAnswer(b); ok && !mapped.IsValid() {
			t.Fatal("an answer without an address")
		}
	})
}
