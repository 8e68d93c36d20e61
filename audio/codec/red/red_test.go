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
	s, r, ts := NewSender(), new(Receiver), uint32(0)
	buf, blocks := make([]byte, 0, 500), make([]Block, 0, 4)
	if n := testing.AllocsPerRun(100, func() {
		buf = Append(buf[:0], Block{PT: 111, Data: data}, Block{PT: 111, Offset: 1920, Data: data}, Block{PT: 111, Offset: 960, Data: data})
		blocks, _ = Parse(blocks[:0], buf)
		buf = s.Pack(buf[:0], 111, ts, data, 3)
		r.Open(uint16(ts/960), ts, buf)
		ts += 960
	}); n != 0 {
		t.Error(n, "allocations")
	}
}

// stream sends packets of one byte, their number, with copies back packets later, loses some and gives the bytes that
// come, by sequence number.
func stream(t *testing.T, n, back int, first uint16, lost func(int) bool) map[uint16]byte {
	s, r := NewSender(), new(Receiver)
	got := map[uint16]byte{}
	for i := range n {
		w := s.Pack(nil, 111, uint32(i)*960-2880, []byte{byte(i)}, back)
		if lost(i) {
			continue
		}
		packets, err := r.Open(first+uint16(i), uint32(i)*960-2880, w)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range packets {
			if _, twice := got[p.Seq]; twice {
				t.Errorf("packet %d came twice", p.Seq)
			}
			if got[p.Seq] = p.Data[0]; p.TS != uint32(uint16(p.Seq-first))*960-2880 {
				t.Errorf("packet %d has timestamp %d", p.Seq-first, p.TS)
			}
		}
	}
	for seq, b := range got {
		if byte(seq-first) != b {
			t.Errorf("packet %d holds %d", seq-first, b)
		}
	}
	return got
}

func TestBurstsComeBackAsFarAsTheCopiesReach(t *testing.T) {
	for burst := 1; burst <= 5; burst++ {
		got := stream(t, 40, 3, 65520, func(i int) bool { return i >= 20 && i < 20+burst })
		if want := 40 - max(0, burst-3); len(got) != want {
			t.Errorf("burst of %d: %d packets of 40, want %d", burst, len(got), want)
		}
	}
}

func TestNothingIsGivenTwice(t *testing.T) {
	if got := stream(t, 200, 2, 7, func(int) bool { return false }); len(got) != 200 {
		t.Errorf("%d packets of 200", len(got))
	}
	if got := stream(t, 200, 2, 7, func(i int) bool { return i%4 == 1 }); len(got) != 200 {
		t.Errorf("%d packets of 200", len(got))
	}
}

// Where the sender paused in the gap, nobody knows which of the missing packets a copy is: it is left.
func TestACopyWithoutAPlaceIsLeft(t *testing.T) {
	r := new(Receiver)
	r.Note(10, 9600)
	w := Append(nil, Block{PT: 111, Data: []byte{2}}, Block{PT: 111, Offset: 960, Data: []byte{1}})
	packets, err := r.Open(13, 9600+17*480, w)
	if err != nil || len(packets) != 1 || packets[0].Copy {
		t.Errorf("%v, %v", packets, err)
	}
	if packets, _ = new(Receiver).Open(13, 9600, w); len(packets) != 1 {
		t.Error("a copy was placed before the first packet")
	}
}

func TestLongAndStaleCopiesAreNotSent(t *testing.T) {
	s := NewSender()
	s.Pack(nil, 111, 0, make([]byte, MaxCopy+1), 1)
	if w := s.Pack(nil, 111, 960, []byte{1}, 1); !bytes.Equal(w, []byte{111, 1}) {
		t.Errorf("% x", w)
	}
	if w := s.Pack(nil, 111, 960+MaxOffset+1, []byte{2}, 1); !bytes.Equal(w, []byte{111, 2}) {
		t.Errorf("% x", w)
	}
	if w := s.Pack(nil, 111, 99999, []byte{3}, MaxBack+1); !bytes.Equal(w, []byte{111, 3}) {
		t.Errorf("% x", w)
	}
}

func FuzzReceiver(f *testing.F) {
	f.Add([]byte{10, 0, 0x80 | 111, 0xf, 0, 1, 111, 1, 2})
	f.Fuzz(func(t *testing.T, script []byte) {
		r := new(Receiver)
		for i := 0; i+2 < len(script); i += 3 {
			seq, ts := uint16(script[i]), uint32(script[i+1])*240
			if script[i+2]%2 == 0 {
				r.Note(seq, ts)
				continue
			}
			packets, err := r.Open(seq, ts, script[i+2:])
			if err == nil && (len(packets) == 0 || packets[len(packets)-1].Seq != seq) {
				t.Fatal("the newest is not the last")
			}
			for j, p := range packets {
				if p.Copy != (j < len(packets)-1) || p.Copy && p.Seq == seq {
					t.Fatalf("%+v", p)
				}
			}
		}
	})
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
