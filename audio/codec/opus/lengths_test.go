package opus

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
	"opendeskphone/audio/jitter"
)

// opusenc lets Debian's opusenc make packets of two seconds of a voice, of so many channels. It gives the packets, and
// what opusdec hears in them at 48 kHz.
func opusenc(t *testing.T, channels int, args ...string) (packets [][]byte, heard []float32) {
	t.Helper()
	var raw bytes.Buffer
	for _, v := range audio.Samples(vowel(200)) {
		for range channels {
			binary.Write(&raw, binary.LittleEndian, int16(v*32767))
		}
	}
	ogg := filepath.Join(t.TempDir(), "voice.opus")
	enc := exec.Command("opusenc", append(args, "--quiet", "--raw", "--raw-rate", "48000", "--raw-chan", string(rune('0'+channels)), "-", ogg)...)
	enc.Stdin = &raw
	if out, err := enc.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	file := read(t, exec.Command("cat", ogg))
	packets, skip := demux(t, file)
	sound := read(t, exec.Command("opusdec", "--quiet", "--float", "--rate", "48000", ogg, "-"))
	heard = make([]float32, len(sound)/4)
	for i := range heard {
		heard[i] = math.Float32frombits(binary.LittleEndian.Uint32(sound[4*i:]))
	}
	return packets, append(make([]float32, skip*channels), heard...)
}

func read(t *testing.T, c *exec.Cmd) []byte {
	t.Helper()
	b, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %v", c, err)
	}
	return b
}

// demux takes an Ogg file (RFC 3533 §6) of one Opus stream apart (RFC 7845), and gives its packets and how many samples
// at the start are not to be heard.
func demux(t *testing.T, file []byte) (packets [][]byte, skip int) {
	t.Helper()
	var p []byte
	for len(file) > 27 {
		n := int(file[26])
		lacing, body := file[27:27+n], file[27+n:]
		for _, size := range lacing {
			p = append(p, body[:size]...)
			body = body[size:]
			if size < 255 {
				packets = append(packets, p)
				p = nil
			}
		}
		file = body
	}
	if len(packets) < 3 || string(packets[0][:8]) != "OpusHead" {
		t.Fatal("no Opus stream")
	}
	return packets[2:], int(binary.LittleEndian.Uint16(packets[0][10:]))
}

// sizes are the frame lengths of Opus (RFC 6716 §2.1.4) as opusenc names them, with their samples, and what else is asked of it:
// SILK, hybrid and CELT, constant and variable rate.
var sizes = []struct {
	name    string
	samples int
	args    []string
}{
	{"2.5", 120, nil}, {"5", 240, nil}, {"5", 240, []string{"--hard-cbr"}},
	{"10", 480, []string{"--speech", "--bitrate", "12"}}, {"10", 480, []string{"--speech", "--bitrate", "24"}}, {"10", 480, []string{"--hard-cbr"}},
	{"20", 960, []string{"--speech", "--bitrate", "16"}}, {"20", 960, []string{"--speech", "--bitrate", "28", "--expect-loss", "10"}}, {"20", 960, []string{"--bitrate", "96"}},
	{"40", 1920, []string{"--speech", "--bitrate", "9"}}, {"60", 2880, []string{"--speech", "--bitrate", "9"}},
	{"40", 1920, []string{"--bitrate", "24"}}, {"60", 2880, nil}, {"60", 2880, []string{"--hard-cbr"}}, // of two and three frames
}

func TestPacketsOfEveryLengthAreHeardAsOpusdecHearsThem(t *testing.T) {
	for _, x := range sizes {
		packets, want := opusenc(t, 1, append(x.args, "--framesize", x.name)...)
		_, d := open(t)
		var got []float32
		for i, p := range packets {
			var y [codec.MaxSamples]float32
			n, err := d.Decode(y[:], p)
			if err != nil || n != x.samples && i+1 < len(packets) { // the last is as long as it need be
				t.Fatalf("%s ms %v: %d samples, %v", x.name, x.args, n, err)
			}
			got = append(got, y[:n]...)
		}
		for i := late; i < min(len(want), len(got)); i++ {
			if math.Abs(float64(got[i]-want[i])) > 1e-6 {
				t.Fatalf("%s ms %v: sample %d is %v, opusdec has %v", x.name, x.args, i, got[i], want[i])
			}
		}
		if len(got) < 96000 || len(want) < 96000 {
			t.Errorf("%s ms %v: %d samples of ours, %d of opusdec", x.name, x.args, len(got), len(want))
		}
	}
}

// late is more samples than any encoder delays: before them opusdec gives nothing.
const late = 960

func TestStereoIsHeardInTheMiddle(t *testing.T) {
	packets, want := opusenc(t, 2, "--bitrate", "96")
	_, d := open(t)
	var got []float32
	for _, p := range packets {
		var y [codec.MaxSamples]float32
		n, err := d.Decode(y[:], p)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, y[:n]...)
	}
	var s, e float64
	for i := late; i < min(len(want)/2, len(got)); i++ {
		middle := float64(want[2*i]+want[2*i+1]) / 2
		s, e = s+middle*middle, e+(middle-float64(got[i]))*(middle-float64(got[i]))
	}
	if s == 0 || e > s*1e-4 {
		t.Errorf("the middle of both channels is missed by %.1f dB", 10*math.Log10(s/e))
	}
}

// joined makes one packet of frames of one configuration (RFC 6716 §3.2): two by codes 1 and 2, any number by code 3 with
// lengths, or without if they are the same, and with padding.
func joined(frames [][]byte, padding int) []byte {
	toc := frames[0][0] &^ 3
	var bodies [][]byte
	same := true
	for _, f := range frames {
		bodies = append(bodies, f[1:])
		same = same && len(f) == len(frames[0])
	}
	size := func(n int) []byte {
		if n < 252 {
			return []byte{byte(n)}
		}
		return []byte{byte(252 + n&3), byte((n - 252 - n&3) / 4)}
	}
	all := slices.Concat(bodies...)
	switch {
	case len(frames) == 2 && padding == 0 && same:
		return append([]byte{toc | 1}, all...)
	case len(frames) == 2 && padding == 0:
		return slices.Concat([]byte{toc | 2}, size(len(bodies[0])), all)
	}
	head := []byte{toc | 3, byte(len(frames))}
	if padding > 0 {
		head[1] |= 0x40
		head = append(head, bytes.Repeat([]byte{255}, padding/254)...)
		head = append(head, byte(padding%254))
	}
	if !same {
		head[1] |= 0x80
		for _, b := range bodies[:len(bodies)-1] {
			head = append(head, size(len(b))...)
		}
	}
	return slices.Concat(head, all, make([]byte, padding))
}

func TestPacketsOfSeveralFramesAreHeardAsTheirFramesAre(t *testing.T) {
	for _, x := range sizes {
		frames, _ := opusenc(t, 1, append(x.args, "--framesize", x.name)...)
		groups := 0
		for _, many := range []int{2, 3, 4, 7, codec.MaxSamples / x.samples} {
			if many*x.samples > codec.MaxSamples {
				continue
			}
			for _, padding := range []int{0, 1, 253, 254, 600} {
				_, one := open(t)
				_, all := open(t)
				for i := 0; i+many <= min(len(frames), 4*many); i += many {
					group := frames[i : i+many]
					if slices.ContainsFunc(group, func(f []byte) bool { return f[0] != group[0][0] || f[0]&3 != 0 }) {
						continue // the encoder changed its mind, or packs several itself
					}
					groups++
					var want, got [codec.MaxSamples]float32
					n := 0
					for _, f := range group {
						k, _ := one.Decode(want[n:], f)
						n += k
					}
					if k, err := all.Decode(got[:], joined(group, padding)); err != nil || k != n || got != want {
						t.Fatalf("%d frames of %s ms %v with %d bytes of padding: %d samples of %d, %v", many, x.name, x.args, padding, k, n, err)
					}
				}
			}
		}
		t.Logf("%s ms %v: %d packets", x.name, x.args, groups)
		many := 1 + codec.MaxSamples/x.samples
		_, d := open(t)
		if _, err := d.Decode(make([]float32, 2*codec.MaxSamples), joined(frames[:many], 0)); err == nil && frames[0][0]&3 == 0 {
			t.Errorf("%s ms %v: %d frames are more than 120 ms, and were taken", x.name, x.args, many)
		}
	}
}

// Whatever the length of its packets, a stream that loses some and has others come in the wrong order is heard: what is made up
// is what was lost, and nothing clicks.
func TestStreamsOfEveryLengthThroughTheJitterBuffer(t *testing.T) {
	for _, x := range sizes {
		packets, whole := opusenc(t, 1, append(x.args, "--framesize", x.name)...)
		_, d := open(t)
		b := jitter.New(jitter.Config{Clock: 48000}, d)
		r := rand.New(rand.NewPCG(7, uint64(x.samples)))
		var order []int
		lost := 0
		for i := range packets {
			if i > 20 && i%25 == 7 {
				lost++
				continue
			}
			order = append(order, i)
		}
		for i := 20; i+1 < len(order); i++ {
			if r.IntN(20) == 0 {
				order[i], order[i+1] = order[i+1], order[i]
				i++
			}
		}
		var heard []float32
		var f audio.Frame
		sent := 0
		for tick := range 210 {
			for ; sent < len(order) && sent*x.samples <= tick*audio.FrameLen; sent++ {
				n := order[sent]
				b.Put(jitter.Packet{Seq: uint16(n), TS: uint32(n * x.samples), Payload: packets[n], Arrival: time.UnixMilli(int64(tick) * 10)})
			}
			b.Get(&f)
			heard = append(heard, f[:]...)
		}
		s := b.Stats()
		made := int(s.Concealed) * audio.FrameLen
		if int(s.Lost) != lost || s.Rejected+s.Duplicate+s.Resyncs != 0 || made > (lost+4)*x.samples*2+6*audio.FrameLen {
			t.Errorf("%s ms %v: %d packets lost; %d samples made up, %+v", x.name, x.args, lost, made, s)
		}
		if step, own := steepest(heard), steepest(whole); step > 2*own {
			t.Errorf("%s ms %v: step of %.3f, the voice has %.3f", x.name, x.args, step, own)
		}
	}
}

func steepest(x []float32) (worst float64) {
	for i := range x[1:] {
		worst = max(worst, math.Abs(float64(x[i+1]-x[i])))
	}
	return worst
}
