package jitter

import (
	"opendeskphone/audio"
	"opendeskphone/audio/codec"
)

const line = 4 * audio.FrameLen * codec.MaxFrames // samples: the longest packet, what is left over, and the past

// player is what Get owns: the decoder and the line of decoded samples.
type player struct {
	dec   codec.Decoder
	noise *codec.Noise
	sound [codec.MaxSamples]float32 // being decoded or made up
	work  []byte                    // payload being decoded

	pcm     [line]float32
	at, end int // play point and end of what is decoded

	epoch  int         // of the stream that was decoded last
	torn   bool        // what is decoded next does not follow what was heard last
	spare  audio.Frame // how what was heard would have gone on
	hushed bool        // comfort noise takes the place of concealment
	made   int         // samples at the end of the line, not yet heard, that no packet brought
	fresh  int         // samples before the play point that were neither made up nor heard twice
	fading bool        // and the speech before it has not faded yet
	scale  scaler
}

func (p *player) init(dec codec.Decoder) {
	p.dec, p.noise = dec, codec.NewNoise()
	p.work = make([]byte, 0, maxPayload)
	p.at, p.end = longest, longest
}

func (p *player) left() int64 { return int64(p.end - p.at) }

// add appends samples to the line.
func (p *player) add(x []float32) {
	if p.end+len(x) > line {
		n := copy(p.pcm[:], p.pcm[p.at-longest:p.end])
		p.at, p.end = longest, n
	}
	p.end += copy(p.pcm[p.end:], x)
}

// decode decodes the packet in work and appends it without its first skip samples, or in place of the
// last instead samples of the line. Where it does not follow what was heard before, that is made to go
// on and cross-faded into it.
func (p *player) decode(skip, instead int) (int, error) {
	p.torn = p.torn || p.hushed || skip > 0
	if p.torn {
		p.invent(p.spare[:])
	}
	n, err := p.dec.Decode(p.sound[:], p.work)
	if x := p.sound[min(skip, n):n]; len(x) > 0 {
		if p.torn {
			m := min(len(x), audio.FrameLen)
			fade(x[:m], p.spare[:m], x[:m])
		}
		p.yield(x, instead)
		p.add(x)
		p.torn, p.hushed, p.made = false, false, 0
	}
	return n, err
}

// yield takes the last n samples off the line and cross-fades from them to x.
func (p *player) yield(x []float32, n int) {
	p.end -= n
	x = x[:min(n, len(x))]
	fade(x, p.pcm[p.end:p.end+len(x)], x)
}

// change takes up another decoder and lets the sound of the one before fade out.
func (p *player) change(dec codec.Decoder) {
	f := p.sound[:audio.FrameLen]
	p.spare.Clear()
	p.invent(f)
	fade(f, f, p.spare[:])
	p.add(f)
	p.dec, p.hushed, p.torn = dec, false, true
}

// makeUp appends n samples that no packet brought, a frame at most.
func (p *player) makeUp(n int) {
	x := p.sound[:n]
	p.invent(x)
	if p.fading {
		p.fading = false
		p.dec.Conceal(p.spare[:n])
		fade(x, p.spare[:n], x)
	}
	p.add(x)
	p.made = min(p.made+n, int(p.left()))
}

// invent makes what was heard last go on, for a frame at most.
func (p *player) invent(x []float32) {
	if !p.hushed {
		p.dec.Conceal(x)
		return
	}
	var f audio.Frame
	p.noise.Play(&f)
	copy(x, f[:])
}

// fade writes to x what goes from a to b, either of which it may be.
func fade(x, a, b []float32) {
	n := float32(len(x) + 1)
	for i := range x {
		w := float32(i+1) / n
		x[i] = a[i] + w*(b[i]-a[i])
	}
}

// play writes the next frame, scaled in time where excess asks for it, and gives the number of
// samples by which the line became shorter; negative if longer.
func (p *player) play(f *audio.Frame, excess int64) int {
	shift := p.scale.shift(p.pcm[:p.end], p.at, int(excess), p.fresh)
	if shift == 0 {
		copy(f[:], p.pcm[p.at:])
	} else {
		a, b := p.pcm[p.at:p.at+window], p.pcm[p.at+shift:p.at+shift+window]
		for i := range f {
			w := float32(i+1) / (window + 1)
			f[i] = a[i] + w*(b[i]-a[i])
		}
	}
	p.at += shift + audio.FrameLen
	p.fresh = min(p.fresh+audio.FrameLen, longest)
	if shift < 0 {
		p.fresh = audio.FrameLen + shift
	}
	if p.made > 0 {
		p.made, p.fresh = min(p.made, int(p.left())), 0
	}
	return shift
}
