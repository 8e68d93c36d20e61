package selftest

import (
	"math"

	"opendeskphone/audio"
)

const (
	before = 30   // frames that are not judged: the path opens, the room falls silent
	judged = 50   // frames of quiet, and of the tone
	late   = 30   // frames until the tone is surely heard
	pitch  = 1000 // Hz
	level  = 0.15 // peak of the tone, -19.5 dBov
	fades  = 10   // frames over which the tone comes and goes
)

// Probe is the far side of a test: it keeps still, then plays a tone, and keeps what the microphone hears of both. It
// takes 1.6 s.
type Probe struct {
	at     int // frames pulled
	phase  float64
	heard  int // frames pushed
	quiet  [judged]audio.Frame
	played [judged]audio.Frame
	done   chan struct{}
}

// NewProbe makes one.
func NewProbe() *Probe { return &Probe{done: make(chan struct{})} }

// Done is closed when all is heard.
func (p *Probe) Done() <-chan struct{} { return p.done }

// Judge gives the verdict; Done must be closed.
func (p *Probe) Judge() Result { return Judge(p.quiet[:], p.played[:], pitch) }

// Pull gives the next 10 ms for the loudspeaker.
func (p *Probe) Pull(f *audio.Frame) {
	f.Clear()
	n := p.at - before - judged
	p.at++
	if n < 0 || n >= late+judged+fades {
		return
	}
	loud := level * min(1, float64(n+1)/fades, float64(late+judged+fades-n)/fades)
	for i := range f {
		f[i] = float32(loud * math.Sin(p.phase))
		p.phase = math.Mod(p.phase+2*math.Pi*pitch/audio.Rate, 2*math.Pi)
	}
}

// Push takes the 10 ms that the microphone heard.
func (p *Probe) Push(f *audio.Frame) {
	switch n := p.heard - before; {
	case n < 0:
	case n < judged:
		p.quiet[n] = *f
	case n >= judged+late && n < 2*judged+late:
		p.played[n-judged-late] = *f
	case n == 2*judged+late+fades:
		close(p.done)
	}
	p.heard++
}
