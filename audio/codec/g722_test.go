package codec

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// speech.g722 is nine seconds of espeak-ng, a woman in English and a man in German. The other vectors are a second of sweep,
// rising noise, vowel, square wave, impulses and near-silence, coded and decoded by spandsp 0.0.6, which passes the ITU-T tests; and random bits decoded by it.

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

// Where what was played is what was sent, the decoder's state behind a gap is what it would have been.
func TestG722StateGoesOverAGap(t *testing.T) {
	code := bytesOf(t, "code.g722")
	whole := make([]int16, 2*len(code))
	newG722Decoder().unpack(whole, code)
	soft := make([]float32, len(whole))
	for i, v := range whole {
		soft[i] = float32(v) / 32768
	}
	var quality [2]float64
	for told := range 2 {
		d := newG722Decoder()
		var s, e float64
		out := make([]int16, 320)
		for i := 0; 2*i+342 < len(whole); i += 160 { // 20 ms each: lost, then one whose quality counts, then one more
			if i/160%3 == 2 {
				if told == 1 {
					d.invent(soft[2*i:2*i+320], soft[2*i+320:2*i+342])
					d.invented = false // it is known, nothing is to be settled
				}
				continue
			}
			d.unpack(out, code[i:i+160])
			for j, v := range out {
				if i/160%3 == 0 {
					a, b := float64(whole[2*i+j]), float64(v)
					s, e = s+a*a, e+(a-b)*(a-b)
				}
			}
		}
		quality[told] = 10 * math.Log10(s/e)
	}
	if quality[1] < quality[0]+12 {
		t.Errorf("packets behind a gap are at %.1f dB, and at %.1f if the decoder is told what was played", quality[0], quality[1])
	}
}

// What comes behind a gap brings the step sizes nearer to the encoder's than what the gap is filled with does.
func TestG722SettlesBehindAGap(t *testing.T) {
	code := bytesOf(t, "speech.g722")
	d := newG722Decoder()
	w := newWaveDecoder(16000, 80, d.unpack, d)
	heard, gap, ahead := make([]float32, 2*Quantum*8), make([]float32, 2*settling), make([]float32, lookAhead)
	var wrong [2]float64
	for at := 0; at+2*settling <= len(code); at += settling {
		w.plc.Guess(gap, ahead)
		guess := *newG722Decoder()
		guess.g722Bands, guess.delay, guess.last = d.g722Bands, d.delay, d.last
		guess.invent(gap, ahead)
		if _, err := w.Decode(heard, code[at:at+settling]); err != nil {
			t.Fatal(err)
		}
		for settled := range wrong {
			off := float64(guess.low.nb - d.low.nb)
			wrong[settled] += off * off
			guess.settle(code[at+settling:])
		}
	}
	if wrong[1] > 0.7*wrong[0] {
		t.Errorf("step sizes are wrong by %.2g, and by %.2g before they settle", wrong[1], wrong[0])
	}
}
