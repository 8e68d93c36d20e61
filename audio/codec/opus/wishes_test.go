package opus

import (
	"testing"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
)

// sent is four seconds of voice as sent to a far side with such parameters, that loses so many percent singly, or in runs
// that copies are sent for.
func sent(t testing.TB, fmtp string, loss int, copies bool) (packets [][]byte, kbps float64) {
	e, _ := open(t)
	e.(codec.Asked).Ask(fmtp)
	r := e.(codec.Repeater)
	r.Repeat(copies)
	r.Loss(loss, !copies)
	x := vowel(400)
	for i := 0; i < len(x); i += 2 {
		p := e.Encode(nil, x[i:i+2])
		packets = append(packets, p)
		kbps += float64(len(p)) * 8 / 1000 / 4
	}
	return packets, kbps
}

// RFC 7587 §6.1: what the far side asks for bounds what it is sent, whatever the loss.
func TestTheFarSidesBoundsHold(t *testing.T) {
	for _, x := range []struct {
		fmtp   string
		loss   int
		copies bool
		most   float64 // kbit/s, copies included
	}{
		{"maxaveragebitrate=12000", 0, false, 13.5},
		{"useinbandfec=1; MaxAverageBitrate = 20000;x", 20, false, 22},
		{"maxaveragebitrate=24000;useinbandfec=1", 20, true, 26},
		{"maxaveragebitrate=1", 0, false, 8}, // below what Opus has
		{"maxaveragebitrate=many;cbr=0", 0, false, 45},
	} {
		_, kbps := sent(t, x.fmtp, x.loss, x.copies)
		if x.copies {
			kbps *= 2
		}
		if kbps > x.most || kbps < x.most/3 {
			t.Errorf("%q at %d %% loss: %.1f kbit/s, want up to %.1f", x.fmtp, x.loss, kbps, x.most)
		}
	}
}

func TestAConstantRateIsConstant(t *testing.T) {
	packets, _ := sent(t, "cbr=1;maxaveragebitrate=24000", 0, false)
	for _, p := range packets {
		if len(p) != 60 {
			t.Fatalf("packets of %d and of 60 bytes", len(p))
		}
	}
}

func TestNoWiderBandThanThePlayers(t *testing.T) {
	// the band of each configuration in Hz (RFC 6716 table 2): 16 of SILK and hybrid, 16 of CELT, by fours or twos
	bands := [16]int{8000, 8000, 12000, 12000, 16000, 16000, 24000, 48000, 8000, 8000, 16000, 16000, 24000, 24000, 48000, 48000}
	for rate, most := range map[string]int{"8000": 8000, "12000": 12000, "16000": 16000, "24000": 24000, "44100": 24000, "48000": 48000} {
		packets, _ := sent(t, "maxplaybackrate="+rate, 0, false)
		for _, p := range packets {
			if band := bands[p[0]>>4]; band > most {
				t.Fatalf("maxplaybackrate=%s: a packet for %d Hz", rate, band)
			}
		}
	}
}

func TestRedundancyOnlyForThoseWhoUseIt(t *testing.T) {
	recovered := func(fmtp string) (n int) {
		packets, _ := sent(t, fmtp, 10, false)
		_, d := open(t)
		for _, p := range packets {
			if d.Recover(make([]float32, 2*audio.FrameLen), p) > 0 {
				n++
			}
		}
		return n
	}
	if with, without := recovered("useinbandfec=1"), recovered("minptime=10"); with < 100 || without != 0 {
		t.Errorf("%d packets with redundancy for who asks for it, %d for who does not", with, without)
	}
}

func FuzzWishes(f *testing.F) {
	f.Add("minptime=10;useinbandfec=1;maxaveragebitrate=20000;cbr=1;maxplaybackrate=16000")
	f.Add("=;;cbr=-1;maxplaybackrate=99999999999999999999")
	e, d := open(f)
	x := vowel(2)
	f.Fuzz(func(t *testing.T, fmtp string) {
		e.(codec.Asked).Ask(fmtp)
		if n, err := d.Decode(make([]float32, codec.MaxSamples), e.Encode(nil, x)); n != 960 || err != nil {
			t.Fatal(n, err)
		}
	})
}
