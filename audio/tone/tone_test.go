package tone

import (
	"math"
	"testing"

	"opendeskphone/audio"
)

// listen plays t for so many seconds.
func listen(t Tone, seconds float64) []float32 {
	var p Player
	p.Start(t)
	return hear(&p, seconds)
}

func hear(p *Player, seconds float64) []float32 {
	var x []float32
	for range int(seconds * 100) {
		var f audio.Frame
		p.Process(&f)
		x = append(x, f[:]...)
	}
	return x
}

// pattern gives the lengths of sound and silence in turn, in s, by 5 ms pieces.
func pattern(x []float32) (onOff []float64) {
	const piece = audio.Rate / 200
	loud := true
	start := 0
	for i := 0; i+piece <= len(x); i += piece {
		var peak float32
		for _, v := range x[i : i+piece] {
			peak = max(peak, v, -v)
		}
		if now := peak > 0.01; now != loud {
			onOff = append(onOff, float64(i-start)/audio.Rate)
			loud, start = now, i
		}
	}
	return onOff
}

func jump(x []float32) (m float64) {
	for i := 1; i < len(x); i++ {
		m = max(m, math.Abs(float64(x[i]-x[i-1])))
	}
	return m
}

// The figures of ITU-T E.180 Supplement 2, written a second time: frequencies in Hz, cadence in s.
func TestNationalTones(t *testing.T) {
	type want struct {
		hz    []float64
		onOff []float64
	}
	wants := map[string][5]want{
		"US": {{[]float64{350, 440}, nil}, {[]float64{440, 480}, []float64{2, 4}}, {[]float64{480, 620}, []float64{.5, .5}},
			{[]float64{480, 620}, []float64{.25, .25}}, {[]float64{440}, []float64{.3, 9.7}}},
		"GB": {{[]float64{350, 440}, nil}, {[]float64{400, 450}, []float64{.4, .2, .4, 2}}, {[]float64{400}, []float64{.375, .375}},
			{[]float64{400}, []float64{.4, .35, .225, .525}}, {[]float64{400}, []float64{.1, 3}}},
		"DE": {{[]float64{425}, nil}, {[]float64{425}, []float64{1, 4}}, {[]float64{425}, []float64{.48, .48}},
			{[]float64{425}, []float64{.24, .24}}, {[]float64{425}, []float64{.2, .2, .2, 5}}},
		"FR": {{[]float64{440}, nil}, {[]float64{440}, []float64{1.5, 3.5}}, {[]float64{440}, []float64{.5, .5}},
			{[]float64{440}, []float64{.25, .25}}, {[]float64{440}, []float64{.3, 10}}},
	}
	for _, country := range Countries() {
		p := PlanOf(country)
		for i, tone := range []Tone{p.Dial, p.Ringback, p.Busy, p.Congestion, p.CallWaiting} {
			w := wants[country][i]
			x := listen(tone, 22)
			got := pattern(x)
			if len(w.onOff) == 0 && len(got) != 0 {
				t.Errorf("%s %s is interrupted: %v", country, tone.Name, got)
			}
			for j, v := range got {
				if want := w.onOff[j%len(w.onOff)]; math.Abs(v-want) > 0.011 {
					t.Errorf("%s %s: piece %d lasts %.3f s, want %.3f", country, tone.Name, j, v, want)
					break
				}
			}
			if len(w.onOff) > 0 && len(got) < 3 {
				t.Errorf("%s %s: only %d pieces", country, tone.Name, len(got))
			}
			for _, hz := range w.hz {
				if l := Goertzel(x[480:480+3840], hz); l < -25 || l > -17 {
					t.Errorf("%s %s: %.0f Hz at %.1f dB", country, tone.Name, hz, l)
				}
			}
			for _, hz := range []float64{300, 575, 700, 1000} {
				if l := Goertzel(x[480:480+3840], hz); l > -36 {
					t.Errorf("%s %s: stray %.0f Hz at %.1f dB", country, tone.Name, hz, l)
				}
			}
		}
		x := listen(p.Special, 4.1)
		for i, hz := range []float64{950, 1400, 1800, 0, 0, 0, 950, 1400, 1800} {
			at := int((float64(i)*0.33 + 0.1) * audio.Rate)
			if i > 5 {
				at = int((1.99 + float64(i-6)*0.33 + 0.1) * audio.Rate)
			}
			if hz > 0 && Goertzel(x[at:at+4800], hz) < -21 {
				t.Errorf("%s special information: note %d is not %.0f Hz", country, i, hz)
			}
		}
	}
	if PlanOf("uk").Country != "GB" || PlanOf("xx").Country != "US" {
		t.Error("countries are not found")
	}
}

func TestLevelIsAsWritten(t *testing.T) {
	x := listen(continuous("", -20, 1000), 1)
	if l := Goertzel(x[4800:9600], 1000); math.Abs(l+20) > 0.05 {
		t.Errorf("%.2f dB", l)
	}
}

func TestNothingClicks(t *testing.T) {
	var p Player
	var x []float32
	p.Start(continuous("", -20, 440)) // slope of at most 0.1·2π·440/48000 = 0.0058
	x = append(x, hear(&p, 0.1033)...)
	p.Start(continuous("", -20, 350))
	x = append(x, hear(&p, 0.1)...)
	p.Stop()
	x = append(x, hear(&p, 0.05)...)
	p.Start(cadence("", -20, []float64{440}, 0.05, 0.0131))
	x = append(x, hear(&p, 1)...)
	if j := jump(x); j > 0.0135 {
		t.Errorf("jump of %.4f", j)
	}
	rest := hear(&p, 0.1)
	p.Stop()
	rest = hear(&p, 0.1)
	for i, v := range rest[ramp:] {
		if v != 0 {
			t.Fatalf("sound %d samples after the stop", i+ramp)
		}
	}
	if p.Playing() {
		t.Error("plays after Stop")
	}
}

func TestRingsAreAudiblePleasantAndSwell(t *testing.T) {
	names := map[string]bool{}
	for _, r := range Rings() {
		if names[r.Name] || Ring(r.Name).Name != r.Name {
			t.Error("name", r.Name)
		}
		names[r.Name] = true
		x := listen(r, 12.01)
		peak, power := 0.0, 0.0
		for _, v := range x[6*audio.Rate:] {
			peak = max(peak, math.Abs(float64(v)))
			power += float64(v) * float64(v) / float64(len(x)-6*audio.Rate)
		}
		if peak > 0.95 || peak < 0.15 {
			t.Errorf("%s: peak %.2f", r.Name, peak)
		}
		if l := 10 * math.Log10(power); l < -34 || l > -14 {
			t.Errorf("%s: level %.1f dB", r.Name, l)
		}
		if j := jump(x); j > 0.25 {
			t.Errorf("%s: jump of %.3f", r.Name, j)
		}
		energy := func(from, to float64) (e float64) {
			for _, v := range x[int(from*audio.Rate):int(to*audio.Rate)] {
				e += float64(v) * float64(v)
			}
			return e
		}
		// the first second of a period: the third grown to full, the first at half to two thirds of it
		p := r.period
		n := math.Ceil(6 / p)
		if g := math.Sqrt(energy(0, 1) / energy(n*p, n*p+1)); g < 0.45 || g > 0.75 {
			t.Errorf("%s begins at %.2f of its loudness", r.Name, g)
		}
	}
	if len(names) < 5 || Ring("no such").Name != Rings()[0].Name {
		t.Error("rings", names)
	}
}

func TestShortSoundsEnd(t *testing.T) {
	for _, s := range []Tone{Key, Refused, Done} {
		var p Player
		p.Start(s)
		x := hear(&p, 3)
		if p.Playing() {
			t.Errorf("%s never ends", s.Name)
		}
		if jump(x) == 0 || jump(x) > 0.08 {
			t.Errorf("%s: jump %.3f", s.Name, jump(x))
		}
	}
}

func TestEveryKeyIsDetectedOnceAndRightlyTuned(t *testing.T) {
	for i, k := range Keys {
		var p Player
		var d Detector
		var got []rune
		var all []float32
		for press := range 2 {
			p.Start(DTMF(k))
			for range 5 + press*5 {
				var f audio.Frame
				p.Process(&f)
				all = append(all, f[:]...)
				if r := d.Process(&f); r != 0 {
					got = append(got, r)
				}
			}
			p.Stop()
			for range 5 {
				var f audio.Frame
				p.Process(&f)
				if r := d.Process(&f); r != 0 {
					got = append(got, r)
				}
			}
		}
		if string(got) != string(k)+string(k) {
			t.Errorf("%c pressed twice is found as %q", k, string(got))
		}
		x := all[480:2400]
		if r, c := Goertzel(x, rows[i/4]), Goertzel(x, columns[i%4]); math.Abs(r-rowLevel) > 0.5 || math.Abs(c-columnLevel) > 0.5 {
			t.Errorf("%c: %.1f and %.1f dB", k, r, c)
		}
	}
	if DTMF('a').Name != "DTMF A" || DTMF('x').Name != "" {
		t.Error("letters")
	}
}

func TestVoiceAndTonesAreNoKeys(t *testing.T) {
	var d Detector
	var phase float64
	for n := range 3000 {
		var f audio.Frame
		for i := range f {
			at := float64(n)/100 + float64(i)/audio.Rate
			phase += 2 * math.Pi * (180 + 90*math.Sin(at)) / audio.Rate
			for k := 1.0; k < 15; k++ {
				f[i] += float32(0.1 / k * math.Sin(k*phase))
			}
		}
		if r := d.Process(&f); r != 0 {
			t.Fatalf("voice taken for %c", r)
		}
	}
	for _, tone := range append(Rings(), PlanOf("US").Dial, PlanOf("US").Busy, special) {
		var p Player
		p.Start(tone)
		for range 1000 {
			var f audio.Frame
			p.Process(&f)
			if r := d.Process(&f); r != 0 {
				t.Errorf("%s taken for %c", tone.Name, r)
				break
			}
		}
	}
}

func TestNothingAllocates(t *testing.T) {
	var p Player
	var d Detector
	var f audio.Frame
	p.Start(Ring("Bell"))
	if n := testing.AllocsPerRun(1000, func() { p.Process(&f); d.Process(&f) }); n != 0 {
		t.Error(n, "allocations")
	}
}

func BenchmarkPlayer(b *testing.B) {
	for _, r := range Rings() {
		b.Run(r.Name, func(b *testing.B) {
			var p Player
			var f audio.Frame
			p.Start(r)
			for b.Loop() {
				p.Process(&f)
			}
		})
	}
}
