package codec

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"testing"
)

// Codecs of others that ours must agree with to the bit: libspandsp, by a small program that is built here, and sox.

// spandsp builds the program. It takes "alaw", "ulaw" or "g722" and "encode" or "decode".
func spandsp(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "spandsp")
	if out, err := exec.Command("cc", "-O2", "-o", program, "testdata/spandsp.c", "-lspandsp", "-lm").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}

// filtered is what a program writes when it reads in.
func filtered(t *testing.T, in []byte, program string, args ...string) []byte {
	t.Helper()
	c := exec.Command(program, args...)
	c.Stdin = bytes.NewReader(in)
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %v", c, err)
	}
	return out
}

func samplesIn(b []byte) []int16 {
	x := make([]int16, len(b)/2)
	for i := range x {
		x[i] = int16(binary.NativeEndian.Uint16(b[2*i:]))
	}
	return x
}

func bytesIn(x []int16) (b []byte) {
	for _, v := range x {
		b = binary.NativeEndian.AppendUint16(b, uint16(v))
	}
	return b
}

// hard is a long signal that takes the predictors everywhere: a voice, sweeps, noise of all loudnesses, clipped tones,
// impulses, the extremes and silence, one after the other and by turns.
func hard(seconds int) []int16 {
	r := rand.New(rand.NewPCG(11, 22))
	x := make([]int16, 16000*seconds)
	phase := 0.0
	for i := range x {
		at := float64(i) / 16000
		loud := math.Pow(10, -3*math.Abs(math.Sin(at*0.7)))
		v := 0.0
		switch i / 8000 % 8 {
		case 0: // a voice
			phase += 2 * math.Pi * (130 + 40*math.Sin(at*5)) / 16000
			for k := 1.0; k < 40; k++ {
				v += math.Sin(k*phase+k) / k / 2
			}
		case 1:
			v = math.Sin(at * at * 900)
		case 2:
			v = r.NormFloat64()
		case 3:
			v, loud = 4*math.Sin(at*3000), 1
		case 4:
			if r.IntN(100) == 0 {
				v, loud = 2*float64(r.IntN(3)-1), 1
			}
		case 5: // the extremes, at random and by turns
			v, loud = float64(2*r.IntN(2)-1)*2, 1
		case 6:
			v, loud = float64(2*(i&1)-1)*2, 1
		}
		x[i] = int16(min(max(v*loud*32768, -32768), 32767))
	}
	return x
}

// Ten minutes, through which the states of both must stay the same.
func TestG722AgreesWithSpandsp(t *testing.T) {
	seconds := 600
	if testing.Short() {
		seconds = 4
	}
	program := spandsp(t)
	x := hard(seconds)
	theirs := filtered(t, bytesIn(x), program, "g722", "encode")
	ours := newG722Encoder().pack(nil, x)
	if !bytes.Equal(ours, theirs) {
		t.Fatal("the code differs")
	}
	r := rand.New(rand.NewPCG(3, 4))
	noise := make([]byte, len(ours)/4)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for name, code := range map[string][]byte{"the code": ours, "random bits": noise} {
		want := samplesIn(filtered(t, code, program, "g722", "decode"))
		got := make([]int16, 2*len(code))
		newG722Decoder().unpack(got, code)
		differ, wrapped := 0, 0
		for i, v := range want {
			switch {
			case got[i] == v:
			case got[i] == 32767 || got[i] == -32768: // where the Recommendation limits, spandsp 0.0.6 wraps round
				wrapped++
			default:
				differ++
			}
		}
		t.Logf("%s: %d samples, %d limited, %d differ", name, len(want), wrapped, differ)
		if differ > 0 || len(want) != len(got) {
			t.Errorf("%s: %d of %d samples differ", name, differ, len(want))
		}
	}
}
