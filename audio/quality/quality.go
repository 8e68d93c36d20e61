// Package quality judges a call by numbers: the E-model of ITU-T G.107 from loss, delay and codec, the
// bursts of RFC 3611, levels of speech and noise, and from all of them where the fault lies.
package quality

import (
	"math"
	"strings"
	"time"
)

// Path is what is known of one direction of a call.
type Path struct {
	Codec string        // encoding name of the rtpmap, in any case
	Loss  float64       // share of packets lost or too late, 0..1
	Burst float64       // mean length of a run of losses over that of random loss (G.107 BurstR); below 1 counts as 1
	Delay time.Duration // one way, mouth to ear
	Echo  float64       // dB by which the far side weakens what it sends back to us (RFC 3611 RERL); 0: not known
}

// impairment is what a codec costs.
type impairment struct {
	ie  float64 // equipment impairment factor without loss
	bpl float64 // packet-loss robustness factor
}

// codecs has the values of ITU-T G.113 Appendix I for G.711 with concealment. G.113 has none for the
// others on this scale of narrow band; theirs are set by comparison: a codec of wider band has no
// impairment here, and its robustness is in proportion to the loss of score that PESQ finds with our decoders.
var codecs = map[string]impairment{
	"pcmu": {0, 25.1},
	"pcma": {0, 25.1},
	"g722": {0, 16},
	"l16":  {0, 25.1},
	"opus": {0, 16},
}

var unknownCodec = impairment{11, 19} // G.729A + VAD of G.113 table I.4: a middling codec

// The default values of G.107 table 2, and what follows from them.
const (
	basic = 93.2   // Ro - Is
	sendR = 8.     // SLR, dB
	recvR = 2.     // RLR, dB
	floor = -61.18 // No, dBm0p
	roe   = -1.5 * (floor - recvR)
)

// R is the rating factor of a conversation by G.107 §7, 0..100, with the default values for all
// that is not in Path: R = Ro - Is - Id - Ie,eff.
func (p Path) R() float64 {
	return min(max(p.Listening()-delayImpairment(p.Delay)-p.echoImpairment(), 0), 100)
}

// Listening is R for one who only listens: neither delay nor echo harms him.
func (p Path) Listening() float64 {
	c, ok := codecs[strings.ToLower(p.Codec)]
	if !ok {
		c = unknownCodec
	}
	loss, burst := 100*min(max(p.Loss, 0), 1), max(p.Burst, 1)
	effective := c.ie
	if loss > 0 {
		effective += (95 - c.ie) * loss / (loss/burst + c.bpl) // (7-29)
	}
	return min(max(basic-effective, 0), 100)
}

// echoImpairment is Idte of G.107 §7.4, the harm of one's own voice that comes back.
func (p Path) echoImpairment() float64 {
	t := float64(p.Delay) / float64(time.Millisecond)
	if p.Echo <= 0 || t < 1 {
		return 0
	}
	terv := sendR + recvR + p.Echo - 40*math.Log10((1+t/10)/(1+t/150)) + 6*math.Exp(-0.3*t*t)
	d := (roe - (80 + 2.5*(terv-14))) / 2
	return (d + math.Sqrt(d*d+100) - 1) * (1 - math.Exp(-t))
}

// delayImpairment is Idd of G.107 §7.4, the harm of long delay without any echo.
func delayImpairment(d time.Duration) float64 {
	ms := float64(d) / float64(time.Millisecond)
	if ms <= 100 {
		return 0
	}
	x := math.Log2(ms / 100)
	return 25 * (math.Pow(1+math.Pow(x, 6), 1./6) - 3*math.Pow(1+math.Pow(x/3, 6), 1./6) + 2)
}

// MOS turns a rating into an estimated mean opinion score of 1..4.5 (G.107 Annex B).
func MOS(r float64) float64 {
	switch {
	case r <= 6.5: // the cubic dips below 1 there
		return 1
	case r >= 100:
		return 4.5
	}
	return max(1, 1+0.035*r+r*(r-60)*(100-r)*7e-6)
}
