package codec

// G722 is ITU-T G.722 at 64 kbit/s. Its RTP clock is 8000 Hz though it samples at 16 kHz (RFC 3551 §4.5.2).
var G722 = Codec{Name: "G722", PT: 9, Clock: 8000, Channels: 1, PacketMS: 20, New: newG722}

func newG722() (Encoder, Decoder, error) {
	e, d := newG722Encoder(), newG722Decoder()
	return newWaveEncoder(16000, e.pack), newWaveDecoder(16000, 80, d.unpack, d), nil
}

// G.722 splits 16 kHz sound into two bands of 8 kHz by a quadrature mirror filter (QMF) and codes
// each by adaptive prediction and an adaptive quantiser (SB-ADPCM): 6 bits a sample for the lower
// band, 2 for the upper. Names in capitals below are the Recommendation's (§6.2, table 8 and on);
// all arithmetic is its fixed point, so that both ends compute the same predictions.

// g722Bands is what both ends know of each other.
type g722Bands struct{ low, high subband }

type g722Encoder struct {
	g722Bands
	delay [24]int // samples in the QMF, oldest first
}

type g722Decoder struct {
	g722Bands
	delay [24]int
	last  [2]int // samples given out last
	again g722Encoder
	code  []byte

	before   g722Bands // the gap; see settle
	invented bool      // the bands are invented, not yet settled
}

// atRest is how both ends begin.
var atRest = g722Bands{low: subband{det: 32}, high: subband{det: 8}}

func newG722Encoder() *g722Encoder { return &g722Encoder{g722Bands: atRest} }

func newG722Decoder() *g722Decoder {
	return &g722Decoder{g722Bands: atRest, code: make([]byte, 0, MaxFrames*80)}
}

// qmf is half of the symmetric filter of table 11; the other half is it reversed.
var qmf = [12]int{3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11}

// pack codes an even number of samples to half as many bytes.
func (e *g722Encoder) pack(dst []byte, pcm []int16) []byte {
	for i := 0; i+1 < len(pcm); i += 2 {
		copy(e.delay[:], e.delay[2:])
		e.delay[22], e.delay[23] = int(pcm[i]), int(pcm[i+1])
		even, odd := 0, 0
		for k, h := range qmf {
			odd += e.delay[2*k] * h
			even += e.delay[2*k+1] * qmf[11-k]
		}
		dst = append(dst, e.code((even+odd)>>14, (even-odd)>>14))
	}
	return dst
}

// code codes one sample of each band (blocks 1 to 5 of §6.2.1).
func (e *g722Encoder) code(low, high int) byte {
	il := quantize6(saturate(low-e.low.s), e.low.det)
	e.low.updateLow(il >> 2)
	ih := quantize2(saturate(high-e.high.s), e.high.det)
	e.high.updateHigh(ih)
	return byte(ih<<6 | il)
}

// quantize6 is QUANTL: it looks the difference up among the 30 decision levels scaled by det.
func quantize6(diff, det int) int {
	w := magnitude(diff)
	i := 1
	for i < 30 && w >= q6[i]*det>>12 {
		i++
	}
	if diff < 0 {
		return iln[i]
	}
	return ilp[i]
}

// quantize2 is QUANTH.
func quantize2(diff, det int) int {
	outer := 0
	if magnitude(diff) >= 564*det>>12 {
		outer = 1
	}
	if diff < 0 {
		return 1 - outer
	}
	return 3 - outer
}

// magnitude folds negative numbers over without the one overflow.
func magnitude(v int) int {
	if v < 0 {
		return ^v
	}
	return v
}

// unpack decodes len(payload) bytes to twice as many samples.
func (d *g722Decoder) unpack(dst []int16, payload []byte) {
	d.settle(payload)
	for i, b := range payload {
		d.step(int(b))
		even, odd := 0, 0
		for k, h := range qmf {
			odd += d.delay[2*k] * h
			even += d.delay[2*k+1] * qmf[11-k]
		}
		d.last = [2]int{saturate(even >> 11), saturate(odd >> 11)}
		dst[2*i], dst[2*i+1] = int16(d.last[0]), int16(d.last[1])
	}
}

// invent takes the state of the decoder over a gap, as Appendix IV of G.722 does: what was played is coded
// again, and the predictors and step sizes follow the code. The filters of both ends together delay by 22
// samples, so what is coded at a time is what will be heard 22 samples later.
func (d *g722Decoder) invent(played, ahead []float32) {
	if !d.invented {
		d.before, d.invented = d.g722Bands, true
	}
	e := &d.again
	e.g722Bands = d.g722Bands
	sound := func(i int) int {
		switch {
		case i < 0:
			return d.last[2+i]
		case i < len(played):
			return int(toInt16(played[i]))
		}
		return int(toInt16(ahead[i-len(played)]))
	}
	for i := range e.delay {
		e.delay[i] = sound(i - 2)
	}
	d.code = d.code[:0]
	for i := 0; i+1 < len(played); i += 2 {
		d.code = e.pack(d.code, []int16{int16(sound(i + lookAhead)), int16(sound(i + lookAhead + 1))})
	}
	for _, b := range d.code {
		d.step(int(b))
	}
	d.last = [2]int{sound(len(played) - 2), sound(len(played) - 1)}
}

// step decodes one byte into the QMF.
func (d *g722Decoder) step(b int) {
	low, high := d.decode(b)
	copy(d.delay[:], d.delay[2:])
	d.delay[22], d.delay[23] = low+high, low-high
}

// decode gives one sample of each band, 15 bits each.
func (b *g722Bands) decode(code int) (low, high int) {
	il, ih := code&0x3F, code>>6
	low = limit15(b.low.s + b.low.det*qm6[il]>>15)
	high = limit15(b.high.s + b.high.det*qm2[ih]>>15)
	b.follow(code)
	return low, high
}

// follow takes a code in.
func (b *g722Bands) follow(code int) {
	b.low.updateLow(code & 0x3F >> 2)
	b.high.updateHigh(code >> 6)
}

func saturate(v int) int { return min(max(v, -32768), 32767) }
func limit15(v int) int  { return min(max(v, -16384), 16383) } // LIMIT
