package red

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

func same(a, b []Block) bool {
	return slices.EqualFunc(a, b, func(x, y Block) bool {
		return x.PT == y.PT && x.Offset == y.Offset && bytes.Equal(x.Data, y.Data)
	})
}

func TestTheExampleOfTheRFC(t *testing.T) {
	// RFC 2198 §4 draws DVI4 with an LPC copy 20 ms older at 8 kHz: PT 5, block PT 7, offset 160.
	p := Append(nil, Block{PT: 5, Data: []byte("now")}, Block{PT: 7, Offset: 160, Data: []byte("then")})
	want := []byte{0x80 | 7, 160 >> 6, 160 & 63 << 2, 4, 5, 't', 'h', 'e', 'n', 'n', 'o', 'w'}
	if !bytes.Equal(p, want) {
		t.Errorf("% x, want % x", p, want)
	}
}

func TestRoundTrip(t *testing.T) {
	long := []byte(strings.Repeat("x", MaxCopy))
	for _, blocks := range [][]Block{
		{{PT: 111, Data: []byte{1, 2, 3}}},
		{{PT: 111}},
		{{PT: 127, Offset: MaxOffset, Data: long}, {PT: 0, Offset: 1}, {PT: 96, Data: []byte(strings.Repeat("y", 3000))}},
	} {
		last := len(blocks) - 1
		got, err := Parse(nil, Append(nil, blocks[last], blocks[:last]...))
		if err != nil || !same(got, blocks) {
			t.Errorf("%v becomes %v, %v", blocks, got, err)
		}
	}
}

func TestWhatDoesNotFitIsLeftOut(t *testing.T) {
	p := Append(nil, Block{PT: 1, Data: []byte{9}}, Block{PT: 1, Offset: MaxOffset + 1}, Block{PT: 1, Offset: 1, Data: make([]byte, MaxCopy+1)})
	if !bytes.Equal(p, []byte{1, 9}) {
		t.Errorf("% x", p)
	}
}

func TestShortPayloadsAreRefused(t *testing.T) {
	whole := Append(nil, Block{PT: 5}, Block{PT: 7, Offset: 160, Data: []byte("then")})
	for n := range len(whole) {
		if _, err := Parse(nil, whole[:n]); !errors.Is(err, ErrShort) {
			t.Errorf("%d bytes of %d: %v", n, len(whole), err)
		}
	}
}

func TestNothingAllocates(t *testing.T) {
	data := make([]byte, 60)
	buf, blocks := make([]byte, 0, 500), make([]Block, 0, 4)
	if n := testing.AllocsPerRun(100, func() {
		buf = Append(buf[:0], Block{PT: 111, Data: data}, Block{PT: 111, Offset: 1920, Data: data}, Block{PT: 111, Offset: 960, Data: data})
		blocks, _ = Parse(blocks[:0], buf)
	}); n != 0 {
		t.Error(n, "allocations")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte{0x80 | 7, 2, 128, 4, 5, 't', 'h', 'e', 'n', 'n', 'o', 'w'})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, p []byte) {
		blocks, err := Parse(nil, p)
		if err != nil {
			if len(blocks) != 0 {
				t.Fatal("blocks of a broken payload")
			}
			return
		}
		last := len(blocks) - 1
		again := Append(nil, blocks[last], blocks[:last]...)
		if !bytes.Equal(again, p) {
			t.Fatalf("% x becomes % x", p, again)
		}
	})
}
