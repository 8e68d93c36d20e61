package codec

import (
	"math"

	"opendeskphone/audio"
	"opendeskphone/audio/resample"
)

// CNPayloadType is the static payload type of comfort noise at 8 kHz (RFC 3389 §4).
const CNPayloadType = 13

const (
	noiseRate  = 8000
	noiseBlock = noiseRate / 100
	sendOrder  = 8  // reflection coefficients we send
	maxOrder   = 12 // we use of those received
)

// NoiseEncoder describes background noise by RFC 3389: its level and its spectrum.
type NoiseEncoder struct {
	down *resample.Resampler
	x    []float32
}

// NewNoiseEncoder makes an encoder.
func NewNoiseEncoder() *NoiseEncoder {
	return &NoiseEncoder{down: resample.New(audio.Rate, noiseRate), x: make([]float32, 0, MaxFrames*noiseBlock)}
}

// Encode appends one comfort noise payload that describes pcm, of which it looks at the last MaxFrames.
func (e *NoiseEncoder) Encode(dst []byte, pcm []audio.Frame) []byte {
	e.x = e.x[:0]
	for i := max(0, len(pcm)-MaxFrames); i < len(pcm); i++ {
		e.x = e.down.Process(e.x, pcm[i][:])
	}
	var r [sendOrder + 1]float64
	for lag := range r {
		for i := lag; i < len(e.x); i++ {
			r[lag] += float64(e.x[i]) * float64(e.x[i-lag])
		}
	}
	level := -audio.Silence
	if len(e.x) > 0 && r[0] > 0 {
		level = -10 * math.Log10(r[0]/float64(len(e.x)))
	}
	dst = append(dst, byte(min(max(math.Round(level), 0), 127)))
	k := reflections(r)
	for _, v := range k {
		dst = append(dst, byte(127+math.Round(min(max(v, -0.98), 0.98)*32768/258))) // RFC 3389 §3.2
	}
	return dst
}

// reflections is the Levinson-Durbin recursion.
func reflections(r [sendOrder + 1]float64) (k [sendOrder]float64) {
	var a [sendOrder + 1]float64
	power := r[0]*1.0001 + 1e-12 // a little white noise keeps it stable
	for i := 1; i <= sendOrder; i++ {
		sum := r[i]
		for j := 1; j < i; j++ {
			sum += a[j] * r[i-j]
		}
		v := -sum / power
		k[i-1] = v
		b := a
		for j := 1; j < i; j++ {
			a[j] = b[j] + v*b[i-j]
		}
		a[i] = v
		power *= 1 - v*v
	}
	return k
}

// Noise plays comfort noise as described by the last payload. Its zero value is not usable; see NewNoise.
type Noise struct {
	up     *resample.Resampler
	target float64 // RMS asked for
	level  float64 // RMS now, which follows it
	k      [maxOrder]float64
	state  [maxOrder + 1]float64 // of the lattice filter
	seed   uint32
	x      []float32
}

// NewNoise makes a silent player.
func NewNoise() *Noise {
	return &Noise{up: resample.New(noiseRate, audio.Rate), seed: 1, x: make([]float32, noiseBlock)}
}

// Set takes in a payload. An empty one is ErrSize; more coefficients than twelve are ignored.
func (n *Noise) Set(payload []byte) error {
	if len(payload) == 0 {
		return ErrSize
	}
	n.target = math.Pow(10, -float64(payload[0]&0x7F)/20)
	if payload[0]&0x7F == 127 {
		n.target = 0
	}
	n.k = [maxOrder]float64{}
	for i := range min(len(payload)-1, maxOrder) {
		n.k[i] = min(max(258*(float64(payload[i+1])-127)/32768, -0.98), 0.98)
	}
	return nil
}

// Play fills f with the next 10 ms.
func (n *Noise) Play(f *audio.Frame) {
	gain := 1.0 // the filter's, undone: white noise of power 1 leaves it with 1/Π(1-k²)
	for _, k := range n.k {
		gain *= 1 - k*k
	}
	gain = math.Sqrt(gain)
	for i := range n.x {
		n.level += (n.target - n.level) * 0.002 // 60 ms: changes of level are not noticed
		n.x[i] = float32(n.filter(n.white() * gain * n.level))
	}
	n.up.Process(f[:0], n.x)
}

// filter is the all-pole lattice of the reflection coefficients.
func (n *Noise) filter(v float64) float64 {
	for i := maxOrder - 1; i >= 0; i-- {
		v -= n.k[i] * n.state[i]
		n.state[i+1] = n.state[i] + n.k[i]*v
	}
	n.state[0] = v
	return v
}

// white is noise of power 1, nearly Gaussian: four uniform numbers of variance 1/12 each.
func (n *Noise) white() float64 {
	sum := -2.0
	for range 4 {
		n.seed = n.seed*1664525 + 1013904223 // Numerical Recipes §7.1
		sum += float64(n.seed) / (1 << 32)
	}
	return sum * math.Sqrt(3)
}
