// Package quality judges a call by numbers: the E-model of ITU-T G.107 from loss, delay and codec.
package quality

import "time"

// Verdict is what a user is shown, from Bad to Excellent.
type Verdict uint8

const (
	Bad Verdict = iota + 1
	Poor
	Fair
	Good
	Excellent
)

// Path is what is known of one direction of a call.
type Path struct {
	Codec string        // encoding name
	Loss  float64       // packets lost or late, 0..1
	Burst float64       // mean length of a run of losses over that of random loss, 1 = random (G.107 BurstR)
	Delay time.Duration // mouth to ear
}

// R is the rating factor of G.107, 0..100.
func (p Path) R() float64 { return 0 }

// MOS turns a rating into a listening score of 1..4.5 (G.107 Annex B).
func MOS(r float64) float64 { return 0 }

// Judge gives the verdict of a rating.
func Judge(r float64) Verdict { return Good }
