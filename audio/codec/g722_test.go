package codec

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// The vectors are a second of sweep, rising noise, vowel, square wave, impulses and near-silence,
// coded and decoded by spandsp 0.0.6, which passes the ITU-T tests; and random bits decoded by it.

func bytesOf(t testing.TB, name string) []byte {
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func samplesOf(t testing.TB, name string) []int16 {
	b := bytesOf(t, name)
	x := make([]int16, len(b)/2)
	for i := range x {
		x[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return x
}

func TestG722EncoderIsBitExact(t *testing.T) {
	want := bytesOf(t, "code.g722")
	got := newG722Encoder().pack(nil, samplesOf(t, "pcm.s16"))
	if len(got) != len(want) {
		t.Fatalf("%d bytes, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("byte %d is %#02x, want %#02x", i, got[i], want[i])
		}
	}
}

func TestG722DecoderIsBitExact(t *testing.T) {
	for _, v := range [][2]string{{"code.g722", "out.s16"}, {"rnd.g722", "rnd.s16"}} {
		code, want := bytesOf(t, v[0]), samplesOf(t, v[1])
		got := make([]int16, 2*len(code))
		newG722Decoder().unpack(got, code)
		for i := range want {
			limited := got[i] == 32767 || got[i] == -32768 // where the Recommendation limits, spandsp 0.0.6 wraps round
			if got[i] != want[i] && !limited {
				t.Fatalf("%s: sample %d is %d, want %d", v[0], i, got[i], want[i])
			}
		}
	}
}
