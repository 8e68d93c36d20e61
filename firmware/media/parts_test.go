package media

import (
	"encoding/binary"
	"testing"
	"time"
)

func TestLatch(t *testing.T) {
	const ms = time.Millisecond
	negotiated, nat, third := "192.0.2.1:4000", "198.51.100.7:5555", "203.0.113.9:6666"
	type packet struct {
		at     time.Duration
		from   string
		seq    uint16
		secure bool
		want   bool
	}
	for _, c := range []struct {
		name    string
		packets []packet
	}{
		{"negotiated at once, and then nobody else", []packet{
			{0, negotiated, 1, false, true}, {20 * ms, third, 1, false, false}, {40 * ms, third, 2, false, false},
			{5000 * ms, third, 3, false, false}, {9000 * ms, third, 4, false, false}, {9020 * ms, negotiated, 2, false, true},
		}},
		{"behind a NAT: after silence and a run", []packet{
			{0, nat, 1, false, false}, {20 * ms, nat, 2, false, false}, {40 * ms, nat, 3, false, false},
			{240 * ms, nat, 13, false, false}, {260 * ms, nat, 14, false, false}, {280 * ms, nat, 15, false, true},
			{300 * ms, nat, 16, false, true},
		}},
		{"a third cannot take over from a substitute", []packet{
			{300 * ms, nat, 1, false, false}, {320 * ms, nat, 2, false, false}, {340 * ms, nat, 3, false, true},
			{360 * ms, third, 1, false, false}, {380 * ms, third, 2, false, false}, {400 * ms, third, 3, false, false},
			{60000 * ms, third, 4, false, false}, {60020 * ms, nat, 900, false, true},
		}},
		{"the negotiated address claims its place, and keeps it", []packet{
			{300 * ms, third, 1, false, false}, {320 * ms, third, 2, false, false}, {340 * ms, third, 3, false, true},
			{360 * ms, negotiated, 1, false, true}, {380 * ms, third, 4, false, false}, {400 * ms, negotiated, 2, false, true},
		}},
		{"a sprayer cannot finish another's run", []packet{
			{300 * ms, nat, 1, false, false}, {310 * ms, third, 7, false, false}, {320 * ms, third, 8, false, false},
			{330 * ms, third, 9, false, false}, {340 * ms, nat, 2, false, false}, {360 * ms, nat, 3, false, true},
		}},
		{"random numbers make no run", []packet{
			{300 * ms, third, 1, false, false}, {320 * ms, third, 77, false, false}, {340 * ms, third, 5, false, false},
			{360 * ms, third, 9, false, false},
		}},
		{"a key is proof enough", []packet{
			{0, nat, 1, true, true}, {20 * ms, third, 1, true, false}, {40 * ms, nat, 2, true, true},
		}},
	} {
		var l latch
		t0 := time.Unix(1000, 0)
		l.expect(addr(t, negotiated), t0)
		for i, p := range c.packets {
			from := addr(t, p.from)
			got := l.may(from) && l.take(from, 7, p.seq, p.secure, t0.Add(p.at))
			if got != p.want {
				t.Errorf("%s: packet %d of %s taken: %v", c.name, i, p.from, got)
			}
		}
	}
}

func FuzzLatch(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6})
	f.Fuzz(func(t *testing.T, script []byte) {
		sources := []string{"192.0.2.1:1", "192.0.2.2:2", "192.0.2.3:3", "192.0.2.4:4"}
		var l latch
		now := time.Unix(0, 0)
		l.expect(addr(t, sources[0]), now)
		taken := -1
		for i := 0; i+1 < len(script); i += 2 {
			who := int(script[i] & 3)
			now = now.Add(time.Duration(script[i]>>2) * 10 * time.Millisecond)
			from := addr(t, sources[who])
			if !l.may(from) || !l.take(from, 1, uint16(script[i+1]), false, now) {
				continue
			}
			if taken >= 0 && who != taken && who != 0 {
				t.Fatalf("source %d took over from %d", who, taken)
			}
			taken = who
		}
	})
}

func TestDiallerMakesAPressOfRFC4733(t *testing.T) {
	for _, c := range []struct {
		clock   int
		long    time.Duration
		lengths []uint16
	}{
		{8000, 60 * time.Millisecond, []uint16{160, 320, 480, 480, 480}},
		{48000, 50 * time.Millisecond, []uint16{960, 1920, 2880, 2880, 2880}},
		{8000, 1 * time.Millisecond, []uint16{160, 320, 320, 320}}, // held to 40 ms
	} {
		p, ok := pressOf('#', c.long)
		if !ok {
			t.Fatal("no # key")
		}
		var d dialler
		d.start(p, 5000, 20*time.Millisecond, c.clock)
		for i, want := range c.lengths {
			b, first := d.next(nil)
			end := b[1]&endBit != 0
			if b[0] != 11 || binary.BigEndian.Uint16(b[2:]) != want || first != (i == 0) || end != (i >= len(c.lengths)-3) {
				t.Errorf("%d Hz packet %d: % x first %v", c.clock, i, b, first)
			}
		}
		if d.active {
			t.Errorf("%d Hz: still active", c.clock)
		}
	}
	if _, ok := pressOf('x', 0); ok {
		t.Error("x is a key")
	}
	if p, ok := pressOf('d', time.Hour); !ok || p.event != 15 || p.time != longestDigit {
		t.Errorf("d: %+v %v", p, ok)
	}
}

func TestListenerTellsAPressOnce(t *testing.T) {
	type packet struct {
		ts     uint32
		marker bool
		b      []byte
		want   rune
	}
	var l listener
	for i, p := range []packet{
		{1000, true, []byte{5, 10, 0, 160}, '5'},
		{1000, false, []byte{5, 10, 1, 64}, 0},
		{1000, false, []byte{5, 0x8a, 1, 64}, 0},
		{1000, false, []byte{5, 0x8a, 1, 64}, 0},
		{2000, false, []byte{5, 0x8a, 1, 64}, '5'}, // the first packets were lost
		{1000, false, []byte{5, 0x8a, 1, 64}, 0},   // and an old one comes late
		{4000, true, []byte{11, 10, 0xff, 0xff}, '#'},
		{4000 + 0xffff, false, []byte{11, 10, 0, 160}, 0}, // the same press, next segment
		{4000 + 0x1ffff, true, []byte{15, 10, 0, 160}, 'D'},
		{900000, true, []byte{16, 10, 0, 160}, 0}, // flash has no digit
		{900001, true, []byte{1, 10, 0}, 0},       // cut
		{900002, true, nil, 0},
	} {
		got, ok := l.take(p.ts, p.marker, p.b)
		if ok != (p.want != 0) || ok && got != p.want {
			t.Errorf("packet %d: %q %v, want %q", i, got, ok, p.want)
		}
	}
}

func FuzzListener(f *testing.F) {
	f.Add(uint32(1), true, []byte{1, 2, 3, 4})
	var l listener
	f.Fuzz(func(t *testing.T, ts uint32, marker bool, b []byte) {
		if digit, ok := l.take(ts, marker, b); ok && (len(b) < 4 || digit == 0) {
			t.Fatalf("% x is %q", b, digit)
		}
		if _, ok := l.take(ts, marker, b); ok {
			t.Fatal("told twice")
		}
	})
}

func TestSourceCountsLikeRFC3550(t *testing.T) {
	var s source
	at := func(units uint32) time.Duration { return time.Duration(units) * time.Second / 8000 }
	if s.judge(7, 65534, false) != fresh {
		t.Fatal("first packet is not the first")
	}
	s.begin(7, 65534)
	ts := uint32(0)
	for _, seq := range []uint16{65534, 65535, 0, 1, 3, 4, 2, 7} { // one late, two lost
		if s.judge(7, seq, false) != same {
			t.Fatal("stream broke")
		}
		s.note(seq, ts, 8000, at(ts))
		ts += 160
	}
	if e, r, h := s.expected.Load(), s.received.Load(), s.highest.Load(); e != 10 || r != 8 || h != 65536+7 {
		t.Errorf("expected %d received %d highest %d", e, r, h)
	}
	if j := s.jitter.Load(); j != 0 {
		t.Errorf("jitter %d of a steady stream", j)
	}
	for i := range uint16(500) {
		s.note(8+i, ts, 8000, at(ts+uint32(i%2)*80)) // every other packet 10 ms late
		ts += 160
	}
	if j := s.jitter.Load(); j < 75 || j > 85 {
		t.Errorf("jitter %d, want 80", j)
	}
}

func TestAnotherSSRCNeedsTwoPackets(t *testing.T) {
	var s source
	s.begin(7, 1)
	for i, p := range []struct {
		ssrc uint32
		seq  uint16
		want verdict
	}{{8, 100, foreign}, {7, 2, same}, {8, 101, foreign}, {8, 102, fresh}} {
		if got := s.judge(p.ssrc, p.seq, false); got != p.want {
			t.Errorf("packet %d: %d, want %d", i, got, p.want)
		}
	}
	if s.judge(9, 1, true) != fresh {
		t.Error("an authentic packet of another SSRC was not taken")
	}
}
