package codec

import (
	"math"
	"slices"
	"testing"
)

// law is one of G.711 by its definition: the positive decision values of table 1a or 2a, in 16-bit samples, and the names
// that spandsp and sox have for it.
type law struct {
	name, sox string
	compress  func(int16) byte
	level     *[256]int16
	decisions []int
	word      func(interval int, negative bool) byte
}

// laws are both. A-law has 13 segments of 16 equal steps, of which the two about 0 are one; its even bits are inverted.
// µ-law has 15; the step about 0 goes from -1 to 1, and all bits are inverted.
func laws() []law {
	a := law{"alaw", "a-law", alawByte, &alawLevel, []int{0}, func(n int, negative bool) byte {
		if negative {
			return byte(n) ^ 0x55
		}
		return byte(n|0x80) ^ 0x55
	}}
	for segment := range 8 {
		a.decisions = steps(a.decisions, 16, 8*(2<<max(segment-1, 0)))
	}
	u := law{"ulaw", "mu-law", ulawByte, &ulawLevel, []int{0, 4}, func(n int, negative bool) byte {
		if negative {
			return byte(0x7F - n)
		}
		return byte(0xFF - n)
	}}
	u.decisions = steps(u.decisions, 15, 4*2)
	for segment := range 7 {
		u.decisions = steps(u.decisions, 16, 4*(4<<segment))
	}
	return []law{a, u}
}

func steps(x []int, n, step int) []int {
	for range n {
		x = append(x, x[len(x)-1]+step)
	}
	return x
}

// nearest is how far v is from a decision value.
func (l law) nearest(v int16) int {
	distance := math.MaxInt
	for _, x := range l.decisions {
		m := max(int(v), -int(v))
		distance = min(distance, max(m-x, x-m))
	}
	return distance
}

// Every sample gets the word of the interval it lies in, and every word the middle of its interval.
func TestG711IsAsDefined(t *testing.T) {
	for _, l := range laws() {
		if n := len(l.decisions); n != 129 {
			t.Fatalf("%s: %d decision values", l.name, n)
		}
		for v := math.MinInt16; v <= math.MaxInt16; v++ {
			m := max(v, -v)
			n, on := slices.BinarySearch(l.decisions, m)
			if !on {
				n--
			}
			n = min(n, 127) // what is louder than the last is clipped
			got := l.compress(int16(v))
			below := on && n > 0 && got == l.word(n-1, v < 0) // on a decision value, either interval will do
			if got != l.word(n, v < 0) && !below {
				t.Fatalf("%s: %d is coded %#02x, should be %#02x", l.name, v, got, l.word(n, v < 0))
			}
		}
		for n := range 128 {
			middle := (l.decisions[n] + l.decisions[n+1]) / 2
			if l.name == "ulaw" && n == 0 {
				middle = 0
			}
			if up, down := l.level[l.word(n, false)], l.level[l.word(n, true)]; int(up) != middle || int(down) != -middle {
				t.Errorf("%s: interval %d is heard as %d and %d, should be %d", l.name, n, up, down, middle)
			}
		}
	}
}

// What was decoded is coded as it was; but zero has one word of two in µ-law.
func TestG711CodedTwiceIsAsOnce(t *testing.T) {
	for _, l := range laws() {
		for b := range 256 {
			if again := l.compress(l.level[b]); int(again) != b && !(l.name == "ulaw" && b == 0x7F && again == 0xFF) {
				t.Errorf("%s: %#02x is heard as %d, and that coded %#02x", l.name, b, l.level[b], again)
			}
		}
	}
}

// All 65536 samples and all 256 words. They round to 13 or 14 bits (sox), or put samples that lie on a decision value to the
// other side of it (spandsp); else there is no difference.
func TestG711AgreesWithSpandspAndSox(t *testing.T) {
	program := spandsp(t)
	var every []int16
	for v := math.MinInt16; v <= math.MaxInt16; v++ {
		every = append(every, int16(v))
	}
	var words []byte
	for b := range 256 {
		words = append(words, byte(b))
	}
	for _, l := range laws() {
		raw := []string{"-t", "raw", "-r", "8000", "-c", "1"}
		wide := slices.Concat(raw, []string{"-e", "signed-integer", "-b", "16", "-"})
		narrow := slices.Concat(raw, []string{"-e", l.sox, "-b", "8", "-"})
		for _, peer := range []struct {
			name      string
			code, pcm []byte
			slack     int // from a decision value, within which samples may be coded otherwise
		}{
			{"spandsp", filtered(t, bytesIn(every), program, l.name, "encode"), filtered(t, words, program, l.name, "decode"), 0},
			{"sox", filtered(t, bytesIn(every), "sox", slices.Concat([]string{"-D"}, wide, narrow)...), filtered(t, words, "sox", slices.Concat([]string{"-D"}, narrow, wide)...), 4},
		} {
			for i, v := range every {
				if got := l.compress(v); got != peer.code[i] && l.nearest(v) > peer.slack {
					t.Fatalf("%s: %d is coded %#02x, by %s %#02x", l.name, v, got, peer.name, peer.code[i])
				}
			}
			for b, v := range samplesIn(peer.pcm) {
				if l.level[b] != v {
					t.Errorf("%s: %#02x is heard as %d, by %s %d", l.name, b, l.level[b], peer.name, v)
				}
			}
		}
	}
}
