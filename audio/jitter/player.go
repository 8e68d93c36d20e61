package jitter

import (
	"opendeskphone/audio"
	"opendeskphone/audio/codec"
)

const line = 4 * audio.FrameLen * codec.MaxFrames // samples: the longest packet, what is left over, and the past

// player is what Get owns: the decoder and the line of decoded samples.
type player struct {
	dec    codec.Decoder
	noise  *codec.Noise
	frames [codec.MaxFrames]audio.Frame
	work   []byte // payload being decoded

	pcm     [line]float32
	at, end int // play point and end of what is decoded

	hushed bool // comfort noise takes the place of concealment
	fading bool // and the speech before it has not faded yet
	scale  scaler
}

func (p *player) init(dec codec.Decoder) {
	p.dec, p.noise = dec, codec.NewNoise()
	p.work = make([]byte, 0, maxPayload)
	p.at, p.end = longest, longest
}

func (p *player) left() int64 { return int64(p.end - p.at) }

// add appends a frame to the line.
func (p *player) add(f *audio.Frame) {
	if p.end+audio.FrameLen > line {
		n := copy(p.pcm[:], p.pcm[p.at-longest:p.end])
		p.at, p.end = longest, n
	}
	p.end += copy(p.pcm[p.end:], f[:])
}

// makeUp appends a frame that no packet brought.
func (p *player) makeUp() {
	f := &p.frames[0]
	switch {
	case p.fading:
		p.fading = false
		p.dec.Conceal(f)
		p.noise.Play(&p.frames[1])
		for i, v := range p.frames[1] {
			w := float32(i) / audio.FrameLen
			f[i] += w * (v - f[i])
		}
	case p.hushed:
		p.noise.Play(f)
	default:
		p.dec.Conceal(f)
	}
	p.add(f)
}

// play writes the next frame, scaled in time where excess asks for it, and gives the number of
// samples by which the line became shorter; negative if longer.
func (p *player) play(f *audio.Frame, excess int64) int {
	shift := p.scale.shift(p.pcm[:p.end], p.at, int(excess))
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
	return shift
}
